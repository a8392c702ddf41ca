//! Who runs here, from a pid file alone: what `status` shows.

use std::path::{Path, PathBuf};

use super::{
    executed::executed,
    files::{Content, oldbin, pid_file},
    tree::{Tree, facts},
};
use crate::{
    host::process::Process,
    nginx::arguments::Arguments,
    protocol::{FileId, Identity, ProcessFacts, Title, Workers},
};

/// The masters that a pid file leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The elder master, or the only one.
    pub old: Side,
    /// The master that it started, while both live.
    pub new: Option<Side>,
}

/// One master with its workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// Who it is.
    pub id: Identity,
    /// The file that it runs.
    pub exe: Option<FileId>,
    /// Its title, which holds the arguments that it was started with.
    pub command: String,
    /// It has no title or handlers yet.
    pub starting: bool,
    /// Its children.
    pub workers: Workers,
}

impl Side {
    /// The path that it executes on USR2; `None` where its title or its working directory does not tell.
    #[must_use]
    pub fn executes(&self) -> Option<PathBuf> {
        let program = Arguments::from_title(&self.command).ok()?.program;
        executed(self.id.pid, Path::new(&program)).ok()
    }
}

/// Why no nginx was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// There is no pid file, nor its `.oldbin`.
    #[error("there is no pid file {}, so nothing can be said about its nginx", .0.display())]
    NoPidFile(PathBuf),
    /// It holds no pid.
    #[error("the pid file {} holds no pid; nginx -t leaves an empty one behind", .0.display())]
    Unreadable(PathBuf),
    /// Nobody has that pid.
    #[error("the pid file {} names {pid}, but no such process lives", path.display())]
    NotRunning {
        /// The pid file.
        path: PathBuf,
        /// What it names.
        pid: i32,
    },
    /// Somebody else has that pid.
    #[error("the pid file {} names {pid}, which is no nginx master process", path.display())]
    NotAMaster {
        /// The pid file.
        path: PathBuf,
        /// What it names.
        pid: i32,
    },
}

impl FindError {
    /// The one name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoPidFile(_) => "observe/no-pid-file",
            Self::Unreadable(_) => "observe/unreadable-pid-file",
            Self::NotRunning { .. } => "observe/not-running",
            Self::NotAMaster { .. } => "observe/not-a-master",
        }
    }
}

/// Finds the master that the pid file names and tells old and new apart: new is a master's child.
///
/// While new starts there is no pid file and `.oldbin` names old (nginx-facts 34).
///
/// # Errors
/// When the pid file leads to no living master.
pub fn find(path: &Path) -> Result<Found, FindError> {
    let owned = || path.to_owned();
    let content = match pid_file(path) {
        Content::Missing => pid_file(&oldbin(path)),
        content => content,
    };
    let pid = match content {
        Content::Pid(pid) => pid,
        Content::Missing => return Err(FindError::NoPidFile(owned())),
        Content::Unreadable => return Err(FindError::Unreadable(owned())),
    };
    let named = facts(pid).ok_or_else(|| FindError::NotRunning { path: owned(), pid })?;
    if named.title != Title::Master {
        return Err(FindError::NotAMaster { path: owned(), pid });
    }
    family(pid).ok_or_else(|| FindError::NotRunning { path: owned(), pid })
}

/// A master with the one that has executed it, or that it has executed; `None` where it does not live.
#[must_use]
pub fn family(pid: i32) -> Option<Found> {
    let named = facts(pid)?;
    let elder = facts(named.parent).filter(|parent| parent.title == Title::Master);
    let old = Tree::read(elder.as_ref().unwrap_or(&named).id)?;
    let new = old.execed().max_by_key(|child| child.id.start).and_then(|child| Tree::read(child.id));
    Some(Found { old: side(&old), new: new.as_ref().map(side) })
}

fn side(tree: &Tree) -> Side {
    let master: &ProcessFacts = &tree.master;
    Side {
        id: master.id,
        exe: master.exe,
        command: Process::again(master.id).map(|process| process.command).unwrap_or_default(),
        starting: master.starting(),
        workers: Workers::sort(master, &tree.children),
    }
}

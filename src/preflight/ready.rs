//! What a run needs of the host: who serves, from which file, and what is compared at the end of a way back.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    facts::{Digest, Facts},
    master::Socket,
    seal::Fingerprint,
};
use crate::{
    engine::{Master, NewFile},
    host::{
        directory::Directory,
        files::{Hashed, sha256},
        name,
        place::Place,
    },
    nginx::{
        config::Directive,
        dump::{Configuration, File},
    },
    protocol::{Baseline, FileId, Identity, OldFile},
};

/// nginx before this removes its predecessor's unix sockets on TERM (nginx-facts 27).
const KEEPS_UNIX_SOCKETS: crate::nginx::version::Core = (1, 19, 1);

/// A host that passed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ready {
    /// The master that serves.
    pub old: Identity,
    /// The pid file that names it.
    pub pid_file: PathBuf,
    /// The path that it executes on USR2.
    pub binary_path: PathBuf,
    /// Where the file that it leads to is exchanged. Old runs another file where a newer one is adopted.
    pub place: Place,
    /// Which file new runs.
    pub new_file: NewFile,
    /// The version that runs (`nginx/1.22.1`).
    pub old_version: String,
    /// The version that is offered; the same without a binary step.
    pub new_version: String,
    /// How many workers new will start, where the configuration was understood.
    pub new_workers: Option<usize>,
    /// The staged file; `None` in a preview, without a binary step, and where the file at the path is adopted.
    pub staged: Option<Staged>,
    /// The file at the path as it was proven, where it is adopted.
    pub adopted: Option<Hashed>,
    /// A copy of what old runs, where the path holds another file; `None` in a preview.
    pub kept: Option<Staged>,
    /// Unix listening paths with their sockets. The hard link of each is made by the run.
    pub unix_paths: Vec<(PathBuf, FileId)>,
    /// Whether old holds listening sockets of streams: a master of the instance that holds none is leaving then.
    pub streams: bool,
    /// The arguments of a configuration test of the found binary, as the master was started.
    pub test_arguments: Vec<String>,
    /// The master's working directory, where it is one.
    pub directory: Option<PathBuf>,
    /// The master's user and group, where they are not ours: what it would run and write is its own.
    pub user: Option<(u32, u32)>,
    /// The error logs that the configuration on disk names by absolute paths.
    pub error_logs: Vec<PathBuf>,
    /// What was true before anything was touched.
    pub baseline: Baseline,
    /// What a seal says of the host.
    pub fingerprint: Fingerprint,
}

/// A file of this run beside the path: the new one, proven, or what old runs, kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Staged {
    /// Its name in the directory of the place.
    #[serde(with = "name")]
    pub name: OsString,
    /// Its whole path.
    pub path: PathBuf,
    /// Which file it is, its digest and its size.
    pub file: Hashed,
}

impl Staged {
    /// Removes it again.
    pub(super) fn discard(&self) {
        let directory = self.path.parent().and_then(|parent| Directory::open(parent).ok());
        // A name that stays is told by the next run, which may not make it again.
        let _ = directory.map(|directory| directory.unlink_if_there(&self.name));
    }
}

impl Ready {
    /// Old's master, as events and previews tell it.
    #[must_use]
    pub fn master(&self) -> Master {
        Master { pid: self.old.pid, workers: self.baseline.accepting, version: self.old_version.clone() }
    }

    /// `None` where a fact is missing that a check would have refused.
    pub(super) fn new(facts: &Facts, staged: Option<Staged>) -> Option<Self> {
        let master = facts.master.as_ref()?;
        let path = facts.path.as_ref()?;
        let unix_paths: Vec<_> = master
            .held
            .iter()
            .filter_map(|held| match &held.socket {
                Socket::Unix(path, Some(file)) => Some((path.clone(), *file)),
                Socket::Unix(_, None) | Socket::Tcp(_) | Socket::Udp(_) => None,
            })
            .collect();
        let old_build = facts.running_build()?;
        let new_build = facts.offered_build().unwrap_or(old_build);
        let (staged, kept) = match facts.new_file {
            NewFile::Staged => (staged, None),
            NewFile::Adopted => (None, staged),
            NewFile::Same => (None, None),
        };
        Some(Self {
            old: master.id,
            pid_file: facts.pid_file.path.clone(),
            binary_path: path.path.clone(),
            place: path.place.clone().ok()?,
            old_version: old_build.to_string(),
            new_version: new_build.to_string(),
            new_workers: facts.expected_workers(),
            new_file: facts.new_file,
            staged,
            adopted: found(facts).filter(|_| facts.new_file == NewFile::Adopted).cloned(),
            kept,
            test_arguments: facts.arguments()?.with("-t"),
            directory: master.present_directory(),
            user: master.other_user(facts.access.euid),
            error_logs: facts.configuration().map(error_logs).unwrap_or_default(),
            baseline: Baseline {
                accepting: master.workers.len(),
                cache_manager: master.cache_manager,
                old_file: if facts.path_differs() { OldFile::Kept } else { OldFile::Found },
                term_unlinks: !unix_paths.is_empty()
                    && new_build.is_older_than(KEEPS_UNIX_SOCKETS) == Some(true),
            },
            fingerprint: Fingerprint {
                master: master.id,
                exe: master.exe,
                binary: path.path.display().to_string(),
                found: path.place.as_ref().ok()?.file,
                sha256: found(facts).map(|hashed| hashed.sha256.clone()),
                configuration: facts.configuration().map(digests).unwrap_or_default(),
            },
            unix_paths,
            streams: master.held.iter().any(|held| !matches!(held.socket, Socket::Udp(_))),
        })
    }
}

/// Of each file of a configuration what it says to nginx: its words, without comments, spaces and lines.
fn digests(configuration: &Configuration) -> BTreeMap<String, String> {
    let digest = |file: &File| (file.path.clone(), sha256(words(&file.directives).as_bytes()));
    configuration.files.iter().map(digest).collect()
}

fn words(directives: &[Directive]) -> String {
    let one = |it: &Directive| {
        let block = it.block.as_ref().map(|block| format!("{{{}}}", words(block))).unwrap_or_default();
        format!("{}\0{}{block};", it.name, it.args.join("\0"))
    };
    directives.iter().map(one).collect()
}

/// The file that the path was found to hold; where it is adopted, it is the offered one.
fn found(facts: &Facts) -> Option<&Hashed> {
    match (facts.new_file, facts.offered.as_ref().map(|offered| &offered.digest)) {
        (NewFile::Adopted, Some(Digest::Is(hashed))) => Some(hashed),
        (NewFile::Adopted, _) => None,
        _ => facts.found.as_ref(),
    }
}

/// Files only: syslog, memory and standard error cannot be read back.
fn error_logs(configuration: &Configuration) -> Vec<PathBuf> {
    let logs = configuration.error_logs().into_iter().map(|log| PathBuf::from(log.target));
    logs.filter(|path| path.is_absolute()).collect()
}

//! A run on a host as it was before and after: what the tests of whole runs judge.

use std::collections::BTreeSet;
use std::time::Duration;

use super::changeover::Run;
use super::holds_within;
use super::host::{Host, Offer};
use super::load::Load;
use super::process::Process;
use super::served::Served;

/// What must be the same again after a way back, and what a refusal must not touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// Living masters; the only one is the one that the pid file names.
    pub(crate) masters: Vec<i32>,
    pub(crate) pid_file: Option<String>,
    pub(crate) oldbin: Option<String>,
    pub(crate) accepting: usize,
    /// Processes of nginx that no living master owns.
    pub(crate) strays: usize,
    /// Workers that are still shutting down.
    pub(crate) draining: usize,
    pub(crate) binary: String,
    pub(crate) inode: u64,
    /// Files beside the binary.
    pub(crate) beside: Vec<String>,
    /// Files beside the pid file: sockets too.
    pub(crate) names: BTreeSet<String>,
    pub(crate) answering: Option<String>,
}

impl Snapshot {
    pub(crate) fn of(host: &Host) -> Self {
        let accepting = |master: &i32| host.accepting(*master).len();
        let masters = host.masters();
        Self {
            pid_file: host.read(&host.pid_file()),
            oldbin: host.read(&format!("{}.oldbin", host.pid_file())),
            accepting: masters.iter().map(accepting).sum(),
            masters,
            strays: host.strays().len(),
            draining: host.processes().iter().filter(|process| process.is_draining()).count(),
            binary: host.binary_on_disk(),
            inode: host.binary_inode(),
            beside: host.left_beside_binary(),
            names: host.names_in("/run"),
            answering: host.answering(),
        }
    }
}

/// A run that has ended, and everything it can be judged by.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) host: Host,
    pub(crate) before: Snapshot,
    pub(crate) after: Snapshot,
    pub(crate) run: Run,
    pub(crate) served: Served,
}

impl Scene {
    /// Runs `changeover run PLAN` on a host under load (one connection for each request).
    pub(crate) fn play(host: Host, plan: &str, offer: &Offer) -> Self {
        Self::play_with(host, |host| host.changeover(&["run", plan], offer))
    }

    /// The same with anything that makes a run.
    pub(crate) fn play_with(host: Host, act: impl FnOnce(&Host) -> Run) -> Self {
        Self::play_under(host, |host| {
            let load = host.start_load(&Load::close());
            let run = act(host);
            load.go_on();
            (run, load.stop())
        })
    }

    /// The same under any load, or none.
    pub(crate) fn play_under(host: Host, act: impl FnOnce(&Host) -> (Run, Served)) -> Self {
        let before = Snapshot::of(&host);
        let (run, served) = act(&host);
        // A worker that drains leaves by itself, now that nobody asks; one that does not is seen. So is what a stranger has
        // told a master that does not handle it.
        let rests = || host.is_quiet() && !host.processes().iter().any(Process::is_draining);
        holds_within(Duration::from_secs(2), rests);
        let after = Snapshot::of(&host);
        Self { host, before, after, run, served }
    }

    /// The run ended with `exit` and left the host as it was: old serves from the old file, nothing is left over.
    #[track_caller]
    pub(crate) fn left_as_it_was(&self, exit: i32, verdict: &str) {
        assert_eq!(self.run.exit(), exit, "{}", self.run);
        assert_eq!((self.run.said("verdict"), self.run.said("serving")), (verdict, "old"), "{}", self.run);
        assert_eq!(self.after, self.before, "{}\nerror.log\n{}", self.run, self.host.error_log());
    }

    /// Nothing live was touched, and no client noticed anything.
    #[track_caller]
    pub(crate) fn refused(&self, exit: i32) {
        self.left_as_it_was(exit, "refused");
        assert_eq!(self.served.harmed(), 0, "{}", self.served);
    }

    /// The way back was gone to its end.
    #[track_caller]
    pub(crate) fn rolled_back(&self, exit: i32) {
        self.left_as_it_was(exit, "rolled-back");
    }

    /// The same, but for the master: old's was gone, and new has started another one from the old file.
    #[track_caller]
    pub(crate) fn rolled_back_in_reverse(&self, exit: i32) {
        let (run, master) = (&self.run, self.after.masters.first().copied().unwrap_or_default());
        assert_ne!(self.after.masters, self.before.masters, "{run}");
        let before =
            Snapshot { masters: vec![master], pid_file: Some(format!("{master}\n")), ..self.before.clone() };
        assert_eq!(
            (run.exit(), run.said("verdict"), run.said("serving")),
            (exit, "rolled-back", "old"),
            "{run}"
        );
        assert_eq!(self.after, before, "{run}\nerror.log\n{}", self.host.error_log());
    }

    /// `build` serves alone with as many workers as before, and is at the path; the old file is kept beside it.
    #[track_caller]
    pub(crate) fn committed(&self, build: &str) {
        assert_eq!(self.run.exit(), 0, "{}", self.run);
        assert_eq!(
            (self.run.said("verdict"), self.run.said("serving")),
            ("committed", "new"),
            "{}",
            self.run
        );
        let after = &self.after;
        assert_eq!(
            (after.masters.len(), after.accepting, after.strays),
            (1, self.before.accepting, 0),
            "{after:?}"
        );
        assert_ne!(after.masters, self.before.masters);
        assert_eq!(after.pid_file.as_deref().map(str::trim), Some(&*after.masters[0].to_string()));
        assert_eq!((after.oldbin.as_ref(), after.binary.as_str()), (None, build), "{after:?}");
        assert!(after.beside.len() <= 1, "{after:?}");
        assert_eq!(self.served.harmed(), 0, "{}\n{}", self.served, self.run);
    }
}

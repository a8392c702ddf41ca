//! USR2 and the exec that follows, for real and for the stub: the path names this run's file for milliseconds.

use std::{collections::BTreeSet, time::Duration};

use super::{Live, binary::Puts, moves::send};
use crate::{
    engine::Event,
    host::{process, timer},
    observe,
    protocol::{Identity, ProcessFacts, Signal, Title},
    run::{Effect, MoveError, until::millis},
};

/// The longest that old may take to take USR2 and to fork: only its own loop and one fork lie between.
const EXEC_BOUND: Duration = Duration::from_secs(5);
/// Between two looks at old's children; the kernel has no event for a fork or an exec.
const LOOK: Duration = Duration::from_micros(200);

/// What a look at old and its children says.
enum Sign {
    /// A child of old runs another image.
    Executed(Identity),
    /// Old has handled USR2 and no child of it will exec any more.
    Over,
    /// Neither yet.
    None,
}

/// Old before USR2: whoever is a child after it and was not before is the one that executes.
struct Before {
    old: Identity,
    switches: u64,
    children: BTreeSet<i32>,
}

impl Live {
    /// The exec window of the way forward; without a staged file only USR2 and its witness.
    pub(super) async fn open_window(&mut self, staged: bool) -> Result<Effect, MoveError> {
        let before = self.before_usr2()?;
        if staged {
            // Told before: a reader that does not read must not hold the window open.
            self.recorder.tell(Event::WindowOpened);
        }
        let opened = self.recorder.now();
        if staged {
            self.binary.put(Puts::Staged)?;
        }
        let sent = send(before.old, Signal::Usr2);
        let (sign, renamed) = match &sent {
            Ok(()) => self.watch_exec(&before).await,
            Err(_) => (Sign::Over, false),
        };
        if staged {
            self.binary.put_back()?;
            let open = self.recorder.now().saturating_sub(opened);
            self.recorder.tell(Event::WindowClosed { open: millis(open) });
        }
        sent?;
        Ok(match sign {
            Sign::Executed(new) => Effect::Executed { new },
            Sign::Over if renamed => Effect::ExecFailed,
            Sign::Over if self.pid_file.is_there() => Effect::Ignored,
            Sign::Over => Effect::NotRenamed,
            Sign::None => Effect::NotHandled,
        })
    }

    /// An exec that must fail: old reaps the child, restarts its workers from memory and loses its latches
    /// (nginx-facts 23).
    pub(super) async fn stub_exec(&mut self) -> Result<Effect, MoveError> {
        let before = self.before_usr2()?;
        self.binary.put(Puts::Stub)?;
        let sent = send(before.old, Signal::Usr2);
        if sent.is_ok() {
            self.watch_exec(&before).await;
        }
        self.binary.put_back()?;
        sent.map(|()| Effect::Made)
    }

    fn before_usr2(&mut self) -> Result<Before, MoveError> {
        let gone = || MoveError { code: "run/old-master-gone", text: "old's master is gone".to_owned() };
        let old = self.observer.old();
        let switches = process::switches(old).ok_or_else(gone)?;
        Ok(Before { old, switches, children: process::children(old.pid) })
    }

    /// Looks until the exec is seen or can no longer come; whether the pid file was seen to be renamed.
    async fn watch_exec(&mut self, before: &Before) -> (Sign, bool) {
        let deadline = self.recorder.now().saturating_add(EXEC_BOUND);
        let mut renamed = false;
        loop {
            renamed |= self.pid_file.oldbin_is_there();
            match self.look_for_exec(before) {
                Sign::None if self.recorder.now() < deadline => {}
                sign => return (sign, renamed),
            }
            // The rename of the pid file wakes at once; a fork or an exec has no event.
            if let Some(Ok(changed)) = timer::within(LOOK, self.notify.changed()).await {
                renamed |= changed.contains(&self.pid_file.oldbin);
            }
        }
    }

    fn look_for_exec(&self, before: &Before) -> Sign {
        let old = observe::facts(before.old.pid).filter(|old| old.id == before.old);
        let Some(old) = old else { return Sign::Over };
        let children = process::children(before.old.pid);
        let new: Vec<ProcessFacts> = children
            .difference(&before.children)
            .filter_map(|pid| observe::facts(*pid))
            .filter(|child| child.parent == before.old.pid)
            .collect();
        if let Some(executed) = new.iter().find(|child| child.execed_by(&old)) {
            return Sign::Executed(executed.id);
        }
        // A fork that may still exec carries the master's title; the pid file stays renamed until it is reaped.
        let untitled = |child: &ProcessFacts| matches!(child.title, Title::Master | Title::Other);
        let waiting = new.iter().any(untitled) || self.pid_file.oldbin_is_there();
        let handled = old.quiet() && old.switches > before.switches;
        if handled && !waiting { Sign::Over } else { Sign::None }
    }
}

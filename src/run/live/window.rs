//! USR2 and the exec that follows, for real and for the stub: the path names this run's file for milliseconds.

use std::{collections::BTreeSet, time::Duration};

use super::{Live, binary::Puts, moves::send};
use crate::{
    engine::Event,
    host::{process, timer},
    observe,
    protocol::{Generation, Identity, ProcessFacts, Signal, Title},
    run::{Effect, MoveError, until::millis},
};

/// The longest that a master may take to take USR2 and to fork: only its own loop and one fork lie between.
const EXEC_BOUND: Duration = Duration::from_secs(5);
/// Between two looks at its children; the kernel has no event for a fork or an exec.
const LOOK: Duration = Duration::from_micros(200);

/// What a look at the master and its children says.
enum Sign {
    /// A child of it runs another image.
    Executed(Box<ProcessFacts>),
    /// It has handled USR2 and no child of it will exec any more.
    Over,
    /// Neither yet.
    None,
}

/// A master before USR2: whoever is a child after it and was not before is the one that executes.
struct Before {
    master: Identity,
    switches: u64,
    children: BTreeSet<i32>,
}

impl Live {
    /// USR2 to a master, with this run's file at the path meanwhile; without one it executes what is there.
    pub(super) async fn execute(&mut self, by: Generation, file: Option<Puts>) -> Result<Effect, MoveError> {
        // What was reported before says nothing about this USR2.
        while let Some(Ok(_)) = timer::within(Duration::ZERO, self.notify.changed()).await {}
        let before = self.before_usr2(by)?;
        let staged = file == Some(Puts::Staged);
        if staged {
            // Told before: a reader that does not read must not hold the window open.
            self.recorder.tell(Event::WindowOpened);
        }
        let opened = self.recorder.now();
        if let Some(file) = file {
            self.binary.put(file)?;
        } else {
            self.binary.leads_to_found()?;
        }
        let sent = send(before.master, Signal::Usr2);
        let (sign, renamed) = match &sent {
            Ok(()) => self.watch_exec(&before).await,
            Err(_) => (Sign::Over, false),
        };
        if let Sign::Executed(child) = &sign {
            // Before all that can fail: what a new leaves is found by who it was.
            self.observer.executed(by, child);
        }
        if file.is_some() {
            // A USR2 that is still in flight executes what was found (nginx-facts 19); the way back ends that.
            self.binary.put_back()?;
        }
        if staged {
            let open = self.recorder.now().saturating_sub(opened);
            self.recorder.tell(Event::WindowClosed { open: millis(open) });
        }
        sent?;
        Ok(match sign {
            Sign::Executed(child) => Effect::Executed { child: child.id },
            Sign::Over if renamed => Effect::ExecFailed,
            Sign::Over if self.pid_file.is_there() => Effect::Ignored,
            Sign::Over => Effect::NotRenamed,
            Sign::None => Effect::NotHandled,
        })
    }

    fn before_usr2(&self, by: Generation) -> Result<Before, MoveError> {
        let master = self.master(by)?;
        let code = match by {
            Generation::Old => "run/old-master-gone",
            Generation::New => "run/no-master",
        };
        let gone = || MoveError { code, text: format!("{by}'s master is gone") };
        let switches = process::switches(master).ok_or_else(gone)?;
        Ok(Before { master, switches, children: process::children(master.pid) })
    }

    /// Looks until the exec is seen or can no longer come; whether the pid file was seen to be renamed.
    async fn watch_exec(&mut self, before: &Before) -> (Sign, bool) {
        let deadline = self.recorder.now().saturating_add(EXEC_BOUND);
        let mut renamed = false;
        loop {
            let late = self.recorder.now() >= deadline;
            renamed |= self.pid_file.oldbin_is_there();
            match self.look_for_exec(before) {
                Sign::None if !late => {}
                // A fork that fails renames it there and back between two looks: the kernel has noted both.
                Sign::Over => return (Sign::Over, renamed || self.was_renamed(Duration::ZERO).await),
                sign => return (sign, renamed),
            }
            // The rename of the pid file wakes at once; a fork or an exec has no event.
            renamed |= self.was_renamed(LOOK).await;
        }
    }

    /// Whether the kernel tells within this time that the pid file was renamed.
    async fn was_renamed(&mut self, within: Duration) -> bool {
        let told = timer::within(within, self.notify.changed()).await;
        told.is_some_and(|told| told.is_ok_and(|changed| changed.contains(&self.pid_file.oldbin)))
    }

    fn look_for_exec(&self, before: &Before) -> Sign {
        let master = observe::facts(before.master.pid).filter(|master| master.id == before.master);
        let Some(master) = master else { return Sign::Over };
        let children = process::children(master.id.pid);
        let new: Vec<ProcessFacts> = children
            .difference(&before.children)
            .filter_map(|pid| observe::facts(*pid))
            .filter(|child| child.parent == master.id.pid)
            .collect();
        if let Some(executed) = new.iter().find(|child| child.execed_by(&master)) {
            return Sign::Executed(Box::new(executed.clone()));
        }
        // A fork that may still exec carries the master's title; the pid file stays renamed until it is reaped.
        let untitled = |child: &ProcessFacts| matches!(child.title, Title::Master | Title::Other);
        let waiting = new.iter().any(untitled) || self.pid_file.oldbin_is_there();
        let handled = master.quiet() && master.activity.switches > before.switches;
        if handled && !waiting { Sign::Over } else { Sign::None }
    }
}

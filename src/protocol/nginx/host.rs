//! All masters of one service, their files, and what becomes of them with each input.

use crate::protocol::{Signal, SignalSet};

use super::{Binary, Configuration, Executes, Master, Names, NewBinary, UnixSocket, Who};

/// Everything that the model knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Host {
    pub(super) masters: [Option<Master>; 3],
    /// How many masters were started since the first one.
    pub(super) started: u8,
    /// Sets of workers that accept and have no master any more, by the master that they had.
    pub strays: [u8; 3],
    /// What the pid file names; `None`: there is none.
    pub pid_file: Option<Names>,
    /// What `.oldbin` names.
    pub oldbin: Option<Names>,
    /// The path of the unix socket is there.
    pub unix_path: bool,
    /// What the file at the binary path does when it is executed.
    pub path: Executes,
    /// What is read at a start and at a reload.
    pub configuration: Configuration,
    /// Workers that are told to finish have nothing to finish.
    pub idle: bool,
}

impl Host {
    /// A host on which one master serves, from the file at the path.
    #[must_use]
    pub const fn serving(binary: Binary) -> Self {
        Self {
            masters: [Some(Master::started(None, binary, UnixSocket::Own)), None, None],
            started: 0,
            strays: [0; 3],
            pid_file: Some(Names::Master(Who::Old)),
            oldbin: None,
            unix_path: true,
            path: Executes::Master(binary),
            configuration: Configuration::AsBefore,
            idle: true,
        }
    }

    /// The same, started with `daemon off`.
    #[must_use]
    pub const fn in_the_foreground(binary: Binary) -> Self {
        let mut host = Self::serving(binary);
        let daemon = Master::started(None, binary, UnixSocket::Own);
        host.masters[0] = Some(Master { daemonized: false, ..daemon });
        host
    }

    /// A master, where it lives.
    #[must_use]
    pub const fn master(&self, who: Who) -> Option<&Master> {
        self.masters[who as usize].as_ref()
    }

    /// The living masters.
    pub fn masters(&self) -> impl Iterator<Item = (Who, &Master)> {
        Who::ALL.into_iter().filter_map(|who| Some((who, self.master(who)?)))
    }

    /// Whether anybody accepts.
    #[must_use]
    pub fn accepts(&self) -> bool {
        self.strays != [0; 3] || self.masters().any(|(_, master)| master.accepting > 0)
    }

    /// A signal reaches a master.
    pub fn tell(&mut self, who: Who, signal: Signal) {
        let Some(master) = self.get(who) else { return };
        if master.stopped {
            master.pending = master.pending.with(signal);
            return;
        }
        master.flag(SignalSet::default().with(signal));
        self.wakes(who, false);
        self.settles();
    }

    /// A master is stopped: whatever it is told from now on waits, and is taken together when it goes on. Meanwhile the
    /// rest of the world does not wait. A busy master is the same for as long as it is busy.
    pub fn stop(&mut self, who: Who) {
        if let Some(master) = self.get(who).filter(|master| !master.stopped) {
            master.stopped = true;
            self.parent_hears(who);
        }
    }

    /// A stopped master goes on.
    pub fn go_on(&mut self, who: Who) {
        let Some(master) = self.get(who).filter(|master| master.stopped) else { return };
        master.stopped = false;
        let (told, reaps) = (std::mem::take(&mut master.pending), std::mem::take(&mut master.pending_child));
        self.parent_hears(who);
        let Some(master) = self.get(who).filter(|_| reaps || !told.is_empty()) else { return };
        master.flag(told);
        self.wakes(who, reaps);
        self.settles();
    }

    /// A parent is told that its child was stopped, and that it goes on.
    fn parent_hears(&mut self, who: Who) {
        if let Some(parent) = self.master(who).and_then(|master| master.parent) {
            self.child_tells(parent);
        }
    }

    /// A child's SIGCHLD reaches a master for another reason than its end: it was stopped, or goes on, or a worker has
    /// died and is replaced. Whatever is latched is handled.
    pub fn child_tells(&mut self, who: Who) {
        self.wakes(who, true);
        self.settles();
    }

    /// A master is killed: its workers accept on.
    pub fn kill(&mut self, who: Who) {
        if let Some(master) = self.masters[who as usize].take() {
            self.leaves_behind(who, &master);
            self.is_gone(who, &master);
            self.settles();
        }
    }

    /// The workers of a master that finish what they have are done with it.
    pub fn drained(&mut self, who: Who) {
        if let Some(master) = self.get(who).filter(|master| master.draining > 0) {
            master.draining = 0;
            self.wakes(who, true);
            self.settles();
        }
    }

    /// All workers of a master exit with the code that forbids to start them again (nginx-facts 9).
    pub fn workers_give_up(&mut self, who: Who) {
        if let Some(master) = self.get(who) {
            (master.accepting, master.draining) = (0, 0);
            self.wakes(who, true);
            self.settles();
        }
    }

    /// The place that the next master takes.
    #[must_use]
    pub fn free(&self) -> Option<Who> {
        Who::ALL.into_iter().find(|slot| self.master(*slot).is_none())
    }

    /// The workers of a master that started without them are there.
    pub fn workers_start(&mut self, who: Option<Who>) {
        if let Some(master) = who.and_then(|who| self.get(who)).filter(|master| !master.leaves()) {
            master.start_workers();
        }
    }

    /// All workers of a stopped master are killed: nobody starts them again.
    pub fn workers_are_killed(&mut self, who: Who) {
        if let Some(master) = self.get(who) {
            (master.accepting, master.draining) = (0, 0);
        }
    }

    fn get(&mut self, who: Who) -> Option<&mut Master> {
        self.masters[who as usize].as_mut()
    }

    /// What follows by itself: workers without anything to do leave, and who was executed in vain is reaped.
    fn settles(&mut self) {
        // Each turn ends workers or a child of somebody.
        while let Some(who) = Who::ALL.into_iter().find(|who| self.has_to_reap(*who)) {
            if let Some(master) = self.get(who).filter(|master| master.draining > 0) {
                master.draining = 0;
            }
            self.wakes(who, true);
        }
    }

    fn has_to_reap(&self, who: Who) -> bool {
        let ends =
            |master: &Master| (self.idle && master.draining > 0) || master.new_binary == NewBinary::Fails;
        self.master(who).is_some_and(|master| !master.stopped && ends(master))
    }

    /// One turn of the master's loop; `reaps`: a child of it has died.
    fn wakes(&mut self, who: Who, reaps: bool) {
        if let Some(master) = self.get(who).filter(|master| master.stopped) {
            master.pending_child |= reaps;
            return;
        }
        if reaps {
            self.reaps(who);
        }
        let Some(master) = self.get(who) else { return };
        if master.leaves() && !master.live {
            return self.exits(who);
        }
        if master.flags.contains(Signal::Term) {
            (master.accepting, master.draining) = (0, 0);
            return self.exits(who);
        }
        if master.flags.contains(Signal::Quit) {
            return self.quits(who);
        }
        if master.take(Signal::Hup) && !self.reconfigures(who) {
            // Whatever else is flagged waits for the next signal.
            return;
        }
        let Some(master) = self.get(who) else { return };
        if std::mem::take(&mut master.restart) {
            master.start_workers();
            master.live = true;
        }
        master.take(Signal::Usr1);
        if master.take(Signal::Usr2) {
            self.executes(who);
        }
        let Some(master) = self.get(who) else { return };
        if master.take(Signal::Winch) {
            master.no_accepting = true;
            master.drain();
        }
    }

    /// QUIT: its workers finish, its sockets are closed at once.
    fn quits(&mut self, who: Who) {
        let Some(mut master) = self.master(who).copied() else { return };
        master.drain();
        self.stops_listening(&mut master);
        self.masters[who as usize] = Some(master);
    }

    /// HUP; whether the loop goes on to what comes after it.
    fn reconfigures(&mut self, who: Who) -> bool {
        let Some(master) = self.get(who) else { return false };
        if master.new_binary != NewBinary::None {
            // A rollback request: from memory, and `live` stays as it is (nginx-facts 3 and 36).
            master.start_workers();
            master.no_accepting = false;
            return false;
        }
        let before = master.unix;
        let (Some(unix), Some(master)) = (self.reads(before), self.get(who)) else { return false };
        master.unix = unix;
        master.drain();
        master.start_workers();
        master.live = true;
        true
    }

    /// USR2: the pid file is renamed, then the path is executed.
    fn executes(&mut self, who: Who) {
        let Some(named) = self.pid_file.take() else {
            if let Some(master) = self.get(who) {
                master.new_binary = NewBinary::Poisoned;
            }
            return;
        };
        self.oldbin = Some(named);
        let child = self.free();
        if let Some(child) = child {
            // Whoever had the place before is nobody that a file could name.
            let named = |names: Names| if names == Names::Master(child) { Names::Other } else { names };
            self.oldbin = self.oldbin.map(named);
        }
        let started = child.and_then(|child| self.starts(who, child));
        if let Some(master) = self.get(who) {
            master.new_binary = started.map_or(NewBinary::Fails, NewBinary::Lives);
        }
    }

    /// What is at the path becomes a master, where it can be executed and accepts the configuration.
    fn starts(&mut self, parent: Who, child: Who) -> Option<Who> {
        let Executes::Master(binary) = self.path else { return None };
        let inherited = match self.master(parent)?.unix {
            UnixSocket::None => UnixSocket::None,
            UnixSocket::Own | UnixSocket::Inherited => UnixSocket::Inherited,
        };
        let unix = self.reads(inherited)?;
        self.started = self.started.saturating_add(1);
        let number = self.started;
        self.masters[child as usize] = Some(Master { number, ..Master::started(Some(parent), binary, unix) });
        self.pid_file = Some(Names::Master(child));
        Some(child)
    }

    /// `ngx_reap_children`.
    fn reaps(&mut self, who: Who) {
        let Some(master) = self.get(who) else { return };
        master.live = master.accepting + master.draining > 0;
        let gone = match master.new_binary {
            NewBinary::Lives(child) => self.master(child).is_none(),
            NewBinary::Fails => true,
            NewBinary::None | NewBinary::Poisoned => false,
        };
        if !gone {
            return;
        }
        if let Some(named) = self.oldbin.take() {
            self.pid_file = Some(named);
        }
        if let Some(master) = self.get(who) {
            master.new_binary = NewBinary::None;
            master.restart |= std::mem::take(&mut master.no_accepting);
        }
    }

    /// `ngx_master_process_exit`.
    fn exits(&mut self, who: Who) {
        let Some(master) = self.masters[who as usize].take() else { return };
        self.closes(&master);
        self.leaves_behind(who, &master);
        self.is_gone(who, &master);
    }

    fn leaves_behind(&mut self, who: Who, master: &Master) {
        let strays = &mut self.strays[who as usize];
        *strays = strays.saturating_add(master.accepting);
    }

    /// Whom it has executed has no parent any more.
    fn orphans(&mut self, who: Who) {
        for master in self.masters.iter_mut().flatten().filter(|master| master.parent == Some(who)) {
            master.parent = None;
        }
    }

    /// Its parent reaps it, and whom it has executed has no parent any more.
    fn is_gone(&mut self, who: Who, gone: &Master) {
        self.orphans(who);
        if let Some(parent) = gone.parent {
            self.wakes(parent, true);
        }
    }
}

//! Where a run on the model should end, and what recovery does forward: after the commit record, and after a reboot.

use crate::protocol::{Generation, Move, PathHolds, PidFile, Signal};

use super::{Executes, Master, Names, NewBinary, Simulated, UnixSocket};

impl Simulated {
    /// Old serves alone as before the run: its number of workers, its files, its sockets, and nothing that shows later.
    #[must_use]
    pub fn is_as_before(&self) -> bool {
        let reachable = |old: &Master| old.unix != UnixSocket::None && self.host.unix_path;
        let whole = |old: &Master| old.accepting == 1 && reachable(old);
        self.path == PathHolds::Found && self.alone(Generation::Old, self.runs).is_some_and(whole)
    }

    /// New serves alone, from the new file, which is at the path for good. Its unix socket is its configuration's business.
    #[must_use]
    pub fn is_committed(&self) -> bool {
        self.leads_to_new() && self.alone(Generation::New, self.news()).is_some()
    }

    /// The master of a generation where it runs this file, serves alone, and nothing is left of the other one.
    fn alone(&self, which: Generation, runs: Executes) -> Option<&Master> {
        let who = self.master(which)?;
        let master = self.host.master(who)?;
        let alone = self.host.masters().count() == 1 && self.host.strays == [0; 3];
        let files = self.host.pid_file == Some(Names::Master(who)) && self.host.oldbin.is_none();
        let accepts = master.listens && master.accepting > 0 && !master.stopped;
        let serves = accepts && Executes::Master(master.binary) == runs;
        let nothing_latched = master.new_binary == NewBinary::None && master.flags.is_empty();
        (alone && files && serves && nothing_latched).then_some(master)
    }

    /// Whether the next start is from what was found.
    #[must_use]
    pub fn leads_to_found(&self) -> bool {
        self.host.path == self.found
    }

    /// Whether the next start is from the new file.
    #[must_use]
    pub fn leads_to_new(&self) -> bool {
        self.host.path == self.news()
    }

    /// Recovery of the file at the path, which needs no process: what was found comes back, or after the commit record the
    /// new one stays.
    pub fn reconciles(&mut self, recorded: bool) {
        if recorded && !self.leads_to_new() {
            self.makes(&Move::Install, false);
        } else if !recorded && self.path.is_ours() {
            self.makes(&Move::ExchangeBack, true);
        }
    }

    /// Recovery after the commit record, where new accepts: the path for good, QUIT to old, and what old leaves.
    pub fn finishes(&mut self) {
        self.reconciles(true);
        if let Some(old) = self.master(Generation::Old) {
            self.makes(&Move::Signal { signal: Signal::Quit, to: Generation::Old }, false);
            // Its connections end at last.
            self.host.drained(old);
        }
        self.tidies();
    }

    /// What an old that did not go by itself leaves behind the commit record, as the run tidies it.
    pub fn tidies(&mut self) {
        if self.host.oldbin.is_some() {
            self.makes(&Move::UnlinkOldbin, false);
        }
        if self.pid_file() != PidFile::Names(Generation::New) {
            self.makes(&Move::WritePidFile { names: Generation::New }, false);
        }
        if self.host.strays != [0; 3] {
            self.makes(&Move::QuitStrays, false);
            // They have what their connections need.
            self.host.strays = [0; 3];
        }
    }
}

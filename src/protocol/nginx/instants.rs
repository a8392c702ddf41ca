//! Instants inside moves that are more than one change, or not over once they are made: a runner can be killed there.

use crate::protocol::{Generation, Move, OldFile, PathHolds, Signal};

use super::Simulated;

/// How far a run has come inside a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instant {
    /// A file of this run is at the path, and USR2 was not sent yet.
    Exchanged,
    /// A signal was sent, and its master has not taken it.
    InFlight,
    /// USR2, the same, and what was found is at the path again: that is what will be executed (nginx-facts 19).
    PutBack,
    /// USR2 was taken, and the file of this run is still at the path.
    Taken,
    /// The commit record is written.
    Recorded,
    /// And the new file is at the path for good.
    Installed,
    /// And QUIT was sent to old.
    QuitSent,
}

impl Instant {
    /// The commit record is written: from here recovery goes forward, as long as new accepts.
    #[must_use]
    pub const fn is_recorded(self) -> bool {
        matches!(self, Self::Recorded | Self::Installed | Self::QuitSent)
    }
}

impl Simulated {
    /// This run inside a move that tells a master something, by whatever file it lays at the path meanwhile. A busy master
    /// takes a signal later, also when nobody runs any more who has sent it.
    #[must_use]
    pub fn inside(&self, what: &Move, way_back: bool) -> Vec<(Instant, Self)> {
        let (signal, to, lays) = match what {
            Move::OpenWindow => (Signal::Usr2, Generation::Old, Some(PathHolds::Ours)),
            Move::StubExec => (Signal::Usr2, Generation::Old, Some(PathHolds::Stub)),
            Move::Reverse { file: OldFile::Kept } => (Signal::Usr2, Generation::New, Some(PathHolds::Ours)),
            Move::Reverse { file: OldFile::Found } => (Signal::Usr2, Generation::New, None),
            Move::Signal { signal, to } => (*signal, *to, None),
            _ => return Vec::new(),
        };
        let mut begun = self.clone();
        begun.intends(what, way_back);
        if let Some(last) = begun.done.last_mut() {
            // Whoever goes on knows only that it was begun, which is no attempt.
            (last.sent, last.way_back) = (what.counts_when_unknown(), false);
        }
        if let Some(holds) = lays {
            begun.puts(holds);
        }
        let mut in_flight = begun.clone();
        if let Some(who) = in_flight.master(to) {
            in_flight.host.stop(who);
        }
        in_flight.tells(signal, to);
        if lays.is_none() {
            return vec![(Instant::InFlight, in_flight)];
        }
        let mut put_back = in_flight.clone();
        put_back.puts(PathHolds::Found);
        let mut taken = begun.clone();
        taken.tells(signal, to);
        taken.notices();
        let (exchanged, in_flight) = ((Instant::Exchanged, begun), (Instant::InFlight, in_flight));
        vec![exchanged, in_flight, (Instant::PutBack, put_back), (Instant::Taken, taken)]
    }

    /// This run inside its commit, once new was seen accepting.
    #[must_use]
    pub fn inside_commit(&self) -> Vec<(Instant, Self)> {
        let mut run = self.clone();
        let mut instants = vec![(Instant::Recorded, run.clone())];
        if self.stages() {
            run.makes(&Move::Install, false);
            instants.push((Instant::Installed, run.clone()));
        }
        run.makes(&Move::Signal { signal: Signal::Quit, to: Generation::Old }, false);
        instants.push((Instant::QuitSent, run));
        instants
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::nginx::{Binary, Executes, Host, Who};

    fn staging() -> Simulated {
        let [old, new] = [Generation::Old, Generation::New].map(Binary::recent);
        Simulated::on(Host::serving(old), Some(Executes::Master(new)))
    }

    fn committing() -> Simulated {
        let mut run = staging();
        run.makes(&Move::OpenWindow, false);
        run.makes(&Move::Signal { signal: Signal::Winch, to: Generation::Old }, false);
        run
    }

    /// Who runs as new when old has taken what was in flight.
    fn executed(run: &Simulated) -> Option<Generation> {
        let mut run = run.clone();
        run.host.go_on(Who::Old);
        run.notices();
        let new = run.master(Generation::New)?;
        run.host.master(new).map(|new| new.binary.of)
    }

    #[test]
    fn from_each_instant_of_the_window_old_comes_back_whichever_file_was_executed() {
        let mut seen = Vec::new();
        for (instant, run) in staging().inside(&Move::OpenWindow, false) {
            seen.push((instant, run.leads_to_found(), executed(&run)));
            let mut back = run.clone();
            let way = back.goes_back();
            assert!(way.stuck.is_none() && !way.gap && back.is_as_before(), "{instant:?}: {way:?}\n{back:?}");
        }
        let expected = [
            (Instant::Exchanged, false, None),
            (Instant::InFlight, false, Some(Generation::New)),
            (Instant::PutBack, true, Some(Generation::Old)),
            (Instant::Taken, false, Some(Generation::New)),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn behind_the_record_it_ends_with_new_where_that_accepts_and_with_old_where_it_is_dead() {
        for (instant, run) in committing().inside_commit() {
            let mut forward = run.clone();
            forward.finishes();
            assert!(instant.is_recorded() && forward.is_committed(), "{instant:?}: {forward:?}");
            let mut back = run.clone();
            back.host.kill(Who::New);
            let way = back.goes_back();
            // QUIT to old is the point of no return (nginx-facts 6).
            assert_eq!(back.is_as_before(), instant != Instant::QuitSent, "{instant:?}: {way:?}\n{back:?}");
        }
    }

    #[test]
    fn behind_the_record_what_old_leaves_is_tidied() {
        let installed = || committing().inside_commit().swap_remove(1).1;
        // Old that was drained and told HUP exits without a word to its workers (nginx-facts 36); a killed one leaves
        // `.oldbin`; and nobody else writes the pid file again.
        let strangers: [fn(&mut Host); 3] = [
            |host| host.tell(Who::Old, Signal::Hup),
            |host| host.kill(Who::Old),
            |host| host.pid_file = None,
        ];
        for (stranger, idle) in strangers.iter().flat_map(|it| [(it, true), (it, false)]) {
            let mut run = installed();
            run.host.idle = idle;
            stranger(&mut run.host);
            run.finishes();
            assert!(run.is_committed(), "{run:?}");
        }
    }

    #[test]
    fn a_socket_without_its_path_is_not_as_before() {
        let mut run = staging();
        assert!(run.is_as_before());
        run.host.unix_path = false;
        assert!(!run.is_as_before());
    }

    #[test]
    fn after_a_reboot_the_path_is_put_right_before_anybody_is_started() {
        for (_, mut run) in staging().inside(&Move::OpenWindow, false) {
            run.reconciles(false);
            assert!(run.leads_to_found() && !run.leads_to_new());
        }
        for (instant, mut run) in committing().inside_commit() {
            assert_eq!(run.leads_to_new(), instant != Instant::Recorded);
            run.reconciles(true);
            assert!(run.leads_to_new());
        }
    }
}

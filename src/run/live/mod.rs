//! The live host behind the `World` seam.

mod asker;
mod binary;
mod files;
mod guardian;
mod moves;
mod opening;
mod prepared;
mod questions;
mod recorder;
mod refusal;
mod restarted;
mod resume;
mod signals;
mod start;
mod suspend;
mod unfinished;
mod watches;
mod window;

use std::{path::PathBuf, rc::Rc, time::Duration};

pub(super) use asker::Asker;
pub(super) use guardian::WATCHES;
pub use resume::{Resumable, ResumeError};
pub use start::{Input, Started, start};
pub use unfinished::{open_run, would};

use self::{
    binary::Binary,
    files::{PidFile, UnixPath},
    guardian::{Guardian, NoGuardian},
    recorder::Recorder,
    signals::{Caught, Signals},
    suspend::Stops,
    watches::{Watched, Watches},
};
use super::{Effect, MoveError, OldBinary, Wake, World, steps::probed};
use crate::{
    engine::{Event, Record},
    host::{clock, exits::Exits, locks::Locks, notify::Notify, tail::Tail, timer},
    journal::{Confirmation, Entry},
    observe::{self, Known, Observer},
    plan::steps::Answerer,
    probe::Answer,
    protocol::{Generation, Identity, Move, Question, Situation},
};

/// The shortest time between two looks: a change was seen just now, and the next is likely.
const QUICK: Duration = Duration::from_micros(300);
/// The longest time between two looks: titles of workers change without any event.
const CALM: Duration = Duration::from_millis(20);

/// Takes each record of a run: prints it, as it comes.
pub type Teller = Box<dyn FnMut(&Record)>;

/// The live host.
pub struct Live {
    recorder: Recorder,
    observer: Observer,
    last: Option<Situation>,
    stops: Stops,
    pace: Duration,
    binary: Binary,
    pid_file: PidFile,
    unix_paths: Vec<UnixPath>,
    notify: Notify,
    exits: Exits,
    signals: Signals,
    asker: Rc<Asker>,
    watches: Watches,
    tails: Vec<Tail>,
    configuration_test: questions::ConfigurationTest,
    /// None where nobody else goes on when this process ends.
    guardian: Option<Guardian>,
    /// None where the process was started with them.
    locks: Option<Locks>,
}

impl Live {
    /// What is there now, for this room's own use.
    fn look(&mut self) -> Situation {
        self.observer.observe(self.recorder.now())
    }

    /// Where the guardian has ended, another one is started.
    fn mind_guardian(&mut self) {
        let Some(guardian) = self.guardian.as_mut().filter(|guardian| guardian.ended()) else { return };
        let none = || NoGuardian::from(std::io::Error::other("nobody else can take the locks"));
        let again = self.locks.as_ref().map_or_else(|| Err(none()), |locks| guardian.again(locks));
        let text = match &again {
            Ok(()) => "the guardian was ended; another one was started".to_owned(),
            Err(error) => format!("the guardian was ended: {error}"),
        };
        if again.is_err() {
            self.guardian = None;
        }
        self.last = None;
        self.recorder.tell(Event::Noticed { code: "run/guardian-gone".to_owned(), text });
    }

    /// The master that a move has started.
    fn started(&self, what: &Move, made: &Result<Effect, MoveError>) -> Option<Known> {
        let Ok(Effect::Executed { .. }) = made else { return None };
        let known = self.observer.known(match what.receiver()? {
            Generation::Old => Generation::New,
            Generation::New => Generation::Old,
        })?;
        // It was seen while the kernel was executing it, and moving its stack: by now that has its place, by which workers are
        // known.
        let again =
            observe::facts(known.id.pid).filter(|facts| facts.id == known.id && facts.start_stack != 0);
        Some(Known { start_stack: again.map_or(known.start_stack, |facts| facts.start_stack), ..known })
    }

    /// An answer to a watch: told where it failed, and a wake where the watch is violated.
    fn watched(&mut self, watched: Watched) -> Wake {
        if !watched.answer.outcome.passed() {
            self.recorder.tell(probed(&watched.probe, &watched.answer, true));
        }
        watched.violation.map_or(Wake::Look, Wake::Watch)
    }
}

/// What came first of all that a run waits for.
enum First {
    Signal(Caught),
    Watch(Box<Watched>),
    Changed,
}

impl World for Live {
    fn now(&self) -> Duration {
        self.recorder.now()
    }

    fn since_boot(&self) -> Duration {
        clock::since_boot()
    }

    fn confirmation(&mut self) -> Option<Confirmation> {
        Confirmation::take(self.recorder.directory()?)
    }

    fn observe(&mut self) -> Situation {
        let began = self.recorder.now();
        let situation = self.look();
        let took = self.recorder.now().saturating_sub(began);
        let changed = self.last.as_ref().is_none_or(|last| !last.same_processes(&situation));
        let pace = if changed { QUICK } else { (self.pace * 3 / 2).min(CALM) };
        // With hundreds of workers a look takes its time: at most half of a processor, which nginx needs too.
        self.pace = pace.max(took);
        if changed {
            self.asker.masters_are(&situation);
            let guardian = self.guardian.iter().map(Guardian::id);
            self.exits.hold(guardian.chain(everybody(&situation)));
        }
        self.last = Some(situation.clone());
        situation
    }

    async fn perform(&mut self, what: &Move, way_back: bool) -> Result<Effect, MoveError> {
        self.pace = QUICK;
        let to = self.observer.goes_to(what);
        let intent = Entry::Intent { what: what.clone(), to, way_back };
        // Without its record nothing goes forward; the way back goes on from memory.
        self.recorder.journal(&intent).or_else(|error| if way_back { Ok(()) } else { Err(error) })?;
        // Recorded before it is made: an effect without its record would be forgotten by the way back.
        self.observer.record(what.clone(), to, self.recorder.now(), way_back);
        let made = self.make(what).await;
        if made.is_err() {
            self.observer.refused();
        }
        let witness = Entry::Witness { made: made.is_ok(), started: self.started(what, &made) };
        // What is lost here is found again by looking.
        let _ = self.recorder.journal(&witness);
        self.stops = Stops::at(self.recorder.now());
        made
    }

    async fn wait(&mut self, deadline: Duration) -> Wake {
        self.mind_guardian();
        let now = self.recorder.now();
        self.stops.beat(now);
        let left = deadline.saturating_sub(now);
        let first = async {
            tokio::select! {
                biased;
                caught = self.signals.next() => First::Signal(caught),
                watched = self.watches.next() => First::Watch(Box::new(watched)),
                _ = self.notify.changed() => First::Changed,
                () = self.exits.next() => First::Changed,
            }
        };
        let wake = match timer::within(left.min(self.pace), first).await {
            Some(First::Signal(caught)) => self.caught(caught),
            Some(First::Watch(watched)) => self.watched(*watched),
            Some(First::Changed) => {
                self.pace = QUICK;
                Wake::Look
            }
            None => Wake::Look,
        };
        self.stops.beat(self.recorder.now());
        wake
    }

    async fn probe(&mut self, name: &str, wanted: Answerer, deadline: Duration) -> Result<Answer, Wake> {
        let late = timer::after(deadline.saturating_sub(self.now()));
        tokio::pin!(late);
        let asker = Rc::clone(&self.asker);
        let answer = asker.ask(name, wanted);
        tokio::pin!(answer);
        loop {
            let first = tokio::select! {
                biased;
                caught = self.signals.next_in_hand() => First::Signal(caught),
                watched = self.watches.next() => First::Watch(Box::new(watched)),
                _ = self.notify.changed() => First::Changed,
                () = self.exits.next() => First::Changed,
                Some(answer) = &mut answer => {
                    self.stops = Stops::at(self.recorder.now());
                    return Ok(answer);
                }
                () = &mut late => First::Changed,
            };
            match first {
                First::Signal(caught) => return Err(self.caught(caught)),
                First::Watch(watched) => match self.watched(*watched) {
                    Wake::Look => {}
                    wake => return Err(wake),
                },
                First::Changed => return Err(Wake::Look),
            }
        }
    }

    async fn ask(&mut self, question: Question) -> bool {
        let yes = self.answer_to(question).await;
        self.stops = Stops::at(self.recorder.now());
        self.observer.answer(question, yes, self.recorder.now());
        yes
    }

    fn new_file_is_proven(&mut self) -> Result<(), String> {
        self.binary.new_file_is_proven()
    }

    fn old_binary(&self) -> OldBinary {
        let shown = |path: Option<PathBuf>| path.map(|path| path.display().to_string());
        OldBinary { found: shown(self.binary.found_beside()), kept: shown(self.binary.kept_beside()) }
    }

    fn log_lines(&mut self) -> Vec<String> {
        let mut lines = questions::log_lines(&self.tails);
        // What this run sent itself is no stranger's.
        let ours = format!(" received from {}, ", std::process::id());
        lines.retain(|line| !line.contains(&ours));
        for line in &mut lines {
            self.recorder.hide(line);
        }
        lines
    }

    fn tidy(&mut self, committed: bool) {
        // What cannot be removed is named by `status`; it harms nobody.
        let _ = self.binary.tidy(committed);
        for path in &self.unix_paths {
            let _ = path.forget();
        }
    }

    fn stop_watches(&mut self) {
        self.watches.stop();
    }

    fn append(&mut self, event: Event) -> Result<(), MoveError> {
        self.recorder.record(event)
    }
}

/// Whose end is waited for: both masters first, then all their workers.
fn everybody(situation: &Situation) -> impl Iterator<Item = Identity> {
    let states = [&situation.old, &situation.new];
    let masters = states.into_iter().filter_map(|state| state.id.filter(|_| state.master.lives()));
    masters.chain(states.into_iter().flat_map(|state| {
        let workers = &state.workers;
        workers.titled.iter().chain(&workers.draining).chain(&workers.untitled).copied()
    }))
}

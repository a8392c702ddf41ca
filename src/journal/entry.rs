//! What a line of the journal says: how a run began, what it was about to do, what became of it, and where it is.

use serde::{Deserialize, Serialize};

use crate::{
    engine::Event,
    host::world_id::WorldId,
    observe::Known,
    plan::ResolvedInput,
    preflight::Ready,
    protocol::{FileId, Identity, Move},
};

/// The version of the journal that is written, and the newest that is read.
pub const FORMAT: u32 = 1;

/// One entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Entry {
    /// The first: all that another process needs to go on.
    Begun(Box<Begun>),
    /// A move is about to be made. Durable before anything of it is done.
    Intent {
        /// Which.
        what: Move,
        /// The master that it goes to.
        to: Option<Identity>,
        /// Whether the way back makes it.
        way_back: bool,
    },
    /// The empty file of the stub exec was laid anew, by who has taken the run over.
    Laid {
        /// It.
        stub: FileId,
    },
    /// What became of the last intent.
    Witness {
        /// Whether the move was made; else it was refused, and changed nothing that the next look does not show.
        made: bool,
        /// The master that it started.
        started: Option<Known>,
    },
    /// The run is elsewhere now: one of the events that change its phase, or tell how it ended.
    Event {
        /// Which.
        event: Box<Event>,
    },
}

/// What was true when a run began.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Begun {
    /// [`FORMAT`].
    pub journal_format: u32,
    /// The version of changeover that wrote it.
    pub changeover: String,
    /// The run's id.
    pub run: String,
    /// Where and when process numbers mean something.
    pub world: WorldId,
    /// The process of the run.
    pub pid: i32,
    /// The plan's file as given; its text is in `plan.toml`.
    pub file: String,
    /// SHA-256 of that text, hex.
    pub plan_sha256: String,
    /// The values of its inputs; of a secret only that there is one.
    pub inputs: Vec<ResolvedInput>,
    /// The host as preflight found it.
    pub ready: Ready,
    /// The master that serves.
    pub old: Known,
    /// The empty file of the stub exec, beside the path.
    pub stub: FileId,
    /// What takes the path at the exchange: the staged file, or the symlink beside it that names it.
    pub takes: Option<FileId>,
    /// The names of the probes that passed before anything was touched.
    pub baseline: Vec<String>,
}

impl Begun {
    /// The device of the binary path's directory has this number now, as after a restart of the host; inodes stay.
    pub fn moves_to_device(&mut self, now: u64) {
        let was = self.ready.place.entry.dev;
        let Ready { place, staged, kept, .. } = &mut self.ready;
        let files = [&mut place.entry, &mut place.file, &mut self.stub].into_iter();
        let files = files.chain(&mut self.takes);
        let copies = staged.iter_mut().chain(kept).map(|copy| &mut copy.file.id);
        for file in files.chain(copies).filter(|file| file.dev == was) {
            file.dev = now;
        }
    }
}

/// Whether the journal keeps an event; what is only told to people it does not.
#[must_use]
pub const fn keeps(event: &Event) -> bool {
    matches!(
        event,
        Event::ForwardStarted
            | Event::StepStarted { .. }
            | Event::StepFailed { .. }
            | Event::Confirmed
            | Event::CommitRecorded
            | Event::QuitSent { .. }
            | Event::WayBackStarted
            | Event::TakenOver { .. }
            | Event::HostRestarted { .. }
            | Event::RolledBack
            | Event::Stuck { .. }
            | Event::Stopped
            | Event::Refused
            | Event::Finished { .. }
            | Event::Verdict(_)
    )
}

impl Entry {
    /// Whether it must be on the disk before the run goes on.
    #[must_use]
    pub fn durable(&self) -> bool {
        match self {
            Self::Begun(_) | Self::Intent { .. } | Self::Witness { .. } | Self::Laid { .. } => true,
            Self::Event { event } => !matches!(**event, Event::StepStarted { .. } | Event::StepFailed { .. }),
        }
    }
}

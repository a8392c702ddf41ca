//! An upgrade that somebody has begun by hand: what `status` finds of it, and what each signal would cause.

use serde_json::{Value, json};

use crate::{
    diagnose::by_hand::{Causes, Seen, Shape},
    observe,
    protocol::{GenerationState, Identity, ProcessFacts, Situation},
};

/// What is half done.
#[derive(Default)]
pub(super) struct ByHand {
    pub(super) shapes: Vec<Shape>,
    pub(super) causes: Vec<Causes>,
}

impl ByHand {
    /// Takes a look. Workers without a master are added to the situation: one look at the masters alone shows none.
    pub(super) fn of(situation: &mut Situation, pid_file: &std::path::Path) -> Self {
        let (old, new) = (living(&situation.old), living(&situation.new));
        let masters: Vec<Identity> = [old, new].into_iter().flatten().collect();
        add_strays(situation, &observe::left_behind(&masters));
        let oldbin = situation.oldbin.then(|| observe::names(&observe::oldbin(pid_file), old, new));
        let daemonized = old.and_then(|old| observe::daemonized(old.pid)).unwrap_or(true);
        let pid_file = pid_file.display().to_string();
        let seen = Seen { situation, oldbin, pid_file: &pid_file, daemonized };
        let shapes = seen.shapes();
        let causes = if shapes.is_empty() { Vec::new() } else { seen.causes() };
        Self { shapes, causes }
    }

    /// For programs.
    pub(super) fn shapes(&self) -> Value {
        self.shapes.iter().map(|Shape { code, text }| json!({ "code": code, "text": text })).collect()
    }

    /// The same of the signals.
    pub(super) fn signals(&self) -> Value {
        let one = |causes: &Causes| {
            let Causes { signal, to, master, text, if_poisoned, then } = causes;
            json!({
                "signal": signal, "to": to, "master": master, "causes": text, "if_poisoned": if_poisoned, "then": then,
            })
        };
        self.causes.iter().map(one).collect()
    }
}

fn living(state: &GenerationState) -> Option<Identity> {
    state.id.filter(|_| state.master.lives())
}

/// Those that run what old runs are old's; where both run the same file nobody can tell.
fn add_strays(situation: &mut Situation, left: &[ProcessFacts]) {
    for worker in left {
        let strays = &mut situation.strays;
        let whose = if worker.exe == situation.old.exe { &mut strays.old } else { &mut strays.new };
        whose.insert(worker.id);
        strays.titled.insert(worker.id);
    }
}

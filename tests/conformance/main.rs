//! Real nginx and the model of `protocol::nginx` are told the same, and compared after each input.

#![expect(
    clippy::disallowed_methods,
    reason = "tests read the clock, sleep between two looks, and write files"
)]
#![expect(clippy::expect_used, clippy::panic, reason = "a helper that cannot go on fails the test")]
#![expect(clippy::print_stdout, reason = "a long run says where it is")]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "what the tests of whole runs stand on; this one needs a part of it")]
mod support;

#[path = "../support/dice.rs"]
mod dice;
mod input;
mod pair;

use changeover::protocol::Signal::{Hup, Quit, Term, Usr1, Usr2, Winch};
use changeover::protocol::nginx::Who::{New, Old};

use input::{Input, Story};
use pair::Pair;

const VERSIONS: [&str; 3] = ["1.18.0", "1.22.1", "1.26.3"];

/// Tells all of it to both; what differs, with the story so far.
fn play(story: &Story) -> Option<String> {
    let mut pair = Pair::start(story);
    for (told, input) in story.inputs.iter().enumerate() {
        if !pair.can(input) {
            continue;
        }
        if let Err(differs) = pair.tell(input) {
            return Some(format!("== {story}\nafter input {}: {differs}", told + 1));
        }
    }
    None
}

fn all_agree(stories: impl IntoIterator<Item = Story>) {
    let (mut count, mut wrong) = (0, Vec::new());
    for story in stories {
        count += 1;
        if let Some(differs) = play(&story) {
            println!("{differs}");
            wrong.push(differs);
        }
    }
    println!("{count} stories, {} differ", wrong.len());
    assert!(wrong.is_empty(), "{} differ", wrong.len());
    assert!(count > 0, "nothing was told");
}

/// After USR2 to old any two signals, and the end by KILL, to either master.
#[test]
fn every_two_signals_after_usr2() {
    let mut any: Vec<Input> = Vec::new();
    for who in [Old, New] {
        any.extend([Usr1, Usr2, Winch, Hup, Quit, Term].map(|signal| Input::Tell(who, vec![signal])));
        any.push(Input::Kill(who));
    }
    let pairs = any.iter().flat_map(|one| any.iter().map(move |other| [one.clone(), other.clone()]));
    all_agree(pairs.enumerate().map(|(number, [one, other])| Story {
        old: VERSIONS[number % 3],
        new: VERSIONS[(number / 3) % 3],
        daemon: true,
        inputs: vec![Input::Tell(Old, vec![Usr2]), one, other],
    }));
}

/// The surprises of `docs/nginx-facts.md` that are a matter of signals.
#[test]
fn the_surprises_are_in_the_model() {
    let tell = |who, signals: &[_]| Input::Tell(who, signals.to_vec());
    let upgraded = [tell(Old, &[Usr2]), tell(Old, &[Winch])];
    let after = |inputs: &[Input]| [&upgraded, inputs].concat();
    let stories: Vec<Vec<Input>> = vec![
        vec![tell(Old, &[Usr2, Quit])],
        vec![
            Input::RemovePidFile,
            tell(Old, &[Usr2]),
            tell(Old, &[Hup]),
            tell(Old, &[Hup]),
            tell(Old, &[Quit]),
        ],
        vec![tell(Old, &[Usr2]), tell(Old, &[Hup])],
        after(&[tell(Old, &[Winch, Hup]), tell(Old, &[Usr1])]),
        after(&[tell(Old, &[Winch, Hup]), tell(New, &[Quit])]),
        after(&[tell(New, &[Winch]), tell(Old, &[Hup])]),
        after(&[Input::Kill(New), tell(Old, &[Usr1])]),
        vec![tell(Old, &[Usr2]), Input::AsNewLeaves(vec![Winch]), tell(Old, &[Hup])],
        after(&[Input::AsNewLeaves(vec![Hup])]),
        after(&[Input::BreakConfiguration, Input::AsNewLeaves(vec![Hup]), tell(Old, &[Usr1])]),
        after(&[tell(Old, &[Hup]), tell(Old, &[Quit])]),
        vec![Input::EmptyPath, tell(Old, &[Winch]), tell(Old, &[Usr2])],
        vec![tell(Old, &[Winch]), tell(Old, &[Hup]), Input::EmptyPath, tell(Old, &[Usr2]), tell(Old, &[Hup])],
        vec![tell(Old, &[Usr2]), Input::Kill(Old), tell(New, &[Usr2]), tell(New, &[Quit])],
        vec![Input::BreakConfiguration, tell(Old, &[Hup]), tell(Old, &[Usr2])],
    ];
    let of = |inputs: &Vec<Input>, old, new| Story { old, new, daemon: true, inputs: inputs.clone() };
    let foreground = vec![tell(Old, &[Usr2]), tell(Old, &[Winch]), tell(Old, &[Hup]), tell(Old, &[Quit])];
    let foreground = Story { daemon: false, ..of(&foreground, "1.22.1", "1.26.3") };
    let stories = stories.iter().flat_map(|inputs| {
        [of(inputs, "1.18.0", "1.26.3"), of(inputs, "1.22.1", "1.22.1"), of(inputs, "1.26.3", "1.18.0")]
    });
    all_agree(stories.chain([foreground]));
}

#[test]
fn stories_by_chance() {
    all_agree((1..=100).map(Story::of));
}

/// `SEED` is the first one, `SEEDS` how many: one alone is told again with `SEED=17 SEEDS=1`.
#[test]
#[ignore = "takes minutes: make conformance"]
fn more_stories_by_chance() {
    let [first, count] = dice::seeds(2_000);
    all_agree((first..first + count).map(Story::of));
}

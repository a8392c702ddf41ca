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

use changeover::protocol::Generation;
use changeover::protocol::Signal::{Hup, Quit, Term, Usr1, Usr2, Winch};
use changeover::protocol::nginx::Configuration;
use changeover::protocol::nginx::Who::{New, Old};

use input::{Input, Story, as_new_leaves, together};
use pair::Pair;

const VERSIONS: [&str; 3] = ["1.18.0", "1.22.1", "1.26.3"];

/// Tells all of it to both; what differs, with the story so far.
fn play(story: &Story) -> Option<String> {
    let mut pair = Pair::start(story);
    for (told, input) in story.inputs.iter().copied().enumerate() {
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
        any.extend([Usr1, Usr2, Winch, Hup, Quit, Term].map(|signal| Input::Tell(who, signal)));
        any.push(Input::Kill(who));
    }
    let pairs = any.iter().flat_map(|one| any.iter().map(move |other| [*one, *other]));
    all_agree(pairs.enumerate().map(|(number, [one, other])| Story {
        old: VERSIONS[number % 3],
        new: VERSIONS[(number / 3) % 3],
        daemon: true,
        inputs: vec![Input::Tell(Old, Usr2), one, other],
    }));
}

/// Each story from an old version to a newer one, to itself, and back.
fn on_each_version(stories: &[Vec<Input>]) -> impl Iterator<Item = Story> {
    stories.iter().flat_map(|inputs| {
        [("1.18.0", "1.26.3"), ("1.22.1", "1.22.1"), ("1.26.3", "1.18.0")].map(|(old, new)| Story {
            old,
            new,
            daemon: true,
            inputs: inputs.clone(),
        })
    })
}

/// The surprises of `docs/nginx-facts.md` that are a matter of signals.
#[test]
fn the_surprises_are_in_the_model() {
    let tell = Input::Tell;
    let upgraded = [tell(Old, Usr2), tell(Old, Winch)];
    let after = |inputs: &[Input]| [&upgraded, inputs].concat();
    let broken = Input::Configure(Configuration::Broken);
    let stories: Vec<Vec<Input>> = vec![
        together(Old, &[Usr2, Quit], &[]),
        vec![Input::RemovePidFile, tell(Old, Usr2), tell(Old, Hup), tell(Old, Hup), tell(Old, Quit)],
        vec![tell(Old, Usr2), tell(Old, Hup)],
        after(&[together(Old, &[Winch, Hup], &[]), vec![tell(Old, Usr1)]].concat()),
        after(&[together(Old, &[Winch, Hup], &[]), vec![tell(New, Quit)]].concat()),
        // To be stopped and to go on fires nothing.
        after(&[together(Old, &[Winch, Hup], &[]), together(Old, &[], &[])].concat()),
        // A child that is stopped is a SIGCHLD too: it fires what is latched.
        after(&[together(Old, &[Winch, Hup], &[]), vec![Input::Stop(New)]].concat()),
        after(&[tell(New, Winch), tell(Old, Hup)]),
        after(&[Input::Kill(New), tell(Old, Usr1)]),
        [vec![tell(Old, Usr2)], as_new_leaves(&[Winch]), vec![tell(Old, Hup)]].concat(),
        after(&as_new_leaves(&[Hup])),
        after(&[vec![broken], as_new_leaves(&[Hup]), vec![tell(Old, Usr1)]].concat()),
        after(&[tell(Old, Hup), tell(Old, Quit)]),
        vec![Input::Put(None), tell(Old, Winch), tell(Old, Usr2)],
        vec![tell(Old, Winch), tell(Old, Hup), Input::Put(None), tell(Old, Usr2), tell(Old, Hup)],
        vec![tell(Old, Usr2), Input::Kill(Old), tell(New, Usr2), tell(New, Quit)],
        vec![broken, tell(Old, Hup), tell(Old, Usr2)],
    ];
    let foreground = [Usr2, Winch, Hup, Quit].map(|signal| tell(Old, signal)).to_vec();
    let foreground = Story { old: "1.22.1", new: "1.26.3", daemon: false, inputs: foreground };
    all_agree(on_each_version(&stories).chain([foreground]));
}

/// nginx-facts 19: USR2 is in flight when the file at the path is exchanged.
#[test]
fn what_is_at_the_path_when_usr2_is_taken_is_executed() {
    let tell = Input::Tell;
    let (old_file, no_file) = (Input::Put(Some(Generation::Old)), Input::Put(None));
    let in_flight = |meanwhile: &[Input]| together(Old, &[Usr2], meanwhile);
    let then = |first: Vec<Input>, rest: &[Input]| [first, rest.to_vec()].concat();
    all_agree(on_each_version(&[
        // A second master of the old file; both directions end well from there.
        then(in_flight(&[old_file]), &[tell(New, Quit)]),
        then(in_flight(&[old_file]), &[tell(Old, Winch), tell(Old, Quit)]),
        then(in_flight(&[no_file]), &[tell(Old, Hup)]),
        // Taken together with what ends, drains or reloads the one that takes it.
        together(Old, &[Usr2, Winch], &[old_file]),
        then(together(Old, &[Usr2, Hup], &[old_file]), &[tell(New, Term)]),
        together(Old, &[Usr2, Quit], &[old_file]),
        // In the other direction: what new is told waits for nobody but new.
        then(vec![tell(Old, Usr2), Input::Kill(Old)], &together(New, &[Usr2], &[old_file])),
        // The pid file goes meanwhile: poisoned when it is taken, not when it is told.
        then(in_flight(&[Input::RemovePidFile]), &[tell(Old, Hup)]),
    ]));
}

/// nginx-facts 11: the configuration that new reads has no unix `listen` any more.
#[test]
fn a_unix_listen_that_new_has_not_any_more_is_unlinked_at_its_start() {
    let tell = Input::Tell;
    let (without, with) =
        (Input::Configure(Configuration::WithoutUnix), Input::Configure(Configuration::AsBefore));
    all_agree(on_each_version(&[
        // And nothing of old brings it back: it listens on a socket without a path.
        vec![
            without,
            tell(Old, Usr2),
            tell(Old, Winch),
            tell(Old, Hup),
            tell(New, Quit),
            with,
            tell(Old, Hup),
        ],
        vec![without, tell(Old, Usr2), tell(New, Term), with, tell(Old, Usr2)],
        vec![without, tell(Old, Usr2), tell(Old, Quit)],
        // A reload does the same, and makes it again where it has none.
        vec![without, tell(Old, Hup), with, tell(Old, Hup), tell(Old, Quit)],
        vec![tell(Old, Usr2), without, tell(New, Hup), tell(New, Quit)],
        // New makes one of its own: it is the last that listens there.
        vec![without, tell(Old, Hup), with, tell(Old, Usr2), tell(New, Term)],
        vec![without, tell(Old, Hup), with, tell(Old, Usr2), tell(New, Quit), tell(Old, Hup)],
        // The path is taken: a reload fails, and so does a start.
        vec![without, tell(Old, Usr2), with, tell(New, Hup), without, tell(Old, Winch), tell(Old, Quit)],
        vec![
            without,
            tell(Old, Hup),
            with,
            tell(Old, Usr2),
            Input::Kill(New),
            tell(Old, Hup),
            tell(Old, Usr2),
        ],
    ]));
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

//! A block of a page as a session on a real nginx: its commands are run, and what they print takes its place.
//!
//! The line before the block says where: `<!-- real: running 1.22.1, offered 1.26.3, exit 0 -->`. The offered build
//! lies at `/srv/nginx/VERSION/nginx`, and `sha256=…` of a command stands for its digest. Commands before the last
//! end with 0.

use regex::Regex;

use super::page::{Block, Page};
use crate::support::host::Host;

/// What is mistyped in `/srv/plan.toml`, a copy of the standard plan: pages show what `check` says of it.
const RIGHT: &str = "answered-by = \"new\"";
const MISTYPED: &str = "answerd-by = \"new\"";

/// The block as it would be if it were made now.
pub(crate) fn printed(page: &Page, block: &Block) -> String {
    let place = format!("{}:{}", page.path, block.first);
    let marker = Regex::new(r"^<!-- real: running (\S+), offered (\S+), exit (\d+) -->$").expect("a pattern");
    let Some(found) = marker.captures(&block.before) else {
        panic!("{place}: no real nginx is named before the block");
    };
    let (_, [running, offered, exit]) = found.extract();
    let host = Host::new().running(running);
    let offer = host.offer(offered);
    let plan = super::read("plans/nginx.toml");
    assert!(plan.contains(RIGHT), "the standard plan has no {RIGHT}");
    host.write("/srv/plan.toml", plan.replacen(RIGHT, MISTYPED, 1));
    let commands = commands(&block.text);
    assert!(!commands.is_empty(), "{place}: no command");
    let mut text = Vec::new();
    for (count, command) in commands.iter().enumerate() {
        let words = command.replace("\\\n", " ");
        let mut words = words.split_whitespace();
        assert_eq!((words.next(), words.next()), (Some("$"), Some("changeover")), "{place}: {command}");
        let sha256 = format!("sha256={}", offer.sha256);
        let arguments: Vec<&str> =
            words.map(|word| if word.starts_with("sha256=") { &sha256 } else { word }).collect();
        let run = host.changeover_bare(&arguments);
        let expected = if count + 1 == commands.len() { exit.parse().expect("a code") } else { 0 };
        assert_eq!(run.exit(), expected, "{place}: {run}");
        let (stdout, stderr) = (run.stdout(), run.stderr);
        text.push(format!("{command}\n{}", format!("{stdout}{stderr}").trim_end()));
    }
    text.join("\n\n")
}

/// Lines that begin with `$`, and those that go on with a backslash.
fn commands(text: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in text.lines() {
        if line.starts_with("$ ") {
            commands.push(line.to_owned());
        } else if goes_on && let Some(last) = commands.last_mut() {
            *last = format!("{last}\n{line}");
        }
        goes_on = line.ends_with('\\') && (goes_on || line.starts_with("$ "));
    }
    commands
}

/// What is the same in every run: without pids, times, digests, ids, and what depends on when one looks.
pub(crate) fn fixed(text: &str) -> String {
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (pattern, instead) in [
        (r"[0-9a-f]{64}", "SHA256"),
        (r"sha256=\S+", "sha256=SHA256"),
        (r"\d{8}T\d{6}-\d+", "RUN"),
        (r"\b\d+(\.\d+)? (ms|s|m|h)\b", "TIME"),
        (r"TIME( TIME)+", "TIME"),
        // Where a pid is long it goes to the next line, behind the time at the right.
        (r", TIME window TIME", ", window TIME"),
        (r"\b(master|worker|names|kill -[A-Z]+) \d+", "$1 PID"),
        (r"\(\d+( \d+)*\)", "(PIDS)"),
        // Counted while a move takes effect, and while old workers finish: seen or not.
        (r", (old|new): \d+ of \d+ accepting(, \d+ draining)?", ""),
        (r"old: (no worker is left|nobody accepts, \d+ draining)", "old: DRAINED"),
    ] {
        text = Regex::new(pattern).expect("a pattern").replace_all(&text, instead).into_owned();
    }
    text
}

#[test]
fn only_what_differs_from_run_to_run_is_left_out() {
    let one = "new master 944 runs it, window 6 ms   11 ms\n5 of 5 by new (945 946), slowest 2 ms";
    let two = "new master 1218 runs it, window 0.8 ms\n 9 ms 5 of 5 by new (219), slowest 1.01 s";
    assert_eq!(fixed(one), fixed(two));
    assert_ne!(fixed(one), fixed(&one.replace("5 of 5", "4 of 5")));
    assert_ne!(fixed("status 500"), fixed("status 200"));
}

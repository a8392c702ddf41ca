//! Printing: stdout is data, stderr is talk. A closed or full pipe never changes an outcome.
#![expect(clippy::disallowed_methods, reason = "what the environment says of the terminal is read here")]

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use clap::error::ErrorKind;

use crate::{
    plan,
    report::{Style, json_text},
};

/// Exit code 2: the arguments cannot be used.
pub(super) const USAGE: u8 = 2;
/// Columns where there is no terminal to ask.
const COLUMNS: usize = 80;

/// clap's own text: help and version on stdout with 0, mistakes on stderr with 2.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    // A closed pipe must not become a panic.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(USAGE),
    }
}

/// One line of data.
pub(super) fn data(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// One JSON line of data, in which nothing is left that a terminal would act on.
pub(super) fn json(value: &serde_json::Value) {
    data(&json_text(value));
}

/// One line of talk.
pub(super) fn talk(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// What this terminal can show.
pub(super) fn style() -> Style {
    let terminal = is_terminal();
    let moves = terminal && env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| env::var(name).ok().filter(|it| !it.is_empty()));
    let utf8 = |it: &String| it.to_ascii_lowercase().replace('-', "").contains("utf8");
    Style {
        color: colour(moves),
        // Pipes and files are read by programs and people of today: UTF-8.
        unicode: !terminal || locale.as_ref().is_some_and(utf8),
        live: moves,
        width: width(),
    }
}

/// The same for the drawing of plans.
pub(super) fn plan_style() -> plan::Style {
    let style = style();
    plan::Style { width: style.columns(), colour: colour(style.live && io::stderr().is_terminal()) }
}

/// Whether colours are wanted where the terminal can show them, or there is none: <https://no-color.org>,
/// <https://bixense.com/clicolors>.
fn colour(shown: bool) -> bool {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    set("NO_COLOR").is_none() && (shown || set("CLICOLOR_FORCE").is_some_and(|value| value != "0"))
}

/// Whether standard output is a terminal.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether the terminal is this program's to draw on: not while it is a job in the background.
pub(super) fn in_foreground() -> bool {
    // Without a terminal that controls jobs there is no background.
    rustix::termios::tcgetpgrp(io::stdout()).map_or(true, |front| front == rustix::process::getpgrp())
}

/// Columns of the terminal, asked each time: it may be resized.
pub(super) fn width() -> usize {
    // A terminal that nobody has told its size says 0.
    let told = rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col));
    told.filter(|columns| *columns > 0).unwrap_or(COLUMNS)
}

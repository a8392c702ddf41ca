//! Printing: stdout is data, stderr is talk. A closed or full pipe never changes an outcome.
#![expect(clippy::disallowed_methods, reason = "what the environment says of the terminal is read here")]

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use clap::error::ErrorKind;

use crate::{plan, report::Style};

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

/// Puts `line` in the place of the terminal's last line; an empty one erases it. Without a line feed: the next stands there too.
pub(super) fn last_line(line: &str) {
    let mut stdout = io::stdout().lock();
    let _ = write!(stdout, "\r\x1b[K{line}").and_then(|()| stdout.flush());
}

/// One line of talk.
pub(super) fn talk(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// What this terminal can show.
pub(super) fn style() -> Style {
    let terminal = io::stdout().is_terminal();
    let moves = terminal && env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| env::var(name).ok().filter(|it| !it.is_empty()));
    let utf8 = |it: &String| it.to_ascii_lowercase().replace('-', "").contains("utf8");
    Style {
        color: moves && !set("NO_COLOR"),
        // Pipes and files are read by programs and people of today: UTF-8.
        unicode: !terminal || locale.as_ref().is_some_and(utf8),
        live: moves,
        width: width(),
    }
}

/// The same for the drawing of plans.
pub(super) fn plan_style() -> plan::Style {
    let style = style();
    plan::Style { width: style.columns(), colour: style.color && io::stderr().is_terminal() }
}

fn width() -> usize {
    rustix::termios::tcgetwinsize(io::stdout()).map_or(COLUMNS, |size| usize::from(size.ws_col).max(1))
}

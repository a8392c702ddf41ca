//! How lines look: marks, colours, width. Everything is readable without colour and without Unicode.

use anstyle::AnsiColor;
use miette::{GraphicalTheme, ThemeCharacters, ThemeStyles};

/// Lines are not made longer than this, whatever the terminal's width: longer ones are hard to read.
const WIDEST: usize = 80;

/// Lines are not made shorter than this: a narrower terminal wraps them itself.
const NARROWEST: usize = 40;

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Colours are wanted.
    pub color: bool,
    /// The locale's encoding is UTF-8.
    pub unicode: bool,
    /// The last line is redrawn while something is waited for.
    pub live: bool,
    /// Columns.
    pub width: usize,
}

/// The first character of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Done.
    Good,
    /// Failed.
    Bad,
    /// To be known.
    Warn,
    /// Still waiting.
    Wait,
    /// The turn of live lines.
    Spin(usize),
}

const SPIN: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const SPIN_ASCII: [&str; 4] = ["|", "/", "-", "\\"];

impl Style {
    /// Columns that a line may have.
    #[must_use]
    pub fn columns(self) -> usize {
        self.width.clamp(NARROWEST, WIDEST)
    }

    /// The mark, coloured where colours are wanted. One column wide.
    pub(super) fn mark(self, mark: Mark) -> String {
        let (unicode, ascii, color) = match mark {
            Mark::Good => ("✓", "+", AnsiColor::Green),
            Mark::Bad => ("×", "x", AnsiColor::Red),
            Mark::Warn => ("!", "!", AnsiColor::Yellow),
            Mark::Wait => ("…", ".", AnsiColor::Cyan),
            Mark::Spin(turn) => {
                let pick = |frames: &[&'static str]| frames.get(turn % frames.len()).copied().unwrap_or(".");
                (pick(&SPIN), pick(&SPIN_ASCII), AnsiColor::Cyan)
            }
        };
        self.paint(if self.unicode { unicode } else { ascii }, color.on_default())
    }

    /// `text` set off from the rest.
    pub(super) fn strong(self, text: &str) -> String {
        self.paint(text, anstyle::Style::new().bold())
    }

    /// `text` that matters less than the rest.
    pub(super) fn faint(self, text: &str) -> String {
        self.paint(text, anstyle::Style::new().dimmed())
    }

    fn paint(self, text: &str, style: anstyle::Style) -> String {
        if self.color && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// An arrow between two versions.
    pub(super) const fn arrow(self) -> &'static str {
        if self.unicode { "→" } else { "->" }
    }

    /// The theme in which a plan is underlined.
    #[must_use]
    pub fn theme(self) -> GraphicalTheme {
        GraphicalTheme {
            characters: if self.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() },
            styles: if self.color { ThemeStyles::ansi() } else { ThemeStyles::none() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Mark, Style};

    const PLAIN: Style = Style { color: false, unicode: true, live: false, width: 80 };

    #[test]
    fn colour_only_adds_to_what_is_there_without_it() {
        let colored = Style { color: true, ..PLAIN };
        assert_eq!(PLAIN.mark(Mark::Good), "✓");
        assert_eq!(colored.mark(Mark::Good), "\u{1b}[32m✓\u{1b}[0m");
        assert_eq!(Style { unicode: false, ..PLAIN }.mark(Mark::Bad), "x");
    }

    #[test]
    fn a_narrow_and_a_wide_terminal_get_readable_lines() {
        assert_eq!(Style { width: 3, ..PLAIN }.columns(), 40);
        assert_eq!(Style { width: 300, ..PLAIN }.columns(), 80);
    }
}

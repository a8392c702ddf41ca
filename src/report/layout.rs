//! Where things stand on a line. Every text that comes from outside passes [`printable`] here.

use textwrap::{Options, WordSeparator, WordSplitter, core::display_width};

use super::style::{Mark, Style};
use crate::nginx::printable;

/// Longer texts are cut: a line explains, the event file has the whole.
const MOST: usize = 1_000;

/// Columns of a step's title, the space behind it included.
const TITLE: usize = 19;

/// Columns of a field's name.
const FIELD: usize = 10;

/// Columns kept free for a time at the right.
const TIME: usize = 9;

/// One line of a run: a mark, a title, a text that wraps below itself, and a time at the right.
pub(super) struct Line<'a> {
    pub(super) mark: Mark,
    pub(super) title: &'a str,
    pub(super) text: &'a str,
    pub(super) time: Option<String>,
}

impl Line<'_> {
    /// The lines as they are printed.
    pub(super) fn lines(&self, style: Style) -> Vec<String> {
        let title = printable(self.title, MOST);
        let title = format!("{title:TITLE$}");
        let title = if title.ends_with(' ') { title } else { format!("{title} ") };
        let indent = 4 + TITLE;
        let room = style.columns().saturating_sub(indent + TIME).max(10);
        let mut texts = wrap(self.text, room, display_width(&title).saturating_sub(TITLE)).into_iter();
        let first = texts.next().unwrap_or_default();
        let mut head = format!("  {} {title}{first}", style.mark(self.mark));
        if let Some(time) = &self.time {
            let used = 4 + display_width(&title) + display_width(&first);
            let gap = style.columns().saturating_sub(1 + used + display_width(time)).max(1);
            head.push_str(&" ".repeat(gap));
            head.push_str(&style.faint(time));
        }
        let rest = texts.map(|text| format!("{}{text}", " ".repeat(indent)));
        std::iter::once(head.trim_end().to_owned()).chain(rest).collect()
    }
}

/// `  name      text`, wrapped below the text.
pub(super) fn field(style: Style, name: &str, text: &str) -> Vec<String> {
    indented(style, 2, FIELD, &style.faint(&format!("{name:FIELD$}")), text)
}

/// `name` at column `indent`, then `text` wrapped below itself at `indent + columns`.
pub(super) fn indented(style: Style, indent: usize, columns: usize, name: &str, text: &str) -> Vec<String> {
    let room = style.columns().saturating_sub(indent + columns + 1).max(20);
    let mut lines = Vec::new();
    for (count, text) in wrap(text, room, 0).into_iter().enumerate() {
        let line = if count == 0 {
            format!("{}{name}{text}", " ".repeat(indent))
        } else {
            format!("{}{text}", " ".repeat(indent + columns))
        };
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// `text` made printable, in lines of at most `room` columns, the first one `less` shorter. What is joined by
/// U+00A0 stays on one line where it fits.
fn wrap(text: &str, room: usize, less: usize) -> Vec<String> {
    let gap = " ".repeat(less.min(room / 2));
    let text = printable(text, MOST);
    // At spaces only: a path or a command that was cut in two cannot be copied.
    let options = Options::new(room)
        .initial_indent(&gap)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    let mut lines: Vec<String> =
        textwrap::wrap(&text, options).into_iter().map(|line| line.replace('\u{a0}', " ")).collect();
    match lines.first_mut() {
        Some(first) => *first = first.get(gap.len()..).unwrap_or_default().to_owned(),
        None => lines.push(String::new()),
    }
    lines
}

/// `text` cut to `columns`, for a line that must not wrap.
pub(super) fn cut(text: &str, columns: usize) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        let more = display_width(c.encode_utf8(&mut [0; 4]));
        if display_width(&shown) + more > columns {
            break;
        }
        shown.push(c);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{Line, cut, field};
    use crate::report::style::{Mark, Style};

    const PLAIN: Style = Style { color: false, unicode: true, live: false, width: 80 };

    fn shown(line: &Line<'_>) -> String {
        line.lines(PLAIN).join("\n")
    }

    #[test]
    fn a_time_ends_at_the_same_column_on_every_line() {
        let short = Line { mark: Mark::Good, title: "1 soak", text: "ok", time: Some("2 ms".into()) };
        let long =
            Line { mark: Mark::Good, title: "2 soak", text: "much longer", time: Some("41 ms".into()) };
        assert_eq!(shown(&short).chars().count(), 79);
        assert_eq!(shown(&long).chars().count(), 79);
    }

    #[test]
    fn a_long_text_goes_on_below_itself() {
        let text = "one two three four five six seven eight nine ten eleven twelve thirteen";
        let line = Line { mark: Mark::Good, title: "10 wait-for-workers", text, time: Some("1 ms".into()) };
        insta::assert_snapshot!(shown(&line), @r#"
        ✓ 10 wait-for-workers one two three four five six seven eight nine       1 ms
                             ten eleven twelve thirteen
        "#);
    }

    #[test]
    fn a_path_that_fits_on_a_line_is_not_cut() {
        let path = "/srv/nginx-builds/release-1.26.3/sbin/nginx-with-debug-symbols";
        let lines = field(PLAIN, "next", &format!("echo 812 > {path}"));
        assert!(lines.iter().any(|line| line.contains(path)), "{lines:?}");
    }

    #[test]
    fn a_log_line_cannot_move_the_cursor() {
        let lines = field(PLAIN, "evidence", "bad \u{1b}[2J\u{202e}line\r\nfeed");
        assert_eq!(lines, ["  evidence  bad \\u{1b}[2J\\u{202e}line\\u{d}\\u{a}feed"]);
    }

    #[test]
    fn wide_characters_count_as_two_columns() {
        assert_eq!(cut("a漢字b", 4), "a漢");
    }
}

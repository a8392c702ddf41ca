//! Problems as people read them: miette's drawing of the plan with what is underlined.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
    ThemeCharacters, ThemeStyles,
};

use super::{
    document::{Document, Span},
    problem::{Elsewhere, Label, Problem, Problems},
    words::acts_on_terminals,
};

/// The most bytes of a plan that are drawn around one place.
const LONGEST: usize = 4096;

/// How problems are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// The width in columns.
    pub width: usize,
    /// Whether ANSI colours are used.
    pub colour: bool,
}

impl Problems {
    /// All problems, one after the other, as text that ends in a newline.
    #[must_use]
    pub fn render(&self, style: Style) -> String {
        let mut drawn: Vec<_> =
            self.list.iter().map(|problem| problem.render(&self.document, style)).collect();
        if self.left_out > 0 {
            drawn.push(format!("… and {} more\n", self.left_out));
        }
        drawn.join("\n")
    }
}

impl Problem {
    /// The problem with its places underlined, as text that ends in a newline.
    #[must_use]
    pub fn render(&self, document: &Document, style: Style) -> String {
        let styles = if style.colour { ThemeStyles::ansi() } else { ThemeStyles::none() };
        let theme = GraphicalTheme { characters: ThemeCharacters::unicode(), styles };
        let handler = drawing(theme, style.width);
        let around = self.labels.iter().map(|label| document.lines_around(label.span, 1));
        // What stands behind the last place is not drawn, so it need not be made safe either.
        let end = around.clone().map(|lines| lines.end).max().unwrap_or(0);
        if around.clone().any(|lines| lines.end - lines.start > LONGEST) {
            return self.in_words(document);
        }
        let text = document.slice(Span { start: 0, end });
        let drawn = Drawn {
            source: NamedSource::new(safe(document.name()), safe(text)),
            code: Some(self.code),
            message: safe(&self.message),
            help: self.help.as_deref().map(safe),
            labels: self.labels.iter().map(|label| labelled(label.span, &label.text)).collect(),
        };
        let mut text = String::new();
        // Writing into a string does not fail; a half drawn problem would still say more than none.
        let _ = handler.render_report(&mut text, &drawn);
        text.extend(self.elsewhere.iter().map(beside));
        text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
    }
}

/// The one way in which plans are drawn, for problems and for what goes wrong in a run.
#[must_use]
pub fn drawing(theme: GraphicalTheme, width: usize) -> GraphicalReportHandler {
    GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false).with_break_words(false)
}

impl Problem {
    /// The problem without a drawing, for places whose lines are too long for any terminal.
    fn in_words(&self, document: &Document) -> String {
        let place = |label: &Label| {
            let at = document.position(label.span.start);
            format!("    {}:{}:{}: {}\n", safe(document.name()), at.line, at.column, safe(&label.text))
        };
        let places: String = self.labels.iter().map(place).collect();
        let help = self.help.as_ref().map(|help| format!("  help: {}\n", safe(help))).unwrap_or_default();
        format!("{}\n\n  × {}\n{places}{help}", self.code, safe(&self.message))
    }
}

fn labelled(span: Span, text: &str) -> LabeledSpan {
    LabeledSpan::new(Some(safe(text)), span.start, span.end - span.start)
}

/// A piece of text from outside the plan, drawn as miette draws the plan.
fn beside(place: &Elsewhere) -> String {
    let width = |range: std::ops::Range<usize>| place.text.get(range).map_or(0, |text| text.chars().count());
    let (indent, length) =
        (" ".repeat(width(0..place.span.start)), width(place.span.start..place.span.end).max(1));
    let middle = (length - 1) / 2;
    let (left, right) = ("─".repeat(middle), "─".repeat(length - 1 - middle));
    let (name, text, label) = (safe(&place.name), safe(&place.text), safe(&place.label));
    let deep = " ".repeat(middle);
    format!(
        "   ╭─[{name}]\n   │ {text}\n   · {indent}{left}┬{right}\n   · {indent}{deep}╰── {label}\n   ╰────\n"
    )
}

/// The same text, byte for byte as long, without anything that a terminal would act on.
#[must_use]
pub fn safe(text: &str) -> String {
    let stand_in = |c: char| match c {
        '\n' | '\t' => c,
        '\r' => ' ',
        c if !acts_on_terminals(c) => c,
        c => match c.len_utf8() {
            1 => '?',
            2 => '\u{b7}',
            _ => char::REPLACEMENT_CHARACTER,
        },
    };
    text.chars().map(stand_in).collect()
}

#[derive(Debug)]
struct Drawn {
    source: NamedSource<String>,
    code: Option<&'static str>,
    message: String,
    help: Option<String>,
    labels: Vec<LabeledSpan>,
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Drawn {}

impl Diagnostic for Drawn {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        (!self.labels.is_empty()).then_some(&self.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

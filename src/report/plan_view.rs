//! The plan as the report shows it: its text, and where each place of it lies.

use std::{collections::BTreeMap, ops::Range};

use miette::{GraphicalReportHandler, LabeledSpan, MietteDiagnostic, NamedSource, Report};

use super::style::Style;
use crate::{nginx::printable, plan::Document};

/// Longer labels and messages are cut.
const MOST: usize = 500;

/// The plan's text and the byte spans of its places.
#[derive(Clone, Debug, Default)]
pub struct PlanView {
    /// The file as given.
    pub file: String,
    /// Its whole text.
    pub text: String,
    /// Byte ranges of `text`, by path (`step[2].signal`, `watch[0]`; counted from 0).
    pub places: BTreeMap<String, Range<usize>>,
    /// How many steps there are.
    pub steps: usize,
}

impl PlanView {
    /// A loaded plan.
    #[must_use]
    pub fn of(document: &Document, steps: usize) -> Self {
        let places = document.places().map(|(path, span)| (path.to_string(), span.start..span.end)).collect();
        Self { file: document.name().to_owned(), text: document.text().to_owned(), places, steps }
    }

    /// The range of `place`, or of the nearest place that holds it.
    #[must_use]
    pub fn span(&self, place: &str) -> Option<Range<usize>> {
        let mut place = place;
        loop {
            if let Some(span) = self.places.get(place) {
                return Some(span.clone());
            }
            place = place.get(..place.rfind(['.', '['])?)?;
        }
    }

    /// `message` under its code, and the plan underlined at `place` where it has one.
    pub(super) fn underlined(
        &self,
        style: Style,
        code: &str,
        message: &str,
        place: Option<&str>,
        label: &str,
    ) -> Vec<String> {
        let mut diagnostic = MietteDiagnostic::new(printable(message, MOST)).with_code(printable(code, MOST));
        if let Some(span) = place.and_then(|place| self.span(place)) {
            let label = (!label.is_empty()).then(|| printable(label, MOST));
            diagnostic = diagnostic.with_label(LabeledSpan::new_with_span(label, span));
        }
        let source = NamedSource::new(printable(&self.file, MOST), same_length(&self.text));
        let report = Report::new(diagnostic).with_source_code(source);
        let mut shown = String::new();
        let handler = GraphicalReportHandler::new_themed(style.theme())
            .with_width(style.columns())
            .with_links(false)
            .with_context_lines(1);
        if handler.render_report(&mut shown, report.as_ref()).is_err() {
            shown = format!("{code}: {}", printable(message, MOST));
        }
        shown.lines().map(|line| line.trim_end().to_owned()).collect()
    }
}

/// The text with every character that could move the cursor or turn the line replaced, spans unchanged.
fn same_length(text: &str) -> String {
    let fit = |c: char| {
        matches!(c, '\n' | '\t' | ' '..='~') || printable(c.encode_utf8(&mut [0; 4]), 1).starts_with(c)
    };
    text.chars().flat_map(|c| if fit(c) { vec![c] } else { vec!['?'; c.len_utf8()] }).collect()
}

#[cfg(test)]
mod tests {
    use super::{PlanView, same_length};
    use crate::report::style::Style;

    const PLAIN: Style = Style { color: false, unicode: true, live: false, width: 80 };

    fn plan() -> PlanView {
        let text = "format = 1\n\n[[step]]\naction = \"signal\"\nsignal = \"USR2\"\n".to_owned();
        let places = [("step[0]", 12..20), ("step[0].signal", 48..54)];
        let places = places.into_iter().map(|(place, span)| (place.to_owned(), span)).collect();
        PlanView { file: "plans/nginx.toml".into(), text, places, steps: 1 }
    }

    #[test]
    fn a_place_without_a_span_falls_back_to_what_holds_it() {
        assert_eq!(plan().span("step[0].signal"), Some(48..54));
        assert_eq!(plan().span("step[0].timeout"), Some(12..20));
        assert_eq!(plan().span("watch[3].probe"), None);
    }

    #[test]
    fn the_plan_is_underlined_at_the_place() {
        let lines = plan().underlined(PLAIN, "run/x", "it failed", Some("step[0].signal"), "here");
        insta::assert_snapshot!(lines.join("\n"), @r#"
        run/x

          × it failed
           ╭─[plans/nginx.toml:5:10]
         4 │ action = "signal"
         5 │ signal = "USR2"
           ·          ───┬──
           ·             ╰── here
           ╰────
        "#);
    }

    #[test]
    fn characters_that_turn_the_line_are_replaced_and_spans_stay() {
        let text = "a\u{202e}b\u{7f}é\n";
        assert_eq!(same_length(text), "a???b?é\n");
        assert_eq!(same_length(text).len(), text.len());
    }
}

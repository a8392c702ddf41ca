//! The plan as the report shows it: its text, and where each place of it lies.

use std::{collections::BTreeMap, ops::Range};

use miette::{LabeledSpan, MietteDiagnostic, NamedSource, Report};

use super::style::Style;
use crate::{
    nginx::printable,
    plan::{Document, drawing, safe},
};

/// Longer labels and messages are cut.
const MOST: usize = 500;

/// Keys that say what a step or a watch is about, the most telling first.
const TELLING: [&str; 6] = ["probe", "signal", "until", "source", "for", "action"];

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

    /// The range of `place`, or of the nearest place that holds it. Of a whole step or watch the key that says
    /// what it is about: that is where a person would change it.
    #[must_use]
    pub fn span(&self, place: &str) -> Option<Range<usize>> {
        let telling = TELLING.iter().find_map(|key| self.places.get(&format!("{place}.{key}")));
        let found = telling.filter(|_| place.ends_with(']')).or_else(|| self.places.get(place));
        match found {
            Some(span) => Some(span.clone()),
            None => self.span(place.get(..place.rfind(['.', '['])?)?),
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
        let source = NamedSource::new(printable(&self.file, MOST), safe(&self.text));
        let report = Report::new(diagnostic).with_source_code(source);
        let mut shown = String::new();
        let handler = drawing(style.theme(), style.columns());
        if handler.render_report(&mut shown, report.as_ref()).is_err() {
            shown = format!("{code}: {}", printable(message, MOST));
        }
        shown.lines().map(|line| line.trim_end().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::PlanView;
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
        assert_eq!(plan().span("step[0]"), Some(48..54));
        assert_eq!(plan().span("step[0].timeout"), Some(48..54));
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
    fn a_step_of_the_standard_plan_is_underlined_in_one_line() {
        let plan = include_bytes!("../../plans/nginx.toml");
        let set = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let sets = [("version", "1.26.3"), ("source", "/srv/nginx"), ("sha256", &"0".repeat(64))].map(set);
        let loaded = crate::plan::load("plans/nginx.toml", plan, &sets, crate::plan::Inputs::Given).unwrap();
        let lines = PlanView::of(&loaded.document, 7).underlined(
            PLAIN,
            "run/x",
            "it failed",
            Some("step[5]"),
            "here",
        );
        assert!(lines.iter().any(|line| line.contains("probe = \"health\"")), "{lines:#?}");
        assert_eq!(lines.iter().filter(|line| line.contains("┬")).count(), 1, "{lines:#?}");
    }
}

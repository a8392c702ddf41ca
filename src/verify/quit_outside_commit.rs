//! `verify/quit-outside-commit`: a signal step that ends old's master.

use crate::{
    plan::{Action, Loaded, PlanPath, Problem},
    protocol::{Generation, Signal},
};

/// QUIT and TERM to old's master are the point of no return at once (nginx-facts 6): only `commit` sends QUIT, after
/// its record and after new was seen accepting once more.
pub(super) fn findings(loaded: &Loaded) -> Vec<Problem> {
    let ends = |action: &Action| match action {
        Action::Signal(step) if step.to.generation() == Generation::Old => {
            Some(step.signal).filter(|signal| matches!(signal, Signal::Quit | Signal::Term))
        }
        _ => None,
    };
    let steps = loaded.plan.steps.iter().enumerate();
    steps
        .filter_map(|(index, step)| {
            let signal = ends(&step.action)?;
            let span = loaded.document.nearest_span(&PlanPath::step(index).key("signal"));
            let message = format!("{signal} to the old master leaves no way back");
            Some(
                Problem::new("verify/quit-outside-commit", message, span, "old ends here, before the commit")
                    .help("take the step out: `commit` sends QUIT itself, once new was seen accepting"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::{
        plan::{Inputs, load},
        verify::findings,
    };

    fn codes(signal: &str, to: &str) -> Vec<(&'static str, String)> {
        let plan = format!(
            "format = 1\nname = \"n\"\n\n[service]\nkind = \"nginx\"\npid-file = \"/run/nginx.pid\"\n\n\
             [[step]]\naction = \"signal\"\nsignal = \"{signal}\"\nto = \"{to}-master\"\n\n\
             [[step]]\naction = \"commit\"\n"
        );
        let loaded = load("plan.toml", plan.as_bytes(), &[], Inputs::Given).unwrap();
        let under = |span| loaded.document.slice(span).to_owned();
        findings(&loaded).iter().map(|it| (it.code, under(it.labels[0].span))).collect()
    }

    #[test]
    fn quit_and_term_to_old_are_found_at_the_signal() {
        for signal in ["QUIT", "TERM"] {
            assert_eq!(codes(signal, "old"), [("verify/quit-outside-commit", format!("\"{signal}\""))]);
        }
    }

    #[test]
    fn other_signals_and_the_new_master_are_not() {
        assert_eq!(codes("WINCH", "old"), []);
        assert_eq!(codes("QUIT", "new"), []);
    }
}

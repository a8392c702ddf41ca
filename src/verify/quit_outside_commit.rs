//! `verify/quit-outside-commit`: a signal step that ends old's master.

use super::{
    explore::{Bad, What},
    finding::Finding,
};
use crate::{
    plan::{Action, Loaded},
    protocol::{Generation, Signal},
};

/// QUIT and TERM to old's master are the point of no return at once (nginx-facts 6): only `commit` sends QUIT, after
/// its record and after new was seen accepting once more. The story is how such a step leaves nobody, where it can.
pub(super) fn findings(loaded: &Loaded, bad: &[Bad]) -> Vec<Finding> {
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
            let message = format!("{signal} to the old master leaves no way back");
            let label = "old ends here, before the commit";
            let problem =
                Finding::at_step(loaded, index, "signal", "verify/quit-outside-commit", &message, label)
                    .help("take the step out: `commit` sends QUIT itself, once new was seen accepting");
            let line = format!("{}. {signal}", index + 1);
            let outages = bad.iter().filter(|bad| bad.what == What::NobodyAccepts);
            let story = outages
                .filter(|bad| bad.step == index)
                .find(|bad| bad.story.iter().any(|told| told.starts_with(&line)));
            Some(Finding::error(problem, story.map(|bad| bad.story.clone()).unwrap_or_default()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::{
        plan::{Inputs, load},
        verify::verify,
    };

    fn codes(signal: &str, to: &str) -> Vec<(&'static str, String)> {
        let plan = format!(
            "format = 1\nname = \"n\"\n\n[service]\nkind = \"nginx\"\npid-file = \"/run/nginx.pid\"\n\n\
             [[step]]\naction = \"signal\"\nsignal = \"{signal}\"\nto = \"{to}-master\"\n\n\
             [[step]]\naction = \"commit\"\n"
        );
        let loaded = load("plan.toml", plan.as_bytes(), &[], Inputs::Given).unwrap();
        let under = |span| loaded.document.slice(span).to_owned();
        let errors = verify(&loaded).findings.into_iter().map(|it| it.problem);
        let ends = errors.filter(|it| it.code == "verify/quit-outside-commit");
        ends.map(|it| (it.code, under(it.labels[0].span))).collect()
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

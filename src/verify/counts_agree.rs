//! `verify/step-never-passes`: two steps want different numbers of workers of one generation.

use std::collections::BTreeMap;

use super::{facts::is_open, finding::Finding};
use crate::{
    plan::{Action, Loaded, PlanPath},
    protocol::{Generation, Signal},
};

/// A master has the number of workers that its configuration said when it started, or was last told HUP, and a `count` is
/// exact: without one of the two between them, one of two numbers is wrong.
pub(super) fn findings(loaded: &Loaded) -> Vec<Finding> {
    let (mut wanted, mut found) = (BTreeMap::new(), Vec::new());
    for (index, step) in loaded.plan.steps.iter().enumerate() {
        match &step.action {
            Action::Signal(step) => match (step.signal, step.to.generation()) {
                (Signal::Usr2, Generation::Old) => drop(wanted.remove(&Generation::New)),
                (Signal::Hup, to) => drop(wanted.remove(&to)),
                _ => {}
            },
            Action::WaitForWorkers(step) => {
                let Some(count) = step.count.filter(|_| !is_open(loaded, &place(index))) else { continue };
                let (first, before) = *wanted.entry(step.generation).or_insert((index, count));
                if before != count {
                    found.push(finding(loaded, (first, before), (index, count), step.generation));
                }
            }
            _ => {}
        }
    }
    found
}

fn place(step: usize) -> PlanPath {
    PlanPath::step(step).key("count")
}

fn finding(
    loaded: &Loaded,
    (first, before): (usize, u32),
    (index, count): (usize, u32),
    which: Generation,
) -> Finding {
    let message = format!(
        "step {} can never pass: it waits for {count} workers of {which}, step {} for {before}",
        index + 1,
        first + 1
    );
    let label = "nothing between the two changes how many there are";
    let problem = Finding::at_step(loaded, index, "count", "verify/step-never-passes", &message, label);
    let problem = problem.also(loaded.document.nearest_span(&place(first)), "and here it is another number");
    let help = "give both the same `count`, or none: it is then what the configuration says";
    Finding::error(problem.help(help), Vec::new())
}

#[cfg(test)]
mod tests {
    use crate::{
        plan::{Inputs, load},
        verify::verify,
    };

    /// The findings about numbers in a plan of these steps: a signal and its master, or a generation and its count.
    fn found(steps: &[(&str, &str)]) -> Vec<String> {
        let mut plan = "format = 1\nname = \"n\"\n\n[inputs.many]\ntype = \"integer\"\n\n[inputs.five]\n\
                        type = \"integer\"\ndefault = 5\n\n[service]\nkind = \"nginx\"\npid-file = \"/run/nginx.pid\"\n"
            .to_owned();
        for (what, with) in steps {
            let step = match *what {
                "old" | "new" => format!(
                    "action = \"wait-for-workers\"\ngeneration = \"{what}\"\nuntil = \"accepting\"\ncount = {with}"
                ),
                signal => format!("action = \"signal\"\nsignal = \"{signal}\"\nto = \"{with}-master\""),
            };
            plan = format!("{plan}\n[[step]]\n{step}\n");
        }
        // Both inputs are used somewhere.
        let end = "[[step]]\naction = \"rollback\"\nname = \"${many} ${five}\"\n";
        let loaded = load("n", format!("{plan}\n{end}").as_bytes(), &[], Inputs::Open).unwrap();
        let messages = verify(&loaded).findings.into_iter().map(|it| it.problem.message);
        messages.filter(|it| it.contains(" waits for ")).collect()
    }

    const USR2: (&str, &str) = ("USR2", "old");

    #[test]
    fn two_numbers_of_one_generation_are_found_unless_it_may_have_changed_between() {
        assert_eq!(
            found(&[USR2, ("new", "4"), ("new", "2")]),
            ["step 3 can never pass: it waits for 2 workers of new, step 2 for 4"]
        );
        assert_eq!(found(&[USR2, ("new", "4"), ("HUP", "old"), ("new", "2")]).len(), 1);
        assert_eq!(found(&[("old", "2"), USR2, ("old", "4")]).len(), 1);
        for steps in [
            &[USR2, ("new", "4"), ("new", "4")][..],
            &[("old", "2"), USR2, ("new", "4")],
            &[USR2, ("new", "4"), ("HUP", "new"), ("new", "2")],
            &[USR2, ("new", "4"), ("QUIT", "new"), USR2, ("new", "2")],
        ] {
            assert_eq!(found(steps), [""; 0], "{steps:?}");
        }
    }

    #[test]
    fn a_number_that_is_still_to_be_given_is_not_compared_and_a_default_is() {
        assert_eq!(found(&[USR2, ("new", "\"${many}\""), ("new", "2")]), [""; 0]);
        assert_eq!(found(&[USR2, ("new", "\"${five}\""), ("new", "2")]).len(), 1);
    }
}

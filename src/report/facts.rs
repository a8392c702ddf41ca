//! The facts of a plan for people: a block for each step.

use super::{layout::field, style::Style};
use crate::{
    engine::{PlanTimes, StepFacts, units},
    nginx::printable,
};

/// Longer texts are cut.
const MOST: usize = 200;

/// The lines of all steps, and how long the whole way can take.
#[must_use]
pub fn facts(style: Style, steps: &[StepFacts], times: PlanTimes) -> Vec<String> {
    let each = steps.iter().flat_map(|step| one(style, step));
    let all = in_all(times).into_iter().zip(["in all"].into_iter().chain(std::iter::repeat("")));
    each.chain(all.flat_map(|(text, name)| field(style, name, &text))).collect()
}

/// The budget beside the steps: a run may go back by it although no step was late.
fn in_all(times: PlanTimes) -> Vec<String> {
    let PlanTimes { forward, budget, drain, back } = times;
    let within = |time: f64| units::bound(time);
    let forward = match (forward, budget) {
        (Some(steps), Some(budget)) if budget < steps => {
            format!("at most {}, by the budget; the steps may take {}", within(budget), within(steps))
        }
        (None, Some(budget)) => format!("at most {}, by the budget", within(budget)),
        (steps, _) => at_most(steps),
    };
    let drain = drain.map(|drain| format!("then old's connections at most {}", within(drain)));
    let back = format!("back at most {}", within(back));
    std::iter::once(format!("forward {forward}")).chain(drain).chain([back]).collect()
}

fn at_most(time: Option<f64>) -> String {
    time.map_or_else(|| OPEN.to_owned(), |time| format!("at most {}", units::bound(time)))
}

/// A time of an input that has no value yet.
const OPEN: &str = "as long as inputs say that are still to be given";

fn one(style: Style, step: &StepFacts) -> Vec<String> {
    let title = format!("{} {} {}", step.step, step.action, printable(&step.about, MOST));
    let back = match step.longest_back {
        None if !step.reached => "no run comes here: a step before never passes".to_owned(),
        None => "nothing leads back from here".to_owned(),
        Some(_) if step.back.is_empty() => "nothing has to be put back".to_owned(),
        Some(longest) => format!("{}; at most {}", step.back.join(", "), units::bound(longest)),
    };
    let takes = at_most(step.longest);
    let fields = [("effect", &step.effect), ("witness", &step.witness), ("back", &back), ("takes", &takes)];
    let lines = fields.into_iter().flat_map(|(name, text)| field(style, name, text));
    std::iter::once(style.strong(title.trim_end())).chain(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::{PlanTimes, in_all};

    const PLAN: PlanTimes =
        PlanTimes { forward: Some(300_000.0), budget: None, drain: Some(30_000.0), back: 14_000.0 };

    #[test]
    fn the_way_forward_is_as_long_as_its_steps_or_its_budget() {
        let with = |forward, budget| in_all(PlanTimes { forward, budget, ..PLAN })[0].clone();
        let all = PLAN.forward;
        assert_eq!(with(all, None), "forward at most 5 m");
        assert_eq!(with(all, Some(600_000.0)), "forward at most 5 m");
        let cut = "forward at most 2 m, by the budget; the steps may take 5 m";
        assert_eq!(with(all, Some(120_000.0)), cut);
        assert_eq!(with(None, Some(120_000.0)), "forward at most 2 m, by the budget");
        assert_eq!(with(None, None), "forward as long as inputs say that are still to be given");
    }

    #[test]
    fn what_comes_after_the_commit_and_the_way_back_stand_below() {
        let (forward, back) = ("forward at most 5 m", "back at most 14 s");
        assert_eq!(in_all(PLAN), [forward, "then old's connections at most 30 s", back]);
        assert_eq!(in_all(PlanTimes { drain: None, ..PLAN }), [forward, back]);
    }
}

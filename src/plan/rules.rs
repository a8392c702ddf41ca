//! What the shape of a plan cannot say: its end, the names of probes, headers, keys that would be ignored.

use super::{
    probe_rules,
    problem::Problem,
    tree::Node,
    words::{excerpt, suggestion},
};

/// How many headers of one table are looked at; the schema allows no more.
const MOST_HEADERS: usize = 100;

/// Checks what goes across tables. It reads the tree, so that it also works where other problems stand.
pub(super) fn check(root: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    let steps = root.get("step").map(Node::items).unwrap_or_default();
    ends(steps, &mut problems);
    problems.extend(binary_twice(steps));
    let watches = root.get("watch").map(Node::items).unwrap_or_default();
    let probes = root.get("probe").map(Node::entries).unwrap_or_default();
    let names: Vec<_> = probes.iter().map(|entry| entry.key.as_str()).collect();
    for user in steps.iter().filter(|step| action(step) == Some("http-probe")).chain(watches) {
        problems.extend(user.get("probe").and_then(|name| unknown_probe(name, &names)));
    }
    problems.extend(steps.iter().filter_map(count_without_accepting));
    for probe in probes {
        problems.extend(probe_rules::check(&probe.node));
        let expected = probe.node.get("expect").and_then(|expect| expect.get("headers"));
        for headers in probe.node.get("headers").into_iter().chain(expected) {
            bad_headers(headers, &mut problems);
        }
    }
    problems
}

fn action(step: &Node) -> Option<&str> {
    step.get("action").and_then(Node::as_str)
}

/// Exactly one `commit` or `rollback`, and nothing behind it.
fn ends(steps: &[Node], problems: &mut Vec<Problem>) {
    let Some(last) = steps.last() else { return };
    let is_end = |step: &&Node| matches!(action(step), Some("commit" | "rollback"));
    let mut ends = steps.iter().enumerate().filter(|(_, step)| is_end(step));
    let Some((place, first)) = ends.next() else {
        problems.push(
            Problem::new("plan/not-one-end", "the plan has no end", last.span, "this is the last step")
                .help("add a last `[[step]]` with `action = \"commit\"`, or with `\"rollback\"` for a drill"),
        );
        return;
    };
    let says = |step: &Node| step.get("action").map_or(step.span, |action| action.span);
    let mut another = false;
    for (_, again) in ends {
        another = true;
        problems.push(
            Problem::new("plan/not-one-end", "the plan ends twice", says(again), "and a second time here")
                .also(says(first), "the plan ends here")
                .help("keep one `commit` or `rollback`, as the last step"),
        );
    }
    if let Some(behind) = steps.get(place + 1).filter(|_| !another) {
        problems.push(
            Problem::new(
                "plan/step-after-end",
                "a step stands behind the end",
                says(behind),
                "never reached",
            )
            .also(says(first), "the plan ends here")
            .help(format!("make `{}` the last step", action(first).unwrap_or_default())),
        );
    }
}

/// A plan leads to one binary: what a second step says would be ignored.
fn binary_twice(steps: &[Node]) -> Option<Problem> {
    let mut actions = steps.iter().filter(|step| brings_binary(step)).filter_map(|step| step.get("action"));
    let (first, second) = (actions.next()?, actions.next()?);
    let message = "the plan says twice which binary new runs";
    Some(
        Problem::new("plan/binary-twice", message, second.span, "and a second time here")
            .also(first.span, "said here")
            .help("keep one: `replace-binary` brings a file, `adopt-binary` takes the one at the path"),
    )
}

/// Whether a step says which binary new runs.
pub(super) fn brings_binary(step: &Node) -> bool {
    matches!(action(step), Some("replace-binary" | "adopt-binary"))
}

fn unknown_probe(name: &Node, names: &[&str]) -> Option<Problem> {
    let text = name.as_str().filter(|text| !name.open && !names.contains(text))?;
    let shown = excerpt(text);
    let help = if names.is_empty() {
        format!("add a table `[probe.{shown}]` with a `url`")
    } else {
        suggestion(text, "probes", names)
    };
    let label = format!("there is no `[probe.{shown}]`");
    Some(Problem::new("plan/unknown-probe", format!("unknown probe `{shown}`"), name.span, label).help(help))
}

fn count_without_accepting(step: &Node) -> Option<Problem> {
    let count = step.entry("count").filter(|_| action(step) == Some("wait-for-workers"))?;
    let until = step.get("until").filter(|until| matches!(until.as_str(), Some("draining" | "gone")))?;
    let message = "`count` says how many workers must accept, and nothing here accepts";
    Some(
        Problem::new("plan/count-without-accepting", message, count.key_span, "this would be ignored")
            .also(until.span, "none is waited for to accept")
            .help("take `count` out, or write `until = \"accepting\"`"),
    )
}

fn bad_headers(headers: &Node, problems: &mut Vec<Problem>) {
    use reqwest::header::{HeaderName, HeaderValue};
    for entry in headers.entries().iter().take(MOST_HEADERS) {
        // A key that is a reference is refused where references are looked at.
        if !entry.key.contains("${") && HeaderName::from_bytes(entry.key.as_bytes()).is_err() {
            let message = format!("`{}` cannot be the name of a header", excerpt(&entry.key));
            problems.push(
                Problem::new("plan/bad-header", message, entry.key_span, "HTTP does not allow this")
                    .help("write letters, digits and `-`, without the colon"),
            );
        }
        let value = entry.node.as_str().filter(|value| HeaderValue::from_str(value).is_err());
        if value.is_some() {
            let message = format!("this cannot be the value of the header `{}`", excerpt(&entry.key));
            problems.push(
                Problem::new("plan/bad-header", message, entry.node.span, "HTTP does not allow this")
                    .help("write visible characters and spaces on one line"),
            );
        }
    }
}

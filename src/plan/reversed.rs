//! The text of a plan that leads back: the same plan, with another binary in its binary step.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Document, Span,
    edit::{edited, is_inline, quoted, taken_out},
    inputs::{ResolvedInput, named, whole},
    rules::brings_binary,
    steps::ReplaceBinary,
    syntax,
    tree::{Node, Value},
};

/// The binary that the plan brings instead of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brings {
    /// The file.
    pub source: String,
    /// Its SHA-256, hex.
    pub sha256: String,
    /// What follows the slash in its `-v`.
    pub version: String,
}

/// A plan as text, and the values of its inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversed {
    /// The text.
    pub text: String,
    /// Names and values; what is secret is not among them.
    pub values: Vec<(String, String)>,
}

/// The same plan under another name, with this binary; `None` where it has no binary step. Its inputs keep their values.
///
/// An input that is all that `source`, `sha256` or `version` says, and that stands elsewhere too, has the new value there as
/// well: a probe that expects `${version}` expects the version that the plan leads to. One that stands nowhere else goes.
#[must_use]
pub fn reversed(
    document: &Document,
    inputs: &[ResolvedInput],
    name: &str,
    brings: &Brings,
) -> Option<Reversed> {
    let (tree, ..) = syntax::read(document);
    let step = tree.get("step")?.items().iter().find(|step| brings_binary(step))?;
    let says = [("source", &brings.source), ("sha256", &brings.sha256), ("version", &brings.version)];
    let title = tree.get("name")?;
    let mut changed: Vec<Span> = says.iter().filter_map(|(key, _)| Some(step.get(key)?.span)).collect();
    changed.push(title.span);
    let mut used = BTreeSet::new();
    let elsewhere = tree.entries().iter().filter(|entry| entry.key != "inputs");
    elsewhere.for_each(|entry| uses(&entry.node, &changed, &mut used));

    let mut edits = vec![(title.span, quoted(name))];
    let mut anew = BTreeMap::new();
    let mut action = quoted(ReplaceBinary::KIND);
    for (key, value) in says {
        let input = |node: &Node| {
            node.as_str().and_then(whole).filter(|input| used.contains(*input)).map(str::to_owned)
        };
        match step.get(key).map(|node| (node.span, input(node))) {
            Some((_, Some(input))) => drop(anew.insert(input, value.clone())),
            Some((span, None)) => edits.push((span, quoted(value))),
            None => {
                let between = if is_inline(document, step) { ", " } else { "\n" };
                action.extend([between, key, " = ", &quoted(value)]);
            }
        }
    }
    edits.push((step.get("action")?.span, action));
    if let Some(declared) = tree.get("inputs") {
        let unused = declared.entries().iter().filter(|input| !used.contains(&input.key));
        edits.extend(unused.flat_map(|input| taken_out(document, declared, input)));
    }
    let known = inputs.iter().filter(|input| !input.secret && used.contains(&input.name));
    let value = |input: &ResolvedInput| anew.get(&input.name).unwrap_or(&input.value).clone();
    let values = known.map(|input| (input.name.clone(), value(input))).collect();
    Some(Reversed { text: edited(document.text(), edits), values })
}

/// The inputs that a value names, without what is changed.
fn uses(node: &Node, changed: &[Span], used: &mut BTreeSet<String>) {
    match &node.value {
        _ if changed.contains(&node.span) => {}
        Value::String(text) => used.extend(named(text).map(str::to_owned)),
        Value::Array(items) => items.iter().for_each(|item| uses(item, changed, used)),
        Value::Table(entries) => entries.iter().for_each(|entry| uses(&entry.node, changed, used)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Action, Inputs, Loaded, Origin, Plan, Values, load};

    const KEPT: &str = "/usr/sbin/.nginx.changeover-1";

    fn brings(version: &str) -> Brings {
        Brings { source: KEPT.into(), sha256: "c".repeat(64), version: version.into() }
    }

    fn owned(values: &[(&str, &str)]) -> Vec<(String, String)> {
        values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// A plan and its values, turned round to 1.22.1 and loaded again.
    fn turned(text: &str, values: &[(&str, &str)]) -> (Loaded, Reversed, Loaded) {
        turned_to("1.22.1", text, &owned(values))
    }

    fn turned_to(version: &str, text: &str, sets: &[(String, String)]) -> (Loaded, Reversed, Loaded) {
        let environment = |name: &str| (name == "TOKEN").then(|| "secret".into());
        let read = |text: &str, sets: &[(String, String)]| {
            let values = Values { recorded: sets, sets: &[], file: None, environment: &environment };
            load("a", text.as_bytes(), values, Inputs::Given)
                .unwrap_or_else(|problems| panic!("{:?}\n{text}", problems.list))
        };
        let before = read(text, sets);
        let reversed = reversed(&before.document, &before.inputs, "back", &brings(version)).unwrap();
        let after = read(&reversed.text, &reversed.values);
        (before, reversed, after)
    }

    /// What must be the same: all but the name and the binary step.
    fn rest(plan: &Plan) -> Plan {
        let mut plan = plan.clone();
        (plan.name, plan.inputs) = (String::new(), BTreeMap::new());
        plan.steps.retain(|step| !matches!(step.action, Action::ReplaceBinary(_) | Action::AdoptBinary(_)));
        plan
    }

    fn is_turned(before: &Loaded, after: &Loaded) {
        assert_eq!(rest(&before.plan), rest(&after.plan));
        assert_eq!((before.plan.steps.len(), &*after.plan.name), (after.plan.steps.len(), "back"));
        let steps = before.plan.steps.iter().zip(&after.plan.steps);
        for (was, is) in steps.filter(|(was, is)| was != is) {
            assert_eq!(was.common, is.common);
            let Action::ReplaceBinary(step) = &is.action else { panic!("{is:?}") };
            assert_eq!((step.source.to_str(), step.sha256.to_string()), (Some(KEPT), "c".repeat(64)));
            assert_eq!(step.version.as_deref(), Some("1.22.1"));
        }
    }

    #[test]
    fn every_plan_of_the_project_that_brings_a_binary_can_be_turned_round_again_and_again() {
        let plans = std::fs::read_dir("plans").unwrap().map(|plan| plan.unwrap().path());
        let mut count = 0;
        for plan in plans.filter(|plan| plan.extension().is_some_and(|extension| extension == "toml")) {
            let text = std::fs::read_to_string(&plan).unwrap();
            let digest = "a".repeat(64);
            let known = [("version", "1.26.3"), ("sha256", &digest), ("source", "/srv/nginx")];
            let needed = |name: &str| text.contains(&format!("[inputs.{name}]"));
            let sets: Vec<_> = known.into_iter().filter(|(name, _)| needed(name)).collect();
            let (before, once, after) = turned(&text, &sets);
            is_turned(&before, &after);
            let (_, twice, _) = turned_to("1.22.1", &once.text, &once.values);
            assert_eq!(twice, once, "{}", plan.display());
            count += 1;
        }
        assert!(count >= 6, "{count}");
    }

    const HEAD: &str = "format = 1\nname = \"n ${v}\"\n[service]\nkind = \"nginx\"\npid-file = \"/run/nginx.pid\"\n\
                        [probe.health]\nurl = \"http://127.0.0.1/\"\n";

    #[test]
    fn an_input_of_the_step_that_stands_elsewhere_too_says_there_what_the_plan_leads_to() {
        let text = format!(
            "{HEAD}headers = {{ token = \"${{token}}\" }}\nexpect.headers = {{ server = \"nginx/${{v}}\" }}\n\
             expect.body-contains = \"${{word}}\"\n\
             [inputs]\nv.type = \"string\"\ndir = {{ type = \"path\" }}\nword = {{ type = \"string\", default = \"ok\" }}\n\
             token = {{ type = \"string\", secret = true, from-env = \"TOKEN\" }}\n\
             [[step]]\naction = \"replace-binary\" # c\nsource = \"${{dir}}/${{v}}\"\n\
             sha256 = '''{}'''\nversion = \"${{v}}\"\nname = \"b\"\ntimeout = \"3s\"\n[[step]]\naction = \"commit\"\n",
            "a".repeat(64)
        );
        let (before, reversed, after) = turned(&text, &[("v", "1.26.3"), ("dir", "/srv")]);
        assert_eq!(reversed.values, owned(&[("v", "1.22.1"), ("word", "ok")]));
        let server = |loaded: &Loaded| loaded.plan.probes["health"].expect.headers["server"].clone();
        assert_eq!((server(&before), server(&after)), ("nginx/1.26.3".into(), "nginx/1.22.1".into()));
        let (_, _, forward) = turned_to("1.26.3", &reversed.text, &reversed.values);
        assert_eq!(server(&forward), "nginx/1.26.3");
        assert!(!reversed.text.contains("dir") && reversed.text.contains("# c"), "{}", reversed.text);
        let step = &after.plan.steps[0].common;
        assert_eq!((step.name.as_deref(), step.timeout.map(|it| it.as_secs())), (Some("b"), Some(3)));
        let origins: Vec<_> = after.inputs.iter().map(|input| (&*input.name, input.origin)).collect();
        let recorded = Origin::Recorded;
        assert_eq!(origins, [("v", recorded), ("word", recorded), ("token", Origin::FromEnv)]);
    }

    #[test]
    fn an_adopting_step_becomes_one_that_replaces_also_where_it_stands_in_braces() {
        for step in [
            "[[step]]\naction = \"adopt-binary\"\nif-same = \"run\"\n[[step]]\naction = \"commit\"\n",
            "[[step]]\naction = \"adopt-binary\"\nversion = \"${v}\"\n[[step]]\naction = \"commit\"\n",
        ] {
            let declared = if step.contains("${v}") { "[inputs.v]\ntype = \"string\"\n" } else { "" };
            let name = if declared.is_empty() { HEAD.replace("${v}", "") } else { HEAD.to_owned() };
            let sets: &[_] = if declared.is_empty() { &[] } else { &[("v", "1.26.3")] };
            let (before, reversed, after) = turned(&format!("{name}{declared}{step}"), sets);
            is_turned(&before, &after);
            assert_eq!(reversed.values, []);
        }
        let steps = "step = [{ action = \"adopt-binary\" }, { action = \"commit\" }]\n";
        let (before, _, after) = turned(&format!("{steps}{}", HEAD.replace("${v}", "")), &[]);
        is_turned(&before, &after);
    }

    #[test]
    fn a_plan_without_a_binary_step_has_nothing_to_turn_round() {
        let text = format!("{}[[step]]\naction = \"commit\"\n", HEAD.replace("${v}", ""));
        let loaded = load("a", text.as_bytes(), &[], Inputs::Given).unwrap();
        assert_eq!(reversed(&loaded.document, &loaded.inputs, "back", &brings("1")), None);
    }
}

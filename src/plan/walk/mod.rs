//! The tree against the shape of a plan: every structural problem at once, at the exact key or value.

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod edits;
mod scalar;

use super::{
    document::Span,
    inputs::Inputs,
    problem::Problem,
    shape::{PLAN, Property, Shape, Table},
    tree::{Entry, Node, Value},
    words::{excerpt, list, suggestion},
};

/// Checks a whole plan. Where an input has no value yet an example is put in, so that what comes next can read it.
pub(super) fn walk(root: &mut Node, inputs: &Inputs) -> Vec<Problem> {
    let mut walker = Walker { inputs, problems: Vec::new() };
    walker.value(&PLAN, root, &Place { key: "", example: "", path: "" });
    walker.problems
}

struct Walker<'a> {
    inputs: &'a Inputs,
    problems: Vec<Problem>,
}

/// The key that a value stands under, and what could stand there.
struct Place<'a> {
    key: &'a str,
    example: &'a str,
    /// The tables that it stands in, as a header says it.
    path: &'a str,
}

impl Place<'_> {
    /// The header of the table that stands here, without brackets.
    fn header(&self) -> String {
        let key = excerpt(self.key);
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }
}

/// What a table is called in messages, and where it says so.
struct Owner {
    name: String,
    header: String,
    says_so: Option<Span>,
}

impl Owner {
    fn at(place: &Place<'_>) -> Self {
        let header = place.header();
        let name = if header.is_empty() { "the plan".to_owned() } else { format!("`[{header}]`") };
        Self { name, header, says_so: None }
    }
}

impl Walker<'_> {
    fn value(&mut self, shape: &Shape, node: &mut Node, place: &Place<'_>) {
        match shape {
            Shape::Table(table) => {
                if matches!(node.value, Value::Table(_)) {
                    self.table(table, node, &Owner::at(place));
                } else {
                    self.not_a_table(node, place);
                }
            }
            Shape::Tagged { tag, branches } => {
                if matches!(node.value, Value::Table(_)) {
                    self.tagged(tag, branches, node);
                } else {
                    self.not_a_table(node, place);
                }
            }
            Shape::List { items, least, most } => self.list(items, *least..=*most, node, place),
            scalar => self.scalar(scalar, node, place),
        }
    }

    fn table(&mut self, table: &Table, node: &mut Node, owner: &Owner) {
        let at = node.span;
        let Value::Table(entries) = &mut node.value else { return };
        if let Some(most) =
            table.most.filter(|most| u64::try_from(entries.len()).is_ok_and(|count| count > *most))
        {
            let message = format!("{} has {} keys", owner.name, entries.len());
            let problem = Problem::new("plan/out-of-range", message, at, format!("at most {most}"));
            self.problems.push(problem.help("take out what is not used"));
            return;
        }
        for entry in entries.iter_mut() {
            let property = table.properties.iter().find(|property| property.key == entry.key);
            match (property, &table.others) {
                (Some(property), _) => {
                    let place = Place { key: &property.key, example: &property.example, path: &owner.header };
                    self.value(&property.shape, &mut entry.node, &place);
                }
                (None, Some(shape)) => {
                    let place = Place { key: &entry.key, example: "\"…\"", path: &owner.header };
                    self.value(shape, &mut entry.node, &place);
                }
                (None, None) => self.unknown_key(entry, table, owner),
            }
        }
        for property in table.properties.iter().filter(|property| property.required) {
            if !entries.iter().any(|entry| entry.key == property.key) {
                self.missing(property, at, owner);
            }
        }
    }

    fn tagged(&mut self, tag: &str, branches: &[(String, Table)], node: &mut Node) {
        let names: Vec<_> = branches.iter().map(|(name, _)| name.as_str()).collect();
        // A reference is refused where references are looked at.
        if node.get(tag).is_some_and(|tag| matches!(tag.value, Value::Open)) {
            return;
        }
        let found = node.get(tag).map(|found| (found.as_str().map(str::to_owned), found.span, found.kind()));
        let problem = match found {
            None => {
                let help =
                    format!("write `{tag} = \"{}\"`; {tag}s: {}", names.first().unwrap_or(&""), list(&names));
                missing_key(tag, "this step", node.span).help(help)
            }
            Some((None, span, kind)) => {
                Problem::new("plan/wrong-type", format!("`{tag}` is {kind}"), span, "this must be a string")
                    .help(format!("{tag}s: {}", list(&names)))
            }
            Some((Some(name), span, _)) => {
                if let Some((_, table)) = branches.iter().find(|(branch, _)| *branch == name) {
                    let owner = Owner {
                        name: format!("a `{name}` step"),
                        header: "step".to_owned(),
                        says_so: Some(span),
                    };
                    return self.table(table, node, &owner);
                }
                let message = format!("unknown {tag} `{}`", excerpt(&name));
                Problem::new("plan/unknown-action", message, span, format!("no such {tag}")).help(suggestion(
                    &name,
                    &format!("{tag}s"),
                    &names,
                ))
            }
        };
        self.problems.push(problem);
    }

    fn list(
        &mut self,
        items: &Shape,
        length: std::ops::RangeInclusive<u64>,
        node: &mut Node,
        place: &Place<'_>,
    ) {
        let tables = matches!(items, Shape::Table(_) | Shape::Tagged { .. });
        let Value::Array(found) = &mut node.value else {
            let message = format!("`{}` is {}, not an array", place.key, node.kind());
            let help = match node.value {
                Value::Table(_) if tables => {
                    format!("write the header with two brackets: `[[{}]]`", place.header())
                }
                _ if tables => format!("write tables under headers: `[[{}]]`", place.header()),
                _ => format!("put it into brackets: `{} = {}`", place.key, place.example),
            };
            let label = "this must be an array";
            let problem = Problem::new("plan/wrong-type", message, node.span, label).help(help);
            self.problems.push(self.inputs.came_from(problem, &node.inputs));
            return;
        };
        let count = u64::try_from(found.len()).unwrap_or(u64::MAX);
        if !length.contains(&count) {
            let (least, most) = length.into_inner();
            let message = format!("`{}` has {count} elements", place.key);
            let label = if count < least { format!("at least {least}") } else { format!("at most {most}") };
            let problem = Problem::new("plan/out-of-range", message, node.span, label);
            self.problems
                .push(problem.help(format!("write for example `{} = {}`", place.key, place.example)));
            return;
        }
        for item in found {
            self.value(items, item, place);
        }
    }

    fn not_a_table(&mut self, node: &Node, place: &Place<'_>) {
        let key = place.header();
        let message = format!("`{}` is {}, not a table", excerpt(place.key), node.kind());
        let help = match node.value {
            Value::Array(_) => format!("write the header with one pair of brackets: `[{key}]`"),
            _ => format!("write its keys under the header `[{key}]`"),
        };
        let problem = Problem::new("plan/wrong-type", message, node.span, "this must be a table").help(help);
        self.problems.push(self.inputs.came_from(problem, &node.inputs));
    }

    fn unknown_key(&mut self, entry: &Entry, table: &Table, owner: &Owner) {
        // A key that is a reference is refused where references are looked at.
        if entry.key.contains("${") {
            return;
        }
        let keys: Vec<_> = table.properties.iter().map(|property| property.key.as_str()).collect();
        let message = format!("unknown key `{}`", excerpt(&entry.key));
        let label = format!("{} has no such key", owner.name);
        let mut problem = Problem::new("plan/unknown-key", message, entry.key_span, label).help(suggestion(
            &entry.key,
            "keys here",
            &keys,
        ));
        if let Some(span) = owner.says_so {
            problem = problem.also(span, format!("this makes it {}", owner.name));
        }
        self.problems.push(problem);
    }

    fn missing(&mut self, property: &Property, at: Span, owner: &Owner) {
        let help = match &property.shape {
            Shape::Table(_) => format!("add a table `[{}]`", property.key),
            Shape::List { .. } => format!("add a table `[[{}]]`", property.key),
            _ => format!("add `{} = {}`", property.key, property.example),
        };
        let mut problem = missing_key(&property.key, &owner.name, at).help(help);
        if let Some(span) = owner.says_so {
            problem = problem.also(span, format!("this makes it {}", owner.name));
        }
        self.problems.push(problem);
    }
}

fn missing_key(key: &str, owner: &str, at: Span) -> Problem {
    let message = format!("{owner} needs `{key}`");
    Problem::new("plan/missing-key", message, at, format!("`{key}` is missing here"))
}

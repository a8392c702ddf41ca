//! `verify/identical-binary`: a plan that changes over to the file that old runs.

use super::{facts::is_open, finding::Finding};
use crate::plan::{Action, Loaded, PlanPath};

/// The commit without a step that says which file new runs, or a file that is its own source: preflight refuses a path
/// that holds another file than old runs, so both lead to this one. A drill is not told: it changes nothing.
pub(super) fn findings(loaded: &Loaded) -> Vec<Finding> {
    let steps = &loaded.plan.steps;
    let place = |of: fn(&Action) -> bool| steps.iter().position(|step| of(&step.action));
    let Some(commit) = place(|action| matches!(action, Action::Commit(_))) else { return Vec::new() };
    let brings = place(|action| matches!(action, Action::ReplaceBinary(_) | Action::AdoptBinary(_)));
    let (at, key, label) = match brings {
        None => (commit, "action", "no step says which file new runs, so it is the same"),
        Some(index) if is_its_own_source(loaded, index) => {
            (index, "source", "this is the path that the file is to take")
        }
        Some(_) => return Vec::new(),
    };
    let message = "the plan changes over to the file that old runs";
    let problem = Finding::at_step(loaded, at, key, "verify/identical-binary", message, label);
    let help = "bring another file with `replace-binary`; or take the one at the path with `adopt-binary`, where a \
                package manager has put it there";
    vec![Finding::warning(problem.help(help))]
}

/// Where an input is open the path that stands in for it says nothing.
fn is_its_own_source(loaded: &Loaded, index: usize) -> bool {
    let open = |key: &str| is_open(loaded, &PlanPath::step(index).key(key));
    match loaded.plan.steps.get(index).map(|step| &step.action) {
        Some(Action::ReplaceBinary(step)) => {
            step.target.as_ref() == Some(&step.source) && !open("source") && !open("target")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        plan::{Inputs, load},
        verify::verify,
    };

    /// What is underlined in a plan of these steps.
    fn found(inputs: &str, steps: &[&str]) -> Vec<String> {
        let steps = steps.join("\n\n[[step]]\n");
        let head = "format = 1\nname = \"n\"\n\n[service]\nkind = \"nginx\"\npid-file = \"/run/nginx.pid\"\n";
        let loaded =
            load("plan.toml", format!("{head}{inputs}\n[[step]]\n{steps}").as_bytes(), &[], Inputs::Open)
                .unwrap();
        let under = |span| loaded.document.slice(span).to_owned();
        let all = verify(&loaded).findings.into_iter().map(|it| it.problem);
        all.filter(|it| it.code == "verify/identical-binary").map(|it| under(it.labels[0].span)).collect()
    }

    fn replace(source: &str, target: &str) -> String {
        let digest = "ab".repeat(32);
        format!(
            "action = \"replace-binary\"\nsource = \"{source}\"\nsha256 = \"{digest}\"\ntarget = \"{target}\""
        )
    }

    #[test]
    fn a_commit_to_no_named_file_is_found_and_a_drill_is_not() {
        assert_eq!(found("", &["action = \"commit\""]), ["\"commit\""]);
        assert_eq!(found("", &["action = \"adopt-binary\"", "action = \"commit\""]), [""; 0]);
        assert_eq!(found("", &["action = \"rollback\""]), [""; 0]);
    }

    #[test]
    fn a_file_that_is_its_own_source_is_found_where_both_paths_are_known() {
        let with = |inputs: &str, source: &str, target: &str| {
            found(inputs, &[&replace(source, target), "action = \"commit\""])
        };
        assert_eq!(with("", "/usr/sbin/nginx", "/usr/sbin/nginx"), ["\"/usr/sbin/nginx\""]);
        assert_eq!(with("", "/opt/nginx", "/usr/sbin/nginx"), [""; 0]);
        // A default is known.
        let open = "\n[inputs.file]\ntype = \"path\"\n";
        let known = format!("{open}default = \"/opt/nginx\"\n");
        assert_eq!(with(&known, "${file}", "/opt/nginx"), ["\"${file}\""]);
        // The examples that stand in for an open `source` and `target`.
        assert_eq!(with(open, "${file}", "/srv/nginx/1.26.3/nginx"), [""; 0]);
        assert_eq!(with(open, "/usr/sbin/nginx", "${file}"), [""; 0]);
    }
}

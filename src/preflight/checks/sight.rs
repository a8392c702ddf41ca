//! The master sees the same files as changeover does.

use super::super::{
    Facts,
    finding::{Outcome, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let master = facts.master.as_ref().filter(|master| !master.other_numbers)?;
    let sight = facts.sight.as_ref()?;
    if let Some(root) = &sight.root {
        return refuse(
            "preflight/other-root",
            format!("master {} has another root: {}", master.id, root.display()),
            "every path of its configuration, and its binary path, begins there and not at our root",
            format!(
                "run changeover inside: chroot {} changeover …, with /proc mounted there",
                root.display()
            ),
        );
    }
    let differ: Vec<String> = sight.differ.iter().map(|path| path.display().to_string()).collect();
    if differ.is_empty() {
        return None;
    }
    refuse(
        "preflight/other-mounts",
        format!("seen from master {}, {} is another file than seen from here", master.id, differ.join(", ")),
        "the master has mounts of its own. What is staged, tested and written here is not what nginx would execute or read",
        format!(
            "run changeover with the master's mounts: nsenter --mount --target {} changeover …",
            master.id
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts, master_of},
        check,
    };
    use crate::{engine::Level, preflight::Sight};

    #[test]
    fn the_same_view_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn another_root_and_other_files_are_refused_and_named() {
        let mut facts = facts();
        let differ = vec!["/etc/nginx".into(), "/run".into()];
        facts.sight = Some(Sight { root: None, differ: differ.clone() });
        let finding = assert_found(check(&facts), "preflight/other-mounts", Level::Refuse);
        assert!(finding.seen.contains("/etc/nginx, /run is another file"), "{}", finding.seen);
        facts.sight = Some(Sight { root: Some("/srv/jail".into()), differ });
        let finding = assert_found(check(&facts), "preflight/other-root", Level::Refuse);
        assert!(finding.todo.contains("chroot /srv/jail"), "{}", finding.todo);
        master_of(&mut facts).other_numbers = true;
        assert_eq!(check(&facts), None, "a container is told by its namespaces");
    }
}

//! The path that the master executes on USR2 can be exchanged, and is the file that it runs.

use std::path::Path;

use super::super::{
    Facts,
    finding::{Outcome, refuse},
};
use crate::host::place::PlaceError;

const WHY: &str =
    "nginx executes its own argv[0] on USR2, without a search in PATH; what stands there is what starts";

pub(super) fn check(facts: &Facts) -> Outcome {
    let master = facts.master.as_ref()?;
    let arguments = facts.arguments()?;
    let Some(path) = &facts.path else {
        return refuse(
            "preflight/binary-path-relative",
            format!(
                "master {} was started as {:?}, which is not an absolute path",
                master.id, arguments.program
            ),
            WHY,
            format!("start nginx by its absolute path: {}", master.exe_path.display()),
        );
    };
    let shown = path.path.display();
    match &path.place {
        Err(error) => {
            let runs = format!("master {} runs {}", master.id, master.exe_path.display());
            let back = |at: &Path| {
                format!("put the running binary back: cp /proc/{}/exe {}", master.id, at.display())
            };
            let (code, todo) = match error {
                PlaceError::Missing { path } => ("preflight/binary-path-missing", back(path)),
                PlaceError::Dangling { names, .. } => ("preflight/binary-path-dangling", back(names)),
                PlaceError::Loop { link } => {
                    let ends = format!("make {} end at the running binary", link.display());
                    ("preflight/binary-path-loop", ends)
                }
                PlaceError::NotRegular { .. } | PlaceError::Unknown { .. } => {
                    ("preflight/binary-path-unusable", "make it lead to the running binary".to_owned())
                }
            };
            refuse(code, format!("{shown} leads to no file: {error}; {runs}"), WHY, todo)
        }
        Ok(place) if master.exe.is_some_and(|exe| exe != place.file) => refuse(
            "preflight/binary-path-differs",
            format!("{shown} is not the file that master {} runs ({})", master.id, master.exe_path.display()),
            "somebody, mostly a package manager, has put another file there: the way back would start that one",
            format!(
                "put the running binary back (cp /proc/{}/exe beside it, then mv), and offer the other one as source",
                master.id
            ),
        ),
        Ok(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{
        super::healthy::{assert_found, facts, master_of, place},
        PlaceError, check,
    };
    use crate::{engine::Level, nginx::arguments::Arguments};

    #[test]
    fn the_absolute_path_of_the_running_file_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn a_relative_path_is_refused() {
        let mut facts = facts();
        master_of(&mut facts).arguments = Arguments::from_title("nginx: master process nginx");
        facts.path = None;
        assert_found(check(&facts), "preflight/binary-path-relative", Level::Refuse);
    }

    #[test]
    fn another_file_is_refused() {
        let mut facts = facts();
        facts.path.as_mut().unwrap().place = Ok(place(8));
        assert_found(check(&facts), "preflight/binary-path-differs", Level::Refuse);
    }

    #[test]
    fn a_path_that_leads_to_no_file_is_refused_with_what_mends_it() {
        let mut facts = facts();
        let (link, path) = (PathBuf::from("/etc/alternatives/nginx"), PathBuf::from("/opt/nginx"));
        let unknown = PlaceError::Unknown { path: path.clone(), errno: rustix::io::Errno::ACCESS };
        for (error, code, todo) in [
            (
                PlaceError::Missing { path: path.clone() },
                "preflight/binary-path-missing",
                "cp /proc/812/exe /opt/nginx",
            ),
            (
                PlaceError::Dangling { link: link.clone(), names: path.clone() },
                "preflight/binary-path-dangling",
                "cp /proc/812/exe /opt/nginx",
            ),
            (PlaceError::Loop { link }, "preflight/binary-path-loop", "make /etc/alternatives/nginx end"),
            (PlaceError::NotRegular { path }, "preflight/binary-path-unusable", "make it lead to"),
            (unknown, "preflight/binary-path-unusable", "make it lead to"),
        ] {
            facts.path.as_mut().unwrap().place = Err(error);
            let finding = assert_found(check(&facts), code, Level::Refuse);
            assert!(finding.todo.contains(todo), "{}", finding.todo);
        }
    }
}

//! The path that the master executes on USR2 can be exchanged, and holds the file that it runs or one to adopt.

use std::path::Path;

use super::super::{
    BinaryPath, BinaryStep, Digest, Facts, Master,
    finding::{Outcome, note, refuse},
};
use crate::{engine::NewFile, host::place::PlaceError};

const WHY: &str =
    "nginx executes its own argv[0] on USR2, without a search in PATH; what stands there is what starts";
const FOREIGN: &str =
    "somebody, mostly a package manager, has put another file there: the way back would start that one";
const RELATIVE: &str = "preflight/binary-path-relative";

pub(super) fn check(facts: &Facts) -> Outcome {
    let master = facts.master.as_ref()?;
    let typed = facts.arguments()?.program.as_str();
    let Some(path) = &facts.path else {
        let error = master.executes.as_ref()?.as_ref().err()?;
        return refuse(
            RELATIVE,
            format!("master {} was started as {typed:?}; {error}", master.id),
            WHY,
            absolute(master),
        );
    };
    let (seen, code, todo) = match &path.place {
        Err(error) => {
            let seen = format!("{} leads to no file: {error}", path.path.display());
            let (code, todo) = nowhere(error, master);
            (seen, code, todo)
        }
        Ok(_) if !facts.path_differs() => return None,
        Ok(_) if facts.new_file == NewFile::Adopted && Path::new(typed).is_absolute() => {
            return adopted(facts, path, master);
        }
        Ok(_) => (
            format!("{} is not the file that master {} runs", path.path.display(), master.id),
            "preflight/binary-path-differs",
            differs(facts, master),
        ),
    };
    let seen = format!("{seen}; master {} runs {}", master.id, master.exe_path.display());
    if Path::new(typed).is_relative() {
        let started = format!("master {} was started as {typed:?}, and {seen}", master.id);
        return refuse(RELATIVE, started, WHY, relative(path, master));
    }
    refuse(code, seen, if path.place.is_ok() { FOREIGN } else { WHY }, todo)
}

/// A path that leads to no file: the code, and what mends it.
fn nowhere(error: &PlaceError, master: &Master) -> (&'static str, String) {
    let back =
        |at: &Path| format!("put the running binary back: cp /proc/{}/exe {}", master.id, at.display());
    match error {
        PlaceError::Missing { path } => ("preflight/binary-path-missing", back(path)),
        PlaceError::Dangling { names, .. } => ("preflight/binary-path-dangling", back(names)),
        PlaceError::Loop { link } => {
            ("preflight/binary-path-loop", format!("make {} end at the running binary", link.display()))
        }
        PlaceError::NotRegular { .. } | PlaceError::Unknown { .. } => {
            ("preflight/binary-path-unusable", "make it lead to the running binary".to_owned())
        }
    }
}

/// nginx was found in PATH, mostly: where nothing is at the path yet, a symlink needs no restart.
fn relative(path: &BinaryPath, master: &Master) -> String {
    match &path.place {
        Err(PlaceError::Missing { path }) => {
            format!("ln -s {} {}; or {}", master.exe_path.display(), path.display(), absolute(master))
        }
        _ => absolute(master),
    }
}

fn absolute(master: &Master) -> String {
    format!("start nginx by its absolute path: {}", master.exe_path.display())
}

/// The path is not changed, so a reboot has another end than with a staged file: said before anything is done.
fn adopted(facts: &Facts, path: &BinaryPath, master: &Master) -> Outcome {
    let build = facts.offered_build().map_or_else(String::new, |build| format!("{build}, "));
    let Digest::Is(hashed) = &facts.offered.as_ref()?.digest else { return None };
    note(
        "preflight/binary-path-adopted",
        format!(
            "{} holds {build}SHA-256 {} already; master {} runs {}",
            path.path.display(),
            hashed.sha256,
            master.id,
            master.exe_path.display()
        ),
        "a restart or a reboot starts the file at the path, before the commit too; a way back leaves it there",
        "nothing; what the master runs is kept beside the path",
    )
}

/// What to do about a file at the path that the plan does not mean.
fn differs(facts: &Facts, master: &Master) -> String {
    let take = match facts.wanted.binary {
        Some(BinaryStep::Replace(_)) => "write `action = \"adopt-binary\"` instead of `replace-binary`",
        _ => "add a step with `action = \"adopt-binary\"`",
    };
    format!(
        "to take the file at the path, {take}; to keep the running one, put it back: cp /proc/{}/exe beside it, then mv",
        master.id
    )
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{
        super::healthy::{adopting, assert_found, facts, master_of, place},
        NewFile, PlaceError, check,
    };
    use crate::{engine::Level, nginx::arguments::Arguments};

    #[test]
    fn the_absolute_path_of_the_running_file_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn an_adopted_file_is_a_note_with_its_version_and_digest_and_what_a_reboot_would_start() {
        let finding = assert_found(check(&adopting()), "preflight/binary-path-adopted", Level::Note);
        let said = format!("/usr/sbin/nginx holds nginx/1.26.3, SHA-256 {} already", "ab".repeat(32));
        assert!(finding.seen.starts_with(&said), "{}", finding.seen);
        assert!(finding.why.contains("reboot"), "{}", finding.why);
    }

    #[test]
    fn another_file_than_the_plan_means_is_refused_and_the_advice_names_the_action() {
        let mut facts = adopting();
        facts.new_file = NewFile::Staged;
        let finding = assert_found(check(&facts), "preflight/binary-path-differs", Level::Refuse);
        assert!(finding.todo.contains("adopt-binary"), "{}", finding.todo);
        (facts.wanted.binary, facts.new_file) = (None, NewFile::Same);
        let finding = assert_found(check(&facts), "preflight/binary-path-differs", Level::Refuse);
        assert!(finding.todo.contains("add a step"), "{}", finding.todo);
    }

    #[test]
    fn a_relative_path_passes_where_it_leads_to_the_running_file_and_else_the_fix_is_told() {
        let mut facts = facts();
        master_of(&mut facts).arguments = Arguments::from_title("nginx: master process nginx");
        assert_eq!(check(&facts), None);
        let missing = PlaceError::Missing { path: "/root/nginx".into() };
        for (place, todo) in [
            (Ok(place(8)), "start nginx by its absolute path: /usr/sbin/nginx"),
            (Err(missing), "ln -s /usr/sbin/nginx /root/nginx; or start"),
        ] {
            facts.path.as_mut().unwrap().place = place;
            let finding = assert_found(check(&facts), "preflight/binary-path-relative", Level::Refuse);
            assert!(finding.todo.starts_with(todo), "{}", finding.todo);
        }
        facts.path = None;
        master_of(&mut facts).executes = Some(Err("its working directory is gone".into()));
        let finding = assert_found(check(&facts), "preflight/binary-path-relative", Level::Refuse);
        assert!(finding.seen.ends_with("its working directory is gone"), "{}", finding.seen);
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

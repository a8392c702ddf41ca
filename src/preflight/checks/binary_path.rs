//! The path that the master executes on USR2 can be exchanged, and is the file that it runs.

use super::super::{
    Facts,
    finding::{Outcome, refuse},
};

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
    if path.symlink {
        return refuse(
            "preflight/binary-path-symlink",
            format!("{shown} is a symlink"),
            "exchanging a symlink is not supported yet",
            format!("start nginx by the path of the file itself: {}", master.exe_path.display()),
        );
    }
    match path.file {
        None => refuse(
            "preflight/binary-path-missing",
            format!("there is no {shown}; master {} runs {}", master.id, master.exe_path.display()),
            WHY,
            format!("put the running binary back: cp /proc/{}/exe {shown}", master.id),
        ),
        Some(file) if master.exe.is_some_and(|exe| exe != file) => refuse(
            "preflight/binary-path-differs",
            format!("{shown} is not the file that master {} runs ({})", master.id, master.exe_path.display()),
            "somebody, mostly a package manager, has put another file there: the way back would start that one",
            format!(
                "put the running binary back (cp /proc/{}/exe beside it, then mv), and offer the other one as source",
                master.id
            ),
        ),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts, master_of},
        check,
    };
    use crate::{engine::Level, nginx::arguments::Arguments, protocol::FileId};

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
    fn a_symlink_a_missing_file_and_another_file_are_refused() {
        let mut facts = facts();
        facts.path.as_mut().unwrap().file = Some(FileId { dev: 1, ino: 8 });
        assert_found(check(&facts), "preflight/binary-path-differs", Level::Refuse);
        facts.path.as_mut().unwrap().file = None;
        assert_found(check(&facts), "preflight/binary-path-missing", Level::Refuse);
        facts.path.as_mut().unwrap().symlink = true;
        assert_found(check(&facts), "preflight/binary-path-symlink", Level::Refuse);
    }
}

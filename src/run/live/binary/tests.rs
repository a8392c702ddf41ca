//! The file at the path, as each of the runs leaves it.

use std::os::unix::fs::symlink;

use super::*;
use crate::host::scratch::Scratch;

/// `nginx` → `file`, with a staged file and a symlink that names it.
fn through_a_symlink(scratch: &Scratch) -> Binary {
    scratch.write("file", b"old");
    symlink("file", scratch.path().join("nginx")).unwrap();
    scratch.write("staged", b"new");
    symlink("staged", scratch.path().join("staged-link")).unwrap();
    scratch.write("stub", b"");
    let directory = Directory::open(scratch.path()).unwrap();
    let id = |name: &str| directory.file_id(OsStr::new(name)).unwrap();
    Binary {
        path: scratch.path().join("nginx"),
        name: "nginx".into(),
        found: Found { entry: id("nginx"), file: id("file") },
        staged: Some(Laid { name: "staged".into(), takes: ("staged-link".into(), id("staged-link")) }),
        kept: None,
        proven: None,
        runs: BTreeSet::new(),
        stub: ("stub".into(), id("stub")),
        begun: true,
        directory,
    }
}

fn names(scratch: &Scratch) -> PathBuf {
    std::fs::read_link(scratch.path().join("nginx")).unwrap_or_default()
}

#[test]
fn the_symlink_is_exchanged_and_the_file_that_it_named_is_not() {
    let scratch = Scratch::new();
    let binary = through_a_symlink(&scratch);
    for (what, there) in [(Puts::Staged, "staged"), (Puts::Stub, "")] {
        binary.put(what).unwrap();
        assert_eq!(names(&scratch), Path::new(there));
        binary.put_back().unwrap();
        assert_eq!((names(&scratch), binary.leads_to()), ("file".into(), Some(binary.found.file)));
    }
    binary.install().unwrap();
    assert_eq!(std::fs::read(scratch.path().join("file")).unwrap(), b"old");
    assert_eq!(std::fs::read(scratch.path().join("nginx")).unwrap(), b"new");
}

#[test]
fn after_a_restart_the_path_gets_the_right_file_whichever_of_the_runs_is_there() {
    // What is at the path, whether the run is committed, what the path names then and what that is called.
    for (there, committed, names_then, holds) in [
        (None, false, "file", "what was found there"),
        (Some(Puts::Staged), false, "file", "what was found there"),
        (Some(Puts::Stub), false, "file", "what was found there"),
        (None, true, "staged", "the new file"),
        (Some(Puts::Staged), true, "staged", "the new file"),
    ] {
        let scratch = Scratch::new();
        let binary = through_a_symlink(&scratch);
        if let Some(there) = there {
            binary.put(there).unwrap();
        }
        // A second time there is nothing to do.
        for _ in 0..2 {
            assert_eq!(binary.reconcile(committed).unwrap(), holds, "{there:?} {committed}");
            assert_eq!(names(&scratch), Path::new(names_then), "{there:?} {committed}");
        }
    }
}

#[test]
fn after_a_restart_a_file_of_somebody_else_stays_at_the_path() {
    for committed in [false, true] {
        let scratch = Scratch::new();
        let binary = through_a_symlink(&scratch);
        binary.directory.write_atomically(OsStr::new("nginx"), b"foreign", 0o755, None).unwrap();
        assert_eq!(binary.reconcile(committed).unwrap(), "a file of somebody else");
        assert_eq!(std::fs::read(scratch.path().join("nginx")).unwrap(), b"foreign");
    }
}

#[test]
fn an_adopted_file_that_was_written_to_or_replaced_is_not_what_was_proven() {
    let scratch = Scratch::new();
    let mut binary = through_a_symlink(&scratch);
    let path = scratch.path().join("nginx");
    binary.proven = Some((path.clone(), files::hash_file(&path, Symlinks::Follow).unwrap()));
    binary.new_file_is_proven().unwrap();
    // In place: it is the same inode.
    scratch.write("file", b"written");
    assert!(binary.new_file_is_proven().unwrap_err().starts_with("its sha256 is "));
    binary.directory.write_atomically(OsStr::new("file"), b"old", 0o755, None).unwrap();
    assert!(binary.new_file_is_proven().unwrap_err().ends_with("is another file now"));
}

#[test]
fn a_run_removes_what_its_own_instance_has_laid_and_nothing_of_another() {
    let scratch = Scratch::new();
    let mut binary = through_a_symlink(&scratch);
    for tag in ["own", "own-stub", "own-link", "other", "other-stub"] {
        scratch.write(&format!(".nginx.changeover-{tag}"), tag.as_bytes());
    }
    binary.runs = ["own".to_owned()].into();
    binary.tidy(true).unwrap();
    let left = binary.directory.all_beside(OsStr::new("nginx")).into_iter().map(|(_, tag)| tag);
    assert_eq!(left.collect::<Vec<_>>(), ["other", "other-stub"]);
}

#[test]
fn a_symlink_that_leads_to_another_file_since_is_not_exchanged() {
    let scratch = Scratch::new();
    let binary = through_a_symlink(&scratch);
    binary.directory.write_atomically(OsStr::new("file"), b"foreign", 0o755, None).unwrap();
    for what in [Puts::Staged, Puts::Stub] {
        assert_eq!(binary.put(what).unwrap_err().code, "run/path-changed");
        assert_eq!(names(&scratch), Path::new("file"));
    }
}

//! The offered file is the one that the plan means, and what old runs is kept where the path holds another file.

use super::super::{
    BinaryStep, Digest, Facts, Offered,
    finding::{Outcome, refuse},
};
use crate::engine::NewFile;

pub(super) fn check(facts: &Facts) -> Outcome {
    let wanted = facts.wanted.binary.as_ref()?;
    let offered = facts.offered.as_ref()?;
    match (wanted, facts.new_file) {
        (BinaryStep::Replace(step), NewFile::Staged) => {
            source(wanted, &step.source.display().to_string(), offered)
        }
        _ => at_path(wanted, offered).or_else(|| not_kept(facts)),
    }
}

fn source(wanted: &BinaryStep, source: &str, offered: &Offered) -> Outcome {
    match &offered.digest {
        Digest::Failed(error) => refuse(
            "preflight/source-not-staged",
            error.clone(),
            "the new file is copied beside the old one and proven there before anything live is touched",
            format!(
                "{source} must be a readable regular file, its target's directory writable and with room for it"
            ),
        ),
        Digest::Is(found) if !wanted.means(&found.sha256) => another(
            wanted,
            source,
            &found.sha256,
            "fetch the right file; or, if this is the right one, correct `sha256`",
        ),
        Digest::Is(_) if !offered.executable => refuse(
            "preflight/source-not-executable",
            format!("{source} has no execute bit"),
            "nobody meant a file to be executed that may not be",
            format!("chmod +x {source}"),
        ),
        Digest::Is(_) => None,
    }
}

fn at_path(wanted: &BinaryStep, offered: &Offered) -> Outcome {
    let path = offered.file.display().to_string();
    match &offered.digest {
        Digest::Failed(error) => refuse(
            "preflight/path-not-read",
            error.clone(),
            "the file at the path is what new would run, and it is proven before anything live is touched",
            format!("wait until the package manager is done, then run again; {path} must be a regular file"),
        ),
        Digest::Is(found) if !wanted.means(&found.sha256) => another(
            wanted,
            &path,
            &found.sha256,
            "install the right package; or, if this is the right one, correct `sha256`",
        ),
        Digest::Is(_) if !offered.executable => refuse(
            "preflight/path-not-executable",
            format!("{path} has no execute bit"),
            "nginx could not execute it on USR2, and it would not start either",
            format!("chmod +x {path}, or install the package again"),
        ),
        Digest::Is(_) => None,
    }
}

fn another(wanted: &BinaryStep, file: &str, found: &str, todo: &str) -> Outcome {
    refuse(
        "preflight/sha256-differs",
        format!("{file} has the SHA-256 {found}, the plan says {}", wanted.sha256().unwrap_or_default()),
        "it is not the file that somebody checked when the plan was written",
        todo,
    )
}

fn not_kept(facts: &Facts) -> Outcome {
    refuse(
        "preflight/old-not-kept",
        facts.not_kept.as_ref()?,
        "no path names what old runs any more: without a copy, nothing could bring it back once old is gone",
        "make room beside the binary path, and run as root or as the master's user",
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{adopting, assert_found, facts, hashed, offered},
        Digest, check,
    };
    use crate::engine::Level;

    #[test]
    fn the_right_file_passes() {
        assert_eq!(check(&facts()), None);
        assert_eq!(check(&adopting()), None);
    }

    #[test]
    fn another_an_unreadable_and_a_not_executable_file_are_refused() {
        let mut facts = facts();
        offered(&mut facts).executable = false;
        assert_found(check(&facts), "preflight/source-not-executable", Level::Refuse);
        offered(&mut facts).digest = Digest::Is(hashed("cd"));
        assert_found(check(&facts), "preflight/sha256-differs", Level::Refuse);
        offered(&mut facts).digest = Digest::Failed("the source was not read".into());
        assert_found(check(&facts), "preflight/source-not-staged", Level::Refuse);
    }

    #[test]
    fn the_file_at_the_path_is_held_to_the_same_and_what_old_runs_must_be_kept() {
        let mut facts = adopting();
        facts.not_kept = Some("no room".into());
        assert_found(check(&facts), "preflight/old-not-kept", Level::Refuse);
        offered(&mut facts).executable = false;
        assert_found(check(&facts), "preflight/path-not-executable", Level::Refuse);
        offered(&mut facts).digest = Digest::Is(hashed("cd"));
        let finding = assert_found(check(&facts), "preflight/sha256-differs", Level::Refuse);
        assert!(finding.seen.starts_with("/usr/sbin/nginx has "), "{}", finding.seen);
        offered(&mut facts).digest = Digest::Failed("it was changed".into());
        assert_found(check(&facts), "preflight/path-not-read", Level::Refuse);
    }
}

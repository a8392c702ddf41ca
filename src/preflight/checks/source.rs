//! The offered file is the one that the plan means.

use super::super::{
    Digest, Facts,
    finding::{Outcome, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let wanted = facts.wanted.replace.as_ref()?;
    let offered = facts.offered.as_ref()?;
    let source = wanted.source.display();
    match &offered.digest {
        Digest::Failed(error) => refuse(
            "preflight/source-not-staged",
            error.clone(),
            "the new file is copied beside the old one and proven there before anything live is touched",
            format!("make {source} a readable regular file, and its target's directory writable"),
        ),
        Digest::Is(found) if *found != wanted.sha256.to_string() => refuse(
            "preflight/sha256-differs",
            format!("{source} has the SHA-256 {found}, the plan says {}", wanted.sha256),
            "it is not the file that somebody checked when the plan was written",
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

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts, offered},
        Digest, check,
    };
    use crate::engine::Level;

    #[test]
    fn the_right_file_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn another_an_unreadable_and_a_not_executable_file_are_refused() {
        let mut facts = facts();
        offered(&mut facts).executable = false;
        assert_found(check(&facts), "preflight/source-not-executable", Level::Refuse);
        offered(&mut facts).digest = Digest::Is("cd".repeat(32));
        assert_found(check(&facts), "preflight/sha256-differs", Level::Refuse);
        offered(&mut facts).digest = Digest::Failed("the source was not read".into());
        assert_found(check(&facts), "preflight/source-not-staged", Level::Refuse);
    }
}

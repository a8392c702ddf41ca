//! Words that may not stand in what ships, and words that say nothing.

use super::{Offences, codes::parts, imports::House, source::Source};

/// Code that panics on purpose, or silences the compiler.
const FORBIDDEN: [&str; 9] = [
    ".unwrap()",
    ".expect(",
    "panic!",
    "unsafe ",
    "todo!",
    "unimplemented!",
    "unreachable!",
    "#[allow",
    "#![allow",
];

/// Words that say nothing about what a thing is (docs/architecture.md).
const EMPTY: [&str; 5] = ["manager", "helper", "util", "context", "handler"];

/// What a name may hold all the same: nginx's cache manager, and words of libraries.
const KNOWN: [&str; 2] = ["cache_manager", "CacheManager"];

/// Code that may not ship.
pub(crate) fn forbidden(sources: &[Source]) -> Offences {
    let mut offences = Vec::new();
    for source in sources {
        for word in FORBIDDEN {
            for (place, _) in source.shipped.match_indices(word) {
                let before = source.shipped[..place].chars().next_back().unwrap_or(' ');
                if word.starts_with(['.', '#']) || !(before.is_alphanumeric() || before == '_') {
                    offences.push(format!("{}: `{}`", source.at(place), word.trim()));
                }
            }
        }
    }
    offences
}

/// Strings that start a shell.
pub(crate) fn shells(sources: &[Source]) -> Offences {
    let shell = |text: &str| {
        let name = text.rsplit('/').next().unwrap_or_default();
        matches!(name, "sh" | "bash" | "dash" | "zsh") || text.contains("sh -c")
    };
    strings(sources, |text| shell(text).then(|| format!("a shell: {text:?}")))
}

/// Codes whose first part is no room. A code is a whole string of the form `room/kebab-name`.
pub(crate) fn codes(house: &House, sources: &[Source]) -> Offences {
    strings(sources, |text| {
        let (room, _) = parts(text)?;
        (!house.has(room)).then(|| format!("`{text}` names no room"))
    })
}

/// Files, modules, types and functions with a name that says nothing. Names of tests are sentences, any word may
/// stand in them.
pub(crate) fn empty_names(sources: &[Source]) -> Offences {
    let mut offences = Vec::new();
    for source in sources {
        if EMPTY.iter().any(|word| source.path.contains(word)) {
            offences.push(format!("{}: its name says nothing", source.path));
        }
        for keyword in ["mod ", "struct ", "enum ", "trait ", "type ", "fn "] {
            for (place, _) in source.shipped.match_indices(keyword) {
                let rest = &source.shipped[place + keyword.len()..];
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                let name = KNOWN.iter().fold(rest[..end].to_owned(), |name, known| name.replace(known, ""));
                if EMPTY.iter().any(|word| name.to_lowercase().contains(word)) {
                    offences.push(format!("{}: `{}` says nothing", source.at(place), &rest[..end]));
                }
            }
        }
    }
    offences
}

/// What `offence` says of each string that ships, with its place.
fn strings(sources: &[Source], offence: impl Fn(&str) -> Option<String>) -> Offences {
    let all = sources.iter().flat_map(|source| source.strings.iter().map(move |string| (source, string)));
    all.filter_map(|(source, (line, text))| Some(format!("{}:{line}: {}", source.path, offence(text)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{House, Source, codes, empty_names, forbidden, shells};

    fn file(text: &str) -> Vec<Source> {
        vec![Source::new("src/report/x.rs", text)]
    }

    #[test]
    fn code_that_panics_or_silences_is_found() {
        let found = |text: &str| forbidden(&file(text)).len();
        assert_eq!(found("fn f() { a.unwrap(); b.expect(\"c\"); panic!(\"d\") }"), 3);
        assert_eq!(found("#[allow(dead_code)]\nfn f() { unsafe { g() } }"), 2);
        assert_eq!(
            found(
                "// a.unwrap()\nfn f() { a.unwrap_or(0); let s = \"panic!\"; }\n#[cfg(test)]\nmod t { fn f() { a.unwrap() } }"
            ),
            0
        );
    }

    #[test]
    fn a_shell_is_found() {
        let found = |text: &str| shells(&file(text)).len();
        assert_eq!(found("fn f() { Command::new(\"sh\") }"), 1);
        assert_eq!(found("const A: &str = \"/bin/bash\"; const B: &str = \"sh -c ls\";"), 2);
        assert_eq!(found("const A: &str = \"publish\";"), 0);
    }

    #[test]
    fn a_code_of_a_room_that_does_not_exist_is_found() {
        let found = |text: &str| codes(&House::of_this_crate(), &file(text));
        assert_eq!(
            found("const A: &str = \"cellar/too-dark\";"),
            ["src/report/x.rs:1: `cellar/too-dark` names no room"]
        );
        assert_eq!(
            found("const A: [&str; 4] = [\"plan/unknown-key\", \"a b/c\", \"nginx/1.22\", \"/run/x\"];"),
            [""; 0]
        );
    }

    #[test]
    fn a_name_that_says_nothing_is_found() {
        assert_eq!(
            empty_names(&file(
                "struct PlanManager;\nmod utils {}\nfn cache_manager() {}\n#[cfg(test)]\nfn t_handlers() {}\n"
            ))
            .len(),
            2
        );
        assert_eq!(empty_names(&[Source::new("src/report/helpers.rs", "")]).len(), 1);
    }
}

//! Every code in the source has a text for `explain` and a heading in `docs/codes.md`, and no text is left over.

use std::{collections::BTreeSet, fmt::Write as _};

use changeover::diagnose::explain;

use super::{Offences, imports::House, source::Source};

/// The page that is written from the texts.
pub(crate) const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/codes.md");

/// How the page is written anew.
pub(crate) const BLESS: &str = "CHANGEOVER_BLESS=1 cargo test --test tidy";

/// Where the texts themselves are.
const TEXTS: &str = "src/diagnose/explain/";

/// The room and the name of a string of the form `room/kebab-name`.
pub(crate) fn parts(text: &str) -> Option<(&str, &str)> {
    let (room, name) = text.split_once('/')?;
    let letters = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase());
    let kebab = name.split('-').all(|part| letters(&part.replace(|c: char| c.is_ascii_digit(), "x")));
    (letters(room) && kebab).then_some((room, name))
}

/// Codes that ship without a text, and texts of codes that do not ship.
pub(crate) fn unexplained(house: &House, sources: &[Source], texts: &BTreeSet<&str>) -> Offences {
    let mut offences = Vec::new();
    let mut shipped = BTreeSet::new();
    for source in sources.iter().filter(|source| !source.path.starts_with(TEXTS)) {
        for (line, text) in &source.strings {
            let Some((room, _)) = parts(text).filter(|(room, _)| house.has(room)) else { continue };
            shipped.insert(text.as_str());
            if !texts.contains(text.as_str()) {
                offences.push(format!(
                    "{}:{line}: `{text}` has no text: add a `Text` to {TEXTS}{room}.rs (or {room}/*.rs), then run \
                     {BLESS}",
                    source.path
                ));
            }
        }
    }
    let left = texts.difference(&shipped);
    offences
        .extend(left.map(|code| format!("{TEXTS}: `{code}` is explained and never used: take its text out")));
    offences
}

/// `docs/codes.md` as the texts have it.
pub(crate) fn page() -> String {
    let mut page = String::from(
        "# Codes\n\n\
         Everything that changeover finds, refuses or suffers has one name, `room/kebab-name`: the same in messages, in\n\
         JSON and here. `changeover explain CODE` prints the text of one; without a code it lists them all.\n\n\
         <!-- Written from src/diagnose: CHANGEOVER_BLESS=1 cargo test --test tidy -->\n",
    );
    for room in explain::rooms() {
        write!(page, "\n## {}\n\n{}\n", room.name, room.about).unwrap();
        for text in room.codes {
            let explain::Explanation { code, means, why, todo } = text;
            let text = format!("{means} *Why:* {why} *Do:* {todo}");
            write!(page, "\n### {code}\n{}\n", textwrap::fill(&text, 120)).unwrap();
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::{BTreeSet, House, Source, unexplained};

    #[test]
    fn a_code_without_a_text_and_a_text_without_a_code_are_found() {
        let sources = [Source::new("src/report/x.rs", "const A: [&str; 2] = [\"plan/a\", \"/run/x\"];")];
        let found = |texts: &[&str]| {
            unexplained(&House::of_this_crate(), &sources, &texts.iter().copied().collect::<BTreeSet<_>>())
        };
        assert_eq!(found(&["plan/a"]), [""; 0]);
        assert!(found(&[])[0].contains("src/report/x.rs:1: `plan/a` has no text: add a `Text` to"));
        assert!(found(&["plan/a", "plan/b"])[0].contains("`plan/b` is explained and never used"));
    }
}

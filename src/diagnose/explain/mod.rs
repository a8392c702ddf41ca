//! What each code means, why it matters and what to do: the texts of `explain` and of `docs/codes.md`.
//!
//! A new code gets its text in the file of its room; the text of a cause stands beside its pattern.

mod host;
mod journal;
mod observe;
mod plan;
mod preflight;
mod probe;
mod run;
mod verify;

use serde::Serialize;

use super::FAMILIES;
use crate::plan::closest as closest_of;

/// The text of one code.
struct Text {
    code: &'static str,
    means: &'static str,
    why: &'static str,
    todo: &'static str,
}

/// What `explain` says of one code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// `room/kebab-name`.
    pub code: &'static str,
    /// What it means, in sentences.
    pub means: String,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub todo: String,
}

/// The codes of one room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Room {
    /// What stands before the slash.
    pub name: &'static str,
    /// What its codes are about, in one sentence.
    pub about: &'static str,
    /// The codes, those of one subject together.
    pub codes: Vec<Explanation>,
}

/// Every room that has codes, in the order in which a plan meets them.
#[must_use]
pub fn rooms() -> Vec<Room> {
    let room = |name, about, texts: &[&[Text]]| Room {
        name,
        about,
        codes: texts.iter().flat_map(|texts| texts.iter().map(Text::explanation)).collect(),
    };
    vec![
        room("plan", "The plan is malformed: `check` and `run` end with 10.", &[plan::TEXTS]),
        room(
            "verify",
            "The plan is well formed and unsafe: `check` and `run` end with 11.",
            &[verify::TEXTS],
        ),
        room(
            "observe",
            "What `status` finds: a pid file that leads to no nginx (it ends with 12), or an upgrade that is half done.",
            &[observe::TEXTS],
        ),
        room(
            "preflight",
            "The host as it is found: a refusal ends `run` with 12, a warning is told and the run goes on.",
            &[preflight::MASTER, preflight::BINARY, preflight::CONFIGURATION],
        ),
        room("probe", "What can come of one HTTP request of a probe or a watch.", &[probe::TEXTS]),
        room(
            "run",
            "What can go wrong while a plan is carried out; mostly the way back follows.",
            &[run::TEXTS],
        ),
        room("host", "What Linux did not allow or did not have.", &[host::TEXTS]),
        room("journal", "What a run writes about itself.", &[journal::TEXTS]),
        causes(),
    ]
}

/// Every code.
#[must_use]
pub fn all() -> Vec<Explanation> {
    rooms().into_iter().flat_map(|room| room.codes).collect()
}

/// The text of one code.
#[must_use]
pub fn find(code: &str) -> Option<Explanation> {
    all().into_iter().find(|text| text.code == code)
}

/// What to do about a fault of which only the code is known, a line each.
#[must_use]
pub fn next(code: &str) -> Vec<String> {
    find(code).map_or_else(Vec::new, |text| vec![phrase(&text.todo), format!("changeover explain {code}")])
}

/// The code that was probably meant; the name alone will do.
#[must_use]
pub fn closest(code: &str) -> Option<&'static str> {
    let codes: Vec<&'static str> = all().iter().map(|text| text.code).collect();
    if code.contains('/') {
        return closest_of(code, codes);
    }
    let names = codes.iter().filter_map(|code| code.split_once('/')).map(|(_, name)| name);
    let meant = closest_of(code, names)?;
    codes.into_iter().find(|code| code.split_once('/').is_some_and(|(_, name)| name == meant))
}

/// The text of each cause stands beside its pattern; what only its line can say is left open.
fn causes() -> Room {
    let open = |template: &str| {
        let mut parts = template.split("${");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            text.push('…');
            text.push_str(part.split_once('}').map_or("", |(_, rest)| rest));
        }
        sentence(&text)
    };
    let codes = FAMILIES.iter().flat_map(|family| {
        family.patterns.iter().map(move |pattern| Explanation {
            code: pattern.code,
            means: open(pattern.text),
            why: family.why.to_owned(),
            todo: open(pattern.todo),
        })
    });
    Room {
        name: "diagnose",
        about: "The cause of a fault, where a line of nginx's error log names it.",
        codes: codes.collect(),
    }
}

/// Sentences as a line of a list.
fn phrase(sentences: &str) -> String {
    let mut characters = sentences.chars();
    let first = characters.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
    format!("{first}{}", characters.as_str().trim_end_matches('.'))
}

/// A phrase as a sentence, unless it begins with what must stay as it is: a command, a name, a gap.
fn sentence(phrase: &str) -> String {
    let mut characters = phrase.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let rest = characters.as_str();
    let named = phrase.starts_with("nginx") || phrase.starts_with("changeover");
    let sentence = if named { phrase.to_owned() } else { format!("{first}{rest}") };
    if sentence.ends_with('.') { sentence } else { format!("{sentence}.") }
}

impl Text {
    fn explanation(&self) -> Explanation {
        let Self { code, means, why, todo } = self;
        Explanation { code, means: (*means).to_owned(), why: (*why).to_owned(), todo: (*todo).to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{all, closest, find, rooms};

    #[test]
    fn every_code_stands_once_and_in_its_room() {
        let codes: BTreeSet<_> = all().iter().map(|text| text.code).collect();
        assert_eq!(codes.len(), all().len());
        for room in rooms() {
            let strange = room
                .codes
                .iter()
                .find(|text| text.code.split_once('/').is_none_or(|(of, _)| of != room.name));
            assert_eq!(strange, None, "in {}", room.name);
        }
    }

    #[test]
    fn a_code_that_does_not_exist_leads_to_the_one_that_was_meant() {
        assert_eq!(closest("plan/unknwon-key"), Some("plan/unknown-key"));
        assert_eq!(closest("daemon-off"), Some("preflight/daemon-off"));
        assert_eq!(closest("\u{1b}[2J"), None);
        assert_eq!(find("unknown-key"), None);
    }

    #[test]
    fn what_only_a_line_of_the_log_can_say_is_left_open() {
        let text = find("diagnose/unknown-directive").unwrap();
        assert_eq!(text.means, "The new binary does not know the directive `…` (…).");
    }

    #[test]
    fn every_text_is_made_of_whole_sentences_and_short() {
        for text in all() {
            for part in [&text.means, &text.why, &text.todo] {
                assert!(
                    part.ends_with('.') && part.len() < 400 && !part.contains("${ "),
                    "{}: {part}",
                    text.code
                );
                assert!(!part.contains("  ") && !part.contains('\n'), "{}: {part}", text.code);
            }
        }
    }
}

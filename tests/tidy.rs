//! The rules of the house that no compiler knows: imports, sizes, words. Each check gives its offences, so that a
//! made-up offence proves that it can fail.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the sources has failed")]

#[path = "tidy/codes.rs"]
mod codes;
#[path = "tidy/facts.rs"]
mod facts;
#[path = "tidy/imports.rs"]
mod imports;
#[path = "tidy/sizes.rs"]
mod sizes;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/words.rs"]
mod words;

use imports::House;
use source::{Source, read};

/// What is wrong, and where.
type Offences = Vec<String>;

fn none(offences: &[String]) {
    assert!(offences.is_empty(), "{} offences:\n{}", offences.len(), offences.join("\n"));
}

fn sources() -> Vec<Source> {
    let sources = read("src");
    assert!(sources.len() > 50, "the sources were not found");
    sources
}

fn everything() -> Vec<Source> {
    sources().into_iter().chain(read("tests")).collect()
}

#[test]
fn imports_point_down_and_no_two_rooms_need_each_other() {
    let (house, sources) = (House::of_this_crate(), sources());
    none(&imports::upward(&house, &sources));
    none(&imports::cycles(&house, &sources));
}

#[test]
fn pure_rooms_import_only_pure_rooms_and_nothing_that_touches_the_host() {
    none(&imports::impure(&House::of_this_crate(), &sources()));
}

#[test]
fn every_file_opens_with_one_line_that_says_what_lives_in_it() {
    none(&sizes::headless(&everything()));
}

#[test]
fn files_and_functions_are_short() {
    none(&sizes::long_files(&everything()));
    none(&sizes::long_functions(&everything()));
    none(&sizes::median(&sources()));
}

#[test]
fn nothing_that_ships_can_panic_on_purpose_or_starts_a_shell() {
    none(&words::forbidden(&sources()));
    none(&words::shells(&sources()));
}

#[test]
fn every_code_names_a_room_that_exists() {
    none(&words::codes(&House::of_this_crate(), &sources()));
}

#[test]
fn every_code_has_a_text_and_no_text_is_left_over() {
    let texts = changeover::diagnose::explain::all();
    none(&codes::unexplained(
        &House::of_this_crate(),
        &sources(),
        &texts.iter().map(|text| text.code).collect(),
    ));
}

#[test]
fn the_page_of_codes_is_current() {
    #[expect(clippy::disallowed_methods, reason = "a test asks whether to write the file anew")]
    if std::env::var_os("CHANGEOVER_BLESS").is_some() {
        std::fs::write(codes::PAGE, codes::page()).unwrap();
    }
    let current = std::fs::read_to_string(codes::PAGE).is_ok_and(|page| page == codes::page());
    assert!(current, "docs/codes.md is not what src/diagnose says: run {}", codes::BLESS);
}

#[test]
fn names_say_what_a_thing_is() {
    none(&words::empty_names(&sources()));
}

#[test]
fn facts_about_nginx_are_cited_by_numbers_that_exist() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nginx-facts.md")).unwrap();
    let sources: Vec<_> = sources().into_iter().chain(read("tests/real")).collect();
    none(&facts::unknown(&sources, &page));
}

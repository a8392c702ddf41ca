//! The README and the pages in `docs/` are true: what they show is printed by the program on a real nginx, their
//! plans load, their links lead somewhere, their commands and exit codes exist.
//!
//! `CHANGEOVER_BLESS=1 cargo test --test readme` writes what the program prints now.
#![expect(clippy::disallowed_methods, reason = "tests read the clock and the environment, and write files")]
#![expect(clippy::expect_used, clippy::panic, reason = "a helper that cannot go on fails the test")]

#[path = "readme/page.rs"]
mod page;
#[path = "readme/shown.rs"]
mod shown;
#[expect(dead_code, reason = "the tests on real nginx use all of it")]
#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeSet;

use changeover::plan::{self, Inputs};
use page::{Page, pages};
use regex::Regex;
use support::builds::project;

fn read(path: &str) -> String {
    std::fs::read_to_string(project().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn what_a_page_shows_is_what_the_program_prints() {
    let mut shown = 0;
    for page in pages() {
        let mut lines = page.lines.clone();
        // From the end, so that the lines of the blocks before stay where they are.
        for block in page.blocks("console").iter().rev() {
            let now = shown::printed(&page, block);
            let (was, is) = (shown::fixed(&block.text), shown::fixed(&now));
            let blessed = std::env::var_os("CHANGEOVER_BLESS").is_some();
            assert!(
                was == is || blessed,
                "{}:{}\n--- shown\n{was}\n--- printed\n{is}\n{now}",
                page.path,
                block.first
            );
            lines.splice(block.first..block.last, now.lines().map(str::to_owned));
            shown += 1;
        }
        if std::env::var_os("CHANGEOVER_BLESS").is_some() && lines != page.lines {
            std::fs::write(project().join(&page.path), lines.join("\n") + "\n").expect("write the page");
        }
    }
    assert!(shown >= 4, "only {shown} blocks were found");
}

#[test]
fn plans_on_a_page_load() {
    let mut plans = 0;
    for page in pages() {
        for block in page.blocks("toml") {
            let loaded = plan::load(&page.path, block.text.as_bytes(), &[], Inputs::Open);
            plans += 1;
            let Err(problems) = loaded else { continue };
            panic!("{}:{}\n{problems}", page.path, block.first);
        }
    }
    assert!(plans >= 2, "only {plans} plans were found");
}

#[test]
fn examples_stand_on_their_page_as_they_are() {
    for (path, example) in [
        ("docs/ansible.md", "docs/examples/ansible/changeover.yml"),
        ("docs/salt.md", "docs/examples/salt/changeover.sls"),
    ] {
        let page = Page::read(path);
        let shown: Vec<_> = page.blocks("yaml").iter().map(|block| block.text.clone() + "\n").collect();
        assert_eq!(shown, [read(example)], "{path} shows {example}");
    }
}

#[test]
fn links_lead_to_files_and_headings() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").expect("a pattern");
    let mut links = 0;
    for page in pages() {
        for (_, [target]) in link.captures_iter(&page.text()).map(|found| found.extract()) {
            if target.contains("://") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { page.path.clone() } else { page.beside(file) };
            assert!(project().join(&path).exists(), "{}: {target}", page.path);
            let leads = heading.is_empty() || Page::read(&path).headings().contains(heading);
            assert!(leads, "{}: no heading {target}", page.path);
            links += 1;
        }
    }
    assert!(links >= 5, "only {links} links were found");
}

#[test]
fn commands_that_a_page_names_exist() {
    let makefile = read("Makefile");
    let mut commands = 0;
    for page in pages() {
        for line in page.blocks("sh").iter().flat_map(|block| block.text.lines()) {
            let words: Vec<_> = line.split_whitespace().collect();
            let exists = match words.as_slice() {
                ["make", target, ..] => makefile.lines().any(|line| line.starts_with(&format!("{target}:"))),
                ["changeover", command, ..] => {
                    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_changeover"));
                    program.args([command, "--help"]).output().is_ok_and(|output| output.status.success())
                }
                _ => continue,
            };
            assert!(exists, "{}: {line}", page.path);
            commands += 1;
        }
    }
    assert!(commands >= 5, "only {commands} commands were found");
}

/// The numbers in the first column of the first table below a heading.
fn codes(page: &Page, heading: &str) -> BTreeSet<u8> {
    let lines = page.lines.iter().skip_while(|line| line.trim_start_matches('#').trim() != heading);
    let rows = lines.skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    cells.flat_map(|cell| cell.split(',')).filter_map(|code| code.trim().parse().ok()).collect()
}

#[test]
fn the_readme_has_every_exit_code() {
    let documented = codes(&Page::read("docs/exit-codes.md"), "Exit codes");
    assert_eq!(codes(&Page::read("README.md"), "Exit codes"), documented);
    assert!(documented.len() > 10, "{documented:?}");
}

#[test]
fn every_exit_code_has_a_test_that_produces_it() {
    let page = Page::read("docs/exit-codes.md");
    let row = Regex::new(r"(?m)^\| (\d+) \| `(tests/[^`]+)` \| `(\w+)` \|$").expect("a pattern");
    let text = page.text();
    let rows: Vec<[&str; 3]> = row.captures_iter(&text).map(|found| found.extract().1).collect();
    let tested: BTreeSet<u8> = rows.iter().filter_map(|[code, ..]| code.parse().ok()).collect();
    assert_eq!(tested, codes(&page, "Exit codes"));
    for [code, file, test] in rows {
        let source = read(file);
        let body = source.split(&format!("#[test]\nfn {test}() {{\n")).nth(1);
        let body = body.and_then(|rest| rest.split("\n}\n").next());
        let body = body.unwrap_or_else(|| panic!("{file} has no test {test}"));
        let asserted = Regex::new(&format!(r"\b{code}\b")).expect("a pattern");
        assert!(asserted.is_match(body), "{file}: {test} does not speak of {code}\n{body}");
    }
}

//! `docs/faults.md`: the matrix as people read it, generated from the table and compared with it.

use crate::support::builds::project;
use crate::table;

const HEAD: &str = "# Faults

What goes wrong, when, on what kind of host, and how a run ends then. Each row is played on real nginx under load: `make
faults` plays all of them, `make test` every tenth. The page is generated from `tests/faults/table.rs`.

*Harmed* is the most requests (each on a connection of its own, 8 clients) that may get anything but a 200. After every row
but a stuck one the host is as before: one master, as many workers, the right pid file, nothing beside the path but the
kept file after a commit, and a reload works.

| fault | phase | host | exit | diagnosis | serves | path | harmed |
|---|---|---|---|---|---|---|---|
";

fn page() -> String {
    let rows = table::rows();
    let rows =
        rows.iter().map(|row| format!("| {} | {} | {} | {} |\n", row.fault, row.phase, row.setup, row.ends));
    HEAD.chars().chain(rows.collect::<String>().chars()).collect()
}

#[test]
fn the_page_says_what_the_table_says() {
    let file = project().join("docs/faults.md");
    if std::env::var_os("CHANGEOVER_BLESS").is_some() {
        std::fs::write(&file, page()).expect("write the page");
    }
    let written = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        written == page(),
        "docs/faults.md is not the table: CHANGEOVER_BLESS=1 cargo test --test faults page"
    );
}

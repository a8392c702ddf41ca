//! `docs/faults.md`: the matrix as people read it, generated from the table and compared with it.

use crate::setup::Setup;
use crate::support::builds::project;
use crate::table;

const HEAD: &str = "# Faults

What goes wrong, when, on what kind of host, and how a run ends then. Each row is played on real nginx under load: `make
faults` plays all of them, `make test` every tenth. The page is generated from `tests/faults/table.rs`. What a person reads
of each failure is in `tests/faults/texts`, and compared too.

*Harmed* is the most requests (each on a connection of its own, 8 clients) that may get anything but a 200; what a faulty
build does to clients it does between USR2 and the verdict. After every row but a stuck one the host is as before: one
master, as many workers, the right pid file, no lock, no socket, and nothing beside the path but the kept file after a
commit, what was found where somebody else's file has the path, and what a read-only directory holds. A log rotation, the
death of a worker and, where there is a configuration, a reload show that no harm is left that comes later.

`make faults` also draws 200 rows by chance: any fault in any phase on any host. `make fuzz-way-back` plays stories in which
several strangers meet one way back. Long downloads, tunnels and idle connections have tests of their own
(`tests/real/connections.rs`), as have readers that do not read (`tests/real/readers.rs`).

Of any two traits of a host one of the mixed ones has both, and one only the first:

MIXED
| fault | phase | host | exit | diagnosis | serves | path | harmed |
|---|---|---|---|---|---|---|---|
";

fn page() -> String {
    let rows = table::rows();
    let rows =
        rows.iter().map(|row| format!("| {} | {} | {} | {} |\n", row.fault, row.phase, row.setup, row.ends));
    HEAD.replace("MIXED", &Setup::mixed().concat()) + &rows.collect::<String>()
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

//! The facts about nginx that comments cite by number are in `docs/nginx-facts.md`, and none is there for nothing.

use std::collections::BTreeSet;

use super::{Offences, source::Source};

/// `nginx-facts 5`, `nginx-facts 3, 24` and `nginx-facts 31 and 32` in a text.
fn cited(text: &str) -> BTreeSet<u32> {
    let mut numbers = BTreeSet::new();
    for after in text.split("nginx-facts ").skip(1) {
        let list =
            after.split(|c: char| !(c.is_ascii_digit() || c == ',' || c == ' ' || "and".contains(c))).next();
        let words =
            list.unwrap_or_default().split([' ', ',']).filter(|word| !word.is_empty() && *word != "and");
        numbers.extend(words.map_while(|word| word.parse::<u32>().ok()));
    }
    numbers
}

/// `**5. …` at the start of a line.
fn told(page: &str) -> BTreeSet<u32> {
    let number = |line: &str| line.strip_prefix("**")?.split_once('.')?.0.parse().ok();
    page.lines().filter_map(number).collect()
}

/// Numbers that only one side knows.
pub(crate) fn unknown(sources: &[Source], page: &str) -> Offences {
    let told = told(page);
    let cited: BTreeSet<u32> = sources.iter().flat_map(|source| cited(&source.text)).collect();
    let missing = cited.difference(&told).map(|number| format!("nginx-facts {number} is cited and not told"));
    let idle = told.difference(&cited).map(|number| format!("nginx-facts {number} is told and never cited"));
    missing.chain(idle).collect()
}

#[cfg(test)]
mod tests {
    use super::{Source, cited, unknown};

    #[test]
    fn numbers_are_read_in_lists() {
        assert_eq!(cited("a (nginx-facts 3, 24) b nginx-facts 31 and 32; nginx-facts 5.").len(), 5);
    }

    #[test]
    fn a_fact_that_only_one_side_knows_is_found() {
        let source = |text: &str| vec![Source::new("src/a.rs", text)];
        assert_eq!(unknown(&source("// nginx-facts 7"), "**7. A fact.**"), Vec::<String>::new());
        assert_eq!(unknown(&source("// nginx-facts 7"), "").len(), 1);
        assert_eq!(unknown(&source(""), "**7. A fact.**").len(), 1);
    }
}

//! How long things are, and what a file opens with.

use super::{
    Offences,
    source::{Source, item_end},
};

/// Lines of a file at most.
const FILE: usize = 400;

/// Lines of the median file of `src` at most.
const MEDIAN: usize = 150;

/// Lines of a function must be fewer, from `fn` to its closing brace.
const FUNCTION: usize = 70;

/// Files that do not open with `//!`.
pub(crate) fn headless(sources: &[Source]) -> Offences {
    let open = |source: &&Source| {
        source.text.lines().next().is_some_and(|line| line.len() > 4 && line.starts_with("//! "))
    };
    sources
        .iter()
        .filter(|source| !open(source))
        .map(|source| format!("{}: opens without `//!`", source.path))
        .collect()
}

/// Files that are too long.
pub(crate) fn long_files(sources: &[Source]) -> Offences {
    let lengths = sources.iter().map(|source| (&source.path, source.text.lines().count()));
    lengths.filter(|&(_, lines)| lines > FILE).map(|(path, lines)| format!("{path}: {lines} lines")).collect()
}

/// Whether half of the files are short.
pub(crate) fn median(sources: &[Source]) -> Offences {
    let mut lengths: Vec<_> = sources.iter().map(|source| source.text.lines().count()).collect();
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
    if median > MEDIAN { vec![format!("the median file has {median} lines")] } else { Vec::new() }
}

/// Functions that are too long. Tables in the unit tests of `src` may be longer.
pub(crate) fn long_functions(sources: &[Source]) -> Offences {
    let mut offences = Vec::new();
    for source in sources {
        for (place, _) in source.shipped.match_indices("fn ") {
            let before = source.shipped[..place].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let lines = source.shipped[place..item_end(&source.shipped, place)].lines().count();
            if lines >= FUNCTION {
                offences.push(format!("{}: a function of {lines} lines", source.at(place)));
            }
        }
    }
    offences
}

#[cfg(test)]
mod tests {
    use super::{Source, headless, long_files, long_functions, median};

    fn file(text: &str) -> Vec<Source> {
        vec![Source::new("src/a/x.rs", text)]
    }

    #[test]
    fn a_file_without_a_first_line_is_found() {
        assert_eq!(headless(&file("use a;\n")).len(), 1);
        assert_eq!(headless(&file("//!\n")).len(), 1);
        assert_eq!(headless(&file("//! What lives here.\n")), [""; 0]);
    }

    #[test]
    fn a_long_file_and_a_long_median_are_found() {
        let (long, short) = (file(&"\n".repeat(401)), file(&"\n".repeat(400)));
        assert_eq!((long_files(&long).len(), long_files(&short).len()), (1, 0));
        assert_eq!((median(&long).len(), median(&file("\n")).len()), (1, 0));
    }

    #[test]
    fn a_long_function_is_found() {
        let function = |lines: usize| {
            file(&format!("struct S {{}}\nfn f() {{\n{}}}\nfn g();\n", "    x();\n".repeat(lines)))
        };
        assert_eq!(long_functions(&function(68)), ["src/a/x.rs:2: a function of 70 lines"]);
        assert_eq!(long_functions(&function(67)), [""; 0]);
    }
}

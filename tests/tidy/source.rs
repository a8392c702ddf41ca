//! Rust files as the checks read them: comments and strings apart, tests apart.

use std::{fs, path::Path};

/// One file.
pub(crate) struct Source {
    /// From the top of the repository: `src/report/mod.rs`.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
    /// The same length, comments and what stands in strings blanked.
    pub(crate) code: String,
    /// The same again, everything under `#[cfg(test)]` blanked; nothing for a file that is a test.
    pub(crate) shipped: String,
    /// Each string literal of `shipped`: its line and its text.
    pub(crate) strings: Vec<(usize, String)>,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let (code, strings) = lex(text);
        let shipped = without_tests(&code);
        let strings = strings
            .into_iter()
            .filter(|&(place, _)| shipped.as_bytes()[place] == b'"')
            .map(|(place, string)| (line_of(text, place), string))
            .collect();
        Self { path: path.to_owned(), text: text.to_owned(), code, shipped, strings }
    }

    /// The room that the file is in; `None` for `main.rs`, `lib.rs` and tests.
    pub(crate) fn room(&self) -> Option<&str> {
        self.path.strip_prefix("src/")?.split_once('/').map(|(room, _)| room)
    }

    /// The place of a byte of the text, as people and editors write it.
    pub(crate) fn at(&self, place: usize) -> String {
        format!("{}:{}", self.path, line_of(&self.text, place))
    }
}

/// Every Rust file below `folder`, those that are only compiled for tests emptied.
pub(crate) fn read(folder: &str) -> Vec<Source> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&top.join(folder), &mut paths);
    paths.sort();
    let mut sources: Vec<Source> = paths
        .iter()
        .map(|path| {
            let name = path.strip_prefix(top).unwrap().to_str().unwrap();
            Source::new(name, &fs::read_to_string(path).unwrap())
        })
        .collect();
    let tests: Vec<String> = sources.iter().flat_map(test_modules).collect();
    for source in sources.iter_mut().filter(|source| {
        tests
            .iter()
            .any(|test| source.path == format!("{test}.rs") || source.path.starts_with(&format!("{test}/")))
    }) {
        source.shipped = String::new();
        source.strings = Vec::new();
    }
    sources
}

fn collect(folder: &Path, paths: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// Modules in files of their own that are declared under `#[cfg(test)]`, as paths without `.rs`.
fn test_modules(source: &Source) -> Vec<String> {
    let folder =
        source.path.strip_suffix("/mod.rs").or_else(|| source.path.strip_suffix(".rs")).unwrap_or("");
    let names = source.code.split("#[cfg(test)]").skip(1).filter_map(|rest| {
        let line = rest.trim_start();
        let declared = line.strip_prefix("pub(crate) ").or(line.strip_prefix("pub(super) ")).unwrap_or(line);
        let declared = declared.strip_prefix("mod ")?;
        let (name, _) = declared.split_once(';')?;
        name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_').then(|| format!("{folder}/{name}"))
    });
    names.collect()
}

fn line_of(text: &str, place: usize) -> usize {
    text[..place].matches('\n').count() + 1
}

/// The code with comments and strings blanked, and each string with the place of its opening quote.
fn lex(text: &str) -> (String, Vec<(usize, String)>) {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut strings = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let (end, string) = token(bytes, at);
        if let Some(inside) = string {
            strings.push((inside.start - 1, text[inside.clone()].to_owned()));
            blank(&mut code, inside);
        } else if end > at + 1 {
            blank(&mut code, at..end);
        }
        at = end;
    }
    (String::from_utf8(code).unwrap(), strings)
}

fn blank(code: &mut [u8], range: std::ops::Range<usize>) {
    code[range].iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
}

/// Where the token at `at` ends, and the inside of it where it is a string. What is no token of interest is one byte.
fn token(bytes: &[u8], at: usize) -> (usize, Option<std::ops::Range<usize>>) {
    let rest = &bytes[at..];
    let find = |what: &[u8], from: usize| {
        bytes[from..].windows(what.len()).position(|w| w == what).map_or(bytes.len(), |found| from + found)
    };
    let word_before = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    if rest.starts_with(b"//") {
        return (find(b"\n", at), None);
    }
    if rest.starts_with(b"/*") {
        return (find(b"*/", at) + 2, None);
    }
    if rest[0] == b'r' && (!word_before || bytes[at - 1] == b'b') {
        let hashes = rest[1..].iter().take_while(|&&b| b == b'#').count();
        if rest.get(1 + hashes) == Some(&b'"') {
            let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
            let start = at + hashes + 2;
            let end = find(&close, start);
            return (end + close.len(), Some(start..end));
        }
    }
    if rest[0] == b'"' {
        let mut end = at + 1;
        while end < bytes.len() && bytes[end] != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        return (end + 1, Some(at + 1..end));
    }
    if rest.starts_with(b"'\\") {
        return (find(b"'", at + 3) + 1, None);
    }
    // A character, not a lifetime: its closing quote comes within the four bytes that UTF-8 may take.
    if rest[0] == b'\'' {
        let width = (2..=5).find(|&width| rest.get(width) == Some(&b'\''));
        let one =
            width.filter(|&width| std::str::from_utf8(&rest[1..width]).is_ok_and(|c| c.chars().count() == 1));
        return (at + one.map_or(1, |width| width + 1), None);
    }
    (at + 1, None)
}

/// The code with every item under `#[cfg(test)]` blanked.
fn without_tests(code: &str) -> String {
    if code.contains("#![cfg(test)]") {
        return code.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
    }
    let mut shipped = code.as_bytes().to_vec();
    let mut from = 0;
    while let Some(found) = code[from..].find("#[cfg(test)]") {
        let start = from + found;
        let end = item_end(code, start);
        blank(&mut shipped, start..end);
        from = end;
    }
    String::from_utf8(shipped).unwrap()
}

/// The end of the item that begins at `start`: its `;`, or the brace that closes its first one.
pub(crate) fn item_end(code: &str, start: usize) -> usize {
    let mut depth = 0;
    for (place, b) in code.bytes().enumerate().skip(start) {
        match b {
            b'{' => depth += 1,
            b'}' if depth == 1 => return place + 1,
            b'}' => depth -= 1,
            b';' if depth == 0 => return place + 1,
            _ => {}
        }
    }
    code.len()
}

#[test]
fn comments_strings_characters_and_tests_are_told_apart() {
    let text = concat!(
        "//! x.unwrap()\nfn a<'a>(b: &'a str) -> char { /* panic! */ '\"' }\nconst C: &str = r#\"q\"uote\"#;\n",
        "const D: &str = \"e\\\"f\";\n#[cfg(test)]\nmod tests { const S: &str = \"in test\"; fn t() { x.unwrap(); } }\nfn z() {}\n",
    );
    let source = Source::new("src/report/x.rs", text);
    assert_eq!(source.code.len(), text.len());
    assert!(!source.code.contains("panic!") && source.code.contains("x.unwrap()"), "{}", source.code);
    assert!(!source.shipped.contains("unwrap") && source.shipped.contains("fn z()"), "{}", source.shipped);
    assert_eq!(source.strings, [(3, "q\"uote".to_owned()), (4, "e\\\"f".to_owned())]);
    assert_eq!(source.room(), Some("report"));
}

#[test]
fn a_module_declared_for_tests_only_is_a_test() {
    let source = Source::new(
        "src/report/mod.rs",
        "mod a;\n#[cfg(test)]\npub(crate) mod b;\n#[cfg(test)]\nmod runs;\n",
    );
    assert_eq!(test_modules(&source), ["src/report/b", "src/report/runs"]);
}

//! What `-T` prints: every configuration file that was read, followed through its `include`s.

use super::config::{self, Directive, SyntaxError};

/// What stands in front of every file.
const HEADING: &str = "# configuration file ";
/// `include`s nest no deeper.
const MOST_INCLUDES: usize = 16;
/// No more directives are looked at, however often a file is included.
const MOST_DIRECTIVES: usize = 400_000;

/// A whole configuration as a binary read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// The files in the order in which they were opened; the first is the one of `-c`.
    pub files: Vec<File>,
    /// The directives of `-g`.
    pub in_front: Vec<Directive>,
}

/// One file of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path as nginx opened it.
    pub path: String,
    /// What it says.
    pub directives: Vec<Directive>,
}

/// Why the output of `-T` could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DumpError {
    /// There is no heading in it.
    #[error("the output of `-T` names no configuration file")]
    NoFile,
    /// A file that nginx accepts and we do not understand.
    #[error("{file}: {error}")]
    Syntax {
        /// Which file.
        file: String,
        /// What and where.
        error: SyntaxError,
    },
}

impl Configuration {
    /// Reads what `-T` wrote to standard output, and the directives of the master's `-g`.
    ///
    /// # Errors
    /// When it is not such an output, or a file is not understood.
    pub fn parse(dump: &[u8], in_front: Option<&str>) -> Result<Self, DumpError> {
        let text = String::from_utf8_lossy(dump);
        let read = |file: &str, text: &str| {
            config::parse(text)
                .map_err(|error| DumpError::Syntax { file: super::printable(file, 4096), error })
        };
        let files = sections(&text)
            .map(|(path, text)| Ok(File { path: path.to_owned(), directives: read(path, text)? }))
            .collect::<Result<Vec<_>, _>>()?;
        if files.is_empty() {
            return Err(DumpError::NoFile);
        }
        Ok(Self { files, in_front: read("-g", in_front.unwrap_or_default())? })
    }

    /// Looks at every directive with the names of the blocks around it, includes followed, `-g` first.
    pub fn visit<'a>(&'a self, mut look: impl FnMut(&[&'a str], &'a Directive)) {
        let mut walk = Walk { files: &self.files, left: MOST_DIRECTIVES, look: &mut look };
        walk.directives(&self.in_front, &mut Vec::new(), 0);
        if let Some(first) = self.files.first() {
            walk.directives(&first.directives, &mut Vec::new(), 0);
        }
    }

    /// The directives of that name outside every block.
    #[must_use]
    pub fn main(&self, name: &str) -> Vec<&Directive> {
        let mut found = Vec::new();
        self.visit(|around, directive| {
            if around.is_empty() && directive.name == name {
                found.push(directive);
            }
        });
        found
    }
}

struct Walk<'a, 'f, F> {
    files: &'a [File],
    left: usize,
    look: &'f mut F,
}

impl<'a, F: FnMut(&[&'a str], &'a Directive)> Walk<'a, '_, F> {
    fn directives(&mut self, directives: &'a [Directive], around: &mut Vec<&'a str>, includes: usize) {
        for directive in directives {
            if self.left == 0 {
                return;
            }
            self.left -= 1;
            if directive.name == "include" && includes < MOST_INCLUDES {
                for file in directive.args.first().map(|pattern| self.included(pattern)).unwrap_or_default() {
                    self.directives(&file.directives, around, includes + 1);
                }
                continue;
            }
            (self.look)(around, directive);
            if let Some(block) = &directive.block {
                around.push(&directive.name);
                self.directives(block, around, includes);
                around.pop();
            }
        }
    }

    /// The files that an `include` names; relative ones stand beside the first file (`ngx_conf_full_name`).
    fn included(&self, pattern: &str) -> Vec<&'a File> {
        let base =
            self.files.first().and_then(|first| first.path.rsplit_once('/')).map_or("", |(base, _)| base);
        let full = if pattern.starts_with('/') { pattern.to_owned() } else { format!("{base}/{pattern}") };
        self.files.iter().filter(|file| matches(full.as_bytes(), file.path.as_bytes())).take(10_000).collect()
    }
}

fn sections(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let heading =
        |line: &str| line.strip_prefix(HEADING)?.trim_end_matches('\n').strip_suffix(':').map(str::len);
    let mut starts = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some(length) = heading(line) {
            starts.push((at, at + HEADING.len(), length, at + line.len()));
        }
        at += line.len();
    }
    let ends: Vec<usize> = starts.iter().skip(1).map(|start| start.0).chain([text.len()]).collect();
    starts.into_iter().zip(ends).filter_map(|((_, name, length, body), end)| {
        Some((text.get(name..name + length)?, text.get(body..end)?))
    })
}

/// Whether a path matches a pattern as `glob` sees it: `*`, `?` and `[…]` never match a slash. The work is bounded by
/// pattern length times path length.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while seen < path.len() {
        let one = match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
                continue;
            }
            Some(_) => {
                one(pattern.get(at..).unwrap_or_default(), path.get(seen).copied().unwrap_or_default())
            }
            None => None,
        };
        match (one, star) {
            (Some(length), _) => {
                at += length;
                seen += 1;
            }
            (None, Some((back, from))) if path.get(from).is_some_and(|b| *b != b'/') => {
                star = Some((back, from + 1));
                (at, seen) = (back + 1, from + 1);
            }
            (None, _) => return false,
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|b| *b == b'*')
}

/// How many pattern bytes match this byte; `None` if they do not.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern.first()? {
        b'?' => (byte != b'/').then_some(1),
        b'[' => {
            let Some(close) = pattern.iter().skip(2).position(|b| *b == b']').map(|at| at + 2) else {
                return (byte == b'[').then_some(1);
            };
            let (set, negated) = match pattern.get(1..close)? {
                [b'!' | b'^', rest @ ..] => (rest, true),
                set => (set, false),
            };
            let range =
                set.windows(3).any(|w| matches!(w, [low, b'-', high] if (low..=high).contains(&&byte)));
            ((range || set.contains(&byte)) != negated && byte != b'/').then_some(close + 1)
        }
        plain => (*plain == byte).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::{Configuration, DumpError, matches};

    const DUMP: &str = "# configuration file /etc/nginx/nginx.conf:\n\
        worker_processes 2;\ninclude modules/*.conf;\nhttp {\n  include /etc/nginx/sites/*;\n}\n\n\
        # configuration file /etc/nginx/modules/a.conf:\nload_module a.so;\n\n\
        # configuration file /etc/nginx/sites/one:\nserver { listen 80; }\n\n";

    #[test]
    fn includes_are_followed_into_their_block() {
        let configuration = Configuration::parse(DUMP.as_bytes(), Some("daemon on;")).unwrap();
        let mut seen = Vec::new();
        configuration
            .visit(|around, directive| seen.push(format!("{}/{}", around.join("/"), directive.name)));
        assert_eq!(
            seen,
            ["/daemon", "/worker_processes", "/load_module", "/http", "http/server", "http/server/listen"]
        );
        assert_eq!(configuration.files.len(), 3);
        assert_eq!(configuration.main("load_module").len(), 1);
        assert!(configuration.main("listen").is_empty());
    }

    #[test]
    fn a_file_that_includes_itself_ends() {
        let dump = "# configuration file /a:\ninclude /a; include /a; include /a; user x;\n";
        let configuration = Configuration::parse(dump.as_bytes(), None).unwrap();
        assert!(!configuration.main("user").is_empty());
    }

    #[test]
    fn what_is_not_a_dump_is_told() {
        assert_eq!(Configuration::parse(b"nginx: [emerg] no", None), Err(DumpError::NoFile));
        let broken = Configuration::parse(b"# configuration file /a:\nuser x\n", None).unwrap_err();
        assert_eq!(broken.to_string(), "/a: unexpected end of the text, \";\" or \"}\" is missing on line 2");
    }

    #[test]
    fn patterns_match_as_glob_does() {
        for (pattern, path) in [
            ("/a/*.conf", "/a/b.conf"),
            ("/a/[ab]?", "/a/bc"),
            ("/a/[!x-z]", "/a/b"),
            ("/[a", "/[a"),
            ("/*/*", "/a/b"),
        ] {
            assert!(matches(pattern.as_bytes(), path.as_bytes()), "{pattern} {path}");
        }
        for (pattern, path) in
            [("/a/*", "/a/b/c"), ("/a/?", "/a/"), ("/a/[x-z]", "/a/b"), ("/a/b", "/a/bc"), ("", "/")]
        {
            assert!(!matches(pattern.as_bytes(), path.as_bytes()), "{pattern} {path}");
        }
    }
}

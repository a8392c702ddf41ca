//! A page of Markdown: its blocks, its headings, and where its links lead.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::support::builds::project;

/// A page, with its path in the project.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) path: String,
    pub(crate) lines: Vec<String>,
}

/// A fenced block.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// The line before its fence.
    pub(crate) before: String,
    /// The line behind its first fence, counted from 0.
    pub(crate) first: usize,
    /// The line of its last fence.
    pub(crate) last: usize,
    pub(crate) text: String,
}

/// The README and everything in `docs/`.
pub(crate) fn pages() -> Vec<Page> {
    let mut pages = vec![Page::read("README.md")];
    for directory in ["docs", "docs/decisions"] {
        let entries = std::fs::read_dir(project().join(directory)).expect("the pages").flatten();
        let names = entries.map(|entry| format!("{directory}/{}", entry.file_name().to_string_lossy()));
        let mut names: Vec<_> = names
            .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "md"))
            .collect();
        names.sort();
        pages.extend(names.iter().map(|name| Page::read(name)));
    }
    pages
}

impl Page {
    pub(crate) fn read(path: &str) -> Self {
        let lines = super::read(path).lines().map(str::to_owned).collect();
        Self { path: path.to_owned(), lines }
    }

    pub(crate) fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// The blocks of one language, in their order.
    pub(crate) fn blocks(&self, language: &str) -> Vec<Block> {
        let (mut blocks, mut open) = (Vec::new(), None);
        for (number, line) in self.lines.iter().enumerate() {
            let Some(tag) = line.strip_prefix("```") else { continue };
            match open.take() {
                None => open = Some((number, tag)),
                Some((fence, tag)) if tag == language => blocks.push(Block {
                    before: self.lines[..fence].last().cloned().unwrap_or_default(),
                    first: fence + 1,
                    last: number,
                    text: self.lines[fence + 1..number].join("\n"),
                }),
                Some(_) => {}
            }
        }
        assert!(open.is_none(), "{}: a block is not closed", self.path);
        blocks
    }

    /// The anchors of its headings, as a forge makes them.
    pub(crate) fn headings(&self) -> BTreeSet<String> {
        let titles = self.lines.iter().filter_map(|line| line.trim_start_matches('#').strip_prefix(' '));
        let anchor = |title: &str| {
            let kept =
                title.to_lowercase().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect();
            let kept: String = kept;
            kept.replace(' ', "-")
        };
        titles.map(anchor).collect()
    }

    /// A file named from this page, by its path in the project.
    pub(crate) fn beside(&self, file: &str) -> String {
        let mut path = PathBuf::new();
        for part in Path::new(&self.path).parent().expect("a directory").join(file).components() {
            match part {
                Component::ParentDir => drop(path.pop()),
                part => path.push(part),
            }
        }
        path.to_string_lossy().into_owned()
    }
}

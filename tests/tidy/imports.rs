//! Which room needs which: down only, no cycles, and the pure ones stay pure.

use std::collections::{BTreeMap, BTreeSet};

use super::{Offences, source::Source};

/// What a pure room may not name: they touch the host, the network or the clock.
const HOST: [&str; 7] = ["nix", "rustix", "tokio", "reqwest", "procfs", "libc", "hyper"];

/// The same within the standard library.
const HOST_STD: [&str; 5] = ["fs", "process", "env", "thread", "os"];

/// Addresses of `std::net` are plain data, these are not.
const SOCKETS: [&str; 4] = ["TcpStream", "TcpListener", "UdpSocket", "ToSocketAddrs"];

/// Plain data that `reqwest` re-exports from `url` and `http`.
const DATA: [&str; 2] = ["Url", "header"];

/// The rooms, as the table in `src/lib.rs` has them.
pub(crate) struct House {
    /// Each room's floor, and whether it is pure.
    rooms: BTreeMap<String, (usize, bool)>,
}

impl House {
    pub(crate) fn of_this_crate() -> Self {
        let house = Self::new(include_str!("../../src/lib.rs"));
        assert!(house.rooms.len() >= 13, "the table of rooms was not found");
        house
    }

    /// Reads `//! | 0 | [`protocol`] (pure) · [`host`] |`: `(pure` holds for every room up to the next `·`.
    fn new(lib: &str) -> Self {
        let mut rooms = BTreeMap::new();
        for row in lib.lines().filter_map(|line| line.strip_prefix("//! | ")) {
            let Some((floor, names)) = row.split_once(" | ") else { continue };
            let Ok(floor) = floor.parse::<usize>() else { continue };
            for part in names.split('·') {
                for name in
                    part.split("[`").skip(1).filter_map(|rest| rest.split_once("`]")).map(|(name, _)| name)
                {
                    rooms.insert(name.to_owned(), (floor, part.contains("(pure")));
                }
            }
        }
        Self { rooms }
    }

    pub(crate) fn has(&self, room: &str) -> bool {
        self.rooms.contains_key(room)
    }

    fn floor(&self, room: &str) -> usize {
        self.rooms.get(room).map_or(usize::MAX, |&(floor, _)| floor)
    }

    fn pure(&self, room: &str) -> bool {
        self.rooms.get(room).is_some_and(|&(_, pure)| pure)
    }
}

/// The first names behind `root::` in the code, with their places: `crate::{a::b, c}` names `a` and `c`.
fn heads<'a>(code: &'a str, root: &str) -> Vec<(usize, &'a str)> {
    let mut heads = Vec::new();
    for (place, _) in code.match_indices(&format!("{root}::")) {
        if place > 0 && code.as_bytes()[place - 1].is_ascii_alphanumeric() {
            continue;
        }
        let start = place + root.len() + 2;
        if code[start..].starts_with('{') {
            let end = super::source::item_end(code, start);
            heads.extend(group(&code[start + 1..end - 1]).into_iter().map(|name| (place, name)));
        } else {
            heads.push((place, name(&code[start..])));
        }
    }
    heads
}

/// The first name of each member of a group, whose own groups are skipped.
fn group(inside: &str) -> Vec<&str> {
    let (mut depth, mut start, mut names) = (0_usize, 0, Vec::new());
    for (place, b) in inside.bytes().enumerate() {
        match b {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                names.push(name(&inside[start..place]));
                start = place + 1;
            }
            _ => {}
        }
    }
    names.push(name(&inside[start..]));
    names.into_iter().filter(|name| !name.is_empty()).collect()
}

fn name(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// Every other room that a file names: its place and the room.
fn needs(source: &Source) -> Vec<(usize, &str)> {
    let own = source.room().unwrap_or_default();
    heads(&source.shipped, "crate").into_iter().filter(|(_, room)| *room != own).collect()
}

/// Imports of a higher floor, of something that is no room, and ways out of a room by `super`.
pub(crate) fn upward(house: &House, sources: &[Source]) -> Offences {
    let mut offences = Vec::new();
    for source in sources {
        let Some(room) = source.room() else { continue };
        if !house.has(room) {
            offences.push(format!("{}: `{room}` is not in the table of src/lib.rs", source.path));
        }
        for (place, other) in needs(source) {
            if !house.has(other) {
                offences.push(format!("{}: `{other}` is no room", source.at(place)));
            } else if house.floor(other) > house.floor(room) {
                offences.push(format!("{}: `{room}` is below `{other}`", source.at(place)));
            }
        }
        let depth = source.path.trim_end_matches("/mod.rs").split('/').count() - 1;
        let out = "super::".repeat(depth);
        offences.extend(
            source.shipped.find(&out).map(|place| format!("{}: leaves its room by super", source.at(place))),
        );
    }
    offences
}

/// Rooms that need each other, directly or by others.
pub(crate) fn cycles(house: &House, sources: &[Source]) -> Offences {
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for source in sources {
        if let Some(room) = source.room() {
            graph.entry(room).or_default().extend(needs(source).into_iter().map(|(_, other)| other));
        }
    }
    let reaches = |from: &str, to: &str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(room) = open.pop() {
            for &next in graph.get(room).into_iter().flatten() {
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        seen.contains(to)
    };
    house
        .rooms
        .keys()
        .filter(|room| reaches(room, room))
        .map(|room| format!("`{room}` needs itself by others"))
        .collect()
}

/// What the pure rooms may not name.
pub(crate) fn impure(house: &House, sources: &[Source]) -> Offences {
    let mut offences = Vec::new();
    for source in sources.iter().filter(|source| source.room().is_some_and(|room| house.pure(room))) {
        for (place, other) in needs(source) {
            if !house.pure(other) {
                offences.push(format!("{}: a pure room imports `{other}`", source.at(place)));
            }
        }
        for (place, module) in heads(&source.shipped, "std") {
            if HOST_STD.contains(&module) {
                offences.push(format!("{}: a pure room names std::{module}", source.at(place)));
            }
        }
        for library in HOST {
            for (place, _) in heads(&source.shipped, library).iter().filter(|(_, name)| !DATA.contains(name))
            {
                offences.push(format!("{}: a pure room names {library}", source.at(*place)));
            }
        }
        for socket in SOCKETS {
            for (place, _) in source.shipped.match_indices(socket) {
                offences.push(format!("{}: a pure room names {socket}", source.at(place)));
            }
        }
    }
    offences
}

#[cfg(test)]
mod tests {
    use super::{House, Source, cycles, impure, upward};

    fn house() -> House {
        House::new(
            "//! | 0 | [`low`] (pure) · [`host`] |\n//! | 3 | [`a`], [`b`] (pure) · [`c`] |\n//! | 4 | [`top`] |\n",
        )
    }

    fn file(path: &str, text: &str) -> Vec<Source> {
        vec![Source::new(path, text)]
    }

    #[test]
    fn an_import_of_a_higher_floor_is_found() {
        assert_eq!(
            upward(&house(), &file("src/a/x.rs", "use crate::{low::X, top::Y};")),
            ["src/a/x.rs:1: `a` is below `top`"]
        );
        assert_eq!(
            upward(&house(), &file("src/a/x.rs", "fn f() { crate::cellar::x() }")),
            ["src/a/x.rs:1: `cellar` is no room"]
        );
        assert_eq!(
            upward(&house(), &file("src/a/x.rs", "use super::super::low;")),
            ["src/a/x.rs:1: leaves its room by super"]
        );
        assert_eq!(upward(&house(), &file("src/a/x.rs", "use super::y;\nuse crate::a::z;")), [""; 0]);
    }

    #[test]
    fn two_rooms_that_need_each_other_are_found() {
        let mut sources = file("src/a/mod.rs", "use crate::b::X;");
        sources.extend(file("src/b/mod.rs", "use crate::c;"));
        assert_eq!(cycles(&house(), &sources), [""; 0]);
        sources.extend(file("src/c/mod.rs", "use crate::{\n    a,\n};"));
        assert_eq!(cycles(&house(), &sources).len(), 3);
    }

    #[test]
    fn a_pure_room_that_touches_the_host_is_found() {
        let all = |text: &str| impure(&house(), &file("src/b/x.rs", text)).len();
        assert_eq!(all("use crate::host::read;"), 1);
        assert_eq!(all("use std::{collections::BTreeMap, fs};"), 1);
        assert_eq!(all("fn f() { std::process::id() }"), 1);
        assert_eq!(all("use std::net::{IpAddr, TcpStream};"), 1);
        assert_eq!(all("use reqwest::{Client, Url};"), 1);
        assert_eq!(all("use tokio::sync;\nuse nix::sys;"), 2);
        assert_eq!(
            all(
                "use std::{collections::{BTreeMap}, fmt};\nuse crate::low;\n#[cfg(test)]\nmod t { use std::fs; }"
            ),
            0
        );
        assert_eq!(impure(&house(), &file("src/c/x.rs", "use std::fs;")), [""; 0]);
    }
}

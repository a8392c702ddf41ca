//! The master that a pid file should name and does not: `status` finds it all the same.

use std::path::{Path, PathBuf};

use super::pid_file;
use crate::preflight::{
    facts::PidText,
    gather::{
        master,
        pid_file::{is_same_name, text},
    },
};

/// Where most packages put the pid file.
const USUAL: &str = "/run/nginx.pid";

/// The one master whose configuration names this pid file; where none does, the only one of which nobody can tell, unless the
/// usual pid file names it. One scan of all processes; nothing is executed.
#[must_use]
pub fn unnamed_master(path: &Path) -> Option<i32> {
    let beside_us = master::all().into_iter().filter(|pid| master::is_beside_us(*pid));
    let masters: Vec<(i32, Option<PathBuf>)> =
        beside_us.filter_map(|pid| Some((pid, pid_file::certain(&master::of(pid)?)))).collect();
    let those = |is: &dyn Fn(Option<&PathBuf>) -> bool| -> Vec<i32> {
        masters.iter().filter(|(_, named)| is(named.as_ref())).map(|(pid, _)| *pid).collect()
    };
    let its = those(&|named| named.is_some_and(|named| is_same_name(named, path)));
    match (its.as_slice(), those(&|named| named.is_none()).as_slice()) {
        ([only], _) => Some(*only),
        ([], [only]) if text(USUAL.as_ref()) != PidText::Names(*only) => Some(*only),
        _ => None,
    }
}

//! What the master sees where changeover sees something: the same root, and the same files behind the same paths.

use std::path::{Path, PathBuf};

use crate::{
    host::view::View,
    preflight::{Facts, Sight, Socket},
};

/// Looks at what is known before any binary is run: the binary, the pid file, unix sockets and the arguments' own paths.
/// `None` where the master may not be looked at.
pub(super) fn read(facts: &Facts) -> Option<(View, Sight)> {
    let master = facts.master.as_ref()?;
    let view = View::of(master.id.pid).ok()?;
    let root = view.other_root().map(Path::to_owned);
    let mut sight = Sight { root, differ: Vec::new() };
    if sight.root.is_some() {
        return Some((view, sight));
    }
    let mut paths = vec![facts.pid_file.path.clone()];
    if let Some(path) = &facts.path {
        paths.push(path.path.clone());
        paths.extend(path.place.iter().flat_map(|place| [place.path(), place.leads_to.clone()]));
    }
    paths.extend(master.held.iter().filter_map(|held| match &held.socket {
        Socket::Unix(path, _) => Some(path.clone()),
        Socket::Tcp(_) | Socket::Udp(_) => None,
    }));
    let arguments = master.arguments.iter().flat_map(|it| [&it.configuration, &it.prefix, &it.error_log]);
    paths.extend(arguments.flatten().map(PathBuf::from));
    compare(&view, &mut sight, paths.iter().map(PathBuf::as_path));
    Some((view, sight))
}

/// What the master's own mounts do not permit, though ours do.
pub(super) fn see_mounts(facts: &mut Facts, view: &View) {
    if let Some(path) = &mut facts.path {
        path.noexec |= view.is_noexec(path.directory());
    }
    let directory = facts.pid_file.path.parent();
    facts.access.pid_file_renamed &= !directory.is_some_and(|directory| view.is_read_only(directory));
}

/// Looks at the configuration files as well, once they are known.
pub(super) fn see_configuration(facts: &mut Facts) {
    let Some(view) = facts.master.as_ref().and_then(|master| View::of(master.id.pid).ok()) else { return };
    let running = facts.running.iter().chain(facts.offered.iter().filter_map(|it| it.trial.as_ref()));
    let files = running.filter_map(|trial| trial.configuration.as_ref()?.good()).flat_map(|it| &it.files);
    let files: Vec<PathBuf> = files.map(|file| PathBuf::from(&file.path)).collect();
    if let Some(sight) = &mut facts.sight {
        compare(&view, sight, files.iter().map(PathBuf::as_path));
    }
}

/// A path and its directory: the one is executed or read, in the other names are made. Where the directories differ, what
/// lies in them is not told as well.
fn compare<'a>(view: &View, sight: &mut Sight, paths: impl Iterator<Item = &'a Path>) {
    for path in paths.filter(|path| path.is_absolute()) {
        let directory = path.parent().unwrap_or(path);
        let differs = [directory, path].into_iter().find(|path| !view.agrees_on(path));
        if let Some(path) = differs.filter(|path| !sight.differ.iter().any(|known| known == path)) {
            sight.differ.push(path.to_owned());
        }
    }
}

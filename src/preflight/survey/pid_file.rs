//! The pid file of a master that was found by its title.

use std::path::{Path, PathBuf};

use super::SurveyError;
use crate::{
    host::files::{Symlinks, read_bounded},
    nginx::{
        arguments::Arguments,
        config::{self, MOST_BYTES},
        dump::{Configuration, File},
        version::Build,
    },
    preflight::{facts::PidText, gather::pid_file::text, master::Master},
};

/// What nginx is built with where nobody says anything else (`auto/options`).
const PREFIX: &str = "/usr/local/nginx";

/// The pid file, which must name the master. No binary is asked for the configuration yet: where the pid file is
/// missing, `-T` would make an empty one.
pub(super) fn of(master: &Master, build: Option<&Build>) -> Result<PathBuf, SurveyError> {
    let tried = written(master, build);
    match text(&tried) {
        PidText::Names(pid) if pid == master.id.pid => Ok(tried),
        _ => Err(SurveyError::NotNamed { pid: master.id.pid, tried }),
    }
}

/// Where its arguments and its configuration say for certain that it is, whatever the build says: both paths are absolute.
pub(super) fn certain(master: &Master) -> Option<PathBuf> {
    let arguments = master.arguments.as_ref().ok()?;
    let file = Path::new(arguments.configuration.as_deref()?);
    let configuration =
        file.is_absolute().then(|| configuration(file, arguments.directives.as_deref()))??;
    configuration.pid().map(PathBuf::from).filter(|named| named.is_absolute())
}

/// Where the master has written its number: `pid` of its configuration file or of `-g`, or else the build's path.
fn written(master: &Master, build: Option<&Build>) -> PathBuf {
    let built_with = |name: &str| build.and_then(|build| build.configured(name));
    let none = Arguments::default();
    let arguments = master.arguments.as_ref().unwrap_or(&none);
    let directory = master.directory.as_deref().unwrap_or(Path::new("/"));
    let prefix = arguments.prefix.as_deref().or_else(|| built_with("--prefix")).unwrap_or(PREFIX);
    // nginx puts its prefix in front of relative paths (`ngx_conf_full_name`), and a relative one of `-p` is from its
    // directory.
    let prefix = directory.join(prefix);
    let file = arguments.configuration.as_deref().or_else(|| built_with("--conf-path"));
    let file = prefix.join(file.unwrap_or("conf/nginx.conf"));
    let configuration = configuration(&file, arguments.directives.as_deref());
    let named = configuration.as_ref().and_then(Configuration::pid).or_else(|| built_with("--pid-path"));
    prefix.join(named.unwrap_or("logs/nginx.pid"))
}

/// The main file alone: a `pid` in an included one is not found, and then the person is asked.
fn configuration(file: &Path, in_front: Option<&str>) -> Option<Configuration> {
    let read = read_bounded(file, MOST_BYTES, Symlinks::Follow).ok()?;
    let directives = config::parse(&String::from_utf8_lossy(&read.bytes)).ok()?;
    let file = File { path: file.display().to_string(), directives };
    Some(Configuration { files: vec![file], in_front: config::parse(in_front.unwrap_or_default()).ok()? })
}

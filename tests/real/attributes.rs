//! Mode, owner and extended attributes of the found file: the new one has them too.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::{XattrFlags, getxattr, setxattr};

use crate::support::hex::hex;
use crate::support::host::{BINARY, Host};
use crate::support::scene::Scene;

const STANDARD: &str = "plans/nginx.toml";
/// What `setcap cap_net_bind_service=+ep` writes (`VFS_CAP_REVISION_2`).
pub(crate) const CAPABILITY: [u8; 20] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Mode, owner, group, capabilities and a note of a file.
fn looks(path: &Path) -> (u32, u32, u32, Option<String>, Option<String>) {
    let file = path.metadata().expect("the binary");
    let attribute = |name: &str| {
        let mut value = [0; 256];
        getxattr(path, name, &mut value).ok().map(|length| hex(&value[..length]))
    };
    let (capability, note) = (attribute("security.capability"), attribute("user.note"));
    (file.permissions().mode(), file.uid(), file.gid(), capability, note)
}

/// Gives the binary the capability to bind low ports.
pub(crate) fn set_capability(host: &Host) {
    setxattr(host.path(BINARY), "security.capability", &CAPABILITY, XattrFlags::empty()).expect("setcap");
}

/// A host whose binary has a mode, an owner, a capability and a note that no other file has.
fn host() -> Host {
    let host = Host::new().running("1.22.1");
    let path = host.path(BINARY);
    std::os::unix::fs::chown(&path, Some(0), Some(33)).expect("chown");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o750)).expect("chmod");
    set_capability(&host);
    setxattr(&path, "user.note", b"ours", XattrFlags::empty()).expect("a note");
    host
}

#[test]
fn they_are_those_of_the_found_file_after_a_commit_and_it_has_them_itself_after_a_way_back() {
    let host = host();
    let before = looks(&host.path(BINARY));
    assert!(before.3.is_some() && before.4.is_some(), "{before:?}");
    let offer = host.offer("faulty/answers-500");
    let scene = Scene::play(host, STANDARD, &offer);
    scene.rolled_back(20);
    assert_eq!(looks(&scene.host.path(BINARY)), before);
    let offer = scene.host.offer("1.26.3");
    let scene = Scene::play(scene.host, STANDARD, &offer);
    scene.committed("1.26.3");
    assert_eq!(looks(&scene.host.path(BINARY)), before);
}

#[test]
fn an_unprivileged_nginx_still_binds_a_low_port_when_it_is_started_from_the_new_file() {
    let host = Host::new().owned_by(33).with(|config| config.port = 80);
    host.install("1.22.1");
    host.write_config();
    set_capability(&host);
    host.start();
    let offer = host.offer("1.26.3");
    // The master is not dumpable: its own user may not look at it, root may.
    let host = Host { user: None, ..host };
    let scene = Scene::play(host, STANDARD, &offer);
    scene.committed("1.26.3");
    let host = Host { user: Some(33), ..scene.host };
    let master = host.master().expect("a master");
    host.kill(master, nix::sys::signal::Signal::SIGQUIT);
    assert!(host.wait_gone(master), "nginx is stopped");
    host.start();
    assert_eq!(host.answering().as_deref(), Some("1.26.3"));
}

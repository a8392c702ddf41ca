//! File systems of a test's own: one for the state directory, which can be cut or fail, and one that cannot exchange names.

use std::path::Path;

use super::builds::project;
use super::host::{BINARY, Host};

pub(crate) const IMAGE: &str = "/srv/state.img";
pub(crate) const STATE: &str = "/var/lib/changeover";

fn make(host: &Host, mebibytes: u64) {
    host.write(IMAGE, "");
    let image = std::fs::OpenOptions::new().write(true).open(host.path(IMAGE)).expect("the image");
    image.set_len(mebibytes << 20).expect("its size");
    let made = host.exec("mkfs.ext4", &["-q", "-F", IMAGE]);
    assert!(made.status.success(), "{made:?}");
}

/// Mounts a file system without `RENAME_EXCHANGE` where the binary is to lie; `false` where there is no FUSE.
pub(crate) fn without_exchange(host: &Host) -> bool {
    make(host, 64);
    let program = project().join("target/nginx/fuse2fs/fuse2fs");
    let directory = Path::new(BINARY).parent().expect("a directory").to_string_lossy();
    let mounted = host.exec(&program.to_string_lossy(), &[IMAGE, &directory, "-o", "allow_other,nonempty"]);
    // It ends with 0 whatever comes of it.
    let there = host.read("/proc/1/mounts").is_some_and(|mounts| mounts.contains(" fuse"));
    assert!(there || !Path::new("/dev/fuse").exists(), "{mounted:?}");
    there
}

/// Makes the image and mounts it as the state directory; `false` where there are no loop devices.
pub(crate) fn mounted(host: &Host) -> bool {
    make(host, 16);
    host.write(&format!("{STATE}/.there"), "");
    host.exec("mount", &["-o", "loop", IMAGE, STATE]).status.success()
}

/// A machine without loop devices has no image to mount: there it is not tried.
pub(crate) fn not_tried() {
    assert!(!Path::new("/dev/loop-control").exists(), "the image cannot be mounted");
}

/// From here on the file system takes no write any more, as ext4 does after an error of its disk.
pub(crate) fn fails(host: &Host) {
    let output = host.exec("mount", &["-o", "remount,abort", STATE]);
    assert!(output.status.success(), "{output:?}");
}

/// Gives the image up.
pub(crate) fn unmount(host: &Host) {
    host.exec("umount", &["--lazy", STATE]);
}

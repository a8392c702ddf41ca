//! A disk of its own for the state directory, which tests can cut, or let fail: an ext4 image.

use std::path::Path;

use super::host::Host;

pub(crate) const IMAGE: &str = "/srv/state.img";
pub(crate) const STATE: &str = "/var/lib/changeover";

/// Makes the image and mounts it as the state directory; `false` where there are no loop devices.
pub(crate) fn mounted(host: &Host) -> bool {
    host.write(IMAGE, "");
    let image = std::fs::OpenOptions::new().write(true).open(host.path(IMAGE)).expect("the image");
    image.set_len(16 << 20).expect("its size");
    let made = host.exec("mkfs.ext4", &["-q", "-F", IMAGE]);
    assert!(made.status.success(), "{made:?}");
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

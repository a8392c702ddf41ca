//! A master that sees other mounts, another root or other process numbers than the run.

use crate::support::changeover::Run;
use crate::support::host::{Host, PID_FILE};
use crate::support::meeting::diagnosis;
use crate::support::scene::Scene;
use crate::support::wait_until;

const STANDARD: &str = "plans/nginx.toml";

/// What systemd's `PrivateTmp=` does.
const PRIVATE_TMP: &str = "mount -t tmpfs private /tmp; mount -t tmpfs private /var/tmp";

fn message(run: &Run) -> &str {
    run.verdict()["diagnosis"]["message"].as_str().unwrap_or_default()
}

#[test]
fn a_mount_namespace_of_its_own_with_the_same_files_is_changed_and_a_bad_build_brought_back() {
    let host = Host::new().after_mounting(PRIVATE_TMP).running("1.22.1");
    let namespace = |pid: i32| host.exec("readlink", &[&format!("/proc/{pid}/ns/mnt")]).stdout;
    assert_ne!(namespace(host.master().expect("a master")), namespace(1), "it has one of its own");
    let offer = host.offer("1.26.3");
    let scene = Scene::play(host, STANDARD, &offer);
    scene.committed("1.26.3");
    let offer = scene.host.offer("faulty/answers-500");
    Scene::play(scene.host, STANDARD, &offer).rolled_back(20);
}

#[test]
fn the_path_that_is_another_file_for_the_master_is_named() {
    let copy = "cp -a D /tmp/copy && mount --bind /tmp/copy D";
    let of = |directory: &str| copy.replace('D', directory);
    let include = "mkdir -p /srv/extra; mount -t tmpfs other /srv/extra; touch /srv/extra/a.conf";
    for (script, named) in [
        (of("/etc/nginx"), "/etc/nginx is another"),
        (of("/etc/nginx/nginx.conf"), "/etc/nginx/nginx.conf is another"),
        (include.to_owned(), "/srv/extra is another"),
        // The absolute symlink `/var/run` must be followed in the master's view, not in ours.
        (of("/run/nginx"), "/var/run/nginx is another"),
    ] {
        let host = Host::new().with(|config| config.main = "include /srv/extra/*.conf;".into());
        host.write("/srv/extra/a.conf", "worker_priority 0;");
        host.write("/run/nginx/here", "");
        let host = host.after_mounting(&script).running("1.22.1");
        let offer = host.offer("1.26.3");
        let plan = std::fs::read_to_string(STANDARD).expect("the plan");
        let pid_file = if named.starts_with("/var/run") { "/var/run/nginx/nginx.pid" } else { PID_FILE };
        // The test itself must not follow `/var/run` into its own root.
        let written = pid_file.trim_start_matches("/var");
        host.write(written, host.read(PID_FILE).expect("the pid file"));
        host.write("/srv/plan.toml", plan.replace(PID_FILE, pid_file));
        let scene = Scene::play(host, "/srv/plan.toml", &offer);
        scene.refused(12);
        assert_eq!(diagnosis(&scene.run), "preflight/other-mounts", "{named} {}", scene.run);
        assert!(message(&scene.run).contains(named), "{named} {}", scene.run);
    }
}

#[test]
fn mounts_of_the_master_that_forbid_what_ours_permit_are_refused() {
    for (mount, code) in [
        ("mount -o remount,bind,noexec /usr/sbin", "preflight/noexec-mount"),
        ("mount --bind /run /run && mount -o remount,bind,ro /run", "preflight/pid-directory-not-writable"),
    ] {
        let host = Host::new().after_mounting(PRIVATE_TMP).running("1.22.1");
        let master = host.master().expect("a master").to_string();
        let mounted = host.exec("nsenter", &["--mount", "--target", &master, "sh", "-ec", mount]);
        assert!(mounted.status.success(), "{mounted:?}");
        let offer = host.offer("1.26.3");
        let scene = Scene::play(host, STANDARD, &offer);
        scene.refused(12);
        assert_eq!(diagnosis(&scene.run), code, "{}", scene.run);
    }
}

#[test]
fn another_root_is_refused() {
    let mut host = Host::new();
    let jail = "for dir in usr lib lib64 dev proc etc var; do [ -d /$dir ] || continue; mkdir -p /srv/jail/$dir; \
        mount --rbind /$dir /srv/jail/$dir; done; mkdir -p /srv/jail/run; exec chroot /srv/jail \"$@\"";
    host.starter = ["unshare", "--mount", "sh", "-ec", jail, "sh"].map(str::to_owned).to_vec();
    host.install("1.22.1");
    host.write_config();
    host.launch();
    let pid_file = "/srv/jail/run/nginx.pid";
    wait_until("the master and its workers", || {
        host.masters().first().is_some_and(|master| host.accepting(*master).len() == 2)
    });
    let arguments = ["run", STANDARD, "--set", &format!("pid-file={pid_file}")];
    let run = host.changeover(&arguments, &host.offer("1.26.3"));
    assert_eq!((run.exit(), diagnosis(&run)), (12, "preflight/other-root"), "{run}");
    assert!(message(&run).contains("/srv/jail"), "{run}");
    assert_eq!((host.masters().len(), host.answering().as_deref()), (1, Some("1.22.1")));
}

#[test]
fn another_pid_namespace_is_refused() {
    let mut host = Host::new();
    // The first process of a pid namespace must stay, or the kernel ends the others.
    let words = ["unshare", "--pid", "--fork", "sh", "-ec", "\"$@\"; exec sleep infinity", "sh"];
    host.starter = words.map(str::to_owned).to_vec();
    host.install("1.22.1");
    host.write_config();
    host.keep_running();
    wait_until("nginx serves", || host.answering().is_some() && host.masters().len() == 1);
    host.write(PID_FILE, format!("{}\n", host.masters()[0]));
    let run = host.changeover(&["run", STANDARD], &host.offer("1.26.3"));
    assert_eq!((run.exit(), diagnosis(&run)), (12, "preflight/other-namespace"), "{run}");
    assert!(message(&run).contains("pid"), "{run}");
    assert_eq!((host.masters().len(), host.answering().as_deref()), (1, Some("1.22.1")));
}

//! What a host may run out of, and files that wait for somebody: nothing that cannot be read counts as a death.

use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::support::changeover::Running;
use crate::support::host::{Host, PID_FILE};
use crate::support::meeting::{
    Moment, diagnosis, interrupt, met_before_usr2, met_on, moves_back, reloads_well,
};
use crate::support::points::run_until;
use crate::support::sandbox::Sandbox;
use crate::support::scene::Scene;
use crate::support::silent::Silent;
use crate::support::wait_until;

const WWW_DATA: u32 = 33;

/// Sets the number of processes that the user of this one may have, as that user may.
fn limit_processes(host: &Host, pid: i32, most: u32) {
    let user = ["--reuid", "33", "--regid", "33", "--clear-groups", "prlimit", "--pid"];
    let (pid, most) = (pid.to_string(), format!("--nproc={most}:"));
    let done = host.exec("setpriv", &[&user[..], &[&pid, &most]].concat());
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn a_run_with_fewer_descriptors_than_nginx_has_processes_loses_sight_of_nobody() {
    let host = Host::new().workers(32).running("1.22.1");
    let offer = host.offer("1.26.3");
    let scene = Scene::play_with(host, |host| {
        let inner: Command = host.changeover_command(&["run", "plans/nginx.toml"], &offer);
        let mut command = Sandbox::command("prlimit");
        command.arg("--nofile=64:64").arg(inner.get_program()).args(inner.get_args());
        command.args(["--output", "json"]);
        Running::spawn(command, &host.sandbox).wait()
    });
    scene.committed("1.26.3");
}

#[test]
fn a_fork_that_fails_at_usr2_leaves_no_poisoned_master() {
    // Of root's own processes nobody is refused.
    let host = Host::new().owned_by(WWW_DATA).running("1.22.1");
    let scene = met_before_usr2(host, |host, old, mut run| {
        limit_processes(host, old, 1);
        run.wait_for("USR2 was sent", |line| line.name() == "window-closed");
        limit_processes(host, old, 1000);
        run.wait()
    });
    assert_eq!(diagnosis(&scene.run), "run/exec-failed", "{}", scene.run);
    scene.rolled_back(20);
    reloads_well(&scene);
}

#[test]
fn a_run_that_gets_no_guardian_is_refused_and_leaves_nothing() {
    let host = Host::new().owned_by(WWW_DATA).running("1.22.1");
    let offer = host.offer("1.26.3");
    let scene = Scene::play_with(host, |host| {
        let run = host.start_changeover(&["run", "plans/nginx.toml"], &offer);
        let lays_the_stub = || host.left_beside_binary().iter().any(|name| name.ends_with("-stub"));
        run_until(&run, lays_the_stub, || limit_processes(host, runner(host), 1));
        run.wait()
    });
    assert_eq!(diagnosis(&scene.run), "run/no-guardian", "{}", scene.run);
    scene.refused(12);
}

#[test]
fn a_pid_file_that_is_written_again_belongs_to_the_masters_own_user() {
    let host = Host::new().owned_by(WWW_DATA).running("1.22.1");
    let host = Host { user: None, ..host };
    let scene = met_on(host, "1.26.3", Moment::Soak, |met| {
        std::fs::remove_file(met.host.path(PID_FILE)).expect("remove the pid file");
        std::fs::remove_file(met.host.path(&format!("{PID_FILE}.oldbin"))).expect("remove the other");
        interrupt(met)
    });
    scene.rolled_back(21);
    let owner = std::fs::metadata(scene.host.path(PID_FILE)).expect("the pid file").uid();
    assert_eq!(owner, WWW_DATA, "{}", scene.run);
    reloads_well(&scene);
}

/// The process of the run that is under way.
fn runner(host: &Host) -> i32 {
    let runs = |title: &str| title.contains("changeover run ");
    host.processes().iter().find(|it| runs(&it.title)).expect("a run").pid
}

/// Old of another user than the run is killed in the soak, after this.
fn killed_after(change: impl FnOnce(&Host)) -> Scene {
    let host = Host::new().owned_by(WWW_DATA).running("1.22.1");
    let host = Host { user: None, ..host };
    met_on(host, "1.26.3", Moment::Soak, |met| {
        change(met.host);
        met.host.kill(met.old, Signal::SIGKILL);
        met.run.wait()
    })
}

#[test]
fn the_way_back_tests_a_configuration_as_the_masters_own_user() {
    let scene = killed_after(|_| {});
    scene.rolled_back_in_reverse(20);
    // Root may read it, who would start may not.
    let scene = killed_after(|host| {
        let text = host.config.text("/".as_ref());
        host.write("/etc/nginx/nginx.conf", format!("include /etc/nginx/roots.conf;\n{text}"));
        host.write("/etc/nginx/roots.conf", "");
        let secret = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(host.path("/etc/nginx/roots.conf"), secret).expect("set the mode");
    });
    assert_eq!((scene.run.exit(), scene.run.said("serving")), (30, "new"), "{}", scene.run);
    assert!(!moves_back(&scene.run).contains(&"reverse".to_owned()), "{}", scene.run);
}

#[test]
fn a_working_directory_that_was_removed_keeps_no_way_back_from_its_end() {
    let host = Host::new().started_in("/srv/gone").running("1.22.1");
    std::fs::remove_dir(host.path("/srv/gone")).expect("remove it");
    let scene = met_on(host, "1.26.3", Moment::Soak, |met| {
        met.host.kill(met.old, Signal::SIGKILL);
        met.run.wait()
    });
    scene.rolled_back_in_reverse(20);
}

#[test]
fn a_pid_file_that_is_a_fifo_holds_nobody_up() {
    let host = Host::new();
    let made = host.exec("mkfifo", &["/run/fifo.pid"]);
    assert!(made.status.success(), "{made:?}");
    let status = host.changeover_bare(&["status", "--pid-file", "/run/fifo.pid"]);
    assert_eq!(status.exit(), 12, "{status}");
    assert!(status.stderr.contains("observe/unreadable-pid-file"), "{status}");
}

#[test]
fn workers_that_only_drain_serve_nobody_when_both_masters_are_gone() {
    let host = Host::new().with(Silent::location).running("1.22.1");
    let silent = Silent::listen(&host);
    let held = silent.hold(&host);
    let scene = met_on(host, "1.26.3", Moment::Soak, |met| {
        met.unseen(|met| {
            let workers = met.host.accepting(met.new);
            met.end(met.old, Signal::SIGKILL);
            met.end(met.new, Signal::SIGKILL);
            for worker in workers {
                met.host.kill_if_there(worker, Signal::SIGKILL);
            }
            wait_until("only one drains", || met.host.strays().len() == 1);
        });
        met.run.wait()
    });
    drop(held);
    assert_eq!((scene.run.exit(), scene.run.said("serving")), (31, "none"), "{}", scene.run);
}

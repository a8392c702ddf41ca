//! A relative argv[0]: nginx executes it from its own working directory, without a search in PATH.

use crate::support::host::{BINARY, Host};
use crate::support::meeting::diagnosis;
use crate::support::scene::Scene;

const STANDARD: &str = "plans/nginx.toml";

/// `./sbin/nginx`, started in `/opt/nginx`.
fn started_below() -> Host {
    let host = Host::new().started_as("./sbin/nginx").started_in("/opt/nginx");
    host.install_at("1.22.1", "/opt/nginx/sbin/nginx");
    host.write_config();
    host.start();
    host
}

/// `nginx`, which a shell found in PATH, started in a directory of its own.
fn found_in_path() -> Host {
    Host::new().started_as("nginx").started_in("/srv/here").running("1.22.1")
}

#[test]
fn a_path_that_leads_to_the_running_file_is_changed_and_a_bad_build_brought_back() {
    let host = started_below();
    let offer = host.offer("1.26.3");
    let scene = Scene::play(host, STANDARD, &offer);
    scene.committed("1.26.3");
    let host = scene.host;
    let status = host.changeover_bare(&["status", "--output", "json"]);
    let said = status.verdict();
    assert_eq!(
        (&said["binary"], &said["path"]),
        (&"/opt/nginx/sbin/nginx".into(), &"found".into()),
        "{said}"
    );
    let offer = host.offer("faulty/answers-500");
    Scene::play(host, STANDARD, &offer).rolled_back(20);
}

#[test]
fn a_name_found_in_path_is_refused_and_the_symlink_of_the_finding_is_enough() {
    let host = found_in_path();
    let offer = host.offer("1.26.3");
    let run = host.changeover(&["run", STANDARD], &offer);
    assert_eq!((run.exit(), diagnosis(&run)), (12, "preflight/binary-path-relative"), "{run}");
    let next = run.verdict()["next"][0].as_str().unwrap_or_default();
    assert!(next.starts_with("ln -s /usr/sbin/nginx /srv/here/nginx; "), "{next}");
    std::os::unix::fs::symlink(BINARY, host.path("/srv/here/nginx")).expect("make the symlink");
    let scene = Scene::play(host, STANDARD, &offer);
    scene.committed("1.26.3");
    assert_eq!(scene.host.answering().as_deref(), Some("1.26.3"));
}

#[test]
fn another_file_at_the_path_is_refused() {
    let host = found_in_path();
    host.install_at("1.18.0", "/srv/here/nginx");
    let offer = host.offer("1.26.3");
    let scene = Scene::play(host, STANDARD, &offer);
    scene.refused(12);
    assert_eq!(diagnosis(&scene.run), "preflight/binary-path-relative", "{}", scene.run);
}

#[test]
fn a_deleted_working_directory_is_refused() {
    let host = found_in_path();
    std::fs::remove_dir(host.path("/srv/here")).expect("remove the directory");
    let run = host.changeover(&["run", STANDARD], &host.offer("1.26.3"));
    assert_eq!((run.exit(), diagnosis(&run)), (12, "preflight/binary-path-relative"), "{run}");
    let said = run.verdict()["diagnosis"]["message"].as_str().unwrap_or_default();
    assert!(said.contains("/srv/here (deleted)"), "{said}");
    assert_eq!((host.masters().len(), host.answering().as_deref()), (1, Some("1.22.1")));
}

//! A run that was sealed by a preview: it begins only where the plan and the host are as they were seen.

use crate::support::changeover::{Run, Running};
use crate::support::host::{CONFIG, Host, Offer};
use crate::support::meeting::diagnosis;
use crate::support::scene::Scene;

const PLAN: &str = "/srv/plan.toml";
const SEAL: &str = "/srv/plan.seal";

/// A host with a plan that is sealed.
fn sealed() -> (Host, Offer) {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    host.write(PLAN, std::fs::read_to_string("plans/nginx.toml").expect("the plan"));
    let preview = host.changeover(&["preview", PLAN, "--seal", SEAL], &offer);
    assert_eq!(preview.exit(), 0, "{preview}");
    (host, offer)
}

fn run(host: &Host, offer: &Offer) -> Run {
    host.changeover(&["run", PLAN, "--sealed", SEAL], offer)
}

#[test]
fn what_is_as_it_was_sealed_is_done() {
    let (host, offer) = sealed();
    // Nothing that nginx reads.
    let config = host.read(CONFIG).expect("the configuration");
    host.write(CONFIG, format!("# a comment\n{config}"));
    Scene::play_with(host, |host| run(host, &offer)).committed("1.26.3");
}

#[test]
fn what_has_changed_since_the_seal_is_named_and_nothing_is_touched() {
    type Change = fn(&Host);
    let changes: [(&str, Change); 3] = [
        ("/etc/nginx/nginx.conf says something else", |host| {
            let config = host.read(CONFIG).expect("the configuration");
            host.write(CONFIG, config.replace("worker_connections 1024", "worker_connections 512"));
        }),
        ("the plan's text", |host| {
            let plan = host.read(PLAN).expect("the plan");
            host.write(PLAN, plan.replace("pass-after = 5", "pass-after = 6"));
        }),
        ("the master:", |host| {
            let old = host.master().expect("a master");
            host.kill(old, nix::sys::signal::Signal::SIGQUIT);
            assert!(host.wait_gone(old), "old does not leave");
            host.start();
        }),
    ];
    for (named, change) in changes {
        let (host, offer) = sealed();
        change(&host);
        let scene = Scene::play_with(host, |host| run(host, &offer));
        scene.refused(14);
        assert_eq!(diagnosis(&scene.run), "preflight/seal-broken", "{}", scene.run);
        assert!(scene.run.verdict()["diagnosis"]["message"].to_string().contains(named), "{}", scene.run);
    }
}

#[test]
fn a_preview_has_the_facts_of_each_step_where_they_are_asked_for() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let preview = host.changeover(&["preview", "plans/nginx.toml", "--facts"], &offer);
    let facts = &preview.verdict()["facts"];
    assert_eq!((preview.exit(), facts[3]["back"][0].as_str()), (0, Some("HUP to old master")), "{preview}");
    let command = host.changeover_command(&["preview", "plans/nginx.toml", "--facts"], &offer);
    let preview = Running::spawn(command, &host.sandbox).wait();
    assert!(preview.stdout().contains("back at most 14 s"), "{preview}");
}

#[test]
fn a_host_on_which_no_run_would_begin_is_not_sealed() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.22.1");
    let preview = host.changeover(&["preview", "plans/nginx.toml", "--seal", SEAL], &offer);
    assert!(preview.exit() == 2 && preview.stderr.contains("a run would not begin here"), "{preview}");
    assert_eq!(host.read(SEAL), None);
    host.write(SEAL, "{}");
    let run = host.changeover(&["run", "plans/nginx.toml", "--sealed", SEAL], &offer);
    assert!(run.exit() == 2 && run.stderr.contains("it is no seal"), "{run}");
}

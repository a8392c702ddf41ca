//! A run that was sealed by a preview: it begins only where the plan and the host are as they were seen.

use crate::support::builds;
use crate::support::changeover::{Run, Running};
use crate::support::host::{BINARY, CONFIG, Host, Offer};
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
    assert_eq!(digest(&host), builds::sha256_of(&builds::executable("1.22.1")));
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
    is_not_sealed(&host, &offer, "a run would not begin here");
}

#[test]
fn a_configuration_that_is_not_understood_is_not_sealed() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    // More than is read of what `-T` prints. A run would begin, and a change of it could not be seen.
    let config = host.read(CONFIG).expect("the configuration");
    host.write(CONFIG, format!("{config}\n{}", "# nothing\n".repeat(500_000)));
    let preview = is_not_sealed(&host, &offer, "the configuration was not understood");
    assert!(preview.stdout().contains("preflight/configuration-not-understood"), "{preview}");
}

/// The verdict for programs says so too.
#[track_caller]
fn is_not_sealed(host: &Host, offer: &Offer, why: &str) -> Run {
    let preview = host.changeover(&["preview", "plans/nginx.toml", "--seal", SEAL], offer);
    let told = format!("no seal is written to {SEAL}: {why}");
    assert_eq!((preview.exit(), preview.stderr.trim_end()), (2, told.as_str()), "{preview}");
    assert_eq!(
        (&preview.verdict()["exit"], preview.said("message")),
        (&2.into(), told.as_str()),
        "{preview}"
    );
    assert_eq!(host.read(SEAL), None);
    preview
}

#[test]
fn a_file_that_is_no_seal_is_a_mistake_of_usage_and_programs_are_told_so() {
    let (host, offer) = sealed();
    host.write("/srv/none.seal", "{}");
    for (file, why) in
        [("/srv/none.seal", "it is no seal of `preview --seal`"), ("/srv/gone", "No such file")]
    {
        let run = host.changeover(&["run", PLAN, "--sealed", file], &offer);
        assert_eq!((run.exit(), run.said("verdict"), run.stderr.as_str()), (2, "refused", ""), "{run}");
        assert!(run.said("message").starts_with(&format!("{file} cannot be read: {why}")), "{run}");
    }
}

#[test]
fn a_file_that_was_written_over_where_it_lies_has_other_content() {
    let host = Host::new().running("1.22.1");
    // As a package does, which the running nginx does not notice. Its version is all that the plan says of it.
    host.install("1.26.3");
    let adopts = |host: &Host, arguments: &[&str]| {
        let given = ["plans/package-managed.toml", "--set", "version=1.26.3", "--output", "json"];
        host.changeover_bare(&[arguments, &given].concat())
    };
    let preview = adopts(&host, &["preview", "--seal", SEAL]);
    assert_eq!(
        (preview.exit(), digest(&host)),
        (0, builds::sha256_of(&builds::executable("1.26.3"))),
        "{preview}"
    );
    let inode = host.binary_inode();
    host.overwrite("faulty/answers-500");
    assert_eq!(host.binary_inode(), inode);
    let scene = Scene::play_with(host, |host| adopts(host, &["run", "--sealed", SEAL]));
    scene.refused(14);
    let message = format!("not as it was sealed: the file at {BINARY} has other content");
    assert_eq!(scene.run.verdict()["diagnosis"]["message"], message, "{}", scene.run);
}

/// The digest of the file at the path, as it was sealed.
fn digest(host: &Host) -> String {
    let seal: serde_json::Value = serde_json::from_str(&host.read(SEAL).expect("the seal")).expect("JSON");
    seal["host"]["sha256"].as_str().expect("a digest").to_owned()
}

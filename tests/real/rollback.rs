//! `rollback`: a committed run is taken back by a changeover to what it has kept, and that one again.

use nix::sys::signal::Signal;

use crate::support::builds;
use crate::support::changeover::{Line, Run, Running};
use crate::support::config::Config;
use crate::support::host::{BINARY, CONFIG, Host, runner};
use crate::support::left::{self, kill_both, killed_at, lines_of, recover, text_of, whole};
use crate::support::load::Load;
use crate::support::meeting::{NO_WATCH, diagnosis, inode, plan};
use crate::support::points::Point;
use crate::support::sandbox::Sandbox;
use crate::support::scene::{Scene, Snapshot};
use crate::support::wait_until;

pub(crate) const STANDARD: [&str; 2] = ["run", "plans/nginx.toml"];
pub(crate) const ROLLBACK: [&str; 3] = ["rollback", "--output", "json"];

/// 1.22.1 ran, and 1.26.3 is committed by the standard plan; the run's id.
pub(crate) fn committed() -> (Host, String) {
    committed_on(Host::new().running("1.22.1"), &STANDARD)
}

pub(crate) fn committed_on(host: Host, arguments: &[&str]) -> (Host, String) {
    let run = host.changeover(arguments, &host.offer("1.26.3"));
    assert_eq!((run.exit(), host.answering().as_deref()), (0, Some("1.26.3")), "{run}");
    let id = run.said("run").to_owned();
    (host, id)
}

/// Takes the newest run back, under load.
pub(crate) fn back(host: Host) -> Scene {
    Scene::play_with(host, |host| host.changeover_bare(&ROLLBACK))
}

/// The one file that is kept beside the path.
pub(crate) fn kept(host: &Host) -> String {
    let [file] = &*host.left_beside_binary() else { panic!("{:?}", host.left_beside_binary()) };
    format!("/usr/sbin/{file}")
}

fn build_of(host: &Host, file: &str) -> String {
    builds::name_of(&builds::sha256_of(&host.path(file)))
}

#[test]
fn there_and_back_and_there_again_nothing_is_lost() {
    let (mut host, _) = committed();
    for (build, before) in [("1.22.1", "1.26.3"), ("1.26.3", "1.22.1"), ("1.22.1", "1.26.3")] {
        let scene = back(host);
        scene.committed(build);
        assert_eq!(scene.run.verdict()["changed"], true, "{}", scene.run);
        host = scene.host;
        assert_eq!(build_of(&host, &kept(&host)), before);
        assert_eq!(host.answering().as_deref(), Some(build));
    }
}

#[test]
fn a_commit_names_the_command_that_takes_it_back_and_its_run_can_be_named() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let command = host.changeover_command(&STANDARD, &offer);
    let run = host.output(command);
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    let words = text.lines().find_map(|line| line.split_once("changeover rollback "));
    let id =
        words.and_then(|(_, rest)| rest.split(' ').next()).unwrap_or_else(|| panic!("{text}")).to_owned();
    assert!(text.lines().any(|line| line.starts_with("  next changeover rollback ")), "{text}");
    let human = host.changeover_bare(&["rollback", &id]);
    assert_eq!((human.exit(), host.answering().as_deref()), (0, Some("1.22.1")), "{human}");
    assert!(human.stdout().starts_with("nginx 1.26.3 → 1.22.1 "), "{human}");
    // It is a run like any other: a journal, a plan and its inputs of its own, a verdict that can be taken back.
    let journal = lines_of(&host, "journal.jsonl");
    assert_eq!(journal[0].event["file"], format!("rollback of {id}"), "{human}");
    let verdict = &journal.last().expect("a verdict").event["event"];
    assert_eq!((&verdict["verdict"], &verdict["serving"]), (&"committed".into(), &"new".into()), "{human}");
    let next = verdict["next"].to_string();
    assert!(
        next.contains(&format!("changeover rollback {}", verdict["run"].as_str().unwrap_or("?"))),
        "{next}"
    );
    assert!(text_of(&host, "plan.toml").contains("version = \"1.22.1\""));
}

#[test]
fn the_plan_that_leads_back_is_one_that_check_accepts() {
    let (host, _) = committed();
    assert_eq!(host.changeover_bare(&ROLLBACK).exit(), 0);
    host.write("/srv/plan.toml", text_of(&host, "plan.toml"));
    let check = host.changeover_bare(&["check", "/srv/plan.toml"]);
    assert_eq!(check.exit(), 0, "{check}");
}

#[test]
fn an_adopted_binary_is_taken_back_and_its_file_is_kept() {
    let host = Host::new().running("1.22.1");
    host.install("1.26.3");
    let run = host.changeover_bare(&["run", "plans/package-managed.toml", "--set", "version=1.26.3"]);
    assert_eq!((run.exit(), build_of(&host, &kept(&host)).as_str()), (0, "1.22.1"), "{run}");
    let scene = back(host);
    scene.committed("1.22.1");
    assert_eq!(build_of(&scene.host, &kept(&scene.host)), "1.26.3");
    back(scene.host).committed("1.26.3");
}

#[test]
fn through_a_symlink_the_file_that_it_named_is_copied_and_never_changed() {
    const FILE: &str = "/opt/nginx/1.22/nginx";
    let host = Host::new();
    host.install_at("1.22.1", FILE);
    std::os::unix::fs::symlink(FILE, host.path(BINARY)).expect("make a symlink");
    host.write_config();
    host.start();
    let (host, _) = committed_on(host, &STANDARD);
    let before = inode(&host, FILE);
    let scene = Scene::play_with(host, |host| host.changeover_bare(&ROLLBACK));
    assert_eq!((scene.run.exit(), scene.served.harmed()), (0, 0), "{}\n{}", scene.run, scene.served);
    let host = &scene.host;
    assert_eq!((host.answering().as_deref(), host.binary_on_disk().as_str()), (Some("1.22.1"), "1.22.1"));
    let names = std::fs::read_link(host.path(BINARY)).expect("still a symlink").display().to_string();
    assert!(names.starts_with(".nginx.changeover-"), "{names}");
    assert_eq!(inode(host, FILE), before);
    let again = host.changeover_bare(&ROLLBACK);
    assert_eq!((again.exit(), host.answering().as_deref()), (0, Some("1.26.3")), "{again}");
}

#[test]
fn runs_of_another_state_directory_are_taken_back_from_there() {
    let elsewhere = ["run", "plans/nginx.toml", "--state-dir", "/srv/state"];
    let (host, _) = committed_on(Host::new().running("1.22.1"), &elsewhere);
    let none = host.changeover_bare(&ROLLBACK);
    assert_eq!((none.exit(), none.said("verdict")), (2, "refused"), "{none}");
    let back = host.changeover_bare(&["rollback", "--state-dir", "/srv/state", "--output", "salt"]);
    assert_eq!((back.exit(), &back.verdict()["changed"]), (0, &true.into()), "{back}");
    assert_eq!(host.answering().as_deref(), Some("1.22.1"));
    let runs = host.names_in("/srv/state/run_nginx.pid");
    assert_eq!((runs.len(), host.names_in("/var/lib/changeover").len()), (2, 0), "{runs:?}");
}

#[test]
fn the_masters_own_user_and_a_relative_path_make_no_difference() {
    let relative = Host::new().started_as("./sbin/nginx").started_in("/opt/nginx");
    relative.install_at("1.22.1", "/opt/nginx/sbin/nginx");
    relative.write_config();
    relative.start();
    for host in [Host::new().owned_by(33).running("1.22.1"), relative] {
        let (host, _) = committed_on(host, &STANDARD);
        back(host).committed("1.22.1");
    }
}

#[test]
fn a_rollback_whose_probes_fail_goes_back_by_itself_and_the_newer_build_serves_on() {
    let (host, _) = committed_on(Host::new().running("faulty/answers-500"), &STANDARD);
    let scene = back(host);
    scene.rolled_back(20);
    assert_eq!(diagnosis(&scene.run), "probe/wrong-status", "{}", scene.run);
    assert_eq!(scene.after.answering.as_deref(), Some("1.26.3"));
    // What was kept is still there for another try.
    let again = back(scene.host);
    again.rolled_back(20);
}

#[test]
fn a_rollback_that_is_killed_half_way_is_brought_to_its_end_by_its_guardian() {
    let (host, _) = committed();
    let (all, run, _) = killed_at(&host, host.start_bare(&ROLLBACK), None, false);
    assert_eq!(run.exit(), 0, "{run}");
    let mut exits = Vec::new();
    for point in all.iter().step_by(9).skip(1) {
        exits.push(killed(*point).unwrap_or_else(|why| panic!("{point}: {why}\n{run}")));
    }
    exits.dedup();
    assert_eq!(exits, [20, 0], "back before the commit record, forward behind it");
}

/// One rollback that is killed at this point; how its guardian ended it.
fn killed(point: Point) -> Result<i32, String> {
    let (host, _) = committed();
    let before = Snapshot::of(&host);
    let load = host.start_load(&Load::close());
    let (points, run, _) = killed_at(&host, host.start_bare(&ROLLBACK), Some(point.number), false);
    if points.last() != Some(&point) {
        return Err(format!("came to {:?}\n{run}", points.last()));
    }
    let verdict = left::verdict(&host);
    load.go_on();
    let served = load.stop();
    let (exit, _) = verdict.ok_or_else(|| format!("no verdict\n{run}"))?;
    if served.lost() > 0 {
        return Err(format!("{served}"));
    }
    whole(exit, &before, "1.22.1", &host).map(|()| exit)
}

#[test]
fn on_top_of_a_rollback_that_was_left_nothing_begins_until_recover_has_ended_it() {
    let soaking = ["run", "plans/soak-and-watch.toml", "--set", "soak=50ms"];
    let (host, _) = committed_on(Host::new().running("1.22.1"), &soaking);
    let before = Snapshot::of(&host);
    let mut run = host.start_bare(&["rollback", "--set", "soak=1m", "--output", "json"]);
    run.wait_for("the soak begins", |line| line.event["action"] == "soak");
    let second = host.changeover_bare(&ROLLBACK);
    assert_eq!((second.exit(), diagnosis(&second)), (13, "host/locked"), "{second}");
    kill_both(&host, run);
    let refused = host.changeover_bare(&ROLLBACK);
    assert_eq!((refused.exit(), diagnosis(&refused)), (15, "run/unfinished"), "{refused}");
    let recovered = recover(&host);
    assert_eq!((recovered.exit(), Snapshot::of(&host)), (20, before), "{recovered}");
    let again = host.changeover_bare(&ROLLBACK);
    assert_eq!((again.exit(), host.answering().as_deref()), (0, Some("1.22.1")), "{again}");
}

/// A host of 1.26.3 that was taken there with a watch, and answers 500 since; workers of 1.22.1 answer with a file.
fn sick() -> Host {
    const FILE: &str = "location = /flag { root /srv/www; access_log /var/log/nginx/flag.log; SICK }";
    let server = FILE.replace("SICK", "");
    let host = Host::new().with(|config: &mut Config| config.server.clone_from(&server)).running("1.22.1");
    host.write("/srv/www/flag", "there\n");
    let flag = ("url = \"${health-url}\"", "url = \"http://127.0.0.1/flag\"");
    let name = ("name = \"nginx ${version}\"", "name = \"nginx ${version} ${health-url}\"");
    // While both generations accept it meets the sick one three times in a row.
    let often = ("interval = \"250ms\"", "interval = \"10ms\"");
    let plan = plan(&host, &[flag, name, often]);
    let (host, _) = committed_on(host, &["run", plan, "--set", "soak=50ms"]);
    let text = host.read(CONFIG).expect("the configuration");
    let ill = FILE.replace("SICK", "if ($nginx_version = 1.26.3) { return 500; }");
    host.write(CONFIG, text.replacen(&server, &ill, 1));
    let master = host.master().expect("a master");
    host.kill(master, Signal::SIGHUP);
    wait_until("it is sick", || flag_status(&host) == Some(500));
    wait_until("the reload is over", || host.children(master).len() == 2);
    host
}

fn flag_status(host: &Host) -> Option<u16> {
    host.get("/flag").map(|answer| answer.status).ok()
}

#[test]
fn a_build_that_has_become_sick_is_left_although_the_watch_fails() {
    let host = sick();
    let run = host.changeover_bare(&ROLLBACK);
    assert_eq!((run.exit(), run.said("verdict"), flag_status(&host)), (0, "committed", Some(200)), "{run}");
    let told = |line: &&Line| line.event["code"] == "run/watch-fails-already";
    assert_eq!(run.lines.iter().filter(told).count(), 1, "{run}");
}

#[test]
fn a_watch_that_fails_of_the_build_that_is_left_counts_of_the_one_that_comes() {
    let host = sick();
    let scene = Scene::play_with(host, |host| {
        let mut run = host.start_bare(&["rollback", "--set", "soak=1m", "--output", "json"]);
        run.wait_for("the soak", |line| line.event["action"] == "soak");
        let good = || host.read("/var/log/nginx/flag.log").unwrap_or_default().matches("\" 200 ").count();
        let before = good();
        wait_until("the watch passes", || good() > before);
        std::fs::remove_file(host.path("/srv/www/flag")).expect("remove the flag");
        run.wait()
    });
    assert_eq!((scene.run.exit(), diagnosis(&scene.run)), (20, "probe/wrong-status"), "{}", scene.run);
    assert!(scene.run.verdict()["diagnosis"]["place"] == "watch[0]", "{}", scene.run);
    scene.rolled_back(20);
}

/// Answers only who knows the secret.
const GUARDED: &str = "location = /guarded { if ($http_authorization != \"Bearer s3cr3t\") { return 403; }
    add_header X-Is nginx/$nginx_version; return 200 ok; }";

#[test]
fn a_probe_gets_its_secret_from_the_environment_and_expects_the_version_that_is_gone_back_to() {
    let host = Host::new().with(|config: &mut Config| config.server = GUARDED.into()).running("1.22.1");
    let offer = host.offer("1.26.3");
    let probe = "url = \"http://127.0.0.1/guarded\"\nheaders.Authorization = \"Bearer ${token}\"\n\
                 expect.headers.X-Is = \"nginx/${version}\"\n";
    let token = "[inputs.token]\ntype = \"string\"\nsecret = true\nfrom-env = \"PROBE_TOKEN\"\n\n[service]";
    let changes = [
        NO_WATCH,
        ("url = \"${health-url}\"\n", probe),
        ("name = \"nginx ${version}\"", "name = \"nginx ${version} ${health-url}\""),
        ("[service]", token),
    ];
    let knowing = |mut command: std::process::Command| -> Run {
        command.args(["--output", "json"]).env("PROBE_TOKEN", "s3cr3t");
        Running::spawn(command, &host.sandbox).wait()
    };
    let plan = plan(&host, &changes);
    let run = knowing(host.changeover_command(&["run", plan, "--set", "soak=50ms"], &offer));
    assert_eq!(run.exit(), 0, "{run}");
    let without = host.changeover_bare(&ROLLBACK);
    assert_eq!((without.exit(), without.said("verdict")), (10, "refused"), "{without}");
    assert!(without.said("message").contains("plan/unset-input"), "{without}");
    for build in ["1.22.1", "1.26.3"] {
        let mut command = Sandbox::command(runner());
        command.arg("rollback");
        let run = knowing(command);
        assert_eq!((run.exit(), host.answering().as_deref()), (0, Some(build)), "{run}");
        assert!(!run.to_string().contains("s3cr3t"), "{run}");
    }
    host.write("/srv/inputs.toml", "token = \"s3cr3t\"\n");
    let given = host.changeover_bare(&["rollback", "--inputs", "/srv/inputs.toml", "--output", "json"]);
    assert_eq!((given.exit(), host.answering().as_deref()), (0, Some("1.22.1")), "{given}");
}

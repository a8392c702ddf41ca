//! A package manager has put another file at the binary path: nginx is changed over to it, and the path is never touched.

use nix::sys::signal::Signal;

use crate::support::builds;
use crate::support::changeover::Run;
use crate::support::host::{BINARY, Host};
use crate::support::meeting::{self, Met, Moment, NO_WATCH, SOAK_FIRST, diagnosis, interrupt, moves_back};
use crate::support::scene::Scene;
use crate::support::wait_until;

const PLAN: &str = "plans/package-managed.toml";

/// What makes `plans/soak-and-watch.toml` a plan that adopts.
const ADOPTS: [(&str, &str); 2] = [
    ("name = \"nginx ${version}\"", "name = \"nginx ${version} ${source} ${sha256}\""),
    (
        "action = \"replace-binary\"\nsource = \"${source}\"\nsha256 = \"${sha256}\"\n",
        "action = \"adopt-binary\"\n",
    ),
];

/// 1.22.1 runs, and the file that it was started from is gone: the path holds another build.
fn upgraded_to(build: &str) -> Host {
    let host = Host::new().running("1.22.1");
    host.install(build);
    host
}

fn run(host: &Host, version: &str) -> Run {
    let version = format!("version={version}");
    host.changeover_bare(&["run", PLAN, "--output", "json", "--set", &version])
}

fn play(host: Host, version: &str) -> Scene {
    Scene::play_with(host, |host| run(host, version))
}

/// Meets a run that adopts 1.26.3.
fn met(moment: Moment, act: impl FnOnce(Met<'_>) -> Run) -> Scene {
    let host = upgraded_to("1.26.3");
    let offer = host.offer("1.26.3");
    Scene::play_with(host, |host| act(Met::at(moment, host, &offer, &ADOPTS)))
}

/// The build of the one file that lies beside the path.
fn kept(scene: &Scene) -> String {
    let [file] = &*scene.after.beside else { panic!("one file is kept: {:?}", scene.after) };
    builds::name_of(&builds::sha256_of(&scene.host.path(&format!("/usr/sbin/{file}"))))
}

#[test]
fn the_file_at_the_path_is_taken_over_and_what_ran_is_kept() {
    let host = Host::new().running("1.22.1");
    // As dpkg leaves it where a backup was linked, and below as it is afterwards: nothing names the old file.
    std::fs::hard_link(host.path(BINARY), host.path("/usr/sbin/backup")).expect("link the old file");
    host.install("1.26.3");
    for host in [host, upgraded_to("1.26.3")] {
        let scene = play(host, "1.26.3");
        scene.committed("1.26.3");
        assert_eq!(scene.after.inode, scene.before.inode, "the path was not touched");
        assert_eq!((kept(&scene).as_str(), scene.served.harmed()), ("1.22.1", 0), "{}", scene.served);
        assert!(scene.run.lines.iter().all(|line| line.name() != "window-opened"), "{}", scene.run);
        // Nothing is left to do, and with the wrong version it is not said so.
        let again = run(&scene.host, "1.26.3");
        assert_eq!((again.exit(), again.said("verdict")), (0, "unchanged"), "{again}");
        let other = run(&scene.host, "1.27.0");
        assert_eq!((other.exit(), diagnosis(&other)), (12, "preflight/version-differs"), "{other}");
    }
}

#[test]
fn a_bad_build_at_the_path_goes_back_and_stays_there() {
    for build in ["faulty/answers-500", "faulty/exits-2", "faulty/exits-with-NGINX"] {
        let host = upgraded_to(build);
        let old = host.children(host.master().expect("a master"))[0].exe;
        let scene = play(host, "1.26.3");
        scene.rolled_back(20);
        assert_eq!((scene.after.binary.as_str(), scene.after.answering.as_deref()), (build, Some("1.22.1")));
        let master = scene.host.master().expect("a master");
        assert!(scene.host.children(master).iter().all(|worker| worker.exe == old), "old's own file is run");
        assert_ne!(scene.after.inode, old);
    }
}

#[test]
fn a_second_package_in_the_middle_of_the_run_is_a_fault_and_the_path_keeps_it() {
    let scene = met(Moment::Soak, |mut met| {
        met.host.install("1.18.0");
        met.fails();
        met.run.wait()
    });
    assert_eq!((scene.run.exit(), diagnosis(&scene.run)), (20, "run/path-changed"), "{}", scene.run);
    assert_eq!((scene.after.binary.as_str(), scene.after.answering.as_deref()), ("1.18.0", Some("1.22.1")));
    assert_eq!((scene.served.harmed(), &scene.after.beside), (0, &vec![]), "{}", scene.served);
}

#[test]
fn a_master_of_the_adopted_file_that_somebody_else_starts_is_not_taken_for_new() {
    let host = upgraded_to("1.26.3");
    let offer = host.offer("1.26.3");
    let scene = Scene::play_with(host, |host| {
        let plan = meeting::plan(host, &[ADOPTS[0], ADOPTS[1], NO_WATCH, SOAK_FIRST]);
        let mut run = host.start_changeover(&["run", plan], &offer);
        run.wait_for("the first soak", |line| line.event["action"] == "soak");
        host.kill(host.master().expect("a master"), Signal::SIGUSR2);
        run.wait()
    });
    assert_eq!(diagnosis(&scene.run), "run/foreign-master", "{}", scene.run);
    scene.rolled_back(20);
}

#[test]
fn an_interrupted_run_leaves_the_path_as_it_was_found_before_and_after_winch() {
    for moment in [Moment::BothAccept, Moment::Soak] {
        let scene = met(moment, interrupt);
        scene.rolled_back(21);
        assert_eq!((scene.after.binary.as_str(), scene.served.harmed()), ("1.26.3", 0), "{}", scene.served);
    }
}

/// Nobody accepts and new is gone: WINCH reached old together with the end of new (nginx-facts 16).
fn nobody_accepts(met: Met<'_>, then: impl FnOnce(&Met<'_>)) -> Run {
    met.unseen(|met| {
        met.together_for_old(|| {
            met.host.kill(met.old, Signal::SIGWINCH);
            met.end(met.new, Signal::SIGQUIT);
        });
        wait_until("nobody of old accepts", || met.host.accepting(met.old).is_empty());
        then(met);
    });
    met.run.wait()
}

#[test]
fn a_failed_exec_starts_old_from_memory_and_the_adopted_file_comes_back_to_the_path() {
    let scene = met(Moment::BothAccept, |met| nobody_accepts(met, |_| {}));
    scene.rolled_back(20);
    assert_eq!(moves_back(&scene.run), ["stub-exec", "USR1 old"], "{}", scene.run);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn the_copy_of_what_old_runs_is_what_tests_the_configuration() {
    let garbage = |met: &Met<'_>| {
        // By rename, as a package; nothing that could test a configuration.
        met.host.write("/usr/sbin/.garbage", "garbage");
        std::fs::rename(met.host.path("/usr/sbin/.garbage"), met.host.path(BINARY)).expect("put it there");
    };
    let scene = met(Moment::BothAccept, |met| nobody_accepts(met, garbage));
    // A foreign file is at the path, so nothing is exchanged and the disk must help.
    assert_eq!(moves_back(&scene.run), ["HUP old", "USR1 old"], "{}", scene.run);
    assert_eq!((scene.run.exit(), scene.after.accepting), (20, 2), "{}", scene.run);
    assert_eq!(scene.after.answering.as_deref(), Some("1.22.1"));
}

#[test]
fn where_old_is_killed_new_starts_the_copy_and_the_path_keeps_the_adopted_file() {
    let scene = met(Moment::Soak, |met| {
        met.end(met.old, Signal::SIGKILL);
        met.run.wait()
    });
    assert_eq!((scene.run.exit(), diagnosis(&scene.run)), (20, "run/old-master-gone"), "{}", scene.run);
    assert!(moves_back(&scene.run).contains(&"reverse".to_owned()), "{}", scene.run);
    let after = &scene.after;
    assert_eq!((after.inode, after.binary.as_str()), (scene.before.inode, "1.26.3"), "{}", scene.run);
    assert_eq!((after.masters.len(), after.accepting, after.strays), (1, 2, 0), "{after:?}");
    assert_eq!(after.answering.as_deref(), Some("1.22.1"));
    // It stays as long as somebody executes it.
    assert_eq!(kept(&scene), "1.22.1");
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn where_everybody_is_ended_the_only_copy_of_what_ran_before_stays_and_is_named() {
    let scene = met(Moment::BothAccept, |met| {
        for process in met.host.processes().iter().filter(|process| process.title.starts_with("nginx: ")) {
            met.host.kill_if_there(process.pid, Signal::SIGTERM);
        }
        met.run.wait()
    });
    assert_eq!(scene.run.exit(), 31, "{}", scene.run);
    let build =
        |file: &String| builds::name_of(&builds::sha256_of(&scene.host.path(&format!("/usr/sbin/{file}"))));
    let copy = scene.after.beside.iter().find(|file| build(file) == "1.22.1").expect("what ran before");
    let next = scene.run.verdict()["next"].to_string();
    assert!(next.contains(&format!("mv -T /usr/sbin/{copy} ")), "{next}");
}

#[test]
fn a_preview_names_the_file_at_the_path_and_what_a_reboot_would_start() {
    let host = upgraded_to("1.26.3");
    let before = host.left_beside_binary();
    let run = host.changeover_bare(&["preview", PLAN, "--set", "version=1.26.3"]);
    let digest = builds::sha256_of(&builds::executable("1.26.3"));
    let text = run.stdout();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [&*digest, "nginx/1.26.3", "a reboot starts the file at the path", "holds 1.26.3 already"] {
        assert!(text.contains(said), "{said}: {run}");
    }
    assert_eq!((run.exit(), host.left_beside_binary()), (0, before), "{run}");
}

#[test]
fn another_digest_than_the_plan_says_is_refused_and_that_file_is_never_executed() {
    let host = upgraded_to("1.26.3");
    let plan = std::fs::read_to_string(PLAN).expect("the plan");
    let digest = format!("version = \"${{version}}\"\nsha256 = \"{}\"\n", "0".repeat(64));
    host.write("/srv/plan.toml", plan.replacen("version = \"${version}\"\n", &digest, 1));
    let arguments = ["run", "/srv/plan.toml", "--output", "json", "--set", "version=1.26.3"];
    let scene = Scene::play_with(host, |host| host.changeover_bare(&arguments));
    scene.refused(12);
    assert_eq!(diagnosis(&scene.run), "preflight/sha256-differs", "{}", scene.run);
}

#[test]
fn a_plan_that_replaces_is_refused_there_and_told_of_the_action_that_adopts() {
    let host = upgraded_to("1.26.3");
    let offer = host.offer("1.18.0");
    let scene = Scene::play(host, "plans/nginx.toml", &offer);
    scene.refused(12);
    assert_eq!(diagnosis(&scene.run), "preflight/binary-path-differs", "{}", scene.run);
    assert!(scene.run.verdict()["next"].to_string().contains("adopt-binary"), "{}", scene.run);
}

#[test]
fn a_plan_that_replaces_by_the_very_file_at_the_path_takes_that_one() {
    let host = upgraded_to("1.26.3");
    // The source may be gone by then: another instance's changeover has put it at the path.
    let offer = host.offer("1.26.3");
    std::fs::remove_file(host.path("/srv/nginx/1.26.3/nginx")).expect("remove the source");
    let scene = Scene::play(host, "plans/nginx.toml", &offer);
    scene.committed("1.26.3");
    assert_eq!((scene.after.inode, kept(&scene).as_str()), (scene.before.inode, "1.22.1"));
    let again = meeting::plan(&scene.host, &ADOPTS);
    let again = scene.host.changeover(&["run", again], &offer);
    assert_eq!((again.exit(), again.said("verdict")), (0, "unchanged"), "{again}");
}

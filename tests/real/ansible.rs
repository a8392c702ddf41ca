//! The playbook of `docs/ansible.md` as it stands, with the real Ansible, on a host of its own.

use serde_json::Value;

use crate::fleet::lay;
use crate::support::builds::project;
use crate::support::host::{Host, Offer};
use crate::support::python;
use crate::support::sandbox::Sandbox;
use crate::support::scene::Snapshot;

const PLAYBOOK: &str = "docs/examples/ansible/changeover.yml";

/// A host that Ansible runs on too, with the playbook and its files laid out as the page says.
struct Fleet<'a> {
    host: &'a Host,
    version: String,
    sha256: String,
}

/// What a playbook came to.
struct Played {
    exit: Option<i32>,
    results: Value,
}

impl<'a> Fleet<'a> {
    /// Hosts by these names, all of them this one.
    fn of(host: &'a Host, names: &[&str], offer: &Offer) -> Self {
        let local = "ansible_connection=local ansible_become=false ansible_python_interpreter={{ansible_playbook_python}}";
        let lines = names.iter().map(|name| format!("{name} {local}\n"));
        host.write("/srv/ansible/hosts", format!("[nginx]\n{}", lines.collect::<String>()));
        lay(host, PLAYBOOK, "/srv/ansible", offer);
        Self { host, version: offer.version.clone(), sha256: offer.sha256.clone() }
    }

    fn play(&self, arguments: &[&str]) -> Played {
        let mut command = Sandbox::command(python::program("python", "ansible-playbook"));
        command.args(["-i", "hosts", "changeover.yml"]).args(arguments);
        for (name, value) in [("nginx_version", &self.version), ("nginx_sha256", &self.sha256)] {
            command.args(["-e".to_owned(), format!("{name}={value}")]);
        }
        command.current_dir("/srv/ansible").env("ANSIBLE_STDOUT_CALLBACK", "results");
        command.env("ANSIBLE_CALLBACK_PLUGINS", project().join("tests/ansible"));
        let output = self.host.output(command);
        let results = serde_json::from_slice(&output.stdout);
        Played {
            exit: output.status.code(),
            results: results.unwrap_or_else(|error| panic!("{error}: {output:?}")),
        }
    }
}

impl Played {
    /// `changed` and `failures` of a host's recap; `None` where it was not reached.
    fn recap(&self, host: &str) -> Option<(u64, u64)> {
        let recap = self.results["hosts"].get(host)?;
        let number = |key: &str| recap[key].as_u64().unwrap_or_else(|| panic!("{key}: {recap}"));
        Some((number("changed"), number("failures")))
    }

    /// What the last task of a host says.
    fn msg(&self, host: &str) -> &str {
        let tasks = self.results["tasks"].as_array().expect("tasks");
        let last = tasks.iter().rev().find(|task| task["host"] == host);
        last.and_then(|task| task["result"]["msg"].as_str()).unwrap_or_else(|| panic!("{}", self.results))
    }
}

#[test]
fn the_first_run_changes_and_the_second_does_not_and_check_mode_previews() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let fleet = Fleet::of(&host, &["web1"], &offer);
    let before = Snapshot::of(&host);
    // Nothing is there yet that could be previewed, and check mode lays nothing.
    let bare = fleet.play(&["--check"]);
    assert_eq!((bare.exit, bare.recap("web1")), (Some(0), Some((2, 0))), "{}", bare.results);
    assert_eq!((host.read("/etc/changeover/nginx.toml"), host.read("/srv/nginx/1.26.3/nginx")), (None, None));
    let staged = fleet.play(&["--tags", "stage"]);
    assert_eq!((staged.exit, staged.recap("web1")), (Some(0), Some((2, 0))), "{}", staged.results);
    let check = fleet.play(&["--check"]);
    assert_eq!((check.exit, check.recap("web1")), (Some(0), Some((1, 0))), "{}", check.results);
    assert!(check.msg("web1").starts_with("would change over: nginx 1.26.3; "), "{}", check.msg("web1"));
    assert_eq!(Snapshot::of(&host), before);
    let first = fleet.play(&[]);
    assert_eq!((first.exit, first.recap("web1")), (Some(0), Some((1, 0))), "{}", first.results);
    assert!(first.msg("web1").starts_with("committed; new: master "), "{}", first.msg("web1"));
    assert_eq!((host.answering().as_deref(), host.binary_on_disk().as_str()), (Some("1.26.3"), "1.26.3"));
    let second = fleet.play(&[]);
    assert_eq!((second.exit, second.recap("web1")), (Some(0), Some((0, 0))), "{}", second.results);
    assert!(second.msg("web1").starts_with("nothing to do: "), "{}", second.msg("web1"));
}

#[test]
fn a_bad_build_fails_on_the_first_host_with_the_cause_and_reaches_no_other() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("faulty/answers-500");
    let mut fleet = Fleet::of(&host, &["web1", "web2"], &offer);
    let before = Snapshot::of(&host);
    let bad = fleet.play(&[]);
    // Two changes: the files were laid. The run itself has left nothing.
    assert_eq!((bad.exit, bad.recap("web1")), (Some(2), Some((2, 1))), "{}", bad.results);
    assert_eq!(bad.recap("web2"), None, "{}", bad.results);
    let msg = bad.msg("web1");
    assert!(
        msg.starts_with("rolled back: step 6: probe `health`: status 500 (probe/wrong-status); "),
        "{msg}"
    );
    assert_eq!(Snapshot::of(&host), before);
    fleet.sha256 = "0".repeat(64);
    let refused = fleet.play(&["--limit", "web2"]);
    assert_eq!((refused.exit, refused.recap("web2")), (Some(2), Some((0, 1))), "{}", refused.results);
    assert!(refused.msg("web2").contains("(preflight/sha256-differs)"), "{}", refused.msg("web2"));
    assert_eq!(Snapshot::of(&host), before);
    let missing = fleet.play(&["--limit", "web2", "--skip-tags", "stage", "-e", "program=/srv/nowhere"]);
    assert_eq!((missing.exit, missing.recap("web2")), (Some(2), Some((0, 1))), "{}", missing.results);
    assert!(
        missing.msg("web2").starts_with("/srv/nowhere gave no verdict, exit 2: "),
        "{}",
        missing.msg("web2")
    );
}

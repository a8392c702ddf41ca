//! The state of `docs/salt.md` as it stands, with the real Salt without a master, on a host of its own:
//! `make test-salt`.

use serde_json::Value;

use crate::fleet::lay;
use crate::support::host::{Host, Offer};
use crate::support::python;
use crate::support::sandbox::Sandbox;
use crate::support::scene::Snapshot;

const CONFIG: &str = "file_client: local
root_dir: /srv/minion
id: web1
file_roots:
  base:
    - /srv/salt
";

/// A minion that is the host itself.
struct Minion<'a> {
    host: &'a Host,
    version: String,
    sha256: String,
}

/// What became of the state that changes over.
#[derive(Debug)]
struct Applied {
    /// `true`, `false`, or null: it would change something.
    result: Value,
    changes: Value,
    comment: String,
}

impl<'a> Minion<'a> {
    fn of(host: &'a Host, offer: &Offer) -> Self {
        host.write("/srv/minion/etc/minion", CONFIG);
        lay(host, "docs/examples/salt/changeover.sls", "/srv/salt", offer);
        Self { host, version: offer.version.clone(), sha256: offer.sha256.clone() }
    }

    /// `state.apply changeover` with these words; the result of each state by its id.
    fn apply(&self, words: &[&str]) -> Value {
        let mut command = Sandbox::command(python::program("salt", "salt-call"));
        command.args(["--local", "--config-dir=/srv/minion/etc", "--log-level=quiet", "--out=json"]);
        command.args(["state.apply", "changeover"]).args(words);
        command
            .arg(format!("pillar={{nginx: {{version: \"{}\", sha256: \"{}\"}}}}", self.version, self.sha256));
        let output = self.host.output(command);
        let whole: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
        whole["local"].clone()
    }

    fn change_over(&self, words: &[&str]) -> Applied {
        let states = self.apply(words);
        let one =
            states.as_object().and_then(|all| all.values().find(|it| it["__id__"] == "nginx-changeover"));
        let one = one.unwrap_or_else(|| panic!("no such state: {states}"));
        let comment = one["comment"].as_str().unwrap_or_else(|| panic!("{one}")).to_owned();
        Applied { result: one["result"].clone(), changes: one["changes"].clone(), comment }
    }
}

#[test]
#[ignore = "needs Salt: make test-salt"]
fn the_first_run_changes_and_the_second_does_not_and_test_mode_previews() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let minion = Minion::of(&host, &offer);
    let before = Snapshot::of(&host);
    let bare = minion.change_over(&["test=True"]);
    assert_eq!(
        (&bare.result, bare.comment.as_str()),
        (&true.into(), "onlyif condition is false"),
        "{bare:?}"
    );
    let staged = minion.apply(&["exclude=[{id: nginx-changeover}]"]);
    assert_eq!(staged.as_object().map(serde_json::Map::len), Some(3), "{staged}");
    let test = minion.change_over(&["test=True"]);
    assert_eq!(test.result, Value::Null, "{test:?}");
    assert!(test.comment.starts_with("would change over: nginx 1.26.3; "), "{test:?}");
    assert_eq!(Snapshot::of(&host), before);
    let first = minion.change_over(&[]);
    assert_eq!(first.result, true, "{first:?}");
    assert_eq!(first.changes["nginx"], serde_json::json!({ "old": "1.22.1", "new": "1.26.3" }), "{first:?}");
    assert!(first.comment.starts_with("committed; new: master "), "{first:?}");
    assert_eq!((host.answering().as_deref(), host.binary_on_disk().as_str()), (Some("1.26.3"), "1.26.3"));
    for words in [&[][..], &["test=True"]] {
        let second = minion.change_over(words);
        assert_eq!((&second.result, &second.changes), (&true.into(), &serde_json::json!({})), "{second:?}");
        assert!(second.comment.starts_with("nothing to do: "), "{second:?}");
    }
}

#[test]
#[ignore = "needs Salt: make test-salt"]
fn a_bad_build_fails_with_the_diagnosis_as_comment() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("faulty/answers-500");
    let mut minion = Minion::of(&host, &offer);
    let before = Snapshot::of(&host);
    let bad = minion.change_over(&[]);
    assert_eq!((&bad.result, &bad.changes), (&false.into(), &serde_json::json!({})), "{bad:?}");
    assert!(bad.comment.starts_with("rolled back: step 6: probe `health`: status 500 "), "{bad:?}");
    assert_eq!(Snapshot::of(&host), before);
    minion.sha256 = "0".repeat(64);
    for words in [&["test=True"][..], &[]] {
        let refused = minion.change_over(words);
        assert_eq!(refused.result, false, "{refused:?}");
        assert!(refused.comment.contains("(preflight/sha256-differs)"), "{refused:?}");
    }
    assert_eq!(Snapshot::of(&host), before);
}

//! A first plan for the nginx that runs: its text, from what was found. It passes `check` as it is.

use std::fmt::Write as _;

use crate::{
    nginx::printable,
    plan::{Probe, quoted},
};

/// Longer texts of the host are cut in comments.
const MOST: usize = 300;

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Starter {
    /// The pid file.
    pub pid_file: String,
    /// The master's pid.
    pub master: i32,
    /// How many workers accept.
    pub workers: usize,
    /// What runs, such as `nginx/1.22.1`; `None` where it did not say.
    pub version: Option<String>,
    /// The path that the master executes on USR2.
    pub binary: String,
    /// The arguments that it was started with.
    pub arguments: String,
    /// Where it listens.
    pub listeners: Vec<String>,
    /// The probe that it answers, with the status that it answers.
    pub probe: Option<Probe>,
    /// What was asked in vain, where there is no probe.
    pub asked: Vec<String>,
}

impl Starter {
    /// The plan, ending with a line feed.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.head();
        text.push_str(INPUTS);
        let _ = write!(text, "\n[service]\nkind = \"nginx\"\npid-file = {}\n", quoted(&self.pid_file));
        match &self.probe {
            Some(probe) => text.push_str(&probe_table(probe)),
            None => text.push_str(&self.no_probe()),
        }
        text.push_str(STEPS);
        if self.probe.is_some() {
            text.push_str(PROBE_STEP);
        }
        text.push_str(COMMIT);
        text
    }

    fn head(&self) -> String {
        let mut text = String::from(
            "#:schema ./plan.schema.json\n\n\
             # Takes the nginx that `changeover init` found here over to a new binary. If a step fails, the old binary is\n\
             # brought back; nothing has to be written for that.\n#\n",
        );
        let version = self.version.as_deref().unwrap_or("of a version that it did not tell");
        let workers = if self.workers == 1 { "worker" } else { "workers" };
        let arguments = if self.arguments.is_empty() { "none" } else { &self.arguments };
        let master = format!("{}, {} {workers}, {version}", self.master, self.workers);
        for (name, value) in [("master", master.as_str()), ("binary", &self.binary), ("arguments", arguments)]
        {
            let _ = writeln!(text, "#   {name:9}  {}", printable(value, MOST));
        }
        for (count, listener) in self.listeners.iter().enumerate() {
            let name = if count == 0 { "listens" } else { "" };
            let _ = writeln!(text, "#   {name:9}  {}", printable(listener, MOST));
        }
        text.push_str(USE);
        text
    }

    fn no_probe(&self) -> String {
        let mut text = String::from(
            "\n# No probe: nothing that it listens on answered. Without a probe nothing proves that new serves. Add a\n\
             # `[probe.health]`, and an `http-probe` step before the commit. This was asked:\n",
        );
        for asked in &self.asked {
            let _ = writeln!(text, "#   {}", printable(asked, MOST));
        }
        text
    }
}

const USE: &str = r"#
# Keep it in git, and give it the new binary:
#
#   changeover preview PLAN --set source=FILE --set sha256=$(sha256sum < FILE | cut -c -64)
#   changeover run PLAN --set source=FILE --set sha256=$(sha256sum < FILE | cut -c -64)
#
# `changeover schema > plan.schema.json` beside it tells an editor every key.

format = 1
";

const INPUTS: &str = r#"name = "a new binary for nginx"

[inputs.source]
type = "path"
description = "the new binary; any place will do, it is copied beside the old one"

[inputs.sha256]
type = "string"
description = "the SHA-256 of the new binary, as sha256sum prints it"

# With these lines and the `version` below the new binary must say that it is this version.
#[inputs.version]
#type = "string"
#description = "what follows the slash in `nginx -v`, such as 1.26.3"
"#;

const STEPS: &str = r#"
# Stages the new file beside the old one and proves it: digest, and the live configuration. All this happens before
# anything live is touched. The path itself changes for good at commit.
[[step]]
action = "replace-binary"
source = "${source}"
sha256 = "${sha256}"
#version = "${version}"

# The old master starts the new binary. From here on both generations accept from the same sockets.
[[step]]
action = "signal"
signal = "USR2"
to = "old-master"

[[step]]
action = "wait-for-workers"
generation = "new"
until = "accepting"

# The old workers stop accepting and finish what they have. The old master stays, for the way back.
[[step]]
action = "signal"
signal = "WINCH"
to = "old-master"

[[step]]
action = "wait-for-workers"
generation = "old"
until = "draining"
"#;

const PROBE_STEP: &str = r#"
# Every answer now comes from the new workers: five good ones in a row.
[[step]]
action = "http-probe"
probe = "health"
answered-by = "new"
pass-after = 5
"#;

const COMMIT: &str = r#"
# The point of no return: the new file takes the path, and QUIT goes to the old master.
[[step]]
action = "commit"
drain-timeout = "30s"
"#;

/// The keys of a probe that are not as they would be without them.
fn probe_table(probe: &Probe) -> String {
    let mut text = String::from("\n# The nginx that runs answers this as expected here.\n[probe.health]\n");
    let _ = writeln!(text, "url = {}", quoted(probe.url.url().as_str()));
    if let Some(at) = probe.connect_to {
        let _ = writeln!(text, "connect-to = \"{at}\"");
    }
    if let Some(path) = &probe.unix_socket {
        let _ = writeln!(text, "unix-socket = {}", quoted(&path.display().to_string()));
    }
    if probe.proxy_protocol {
        text.push_str("proxy-protocol = true\n");
    }
    if probe.tls.insecure {
        text.push_str("\n# Any certificate is good: the connection does not leave the host. With `ca-file` instead, the\n\
                       # certificate is looked at too.\n[probe.health.tls]\ninsecure = true\n");
    }
    let status: Vec<String> = probe.expect.status.iter().map(u16::to_string).collect();
    let _ = write!(text, "\n[probe.health.expect]\nstatus = [{}]\n", status.join(", "));
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Starter;
    use crate::{
        plan::{Inputs, load},
        verify,
    };

    fn starter() -> Starter {
        Starter {
            pid_file: "/run/nginx.pid".into(),
            master: 812,
            workers: 2,
            version: Some("nginx/1.22.1".into()),
            binary: "/usr/sbin/nginx".into(),
            arguments: "-c /etc/nginx/nginx.conf".into(),
            listeners: vec!["0.0.0.0:80".into(), "unix:/run/nginx.sock".into()],
            probe: serde_json::from_value(json!({
                "url": "http://a.net/healthz", "connect-to": "127.0.0.1:80", "expect": { "status": [204] }
            }))
            .ok(),
            asked: Vec::new(),
        }
    }

    /// Loads a plan as `run` does.
    fn loaded(text: &str) -> crate::plan::Loaded {
        let given = [("source", "/srv/nginx"), ("sha256", &"0".repeat(64))]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        load("plan", text.as_bytes(), &given, Inputs::Given)
            .unwrap_or_else(|problems| panic!("{problems:?}\n{text}"))
    }

    #[test]
    fn the_plan_loads_is_safe_and_asks_what_was_answered() {
        let starter = starter();
        let text = starter.text();
        assert!(text.starts_with("#:schema ") && text.ends_with("\"30s\"\n"), "{text}");
        assert!(text.contains("\n#   master     812, 2 workers, nginx/1.22.1\n"), "{text}");
        let loaded = loaded(&text);
        assert_eq!(verify::verify(&loaded).findings, []);
        assert_eq!(loaded.plan.probes.get("health"), starter.probe.as_ref());
        assert_eq!(loaded.plan.steps.len(), 7);
    }

    #[test]
    fn every_way_to_be_asked_is_written_down() {
        for probe in [
            json!({ "url": "https://a.net/", "connect-to": "[::1]:443", "tls": { "insecure": true } }),
            json!({ "url": "http://localhost/", "unix-socket": "/run/a \"${b}\".sock" }),
            json!({ "url": "http://[::1]:83/", "proxy-protocol": true, "expect": { "status": [301] } }),
        ] {
            let starter = Starter { probe: serde_json::from_value(probe).ok(), ..starter() };
            let plan = loaded(&starter.text()).plan;
            assert!(
                starter.probe.is_some() && plan.probes.get("health") == starter.probe.as_ref(),
                "{plan:?}"
            );
        }
    }

    #[test]
    fn without_an_answer_there_is_no_probe_and_the_plan_says_what_was_asked() {
        let starter = Starter { probe: None, asked: vec!["http://127.0.0.1/: refused".into()], ..starter() };
        let text = starter.text();
        assert!(text.contains("\n#   http://127.0.0.1/: refused\n"), "{text}");
        assert_eq!(loaded(&text).plan.steps.len(), 6);
    }

    #[test]
    fn with_its_marks_taken_out_the_version_is_compared() {
        let text = starter().text().replace("\n#[", "\n[").replace("\n#type", "\ntype");
        let text = text.replace("\n#description", "\ndescription").replace("\n#version", "\nversion");
        let given = [("source", "/a"), ("sha256", &"0".repeat(64)), ("version", "1.26.3")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        load("plan", text.as_bytes(), &given, Inputs::Given).unwrap();
    }

    #[test]
    fn no_name_of_the_host_becomes_a_key_a_reference_or_an_escape_sequence() {
        let hostile = "a\"\nname = \"x\" # ${source} \\ \u{1b}[2J\u{202e}\u{7f}\r";
        let mut starter = starter();
        starter.pid_file = format!("/run/{hostile}");
        (starter.binary, starter.arguments) = (hostile.into(), hostile.into());
        starter.listeners = vec![hostile.into()];
        let text = starter.text();
        assert!(text.chars().all(|c| c == '\n' || !(c.is_control() || c == '\u{202e}')), "{text}");
        let plan = loaded(&text).plan;
        assert_eq!(plan.service.pid_file.to_str(), Some(starter.pid_file.as_str()));
        assert_eq!(plan.name, "a new binary for nginx");
        starter.probe = None;
        starter.asked = vec![hostile.into()];
        loaded(&starter.text());
    }
}

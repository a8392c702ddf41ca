//! A secret is sent to the server and stands nowhere else: not on the screen, not in JSON, not in a file of the run.

use std::path::{Path, PathBuf};

use crate::support::builds::project;
use crate::support::changeover::{Run, Running};
use crate::support::host::{Host, Offer};

/// Whatever escapes it or cuts its end, the beginning can still be found.
const NEEDLE: &str = "s3cr3t";
const TOKEN: &str = "s3cr3t \"to<ken>";

/// `/echo` gives back what it was asked with, and the others log it.
const SERVER: &str = r#"
    location = /echo {
        add_header X-Echo $http_authorization always;
        return 200 "asked by $http_authorization\n";
    }
    location /files/ { root /nowhere; }
    location /denied { deny all; }
"#;

fn host() -> Host {
    Host::new().with(|config| config.server = SERVER.into()).running("1.22.1")
}

/// A plan whose first step asks old with this probe; `more` stands before the steps.
fn plan(probe: &str, more: &str) -> String {
    format!(
        r#"format = 1
name = "nginx ${{version}}"
[inputs]
version = {{ type = "string" }}
sha256 = {{ type = "string" }}
source = {{ type = "path" }}
token = {{ type = "string", secret = true, from-env = "PROBE_TOKEN" }}
[service]
kind = "nginx"
pid-file = "/run/nginx.pid"
[probe.health]
{probe}
{more}
[[step]]
action = "http-probe"
probe = "health"
answered-by = "old"
fail-after = 2
[[step]]
action = "replace-binary"
source = "${{source}}"
sha256 = "${{sha256}}"
version = "${{version}}"
[[step]]
action = "signal"
signal = "USR2"
to = "old-master"
[[step]]
action = "wait-for-workers"
generation = "new"
until = "accepting"
[[step]]
action = "commit"
"#
    )
}

fn changeover(host: &Host, arguments: &[&str], offer: &Offer) -> Run {
    let mut command = host.changeover_command(arguments, offer);
    command.env("PROBE_TOKEN", TOKEN);
    Running::spawn(command, &host.sandbox).wait()
}

/// Everything that prints, for people and for programs; `run` last.
fn everything(host: &Host, probe: &str, more: &str, offer: &Offer) -> Vec<Run> {
    host.write("/srv/plan.toml", plan(probe, more));
    let formats = ["human", "json"];
    let commands = ["check", "preview", "run"].into_iter().flat_map(|it| formats.map(|format| (it, format)));
    commands
        .map(|(it, format)| changeover(host, &[it, "/srv/plan.toml", "--output", format], offer))
        .collect()
}

/// Every file that a run may have written. Where the project lies below one of the folders it is seen there, read-only.
fn files(host: &Host) -> Vec<PathBuf> {
    let ours = host.path(project().to_str().expect("a path in UTF-8"));
    let mut folders = ["/var/lib/changeover", "/run", "/srv", "/tmp"].map(|it| host.path(it)).to_vec();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let kind = entry.file_type().expect("what it is");
            if kind.is_dir() && entry.path() != ours {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files
}

fn assert_hidden(host: &Host, runs: &[Run]) {
    for run in runs {
        assert!(!run.to_string().contains(NEEDLE), "{run}");
    }
    let holds = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(NEEDLE.len()).any(|part| part == NEEDLE.as_bytes())
    };
    let found: Vec<_> = files(host).into_iter().filter(holds).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_secret_is_sent_and_compared_and_recorded_as_a_reference_only() {
    let host = host();
    let offer = host.offer("1.26.3");
    let probe = r#"
        url = "http://127.0.0.1/echo?token=${token}"
        method = "POST"
        body = "token=${token}"
        headers.Authorization = "Bearer ${token}"
        expect.headers.X-Echo = "Bearer ${token}"
        expect.body-contains = "${token}""#;
    let runs = everything(&host, probe, "", &offer);
    let exits: Vec<_> = runs.iter().map(Run::exit).collect();
    assert_eq!(exits, [0; 6], "{runs:#?}");
    assert_hidden(&host, &runs);
    assert!(runs[2].stdout().contains("token = ${token} (from-env)"), "{}", runs[2]);
    let recorded = |name: &str| {
        let is_it = |path: &PathBuf| path.file_name().is_some_and(|it| it == Path::new(name));
        let path = files(&host).into_iter().find(is_it).unwrap_or_else(|| panic!("no {name}"));
        std::fs::read_to_string(path).expect("what a run keeps")
    };
    let inputs: serde_json::Value = serde_json::from_str(&recorded("inputs.json")).expect("JSON");
    let token =
        serde_json::json!({"name": "token", "value": "${token}", "secret": true, "origin": "from-env"});
    assert!(inputs.as_array().is_some_and(|inputs| inputs.contains(&token)), "{inputs}");
    assert!(recorded("plan.toml").contains("Bearer ${token}"));
}

#[test]
fn no_failure_shows_a_secret_whoever_repeats_it() {
    let host = host();
    let offer = host.offer("1.26.3");
    let echo = "url = \"http://127.0.0.1/echo\"\nheaders.Authorization = \"${token}\"\n";
    let failures = [
        // The server gives it back, the plan expects it, and nginx logs it.
        (format!("{echo}expect.headers.X-Echo = \"another\""), "probe/wrong-header", "X-Echo: ${token}"),
        (format!("{echo}expect.headers.X-None = \"${{token}}\""), "probe/wrong-header", "no header X-None"),
        (
            format!("{echo}expect.body-contains = \"no ${{token}}\""),
            "probe/wrong-body",
            "without the expected text",
        ),
        ("url = \"http://127.0.0.1/files/${token}\"".to_owned(), "probe/wrong-status", "/files/${token}"),
        ("url = \"http://127.0.0.1/denied?t=${token}\"".to_owned(), "probe/wrong-status", "?t=${token}"),
        // Where a text is cut, what stands behind the cut would hide that a value ended there.
        (
            format!(
                "url = \"http://127.0.0.1/echo\"\nheaders.Authorization = \"{}${{token}}\"\nexpect.headers.X-Echo = \"?\"",
                "x".repeat(190)
            ),
            "probe/wrong-header",
            "x${token}",
        ),
        (
            format!("url = \"http://127.0.0.1/files{}/${{token}}\"", "/a".repeat(130)),
            "probe/wrong-status",
            "/a/${token}",
        ),
    ];
    for (probe, code, shown) in failures {
        let runs = everything(&host, &probe, "", &offer);
        let failed = runs.last().expect("a run");
        let diagnosis = &failed.verdict()["diagnosis"];
        assert_eq!((failed.exit(), diagnosis["code"].as_str()), (20, Some(code)), "{failed}");
        assert!(failed.stdout().contains(shown), "{shown}: {failed}");
        assert_hidden(&host, &runs);
    }
}

#[test]
fn what_refuses_a_run_shows_no_secret_either() {
    let host = host();
    let offer = host.offer("1.26.3");
    let probe = "url = \"http://127.0.0.1/echo\"\nheaders.Authorization = \"${token}\"\n\
                 expect.headers.X-Echo = \"another\"";
    let runs = everything(&host, probe, "[[watch]]\nprobe = \"health\"\n", &offer);
    assert_eq!(runs.last().map(Run::exit), Some(12));
    assert_hidden(&host, &runs);
    // nginx compares the token too, and complains about the line that names it.
    host.write("/etc/nginx/nginx.conf", format!("{} on;\n", format_args!("{TOKEN:?}")));
    let runs = everything(&host, probe, "", &offer);
    let refused = runs.last().expect("a run");
    assert_eq!(refused.exit(), 12, "{refused}");
    assert!(refused.stdout().contains("unknown directive"), "{refused}");
    assert_hidden(&host, &runs);
}

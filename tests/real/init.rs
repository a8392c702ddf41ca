//! `init | check`, `init | preview` and `init | run` on hosts that are set up in different ways.

use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};

use crate::support::certificates::{self, Certificate};
use crate::support::host::{BINARY, CONFIG, Host, Offer, PID_FILE, runner};
use crate::support::sandbox::Sandbox;
use crate::support::{builds, wait_until};

/// A command line of the host in which `changeover` is the program under test.
fn piped(host: &Host, line: &str) -> Output {
    let runner = runner();
    let line = line.replace("changeover ", &format!("{} ", runner.display()));
    host.exec("sh", &["-c", &line])
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `init` finds the nginx that runs; what it prints passes `check` and `preview`, and `run` changes over to the
/// offered file. Gives the plan.
#[track_caller]
fn changes_over_as_it_is(host: &Host, offer: &Offer) -> String {
    let init = piped(host, "changeover init");
    assert_eq!(init.status.code(), Some(0), "{init:?}");
    let plan = text(&init.stdout);
    let sets = format!("--set source={} --set sha256={}", offer.source.display(), offer.sha256);
    let old = host.masters();
    for (command, sets) in [("check", ""), ("preview", &*sets), ("run", &*sets)] {
        let output = piped(host, &format!("changeover init | changeover {command} - {sets}"));
        let told = format!("{command}\n{}{}{plan}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{told}");
    }
    let new = host.masters();
    assert!(old.len() == 1 && new.len() == 1 && old != new, "{old:?} {new:?}");
    assert_eq!(builds::sha256_of(&host.path(&format!("/proc/{}/exe", new[0]))), offer.sha256);
    plan
}

/// A host whose `http` block holds these servers.
fn host_with(servers: &str) -> Host {
    let host = Host::new();
    host.install("1.22.1");
    for (path, text) in certificates::files() {
        host.write(path, text);
    }
    let [certificate, key] = Certificate::SelfSigned.paths();
    host.write(
        CONFIG,
        format!(
            "user www-data;\nworker_processes 2;\npid {PID_FILE};\nerror_log /var/log/nginx/error.log;\nevents {{}}\n\
             http {{\naccess_log off;\nssl_certificate {certificate};\nssl_certificate_key {key};\n{servers}\n}}\n"
        ),
    );
    host.start();
    host
}

#[test]
fn a_plain_host_is_changed_over_by_the_plan_that_init_writes() {
    let host = Host::new().running("1.22.1");
    let plan = changes_over_as_it_is(&host, &host.offer("1.26.3"));
    assert!(plan.starts_with("#:schema "), "{plan}");
    for line in ["pid-file = \"/run/nginx.pid\"", "url = \"http://127.0.0.1/healthz\"", "status = [200]"] {
        assert!(plan.lines().any(|found| found == line), "{line} is not in\n{plan}");
    }
    assert!(plan.contains("2 workers, nginx/1.22.1\n#   binary     /usr/sbin/nginx\n"), "{plan}");
}

#[test]
fn a_host_with_reuseport_on_ipv6_is_asked_there() {
    let host = host_with(
        "server { listen [::1]:8080 reuseport; location = /state { stub_status; } location / { return 503; } }",
    );
    let plan = changes_over_as_it_is(&host, &host.offer("1.26.3"));
    assert!(plan.contains("url = \"http://[::1]:8080/state\"\n"), "{plan}");
    assert!(plan.contains("\n#   listens    [::1]:8080 (2 sockets)\n"), "{plan}");
}

#[test]
fn a_host_that_only_speaks_tls_is_asked_over_tls() {
    let host = host_with("server { listen 127.0.0.1:443 ssl; server_name shop.example.test; return 200; }");
    let plan = changes_over_as_it_is(&host, &host.offer("1.26.3"));
    assert!(plan.contains("url = \"https://shop.example.test/healthz\"\n"), "{plan}");
    assert!(plan.contains("insecure = true\n"), "{plan}");
}

#[test]
fn a_host_that_only_listens_on_a_unix_socket_is_asked_there() {
    let host = host_with("server { listen unix:/run/web.sock proxy_protocol; return 204; }");
    let plan = changes_over_as_it_is(&host, &host.offer("1.26.3"));
    assert!(plan.contains("unix-socket = \"/run/web.sock\"\nproxy-protocol = true\n"), "{plan}");
}

#[test]
fn an_nginx_elsewhere_with_a_prefix_of_its_own_is_found_with_its_pid_file() {
    let host = Host::new();
    host.install("1.22.1");
    host.write("/opt/web/sbin/server", std::fs::read(host.path(BINARY)).expect("the build"));
    host.write(
        "/opt/web/etc/nginx/nginx.conf",
        "worker_processes 1;\npid run/web.pid;\nerror_log logs/error.log;\nevents {}\n\
         http { access_log off; server { listen 127.0.0.1:8081; return 200; } }\n",
    );
    let line = "cd /opt/web && mkdir run logs && chmod 755 sbin/server && \
                exec /opt/web/sbin/server -p /opt/web/ -c ./etc/nginx/nginx.conf";
    let started = host.exec("sh", &["-c", line]);
    assert!(started.status.success(), "{started:?}");
    wait_until("its worker accepts", || {
        host.masters().iter().any(|master| host.accepting(*master).len() == 1)
    });
    let plan = changes_over_as_it_is(&host, &host.offer("1.26.3"));
    assert!(plan.contains("pid-file = \"/opt/web/run/web.pid\"\n"), "{plan}");
    assert!(plan.contains("\n#   arguments  -p /opt/web/ -c ./etc/nginx/nginx.conf\n"), "{plan}");
}

#[test]
fn of_several_masters_init_takes_the_one_whose_pid_file_is_given() {
    let host = Host::new().running("1.22.1");
    let other = host.another("other", 81);
    other.write_config();
    other.start();
    let several = host.changeover_bare(&["init"]);
    assert_eq!(several.exit(), 12, "{several}");
    let told = &several.stderr;
    assert!(told.starts_with("preflight/several-masters: 2 nginx masters run here\n"), "{told}");
    assert!(told.contains("-c /etc/nginx/other.conf\n") && told.contains("--pid-file"), "{told}");
    let json = host.changeover_bare(&["init", "--output", "json"]);
    assert_eq!(json.verdict()["masters"].as_array().map(Vec::len), Some(2), "{json}");
    let one = host.changeover_bare(&["init", "--pid-file", "/run/other.pid", "--write", "/srv/plan.toml"]);
    assert_eq!((one.exit(), one.stdout().as_str()), (0, ""), "{one}");
    let plan = host.read("/srv/plan.toml").expect("the plan");
    assert!(plan.contains("pid-file = \"/run/other.pid\"\n"), "{plan}");
    host.write("/srv/plan.toml", "worked on");
    let again = host.changeover_bare(&["init", "--pid-file", PID_FILE, "--write", "/srv/plan.toml"]);
    assert_eq!((again.exit(), host.read("/srv/plan.toml").as_deref()), (2, Some("worked on")), "{again}");
}

#[test]
fn an_nginx_in_another_network_is_described_as_from_its_own() {
    let host = Host::new().running("1.22.1");
    let plan = |line: &str| {
        let init = piped(&host, line);
        assert_eq!(init.status.code(), Some(0), "{init:?}");
        text(&init.stdout)
    };
    let here = plan("changeover init --pid-file /run/nginx.pid");
    assert_eq!(plan("unshare --net changeover init --pid-file /run/nginx.pid"), here);
    assert!(here.contains("url = \"http://127.0.0.1/healthz\"\n"), "{here}");
}

#[test]
fn what_the_title_of_a_setuid_program_names_is_not_run() {
    let host = Host::new();
    let marker = "/srv/was-run";
    host.write("/srv/evil", format!("#!/bin/sh\necho $(id -u) > {marker}\n"));
    host.write("/srv/raised", std::fs::read("/bin/cat").expect("a program that waits"));
    for (path, mode) in [("/srv/evil", 0o755), ("/srv/raised", 0o4755)] {
        std::fs::set_permissions(host.path(path), PermissionsExt::from_mode(mode)).expect("set the mode");
    }
    let titled = "exec -a 'nginx: master process /srv/evil' /srv/raised";
    let mut command = Sandbox::command("setpriv");
    command.args(["--reuid", "33", "--regid", "33", "--clear-groups", "bash", "-c", titled]);
    host.sandbox.keep_running(command.stdin(Stdio::piped()));
    wait_until("it runs", || host.masters().len() == 1);
    let effective = host.read(&format!("/proc/{}/status", host.masters()[0])).unwrap_or_default();
    assert!(effective.contains("Uid:\t33\t0\t"), "it has more rights than its user: {effective}");
    let init = host.changeover_bare(&["init"]);
    assert_eq!((init.exit(), host.read(marker)), (12, None), "{init}");
}

#[test]
fn without_a_pid_file_init_makes_none_and_says_which_is_missing() {
    let host = Host::new();
    assert_eq!(host.changeover_bare(&["init"]).exit(), 12);
    let host = host.running("1.22.1");
    std::fs::remove_file(host.path(PID_FILE)).expect("remove the pid file");
    for arguments in [&["init"][..], &["init", "--pid-file", PID_FILE]] {
        let run = host.changeover_bare(arguments);
        assert_eq!((run.exit(), host.read(PID_FILE)), (12, None), "{run}");
        assert!(run.stderr.contains(PID_FILE), "{run}");
    }
    // In the middle of a changeover only `.oldbin` names the master, and `nginx -T` would make an empty pid file.
    let master = host.masters()[0];
    host.write(&format!("{PID_FILE}.oldbin"), format!("{master}\n"));
    let run = host.changeover_bare(&["init", "--pid-file", PID_FILE]);
    assert_eq!((run.exit(), host.read(PID_FILE)), (0, None), "{run}");
}

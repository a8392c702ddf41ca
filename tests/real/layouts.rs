//! nginx where others than Debian's packages put it: each with the plan of `plans/` that is for it.

use crate::support::changeover::Run;
use crate::support::host::Host;
use crate::support::{builds, sandbox, wait_until};

/// A host with an nginx in a prefix of its own, started as its users start it.
struct Layout {
    host: Host,
    prefix: &'static str,
}

impl Layout {
    /// `prefix` is under `/usr/local`, which the machine lends to every host: a host that writes there gets its own.
    fn running(prefix: &'static str, build: &str) -> Self {
        let host = Host::new();
        assert!(host.exec("mount", &["-t", "tmpfs", "local", "/usr/local"]).status.success());
        let layout = Self { host, prefix };
        let text = layout.host.config.text("/".as_ref());
        let text = text.replace("pid /run/", &format!("pid {prefix}/logs/"));
        layout.host.write(
            &layout.file("conf/nginx.conf"),
            text.replace("error_log /var/log/nginx/", "error_log logs/"),
        );
        layout.host.write(&layout.file("logs/error.log"), "");
        layout.install(build);
        let started = layout.host.exec(&layout.file("sbin/nginx"), &["-p", prefix, "-c", "conf/nginx.conf"]);
        assert!(started.status.success(), "{started:?}");
        wait_until("it answers", || layout.host.answering().as_deref() == Some(build));
        layout
    }

    fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }

    fn install(&self, build: &str) {
        let _nobody_is_started = sandbox::executables();
        let binary = self.host.path(&self.file("sbin/nginx"));
        std::fs::create_dir_all(binary.parent().expect("sbin")).expect("make sbin");
        std::fs::copy(builds::executable(build), binary).expect("install the build");
    }

    fn changeover(&self, plan: &str, build: &str) -> Run {
        self.host.changeover(&["run", plan], &self.host.offer(build))
    }

    /// The build at the path, and the one that answers.
    fn now(&self) -> (String, Option<String>) {
        let binary = self.host.path(&self.file("sbin/nginx"));
        (builds::name_of(&builds::sha256_of(&binary)), self.host.answering())
    }
}

const LAYOUTS: [(&str, &str); 2] =
    [("/usr/local/nginx", "plans/source-build.toml"), ("/usr/local/openresty/nginx", "plans/openresty.toml")];

#[test]
fn each_layout_is_changed_over_with_its_own_plan_and_no_other_input() {
    for (prefix, plan) in LAYOUTS {
        let layout = Layout::running(prefix, "1.22.1");
        let run = layout.changeover(plan, "1.26.3");
        assert_eq!((run.exit(), run.said("verdict")), (0, "committed"), "{run}");
        assert_eq!(layout.now(), ("1.26.3".to_owned(), Some("1.26.3".to_owned())), "{run}");
    }
}

#[test]
fn each_layout_gets_its_old_binary_back() {
    for (prefix, plan) in LAYOUTS {
        let layout = Layout::running(prefix, "1.22.1");
        let run = layout.changeover(plan, "faulty/answers-500");
        assert_eq!((run.exit(), run.said("verdict")), (20, "rolled-back"), "{run}");
        assert_eq!(layout.now(), ("1.22.1".to_owned(), Some("1.22.1".to_owned())), "{run}");
    }
}

#[test]
fn a_plan_for_one_layout_refuses_another() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let run = host.changeover(&["run", LAYOUTS[0].1, "--set", "pid-file=/run/nginx.pid"], &offer);
    assert_eq!(
        (run.exit(), run.verdict()["diagnosis"]["code"].as_str()),
        (12, Some("preflight/target-differs")),
        "{run}"
    );
}

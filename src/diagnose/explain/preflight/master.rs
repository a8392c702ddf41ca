//! The pid file and the master.

use crate::diagnose::explain::Text;

pub(in crate::diagnose::explain) const TEXTS: &[Text] = &[
    Text {
        code: "preflight/no-master",
        means: "`init` found no process with the title of an nginx master.",
        why: "There is nothing to write a plan for. Masters in containers are passed over: they have process numbers or \
              sockets of their own.",
        todo: "Start nginx, or run this where it runs. With `master_process off` there is no master.",
    },
    Text {
        code: "preflight/seal-broken",
        means: "The plan or the host is not as `preview --seal` wrote it down.",
        why: "Somebody looked at what a run would do, and it would do something else now: another master, another file, \
              another configuration. Comments and spaces do not count.",
        todo: "Look at what has changed, then seal it again.",
    },
    Text {
        code: "preflight/several-masters",
        means: "`init` found more than one nginx master.",
        why: "A plan is about one service; the message lists what was found.",
        todo: "Say which one is meant: `changeover init --pid-file PATH`.",
    },
    Text {
        code: "preflight/master-not-named",
        means: "`init` found a master by its title, and the file where its number should be does not name it.",
        why: "Without its pid file a master cannot be changed over. The path comes from `pid` in its main configuration \
              file, or from its build.",
        todo: "Where another file names it, give that one with `--pid-file`; otherwise write the number back into the file \
               (`echo PID > FILE`).",
    },
    Text {
        code: "preflight/pid-file-missing",
        means: "There is no file at `pid-file`. The run is refused.",
        why: "On USR2 nginx renames its pid file to `.oldbin`; where it cannot, its master is broken until a restart: \
              every reload then adds a set of workers and reads no configuration.",
        todo: "If the finding names the master of your service, write its number back (`echo PID > FILE`); otherwise \
               correct `pid-file` in the plan.",
    },
    Text {
        code: "preflight/pid-file-empty",
        means: "The file is there and empty: `nginx -t` leaves such a file where there was none. The run is \
                refused.",
        why: "Nobody can say from it which master is meant.",
        todo: "Write the master's number into the file (`echo PID > FILE`), or correct `pid-file` in the plan.",
    },
    Text {
        code: "preflight/pid-file-unusable",
        means: "The file cannot be read, or holds something else than one process number. The run is \
                refused.",
        why: "Nobody can say from it which master is meant.",
        todo: "Write the master's number into the file (`echo PID > FILE`), or correct `pid-file` in the plan.",
    },
    Text {
        code: "preflight/pid-file-foreign",
        means: "The file names a process that does not live, or one that is no nginx master. The run is \
                refused.",
        why: "The master that runs has another pid file, or has lost this one and could not be brought back.",
        todo: "Write the master's number into the file (`echo PID > FILE`), or correct `pid-file` in the plan.",
    },
    Text {
        code: "preflight/pid-directory-not-writable",
        means: "The master's user may not rename files in the pid file's directory, the directory is mounted read-only for \
                the master, or changeover may not write there. The run is refused.",
        why: "USR2 would fail and leave a broken master.",
        todo: "Make the directory writable for the master's user, or put the pid file elsewhere and restart nginx.",
    },
    Text {
        code: "preflight/pid-path-differs",
        means: "The new master will write another pid file than the plan's: the configuration on disk has \
                another `pid`, or it has none and the new build has another `--pid-path`. The run is \
                refused.",
        why: "systemd, log rotation and `nginx -s` would look into a file that nobody writes any more.",
        todo: "Set `pid FILE;` in the configuration. Another spelling of the same directory (`/var/run` for `/run`) is the \
               same file.",
    },
    Text {
        code: "preflight/master-process-off",
        means: "The process has no master's title: it runs with `master_process off`. The run is refused.",
        why: "On USR2 it logs that it changes its binary, and does nothing.",
        todo: "Start nginx with `master_process on`; a running one can only be restarted.",
    },
    Text {
        code: "preflight/master-stopped",
        means: "The master is stopped (SIGSTOP, a debugger) and takes no signal. The run is refused.",
        why: "Signals would be kept and all be handled at once when it is continued, in an order that hurts.",
        todo: "Find out why, then `kill -CONT PID`.",
    },
    Text {
        code: "preflight/daemon-off",
        means: "Descriptors 0 and 1 of the master are not the `/dev/null` that nginx opens when it becomes a \
                daemon. The run is refused.",
        why: "With `daemon off` nginx takes itself for a new binary whose old one still lives, and ignores USR2 and \
              WINCH.",
        todo: "Start it with `daemon on`, under systemd with `Type=forking` and a `PIDFile`.",
    },
    Text {
        code: "preflight/second-master",
        means: "The master was started by another master that still lives, or has started one. The run is \
                refused.",
        why: "A changeover is under way, and nginx ignores USR2 meanwhile.",
        todo: "`changeover status` shows both generations; finish it or take it back.",
    },
    Text {
        code: "preflight/oldbin-live",
        means: "`.oldbin` beside the pid file names a living master. The run is refused.",
        why: "A changeover is under way, and nginx ignores USR2 meanwhile.",
        todo: "`changeover status` shows both generations; finish it or take it back.",
    },
    Text {
        code: "preflight/oldbin-stale",
        means: "`.oldbin` exists and names no living master. A warning: the run goes on.",
        why: "An earlier changeover ended badly. nginx overwrites the file on USR2.",
        todo: "Nothing.",
    },
    Text {
        code: "preflight/no-workers",
        means: "The master has no worker that accepts. The run is refused.",
        why: "There is no service to change without a loss.",
        todo: "Look into its error log and bring it up first.",
    },
    Text {
        code: "preflight/workers-draining",
        means: "Workers of an earlier reload still finish their connections. A note: the run goes on.",
        why: "They stay through the changeover.",
        todo: "Nothing.",
    },
    Text {
        code: "preflight/arguments-unclear",
        means: "The master's title does not tell its command line for certain: an argument other than that \
                of `-g` holds blanks, the title is cut, or there is an unknown option. The run is refused.",
        why: "The new binary is started with the same arguments and must be tested with them; nothing is guessed.",
        todo: "Start nginx with arguments without blanks.",
    },
    Text {
        code: "preflight/other-namespace",
        means: "The master has a pid namespace of its own. The run is refused.",
        why: "Its process numbers are others than those seen from here.",
        todo: "Run changeover where the master runs; a container is mostly better changed by its image.",
    },
    Text {
        code: "preflight/other-network",
        means: "The master's sockets are in a network namespace that changeover may not enter: that takes \
                `CAP_SYS_ADMIN`. The run is refused. As root changeover enters it by itself, and probes go to the \
                addresses that the master sees.",
        why: "What listens there is not seen from outside, and no answer can be attributed to a worker: no step that asks \
              a generation and no way back could know who serves.",
        todo: "Run changeover as root, or inside: `nsenter --net --target PID changeover …`.",
    },
    Text {
        code: "preflight/other-root",
        means: "The master's root directory is another than changeover's (`chroot`). The run is refused.",
        why: "Every path of its configuration, and its binary path, begins there.",
        todo: "Run changeover inside that root, with `/proc` mounted there.",
    },
    Text {
        code: "preflight/other-mounts",
        means: "The master has mounts of its own, and a path that matters is another file there than here; the finding \
                names it. The run is refused.",
        why: "What is seen and written here is not what the master reads. Mounts of its own (systemd's `PrivateTmp=`, `ip \
              netns exec`) are no obstacle where the binary path, the pid file, unix sockets and every configuration file \
              are the same, with their directories.",
        todo: "Run changeover with the master's mounts: `nsenter --mount --target PID changeover …`.",
    },
    Text {
        code: "preflight/no-permission",
        means: "changeover may not signal the master, not read its descriptors, not see the files as the master sees \
                them, not test the configuration as the master's user, or not make and exchange files beside the \
                binary; the finding names each. The run is refused.",
        why: "A run that stops half-way for a permission could not bring the old binary back.",
        todo: "Run it as root, or as the master's own user with a binary directory that belongs to it. A master that was \
               started from a file with capabilities (`setcap`) may not be looked at by its own user: run changeover as \
               root then.",
    },
    Text {
        code: "preflight/unit-type",
        means: "The master is the main process of a systemd unit whose `Type` is not `forking`. The run is \
                refused.",
        why: "When the old master leaves, systemd counts the unit as dead and ends the new generation too.",
        todo: "Set `Type=forking` and `PIDFile`, and restart once.",
    },
    Text {
        code: "preflight/unit-pid-file",
        means: "The unit has no `PIDFile`, or another one than the plan's pid file. The run is refused.",
        why: "systemd finds the new master only there.",
        todo: "Set `PIDFile` and run `systemctl daemon-reload`.",
    },
    Text {
        code: "preflight/unit-not-read",
        means: "systemd runs here and `systemctl show` does not tell about the master's unit. The run is \
                refused.",
        why: "Without its `Type` and `PIDFile` nobody knows whether systemd will end the new generation.",
        todo: "Run changeover as root on the host itself.",
    },
];

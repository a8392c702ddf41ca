//! `observe/…`: why a pid file leads to no nginx, and an upgrade that somebody has begun by hand.

use super::Text;

pub(super) const TEXTS: &[Text] = &[
    Text {
        code: "observe/no-pid-file",
        means: "There is no pid file at the path, and no `.oldbin` beside it.",
        why: "The pid file is how changeover and everybody else find the master.",
        todo: "Give the right path with `--pid-file`: `nginx -V` and the `pid` directive say where it is.",
    },
    Text {
        code: "observe/unreadable-pid-file",
        means: "The pid file holds no process number.",
        why: "`nginx -t` leaves an empty file behind where there was none.",
        todo: "Find the master with `ps`, and write its number into the file.",
    },
    Text {
        code: "observe/not-running",
        means: "The pid file names a process that does not live.",
        why: "nginx was killed, or the file belongs to another start of it.",
        todo: "Start nginx, or give the pid file of the one that runs.",
    },
    Text {
        code: "observe/not-a-master",
        means: "The pid file names a living process that is no nginx master.",
        why: "The number of a dead master was given to somebody else, or nginx runs with `master_process off`.",
        todo: "Give the pid file of the master that runs.",
    },
    Text {
        code: "observe/two-masters",
        means: "Two masters live, and no run of changeover goes on with them: somebody has sent USR2 by hand, or a script has.",
        why: "Both are ready to serve, and each signal means something else to each of them. QUIT or TERM to old is the one that \
              nothing leads back from.",
        todo: "Decide which one is to serve. `changeover status` says what each signal would cause, and what to send for either.",
    },
    Text {
        code: "observe/stopped-master",
        means: "A master was stopped: by SIGSTOP, or by a debugger.",
        why: "Its workers serve on, but it takes no signal and replaces nobody who dies. What it is told meanwhile waits, and is \
              taken together, in nginx's own order, when it goes on.",
        todo: "`kill -CONT` it before anything else is sent; `changeover status` says what waits for it.",
    },
    Text {
        code: "observe/drained",
        means: "The only master lives, and nobody of it accepts: it was told WINCH or QUIT, or its workers gave up.",
        why: "It holds the listening sockets, so connections are taken into a queue that nobody empties.",
        todo: "`kill -HUP` starts its workers, unless it leaves; its error log says why they gave up.",
    },
    Text {
        code: "observe/oldbin-left",
        means: "The pid file's `.oldbin` is there, and no second master is.",
        why: "nginx writes over it at the next USR2, but scripts take it for an upgrade that is under way.",
        todo: "Remove it, once nobody upgrades any more.",
    },
    Text {
        code: "observe/strays",
        means: "Workers live whose master is gone: it was killed, or left them (nginx does not end them).",
        why: "They go on accepting on the same sockets, with a binary and a configuration that nobody can reload.",
        todo: "QUIT to each of them where a master serves; where none does, start nginx first.",
    },
    Text {
        code: "observe/poison-suspected",
        means: "The master lives and its pid file is missing, or names somebody else beside an `.oldbin`.",
        why: "A USR2 that cannot rename the pid file breaks the master: each HUP from then on adds a set of workers and reads no \
              configuration. Nothing shows whether one was sent.",
        todo: "Write the master's number into the pid file. If a HUP then adds workers, it is poisoned: the next USR2 that starts \
               a second master cures it.",
    },
    Text {
        code: "observe/pid-file-names-nobody",
        means: "The pid file is missing, holds no number, or names somebody who is no master of this nginx.",
        why: "Reload, log rotation and service managers go by it, and so does the next USR2.",
        todo: "Write the number of the master that is to serve into it.",
    },
];

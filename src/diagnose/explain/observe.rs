//! `observe/…`: why a pid file leads to no nginx.

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
];

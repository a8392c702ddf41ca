//! `run/…`: what can go wrong while a plan is carried out.

use super::Text;

pub(super) const TEXTS: &[Text] = &[
    Text {
        code: "run/usr2-ignored",
        means: "Old's master took USR2 and executed nothing.",
        why: "nginx ignores USR2 under `daemon off`, and while another generation lives. Nothing has changed.",
        todo: "Look for `the changing binary signal is ignored` in the error log; finish or take back the other \
               changeover.",
    },
    Text {
        code: "run/exec-failed",
        means: "Old's master forked, and the child was gone before it was seen to run the new file.",
        why: "The kernel did not execute it, or it exited within milliseconds. Old serves as before.",
        todo: "Start the new binary by hand, in nginx's own environment: mostly it is a missing file, a permission, a \
               security policy, or a variable that it needs.",
    },
    Text {
        code: "run/new-master-exited",
        means: "New's master exited, or was told to leave, before the commit.",
        why: "Old is still complete: the way back brings its workers back where they have left.",
        todo: "Look at what it logged last: a busy address, a directive, a module, a library. Where it logged nothing, \
               somebody told it to leave.",
    },
    Text {
        code: "run/pid-file-not-renamed",
        means: "Old's master could not rename its pid file to `.oldbin`.",
        why: "Such a master is broken: every later reload adds a set of workers and reads no configuration. The way \
              back cures it.",
        todo: "Let the master's user write into the directory of the pid file, and do not remove the file.",
    },
    Text {
        code: "run/foreign-master",
        means: "Old has a second master that this run did not start, or one that runs another file than the new one.",
        why: "Somebody else upgrades nginx at the same time. Old starts no further master while that one lives, so the \
              way back ends it.",
        todo: "Find out who sent USR2: a package script, an init script, a person. Then run the plan again.",
    },
    Text {
        code: "run/old-master-gone",
        means: "Old's master exited, or was told to leave, before the commit.",
        why: "Without it the old binary can only be brought back by a changeover in the other direction.",
        todo: "Find out who ended it: a restart, a package script, the memory limit (`journalctl -k`).",
    },
    Text {
        code: "run/workers-gone",
        means: "A generation that must accept has no workers any more.",
        why: "Clients would wait, or be served by the other generation alone.",
        todo: "Look into the error log for how they ended; from `error_log … notice` on nginx logs who sent a signal.",
    },
    Text {
        code: "run/old-workers-back",
        means: "Workers of old accept again after WINCH, or there are more of them than before.",
        why: "Somebody sent HUP to old's master, such as log rotation or a configuration tool. Answers come from both \
              generations again. The run sends WINCH once more; the second time it goes back.",
        todo: "Keep reloads away during a changeover, then run it again.",
    },
    Text {
        code: "run/path-changed",
        means: "The binary path holds a file that neither was there nor was put there by this run.",
        why: "A package manager or a person installs at the same time. That file is never touched.",
        todo: "Let the other one finish, look at what lies at the path, and run again.",
    },
    Text {
        code: "run/crash-loop",
        means: "Workers of new die and nginx starts them again.",
        why: "Requests are lost with each of them.",
        todo: "Look for their cores (`coredumpctl`); the build, a module or a library is at fault.",
    },
    Text {
        code: "run/workers-fatal",
        means: "Workers of new gave up while they started, and nginx does not start them again.",
        why: "New's master lives and serves nobody.",
        todo: "Look at what the workers logged last: a directory, a user or a limit that they cannot have.",
    },
    Text {
        code: "run/signal-not-handled",
        means: "A signal was sent and the master did not take it within the time of the step.",
        why: "The master is stopped, busy with a reload, or waits for a disk. Two signals at once are handled in an \
              order that loses one of them, so nothing else is sent.",
        todo: "Look at the master's state: `grep State /proc/PID/status`.",
    },
    Text {
        code: "run/signal-without-effect",
        means: "A signal was taken and what it should bring about was not seen.",
        why: "A sent signal means nothing; only its effect does.",
        todo: "Look into the error log; from `error_log … notice` on nginx logs each signal that it takes.",
    },
    Text {
        code: "run/workers-late",
        means: "Workers did not come, or did not leave, within the time of the step.",
        why: "New may wait for a name server or a busy address; old for connections that do not end.",
        todo: "Give the step a longer `timeout`, or set `worker_shutdown_timeout` for connections that stay.",
    },
    Text {
        code: "run/probes-late",
        means: "The time of a step was over before a probe passed as often in a row as `pass-after` asks.",
        why: "Some passed, and never enough of them one after the other.",
        todo: "Look at the outcomes that the message lists; raise `timeout` if they were good and slow.",
    },
    Text {
        code: "run/new-file-changed",
        means: "The file that new would run, the staged copy or the one at the path, is not what preflight proved.",
        why: "Somebody writes at or beside the binary path. A file that is not proven is not executed.",
        todo: "Find out who changes the path, or the files named `.NAME.changeover-RUN`.",
    },
    Text {
        code: "run/budget-used",
        means: "The way forward took longer than `[defaults] budget` allows in all.",
        why: "A changeover that is not done by then is taken back.",
        todo: "Look which step took the time; raise the budget if it was well used.",
    },
    Text {
        code: "run/not-ready-to-commit",
        means: "Before the commit, old's master was not quiet, or new did not accept.",
        why: "The commit is the point of no return: it is passed only with both seen well.",
        todo: "Look at `changeover status` and at new's workers; somebody may be sending signals.",
    },
    Text {
        code: "run/drain-late",
        means: "Old kept connections for longer than `drain-timeout`, and the plan says `on-drain-timeout = \"fail\"`.",
        why: "The commit is done and new serves. Old's workers are still busy.",
        todo: "Wait, or end them; set `worker_shutdown_timeout`, or allow more time.",
    },
    Text {
        code: "run/interrupted",
        means: "The run was told to end by SIGINT, SIGTERM or SIGHUP.",
        why: "It does not stop where it is: what was begun is taken back first.",
        todo: "Run it again when nothing ends it.",
    },
    Text {
        code: "run/no-master",
        means: "A signal was to be sent to a generation that has no master now.",
        why: "The step does not fit what lives, or the master has just exited.",
        todo: "Look at `changeover status`, and at the order of the steps.",
    },
    Text {
        code: "run/nothing-staged",
        means: "A step wants the new file at the binary path, and the plan stages none.",
        why: "This is a bug in changeover: the plan should have been refused.",
        todo: "Report the plan.",
    },
    Text {
        code: "run/exits-not-watched",
        means: "The kernel does not tell when processes end.",
        why: "Waiting for the end of a master is a large part of a run. It was not begun.",
        todo: "Linux 5.3 or later is needed, with free descriptors.",
    },
    Text {
        code: "run/old-not-settled",
        means: "Old's master starts, reloads, is stopped or has no workers, and does not come to rest.",
        why: "Nobody could say what a way back would have to bring back. The run was not begun.",
        todo: "Wait for its start or reload to end; a stopped one needs `kill -CONT`.",
    },
    Text {
        code: "run/signals-not-caught",
        means: "The system gave no signal handlers.",
        why: "A run that cannot be interrupted safely is not begun.",
        todo: "Look at the limits of the process.",
    },
    Text {
        code: "run/runner-gone",
        means: "The process of the run ended without a verdict: it was killed, or the host was started again.",
        why: "Another process has looked, and gone back, or after the commit record on to the end.",
        todo: "Find out who killed it: the memory limit (`journalctl -k`), a time-out of whatever started it, a person.",
    },
    Text {
        code: "run/unfinished",
        means: "An earlier run of this nginx ended without a verdict, and nobody has gone on with it yet.",
        why: "Two generations may live, and the path may hold the wrong file: nothing begins on top of that.",
        todo: "`changeover recover` goes on with it.",
    },
    Text {
        code: "run/not-committed",
        means: "The run that was to be taken back has not committed.",
        why: "It went back by itself, was refused or was stopped: what ran before it runs, or both do.",
        todo: "Without an id `changeover rollback` takes the newest run that has committed; one that was stopped, or is stuck, \
               `changeover recover --run ID` brings back.",
    },
    Text {
        code: "run/nothing-kept",
        means: "The run that was to be taken back executed the file that ran before.",
        why: "It has kept no other file to go back to.",
        todo: "`changeover run` a plan with the binary that is wanted.",
    },
    Text {
        code: "run/installed-since",
        means: "The master does not run what the run that was to be taken back has committed.",
        why: "Another run, a package manager or a person has changed it since: to go back would take that away too.",
        todo: "Without an id `changeover rollback` takes the newest run that has committed; else `changeover run` a plan with \
               the binary that is wanted.",
    },
    Text {
        code: "run/kept-gone",
        means: "The file that the run has kept beside the binary path is not there any more.",
        why: "The next commit replaces it, since one generation is kept; or somebody has removed it.",
        todo: "`changeover run` a plan with that build as its `source`.",
    },
    Text {
        code: "run/kept-not-proven",
        means: "The file that the run has kept is not the one that ran before, or nobody can tell.",
        why: "Its SHA-256 was recorded when the run began. A file that is not proven is not executed.",
        todo: "Find out who has changed it; then `changeover run` a plan with the right build as its `source`.",
    },
    Text {
        code: "run/watch-fails-already",
        means: "A watch of the plan fails before anything is touched, and the run takes another one back.",
        why: "The binary that is left may be sick: that is no reason to keep it. Only the answers of new count for this watch.",
        todo: "Nothing.",
    },
    Text {
        code: "run/no-guardian",
        means: "The process that goes on with a run whose own process is killed could not be started.",
        why: "Without it a killed run stays where it is until somebody says `changeover recover`.",
        todo: "Look at the limits of this user (`ulimit -u`). `--no-guardian` does without.",
    },
    Text {
        code: "run/guardian-gone",
        means: "The guardian of the run was ended by somebody else.",
        why: "If the run is killed now, nobody goes on with it by himself. Another one is started, three times.",
        todo: "Do not end it: it leaves with the run.",
    },
    Text {
        code: "run/network-not-entered",
        means: "nginx runs in another network namespace, which could not be entered.",
        why: "What listens, and what answers, can only be seen from there.",
        todo: "Run `recover` as root.",
    },
    Text {
        code: "run/not-confirmed",
        means: "The plan waits for `changeover confirm`, and nobody said it in time.",
        why: "A change that nobody calls good is taken back: whoever wanted to look at it may have lost the way to the host.",
        todo: "Give `confirm` a longer `timeout`, or say `changeover confirm` in time.",
    },
    Text {
        code: "run/wrong-token",
        means: "Somebody said `changeover confirm` without the plan's token, or with another.",
        why: "The run goes on waiting for the right one.",
        todo: "Give the token of the plan's `confirm` step with `--token`.",
    },
    Text {
        code: "run/not-waiting",
        means: "`changeover confirm` found no run that waits to be confirmed.",
        why: "It has not come to its `confirm` step yet, was confirmed already, or has ended.",
        todo: "`changeover status` shows what lives; the run itself says when it waits.",
    },
    Text {
        code: "run/not-heard",
        means: "What `changeover confirm` said was not taken by the run.",
        why: "Its process is stopped, or its directory is another user's.",
        todo: "Say it as the user of the run; a stopped one needs `kill -CONT`.",
    },
    Text {
        code: "run/which",
        means: "Several runs wait to be confirmed, and none was named.",
        why: "One word is for one run.",
        todo: "Name one with `--run`.",
    },
];

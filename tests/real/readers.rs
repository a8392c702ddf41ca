//! Readers that do not read, or have gone: whatever standard output is, the run and its exit code are the same.

use std::fs::{File, OpenOptions};
use std::io::{PipeReader, PipeWriter, Read as _, Write as _, pipe};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Child, Command, Stdio};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::pty::{grantpt, openpty, posix_openpt, ptsname_r, unlockpt};
use nix::sys::signal::Signal;

use crate::interrupts::SLOW;
use crate::support::changeover::Running;
use crate::support::host::Host;
use crate::support::sandbox::Sandbox;
use crate::support::{holds_within, wait_until};

const STANDARD: [&str; 2] = ["run", "plans/nginx.toml"];
const FORMATS: [&[&str]; 2] = [&[], &["--output", "json"]];
/// Longer than any run here may take.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);

/// The exit code; fails the test when the run does not end.
fn exit(run: &mut Child) -> i32 {
    let ended = holds_within(LIMIT, || run.try_wait().expect("the run's status").is_some());
    if !ended {
        let _ = run.kill();
    }
    let status = run.wait().expect("the run's status");
    assert!(ended, "the run waits for its reader");
    status.code().unwrap_or_else(|| panic!("{status}"))
}

fn command(host: &Host, build: &str, format: &[&str]) -> Command {
    let offer = host.offer(build);
    host.changeover_command(&[&STANDARD, format].concat(), &offer)
}

/// A pipe that takes nothing any more.
fn full() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().expect("a pipe");
    let flags = |flags| fcntl(&writer, FcntlArg::F_SETFL(flags)).expect("the pipe's flags");
    flags(OFlag::O_NONBLOCK);
    let mut filler = writer.try_clone().expect("the pipe");
    while filler.write(&[b'.'; 1024]).is_ok() {}
    flags(OFlag::empty());
    writer.flush().expect("a pipe");
    (reader, writer)
}

#[test]
fn a_full_pipe_holds_no_run_up_neither_forward_nor_back() {
    for format in FORMATS {
        for (build, code) in [("1.26.3", 0), ("faulty/answers-500", 20)] {
            let host = Host::new().running("1.22.1");
            let (reader, writer) = full();
            let mut command = command(&host, build, format);
            let errors = Stdio::from(writer.try_clone().expect("the pipe"));
            let mut run = host.sandbox.spawn(command.stdout(writer).stderr(errors));
            assert_eq!(exit(&mut run), code, "{build} {format:?}");
            drop(reader);
            assert_eq!(host.binary_on_disk(), if code == 0 { "1.26.3" } else { "1.22.1" });
        }
    }
}

#[test]
fn warnings_that_nobody_reads_hold_no_run_up() {
    let host = Host::new().running("1.22.1");
    host.write("/srv/plan.toml", crate::verified::unprobed());
    let (reader, writer) = full();
    let mut command = host.changeover_command(&["run", "/srv/plan.toml"], &host.offer("1.26.3"));
    let mut run = host.sandbox.spawn(command.stdout(Stdio::null()).stderr(writer));
    assert_eq!((exit(&mut run), host.binary_on_disk().as_str()), (0, "1.26.3"));
    drop(reader);
}

#[test]
fn a_late_reader_reads_the_whole_run() {
    let host = Host::new().running("1.22.1");
    let (mut reader, writer) = full();
    let mut command = command(&host, "1.26.3", &["--output", "json"]);
    let mut run = host.sandbox.spawn(command.stdout(writer));
    drop(command);
    wait_until("the commit", || host.binary_on_disk() == "1.26.3");
    let mut text = String::new();
    reader.read_to_string(&mut text).expect("what was written");
    assert_eq!(exit(&mut run), 0);
    let events = text.trim_start_matches('.').lines().map(|line| {
        crate::support::events::fits(line);
        serde_json::from_str::<serde_json::Value>(line).expect("JSON")
    });
    let seqs: Vec<_> = events.map(|event| event["seq"].as_u64().expect("a number")).collect();
    assert!(seqs.iter().copied().eq(1..=seqs.len() as u64) && seqs.len() > 20, "{text}");
}

#[test]
fn a_reader_that_leaves_after_one_line_changes_nothing() {
    for format in FORMATS {
        let host = Host::new().running("1.22.1");
        let run = Running::spawn(command(&host, "1.26.3", format), &host.sandbox);
        run.stop_reading();
        let run = run.wait();
        assert_eq!((run.exit(), host.binary_on_disk().as_str()), (0, "1.26.3"), "{format:?}");
        assert_eq!(run.lines.len(), 1, "{run}");
    }
}

/// The same command, started by a shell that does `script` before it becomes the run.
fn after(script: &str, run: &Command) -> Command {
    let mut command = Sandbox::command("sh");
    command.args(["-c", &format!("{script} exec \"$@\""), "sh"]).arg(run.get_program()).args(run.get_args());
    command
}

#[test]
fn closed_descriptors_change_nothing() {
    let host = Host::new().running("1.22.1");
    let mut command = after("exec <&- >&- 2>&-;", &command(&host, "1.26.3", &[]));
    let mut run = host.sandbox.spawn(&mut command);
    assert_eq!((exit(&mut run), host.binary_on_disk().as_str()), (0, "1.26.3"));
}

/// Both ends of a terminal. No child inherits them by itself: one that did would keep the terminal open.
fn own_terminal() -> (File, File) {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let master = posix_openpt(flags).expect("a pseudo terminal");
    grantpt(&master).and_then(|()| unlockpt(&master)).expect("a pseudo terminal");
    let path = ptsname_r(&master).expect("its name");
    let slave = OpenOptions::new().read(true).write(true).custom_flags(OFlag::O_NOCTTY.bits()).open(path);
    (File::from(OwnedFd::from(master)), slave.expect("its other end"))
}

/// A run on a terminal that is closed while both generations serve.
fn on_a_closed_terminal(host: &Host, script: &str) -> i32 {
    let (mut master, terminal) = own_terminal();
    let offer = host.offer("1.26.3");
    host.write("/srv/slow.toml", SLOW);
    let run = host.changeover_command(&["run", "/srv/slow.toml"], &offer);
    let run = after(script, &run);
    // It leads a session whose terminal this is, as a login does.
    let mut command = Sandbox::command("setsid");
    command.args(["--ctty", "--wait"]).arg(run.get_program()).args(run.get_args()).env("TERM", "xterm");
    let slave = || Stdio::from(terminal.try_clone().expect("the terminal"));
    command.stdin(slave()).stdout(slave()).stderr(slave());
    let mut run = host.sandbox.spawn(&mut command);
    drop((command, terminal));
    let mut shown = Vec::new();
    wait_until("new is waited for", || {
        let mut buffer = [0; 1024];
        let count = master.read(&mut buffer).expect("the terminal");
        shown.extend_from_slice(&buffer[..count]);
        String::from_utf8_lossy(&shown).contains("3 wait-for-workers")
    });
    drop(master);
    exit(&mut run)
}

#[test]
fn a_terminal_that_is_closed_leads_back_and_one_that_does_not_matter_leads_on() {
    let host = Host::new().running("1.22.1");
    assert_eq!(on_a_closed_terminal(&host, ""), 21);
    assert_eq!((host.masters().len(), host.answering().as_deref()), (1, Some("1.22.1")));
    let host = Host::new().running("1.22.1");
    assert_eq!(on_a_closed_terminal(&host, "trap '' HUP;"), 0);
    assert_eq!(host.answering().as_deref(), Some("1.26.3"));
}

#[test]
fn a_terminal_that_shows_nothing_any_more_holds_nothing_up() {
    // As after Ctrl-S: nobody takes what is written.
    let terminal = openpty(None, None).expect("a pseudo terminal");
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let mut command =
        host.changeover_command(&["run", "plans/soak-and-watch.toml", "--set", "soak=1s"], &offer);
    let slave = || Stdio::from(terminal.slave.try_clone().expect("the terminal"));
    let mut run = host.sandbox.spawn(command.env("TERM", "xterm").stdout(slave()).stderr(slave()));
    nix::sys::termios::tcflow(&terminal.slave, nix::sys::termios::FlowArg::TCOOFF).expect("Ctrl-S");
    assert_eq!(exit(&mut run), 0);
    assert_eq!(host.answering().as_deref(), Some("1.26.3"));
}

#[test]
fn a_signal_is_heeded_while_nobody_reads() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let (reader, writer) = full();
    let mut command =
        host.changeover_command(&["run", "plans/soak-and-watch.toml", "--set", "soak=1m"], &offer);
    let mut run = host.sandbox.spawn(command.stdout(writer));
    wait_until("new serves alone", || {
        host.masters().len() == 2 && host.answering().as_deref() == Some("1.26.3")
    });
    let pid = nix::unistd::Pid::from_raw(i32::try_from(run.id()).expect("a pid"));
    nix::sys::signal::kill(pid, Signal::SIGINT).expect("interrupt the run");
    assert_eq!(exit(&mut run), 21);
    drop(reader);
}

#[test]
fn a_quiet_run_prints_its_end_and_nothing_else() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let run = host.changeover(&["run", "plans/nginx.toml", "--quiet"], &offer);
    assert_eq!((run.exit(), run.lines.len(), run.said("verdict")), (0, 1, "committed"), "{run}");
    let again = host.changeover_command(&["run", "plans/nginx.toml", "-q"], &offer);
    let again = crate::support::changeover::Running::spawn(again, &host.sandbox).wait();
    assert_eq!((again.exit(), again.lines.len()), (0, 1), "{again}");
    assert!(again.stdout().starts_with("nothing to do in "), "{again}");
}

#[test]
fn colours_are_forced_and_taken_away_by_the_environment() {
    for (name, coloured) in [("CLICOLOR_FORCE", true), ("NO_COLOR", false)] {
        let host = Host::new().running("1.22.1");
        let mut command = command(&host, "1.26.3", &[]);
        command.env("CLICOLOR_FORCE", "1").env(name, "1");
        let run = crate::support::changeover::Running::spawn(command, &host.sandbox).wait();
        assert_eq!((run.exit(), run.stdout().contains("\u{1b}[32m")), (0, coloured), "{run}");
    }
}

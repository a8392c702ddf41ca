//! What a terminal is shown: a last line that lives while the run waits, and is gone when the run goes on.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::host::Host;
use crate::support::wait_until;

const SOAKING: [&str; 4] = ["run", "plans/soak-and-watch.toml", "--set", "soak=1s"];
const ERASE: &str = "\r\u{1b}[K";

/// A run on a terminal of its own.
struct OnTerminal {
    child: Child,
    text: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
    size: File,
}

impl OnTerminal {
    fn start(host: &Host, arguments: &[&str], term: &str) -> Self {
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let terminal = openpty(Some(&size), None).expect("a pseudo terminal");
        let size = File::from(terminal.master.try_clone().expect("the terminal"));
        let offer = host.offer("1.26.3");
        let mut command = host.changeover_command(arguments, &offer);
        command.env("TERM", term).env("NO_COLOR", "1").stdout(Stdio::from(terminal.slave));
        let child = host.sandbox.spawn(&mut command);
        // Its copy of the terminal would keep the reader waiting.
        drop(command);
        let text = Arc::new(Mutex::new(String::new()));
        let reader = std::thread::spawn({
            let text = Arc::clone(&text);
            move || read(terminal.master, &text)
        });
        Self { child, text, reader, size }
    }

    fn shown(&self) -> String {
        self.text.lock().expect("text").clone()
    }

    /// From now on lines have room for so many characters.
    fn resize(&self, columns: u16) {
        let size = rustix::termios::Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&self.size, size).expect("resize the terminal");
    }

    /// What was written, and the exit code.
    fn end(mut self) -> (String, i32) {
        let status = self.child.wait().expect("the run's status");
        self.reader.join().expect("the reader");
        let text = self.text.lock().expect("text").clone();
        (text, status.code().unwrap_or(-1))
    }
}

/// A terminal whose other end is closed gives an error, not an end.
fn read(master: OwnedFd, text: &Mutex<String>) {
    let (mut terminal, mut buffer, mut bytes) = (File::from(master), [0; 4096], Vec::new());
    while let Ok(count) = terminal.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..count]);
        *text.lock().expect("text") = String::from_utf8_lossy(&bytes).into_owned();
    }
}

/// The screen at the end: what stands on each line after the last time it was erased.
fn screen(text: &str) -> String {
    let line = |line: &str| line.rsplit(ERASE).next().unwrap_or_default().trim_end_matches('\r').to_owned();
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_soak_is_a_line_that_counts_and_nothing_of_it_stays() {
    let host = Host::new().running("1.22.1");
    let (text, exit) = OnTerminal::start(&host, &SOAKING, "xterm").end();
    assert_eq!(exit, 0, "{text}");
    let drawn: Vec<_> = text.split(ERASE).filter(|drawn| drawn.contains(" soak ")).collect();
    let counting = drawn.iter().filter(|drawn| drawn.trim_end().ends_with(" of 1 s")).count();
    assert!((5..=20).contains(&counting), "{counting} times: {text:?}");
    assert!(drawn.iter().all(|drawn| drawn.lines().all(|line| line.chars().count() < 80)), "{text:?}");
    let screen = screen(&text);
    assert!(!screen.contains(" of 1 s") && !screen.contains('\u{1b}'), "{screen}");
    assert!(screen.contains("  ✓ 7 soak ") && screen.ends_with("   # to what ran before\n"), "{screen}");
    let piped = host.changeover_bare(&["status"]);
    assert!(!piped.stdout().contains('\u{1b}'), "{piped}");
}

#[test]
fn an_interrupted_run_leaves_no_half_line() {
    let host = Host::new().running("1.22.1");
    let arguments = ["run", "plans/soak-and-watch.toml", "--set", "soak=1m"];
    let run = OnTerminal::start(&host, &arguments, "xterm");
    wait_until("the soak is shown", || run.shown().contains(" of 1 m"));
    let pid = i32::try_from(run.child.id()).expect("a pid");
    kill(Pid::from_raw(pid), Signal::SIGINT).expect("interrupt the run");
    let (text, exit) = run.end();
    let screen = screen(&text);
    assert_eq!(exit, 21, "{screen}");
    assert!(!screen.contains(" of 1 m") && screen.contains("rolled back after "), "{screen}");
}

#[test]
fn a_terminal_that_is_made_narrower_gets_shorter_lines_from_then_on() {
    let host = Host::new().running("1.22.1");
    let arguments = ["run", "plans/soak-and-watch.toml", "--set", "soak=1m"];
    let run = OnTerminal::start(&host, &arguments, "xterm");
    wait_until("the soak is shown", || run.shown().contains(" of 1 m"));
    run.resize(50);
    let before = run.shown().len();
    let pid = i32::try_from(run.child.id()).expect("a pid");
    kill(Pid::from_raw(pid), Signal::SIGINT).expect("interrupt the run");
    let (text, exit) = run.end();
    let longest = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap_or_default();
    let (wide, narrow) = (screen(&text[..before]), screen(&text[before..]));
    assert_eq!(exit, 21, "{narrow}");
    // The end is one line however wide: it is what people look for.
    let (told, end) = narrow.split_once("\nrolled back after ").expect("the end");
    assert!((70..80).contains(&longest(&wide)) && longest(told) <= 50, "{wide}\n---\n{narrow}");
    assert!(told.lines().count() > 10 && end.trim_end().lines().count() == 1, "{narrow}");
}

#[test]
fn a_terminal_that_cannot_erase_and_json_get_whole_lines_only() {
    let host = Host::new().running("1.22.1");
    let (text, exit) = OnTerminal::start(&host, &SOAKING, "dumb").end();
    assert_eq!((exit, text.contains('\u{1b}')), (0, false), "{text:?}");
    let host = Host::new().running("1.22.1");
    let json = [&SOAKING[..], &["--output", "json"]].concat();
    let (text, exit) = OnTerminal::start(&host, &json, "xterm").end();
    assert_eq!((exit, text.contains('\u{1b}')), (0, false), "{text:?}");
    assert!(text.lines().all(|line| line.starts_with('{')), "{text}");
}

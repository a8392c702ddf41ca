//! Commands that look at no host, as a person and a program meet them: `explain`, `completions` and `man`.
#![expect(clippy::unwrap_used, reason = "a test may stop where the program cannot be started")]

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

fn changeover(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_changeover")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn explain_says_what_a_code_means_and_lists_them_all_without_one() {
    let one = changeover(&["explain", "preflight/daemon-off"]);
    assert_eq!(one.status.code(), Some(0));
    assert!(text(&one.stdout).contains("\n  why       With `daemon off`"), "{}", text(&one.stdout));
    let all = text(&changeover(&["explain"]).stdout);
    for line in ["preflight", "  preflight/daemon-off", "diagnose", "  diagnose/library-missing"] {
        assert!(all.lines().any(|found| found == line), "{line}");
    }
}

#[test]
fn an_unknown_code_is_a_mistake_of_usage_and_leads_to_the_one_that_was_meant() {
    let unknown = changeover(&["explain", "plan/unknwon-key"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert_eq!(
        text(&unknown.stderr),
        "there is no code `plan/unknwon-key`; did you mean `plan/unknown-key`?\n"
    );
    assert!(unknown.stdout.is_empty());
    let strange = changeover(&["explain", "\u{1b}[2J"]);
    assert_eq!(text(&strange.stderr), "there is no code `\\u{1b}[2J`; `changeover explain` lists them all\n");
}

#[test]
fn programs_read_explanations_as_json() {
    let json = |arguments: &[&str]| -> Value {
        serde_json::from_slice(&changeover(&[arguments, &["--output", "json"]].concat()).stdout).unwrap()
    };
    let one = json(&["explain", "probe/refused"]);
    assert_eq!(one["code"], "probe/refused");
    assert!(
        ["means", "why", "todo"].iter().all(|part| one[part].as_str().is_some_and(|text| !text.is_empty()))
    );
    let rooms = json(&["explain"]);
    assert_eq!(rooms.pointer("/rooms/0/name").and_then(Value::as_str), Some("plan"));
    assert!(rooms.pointer("/rooms/0/codes/0/todo").is_some());
    assert_eq!(json(&["explain", "daemon-off"])["meant"], "preflight/daemon-off");
}

/// Every command that the help names.
fn commands() -> Vec<String> {
    let help = text(&changeover(&["--help"]).stdout);
    let list =
        help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap_or_default();
    let named = list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let commands: Vec<String> =
        named.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect();
    assert!(commands.len() >= 8, "{help}");
    commands
}

/// `None` where that shell is not here.
fn accepts(shell: &str, script: &[u8]) -> Option<bool> {
    let mut command = Command::new(shell);
    let mut child = command.arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
    child.stdin.take().unwrap().write_all(script).unwrap();
    let output = child.wait_with_output().unwrap();
    Some(output.status.success() && output.stderr.is_empty())
}

#[test]
fn each_shell_gets_a_script_that_it_can_read_and_that_knows_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = changeover(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        let script = text(&output.stdout);
        for command in commands() {
            assert!(script.contains(&command), "{command} is not in the script for {shell}");
        }
        if shell == "bash" || shell == "zsh" {
            assert_ne!(accepts(shell, &output.stdout), Some(false), "{shell} -n");
        }
    }
    assert!(!accepts("bash", b"if then\n").unwrap_or(false), "the check itself can fail");
    assert_eq!(changeover(&["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn standard_input_is_read_for_one_file_only() {
    let twice = changeover(&["check", "-", "--inputs", "-"]);
    assert_eq!(twice.status.code(), Some(2));
    assert!(text(&twice.stderr).contains("cannot be read twice"), "{twice:?}");
}

/// The headings of a page, each with how many lines of text stand below it.
fn headings(page: &str) -> Vec<(String, usize)> {
    let mut found: Vec<(String, usize)> = Vec::new();
    for line in page.lines() {
        match line.strip_prefix(".SH ").or_else(|| line.strip_prefix(".SS ")) {
            Some(heading) => found.push((heading.trim_matches('"').to_owned(), 0)),
            None if line.starts_with('.') || line.is_empty() => {}
            None => found.iter_mut().rev().take(1).for_each(|(_, lines)| *lines += 1),
        }
    }
    found
}

#[test]
fn the_manual_page_has_every_command_and_no_section_is_empty() {
    let page = text(&changeover(&["man"]).stdout);
    assert!(page.lines().any(|line| line.starts_with(".TH ")), "{page}");
    let headings = headings(&page);
    for command in commands() {
        assert!(headings.iter().any(|(heading, _)| *heading == command.to_uppercase()), "{command}\n{page}");
        assert!(page.contains(&format!("changeover {command}\\fR")), "{command} has no synopsis\n{page}");
    }
    for (at, (heading, lines)) in headings.iter().enumerate() {
        let has_parts = headings.get(at + 1).is_some_and(|(next, _)| next == "DESCRIPTION");
        assert!(*lines > 0 || has_parts, "{heading} is empty");
    }
}

#[test]
fn a_directory_gets_a_page_for_each_command() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("man");
    let _ = std::fs::remove_dir_all(&directory);
    let arguments = ["man", "--dir", directory.to_str().unwrap()];
    let missing = changeover(&arguments);
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("cannot be written"));
    #[expect(clippy::disallowed_methods, reason = "the pages need a directory")]
    std::fs::create_dir(&directory).unwrap();
    assert_eq!(changeover(&arguments).status.code(), Some(0));
    for command in commands() {
        let page = std::fs::read_to_string(directory.join(format!("changeover-{command}.8"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{page}");
    }
    assert!(directory.join("changeover.8").exists());
}

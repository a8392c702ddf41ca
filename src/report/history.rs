//! The text of `changeover history`: one line for each run of before.

use textwrap::core::display_width;

use super::{
    Style,
    layout::{cut, indented},
    words,
};
use crate::{
    engine::{EndedBy, Ending, PastRun, units},
    nginx::printable,
};

/// What stands above the columns; the last one takes what is left of the line.
const HEADS: [&str; 5] = ["run", "from, to", "ended, exit", "took", "plan"];
/// Where times stand: they end at the same column.
const TIMES: usize = 3;
/// The widest word for an end, which the exit code stands behind.
const ENDED: usize = 11;
/// No longer text of a file is shown.
const MOST: usize = 60;

/// One line for each run, under a heading; cut where the terminal ends, however wide it is. Where there are several instances,
/// the runs of each stand under its pid file.
#[must_use]
pub fn history(style: Style, runs: &[PastRun]) -> Vec<String> {
    if runs.is_empty() {
        return Vec::new();
    }
    let rows: Vec<Row> = runs.iter().map(|run| row(style, run)).collect();
    let heads = HEADS.map(str::to_owned);
    let mut widths = [0; HEADS.len()];
    for cells in rows.iter().chain([&heads]) {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = display_width(cell).max(*width);
        }
    }
    let mut lines = vec![style.faint(&line(style, &heads, &widths))];
    let instances = instances(runs);
    for instance in &instances {
        if instances.len() > 1 {
            lines.push(style.strong(&name(runs, instance)));
        }
        let theirs = runs.iter().zip(&rows).filter(|(run, _)| run.instance == *instance);
        lines.extend(theirs.map(|(_, cells)| line(style, cells, &widths)));
    }
    lines
}

/// What stands above the lines of one run: when it began, and where.
#[must_use]
pub fn past_run(style: Style, run: &PastRun) -> Vec<String> {
    // To the second, as people say it.
    let at = run.at.as_deref().map(|at| at.get(..19).map_or_else(|| at.to_owned(), |at| format!("{at}Z")));
    let parts = [at, run.pid_file.clone(), run.file.clone()];
    let told = parts.into_iter().flatten().collect::<Vec<_>>().join("   ");
    if told.is_empty() { Vec::new() } else { indented(style, 0, 2, "", &told) }
}

/// The instances, the one with the newest run last.
fn instances(runs: &[PastRun]) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for run in runs.iter().rev() {
        if !found.contains(&run.instance.as_str()) {
            found.push(&run.instance);
        }
    }
    found.reverse();
    found
}

/// The pid file of an instance, as its newest run that knows it names it.
fn name(runs: &[PastRun], instance: &str) -> String {
    let known =
        runs.iter().rev().filter(|run| run.instance == instance).find_map(|run| run.pid_file.as_deref());
    printable(known.unwrap_or(instance), MOST)
}

type Row = [String; HEADS.len()];

fn row(style: Style, run: &PastRun) -> Row {
    let shown = |text: &str| printable(text, MOST);
    let version =
        |text: &Option<String>| text.as_deref().map_or_else(String::new, |it| shown(words::version(it)));
    let versions = match (version(&run.old), version(&run.new)) {
        (old, new) if new.is_empty() => old,
        (old, new) => format!("{old} {} {new}", style.arrow()),
    };
    let plan = run.plan.as_deref().or(run.file.as_deref()).map(shown).unwrap_or_default();
    let about = match (&run.damage, run.ended_by) {
        (Some(damage), _) => shown(&damage.code),
        (None, Some(EndedBy::Guardian)) => format!("guardian: {plan}"),
        (None, Some(EndedBy::Recover)) => format!("recover: {plan}"),
        (None, Some(EndedBy::Run) | None) => plan,
    };
    [
        shown(&run.run),
        versions,
        match run.exit {
            Some(exit) => format!("{:ENDED$} {exit:>2}", ended(run)),
            None => ended(run).to_owned(),
        },
        run.took.map_or_else(String::new, units::time),
        about,
    ]
}

/// How it ended, in a word or two.
const fn ended(run: &PastRun) -> &'static str {
    match run.verdict {
        _ if run.damage.is_some() => "damaged",
        Some(Ending::Draining) => "draining",
        Some(Ending::Stopped) => "stopped",
        Some(ending) => words::ending(ending),
        None if run.begun => "unfinished",
        None => "not begun",
    }
}

fn line(style: Style, cells: &Row, widths: &[usize; HEADS.len()]) -> String {
    let mut line = String::new();
    for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let gap = " ".repeat(width.saturating_sub(display_width(cell)));
        let parts = match at {
            TIMES => [&gap, cell, "  "],
            _ if at + 1 < HEADS.len() => [cell, &gap, "  "],
            _ => [&fitted(style, cell, style.width.saturating_sub(display_width(&line))), "", ""],
        };
        line.extend(parts);
    }
    line.trim_end().to_owned()
}

/// A text in so many columns; where it is cut that is seen.
fn fitted(style: Style, text: &str, columns: usize) -> String {
    if display_width(text) <= columns {
        return text.to_owned();
    }
    let more = if style.unicode { "…" } else { "..." };
    format!("{}{more}", cut(text, columns.saturating_sub(display_width(more))))
}

#[cfg(test)]
mod tests {
    use super::{Style, history};
    use crate::engine::{Damaged, EndedBy, Ending, PastRun};

    const PLAIN: Style = Style { color: false, unicode: true, live: false, width: 80 };

    fn run(id: &str, verdict: Option<(Ending, u8)>) -> PastRun {
        PastRun {
            run: format!("20261123T{id}"),
            instance: "run_nginx.pid".into(),
            pid_file: Some("/run/nginx.pid".into()),
            plan: Some("nginx 1.26.3".into()),
            old: Some("nginx/1.22.1".into()),
            new: Some("nginx/1.26.3".into()),
            verdict: verdict.map(|(verdict, _)| verdict),
            exit: verdict.map(|(_, exit)| exit),
            ended_by: verdict.map(|_| EndedBy::Run),
            took: verdict.map(|_| 95.2),
            begun: true,
            ..PastRun::default()
        }
    }

    fn runs() -> Vec<PastRun> {
        let damage = Damaged { code: "journal/damaged".into(), message: "at line 3".into() };
        vec![
            run("155445-212", Some((Ending::Committed, 0))),
            PastRun {
                took: Some(152_000.0),
                ended_by: Some(EndedBy::Guardian),
                ..run("155501-1218", Some((Ending::RolledBack, 20)))
            },
            PastRun { ended_by: Some(EndedBy::Recover), ..run("155612-240", Some((Ending::Stuck, 30))) },
            PastRun { damage: Some(damage), exit: Some(32), ..run("155701-281", None) },
            PastRun { begun: false, ..run("155801-299", Some((Ending::Refused, 12))) },
            PastRun { new: None, begun: false, ..run("155802-301", None) },
            run("155901-312", None),
        ]
    }

    #[test]
    fn each_run_is_one_line_and_the_newest_is_the_last() {
        insta::assert_snapshot!(history(PLAIN, &runs()).join("\n"), @r#"
        run                   from, to         ended, exit         took  plan
        20261123T155445-212   1.22.1 → 1.26.3  committed    0     95 ms  nginx 1.26.3
        20261123T155501-1218  1.22.1 → 1.26.3  rolled back 20  2 m 32 s  guardian: ngin…
        20261123T155612-240   1.22.1 → 1.26.3  stuck       30     95 ms  recover: nginx…
        20261123T155701-281   1.22.1 → 1.26.3  damaged     32            journal/damaged
        20261123T155801-299   1.22.1 → 1.26.3  refused     12     95 ms  nginx 1.26.3
        20261123T155802-301   1.22.1           not begun                 nginx 1.26.3
        20261123T155901-312   1.22.1 → 1.26.3  unfinished                nginx 1.26.3
        "#);
    }

    #[test]
    fn the_runs_of_several_instances_stand_under_their_pid_files() {
        let mut runs = runs();
        runs.truncate(3);
        (runs[1].instance, runs[1].pid_file) = ("run_b.pid".into(), Some("/run/b.pid".into()));
        insta::assert_snapshot!(history(PLAIN, &runs).join("\n"), @r#"
        run                   from, to         ended, exit         took  plan
        /run/b.pid
        20261123T155501-1218  1.22.1 → 1.26.3  rolled back 20  2 m 32 s  guardian: ngin…
        /run/nginx.pid
        20261123T155445-212   1.22.1 → 1.26.3  committed    0     95 ms  nginx 1.26.3
        20261123T155612-240   1.22.1 → 1.26.3  stuck       30     95 ms  recover: nginx…
        "#);
        assert_eq!(history(PLAIN, &[]), Vec::<String>::new());
    }

    #[test]
    fn a_line_fits_the_terminal_whatever_a_file_says_and_obeys_nothing_in_it() {
        let evil = PastRun {
            plan: Some("\u{1b}[2J\n".repeat(90)),
            new: Some("x\u{202e}".into()),
            ..runs()[0].clone()
        };
        for width in [70, 80, 200] {
            for line in history(Style { width, ..PLAIN }, std::slice::from_ref(&evil)) {
                let fits = line.chars().count() <= width;
                assert!(fits && line.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{width}: {line}");
            }
        }
    }
}

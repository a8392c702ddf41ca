//! The verifier's warnings before a run begins: a line each, on standard error.

use std::{io, path::Path, time::Duration};

use super::outlet::Outlet;
use crate::{
    engine::{FindingReport, units},
    nginx::printable,
};

/// How long a reader may take to read them before the run begins.
const READS: Duration = Duration::from_millis(200);

/// Tells people what is unwise about their plan, and where more is said. The run never waits for a reader.
pub(super) fn tell(plan: &Path, warnings: &[FindingReport]) {
    if warnings.is_empty() {
        return;
    }
    let Ok(outlet) = Outlet::of(io::stderr()) else { return };
    for line in lines(&plan.display().to_string(), warnings) {
        outlet.line(line);
    }
    outlet.wait(READS);
}

fn lines(plan: &str, warnings: &[FindingReport]) -> Vec<String> {
    let one = |finding: &FindingReport| {
        let place = finding.line().map_or_else(String::new, |line| format!(", line {line}"));
        format!("{}{place}: {}", finding.problem.code, finding.problem.message)
    };
    let mut lines: Vec<String> = warnings.iter().map(one).collect();
    let (count, plan) = (units::count(lines.len(), "warning"), printable(plan, usize::MAX));
    lines.push(format!("{count}; see `changeover check {plan}`"));
    lines
}

#[cfg(test)]
mod tests {
    use super::lines;
    use crate::{
        plan::{Inputs, load},
        verify::verify,
    };

    #[test]
    fn each_warning_is_one_line_and_the_last_says_where_more_is_said() {
        let plan = "format = 1\nname = \"n\"\n\n[service]\nkind = \"nginx\"\npid-file = \"/run/nginx.pid\"\n\n\
                    [[step]]\naction = \"adopt-binary\"\n\n[[step]]\naction = \"commit\"\n";
        let loaded = load("n", plan.as_bytes(), &[], Inputs::Given).unwrap();
        let report = verify(&loaded);
        let warnings: Vec<_> = report.warnings().map(|finding| finding.report(&loaded.document)).collect();
        assert_eq!(
            lines("\u{1b}[2J", &warnings),
            [
                "verify/new-not-probed, line 12: the plan commits without one answer of the new generation",
                "1 warning; see `changeover check \\u{1b}[2J`",
            ]
        );
    }
}

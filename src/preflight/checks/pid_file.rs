//! The pid file names the master.

use super::super::{
    Facts, PidText,
    finding::{Outcome, refuse},
};

const WHY: &str = "nginx renames this file on USR2. Where it cannot, its master is broken until it is restarted: every reload \
    then adds a set of workers and reads no configuration";

pub(super) fn check(facts: &Facts) -> Outcome {
    let file = &facts.pid_file;
    let path = file.path.display();
    let others = match file.others.as_slice() {
        [] => "no nginx master runs here".to_owned(),
        [pid] => format!("nginx master {pid} runs here"),
        many => format!("{} nginx masters run here: {many:?}", many.len()),
    };
    let write = match file.others.as_slice() {
        [pid] => format!("if that is the service, write its number back: echo {pid} > {path}"),
        _ => format!("name the service's own pid file in the plan, or write the master's number into {path}"),
    };
    match &file.text {
        PidText::Missing => {
            refuse("preflight/pid-file-missing", format!("there is no {path}; {others}"), WHY, write)
        }
        PidText::Empty => {
            let seen = format!("{path} is empty, as `nginx -t` leaves it where there was none; {others}");
            refuse("preflight/pid-file-empty", seen, WHY, write)
        }
        PidText::Unusable(what) => {
            refuse("preflight/pid-file-unusable", format!("{path}: {what}; {others}"), WHY, write)
        }
        PidText::Names(pid) => {
            let seen = match &facts.master {
                None => format!("{path} names process {pid}, which does not live; {others}"),
                Some(master) if !master.titled && !calls_itself_nginx(&master.exe_path) => {
                    format!(
                        "{path} names process {pid}, which is {:?} and no nginx master; {others}",
                        master.title
                    )
                }
                Some(_) => return None,
            };
            refuse("preflight/pid-file-foreign", seen, WHY, write)
        }
    }
}

/// A server without a master process has no title to know it by.
pub(super) fn calls_itself_nginx(path: &std::path::Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    ["nginx", "openresty", "tengine"].iter().any(|known| name.contains(known))
}

#[cfg(test)]
mod tests {
    use super::super::healthy::{assert_found, facts, master_of};
    use super::{PidText, check};
    use crate::engine::Level;

    #[test]
    fn a_pid_file_that_names_the_master_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn a_missing_empty_or_broken_pid_file_is_refused() {
        for (text, code) in [
            (PidText::Missing, "preflight/pid-file-missing"),
            (PidText::Empty, "preflight/pid-file-empty"),
            (PidText::Unusable("holds \"x\"".into()), "preflight/pid-file-unusable"),
        ] {
            let mut facts = facts();
            facts.pid_file.text = text;
            facts.pid_file.others = vec![99];
            let finding = assert_found(check(&facts), code, Level::Refuse);
            assert!(finding.todo.contains("echo 99 > /run/nginx.pid"), "{}", finding.todo);
        }
    }

    #[test]
    fn a_pid_file_that_names_a_stranger_is_refused() {
        let mut dead = facts();
        dead.master = None;
        assert_found(check(&dead), "preflight/pid-file-foreign", Level::Refuse);
        let mut stranger = facts();
        let master = master_of(&mut stranger);
        (master.titled, master.title, master.exe_path) = (false, "sleep 1".into(), "/usr/bin/sleep".into());
        let finding = assert_found(check(&stranger), "preflight/pid-file-foreign", Level::Refuse);
        assert!(finding.seen.contains("sleep 1"));
    }
}

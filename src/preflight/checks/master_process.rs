//! The process has workers of its own: `master_process` is on.

use super::{
    super::{
        Facts,
        finding::{Outcome, refuse},
    },
    pid_file::calls_itself_nginx,
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let master = facts.master.as_ref()?;
    if master.titled || !calls_itself_nginx(&master.exe_path) {
        return None;
    }
    refuse(
        "preflight/master-process-off",
        format!("process {} calls itself {:?}, not `nginx: master process`", master.id, master.title),
        "with `master_process off` nginx says that it is changing its binary on USR2, and does nothing",
        "start nginx with `master_process on` (the default); this one can only be restarted",
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts, master_of},
        check,
    };
    use crate::engine::Level;

    #[test]
    fn a_titled_master_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn a_server_without_a_master_process_is_refused() {
        let mut facts = facts();
        let master = master_of(&mut facts);
        (master.titled, master.title) = (false, "/usr/sbin/nginx -g master_process off;".into());
        assert_found(check(&facts), "preflight/master-process-off", Level::Refuse);
    }
}

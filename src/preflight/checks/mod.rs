//! The checks, one file each: facts in, at most one finding out.

mod arguments;
mod binary_path;
mod build;
mod configuration;
mod configuration_newer;
mod daemon;
mod disk_space;
mod exchange;
mod fewer_sockets;
mod listener_removed;
mod listening;
mod master_process;
mod master_stopped;
mod namespaces;
mod network;
mod oldbin;
mod option_unknown;
mod permissions;
mod pid_directory;
mod pid_file;
mod pid_path;
mod probe_before_winch;
mod quic;
mod running_build;
mod running_configuration;
mod second_master;
mod sight;
mod source;
mod state_directory;
mod target;
mod unit;
mod unix_listener;
mod user;
mod version;
mod workers;

#[cfg(test)]
mod healthy;

use super::{
    Facts,
    finding::{Finding, Outcome},
};

/// All of them, in the order in which a person would ask.
const ALL: [fn(&Facts) -> Outcome; 34] = [
    pid_file::check,
    master_process::check,
    master_stopped::check,
    namespaces::check,
    network::check,
    sight::check,
    permissions::check,
    pid_directory::check,
    oldbin::check,
    second_master::check,
    daemon::check,
    workers::check,
    unit::check,
    arguments::check,
    binary_path::check,
    target::check,
    exchange::check,
    state_directory::check,
    disk_space::check,
    source::check,
    build::check,
    version::check,
    option_unknown::check,
    configuration::check,
    running_build::check,
    running_configuration::check,
    configuration_newer::check,
    pid_path::check,
    user::check,
    fewer_sockets::check,
    listener_removed::check,
    unix_listener::check,
    quic::check,
    probe_before_winch::check,
];

/// How many there are.
pub(super) const COUNT: usize = ALL.len();

/// Makes every check.
pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    ALL.iter().filter_map(|check| check(facts)).collect()
}

#[cfg(test)]
mod tests {
    use super::{healthy, judge};

    #[test]
    fn a_healthy_host_has_no_findings() {
        assert_eq!(judge(&healthy::facts()), []);
    }

    #[test]
    fn a_host_without_a_master_has_one_finding() {
        let mut facts = healthy::facts();
        facts.master = None;
        (facts.path, facts.running, facts.offered, facts.unit) = (None, None, None, None);
        let codes: Vec<_> = judge(&facts).iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["preflight/pid-file-foreign"]);
    }
}

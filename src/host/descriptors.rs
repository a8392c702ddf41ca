//! How many descriptors this process may have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Enough for every process of a large nginx; more would only make the tables of the kernel larger.
const ENOUGH: u64 = 16 << 10;

/// Raises the soft limit as far as it is needed and permitted: the usual 1024 are fewer than the processes of an nginx
/// with hundreds of workers in two generations, and a host that cannot be read any more looks dead.
pub fn raise() {
    let now = getrlimit(Resource::Nofile);
    let wanted = now.maximum.map_or(ENOUGH, |most| most.min(ENOUGH));
    if now.current.is_some_and(|current| current < wanted) {
        // Where it stays low, fewer ends are waited for, and the looks find them.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..now });
    }
}

/// How many may be open at once.
#[must_use]
pub fn limit() -> usize {
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, |now| usize::try_from(now).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_limit_is_raised_as_far_as_it_may_be() {
        let before = getrlimit(Resource::Nofile);
        raise();
        let wanted = before.maximum.map_or(ENOUGH, |most| most.min(ENOUGH));
        assert!(limit() as u64 >= wanted);
        assert_eq!(getrlimit(Resource::Nofile).maximum, before.maximum);
    }
}

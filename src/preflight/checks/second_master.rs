//! One generation serves.

use super::super::{
    Facts,
    finding::{Outcome, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let master = facts.master.as_ref()?;
    let seen = match (master.parent_master, master.child_masters.as_slice()) {
        (None, []) => return None,
        (Some(parent), _) => {
            format!("master {} was started by master {parent}, which still lives", master.id)
        }
        (None, children) => {
            format!("master {} has started another master, which lives: {children:?}", master.id)
        }
    };
    refuse(
        "preflight/second-master",
        seen,
        "a changeover is under way: nginx ignores USR2 while both generations live",
        "finish it or take it back first: `changeover status` shows both generations",
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
    fn one_master_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn a_master_above_or_below_is_refused() {
        let mut below = facts();
        master_of(&mut below).child_masters = vec![900];
        assert!(assert_found(check(&below), "preflight/second-master", Level::Refuse).seen.contains("900"));
        let mut above = facts();
        master_of(&mut above).parent_master = Some(700);
        assert!(assert_found(check(&above), "preflight/second-master", Level::Refuse).seen.contains("700"));
    }
}

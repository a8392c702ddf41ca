//! Observing on, by what another process remembered.

use super::{
    super::{
        memory::{Known, Memory},
        strays::{self, Marks},
        tree::{Tracked, Tree},
    },
    Instance, Observer,
};
use crate::protocol::{Generation, Identity};

impl Observer {
    /// Goes on observing what another process has begun to. What masters of before have left is looked for once.
    #[must_use]
    pub fn resume(instance: Instance, memory: Memory) -> Self {
        let mut observer = Self::new(instance);
        let known = |which| memory.last(which).map(Tracked::known);
        observer.old = known(Generation::Old).unwrap_or(observer.old);
        observer.new = known(Generation::New);
        observer.reversed = observer.old_is_a_child_of_new();
        for made in memory.moves {
            observer.ledger.remember(made);
        }
        // They are known before anybody's death is looked at: who holds one of them is a stray then.
        let Self { old, new, listening, .. } = &mut observer;
        std::iter::once(old).chain(new).for_each(|tracked| tracked.learn_listeners(listening));
        observer.find_strays_of(&memory.masters);
        observer
    }

    /// Of those that took the place of the old that was found, back-masters are; a service manager's are not.
    fn old_is_a_child_of_new(&self) -> bool {
        let new = self.new.as_ref().and_then(|new| Tree::read(new.id));
        new.is_some_and(|new| new.children.iter().any(|child| child.id == self.old.id))
    }

    /// What is left of masters that were replaced by others before, and of a new that was killed with the run that was
    /// starting it, before anybody noted it.
    fn find_strays_of(&mut self, masters: &[(Generation, Known)]) {
        let present = [Some(self.old.id), self.new_master()];
        let living: Vec<Identity> =
            present.into_iter().flatten().filter(|id| Tree::read(*id).is_some()).collect();
        let listeners = self.listeners();
        let ours = self.instance.ours;
        let by = Marks { masters: &living, listeners: &listeners, ours };
        if self.new.is_none() && ours.is_some() {
            let nobody = Identity { pid: 0, start: 0 };
            self.strays.new.extend(strays::discover(&Tracked::new(nobody, ours, 0), &by));
        }
        for (which, known) in masters.iter().filter(|(_, known)| !present.contains(&Some(known.id))) {
            let found = strays::discover(&Tracked::known(known), &by);
            match which {
                Generation::Old => self.strays.old.extend(found),
                Generation::New => self.strays.new.extend(found),
            }
        }
    }

    /// A second master of which nobody has noted that it was started, and whose parent is gone too.
    pub(super) fn new_by_pid_file(&self) -> Option<Tracked> {
        let named = self.named_master(self.instance.new_file()?)?;
        Some(Tracked::new(named.id, named.exe, named.start_stack))
    }
}

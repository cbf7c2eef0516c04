//! When which address is tried, so that never more than a few are tried at once.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use hallway::time::Millis;
use ssdp::target::Udn;

use crate::limits::PROBES_MAX;

/// An address of a neighbour.
type Target = (Udn, SocketAddr);

/// Attempts that are planned, and those under way.
#[derive(Default)]
pub(super) struct Probes {
    due: BTreeSet<(Millis, Target)>,
    planned: BTreeMap<Target, Millis>,
    under_way: BTreeSet<Target>,
    tried: BTreeMap<Target, Millis>,
}

impl Probes {
    /// Tries an address at that time, or earlier if that was planned; not while it is tried.
    pub(super) fn plan(&mut self, udn: &Udn, at: SocketAddr, when: Millis) {
        let target = (udn.clone(), at);
        let earlier = self.planned.get(&target).is_some_and(|planned| *planned <= when);
        if earlier || self.under_way.contains(&target) {
            return;
        }
        self.cancel(&target);
        self.due.insert((when, target.clone()));
        self.planned.insert(target, when);
    }

    /// The address is nobody's any more.
    pub(super) fn forget(&mut self, udn: &Udn, at: SocketAddr) {
        let target = (udn.clone(), at);
        self.cancel(&target);
        self.tried.remove(&target);
    }

    fn cancel(&mut self, target: &Target) {
        if let Some(when) = self.planned.remove(target) {
            self.due.remove(&(when, target.clone()));
        }
    }

    /// One that is to be tried now.
    pub(super) fn next(&mut self, now: Millis) -> Option<Target> {
        self.deadline().filter(|due| *due <= now)?;
        let (_, target) = self.due.pop_first()?;
        self.planned.remove(&target);
        self.under_way.insert(target.clone());
        Some(target)
    }

    /// It has been tried.
    pub(super) fn done(&mut self, udn: &Udn, at: SocketAddr, now: Millis) {
        let target = (udn.clone(), at);
        self.under_way.remove(&target);
        self.tried.insert(target, now);
    }

    /// When it was tried last.
    pub(super) fn tried(&self, udn: &Udn, at: SocketAddr) -> Option<Millis> {
        self.tried.get(&(udn.clone(), at)).copied()
    }

    /// When the next may begin; none before another one is done, if there are many.
    pub(super) fn deadline(&self) -> Option<Millis> {
        let may_begin = self.under_way.len() < PROBES_MAX;
        self.due.first().map(|(when, _)| *when).filter(|_| may_begin)
    }
}

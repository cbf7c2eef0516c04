//! When which address is tried, so that never more than a few are tried at once, nor many in a row.
//!
//! Those that are due longest come first: whoever forges new addresses all the time comes after
//! those who wait already.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use hallway::time::Millis;
use ssdp::target::Udn;

use crate::limits::{PROBE_INTERVAL, PROBES_BURST, PROBES_MAX};

/// An address of a neighbour.
type Target = (Udn, SocketAddr);

/// Attempts that are planned, and those under way.
#[derive(Default)]
pub(super) struct Probes {
    due: BTreeSet<(Millis, Target)>,
    planned: BTreeMap<Target, Millis>,
    under_way: BTreeSet<Target>,
    tried: BTreeMap<Target, Millis>,
    /// When as many as [`PROBES_BURST`] may begin in a row again.
    rested_at: Millis,
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
        self.rested_at = self.rested_at.max(now) + PROBE_INTERVAL;
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
        let earned_at = self.rested_at - Millis(PROBE_INTERVAL.0 * (PROBES_BURST - 1));
        self.due.first().map(|(when, _)| earned_at.max(*when)).filter(|_| may_begin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn udn(number: u64) -> Udn {
        Udn::parse(&format!("run-{number}")).unwrap()
    }

    fn at(port: u64) -> SocketAddr {
        SocketAddr::new([10, 0, 0, 7].into(), u16::try_from(port).unwrap())
    }

    #[test]
    fn who_forges_ports_has_us_try_no_faster_than_the_rate_and_others_get_their_turn() {
        const SECONDS: u64 = 60;
        const FORGED: u64 = 50;
        let mut probes = Probes::default();
        let (mut count, mut friend_tried) = (0, None);
        for tick in 0..SECONDS * 100 {
            let now = Millis(1_000_000 + tick * 10);
            // Each forged one has another port every half a second.
            let forged = udn(tick % FORGED);
            if let Some(old) = tick.checked_sub(FORGED) {
                probes.forget(&forged, at(2_000 + old));
            }
            probes.plan(&forged, at(2_000 + tick), now + Millis(tick % 300));
            if tick == 1_000 {
                probes.plan(&udn(FORGED), at(5460), now);
            }
            while let Some((who, socket)) = probes.next(now) {
                count += 1;
                if who == udn(FORGED) {
                    friend_tried = Some(tick);
                }
                probes.done(&who, socket, now);
            }
            assert!(probes.deadline().is_none_or(|due| due > now));
        }
        let long_run = SECONDS * 1_000 / PROBE_INTERVAL.0;
        assert!((long_run..=PROBES_BURST + long_run).contains(&count), "{count}");
        let friend_tried = friend_tried.expect("who is real has their turn");
        assert!(friend_tried <= 1_000 + FORGED * PROBE_INTERVAL.0 / 10, "{friend_tried}");
    }
}

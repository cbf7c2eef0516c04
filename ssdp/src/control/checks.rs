//! Asking a device whether it is still there, when somebody says that it is not, or that it has
//! started anew: anybody can forge that, so it ends nothing by itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::engine::{Datagram, Place, Port};
use crate::interface::{SSDP_PORT, scoped};
use crate::limits::{CHECK_ANSWER, CHECK_REPEAT, CHECK_REST, CHECKS_MAX, CHECKS_RUNNING_MAX};
use crate::target::{Target, Udn};

use super::Voice;
use super::cache::Cache;
use super::device::Spot;

/// The checks of all devices.
#[derive(Debug, Default)]
pub(super) struct Checks {
    of: BTreeMap<Udn, Check>,
    /// When each goes on, but for those in the queue.
    due: BTreeSet<(Duration, Udn)>,
    /// Those that wait for others to end.
    queue: VecDeque<Udn>,
    running: usize,
}

#[derive(Debug)]
struct Check {
    stage: Stage,
    /// Whether there was another reason for one since, so that another follows.
    again: bool,
    /// Whether that one may come without a rest: who has just moved or started may leave at once.
    spare: bool,
    due: Duration,
}

/// What a check waits for.
#[derive(Debug)]
enum Stage {
    /// Until fewer are running.
    Turn,
    /// For answers from there, then to ask again. Who has answered keeps it running to its end:
    /// forged answers must not have us ask more often.
    Repeat(BTreeSet<Spot>),
    /// For answers from there, then to drop those places.
    Verdict(BTreeSet<Spot>),
    /// Until the network may start one again.
    Rest,
}

/// What checks need to be carried out.
pub(super) struct Means<'a> {
    pub(super) cache: &'a mut Cache,
    pub(super) voice: &'a Voice,
    pub(super) sends: &'a mut VecDeque<Datagram>,
}

impl Checks {
    /// The network gives a reason to doubt that the device is at those places.
    pub(super) fn doubt(&mut self, now: Duration, udn: &Udn, at: &[Spot], means: &mut Means<'_>) {
        if at.is_empty() {
            return;
        }
        let at: BTreeSet<Spot> = at.iter().copied().collect();
        let Some(check) = self.of.get_mut(udn) else {
            return self.begin(now, udn, at, true, means);
        };
        match &check.stage {
            Stage::Turn => {}
            Stage::Repeat(missing) | Stage::Verdict(missing) => {
                check.again |= !at.is_subset(missing);
            }
            Stage::Rest if check.spare => {
                self.forget(udn);
                self.begin(now, udn, at, false, means);
            }
            Stage::Rest => check.again = true,
        }
    }

    /// The program wants to know; it need not wait for the end of a rest.
    pub(super) fn ask(&mut self, now: Duration, udn: &Udn, means: &mut Means<'_>) {
        if matches!(self.of.get(udn), Some(Check { stage: Stage::Rest, .. })) {
            self.forget(udn);
        }
        if !self.of.contains_key(udn) {
            self.begin(now, udn, means.cache.spots(udn).collect(), false, means);
        }
    }

    /// The device has answered from there. Returns whether that was asked for.
    pub(super) fn answered(&mut self, udn: &Udn, spot: Spot) -> bool {
        match self.of.get_mut(udn).map(|check| &mut check.stage) {
            Some(Stage::Repeat(missing) | Stage::Verdict(missing)) => missing.remove(&spot),
            Some(Stage::Turn | Stage::Rest) | None => false,
        }
    }

    /// Goes on with all that are due.
    pub(super) fn step(&mut self, now: Duration, means: &mut Means<'_>) {
        while let Some((due, _)) = self.due.first()
            && *due <= now
            && let Some((_, udn)) = self.due.pop_first()
            && let Some(check) = self.of.remove(&udn)
        {
            match check.stage {
                Stage::Repeat(missing) => {
                    // What it said of its port may have been forged, too.
                    means.ask(&udn, &missing, |_| SSDP_PORT);
                    let stage = Stage::Verdict(missing);
                    self.wait(udn, Check { stage, due: now + CHECK_ANSWER, ..check });
                }
                Stage::Verdict(missing) => {
                    means.cache.drop_places(&udn, |spot| missing.contains(&spot));
                    self.running -= 1;
                    if check.again && check.spare {
                        self.begin(now, &udn, means.cache.spots(&udn).collect(), false, means);
                    } else {
                        let due = now + CHECK_REST.saturating_sub(CHECK_REPEAT + CHECK_ANSWER);
                        self.wait(udn, Check { stage: Stage::Rest, due, ..check });
                    }
                    self.take_turns(now, means);
                }
                Stage::Rest if check.again => {
                    self.begin(now, &udn, means.cache.spots(&udn).collect(), true, means);
                }
                Stage::Rest | Stage::Turn => {}
            }
        }
    }

    /// When the next one goes on.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.due.first().map(|(due, _)| *due)
    }

    /// How many devices anything is remembered of.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.of.len().max(self.due.len()).max(self.queue.len())
    }

    /// Asks a device at those places, or notes to ask it everywhere when fewer are asked.
    fn begin(
        &mut self,
        now: Duration,
        udn: &Udn,
        at: BTreeSet<Spot>,
        spare: bool,
        means: &mut Means<'_>,
    ) {
        if at.is_empty() {
            return;
        }
        if self.running < CHECKS_RUNNING_MAX {
            means.ask(udn, &at, |place| place.search_port);
            self.running += 1;
            let due = now + CHECK_REPEAT;
            self.wait(udn.clone(), Check { stage: Stage::Repeat(at), again: false, spare, due });
        } else if self.of.len() < CHECKS_MAX {
            let check = Check { stage: Stage::Turn, again: false, spare, due: now };
            self.of.insert(udn.clone(), check);
            self.queue.push_back(udn.clone());
        }
    }

    /// Begins those in the queue for which there is room; who is no longer known needs none.
    fn take_turns(&mut self, now: Duration, means: &mut Means<'_>) {
        while self.running < CHECKS_RUNNING_MAX
            && let Some(udn) = self.queue.pop_front()
        {
            self.of.remove(&udn);
            self.begin(now, &udn, means.cache.spots(&udn).collect(), false, means);
        }
    }

    fn wait(&mut self, udn: Udn, check: Check) {
        self.due.insert((check.due, udn.clone()));
        self.of.insert(udn, check);
    }

    fn forget(&mut self, udn: &Udn) {
        if let Some(check) = self.of.remove(udn) {
            self.due.remove(&(check.due, udn.clone()));
        }
    }
}

impl Means<'_> {
    /// Sends a unicast search to those of the places that are still known.
    pub(super) fn ask(&mut self, udn: &Udn, at: &BTreeSet<Spot>, port: impl Fn(&Place) -> u16) {
        let asked = |place: &&Place| at.iter().any(|spot| spot.is_of(place));
        for place in self.cache.places(udn).iter().filter(asked) {
            let to = scoped(place.source, port(place), place.interface);
            let bytes = self.voice.search(to, &Target::Device(udn.clone()), None);
            let interface = place.interface;
            self.sends.push_back(Datagram { interface, to, from: Port::Own, bytes });
        }
    }
}

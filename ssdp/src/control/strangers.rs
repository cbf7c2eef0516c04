//! Devices that were heard, but not what they are: of a set of announcements the one that says it
//! may be lost. They are asked, so that nobody is missed until the set is said again.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::engine::{Arrival, Datagram, Port, Wanted};
use crate::interface::{Interface, SSDP_PORT, scoped};
use crate::limits::{
    STRANGER_ASKS, STRANGER_GAP, STRANGER_QUIET, STRANGER_REPEAT, STRANGER_REST, STRANGERS_MAX,
};
use crate::message::Advert;
use crate::rng::Rng;
use crate::target::{Target, Udn};

use super::Voice;
use super::device::Spot;

/// Those of whom we do not know whether they are wanted.
#[derive(Debug)]
pub(super) struct Strangers {
    wanted: Vec<Target>,
    of: BTreeMap<Udn, Stranger>,
    /// When the next may be asked.
    free_at: Duration,
    random: Rng,
}

#[derive(Debug)]
struct Stranger {
    spot: Spot,
    search_port: u16,
    /// How often it is still asked; after the last time it is only remembered.
    asks: u32,
    due: Duration,
}

impl Strangers {
    pub(super) fn new(wanted: &Wanted, seed: u64) -> Self {
        let wanted = match wanted {
            Wanted::Types(types) => types.clone(),
            // Whoever says anything is known, or nobody is.
            Wanted::Nothing | Wanted::Everything => Vec::new(),
        };
        Self { wanted, of: BTreeMap::new(), free_at: Duration::ZERO, random: Rng::new(seed) }
    }

    /// Somebody who is not known announces something that is not wanted.
    pub(super) fn heard(&mut self, now: Duration, arrival: Arrival, advert: &Advert) {
        let is_wanted = self.wanted.iter().any(|wanted| advert.target.serves(wanted));
        if self.wanted.is_empty() || is_wanted || !self.has_room(&advert.usn.udn) {
            return;
        }
        // Who says to be another type of device is most likely that and nothing else.
        let is_other = matches!(advert.target, Target::DeviceType(_));
        let wait = if is_other { STRANGER_REST } else { self.random.within(STRANGER_QUIET) };
        let stranger = Stranger {
            spot: Spot::of(arrival),
            search_port: advert.search_port.unwrap_or(SSDP_PORT),
            asks: if is_other { 0 } else { STRANGER_ASKS },
            due: now + wait,
        };
        let udn = advert.usn.udn.clone();
        if is_other {
            self.of.insert(udn, stranger);
        } else {
            self.of.entry(udn).or_insert(stranger);
        }
    }

    /// That one is known now.
    pub(super) fn known(&mut self, udn: &Udn) {
        self.of.remove(udn);
    }

    /// Asks none of those heard so far.
    pub(super) fn forget(&mut self) {
        self.of.clear();
    }

    /// Forgets those that are not on the networks of these interfaces.
    pub(super) fn keep_networks(&mut self, interfaces: &[Interface]) {
        self.of.retain(|_, stranger| stranger.spot.is_near(interfaces));
    }

    /// Asks those whose time has come whether they are what is wanted, one after the other.
    pub(super) fn step(&mut self, now: Duration, voice: &Voice, sends: &mut VecDeque<Datagram>) {
        while let Some((udn, stranger)) =
            self.of.iter_mut().min_by_key(|(_, stranger)| stranger.due)
            && stranger.due.max(self.free_at) <= now
        {
            if stranger.asks == 0 {
                let udn = udn.clone();
                self.of.remove(&udn);
                continue;
            }
            stranger.asks -= 1;
            stranger.due = now + if stranger.asks == 0 { STRANGER_REST } else { STRANGER_REPEAT };
            self.free_at = now + self.random.within(STRANGER_GAP);
            let Spot { interface, source } = stranger.spot;
            let to = scoped(source, stranger.search_port, interface);
            for wanted in &self.wanted {
                let bytes = voice.search(to, wanted, None);
                sends.push_back(Datagram { interface, to, from: Port::Own, bytes });
            }
        }
    }

    /// When the next one is asked, or forgotten.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let due = self.of.values().map(|stranger| stranger.due).min();
        due.map(|due| due.max(self.free_at))
    }

    fn has_room(&self, udn: &Udn) -> bool {
        self.of.len() < STRANGERS_MAX || self.of.contains_key(udn)
    }
}

//! One device as it is remembered: what it said, where it was heard, and how long that holds.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::engine::{Arrival, Entry, Place};
use crate::interface::{Interface, SSDP_PORT};
use crate::limits::{MAX_AGE, MAX_AGE_HEARD, PLACES_MAX, TARGETS_MAX};
use crate::message::{Advert, Message};
use crate::target::{Target, Udn};

/// What tells one place of a device from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    /// Index of our interface.
    pub(super) interface: u32,
    /// The device's address there.
    pub(super) source: IpAddr,
}

/// A device with at least one place, once it has been heard.
#[derive(Debug)]
pub(super) struct Device {
    /// What is shown of it.
    pub(super) entry: Entry,
    /// Whether it has proved to be there.
    pub(super) verified: bool,
    /// One for each place of the entry.
    times: BTreeMap<Spot, Times>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// When it was heard last there.
    pub(super) heard: Duration,
    /// When that ceases to hold.
    pub(super) until: Duration,
}

impl Spot {
    pub(super) fn of(arrival: Arrival) -> Self {
        Self { interface: arrival.interface, source: arrival.source.ip() }
    }

    pub(super) fn of_place(place: &Place) -> Self {
        Self { interface: place.interface, source: place.source }
    }

    pub(super) fn is_of(self, place: &Place) -> bool {
        self == Self::of_place(place)
    }

    /// Whether it is in a network of these interfaces: what it is not must not be sent to.
    pub(super) fn is_near(self, interfaces: &[Interface]) -> bool {
        let mut here = interfaces.iter().filter(|one| one.index == self.interface);
        here.any(|one| one.is_on_link(self.source))
    }
}

impl Device {
    pub(super) fn new(udn: Udn) -> Self {
        let entry =
            Entry { udn, targets: Vec::new(), places: Vec::new(), server: None, extra: Vec::new() };
        Self { entry, verified: false, times: BTreeMap::new() }
    }

    pub(super) fn times(&self) -> impl Iterator<Item = (Spot, Times)> {
        self.times.iter().map(|(spot, times)| (*spot, *times))
    }

    /// When it was heard last, anywhere.
    pub(super) fn heard(&self) -> Option<Duration> {
        self.times.values().map(|times| times.heard).max()
    }

    /// Places known with another boot number than is said now: what was there may have left.
    pub(super) fn places_before(&self, boot_id: Option<u32>) -> Vec<Spot> {
        let differs =
            |place: &&Place| place.boot_id.zip(boot_id).is_some_and(|(known, said)| known != said);
        self.entry.places.iter().filter(differs).map(Spot::of_place).collect()
    }

    /// Takes over what it says now, there.
    pub(super) fn hear(
        &mut self,
        now: Duration,
        spot: Spot,
        message: &Message,
        advert: &Advert,
        echo: Option<&str>,
    ) {
        let is_echo = |name: &str| echo.is_some_and(|echo| echo.eq_ignore_ascii_case(name));
        let mut place = self.place_for(spot);
        place.search_port = advert.search_port.unwrap_or(place.search_port);
        place.location = advert.location.clone().or(place.location);
        place.boot_id = advert.boot_id.or(place.boot_id);
        if matches!(message, Message::Answer(_))
            && let Some((_, value)) = advert.extra.iter().find(|(name, _)| is_echo(name))
        {
            place.hears_us = Some(value == "1");
        }
        self.entry.places.insert(0, place);
        if matches!(message, Message::Update(_)) {
            self.reboot(advert);
        }
        for target in [Some(&advert.target), advert.usn.target.as_ref()].into_iter().flatten() {
            self.say(target);
        }
        self.entry.server = advert.server.clone().or(self.entry.server.take());
        self.entry.extra =
            advert.extra.iter().filter(|(name, _)| !is_echo(name)).cloned().collect();

        let holds = advert.max_age.map_or(MAX_AGE, |seconds| Duration::from_secs(seconds.into()));
        let until = now + holds.clamp(MAX_AGE_HEARD.0, MAX_AGE_HEARD.1);
        self.times.insert(spot, Times { heard: now, until });
    }

    /// Forgets the places for which that holds.
    pub(super) fn drop_places(&mut self, gone: impl Fn(Spot) -> bool) {
        self.times.retain(|spot, _| !gone(*spot));
        let times = &self.times;
        self.entry.places.retain(|place| times.keys().any(|spot| spot.is_of(place)));
    }

    /// The place as known, taken out, or a new one, for which the place unheard for the longest
    /// time is dropped where there are too many.
    fn place_for(&mut self, spot: Spot) -> Place {
        if let Some(at) = self.entry.places.iter().position(|place| spot.is_of(place)) {
            return self.entry.places.remove(at);
        }
        if self.entry.places.len() >= PLACES_MAX
            && let Some(last) = self.entry.places.pop()
        {
            self.times.retain(|spot, _| !spot.is_of(&last));
        }
        Place {
            interface: spot.interface,
            source: spot.source,
            search_port: SSDP_PORT,
            location: None,
            boot_id: None,
            hears_us: None,
        }
    }

    /// An update tells the next boot number, so that nobody takes it for another start.
    fn reboot(&mut self, advert: &Advert) {
        for place in &mut self.entry.places {
            if place.boot_id == advert.boot_id {
                place.boot_id = advert.next_boot_id.or(place.boot_id);
            }
        }
    }

    /// Notes what it says to be. Of one type the highest version is enough, as it is announced
    /// (UDA 1.2.2); an answer names the version that was asked for.
    fn say(&mut self, target: &Target) {
        let is_itself = matches!(target, Target::All | Target::Device(_));
        if is_itself || self.entry.targets.iter().any(|known| known.serves(target)) {
            return;
        }
        self.entry.targets.retain(|known| !target.serves(known));
        if self.entry.targets.len() < TARGETS_MAX {
            self.entry.targets.push(target.clone());
        }
    }
}

//! One device as it is remembered: what it said, where it was heard, and how long that holds.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::engine::{Arrival, Entry, Place, Way};
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
    said: BTreeMap<Spot, Said>,
}

/// What was said at one place. Multicasts can be forged with any source; so where a place has
/// answered a search, those that have not neither displace it nor speak for the device.
#[derive(Debug)]
struct Said {
    times: Times,
    /// Whether it has answered a search of ours.
    has_answered: bool,
    server: Option<String>,
    extra: Vec<(String, String)>,
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
        Self { entry, verified: false, said: BTreeMap::new() }
    }

    pub(super) fn times(&self) -> impl Iterator<Item = (Spot, Times)> {
        self.said.iter().map(|(spot, said)| (*spot, said.times))
    }

    /// When it was heard last, anywhere.
    pub(super) fn heard(&self) -> Option<Duration> {
        self.said.values().map(|said| said.times.heard).max()
    }

    /// Places known with another boot number than is said now: what was there may have left.
    pub(super) fn places_before(&self, boot_id: Option<u32>) -> Vec<Spot> {
        let differs =
            |place: &&Place| place.boot_id.zip(boot_id).is_some_and(|(known, said)| known != said);
        self.entry.places.iter().filter(differs).map(Spot::of_place).collect()
    }

    /// Takes over what it says now, there. `false` where there is no room for that place.
    pub(super) fn hear(
        &mut self,
        now: Duration,
        arrival: Arrival,
        message: &Message,
        advert: &Advert,
        echo: Option<&str>,
    ) -> bool {
        let is_echo = |name: &str| echo.is_some_and(|echo| echo.eq_ignore_ascii_case(name));
        let answers = matches!((message, arrival.by), (Message::Answer(_), Way::Unicast(_)));
        let spot = Spot::of(arrival);
        let Some(mut place) = self.place_for(spot, answers) else { return false };
        place.search_port = advert.search_port.unwrap_or(place.search_port);
        place.location = advert.location.clone().or(place.location);
        place.boot_id = advert.boot_id.or(place.boot_id);
        if answers && let Some((_, value)) = advert.extra.iter().find(|(name, _)| is_echo(name)) {
            place.hears_us = Some(value == "1");
        }
        self.entry.places.insert(0, place);
        if matches!(message, Message::Update(_)) {
            self.reboot(advert);
        }

        let old = self.said.remove(&spot);
        let has_answered = answers || old.as_ref().is_some_and(|old| old.has_answered);
        let server = advert.server.clone().or(old.and_then(|old| old.server));
        let extra = advert.extra.iter().filter(|(name, _)| !is_echo(name)).cloned().collect();
        let holds = advert.max_age.map_or(MAX_AGE, |seconds| Duration::from_secs(seconds.into()));
        let until = now + holds.clamp(MAX_AGE_HEARD.0, MAX_AGE_HEARD.1);
        let times = Times { heard: now, until };
        self.said.insert(spot, Said { times, has_answered, server, extra });
        if self.is_believed(spot.source) {
            for target in [Some(&advert.target), advert.usn.target.as_ref()].into_iter().flatten() {
                self.say(target);
            }
        }
        self.believe();
        true
    }

    /// Forgets the places for which that holds.
    pub(super) fn drop_places(&mut self, gone: impl Fn(Spot) -> bool) {
        self.said.retain(|spot, _| !gone(*spot));
        self.entry.places.retain(|place| !gone(Spot::of_place(place)));
        self.believe();
    }

    /// The place as known, taken out, or a new one, for which the place unheard for the longest
    /// time is dropped where there are too many: only who answers displaces one that has answered.
    fn place_for(&mut self, spot: Spot, answers: bool) -> Option<Place> {
        let places = &mut self.entry.places;
        if let Some(at) = places.iter().position(|place| spot.is_of(place)) {
            return Some(places.remove(at));
        }
        if places.len() >= PLACES_MAX {
            let said = |place: &Place| self.said.get(&Spot::of_place(place));
            let is_silent = |place: &Place| said(place).is_none_or(|said| !said.has_answered);
            let last = places.len().checked_sub(1).filter(|_| answers);
            let dropped = places.remove(places.iter().rposition(is_silent).or(last)?);
            self.said.remove(&Spot::of_place(&dropped));
        }
        Some(Place {
            interface: spot.interface,
            source: spot.source,
            search_port: SSDP_PORT,
            location: None,
            boot_id: None,
            hears_us: None,
        })
    }

    /// Whether what is said there counts: everywhere until it has answered somewhere.
    fn is_believed(&self, source: IpAddr) -> bool {
        let mut answered = self.said.iter().filter(|(_, said)| said.has_answered).peekable();
        answered.peek().is_none() || answered.any(|(spot, _)| spot.source == source)
    }

    /// Makes what was said last, where it counts, that of the device.
    fn believe(&mut self) {
        let mut spots: Vec<Spot> = self.entry.places.iter().map(Spot::of_place).collect();
        spots.retain(|spot| self.is_believed(spot.source));
        let said = || spots.iter().filter_map(|spot| self.said.get(spot));
        // An update says no SERVER (UDA 1.2.4).
        let server = said().find_map(|said| said.server.clone());
        let extra = said().next().map(|said| said.extra.clone());
        self.entry.server = server;
        self.entry.extra = extra.unwrap_or_default();
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
    /// (UDA 1.2.2); an answer names the version that was asked for. A device is of one type, so the
    /// last word counts: a forged one holds until the device says it again, and not for ever.
    fn say(&mut self, target: &Target) {
        let is_itself = matches!(target, Target::All | Target::Device(_));
        let targets = &mut self.entry.targets;
        if is_itself || targets.iter().any(|known| known.serves(target)) {
            return;
        }
        let is_type = |target: &Target| matches!(target, Target::DeviceType(_));
        let is_replaced =
            |known: &Target| target.serves(known) || (is_type(target) && is_type(known));
        targets.retain(|known| !is_replaced(known));
        if is_type(target) {
            // However many services were forged.
            targets.truncate(TARGETS_MAX - 1);
            targets.insert(0, target.clone());
        } else if targets.len() < TARGETS_MAX {
            targets.push(target.clone());
        }
    }
}

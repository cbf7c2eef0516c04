//! The devices that were heard of, within limits, and what has been told of them.
//!
//! Each datagram costs a few steps in ordered sets, however many devices there are: floods are
//! what the limits are for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::engine::{Arrival, Entry, Event, Place, Wanted};
use crate::interface::Interface;
use crate::limits::{DEVICES_MAX, DEVICES_PER_SOURCE_MAX};
use crate::message::{Advert, Message};
use crate::target::Udn;

use super::device::{Device, Spot};

/// All devices remembered.
#[derive(Debug)]
pub(super) struct Cache {
    wanted: Wanted,
    echo: Option<String>,
    devices: BTreeMap<Udn, Device>,
    index: Index,
    news: News,
}

/// The devices in the orders in which they are looked for.
#[derive(Debug, Default)]
struct Index {
    /// Unverified devices by when they were heard last.
    ages: BTreeSet<(Duration, Udn)>,
    /// The same of each source.
    sources: BTreeMap<Spot, BTreeSet<(Duration, Udn)>>,
    /// When which place expires.
    expiries: BTreeSet<(Duration, Udn, Spot)>,
}

/// What has been told, and of whom there may be something to tell. Events are made when somebody
/// takes them, so that what waits is never more than the devices themselves.
#[derive(Debug, Default)]
struct News {
    told: BTreeMap<Udn, Entry>,
    /// Devices that have been heard since.
    heard: BTreeSet<Udn>,
    /// Devices told of that are no more.
    gone: BTreeSet<Udn>,
}

impl Cache {
    pub(super) fn new(wanted: Wanted, echo: Option<String>) -> Self {
        let (index, news) = (Index::default(), News::default());
        Self { wanted, echo, devices: BTreeMap::new(), index, news }
    }

    /// Somebody says to be there. Returns the places known with another boot number, or `None`
    /// where the device is not kept.
    pub(super) fn hear(
        &mut self,
        now: Duration,
        arrival: Arrival,
        message: &Message,
        advert: &Advert,
    ) -> Option<Vec<Spot>> {
        let mut device = match self.take(&advert.usn.udn) {
            Some(device) => device,
            None if self.wants(message, advert) && self.make_room() => {
                Device::new(advert.usn.udn.clone())
            }
            None => return None,
        };
        let before = device.places_before(advert.boot_id);
        let is_kept = device.hear(now, arrival, message, advert, self.echo.as_deref());
        if is_kept && !device.verified {
            self.make_room_at(Spot::of(arrival));
        }
        self.put(device);
        Some(before)
    }

    /// Keeps a device when the list is full.
    pub(super) fn verify(&mut self, udn: &Udn) {
        if let Some(mut device) = self.take(udn) {
            device.verified = true;
            self.put(device);
        }
    }

    /// Forgets the places of a device for which that holds, and the device with its last place.
    pub(super) fn drop_places(&mut self, udn: &Udn, gone: impl Fn(Spot) -> bool) {
        if let Some(mut device) = self.take(udn) {
            device.drop_places(gone);
            self.put(device);
        }
    }

    /// Forgets all places that are not on the networks of these interfaces.
    pub(super) fn keep_networks(&mut self, interfaces: &[Interface]) {
        let udns: Vec<Udn> = self.devices.keys().cloned().collect();
        for udn in udns {
            self.drop_places(&udn, |spot| !spot.is_near(interfaces));
        }
    }

    /// Forgets the places that have not been heard for as long as they said to hold.
    pub(super) fn expire(&mut self, now: Duration) {
        while let Some((until, udn, spot)) = self.index.expiries.first().cloned()
            && until <= now
        {
            self.drop_places(&udn, |one| one == spot);
        }
    }

    /// When the next place expires.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.index.expiries.first().map(|(until, ..)| *until)
    }

    /// The next event.
    pub(super) fn event(&mut self) -> Option<Event> {
        self.news.next(&self.devices)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.devices.values().map(|device| &device.entry)
    }

    pub(super) fn len(&self) -> usize {
        self.devices.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.devices.len() >= DEVICES_MAX
    }

    /// Where a device was heard; nowhere if it is not known.
    pub(super) fn places(&self, udn: &Udn) -> &[Place] {
        self.devices.get(udn).map_or(&[], |device| &device.entry.places)
    }

    /// The same, as places are told apart.
    pub(super) fn spots(&self, udn: &Udn) -> impl Iterator<Item = Spot> {
        self.places(udn).iter().map(Spot::of_place)
    }

    /// Whether this message makes a device known that was not.
    fn wants(&self, message: &Message, advert: &Advert) -> bool {
        let introduces = matches!(message, Message::Alive(_) | Message::Answer(_));
        let mut said = [Some(&advert.target), advert.usn.target.as_ref()].into_iter().flatten();
        introduces
            && match &self.wanted {
                Wanted::Nothing => false,
                Wanted::Types(types) => {
                    said.any(|said| types.iter().any(|asked| said.serves(asked)))
                }
                Wanted::Everything => true,
            }
    }

    /// Whether there is room for one more device, now that the unverified one unheard for the
    /// longest time is dropped if need be.
    fn make_room(&mut self) -> bool {
        if !self.is_full() {
            return true;
        }
        let Some((_, oldest)) = self.index.ages.first().cloned() else { return false };
        self.drop_places(&oldest, |_| true);
        true
    }

    /// Drops what has not been heard from a source for the longest time, if it says to be too many
    /// devices: only there, since they may also be somewhere else and real.
    fn make_room_at(&mut self, spot: Spot) {
        let full = self.index.sources.get(&spot).filter(|all| all.len() >= DEVICES_PER_SOURCE_MAX);
        if let Some((_, udn)) = full.and_then(BTreeSet::first).cloned() {
            self.drop_places(&udn, |one| one == spot);
        }
    }

    /// Takes a device out of everything, so that it can be changed.
    fn take(&mut self, udn: &Udn) -> Option<Device> {
        let device = self.devices.remove(udn)?;
        self.index.remove(&device);
        Some(device)
    }

    /// Puts it back if it still has a place.
    fn put(&mut self, device: Device) {
        let udn = device.entry.udn.clone();
        if device.entry.places.is_empty() {
            self.news.gone(udn);
            return;
        }
        self.index.add(&device);
        self.news.heard(&udn);
        self.devices.insert(udn, device);
    }
}

impl Index {
    fn add(&mut self, device: &Device) {
        let udn = &device.entry.udn;
        for (spot, times) in device.times() {
            self.expiries.insert((times.until, udn.clone(), spot));
            if !device.verified {
                self.sources.entry(spot).or_default().insert((times.heard, udn.clone()));
            }
        }
        if let Some(heard) = device.heard().filter(|_| !device.verified) {
            self.ages.insert((heard, udn.clone()));
        }
    }

    fn remove(&mut self, device: &Device) {
        let udn = &device.entry.udn;
        for (spot, times) in device.times() {
            self.expiries.remove(&(times.until, udn.clone(), spot));
            if let Some(source) = self.sources.get_mut(&spot) {
                source.remove(&(times.heard, udn.clone()));
                if source.is_empty() {
                    self.sources.remove(&spot);
                }
            }
        }
        if let Some(heard) = device.heard() {
            self.ages.remove(&(heard, udn.clone()));
        }
    }
}

impl News {
    fn heard(&mut self, udn: &Udn) {
        self.gone.remove(udn);
        self.heard.insert(udn.clone());
    }

    fn gone(&mut self, udn: Udn) {
        self.heard.remove(&udn);
        if self.told.contains_key(&udn) {
            self.gone.insert(udn);
        }
    }

    /// Who is gone comes first, so that no more is told of than there are devices.
    fn next(&mut self, devices: &BTreeMap<Udn, Device>) -> Option<Event> {
        if let Some(udn) = self.gone.pop_first() {
            self.told.remove(&udn);
            return Some(Event::Gone(udn));
        }
        while let Some(udn) = self.heard.pop_first() {
            let Some(Device { entry, .. }) = devices.get(&udn) else { continue };
            let event = match self.told.get(&udn) {
                None => Event::Found,
                Some(told) if says_the_same(told, entry) => continue,
                Some(_) => Event::Changed,
            };
            self.told.insert(udn, entry.clone());
            return Some(event(entry.clone()));
        }
        None
    }
}

/// Whether two entries differ at most in which place was heard last.
fn says_the_same(told: &Entry, now: &Entry) -> bool {
    told.targets == now.targets
        && told.server == now.server
        && told.extra == now.extra
        && told.places.len() == now.places.len()
        && told.places.iter().all(|place| now.places.contains(place))
}

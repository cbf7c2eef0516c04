//! Everything on this network that speaks SSDP, whoever made it, with the names in their
//! descriptions. All that is here is safe to show, and nothing of it is proved.

use std::collections::BTreeMap;
use std::sync::Arc;

use hallway::event::{DeviceEvent, Event, NeighbourEvent};
use hallway::seeds::Seeds;
use hallway::text::shown;
use hallway::time::{Millis, Now};
use ssdp::engine::{Config, Entry, Event as Heard, Place, Wanted};
use ssdp::interface::Interface;
use ssdp::location::Location;
use ssdp::shell::fetch::{Fetched, Fetcher, Wish};
use ssdp::shell::service::{Options, Service};
use ssdp::shell::status::Status;
use ssdp::target::{Target, Udn};

use super::service::{StartError, interfaces};
use crate::hints;
use crate::limits::DEVICES_EVERY;

/// A search for devices, running.
pub struct Devices {
    service: Service,
    fetcher: Fetcher,
    known: BTreeMap<Udn, Known>,
}

/// What is known of a device.
struct Known {
    event: DeviceEvent,
    /// What its description says to be; it may have announced no more than to be a root device.
    kind: Option<String>,
    stage: Stage,
    /// The event that was told last.
    told: Option<DeviceEvent>,
}

/// What a device waits for.
#[derive(Clone, PartialEq, Eq)]
enum Stage {
    /// To have its description fetched from there.
    Turn(Location),
    /// For its description from there.
    Description(Location),
    /// Nothing: the description has been read, or there is none that may be.
    Nothing,
}

impl Devices {
    /// Searches for `target` on the interfaces with these names; where there is none, on those that
    /// are fit. `wake` is called on other threads when [`Devices::turn`] has something to do.
    ///
    /// # Errors
    /// When there is no thread, or no descriptor.
    pub fn start(
        target: Target,
        only: Vec<String>,
        now: Now,
        seeds: &mut Seeds,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        let wake = Arc::new(wake);
        let config = Config { wanted: Wanted::Types(vec![target]), ..hints::config(now) };
        let wakes = Arc::clone(&wake);
        let fetcher = Fetcher::start(move || wakes()).map_err(StartError::Service)?;
        let options = Options { only, address: None };
        let service = Service::start(config, seeds.below(u64::MAX), options, move || wake())
            .map_err(StartError::Service)?;
        Ok(Self { service, fetcher, known: BTreeMap::new() })
    }

    /// Does what there is to do, and gives what has changed: [`Event::Device`] and [`Event::Gone`].
    pub fn turn(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        let ours = interfaces(&self.service.status());
        while let Some(event) = self.service.try_event() {
            match event {
                Heard::Found(entry) | Heard::Changed(entry) => self.heard(&entry, &ours),
                Heard::Gone(udn) => events.extend(self.gone(&udn)),
            }
        }
        while let Some(fetched) = self.fetcher.next() {
            self.fetched(fetched);
        }
        for (udn, known) in &mut self.known {
            if let Stage::Turn(location) = &known.stage {
                let location = location.clone();
                let wish = Wish { udn: udn.clone(), location: location.clone() };
                if self.fetcher.ask(wish) {
                    known.stage = Stage::Description(location);
                }
            }
        }
        let settled = self.known.values_mut().filter(|known| known.stage == Stage::Nothing);
        events.extend(settled.filter_map(Known::tell));
        events
    }

    /// Those whose descriptions have not come yet: for the end.
    pub fn rest(&mut self) -> Vec<Event> {
        self.known.values_mut().filter_map(Known::tell).collect()
    }

    /// When to call [`Devices::turn`] at the latest.
    pub fn deadline(&self, now: Millis) -> Option<Millis> {
        let waits = self.known.values().any(|known| matches!(known.stage, Stage::Turn(_)));
        waits.then_some(now + DEVICES_EVERY)
    }

    /// How it goes: interfaces, why each is used or not, counts.
    pub fn status(&self) -> Status {
        self.service.status()
    }

    fn heard(&mut self, entry: &Entry, ours: &[Interface]) {
        let Some((place, interface, location)) = best(&entry.places, ours) else { return };
        let mut targets: Vec<&Target> = entry.targets.iter().collect();
        targets.sort_by_key(|target| rank(target));
        let mut event = DeviceEvent {
            id: shown(entry.udn.bare()),
            types: targets.into_iter().map(|target| shown(&target.to_string())).collect(),
            location: place.location.as_deref().map(shown),
            server: entry.server.as_deref().map(shown),
            name: None,
            address: place.source,
            interface: shown(&interface.name),
        };
        let mut stage = location.map_or(Stage::Nothing, Stage::Turn);
        let (mut told, mut kind) = (None, None);
        if let Some(old) = self.known.remove(&entry.udn) {
            told = old.told;
            if old.event.location == event.location {
                (event.name, kind, stage) = (old.event.name, old.kind, old.stage);
            }
        }
        let mut known = Known { event, kind, stage, told };
        known.put_kind_first();
        self.known.insert(entry.udn.clone(), known);
    }

    fn fetched(&mut self, fetched: Fetched) {
        let Fetched { wish, outcome } = fetched;
        let Some(known) = self.known.get_mut(&wish.udn) else { return };
        if known.stage != Stage::Description(wish.location) {
            return;
        }
        known.stage = Stage::Nothing;
        // A device inside another has that one's description, and name.
        if let Ok(description) = outcome
            && description.udn == Some(wish.udn)
        {
            known.event.name = description.friendly_name.as_deref().map(shown);
            known.kind = description.kind.as_deref().map(shown);
            known.put_kind_first();
        }
    }

    fn gone(&mut self, udn: &Udn) -> Option<Event> {
        let told = self.known.remove(udn)?.told?;
        let name = told.name.unwrap_or_default();
        Some(Event::Gone(NeighbourEvent {
            id: told.id,
            name,
            kind: "device",
            ..NeighbourEvent::default()
        }))
    }
}

impl Known {
    fn put_kind_first(&mut self) {
        if let Some(kind) = &self.kind {
            self.event.types.retain(|known| known != kind);
            self.event.types.insert(0, kind.clone());
        }
    }

    /// The event, if it was not told like this.
    fn tell(&mut self) -> Option<Event> {
        if self.told.as_ref() == Some(&self.event) {
            return None;
        }
        self.told = Some(self.event.clone());
        Some(Event::Device(self.event.clone()))
    }
}

/// The place that a device is shown with, and where its description may be fetched from: one that
/// can be fetched, IPv4 before IPv6; always the same as long as it is heard there.
fn best<'a>(
    places: &'a [Place],
    ours: &'a [Interface],
) -> Option<(&'a Place, &'a Interface, Option<Location>)> {
    let with_location = |place: &'a Place| {
        let interface = ours.iter().find(|ours| ours.index == place.interface)?;
        let text = place.location.as_deref().unwrap_or_default();
        let location = Location::check(text, place.source, place.interface, ours).ok();
        Some((place, interface, location))
    };
    let key = |place: &Place| (place.source.is_ipv6(), place.interface, place.source);
    places
        .iter()
        .filter_map(with_location)
        .min_by_key(|(place, _, location)| (location.is_none(), key(place)))
}

/// What says most of a device comes first.
fn rank(target: &Target) -> u8 {
    match target {
        Target::DeviceType(_) => 0,
        Target::ServiceType(_) => 1,
        Target::Other(_) => 2,
        Target::RootDevice => 3,
        Target::Device(_) | Target::All => 4,
    }
}

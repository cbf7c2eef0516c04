//! Devices that are not Hallway's, for those who ask what else is on the network: televisions,
//! printers, routers. Pure; a device is told of once its description has been fetched for its name,
//! or cannot be.

use std::collections::{BTreeMap, VecDeque};

use hallway::event::{Event as JsonEvent, NeighbourEvent};
use hallway::text::shown;
use ssdp::description::Foreign;
use ssdp::engine::{Entry, Event};
use ssdp::interface::Interface;
use ssdp::location::Location;
use ssdp::target::Udn;

/// A device, as it says of itself; all texts are safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its name for programs.
    pub udn: Udn,
    /// What people call it, if its description could be had.
    pub name: Option<String>,
    /// What it announces.
    pub types: Vec<String>,
    /// Where it says its description is.
    pub location: Option<String>,
    /// Our interface that it was heard through.
    pub interface: String,
}

/// What changed in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceChange {
    /// It is there.
    Found(Device),
    /// It says something else.
    Changed(Device),
    /// It is gone; as it was last.
    Gone(Device),
}

/// What the list wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Tell this.
    Change(DeviceChange),
    /// Fetch the description of this device there, and say what came of it.
    Fetch(Udn, Location),
}

/// All devices; as many as `ssdp` remembers.
#[derive(Debug, Default)]
pub struct Devices {
    interfaces: Vec<Interface>,
    known: BTreeMap<Udn, Known>,
    outputs: VecDeque<Output>,
}

#[derive(Debug)]
struct Known {
    device: Device,
    /// Its description is on its way; until then it is not told of.
    is_awaited: bool,
}

impl Devices {
    /// Our interfaces, now that something about them has changed.
    pub fn interfaces(&mut self, interfaces: Vec<Interface>) {
        self.interfaces = interfaces;
    }

    /// Something was heard.
    pub fn heard(&mut self, event: Event) {
        match event {
            Event::Found(entry) | Event::Changed(entry) => self.said(&entry),
            Event::Gone(udn) => {
                if let Some(Known { device, is_awaited: false }) = self.known.remove(&udn) {
                    self.outputs.push_back(Output::Change(DeviceChange::Gone(device)));
                }
            }
        }
    }

    /// What came of [`Output::Fetch`]; `None` when there is no description to be had.
    pub fn fetched(&mut self, udn: &Udn, description: Option<&Foreign>) {
        let Some(known) = self.known.get_mut(udn) else { return };
        let name = description.and_then(|foreign| foreign.friendly_name.as_deref());
        known.device.name = name.map(shown);
        if std::mem::take(&mut known.is_awaited) {
            let found = DeviceChange::Found(known.device.clone());
            self.outputs.push_back(Output::Change(found));
        }
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn said(&mut self, entry: &Entry) {
        let device = self.read(entry);
        if let Some(known) = self.known.get_mut(&entry.udn) {
            let name = known.device.name.take();
            let now = Device { name, ..device };
            let is_news = known.device != Device { name: None, ..now.clone() };
            known.device = now;
            if is_news && !known.is_awaited {
                let changed = DeviceChange::Changed(known.device.clone());
                self.outputs.push_back(Output::Change(changed));
            }
            return;
        }
        let check = |place: &ssdp::engine::Place| {
            let text = place.location.as_deref()?;
            Location::check(text, place.source, place.interface, &self.interfaces).ok()
        };
        let location = entry.places.iter().find_map(check);
        self.known.insert(entry.udn.clone(), Known { device, is_awaited: true });
        match location {
            Some(location) => self.outputs.push_back(Output::Fetch(entry.udn.clone(), location)),
            // Nothing there that may be fetched.
            None => self.fetched(&entry.udn, None),
        }
    }

    fn read(&self, entry: &Entry) -> Device {
        let place = entry.places.first();
        let ours = place
            .and_then(|place| self.interfaces.iter().find(|ours| ours.index == place.interface));
        Device {
            udn: entry.udn.clone(),
            name: None,
            types: entry.targets.iter().map(|target| shown(&target.to_string())).collect(),
            location: place.and_then(|place| place.location.as_deref()).map(shown),
            interface: ours.map_or_else(String::new, |ours| shown(&ours.name)),
        }
    }
}

impl DeviceChange {
    /// For scripts.
    pub fn event(&self) -> JsonEvent {
        let named = |device: &Device| NeighbourEvent {
            id: device.udn.bare().to_owned(),
            name: device.name.clone().unwrap_or_default(),
            kind: "device",
            ..NeighbourEvent::default()
        };
        match self {
            Self::Found(device) | Self::Changed(device) => JsonEvent::Found(NeighbourEvent {
                interface: Some(device.interface.clone()),
                types: device.types.clone(),
                location: device.location.clone(),
                ..named(device)
            }),
            Self::Gone(device) => JsonEvent::Gone(named(device)),
        }
    }
}

#[cfg(test)]
mod tests {
    use ssdp::engine::Place;
    use ssdp::interface::Address;
    use ssdp::target::Target;

    use super::*;

    fn entry(location: Option<&str>, types: &[&str]) -> Entry {
        let place = Place {
            interface: 2,
            source: "10.0.0.9".parse().unwrap(),
            search_port: 1900,
            location: location.map(str::to_owned),
            boot_id: None,
            hears_us: None,
        };
        Entry {
            udn: Udn::parse("television").unwrap(),
            targets: types.iter().map(|text| Target::parse(text).unwrap()).collect(),
            places: vec![place],
            server: None,
            extra: Vec::new(),
        }
    }

    fn devices() -> Devices {
        let mut devices = Devices::default();
        let address = Address { ip: "10.0.0.1".parse().unwrap(), prefix: 24 };
        devices.interfaces(vec![Interface {
            index: 2,
            name: "eth0".into(),
            addresses: vec![address],
            own_port: 50_000,
        }]);
        devices
    }

    fn outputs(devices: &mut Devices) -> Vec<Output> {
        std::iter::from_fn(|| devices.poll()).collect()
    }

    const HERE: Option<&str> = Some("http://10.0.0.9:8200/d.xml");

    #[test]
    fn a_device_is_told_of_when_its_name_is_known() {
        let mut devices = devices();
        devices.heard(Event::Found(entry(HERE, &["upnp:rootdevice"])));
        let fetches = outputs(&mut devices);
        let [Output::Fetch(udn, _)] = &fetches[..] else { panic!("{fetches:?}") };
        // More of its set comes meanwhile.
        let types = ["upnp:rootdevice", "urn:example-org:device:Tv:1"];
        devices.heard(Event::Changed(entry(HERE, &types)));
        assert_eq!(outputs(&mut devices), []);

        let name = Some("Tele\u{1b}[2Jvision".to_owned());
        devices.fetched(udn, Some(&Foreign { friendly_name: name, ..Foreign::default() }));
        let told = outputs(&mut devices);
        let [Output::Change(DeviceChange::Found(device))] = &told[..] else { panic!("{told:?}") };
        assert_eq!(device.types, types);
        assert!(device.name.as_ref().unwrap().starts_with("Tele\u{fffd}"));

        devices.heard(Event::Changed(entry(HERE, &types)));
        assert_eq!(outputs(&mut devices), []);
        devices.heard(Event::Changed(entry(HERE, &types[..1])));
        let told = outputs(&mut devices);
        assert!(matches!(&told[..], [Output::Change(DeviceChange::Changed(device))]
            if device.name.is_some()));
        devices.heard(Event::Gone(udn.clone()));
        assert!(matches!(outputs(&mut devices)[..], [Output::Change(DeviceChange::Gone(_))]));
    }

    #[test]
    fn nothing_is_fetched_from_where_nothing_may_be_and_the_device_is_told_of_without_a_name() {
        let elsewhere = ["http://203.0.113.7/", "http://127.0.0.1:80/", "file:///etc/passwd"];
        for location in elsewhere.map(Some).into_iter().chain([None]) {
            let mut devices = devices();
            devices.heard(Event::Found(entry(location, &["upnp:rootdevice"])));
            let told = outputs(&mut devices);
            assert!(
                matches!(&told[..], [Output::Change(DeviceChange::Found(device))]
                if device.name.is_none()),
                "{told:?}"
            );
        }
    }

    #[test]
    fn one_that_goes_before_its_name_comes_was_never_there() {
        let mut devices = devices();
        devices.heard(Event::Found(entry(HERE, &["upnp:rootdevice"])));
        outputs(&mut devices);
        let udn = Udn::parse("television").unwrap();
        devices.heard(Event::Gone(udn.clone()));
        devices.fetched(&udn, None);
        assert_eq!(outputs(&mut devices), []);
    }

    #[test]
    fn an_event_names_a_device_as_what_it_is() {
        let mut devices = devices();
        devices.heard(Event::Found(entry(None, &["urn:example-org:device:Tv:1"])));
        let told = outputs(&mut devices);
        let [Output::Change(change)] = &told[..] else { panic!("{told:?}") };
        let expected = concat!(
            r#"{"event":"found","id":"television","name":"","kind":"device","#,
            r#""interface":"eth0","types":["urn:example-org:device:Tv:1"]}"#
        );
        assert_eq!(change.event().line(), expected);
    }
}

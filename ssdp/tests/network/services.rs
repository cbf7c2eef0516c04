//! Services on machines that a switch joins. None of them has a default route.

use std::collections::BTreeMap;
use std::net::{IpAddr, UdpSocket};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use crate::support::{Host, PATIENCE, plug_in, switch};
use ssdp::engine::{Config, Device, Entry, Event, Wanted};
use ssdp::limits::{DEVICES_MAX, MAX_AGE};
use ssdp::shell::service::{Command, Options, Service};
use ssdp::target::{Target, Udn};

/// A program: a lamp with that name, that also looks for lamps.
pub(crate) struct Lamp {
    pub(crate) service: Service,
    news: Receiver<()>,
    pub(crate) udn: Udn,
    seen: BTreeMap<Udn, Entry>,
}

impl Lamp {
    pub(crate) fn on(host: &Host, seed: u64) -> Self {
        let (sender, news) = channel();
        let wake = move || {
            // The test may have ended.
            let _ = sender.send(());
        };
        let udn = Udn::random([u8::try_from(seed).unwrap(); 16]);
        let config = config(udn.clone());
        let start = move || Service::start(config, seed, Options::default(), wake);
        Self { service: host.run(start).unwrap(), news, udn, seen: BTreeMap::new() }
    }

    /// Waits until it is so, and follows who is there meanwhile.
    pub(crate) fn wait(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        loop {
            while let Some(event) = self.service.try_event() {
                match event {
                    Event::Found(entry) | Event::Changed(entry) => {
                        self.seen.insert(entry.udn.clone(), entry);
                    }
                    Event::Gone(udn) => drop(self.seen.remove(&udn)),
                }
            }
            if is_so(self) {
                return;
            }
            let left = PATIENCE.saturating_sub(begun.elapsed());
            let woken = self.news.recv_timeout(left);
            assert!(woken.is_ok(), "no {what}: {:#?} {:#?}", self.seen, self.service.status());
        }
    }

    /// Waits until a lamp is seen at all these addresses.
    pub(crate) fn sees(&mut self, udn: &Udn, at: &[&str]) {
        let at: Vec<IpAddr> = at.iter().map(|ip| ip.parse().unwrap()).collect();
        let is_at = |entry: &Entry, ip| entry.places.iter().any(|place| place.source == ip);
        self.wait(&format!("{udn} at {at:?}"), |lamp| {
            lamp.seen.get(udn).is_some_and(|entry| at.iter().all(|ip| is_at(entry, *ip)))
        });
    }

    fn loses(&mut self, udn: &Udn) {
        self.wait(&format!("end of {udn}"), |lamp| !lamp.seen.contains_key(udn));
    }
}

fn config(udn: Udn) -> Config {
    let kind = Target::parse("urn:example-org:device:Lamp:1").unwrap();
    Config {
        device: Some(Device {
            udn,
            kind: kind.clone(),
            services: Vec::new(),
            embedded: Vec::new(),
            location: (8080, "/description.xml".into()),
            config_id: 1,
            max_age: MAX_AGE,
            extra: Vec::new(),
            earlier: Vec::new(),
        }),
        wanted: Wanted::Types(vec![kind]),
        product: "test/1.0 UPnP/2.0 lamp/1.0".into(),
        friendly_name: "lamp".into(),
        echo: None,
        boot_id: 1,
        unix: 1_800_000_000,
    }
}

#[test]
fn everybody_sees_everybody_over_ipv4_and_ipv6_and_sees_them_leave() {
    let Some([one, other]) = switch() else { return };
    plug_in(&[&one, &other]);
    // Two programs of one machine, and one of another.
    let mut lamps = [Lamp::on(&one, 1), Lamp::on(&one, 2), Lamp::on(&other, 3)];
    let [first, second, third] = lamps.each_ref().map(|lamp| lamp.udn.clone());
    let (here, there) = (["10.9.0.1", "fe80::1", "fd90::1"], ["10.9.0.2", "fe80::2", "fd90::2"]);
    for lamp in &mut lamps {
        for (udn, at) in [(&first, &here), (&second, &here), (&third, &there)] {
            if lamp.udn != *udn {
                lamp.sees(udn, at);
            }
        }
    }
    let [lamp, mut neighbour, mut far] = lamps;
    lamp.service.stop();
    neighbour.loses(&first);
    far.loses(&first);
    assert!(far.seen.contains_key(&second) && neighbour.seen.contains_key(&third));
}

#[test]
fn a_machine_whose_cable_comes_later_is_seen_then() {
    let Some([one, other]) = switch() else { return };
    let (mut lamp, mut watcher) = (Lamp::on(&one, 1), Lamp::on(&other, 2));
    plug_in(&[&one, &other]);
    lamp.sees(&watcher.udn, &["10.9.0.2"]);
    watcher.sees(&lamp.udn, &["10.9.0.1"]);
}

#[test]
fn a_pulled_cable_and_a_new_address_are_recovered_from() {
    let Some([one, other]) = switch() else { return };
    plug_in(&[&one, &other]);
    let (mut lamp, mut watcher) = (Lamp::on(&one, 1), Lamp::on(&other, 2));
    watcher.sees(&lamp.udn, &["10.9.0.1"]);
    lamp.sees(&watcher.udn, &["10.9.0.2"]);

    one.ip("link set eth0 down");
    lamp.loses(&watcher.udn);
    plug_in(&[&one]);
    lamp.sees(&watcher.udn, &["10.9.0.2"]);

    one.ip("addr del 10.9.0.1/24 dev eth0");
    one.ip("addr add 10.9.0.77/24 dev eth0");
    watcher.sees(&lamp.udn, &["10.9.0.77"]);
    // It hears and answers there as before.
    Lamp::on(&other, 3).sees(&lamp.udn, &["10.9.0.77"]);
}

#[test]
fn a_service_can_be_asked_to_check_every_device_of_a_full_list_at_once() {
    let Some([one]) = switch() else { return };
    let lamp = Lamp::on(&one, 1);
    let all = (0..DEVICES_MAX).map(|n| Udn::parse(&format!("lamp{n}")).unwrap());
    let taken = all.filter(|udn| lamp.service.tell(Command::Check(udn.clone())));
    assert_eq!(taken.count(), DEVICES_MAX);
}

#[test]
fn a_program_that_holds_port_1900_for_itself_is_told_of_and_lived_with() {
    let Some([one, other]) = switch() else { return };
    let holder = one.run(|| UdpSocket::bind("0.0.0.0:1900").unwrap());
    plug_in(&[&one, &other]);
    let (mut lamp, mut watcher) = (Lamp::on(&one, 1), Lamp::on(&other, 2));
    lamp.wait("word of it", |lamp| lamp.service.status().is_degraded());
    watcher.sees(&lamp.udn, &["10.9.0.1"]);
    lamp.sees(&watcher.udn, &["10.9.0.2"]);
    assert!(!watcher.service.status().is_degraded());
    drop(holder);
}

//! Which of the places of a device are kept and believed.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::limits::{PLACES_MAX, TARGETS_MAX};

/// Lamp `a`, which says that of its state.
fn saying(state: &str) -> Advert {
    Advert { extra: vec![("STATE.EXAMPLE-ORG".to_owned(), state.to_owned())], ..lamp("a") }
}

fn state(lan: &Lan) -> &str {
    &lan.entry("a").unwrap().extra[0].1
}

fn sources(lan: &Lan) -> Vec<String> {
    lan.entry("a").unwrap().places.iter().map(|place| place.source.to_string()).collect()
}

/// A network where a lamp answered our search from 10.0.0.9.
fn with_answering_lamp() -> Lan {
    let mut lan = Lan::new();
    lan.hears("10.0.0.9", UNICAST, &answer(saying("on")));
    lan
}

#[test]
fn forged_places_neither_displace_one_that_has_answered_nor_speak_for_it() {
    let mut lan = with_answering_lamp();
    let liar = Advert {
        server: Some("Evil/1 UPnP/2.0 liar/1".into()),
        target: target("urn:example-org:device:Door:1"),
        ..saying("broken")
    };
    for n in 60..80 {
        lan.hears(&format!("10.0.0.{n}"), Way::Multicast, &alive(liar.clone()));
    }
    assert_eq!(state(&lan), "on");
    let entry = lan.entry("a").unwrap();
    assert_eq!(entry.server.as_deref(), Some("Linux/6 UPnP/2.0 lamp/1"));
    assert_eq!(entry.targets, [target(LAMP)]);
    assert_eq!(sources(&lan).len(), PLACES_MAX);
    assert_eq!(sources(&lan).last().unwrap(), "10.0.0.9");
}

/// Found by the simulation: one forged announcement that somebody is another type of device, too,
/// kept them from the lists of all who look for what they are, for as long as they ran.
#[test]
fn a_device_is_of_the_type_that_it_said_last_however_much_is_forged_with_its_address() {
    let mut lan = with_answering_lamp();
    let forged = |text: &str| {
        let usn = Usn { udn: udn("a"), target: Some(target(text)) };
        alive(Advert { target: target(text), usn, ..lamp("a") })
    };
    for n in 0..TARGETS_MAX {
        let service = format!("urn:example-org:service:Forged{n}:1");
        lan.hears("10.0.0.9", Way::Multicast, &forged(&service));
    }
    for door in ["urn:example-org:device:Door:1", "urn:example-org:device:Gate:1"] {
        lan.hears("10.0.0.9", Way::Multicast, &forged(door));
    }
    assert_eq!(lan.entry("a").unwrap().targets[0], target("urn:example-org:device:Gate:1"));
    lan.hears("10.0.0.9", Way::Multicast, &alive(lamp("a")));
    let targets = &lan.entry("a").unwrap().targets;
    let is_type = |target: &&Target| matches!(target, Target::DeviceType(_));
    assert_eq!(targets.iter().filter(is_type).collect::<Vec<_>>(), [&target(LAMP)]);
    assert_eq!(targets.len(), TARGETS_MAX);
}

#[test]
fn the_place_that_has_answered_tells_of_changes_by_multicast() {
    let mut lan = with_answering_lamp();
    lan.hears("10.0.0.66", Way::Multicast, &alive(saying("broken")));
    lan.hears("10.0.0.9", Way::Multicast, &alive(saying("off")));
    lan.hears("10.0.0.66", Way::Multicast, &alive(saying("broken")));
    assert_eq!(state(&lan), "off");
    // The same machine on another of our interfaces.
    lan.interfaces(&[ethernet(2), ethernet(3)]);
    lan.hears_on(3, "10.0.0.9", Way::Multicast, &alive(saying("dim")));
    assert_eq!(state(&lan), "dim");
}

#[test]
fn another_place_speaks_once_it_has_answered_too() {
    let mut lan = with_answering_lamp();
    lan.hears("fe80::9", Way::Multicast, &alive(saying("off")));
    // What is sent to a group is no answer.
    lan.hears("fe80::9", Way::Multicast, &answer(saying("off")));
    assert_eq!(state(&lan), "on");
    lan.hears("fe80::9", UNICAST, &answer(saying("off")));
    assert_eq!(state(&lan), "off");
}

#[test]
fn where_a_device_has_moved_to_speaks_when_its_old_place_is_gone() {
    let mut lan = with_answering_lamp();
    lan.hears("10.0.0.10", Way::Multicast, &alive(Advert { boot_id: Some(2), ..saying("off") }));
    assert_eq!(state(&lan), "on");
    lan.until(1_000);
    assert_eq!((sources(&lan), state(&lan)), (vec!["10.0.0.10".to_owned()], "off"));
}

#[test]
fn a_verified_device_is_asked_once_so_that_its_places_are_known_from_forged_ones() {
    let mut lan = Lan::new();
    lan.hears("10.0.0.9", Way::Multicast, &alive(saying("on")));
    lan.point.verified(&udn("a"));
    lan.take();
    assert_eq!(lan.asked(false), ["0 10.0.0.9:1900 Own"]);
    // Who does not hear the question is no less there.
    lan.until(10_000);
    assert_eq!(lan.told(), ["0 found a"]);
    lan.point.verified(&udn("nobody"));
    lan.take();
    assert_eq!(lan.asked(false), [""; 0]);
}

proptest! {
    /// Half of the sources answer now and then, the others never do.
    #[test]
    fn who_has_answered_stays_and_what_they_said_last_counts(
        steps in prop::collection::vec((0..2 * PLACES_MAX, any::<bool>()), 1..100)
    ) {
        let mut lan = Lan::new();
        // By who has answered: when they spoke last.
        let mut answered: BTreeMap<usize, usize> = BTreeMap::new();
        for (at, (source, asks)) in steps.into_iter().enumerate() {
            let ip = format!("10.0.0.{}", 10 + source);
            let said = saying(&at.to_string());
            if asks && source < PLACES_MAX {
                lan.hears(&ip, UNICAST, &answer(said));
                answered.insert(source, at);
            } else {
                lan.hears(&ip, Way::Multicast, &alive(said));
                answered.entry(source).and_modify(|last| *last = at);
            }
            let kept = sources(&lan);
            prop_assert!(kept.len() <= PLACES_MAX);
            for source in answered.keys() {
                let ip = format!("10.0.0.{}", 10 + source);
                prop_assert!(kept.contains(&ip), "{} is not in {:?}", ip, kept);
            }
            let last = answered.values().max().copied().unwrap_or(at);
            prop_assert_eq!(state(&lan), last.to_string());
        }
    }
}

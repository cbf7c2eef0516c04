//! What is listed, what is told, and how long it holds.

use std::net::IpAddr;

use super::*;

#[test]
fn a_wanted_device_is_found_and_its_renewals_are_not_told() {
    let mut lan = Lan::new();
    lan.hears("10.0.0.9", Way::Multicast, &alive(lamp("a")));
    lan.hears("10.0.0.9", Way::Multicast, &alive(itself(lamp("a"))));
    lan.hears("10.0.0.9", UNICAST, &answer(lamp("a")));
    assert_eq!(lan.told(), ["0 found a"]);
    let entry = lan.entry("a").unwrap();
    assert_eq!(entry.targets, [target(LAMP)]);
    assert_eq!(entry.places.len(), 1);
    assert_eq!(entry.server.as_deref(), Some("Linux/6 UPnP/2.0 lamp/1"));
}

#[test]
fn only_what_is_wanted_is_listed() {
    let said = |said: &str| {
        let target = Some(target(said));
        alive(Advert { usn: Usn { target, ..lamp("a").usn }, ..itself(lamp("a")) })
    };
    let hears = |wanted: Wanted, message: &Message| {
        let mut lan = Lan::wanting(wanted);
        lan.hears("10.0.0.9", Way::Multicast, message);
        lan.known() == 1
    };
    let lamps = Wanted::Types(vec![target(LAMP)]);
    for (text, listed) in [
        (LAMP, true),
        ("urn:example-org:device:Lamp:2", true),
        ("urn:example-org:service:Lamp:1", false),
        ("urn:example-org:device:Door:1", false),
        ("upnp:rootdevice", false),
    ] {
        assert_eq!(hears(lamps.clone(), &said(text)), listed, "{text}");
        assert!(hears(Wanted::Everything, &said(text)), "{text}");
        assert!(!hears(Wanted::Nothing, &said(text)), "{text}");
    }
    let newer = Wanted::Types(vec![target("urn:example-org:device:Lamp:2")]);
    assert!(!hears(newer, &said(LAMP)));
    assert!(hears(lamps.clone(), &answer(lamp("a"))));
    assert!(!hears(lamps.clone(), &Message::Update(lamp("a"))));
    assert!(!hears(lamps.clone(), &byebye("a")));
    assert!(!hears(lamps, &alive(lamp("own"))));
}

#[test]
fn any_message_of_a_known_device_renews_it() {
    let mut lan = Lan::new();
    lan.hears("10.0.0.9", Way::Multicast, &alive(lamp("a")));
    lan.until(1_000_000);
    let root = Advert { target: Target::RootDevice, ..lamp("a") };
    lan.hears("10.0.0.9", Way::Multicast, &alive(root));
    lan.until(2_799_999);
    assert_eq!(lan.known(), 1);
    lan.until(3_000_000);
    assert_eq!(lan.told(), ["0 found a", "1000000 changed a", "2800000 gone a"]);
}

#[test]
fn who_is_killed_expires_within_the_limits_of_what_is_believed() {
    for (max_age, seconds) in
        [(Some(1800), 1800), (None, 1800), (Some(0), 60), (Some(u32::MAX), 86_400)]
    {
        let mut lan = Lan::new();
        lan.hears("10.0.0.9", Way::Multicast, &alive(Advert { max_age, ..lamp("a") }));
        lan.until(seconds * 1000 - 1);
        assert_eq!(lan.told(), ["0 found a"]);
        lan.until(seconds * 1000);
        assert_eq!(lan.told(), [format!("{} gone a", seconds * 1000)]);
        assert_eq!(lan.known(), 0);
    }
}

#[test]
fn what_a_device_says_else_than_before_is_told() {
    let mut lan = Lan::new();
    lan.hears("10.0.0.9", Way::Multicast, &alive(lamp("a")));
    let extra = vec![("STATE.EXAMPLE-ORG".to_owned(), "on".to_owned())];
    let elsewhere = Some("http://10.0.0.9:81/d.xml".to_owned());
    let other = Some("Linux/7 UPnP/2.0 lamp/2".to_owned());
    let second = target("urn:example-org:service:Switch:1");
    let steps = [
        Advert { extra: extra.clone(), ..lamp("a") },
        Advert { extra: extra.clone(), location: elsewhere.clone(), ..lamp("a") },
        Advert { extra: extra.clone(), location: elsewhere, server: other, ..lamp("a") },
        Advert { extra, target: second, ..lamp("a") },
    ];
    lan.told();
    for step in steps {
        lan.hears("10.0.0.9", Way::Multicast, &alive(step));
        assert_eq!(lan.told(), ["0 changed a"]);
    }
    // An update says neither SERVER nor, of some devices, LOCATION.
    let entry = lan.entry("a").unwrap().clone();
    let bare = Advert { server: None, location: None, max_age: None, ..lamp("a") };
    lan.hears("10.0.0.9", Way::Multicast, &Message::Update(Advert { extra: entry.extra, ..bare }));
    assert_eq!(lan.told(), ["0 changed a"; 0]);
}

#[test]
fn of_one_type_the_highest_version_is_kept() {
    let mut lan = Lan::new();
    let second = target("urn:example-org:device:Lamp:2");
    lan.hears("10.0.0.9", UNICAST, &answer(lamp("a")));
    let usn = Usn { target: Some(second.clone()), ..lamp("a").usn };
    let newer = Advert { target: second.clone(), usn, ..lamp("a") };
    lan.hears("10.0.0.9", Way::Multicast, &alive(newer));
    lan.hears("10.0.0.9", UNICAST, &answer(lamp("a")));
    assert_eq!(lan.entry("a").unwrap().targets, [second]);
    assert_eq!(lan.told(), ["0 found a", "0 changed a"]);
}

#[test]
fn both_families_of_one_device_are_two_places_of_one_entry() {
    let mut lan = Lan::new();
    for _ in 0..3 {
        lan.hears("10.0.0.9", Way::Multicast, &alive(lamp("a")));
        lan.hears("fe80::9", Way::Multicast, &alive(lamp("a")));
    }
    assert_eq!(lan.told(), ["0 found a", "0 changed a"]);
    assert_eq!(lan.known(), 1);
    let places = &lan.entry("a").unwrap().places;
    assert_eq!(places.len(), 2);
    assert_eq!(places[0].source, "fe80::9".parse::<IpAddr>().unwrap());
    assert_eq!(lan.asked(false), [""; 0]);
}

#[test]
fn one_place_expires_and_the_other_stays() {
    let mut lan = Lan::new();
    lan.hears("10.0.0.9", Way::Multicast, &alive(lamp("a")));
    lan.until(1000);
    lan.hears("fe80::9", Way::Multicast, &alive(lamp("a")));
    lan.until(1_800_500);
    assert_eq!(lan.told(), ["0 found a", "1000 changed a", "1800000 changed a"]);
    assert_eq!(lan.entry("a").unwrap().places.len(), 1);
    lan.until(1_802_000);
    assert_eq!(lan.told(), ["1801000 gone a"]);
}

#[test]
fn places_on_an_interface_go_with_it() {
    let mut lan = Lan::new();
    lan.interfaces(&[ethernet(2), ethernet(3)]);
    lan.hears("10.0.0.8", Way::Multicast, &alive(lamp("one")));
    lan.hears("10.0.0.9", Way::Multicast, &alive(lamp("both")));
    lan.hears_on(3, "10.0.0.9", Way::Multicast, &alive(lamp("both")));
    lan.hears_on(4, "10.0.0.7", Way::Multicast, &alive(lamp("nowhere")));
    lan.told();
    lan.interfaces(&[ethernet(3)]);
    assert_eq!(lan.told(), ["0 gone one", "0 changed both"]);
    assert_eq!(lan.known(), 1);
}

#[test]
fn places_in_a_network_that_was_left_go_with_its_address() {
    let mut lan = Lan::new();
    lan.hears("10.0.0.8", Way::Multicast, &alive(lamp("there")));
    lan.hears("10.0.0.9", Way::Multicast, &alive(lamp("both")));
    let network = |ip: &str| Address { ip: ip.parse().unwrap(), prefix: 24 };
    let both = vec![network("10.0.0.1"), network("192.168.0.1")];
    lan.interfaces(&[Interface { addresses: both.clone(), ..ethernet(2) }]);
    lan.hears("192.168.0.9", Way::Multicast, &alive(lamp("both")));
    lan.told();
    lan.interfaces(&[Interface { addresses: both[1..].to_vec(), ..ethernet(2) }]);
    assert_eq!(lan.told(), ["0 gone there", "0 changed both"]);
    assert_eq!(lan.entry("both").unwrap().places[0].source, IpAddr::from([192, 168, 0, 9]));
}

#[test]
fn an_answer_says_whether_it_hears_us() {
    let mut lan = Lan::new();
    let echo = |value: &str| {
        let extra = vec![("Hears.Example-Org".to_owned(), value.to_owned())];
        answer(Advert { extra, ..lamp("a") })
    };
    lan.hears("10.0.0.9", Way::Multicast, &alive(lamp("a")));
    assert_eq!(lan.entry("a").unwrap().places[0].hears_us, None);
    for (value, hears) in [("1", true), ("0", false), ("yes", false)] {
        lan.hears("10.0.0.9", UNICAST, &echo(value));
        assert_eq!(lan.entry("a").unwrap().places[0].hears_us, Some(hears), "{value}");
    }
    // It is no field of the device, and an announcement without it says nothing about it.
    lan.told();
    lan.hears("10.0.0.9", Way::Multicast, &alive(lamp("a")));
    assert_eq!(lan.told(), [""; 0]);
    assert!(lan.entry("a").unwrap().extra.is_empty());
}

#[test]
fn who_is_gone_before_being_told_of_is_not_told_of() {
    let mut lan = Lan::new();
    let arrival = Arrival { interface: 2, source: "10.0.0.9:1900".parse().unwrap(), by: UNICAST };
    lan.point.heard(lan.now, arrival, &alive(lamp("a")));
    lan.point.interfaces(lan.now, &[]);
    lan.take();
    assert_eq!(lan.told(), [""; 0]);
    // Nor who is gone and back before that is told.
    lan.interfaces(&[ethernet(2)]);
    lan.hears("10.0.0.9", Way::Multicast, &alive(lamp("a")));
    lan.point.interfaces(lan.now, &[]);
    lan.point.interfaces(lan.now, &[ethernet(2)]);
    lan.hears("10.0.0.9", Way::Multicast, &alive(lamp("a")));
    assert_eq!(lan.told(), ["0 found a"]);
}

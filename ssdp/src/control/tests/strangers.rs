//! Devices of which not all was heard.

use super::*;
use crate::limits::{DEVICES_MAX, STRANGER_ASKS, STRANGERS_MAX};

/// A message of the set of a lamp that does not say that it is one.
fn root(name: &str) -> Message {
    let usn = Usn { udn: udn(name), target: Some(Target::RootDevice) };
    alive(Advert { target: Target::RootDevice, usn, search_port: Some(50_000), ..lamp(name) })
}

#[test]
fn a_device_that_may_be_wanted_is_asked_and_then_known() {
    let mut lan = Lan::new();
    lan.hears("10.0.0.9", Way::Multicast, &root("a"));
    lan.until(1_250);
    let asked = lan.asked(false);
    assert!(asked.len() == 2 && asked.iter().all(|line| line.ends_with(" 10.0.0.9:50000 Own")));
    lan.hears("10.0.0.9", UNICAST, &answer(lamp("a")));
    assert_eq!(lan.told(), ["1250 found a"]);
    lan.until(400_000);
    assert_eq!(lan.asked(false), [""; 0]);
}

#[test]
fn a_device_that_says_what_it_is_is_not_asked() {
    let mut lan = Lan::new();
    lan.hears("10.0.0.9", Way::Multicast, &root("a"));
    lan.hears("10.0.0.9", Way::Multicast, &alive(lamp("a")));
    lan.until(10_000);
    assert_eq!(lan.asked(false), [""; 0]);
}

#[test]
fn a_device_of_another_type_is_not_asked() {
    let mut lan = Lan::new();
    let door = target("urn:example-org:device:Door:1");
    let usn = Usn { udn: udn("a"), target: Some(door.clone()) };
    let says_so = alive(Advert { target: door, usn, ..lamp("a") });
    for message in [root("a"), says_so, root("a")] {
        lan.hears("10.0.0.9", Way::Multicast, &message);
    }
    lan.until(10_000);
    assert_eq!(lan.asked(false), [""; 0]);
}

#[test]
fn a_device_that_is_something_else_is_left_alone_after_a_few_times() {
    let mut lan = Lan::new();
    for second in 0..250 {
        lan.until(second * 1_000);
        lan.hears("10.0.0.9", Way::Multicast, &root("tv"));
    }
    assert_eq!(lan.asked(false).len(), usize::try_from(STRANGER_ASKS).unwrap());
    lan.until(310_000);
    lan.hears("10.0.0.9", Way::Multicast, &root("tv"));
    lan.until(311_000);
    assert!(!lan.asked(false).is_empty(), "it may be another program by now");
    lan.interfaces(&[]);
    lan.until(320_000);
    assert_eq!(lan.asked(false), [""; 0], "where nothing is nobody is asked");
}

#[test]
fn forged_strangers_cost_no_more_than_a_few() {
    let mut lan = Lan::new();
    for n in 0..100_000 {
        lan.hears("10.0.0.9", Way::Multicast, &root(&format!("u{n}")));
    }
    lan.until(60_000);
    let asked = lan.asked(false).len();
    assert!((60 * 3..=60 * 10).contains(&asked), "{asked}");
    lan.until(250_000);
    let all = STRANGERS_MAX * usize::try_from(STRANGER_ASKS).unwrap();
    assert_eq!(asked + lan.asked(false).len(), all);
}

#[test]
fn who_wants_everything_or_nothing_asks_no_strangers() {
    for wanted in [Wanted::Everything, Wanted::Nothing] {
        let mut lan = Lan::wanting(wanted);
        lan.hears("10.0.0.9", Way::Multicast, &root("a"));
        lan.until(10_000);
        assert_eq!(lan.asked(false), [""; 0]);
    }
}

#[test]
fn while_the_list_is_full_no_strangers_are_asked() {
    let mut lan = Lan::new();
    lan.hears("10.0.0.9", Way::Multicast, &root("before"));
    for n in 0..DEVICES_MAX {
        let source = format!("10.1.{}.{}", n / 200, n % 200);
        lan.hears(&source, Way::Multicast, &alive(lamp(&format!("u{n}"))));
    }
    lan.hears("10.0.0.9", Way::Multicast, &root("after"));
    lan.until(10_000);
    assert_eq!(lan.asked(false), [""; 0]);
}

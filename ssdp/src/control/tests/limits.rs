//! What others say is bounded, whatever they say.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::control::device::Spot;
use crate::limits::{CHECKS_MAX, DEVICES_MAX, DEVICES_PER_SOURCE_MAX, PLACES_MAX, TARGETS_MAX};

#[test]
fn a_hundred_thousand_forged_devices_do_not_displace_verified_ones() {
    let mut lan = Lan::new();
    for n in 0..100 {
        let name = format!("friend{n}");
        lan.hears("10.0.0.9", Way::Multicast, &alive(lamp(&name)));
        lan.point.verified(&udn(&name));
    }
    for n in 0..100_000_u32 {
        let source = format!("10.{}.{}.7", 1 + n % 200, n / 200 % 250);
        let arrival = Arrival {
            interface: 2,
            source: SocketAddr::new(source.parse().unwrap(), 1900),
            by: Way::Multicast,
        };
        lan.point.heard(lan.now, arrival, &alive(lamp(&format!("forged{n}"))));
    }
    lan.take();
    assert_eq!(lan.known(), DEVICES_MAX);
    for n in 0..100 {
        assert!(lan.entry(&format!("friend{n}")).is_some());
    }
    let told = lan.told();
    assert_eq!(told.len(), DEVICES_MAX, "of the forged ones only the last are told");
    assert_eq!(lan.asked(false).len(), 100, "each verified one, once");
}

#[test]
fn one_source_displaces_only_its_own() {
    let mut lan = Lan::new();
    lan.hears("10.0.0.9", Way::Multicast, &alive(lamp("real")));
    lan.hears("10.0.0.66", Way::Multicast, &alive(lamp("real")));
    for n in 0..100 {
        lan.until(n);
        lan.hears("10.0.0.66", Way::Multicast, &alive(lamp(&format!("forged{n}"))));
    }
    assert_eq!(lan.known(), 1 + DEVICES_PER_SOURCE_MAX);
    assert_eq!(lan.entry("real").unwrap().places.len(), 1);
    for n in 84..100 {
        assert!(lan.entry(&format!("forged{n}")).is_some(), "{n}: the last ones are kept");
    }
}

#[test]
fn unverified_devices_unheard_for_the_longest_time_go_first() {
    let mut lan = Lan::new();
    let source = |n: u64| format!("10.0.{}.{}", n / 200, n % 200 + 1);
    let count = u64::try_from(DEVICES_MAX).unwrap();
    for n in 0..count {
        lan.until(n);
        lan.hears(&source(n), Way::Multicast, &alive(lamp(&format!("u{n}"))));
    }
    lan.hears(&source(0), Way::Multicast, &alive(lamp("u0")));
    lan.point.verified(&udn("u1"));
    lan.told();
    lan.hears("10.9.9.9", Way::Multicast, &alive(lamp("new")));
    assert_eq!(lan.told(), ["511 gone u2", "511 found new"]);
    for n in 0..count {
        lan.point.verified(&udn(&format!("u{n}")));
    }
    lan.point.verified(&udn("new"));
    lan.hears("10.9.9.8", Way::Multicast, &alive(lamp("late")));
    assert_eq!(lan.told(), [""; 0], "all are verified");
    lan.until(1_800_001);
    lan.hears("10.9.9.8", Way::Multicast, &alive(lamp("late")));
    assert!(lan.told().contains(&"1800001 found late".to_owned()), "they expire, too");
}

#[test]
fn places_and_types_of_one_device_are_few() {
    let mut lan = Lan::new();
    for n in 1..50 {
        let kind = target(&format!("urn:example-org:service:Kind{n}:1"));
        let source = format!("10.0.0.{n}");
        lan.hears(&source, Way::Multicast, &alive(lamp("a")));
        lan.hears(&source, Way::Multicast, &alive(Advert { target: kind, ..lamp("a") }));
    }
    let entry = lan.entry("a").unwrap();
    assert_eq!(entry.targets.len(), TARGETS_MAX);
    let last: Vec<String> = entry.places.iter().map(|place| place.source.to_string()).collect();
    let newest: Vec<String> =
        (1..50).rev().take(PLACES_MAX).map(|n| format!("10.0.0.{n}")).collect();
    assert_eq!(last, newest);
}

#[test]
fn goodbyes_of_forged_devices_are_not_remembered_for_ever() {
    let mut lan = Lan::new();
    for n in 0..5000 {
        let (source, name) = (format!("10.1.{}.{}", n / 250, n % 250), format!("forged{n}"));
        lan.hears(&source, Way::Multicast, &alive(lamp(&name)));
        lan.hears(&source, Way::Multicast, &byebye(&name));
        assert!(lan.point.checks.kept() <= CHECKS_MAX);
    }
    assert_eq!(lan.point.checks.kept(), CHECKS_MAX, "more than that were not noted");
    lan.until(60_000);
    assert_eq!(lan.point.checks.kept(), 0);
    lan.hears("10.0.0.9", Way::Multicast, &alive(lamp("real")));
    lan.hears("10.0.0.9", Way::Multicast, &byebye("real"));
    lan.told();
    lan.until(60_800);
    assert_eq!(lan.told(), ["60800 gone real"]);
}

#[derive(Clone, Debug)]
enum Step {
    Hears { who: u8, source: u8, interface: u32, multicast: bool, kind: u8, boot: u8, age: u8 },
    Verified(u8),
    Check(u8),
    Search,
    Interfaces(u8),
    Wait(u32),
    Poll,
}

fn steps() -> impl Strategy<Value = Step> {
    let hears = (0..40_u8, 0..6_u8, 2..4_u32, any::<bool>(), 0..4_u8, 0..3_u8, 0..3_u8).prop_map(
        |(who, source, interface, multicast, kind, boot, age)| Step::Hears {
            who,
            source,
            interface,
            multicast,
            kind,
            boot,
            age,
        },
    );
    prop_oneof![
        20 => hears,
        1 => (0..40_u8).prop_map(Step::Verified),
        2 => (0..40_u8).prop_map(Step::Check),
        1 => Just(Step::Search),
        1 => (0..4_u8).prop_map(Step::Interfaces),
        2 => (0..400_u32).prop_map(Step::Wait),
        1 => (0..4_000_000_u32).prop_map(Step::Wait),
        8 => Just(Step::Poll),
    ]
}

fn perform(lan: &mut Lan, step: &Step) {
    let name = |who: u8| format!("u{who}");
    match *step {
        Step::Hears { who, source, interface, multicast, kind, boot, age } => {
            let max_age = Some(u32::from(age) * 40);
            let advert = Advert { max_age, ..booted(&name(who), boot.into()) };
            let message = match kind {
                0 => Message::Alive(advert),
                1 => Message::Answer(itself(advert)),
                2 => Message::Update(Advert { next_boot_id: Some(2), ..advert }),
                _ => Message::Byebye(advert),
            };
            let by = if multicast { Way::Multicast } else { UNICAST };
            let source = SocketAddr::new([10, 0, 0, source].into(), 1900);
            lan.point.heard(lan.now, Arrival { interface, source, by }, &message);
        }
        Step::Verified(who) => lan.point.verified(&udn(&name(who))),
        Step::Check(who) => lan.point.check(lan.now, &udn(&name(who))),
        Step::Search => lan.point.search(lan.now, None),
        Step::Interfaces(which) => {
            let all = [ethernet(2), ethernet(3)];
            let used = all.into_iter().filter(|one| (u32::from(which) + 2) & one.index != 0);
            lan.point.interfaces(lan.now, &used.collect::<Vec<Interface>>());
        }
        Step::Wait(ms) => {
            let now = u64::try_from(lan.now.as_millis()).unwrap();
            lan.until(now + u64::from(ms));
        }
        Step::Poll => lan.take(),
    }
}

/// What must hold after each step; some were verified once.
fn inspect(lan: &Lan, verified: &BTreeSet<Udn>) {
    let point = &lan.point;
    assert!(point.checks.kept() <= CHECKS_MAX);
    assert!(point.entries().count() <= DEVICES_MAX);
    for entry in point.entries() {
        assert!((1..=PLACES_MAX).contains(&entry.places.len()));
        assert!(entry.targets.len() <= TARGETS_MAX);
    }
    for source in 0..6_u8 {
        for interface in 2..4 {
            let spot = Spot { interface, source: [10, 0, 0, source].into() };
            let is_there = |entry: &&Entry| entry.places.iter().any(|place| spot.is_of(place));
            let unverified = point.entries().filter(|entry| !verified.contains(&entry.udn));
            assert!(unverified.filter(is_there).count() <= DEVICES_PER_SOURCE_MAX);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_happens_limits_hold_and_nobody_goes_who_was_not_found(
        steps in prop::collection::vec(steps(), 1..200)
    ) {
        let mut lan = Lan::new();
        let mut verified = BTreeSet::new();
        for step in &steps {
            perform(&mut lan, step);
            if let Step::Verified(who) = step {
                verified.insert(udn(&format!("u{who}")));
            }
            inspect(&lan, &verified);
        }
        lan.take();
        let mut there = BTreeSet::new();
        for (_, event) in &lan.events {
            match event {
                Event::Found(entry) => prop_assert!(there.insert(entry.udn.clone())),
                Event::Changed(entry) => prop_assert!(there.contains(&entry.udn)),
                Event::Gone(udn) => prop_assert!(there.remove(udn)),
            }
        }
        let listed: BTreeSet<Udn> = lan.point.entries().map(|entry| entry.udn.clone()).collect();
        prop_assert_eq!(there, listed, "what is told in the end is what is listed");
    }
}

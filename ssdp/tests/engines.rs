//! Whole engines among each other: who is found, where, and when somebody is gone.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at a surprise")]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use ssdp::engine::{Engine, Entry, Event, Input, Wanted};
use ssdp::message::{Message, write};
use ssdp::target::{Target, Udn};
use support::{Faults, LAMP, Lan, Plug, config, lamp, plug};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn lamps() -> Wanted {
    Wanted::Types(vec![Target::parse(LAMP).unwrap()])
}

fn udn(number: u8) -> Udn {
    lamp(number).udn
}

/// A lamp that looks for lamps, as our programs do.
fn join(lan: &mut Lan, number: u8, plugs: Vec<Plug>) -> usize {
    lan.join(Engine::new(config(Some(lamp(number)), lamps()), number.into()), plugs)
}

/// One that only looks.
fn look(lan: &mut Lan, plugs: Vec<Plug>) -> usize {
    lan.join(Engine::new(config(None, lamps()), 99), plugs)
}

/// A lamp with address 10.0.0.`number`.
fn lamp_at(lan: &mut Lan, number: u8) -> usize {
    let addresses = [format!("10.0.0.{number}/24"), format!("fe80::{number}/64")];
    join(lan, number, vec![plug(0, 1, &addresses.each_ref().map(String::as_str))])
}

fn entries(lan: &Lan, node: usize) -> Vec<&Entry> {
    lan.nodes[node].engine.as_ref().unwrap().entries().collect()
}

/// Runs until a node has told such an event, and says how long that took.
fn wait(lan: &mut Lan, node: usize, within: Duration, is_it: impl Fn(&Event) -> bool) -> Duration {
    let begun = lan.now;
    while lan.now < begun + within {
        lan.run(ms(1));
        let mut since = lan.nodes[node].events.iter().filter(|(at, _)| *at > begun);
        if since.any(|(_, event)| is_it(event)) {
            return lan.now - begun;
        }
    }
    panic!("not within {within:?}: {:?}", lan.nodes[node].events);
}

fn is_found(event: &Event, number: u8) -> bool {
    matches!(event, Event::Found(entry) if entry.udn == udn(number))
}

fn is_gone(event: &Event, number: u8) -> bool {
    *event == Event::Gone(udn(number))
}

#[test]
fn who_starts_is_found_at_once_by_those_who_run() {
    for seed in 0..20 {
        let mut lan = Lan::new(seed, Faults::none());
        let looker = look(&mut lan, vec![plug(0, 1, &["10.0.0.250/24"])]);
        lan.run(ms(20_000));
        lamp_at(&mut lan, 7);
        let took = wait(&mut lan, looker, ms(500), |event| is_found(event, 7));
        assert!(took <= ms(102), "{took:?}");
    }
}

#[test]
fn those_who_run_are_found_by_who_starts() {
    let mut lan = Lan::new(1, Faults::none());
    lamp_at(&mut lan, 7);
    lan.run(ms(20_000));
    let looker = look(&mut lan, vec![plug(0, 1, &["10.0.0.250/24"])]);
    wait(&mut lan, looker, ms(3_500), |event| is_found(event, 7));
    let entry = entries(&lan, looker)[0];
    assert_eq!(entry.extra, [("HINT.EXAMPLE-ORG".to_owned(), "on".to_owned())]);
    let expected = Some("http://10.0.0.7:8080/description.xml");
    assert_eq!(entry.places[0].location.as_deref(), expected);
}

#[test]
fn who_says_goodbye_is_gone_within_a_second() {
    let mut lan = Lan::new(1, Faults::none());
    let looker = look(&mut lan, vec![plug(0, 1, &["10.0.0.250/24"])]);
    let node = lamp_at(&mut lan, 7);
    lan.run(ms(5_000));
    lan.input(node, Input::Stop);
    wait(&mut lan, looker, ms(1_000), |event| is_gone(event, 7));
    assert_eq!(entries(&lan, looker), [] as [&Entry; 0]);
}

#[test]
fn who_dies_is_gone_when_asked_for_or_when_the_announcement_no_longer_holds() {
    for is_asked in [true, false] {
        let mut lan = Lan::new(1, Faults::none());
        let looker = look(&mut lan, vec![plug(0, 1, &["10.0.0.250/24"])]);
        let node = lamp_at(&mut lan, 7);
        lan.run(ms(5_000));
        lan.kill(node);
        let within = if is_asked { ms(1_000) } else { Duration::from_secs(1_801) };
        if is_asked {
            lan.input(looker, Input::Check(udn(7)));
        }
        wait(&mut lan, looker, within, |event| is_gone(event, 7));
    }
}

#[test]
fn a_forged_goodbye_ends_nothing() {
    let mut lan = Lan::new(1, Faults::none());
    let looker = look(&mut lan, vec![plug(0, 1, &["10.0.0.250/24"])]);
    let node = lamp_at(&mut lan, 7);
    lan.run(ms(5_000));
    let group: SocketAddr = "239.255.255.250:1900".parse().unwrap();
    let said = lan.sent(node, Duration::ZERO).into_iter().map(|sent| sent.message());
    let alive = |message| if let Message::Alive(advert) = message { Some(advert) } else { None };
    let advert = said.into_iter().find_map(alive).unwrap();
    let source = "10.0.0.66:50000".parse().unwrap();
    for _ in 0..100 {
        lan.send_as(0, source, group, &write::byebye(group, &advert).into());
        lan.run(ms(100));
    }
    assert_eq!(entries(&lan, looker).len(), 1);
    assert!(!lan.nodes[looker].events.iter().any(|(_, event)| is_gone(event, 7)));
}

#[test]
fn twenty_find_each_other_in_ten_seconds_although_a_third_is_lost() {
    for seed in 0..20 {
        let delay = ms(0)..=ms(50);
        let mut lan = Lan::new(seed, Faults { loss_percent: 30, twice_percent: 5, delay });
        let nodes: Vec<usize> = (1..=20).map(|number| lamp_at(&mut lan, number)).collect();
        lan.run(ms(10_000));
        for node in nodes {
            assert_eq!(entries(&lan, node).len(), 19, "seed {seed}, node {node}");
        }
    }
}

#[test]
fn two_on_one_machine_find_each_other_and_not_themselves() {
    let mut lan = Lan::new(1, Faults::none());
    let mut plugs = [(); 2].map(|()| plug(0, 1, &["10.0.0.7/24"]));
    plugs[1].interface.own_port = 50_001;
    let nodes = [1, 2].map(|number| {
        let plug = plugs[usize::from(number) - 1].clone();
        join(&mut lan, number, vec![plug])
    });
    lan.run(ms(5_000));
    for (node, other) in [(nodes[0], 2), (nodes[1], 1)] {
        let entries = entries(&lan, node);
        assert_eq!((entries.len(), &entries[0].udn), (1, &udn(other)));
    }
    lan.input(nodes[0], Input::Stop);
    wait(&mut lan, nodes[1], ms(1_000), |event| is_gone(event, 1));
}

#[test]
fn a_device_on_two_networks_is_one_entry_with_the_location_of_each() {
    let mut lan = Lan::new(1, Faults::none());
    let both = |host: u8| {
        let (a, b) = (format!("10.0.0.{host}/24"), format!("192.168.5.{host}/24"));
        vec![plug(0, 1, &[&a]), plug(1, 2, &[&b])]
    };
    let looker = look(&mut lan, both(250));
    join(&mut lan, 7, both(7));
    lan.run(ms(5_000));
    let entries = entries(&lan, looker);
    assert_eq!(entries.len(), 1);
    let mut places: Vec<(u32, &str)> = entries[0]
        .places
        .iter()
        .map(|place| (place.interface, place.location.as_deref().unwrap()))
        .collect();
    places.sort_unstable();
    let expected = [
        (1, "http://10.0.0.7:8080/description.xml"),
        (2, "http://192.168.5.7:8080/description.xml"),
    ];
    assert_eq!(places, expected);
}

#[test]
fn who_gets_another_address_is_known_there_within_two_seconds() {
    let mut lan = Lan::new(1, Faults::none());
    let looker = look(&mut lan, vec![plug(0, 1, &["10.0.0.250/24"])]);
    let node = lamp_at(&mut lan, 7);
    lan.run(ms(10_000));
    lan.plug(node, vec![plug(0, 1, &["10.0.0.77/24"])]);
    lan.run(ms(2_000));
    let entries = entries(&lan, looker);
    let sources: Vec<String> =
        entries[0].places.iter().map(|place| place.source.to_string()).collect();
    assert_eq!(sources, ["10.0.0.77"]);
    assert!(!lan.nodes[looker].events.iter().any(|(_, event)| is_gone(event, 7)));
}

#[test]
fn a_link_that_comes_back_is_found_again_within_two_seconds() {
    let mut lan = Lan::new(1, Faults::none());
    let looker = look(&mut lan, vec![plug(0, 1, &["10.0.0.250/24"])]);
    let node = lamp_at(&mut lan, 7);
    lan.run(ms(10_000));
    lan.plug(node, Vec::new());
    lan.input(looker, Input::Check(udn(7)));
    lan.run(ms(2_000));
    assert_eq!(entries(&lan, looker).len(), 0);
    lan.plug(node, vec![plug(0, 1, &["10.0.0.7/24"])]);
    wait(&mut lan, looker, ms(2_000), |event| is_found(event, 7));
}

#[test]
fn what_is_heard_is_counted_by_interface() {
    let mut lan = Lan::new(1, Faults::none());
    let first = lamp_at(&mut lan, 7);
    lamp_at(&mut lan, 8);
    lan.run(ms(10_000));
    let stranger = "203.0.113.7:1900".parse().unwrap();
    let group = "239.255.255.250:1900".parse().unwrap();
    lan.send_as(0, stranger, group, &b"M-SEARCH * HTTP/1.1\r\n\r\n"[..].into());
    let neighbour = "10.0.0.9:1900".parse().unwrap();
    lan.send_as(0, neighbour, group, &b"nothing"[..].into());
    lan.send_as(0, neighbour, group, &vec![b'x'; 4_096].into());
    lan.run(ms(10));
    let counts = lan.nodes[first].engine.as_ref().unwrap().counts();
    let [(1, counts)] =
        counts.iter().map(|(index, counts)| (*index, *counts)).collect::<Vec<_>>()[..]
    else {
        panic!("{counts:?}")
    };
    let dropped = counts.dropped;
    assert_eq!((dropped.off_link, dropped.invalid, dropped.too_long), (1, 1, 1));
    // Three sets of four in two groups, from each; and two searches in each group.
    assert_eq!((counts.notifies, counts.searches), (24, 4));
    assert_eq!(counts.own, 24 + 4);
    assert!((1..=4).contains(&counts.answers_to_own) && counts.answers_to_ssdp == 0, "{counts:?}");
    lan.plug(first, Vec::new());
    assert!(lan.nodes[first].engine.as_ref().unwrap().counts().is_empty());
}

//! The table against everything that can be heard.

use std::net::IpAddr;

use hallway::identity::{Fingerprint, PublicIdentity};
use hallway::message::State;
use hallway::text::Name;
use hallway::time::Millis;
use ssdp::engine::{Entry, Event, Place};
use ssdp::interface::{Address as OurAddress, Interface};
use ssdp::target::{Target, Udn};

use super::*;
use crate::limits::PROBES_MAX;

const US: u8 = 200;

fn print(seed: u8) -> Fingerprint {
    PublicIdentity([seed; 32]).fingerprint()
}

fn udn(number: u16) -> Udn {
    Udn::parse(&format!("run-{number}")).unwrap()
}

fn at(socket: &str) -> SocketAddr {
    socket.parse().unwrap()
}

/// A device that says to be somebody: run, identity, name, port, where it was heard.
#[derive(Clone)]
struct Said {
    run: u16,
    identity: u8,
    kind: Kind,
    port: u16,
    state: State,
    heard: Vec<(u32, &'static str)>,
}

fn katie() -> Said {
    let (run, identity) = (1, 1);
    let kind = Kind::Person;
    Said { run, identity, kind, port: 5460, state: State::Available, heard: vec![(2, "10.0.0.7")] }
}

impl Said {
    fn entry(&self) -> Entry {
        let hints = Hints {
            port: self.port,
            state: self.state,
            fingerprint: print(self.identity),
            name: Name::parse("katie").unwrap(),
        };
        let place = |(interface, source): &(u32, &str)| Place {
            interface: *interface,
            source: source.parse().unwrap(),
            search_port: 50_000,
            location: None,
            boot_id: Some(1),
            hears_us: None,
        };
        Entry {
            udn: udn(self.run),
            targets: vec![Target::RootDevice, self.kind.device_type()],
            places: self.heard.iter().map(place).collect(),
            server: None,
            extra: vec![hints.field()],
        }
    }

    fn found(&self) -> Input {
        Input::Heard(Event::Found(self.entry()))
    }

    fn changed(&self) -> Input {
        Input::Heard(Event::Changed(self.entry()))
    }
}

/// A table on a machine with one interface.
struct World {
    table: Neighbours,
    now: Millis,
}

impl World {
    fn new() -> Self {
        let us = Us { udn: Some(udn(9999)), fingerprint: Some(print(US)) };
        let mut world = Self { table: Neighbours::new(us, [1; 32]), now: Millis(1_000) };
        let address = |ip: &str| OurAddress { ip: ip.parse().unwrap(), prefix: 24 };
        let eth0 = Interface {
            index: 2,
            name: "eth0".into(),
            addresses: vec![address("10.0.0.1"), address("fe80::1")],
            own_port: 50_000,
        };
        world.gives(Input::Interfaces(vec![eth0]));
        world
    }

    /// All that an input leads to.
    fn gives(&mut self, input: Input) -> Vec<Output> {
        self.table.handle(self.now, input);
        std::iter::from_fn(|| self.table.poll()).collect()
    }

    /// All that becomes due within a second.
    fn a_second_later(&mut self) -> Vec<Output> {
        self.now = self.now + Millis(1_000);
        self.gives(Input::Timer)
    }

    fn one(&self, run: u16) -> &Neighbour {
        self.table.get(&udn(run)).unwrap()
    }

    fn twins(&self) -> Vec<Option<Twin>> {
        self.table.all().iter().map(|one| one.twin).collect()
    }
}

fn found(outputs: &[Output]) -> Vec<u16> {
    let run = |output: &Output| {
        let Output::Change(Change::Found(one)) = output else { return None };
        one.udn.bare().strip_prefix("run-")?.parse().ok()
    };
    outputs.iter().filter_map(run).collect()
}

#[test]
fn who_announces_themselves_is_listed_as_they_say_and_where_they_were_heard() {
    let mut world = World::new();
    let said = Said { heard: vec![(2, "fe80::7"), (2, "10.0.0.7")], ..katie() };
    assert_eq!(found(&world.gives(said.found())), [1]);
    let one = world.one(1);
    assert_eq!((one.kind, one.name.as_str(), one.state), (Kind::Person, "katie", State::Available));
    assert_eq!((one.fingerprint, one.reach(), one.twin), (print(1), Reach::Unknown, None));
    let addresses: Vec<String> = one.addresses.iter().map(|one| one.socket.to_string()).collect();
    assert_eq!(addresses, ["10.0.0.7:5460", "[fe80::7%2]:5460"]);
    assert!(one.addresses.iter().all(|address| address.interface == "eth0"));
}

#[test]
fn our_own_run_is_never_listed() {
    let mut world = World::new();
    assert_eq!(world.gives(Said { run: 9999, ..katie() }.found()), []);
    assert!(world.table.all().is_empty());
}

#[test]
fn a_foreign_device_is_not_listed_whatever_types_it_claims() {
    let mut world = World::new();
    let mut silent = katie().entry();
    silent.extra.clear();
    let mut liar = katie().entry();
    liar.extra[0].1 = "5460 free me \u{1b}[2J".into();
    let mut double = katie().entry();
    double.targets.push(Kind::Community.device_type());
    let mut nowhere = katie().entry();
    nowhere.places.clear();
    let television = Entry { targets: vec![Target::RootDevice], ..katie().entry() };
    for entry in [silent, liar, double, nowhere, television] {
        assert_eq!(world.gives(Input::Heard(Event::Found(entry))), []);
    }
}

#[test]
fn who_becomes_a_liar_is_gone() {
    let mut world = World::new();
    world.gives(katie().found());
    let mut liar = katie().entry();
    liar.extra[0].1 = "80 free".into();
    let outputs = world.gives(Input::Heard(Event::Changed(liar)));
    assert!(matches!(outputs[..], [Output::Change(Change::Gone(_))]), "{outputs:?}");
}

#[test]
fn a_change_is_told_once_and_a_repetition_is_not() {
    let mut world = World::new();
    world.gives(katie().found());
    assert_eq!(world.gives(katie().changed()), []);
    let busy = Said { state: State::InChat, ..katie() };
    let outputs = world.gives(busy.changed());
    assert!(matches!(&outputs[..], [Output::Change(Change::Changed(one))]
        if one.state == State::InChat));
    let outputs = world.gives(Input::Heard(Event::Gone(udn(1))));
    assert!(matches!(outputs[..], [Output::Change(Change::Gone(_))]));
    assert_eq!(world.gives(Input::Heard(Event::Gone(udn(1)))), []);
}

#[test]
fn nobody_is_tried_while_nobody_looks() {
    let mut world = World::new();
    world.gives(katie().found());
    assert_eq!(world.table.deadline(), None);
    assert_eq!(world.a_second_later(), []);
    world.gives(Input::Look(true));
    assert_eq!(world.a_second_later(), [Output::Probe(udn(1), at("10.0.0.7:5460"))]);
    world.gives(Input::Probed(udn(1), at("10.0.0.7:5460"), Probed::Connected));
    assert_eq!(world.a_second_later(), []);
    world.now = world.now + PROBE_AGAIN;
    assert_eq!(world.a_second_later().len(), 1);
    world.gives(Input::Look(false));
    world.gives(Input::Probed(udn(1), at("10.0.0.7:5460"), Probed::Connected));
    assert_eq!(world.table.deadline(), None);
}

#[test]
fn who_does_not_answer_is_marked_and_ssdp_is_asked_to_check() {
    let mut world = World::new();
    world.gives(Input::Look(true));
    world.gives(katie().found());
    world.a_second_later();
    for probed in [Probed::Silent, Probed::Refused, Probed::Unreachable] {
        let outputs = world.gives(Input::Probed(udn(1), at("10.0.0.7:5460"), probed));
        assert!(outputs.contains(&Output::Check(udn(1))), "{outputs:?}");
        assert_eq!(world.one(1).reach(), Reach::NotReachable);
        world.now = world.now + PROBE_AGAIN;
        assert_eq!(world.a_second_later(), [Output::Probe(udn(1), at("10.0.0.7:5460"))]);
    }
    let outputs = world.gives(Input::Probed(udn(1), at("10.0.0.7:5460"), Probed::Connected));
    assert!(matches!(&outputs[..], [Output::Change(Change::Changed(one))]
        if one.reach() == Reach::Reachable));
}

#[test]
fn the_address_that_works_comes_first_and_one_that_works_is_enough() {
    let mut world = World::new();
    world.gives(Input::Look(true));
    world.gives(Said { heard: vec![(2, "10.0.0.7"), (2, "fe80::7")], ..katie() }.found());
    assert_eq!(world.a_second_later().len(), 2);
    world.gives(Input::Probed(udn(1), at("[fe80::7%2]:5460"), Probed::Connected));
    assert_eq!(world.one(1).socket(), Some(at("[fe80::7%2]:5460")));
    let outputs = world.gives(Input::Probed(udn(1), at("10.0.0.7:5460"), Probed::Silent));
    assert!(!outputs.contains(&Output::Check(udn(1))));
    assert_eq!(world.one(1).reach(), Reach::Reachable);
}

#[test]
fn never_more_than_a_few_are_tried_at_once() {
    let mut world = World::new();
    world.gives(Input::Look(true));
    let mut tried = Vec::new();
    for run in 0..20 {
        tried.extend(world.gives(Said { run, port: 6000 + run, ..katie() }.found()));
    }
    tried.extend(world.a_second_later());
    tried.retain(|output| matches!(output, Output::Probe(..)));
    let mut count = 0;
    while let Some(output) = tried.pop() {
        assert!(tried.len() < PROBES_MAX, "{tried:?}");
        let Output::Probe(udn, socket) = output else { continue };
        count += 1;
        assert!(tried.len() + 1 < PROBES_MAX || world.table.deadline().is_none());
        tried.extend(world.gives(Input::Probed(udn, socket, Probed::Connected)));
        tried.retain(|output| matches!(output, Output::Probe(..)));
    }
    assert_eq!(count, 20);
}

#[test]
fn somebody_who_asks_gets_an_answer_also_when_nobody_looks() {
    let mut world = World::new();
    world.gives(katie().found());
    let outputs = world.gives(Input::Probe(udn(1)));
    assert_eq!(outputs, [Output::Probe(udn(1), at("10.0.0.7:5460"))]);
    // It is under way.
    assert_eq!(world.gives(Input::Probe(udn(1))), []);
    assert_eq!(world.gives(Input::Probe(udn(2))), []);
}

#[test]
fn results_for_somebody_who_is_gone_or_moved_are_nothing() {
    let mut world = World::new();
    world.gives(Input::Look(true));
    world.gives(katie().found());
    world.a_second_later();
    let moved = Said { heard: vec![(2, "10.0.0.8")], ..katie() };
    world.gives(moved.changed());
    assert_eq!(world.gives(Input::Probed(udn(1), at("10.0.0.7:5460"), Probed::Silent)), []);
    assert_eq!(world.a_second_later(), [Output::Probe(udn(1), at("10.0.0.8:5460"))]);
    world.gives(Input::Heard(Event::Gone(udn(1))));
    assert_eq!(world.gives(Input::Probed(udn(1), at("10.0.0.8:5460"), Probed::Silent)), []);
    assert_eq!(world.table.deadline(), None);
}

#[test]
fn two_machines_with_one_identity_are_both_listed_and_both_marked() {
    let mut world = World::new();
    world.gives(katie().found());
    let copy = Said { run: 2, heard: vec![(2, "10.0.0.8")], ..katie() };
    let outputs = world.gives(copy.found());
    assert_eq!((found(&outputs), outputs.len()), (vec![2], 2));
    assert_eq!(world.twins(), [Some(Twin::OfNeighbour); 2]);
    // One leaves: the other is told of as a change.
    let outputs = world.gives(Input::Heard(Event::Gone(udn(1))));
    assert_eq!(outputs.len(), 2);
    assert_eq!(world.twins(), [None]);
}

#[test]
fn two_programs_of_one_person_on_one_machine_are_no_warning() {
    let mut world = World::new();
    world.gives(Said { heard: vec![(2, "10.0.0.7"), (2, "fe80::7")], ..katie() }.found());
    world.gives(Said { run: 2, port: 5461, heard: vec![(2, "fe80::7")], ..katie() }.found());
    assert_eq!(world.twins(), [None, None]);
    // Known by one family only, each by another: nothing follows.
    world.gives(Said { heard: vec![(2, "10.0.0.7")], ..katie() }.changed());
    assert_eq!(world.twins(), [None, None]);
}

#[test]
fn our_identity_is_a_warning_elsewhere_and_none_on_our_own_machine() {
    let mut world = World::new();
    let ours = Said { identity: US, ..katie() };
    world.gives(Said { heard: vec![(2, "10.0.0.1")], ..ours.clone() }.found());
    assert_eq!(world.twins(), [None]);
    world.gives(Said { run: 2, heard: vec![(2, "10.0.0.8")], ..ours }.found());
    assert_eq!(world.one(2).twin, Some(Twin::OfUs));
    assert_eq!(world.one(1).twin, Some(Twin::OfNeighbour));
}

#[test]
fn who_proved_to_be_there_is_kept_and_nobody_else_for_it() {
    let mut world = World::new();
    world.gives(katie().found());
    world.gives(Said { run: 2, heard: vec![(2, "10.0.0.8")], ..katie() }.found());
    let from = |ip: &str| ip.parse::<IpAddr>().unwrap();
    let outputs = world.gives(Input::Verified(print(1), from("10.0.0.8")));
    assert_eq!(outputs, [Output::Verified(udn(2))]);
    assert_eq!(world.gives(Input::Verified(print(2), from("10.0.0.8"))), []);
}

#[test]
fn a_flood_of_neighbours_is_bounded() {
    let mut world = World::new();
    for run in 0..1000 {
        world.gives(Said { run, port: 5460, ..katie() }.found());
    }
    assert_eq!(world.table.all().len(), NEIGHBOURS_MAX);
    let known = Said { run: 1, state: State::InChat, ..katie() };
    assert_eq!(world.gives(known.changed()).len(), 1);
}

#[test]
fn one_source_on_two_interfaces_is_one_address() {
    let mut world = World::new();
    let mut wlan0 = world.table.interfaces.clone();
    wlan0.extend(wlan0.clone().into_iter().map(|eth0| Interface { index: 3, ..eth0 }));
    world.gives(Input::Interfaces(wlan0));
    world.gives(Said { heard: vec![(3, "10.0.0.7"), (2, "10.0.0.7")], ..katie() }.found());
    assert_eq!(world.one(1).addresses.len(), 1);
}

#[test]
fn a_number_keeps_its_meaning_until_the_list_is_shown_anew() {
    let mut world = World::new();
    for run in [1, 2] {
        world.gives(Said { run, ..katie() }.found());
    }
    let mut numbered = Numbered::default();
    let numbers: Vec<usize> = numbered.anew(&world.table).iter().map(|(at, _)| *at).collect();
    assert_eq!(numbers, [1, 2]);

    world.gives(Input::Heard(Event::Gone(udn(1))));
    // It would be the first of a new list.
    world.gives(Said { run: 0, ..katie() }.found());
    assert_eq!(numbered.number(&udn(0)), Some(3));
    assert_eq!(numbered.number(&udn(2)), Some(2));
    assert_eq!(numbered.pick(1), Some(&udn(1)));
    assert_eq!(numbered.pick(3), Some(&udn(0)));
    assert_eq!((numbered.pick(0), numbered.pick(4)), (None, None));

    let anew: Vec<Udn> =
        numbered.anew(&world.table).iter().map(|(_, one)| one.udn.clone()).collect();
    assert_eq!(anew, [udn(0), udn(2)]);
    assert_eq!(numbered.pick(1), Some(&udn(0)));
}

#[test]
fn communities_come_after_people() {
    let mut world = World::new();
    world.gives(Said { kind: Kind::Community, identity: 2, ..katie() }.found());
    world.gives(Said { run: 2, ..katie() }.found());
    let kinds: Vec<Kind> = world.table.all().iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [Kind::Person, Kind::Community]);
}

#[test]
fn nobody_can_have_us_connect_to_a_stranger_or_to_a_service_of_a_machine() {
    let mut world = World::new();
    world.gives(Input::Look(true));
    for source in ["203.0.113.7", "2001:db8::7", "127.0.0.1", "::1"] {
        assert_eq!(world.gives(Said { heard: vec![(2, source)], ..katie() }.found()), []);
    }
    // An interface that we do not know.
    assert_eq!(world.gives(Said { heard: vec![(7, "10.0.0.7")], ..katie() }.found()), []);
    assert_eq!(found(&world.gives(Said { port: 25, ..katie() }.found())), [1]);
    assert_eq!(world.a_second_later(), []);
}

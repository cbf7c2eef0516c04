//! Which socket hears what, on real sockets.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::support::{Host, PATIENCE, ip, is_alone, used, wait_for};
use mio::{Events, Poll};
use ssdp::candidates::Candidate;
use ssdp::engine::{Datagram, Port, Way};
use ssdp::interface::{Family, Interface, SSDP_PORT};
use ssdp::limits::{DATAGRAM_BYTES_MAX, OWN_PORTS, SSDP_PORT_KEPT};
use ssdp::shell::sockets::Sockets;

/// Makes a cable whose near end has addresses that can be used at once.
fn cable(near: &str, far: &str, number: u8) {
    for step in [
        format!("link add {near} type veth peer name {far}"),
        format!("link set {near} addrgenmode none"),
        format!("link set {far} addrgenmode none"),
        format!("addr add 10.9.{number}.1/24 dev {near}"),
        format!("addr add fe80::{number}:1/64 dev {near} nodad"),
        format!("addr add fd00:{number}::1/64 dev {near} nodad"),
        format!("link set {near} up"),
        format!("link set {far} up"),
    ] {
        ip(&step);
    }
    wait_for(near);
}

/// A program with its sockets.
struct Program {
    poll: Poll,
    sockets: Sockets,
}

/// What came: interface, way, text.
type Heard = (u32, Way, String);

impl Program {
    /// One that announces a device.
    fn new(seed: u64, only: &[&str]) -> Self {
        Self::that(true, seed, only)
    }

    fn that(announces: bool, seed: u64, only: &[&str]) -> Self {
        let poll = Poll::new().unwrap();
        let sockets = Sockets::new(poll.registry().try_clone().unwrap(), 0, seed, announces);
        let mut program = Self { poll, sockets };
        program.update(only);
        program
    }

    fn update(&mut self, only: &[&str]) {
        self.use_these(&used(only));
    }

    /// Tries until nothing is missing: a child that another test is just starting holds for a
    /// moment what this process has closed.
    fn recover(&mut self) {
        let begun = Instant::now();
        while self.sockets.has_trouble() {
            assert!(begun.elapsed() < PATIENCE, "{:?}", self.sockets.troubles());
            self.update(&["e0"]);
        }
    }

    fn use_these(&mut self, used: &[Candidate]) {
        self.sockets.update(Duration::ZERO, used.iter());
    }

    fn interface(&self, name: &str) -> Interface {
        let interfaces = self.sockets.interfaces();
        let found = interfaces.iter().find(|interface| interface.name == name);
        found.unwrap_or_else(|| panic!("{name} is not in {interfaces:?}")).clone()
    }

    fn send(&mut self, through: u32, from: Port, to: SocketAddr, text: &str) {
        let bytes = text.as_bytes().to_vec();
        self.sockets.send(Duration::ZERO, &Datagram { interface: through, to, from, bytes });
        let traffic = self.sockets.traffic(through).unwrap();
        assert_eq!(traffic.failed, 0, "{to}: {:?}", traffic.last_failure);
    }

    /// Waits for `count` datagrams, and takes what else is there by then.
    fn hear(&mut self, count: usize) -> Vec<Heard> {
        let mut heard = Vec::new();
        let mut events = Events::with_capacity(64);
        loop {
            let enough = heard.len() >= count;
            let patience = if enough { Duration::ZERO } else { PATIENCE };
            self.poll.poll(&mut events, Some(patience)).unwrap();
            if events.is_empty() {
                heard.sort_by_key(|(interface, way, text): &Heard| {
                    (*interface, text.clone(), format!("{way:?}"))
                });
                return heard;
            }
            for event in &events {
                let mut buffer = [0; DATAGRAM_BYTES_MAX + 1];
                while let Ok(received) =
                    self.sockets.receive(Duration::ZERO, event.token(), &mut buffer)
                {
                    let (arrival, length) = received.expect("from a neighbour");
                    let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                    heard.push((arrival.interface, arrival.by, text));
                }
            }
        }
    }
}

#[test]
fn each_group_is_heard_once_and_on_the_interface_it_was_sent_through() {
    if !is_alone() {
        return;
    }
    cable("e0", "f0", 0);
    cable("e1", "f1", 1);
    let mut one = Program::new(1, &["e0", "e1"]);
    let mut other = Program::new(2, &["e0", "e1"]);
    for name in ["e0", "e1"] {
        let through = one.interface(name);
        assert_eq!(through.groups().len(), 3, "{through:?}");
        for from in [Port::Own, Port::Ssdp] {
            for (group, _) in through.groups() {
                let text = format!("{name} {from:?} {group}");
                one.send(through.index, from, group, &text);
                let expected = [(through.index, Way::Multicast, text)];
                assert_eq!(other.hear(1), expected);
                // Ours too: there may be several of us on one machine.
                assert_eq!(one.hear(1), expected);
            }
        }
    }
}

#[test]
fn what_one_program_sends_to_another_on_the_same_machine_arrives_where_it_was_sent() {
    if !is_alone() {
        return;
    }
    cable("e0", "f0", 0);
    cable("e1", "f1", 1);
    let mut one = Program::new(1, &["e0", "e1"]);
    // The last to come on port 1900 gets what is sent there.
    let mut other = Program::new(2, &["e0", "e1"]);
    for name in ["e0", "e1"] {
        let interface = other.interface(name);
        assert!(OWN_PORTS.contains(&interface.own_port));
        assert_ne!(interface.own_port, one.interface(name).own_port);
        for address in &interface.addresses {
            let ports = [(SSDP_PORT, Port::Ssdp), (interface.own_port, Port::Own)];
            for (port, reached) in ports {
                let mut to = SocketAddr::new(address.ip, port);
                if let SocketAddr::V6(v6) = &mut to {
                    v6.set_scope_id(interface.index);
                }
                one.send(interface.index, Port::Own, to, "hello");
                let expected = [(interface.index, Way::Unicast(reached), "hello".to_owned())];
                assert_eq!(other.hear(1), expected, "{to}");
            }
        }
    }
    assert_eq!(one.hear(0), []);
}

#[test]
fn who_announces_nothing_has_port_1900_only_while_answers_may_come() {
    if !is_alone() {
        return;
    }
    cable("e0", "f0", 0);
    let mut device = Program::new(1, &["e0"]);
    // The last to come on port 1900 gets what is sent there.
    let mut listener = Program::that(false, 2, &["e0"]);
    let e0 = device.interface("e0").index;
    let unicast = |text: &str| [(e0, Way::Unicast(Port::Ssdp), text.to_owned())];
    for to in ["10.9.0.1:1900", "[fd00::1]:1900"] {
        let to: SocketAddr = to.parse().unwrap();
        device.send(e0, Port::Own, to, "search");
        assert_eq!(device.hear(1), unicast("search"), "{to}");
    }

    let (group, _) = listener.interface("e0").groups()[0];
    listener.send(e0, Port::Ssdp, group, "search from 1900");
    assert_eq!((device.hear(1).len(), listener.hear(1).len()), (1, 1));
    assert_eq!(listener.sockets.deadline(), Some(SSDP_PORT_KEPT));
    listener.sockets.release(SSDP_PORT_KEPT - Duration::from_millis(1));
    let to = "10.9.0.1:1900".parse().unwrap();
    device.send(e0, Port::Own, to, "answer");
    assert_eq!(listener.hear(1), unicast("answer"));

    listener.sockets.release(SSDP_PORT_KEPT);
    assert_eq!(listener.sockets.deadline(), None);
    device.send(e0, Port::Own, to, "search");
    assert_eq!(device.hear(1), unicast("search"));
    assert_eq!(device.sockets.deadline(), None);
}

#[test]
fn of_two_networks_with_the_same_numbers_the_right_one_is_sent_to() {
    if !is_alone() {
        return;
    }
    // Two houses, both 10.9.7.0/24, and in each of them somebody at 10.9.7.2.
    let houses = [("e0", "10.9.7.1"), ("e1", "10.9.7.3")].map(|(near, ours)| {
        let house = Host::new(near);
        house.ip("addr add 10.9.7.2/24 dev eth0");
        house.ip("link set eth0 up");
        ip(&format!("addr add {ours}/24 dev {near}"));
        wait_for(near);
        let socket = house.run(|| UdpSocket::bind("10.9.7.2:5000").unwrap());
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        (near, ours.parse::<IpAddr>().unwrap(), socket, house)
    });
    let mut program = Program::new(1, &["e0", "e1"]);
    for (near, ours, socket, _house) in houses {
        let index = program.interface(near).index;
        program.send(index, Port::Own, "10.9.7.2:5000".parse().unwrap(), near);
        let mut buffer = [0; 100];
        let (length, source) = socket.recv_from(&mut buffer).unwrap();
        assert_eq!((&buffer[..length], source.ip()), (near.as_bytes(), ours));
    }
}

#[test]
fn the_programs_of_a_machine_without_a_network_hear_each_other() {
    if !is_alone() {
        return;
    }
    let mut one = Program::new(1, &[]);
    let mut other = Program::new(2, &[]);
    let lo = one.interface("lo");
    let [(group, ip)] = lo.groups()[..] else { panic!("{:?}", lo.groups()) };
    assert_eq!(ip, IpAddr::from([127, 0, 0, 1]));
    one.send(lo.index, Port::Own, group, "hello");
    assert_eq!(other.hear(1), [(lo.index, Way::Multicast, "hello".to_owned())]);
    let back = SocketAddr::new(ip, lo.own_port);
    other.send(lo.index, Port::Own, back, "answer");
    let heard = one.hear(2);
    assert!(heard.contains(&(lo.index, Way::Unicast(Port::Own), "answer".to_owned())), "{heard:?}");
}

#[test]
fn where_another_program_holds_port_1900_the_rest_goes_on_and_it_is_tried_again() {
    if !is_alone() {
        return;
    }
    cable("e0", "f0", 0);
    let holder = UdpSocket::bind("0.0.0.0:1900").unwrap();
    let mut program = Program::new(1, &["e0"]);
    let e0 = program.interface("e0");
    let troubles = program.sockets.traffic(e0.index).unwrap().troubles.clone();
    let words: Vec<String> =
        troubles.iter().chain(program.sockets.troubles()).map(ToString::to_string).collect();
    let expected = [
        "cannot hear the group 239.255.255.250: Address already in use (os error 98)",
        "cannot have port 1900 for IPv4: Address already in use (os error 98)",
    ];
    assert_eq!(words, expected);

    // It can still speak, to the group and from the port that cannot be had.
    let mut other = Program::new(2, &["e0"]);
    drop(holder);
    other.recover();
    for from in [Port::Own, Port::Ssdp] {
        program.send(e0.index, from, e0.groups()[0].0, "hello");
        assert_eq!(other.hear(1), [(e0.index, Way::Multicast, "hello".to_owned())]);
    }

    program.recover();
    assert_eq!(program.interface("e0"), e0, "the same port");
    other.send(e0.index, Port::Own, e0.groups()[0].0, "welcome");
    assert_eq!(program.hear(1), [(e0.index, Way::Multicast, "welcome".to_owned())]);
}

#[test]
fn an_interface_that_is_gone_again_is_skipped_and_the_others_go_on() {
    if !is_alone() {
        return;
    }
    cable("e0", "f0", 0);
    let mut candidates = used(&["e0"]);
    let gone = Candidate { index: 4711, name: "gone0".into(), ..candidates[0].clone() };
    candidates.push(gone);
    let mut program = Program::new(1, &[]);
    program.use_these(&candidates);
    assert!(program.sockets.has_trouble());
    assert!(!program.sockets.traffic(4711).unwrap().troubles.is_empty());
    let e0 = program.interface("e0");
    program.send(e0.index, Port::Own, e0.groups()[0].0, "hello");
    assert_eq!(program.hear(1), [(e0.index, Way::Multicast, "hello".to_owned())]);
}

#[test]
fn an_interface_with_another_address_keeps_its_port_and_speaks_from_the_new_one() {
    if !is_alone() {
        return;
    }
    cable("e0", "f0", 0);
    let mut program = Program::new(1, &["e0"]);
    let before = program.interface("e0");
    ip("addr del 10.9.0.1/24 dev e0");
    ip("addr add 10.9.8.1/24 dev e0");
    program.update(&["e0"]);
    let after = program.interface("e0");
    assert_eq!(after.own_port, before.own_port);
    assert_eq!(after.address(Family::V4), Some(IpAddr::from([10, 9, 8, 1])));
    program.send(after.index, Port::Own, after.groups()[0].0, "hello");
    assert_eq!(program.hear(1), [(after.index, Way::Multicast, "hello".to_owned())]);
}

#[test]
fn a_datagram_that_is_too_long_fills_the_buffer() {
    if !is_alone() {
        return;
    }
    let mut program = Program::new(1, &["lo"]);
    let lo = program.interface("lo");
    let to = SocketAddr::new(IpAddr::from([127, 0, 0, 1]), lo.own_port);
    program.send(lo.index, Port::Own, to, &"x".repeat(60_000));
    program.send(lo.index, Port::Own, to, &"y".repeat(DATAGRAM_BYTES_MAX));
    let lengths: Vec<usize> = program.hear(2).iter().map(|(_, _, text)| text.len()).collect();
    assert_eq!(lengths, [DATAGRAM_BYTES_MAX + 1, DATAGRAM_BYTES_MAX]);
}

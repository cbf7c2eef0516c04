//! UDP on the virtual LAN: datagrams are lost, doubled, late, cut short and garbled, each copy by
//! itself.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ssdp::engine::{Datagram, Port, Way};
use ssdp::interface::{Interface, SSDP_PORT};
use ssdp::limits::{MAX_AGE, MAX_AGE_HEARD};
use ssdp::message::{Message, read};
use ssdp::target::Udn;

use crate::dice::Dice;
use crate::facts::Fact;
use crate::host::{HostId, Role};
use crate::world::{Event, Life, World};

/// How bad the network is to datagrams. Chances are of a thousand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    pub lost: u64,
    pub doubled: u64,
    pub cut_short: u64,
    pub garbled: u64,
    /// Most milliseconds on the way; who is faster overtakes.
    pub delay: u64,
}

impl Weather {
    pub fn draw(dice: &mut Dice, delay: u64) -> Self {
        let mut chance = |most: &[u64]| most[dice.index(most.len())];
        Self {
            lost: chance(&[0, 50, 300]),
            doubled: chance(&[0, 50, 300]),
            cut_short: chance(&[0, 20, 200]),
            garbled: chance(&[0, 20, 200]),
            delay,
        }
    }

    /// What becomes of one datagram on its way to one listener: each copy, with its delay.
    pub fn carry(self, bytes: &[u8], dice: &mut Dice) -> Vec<(u64, Vec<u8>)> {
        let copies =
            if dice.chance(self.lost) { 0 } else { 1 + u64::from(dice.chance(self.doubled)) };
        let mut copy = || {
            let mut bytes = bytes.to_vec();
            if dice.chance(self.cut_short) {
                bytes.truncate(dice.index(bytes.len().max(1)));
            }
            if dice.chance(self.garbled) && !bytes.is_empty() {
                let at = dice.index(bytes.len());
                bytes[at] = dice.next() as u8;
            }
            (1 + dice.below(self.delay), bytes)
        };
        (0..copies).map(|_| copy()).collect()
    }
}

/// A datagram on its way to one machine.
#[derive(Clone)]
pub struct Flight {
    /// Whose wire it came from, whatever its source says.
    pub from: HostId,
    pub target: HostId,
    pub source: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
    /// Who is there, according to it, and for how many milliseconds.
    pub says: Option<(Udn, u64)>,
}

/// What a datagram says, if it says that somebody is there.
fn says(bytes: &[u8]) -> Option<(Udn, u64)> {
    let Ok(Message::Alive(advert) | Message::Answer(advert) | Message::Update(advert)) =
        read(bytes)
    else {
        return None;
    };
    let (least, most) = (MAX_AGE_HEARD.0.as_secs(), MAX_AGE_HEARD.1.as_secs());
    let age = advert.max_age.map_or(MAX_AGE.as_secs(), |age| u64::from(age).clamp(least, most));
    Some((advert.usn.udn, age * 1_000))
}

impl World {
    /// A program sends a datagram through its interface.
    pub fn cast(&mut self, from: HostId, interface: &Interface, datagram: Datagram) {
        let Datagram { to, from: port, bytes, .. } = datagram;
        let at = self.hosts[from].run(from);
        self.facts.push(Fact::Cast { at, to });
        let groups = interface.groups();
        let group = groups.iter().find(|(group, _)| group.ip() == to.ip()).map(|(_, ours)| *ours);
        let near = interface.addresses.iter().find(|ours| ours.shares_network(to.ip()));
        let Some(ip) = group.or(near.map(|ours| ours.ip)) else { return };
        let port = if port == Port::Own { interface.own_port } else { SSDP_PORT };
        let source = SocketAddr::new(ip, port);
        self.history.absorb(&bytes);
        self.attack.overhear(source, to, &bytes);
        self.put_on_the_wire(from, source, to, &bytes);
    }

    /// A datagram with any source, true or not, goes to whom it is for.
    pub fn put_on_the_wire(
        &mut self,
        from: HostId,
        source: SocketAddr,
        to: SocketAddr,
        bytes: &[u8],
    ) {
        let plainly = says(bytes);
        for target in 0..self.hosts.len() {
            let host = &self.hosts[target];
            let is_for = to.ip().is_multicast() || host.ips().contains(&to.ip());
            if !is_for || host.role == Role::Attacker || self.is_cut(from, target) {
                continue;
            }
            for (delay, copy) in self.swarm.weather.carry(bytes, &mut self.dice) {
                let says = if copy == bytes { plainly.clone() } else { says(&copy) };
                let flight = Flight { from, target, source, to, bytes: copy, says };
                self.plan(self.now + delay, Event::Datagram(Box::new(flight)));
            }
        }
    }

    /// It is there, if nothing has come between.
    pub fn datagram(&mut self, flight: &Flight) {
        if self.is_cut(flight.from, flight.target) {
            return;
        }
        self.with(flight.target, |world, running| {
            world.hears(flight, running);
            Life::Alive
        });
    }
}

/// How a datagram to there comes in at an interface, if at all.
pub fn way(interface: &Interface, to: SocketAddr) -> Option<Way> {
    if to.ip().is_multicast() {
        let mut groups = interface.groups().into_iter();
        let is_member = groups.any(|(group, _)| group.ip() == to.ip());
        return (is_member && to.port() == SSDP_PORT).then_some(Way::Multicast);
    }
    match to.port() {
        _ if !interface.has(to.ip()) => None,
        SSDP_PORT => Some(Way::Unicast(Port::Ssdp)),
        port => (port == interface.own_port).then_some(Way::Unicast(Port::Own)),
    }
}

/// The link-local address of that machine.
pub fn link_local(number: u8) -> IpAddr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number.into()).into()
}

#[test]
fn datagrams_are_lost_doubled_overtaken_cut_short_and_garbled() {
    let weather = Weather { lost: 200, doubled: 200, cut_short: 200, garbled: 200, delay: 50 };
    let mut dice = Dice::new(1);
    let sent: Vec<u8> = (0..100).collect();
    let carried: Vec<_> = (0..1_000).map(|_| weather.carry(&sent, &mut dice)).collect();
    for copies in 0..3 {
        let count = carried.iter().filter(|got| got.len() == copies).count();
        assert!(count > 100, "{copies} copies: {count}");
    }
    let all: Vec<_> = carried.into_iter().flatten().collect();
    let differ = |got: &[u8]| sent.iter().zip(got).filter(|(sent, got)| sent != got).count();
    assert!(all.iter().all(|(delay, got)| (1..=50).contains(delay) && differ(got) <= 1));
    assert!(all.iter().filter(|(_, got)| differ(got) == 1).count() > 100);
    assert!(all.iter().filter(|(_, got)| got.len() < sent.len()).count() > 100);
    assert!(all.windows(2).any(|two| two[0].0 > two[1].0 + 1), "one overtakes another");
}

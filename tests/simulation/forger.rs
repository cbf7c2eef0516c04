//! Somebody hostile who speaks SSDP: forges, replays and floods, under any source.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use discovery::kind::Kind;
use ssdp::interface::{GROUP_V4, SSDP_PORT};
use ssdp::target::Udn;

use crate::attacker::Attack;
use crate::host::HostId;
use crate::world::World;

/// What attackers have heard: source, target and bytes of datagrams.
pub type Overheard = VecDeque<(SocketAddr, SocketAddr, Vec<u8>)>;

const OVERHEARD_MAX: usize = 64;
/// The longest list is full with these.
const FLOOD_MAX: u64 = 600;

impl Attack {
    pub fn overhear(&mut self, source: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        if self.overheard.len() == OVERHEARD_MAX {
            self.overheard.pop_front();
        }
        self.overheard.push_back((source, to, bytes.to_vec()));
    }
}

impl World {
    /// Sends something that no honest program would send there.
    pub fn forge_datagrams(&mut self, me: HostId) {
        let source = self.any_source(me);
        match self.dice.below(16) {
            0..=4 => self.replay(me, source),
            5..=7 => {
                let udn = self.known_udn();
                let nt = Kind::Person.device_type().to_string();
                let bytes = notify("ssdp:byebye", &nt, &udn, "");
                self.put_on_the_wire(me, source, group(), &bytes);
            }
            8..=12 => {
                let bytes = self.forged_alive();
                self.put_on_the_wire(me, source, group(), &bytes);
            }
            13 => {
                for _ in 0..self.dice.between(20, FLOOD_MAX) {
                    let (source, bytes) = (self.any_source(me), self.forged_alive());
                    self.put_on_the_wire(me, source, group(), &bytes);
                }
            }
            14 => {
                let search = "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\
                    MAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n";
                for _ in 0..self.dice.between(20, FLOOD_MAX) {
                    let source = self.any_source(me);
                    self.put_on_the_wire(me, source, group(), search.as_bytes());
                }
            }
            _ => {
                let len = self.dice.index(4_000);
                let bytes = self.dice.bytes(len);
                self.put_on_the_wire(me, source, group(), &bytes);
            }
        }
    }

    /// Says again what somebody has said, to all or to whom it was for; sometimes with a change.
    fn replay(&mut self, me: HostId, source: SocketAddr) {
        let count = self.attack.overheard.len();
        let Some((truly, to, mut bytes)) =
            self.attack.overheard.get(self.dice.index(count.max(1))).cloned()
        else {
            return;
        };
        if self.dice.chance(300) {
            let at = self.dice.index(bytes.len());
            bytes[at] = self.dice.next() as u8;
        }
        let source = if self.dice.chance(500) { truly } else { source };
        let to = if self.dice.chance(500) { to } else { group() };
        self.put_on_the_wire(me, source, to, &bytes);
    }

    /// Its own, a victim's, or one that no neighbour can have.
    fn any_source(&mut self, me: HostId) -> SocketAddr {
        let victim = self.hosts[self.dice.index(self.hosts.len())].ip;
        let nobody = IpAddr::from([10, 0, 0, 20 + self.dice.below(200) as u8]);
        let odd = ["203.0.113.9", "10.0.0.255", "255.255.255.255", "0.0.0.0", "127.0.0.1"];
        let odd: IpAddr = self.dice.pick(&odd).parse().unwrap();
        let ip = [self.hosts[me].ip, victim, victim, nobody, nobody, odd][self.dice.index(6)];
        SocketAddr::new(ip, *[SSDP_PORT, 50_000, 1].get(self.dice.index(3)).unwrap())
    }

    /// The name of a program that runs, or has run.
    fn known_udn(&mut self) -> String {
        let said = |(_, _, bytes): &(SocketAddr, SocketAddr, Vec<u8>)| {
            let text = String::from_utf8_lossy(bytes);
            let (_, from) = text.split_once("USN: ")?;
            Some(from.split(['\r', ':']).take(2).collect::<Vec<_>>().join(":"))
        };
        let all: Vec<String> = self.attack.overheard.iter().filter_map(said).collect();
        match all.is_empty() {
            true => Udn::random([7; 16]).to_string(),
            false => all[self.dice.index(all.len())].clone(),
        }
    }

    /// Somebody says to be there, who is not, or is somebody else.
    fn forged_alive(&mut self) -> Vec<u8> {
        let is_known = self.dice.chance(300);
        let udn = match is_known {
            true => self.known_udn(),
            false => Udn::random(self.dice.bytes(16).try_into().unwrap()).to_string(),
        };
        let [person, community] = Kind::ALL.map(|kind| kind.device_type().to_string());
        let nt = self.dice.pick(&[person.as_str(), &person, &community, "upnp:rootdevice"]);
        // Who is dead shall not be kept for longer than they said themselves.
        let ages = ["1800", "60", "0", "-1", "99999999999", "86400"];
        let age = ages[self.dice.index(if is_known { 4 } else { ages.len() })];
        let names = [
            "katie",
            "bob",
            "\u{1b}[2J",
            "ka\u{202e}tie",
            "ka\u{200b}tie",
            "two words",
            "",
            "\u{9b}1m",
            "ka\u{7f}tie",
        ];
        let name = self.dice.pick(&names);
        let whose = self.hosts[self.dice.index(self.hosts.len())].fingerprint.to_string();
        let fingerprint = whose.replace('-', "");
        let port = self.dice.pick(&["5460", "25", "0", "65535", "-1"]);
        let state = self.dice.pick(&["free", "chat", "\u{7}"]);
        let more = format!(
            "CACHE-CONTROL: max-age={age}\r\nLOCATION: http://10.0.0.1:5510/d\r\n\
             SERVER: \u{1b}c UPnP/2.0 x/1\r\nBOOTID.UPNP.ORG: {}\r\n\
             SEARCHPORT.UPNP.ORG: {}\r\nWHO.HALLWAY.LOCAL: {port} {state} {fingerprint} {name}\r\n",
            self.dice.below(4),
            self.dice.between(49_000, 66_000),
        );
        notify("ssdp:alive", nt, &udn, &more)
    }
}

fn group() -> SocketAddr {
    SocketAddr::new(GROUP_V4.into(), SSDP_PORT)
}

fn notify(nts: &str, nt: &str, udn: &str, more: &str) -> Vec<u8> {
    format!(
        "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: {nt}\r\nNTS: {nts}\r\n\
         USN: {udn}::{nt}\r\n{more}\r\n"
    )
    .into_bytes()
}

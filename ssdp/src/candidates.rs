//! Which network interfaces are used, and why the others are not.

use std::fmt;
use std::net::IpAddr;

use crate::interface::{Address, Interface};

/// An interface of this machine, as the system describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The system's number for it.
    pub index: u32,
    /// The system's name for it.
    pub name: String,
    /// Its addresses that can be used now: none that the system still checks for duplicates.
    pub addresses: Vec<Address>,
    /// Switched on, and with a cable or a wireless network.
    pub up: bool,
    /// Can multicast.
    pub multicast: bool,
    /// Has one other end and no neighbours.
    pub point_to_point: bool,
    /// Leads back to this machine.
    pub loopback: bool,
}

/// What becomes of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// We announce, search and listen there.
    Used,
    /// We keep away from it.
    NotUsed(Why),
}

/// Why an interface is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Switched off or not connected.
    Down,
    /// Its driver does not multicast.
    NoMulticast,
    /// Only this machine is there.
    Loopback,
    /// A tunnel or another line with one other end.
    Tunnel,
    /// A bridge or a port of containers or virtual machines, by its name.
    Virtual,
    /// No address that can be used.
    NoAddress,
    /// Others were asked for by name.
    NotAskedFor,
}

/// Beginnings of the names that containers and virtual machines use. A plain bridge (`br0`,
/// `bridge0`) is not among them: real networks hang on those.
const VIRTUAL: [&str; 14] = [
    "docker", "veth", "br-", "virbr", "vnet", "vmnet", "vboxnet", "lxcbr", "lxdbr", "podman",
    "cni", "flannel", "cali", "incusbr",
];
/// Beginnings of the names of tunnels; `awdl` and `llw` are Apple's links between two devices.
const TUNNELS: [&str; 13] = [
    "tun",
    "tap",
    "wg",
    "tailscale",
    "zt",
    "utun",
    "ppp",
    "ipsec",
    "gif",
    "stf",
    "sit",
    "awdl",
    "llw",
];

/// Decides about each. `only` names the interfaces to use, whatever they are, as long as they are
/// up and have an address; where it is empty the rules decide, and where they leave nothing the
/// loopback is used, so that the programs of one machine at least find each other.
pub fn choose(candidates: Vec<Candidate>, only: &[String]) -> Vec<(Candidate, Verdict)> {
    let decide = |candidate: Candidate| {
        let why = if only.is_empty() {
            candidate.nature().or_else(|| candidate.state())
        } else if only.contains(&candidate.name) {
            candidate.state()
        } else {
            Some(Why::NotAskedFor)
        };
        (candidate, why.map_or(Verdict::Used, Verdict::NotUsed))
    };
    let mut decided: Vec<(Candidate, Verdict)> = candidates.into_iter().map(decide).collect();
    let nothing = !decided.iter().any(|(_, verdict)| *verdict == Verdict::Used);
    if nothing && only.is_empty() {
        for (candidate, verdict) in &mut decided {
            if candidate.loopback && candidate.state().is_none() {
                *verdict = Verdict::Used;
            }
        }
    }
    decided
}

impl Candidate {
    /// What the engine is told of it, with the port of our own sockets there.
    pub fn interface(&self, own_port: u16) -> Interface {
        let mut addresses = self.addresses.clone();
        // No system has a route for IPv6 multicast on its loopback.
        addresses.retain(|address| address.ip.is_ipv4() || !self.loopback);
        Interface { index: self.index, name: self.name.clone(), addresses, own_port }
    }

    /// Whether that address is its own.
    pub fn has(&self, ip: IpAddr) -> bool {
        self.addresses.iter().any(|address| address.ip == ip)
    }

    /// Forgets all other addresses.
    pub fn keep_only(&mut self, ip: IpAddr) {
        self.addresses.retain(|address| address.ip == ip);
    }

    /// What speaks against it as long as it exists.
    fn nature(&self) -> Option<Why> {
        let named =
            |beginnings: &[&str]| beginnings.iter().any(|start| self.name.starts_with(start));
        if self.loopback {
            Some(Why::Loopback)
        } else if self.point_to_point || named(&TUNNELS) {
            Some(Why::Tunnel)
        } else if named(&VIRTUAL) {
            Some(Why::Virtual)
        } else if !self.multicast {
            Some(Why::NoMulticast)
        } else {
            None
        }
    }

    /// What speaks against it now.
    fn state(&self) -> Option<Why> {
        if !self.up {
            Some(Why::Down)
        } else if self.addresses.is_empty() {
            Some(Why::NoAddress)
        } else {
            None
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Down => "switched off or not connected",
            Self::NoMulticast => "cannot multicast",
            Self::Loopback => "loopback: only this machine is there",
            Self::Tunnel => "tunnel or point-to-point link",
            Self::Virtual => "bridge or port of containers or virtual machines",
            Self::NoAddress => "no address",
            Self::NotAskedFor => "not asked for",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(name: &str) -> Candidate {
        Candidate {
            index: 1,
            name: name.into(),
            addresses: vec![Address { ip: "10.0.0.7".parse().unwrap(), prefix: 24 }],
            up: true,
            multicast: true,
            point_to_point: false,
            loopback: name == "lo",
        }
    }

    fn verdicts(candidates: &[Candidate], only: &[&str]) -> Vec<Verdict> {
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        choose(candidates.to_vec(), &only).into_iter().map(|(_, verdict)| verdict).collect()
    }

    #[test]
    fn real_networks_are_used_and_virtual_ones_are_not() {
        let real = ["eth0", "wlan0", "en0", "enp3s0", "br0", "bridge0", "bond0", "wlx00"];
        for name in real {
            assert_eq!(verdicts(&[candidate(name)], &[]), [Verdict::Used], "{name}");
        }
        let bridges = ["docker0", "veth12", "br-1f00", "virbr0", "vmnet8", "vboxnet0"];
        let tunnels = ["tun0", "tap0", "wg0", "tailscale0", "ztabc", "utun3"];
        let virtual_ones = bridges.map(|name| (name, Why::Virtual));
        for (name, why) in virtual_ones.into_iter().chain(tunnels.map(|name| (name, Why::Tunnel))) {
            let found = verdicts(&[candidate(name)], &[]);
            assert_eq!(found, [Verdict::NotUsed(why)], "{name}");
        }
    }

    #[test]
    fn each_reason_is_told() {
        let eth0 = candidate("eth0");
        let with = |change: fn(&mut Candidate)| {
            let mut changed = eth0.clone();
            change(&mut changed);
            verdicts(&[changed], &[])
        };
        let not = |why| [Verdict::NotUsed(why)];
        assert_eq!(with(|c| c.up = false), not(Why::Down));
        assert_eq!(with(|c| c.multicast = false), not(Why::NoMulticast));
        assert_eq!(with(|c| c.point_to_point = true), not(Why::Tunnel));
        assert_eq!(with(|c| c.addresses.clear()), not(Why::NoAddress));
    }

    #[test]
    fn what_is_asked_for_by_name_is_used_whatever_it_is() {
        let mut wg0 = candidate("wg0");
        wg0.multicast = false;
        wg0.point_to_point = true;
        let mut docker0 = candidate("docker0");
        docker0.up = false;
        let all = [candidate("eth0"), candidate("lo"), wg0, docker0];
        let not = |why| Verdict::NotUsed(why);
        let (eth0, asked) = (not(Why::NotAskedFor), Verdict::Used);
        let found = verdicts(&all, &["lo", "wg0", "docker0"]);
        assert_eq!(found, [eth0, asked, asked, not(Why::Down)]);
        // Nothing takes the place of what does not exist.
        assert!(verdicts(&all, &["eth7"]).iter().all(|verdict| *verdict == eth0));
    }

    #[test]
    fn an_interface_without_our_only_address_is_not_used() {
        let address = |ip: &str| Address { ip: ip.parse().unwrap(), prefix: 24 };
        let mut eth0 = candidate("eth0");
        eth0.addresses = vec![address("fe80::7"), address("10.0.0.7"), address("10.0.1.7")];
        for (ip, verdict) in
            [("10.0.1.7", Verdict::Used), ("10.0.0.8", Verdict::NotUsed(Why::NoAddress))]
        {
            let mut kept = eth0.clone();
            kept.keep_only(ip.parse().unwrap());
            assert!(kept.addresses.iter().all(|kept| *kept == address(ip)));
            assert_eq!(verdicts(&[kept], &[]), [verdict]);
        }
    }

    #[test]
    fn the_loopback_is_used_where_nothing_else_is() {
        let (lo, mut eth0) = (candidate("lo"), candidate("eth0"));
        let unused = Verdict::NotUsed(Why::Loopback);
        assert_eq!(verdicts(&[lo.clone(), eth0.clone()], &[]), [unused, Verdict::Used]);
        eth0.up = false;
        let down = Verdict::NotUsed(Why::Down);
        assert_eq!(verdicts(&[lo, eth0], &[]), [Verdict::Used, down]);
    }

    #[test]
    fn the_loopback_is_used_with_ipv4_alone() {
        let mut lo = candidate("lo");
        lo.addresses.push(Address { ip: "::1".parse().unwrap(), prefix: 128 });
        assert_eq!(lo.interface(0).addresses.len(), 1);
        lo.loopback = false;
        assert_eq!(lo.interface(0).addresses.len(), 2);
    }
}

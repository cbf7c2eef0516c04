//! Network interfaces, as far as the engine knows them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// The port of SSDP.
pub const SSDP_PORT: u16 = 1900;
/// The group of SSDP in IPv4 (UDA 1.1.2).
pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
/// The group of SSDP on one link (UDA annex A).
pub const GROUP_LINK_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xc);
/// The group of SSDP on one site (UDA annex A).
pub const GROUP_SITE_V6: Ipv6Addr = Ipv6Addr::new(0xff05, 0, 0, 0, 0, 0, 0, 0xc);

/// One interface in use, with its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The system's number for it; what datagrams are labelled with.
    pub index: u32,
    /// The system's name for it.
    pub name: String,
    /// Its addresses, IPv4 and IPv6, link-local ones included.
    pub addresses: Vec<Address>,
    /// The port of our own sockets there: what we send from, and where unicast searches reach us
    /// even when several programs share 1900. Zero where there is none yet.
    pub own_port: u16,
}

/// An address and how many of its leading bits all neighbours share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Length of its network prefix in bits.
    pub prefix: u8,
}

/// IPv4 or IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(ip: IpAddr) -> Self {
        if ip.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

impl Address {
    /// Whether `other` is in the same network.
    pub fn shares_network(&self, other: IpAddr) -> bool {
        match (self.ip, other) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let differ = ours.to_bits() ^ theirs.to_bits();
                differ.leading_zeros() >= u32::from(self.prefix).min(32)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let differ = ours.to_bits() ^ theirs.to_bits();
                differ.leading_zeros() >= u32::from(self.prefix).min(128)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// Whether `other` stands for all hosts of its network, or for the network itself.
    fn is_broadcast(&self, other: IpAddr) -> bool {
        let IpAddr::V4(ip) = other else { return false };
        let host = u32::MAX.checked_shr(self.prefix.into()).unwrap_or(0);
        let bits = ip.to_bits() & host;
        // RFC 3021: a network of two has neither.
        self.shares_network(other) && host > 1 && (bits == host || bits == 0)
    }
}

impl Interface {
    /// Whether that address is its own.
    pub fn has(&self, ip: IpAddr) -> bool {
        self.addresses.iter().any(|address| address.ip == ip)
    }

    /// Whether a datagram with this source came from a neighbour: what does not is never answered,
    /// and nobody is looked for there, so that nobody can have us send to a stranger or to all.
    pub fn is_on_link(&self, source: IpAddr) -> bool {
        let plain = !source.is_unspecified() && !source.is_multicast();
        let mut addresses = self.addresses.iter();
        plain
            && addresses.any(|address| address.shares_network(source))
            && !self.addresses.iter().any(|address| address.is_broadcast(source))
    }

    /// The address that neighbours of that family reach us under; a global or local one before one
    /// that the interface gave itself.
    pub fn address(&self, family: Family) -> Option<IpAddr> {
        let mut ours: Vec<IpAddr> = self.addresses.iter().map(|address| address.ip).collect();
        ours.retain(|ip| Family::of(*ip) == family);
        ours.iter().find(|ip| !is_link_local(**ip)).or_else(|| ours.first()).copied()
    }

    /// The groups to send to there, with the address that we are reached under by who hears it.
    pub fn groups(&self) -> Vec<(SocketAddr, IpAddr)> {
        let v6 = |group| SocketAddr::V6(SocketAddrV6::new(group, SSDP_PORT, 0, self.index));
        let v4 = SocketAddr::V4(SocketAddrV4::new(GROUP_V4, SSDP_PORT));
        let ours = self.address(Family::V4).map(|ip| (v4, ip));
        let link = self.link_local().map(|ip| (v6(GROUP_LINK_V6), ip));
        let routed = self.address(Family::V6).filter(|ip| !is_link_local(*ip));
        let site = routed.map(|ip| (v6(GROUP_SITE_V6), ip));
        ours.into_iter().chain(link).chain(site).collect()
    }

    /// The address for those who heard us in the group ff02::c: they need not have any other.
    pub fn link_local(&self) -> Option<IpAddr> {
        let mut ours = self.addresses.iter().map(|address| address.ip);
        ours.find(|ip| ip.is_ipv6() && is_link_local(*ip))
    }
}

/// Where to send to, or to connect to, so that a link-local address is looked for on its interface.
pub fn scoped(ip: IpAddr, port: u16, interface: u32) -> SocketAddr {
    match ip {
        IpAddr::V6(v6) if is_link_local(ip) => SocketAddrV6::new(v6, port, 0, interface).into(),
        IpAddr::V4(_) | IpAddr::V6(_) => SocketAddr::new(ip, port),
    }
}

/// fe80::/10 and 169.254/16.
pub fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(addresses: &[(&str, u8)]) -> Interface {
        let address =
            |(ip, prefix): &(&str, u8)| Address { ip: ip.parse().unwrap(), prefix: *prefix };
        Interface {
            index: 2,
            name: "eth0".into(),
            addresses: addresses.iter().map(address).collect(),
            own_port: 0,
        }
    }

    #[test]
    fn only_neighbours_are_on_link() {
        let eth0 = interface(&[("192.168.1.7", 24), ("fe80::7", 64), ("fd00:1::7", 64)]);
        for near in ["192.168.1.200", "fe80::1", "fd00:1::99"] {
            assert!(eth0.is_on_link(near.parse().unwrap()), "{near}");
        }
        let far = ["192.168.2.1", "203.0.113.7", "fd00:2::1", "127.0.0.1", "::1", "0.0.0.0", "::"];
        let all = ["239.255.255.250", "ff02::c", "255.255.255.255", "192.168.1.255", "192.168.1.0"];
        for far in far.into_iter().chain(all) {
            assert!(!eth0.is_on_link(far.parse().unwrap()), "{far}");
        }
        let host_route = interface(&[("10.0.0.1", 32)]);
        assert!(!host_route.is_on_link("10.0.0.2".parse().unwrap()));
        let cable = interface(&[("10.0.0.0", 31)]);
        assert!(cable.is_on_link("10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn an_address_that_the_interface_gave_itself_is_the_last_choice() {
        let eth0 = interface(&[("169.254.1.1", 16), ("10.0.0.7", 8), ("fe80::7", 64)]);
        assert_eq!(eth0.address(Family::V4), Some("10.0.0.7".parse().unwrap()));
        assert_eq!(eth0.address(Family::V6), Some("fe80::7".parse().unwrap()));
        assert_eq!(eth0.link_local(), Some("fe80::7".parse().unwrap()));
        assert_eq!(interface(&[("10.0.0.7", 8)]).address(Family::V6), None);
    }

    #[test]
    fn each_group_is_told_of_the_address_that_its_hearers_reach() {
        let eth0 = interface(&[("10.0.0.7", 8), ("fe80::7", 64), ("fd00::7", 64)]);
        let told: Vec<String> =
            eth0.groups().iter().map(|(group, ip)| format!("{group} {ip}")).collect();
        let expected = [
            "239.255.255.250:1900 10.0.0.7",
            "[ff02::c%2]:1900 fe80::7",
            "[ff05::c%2]:1900 fd00::7",
        ];
        assert_eq!(told, expected);
        assert_eq!(interface(&[("fe80::7", 64)]).groups().len(), 1);
    }
}

//! The addresses under which other machines can reach this one.

use std::net::IpAddr;

use crate::limits::ADDRESSES_MAX;

/// Addresses worth telling others, best first, at most [`ADDRESSES_MAX`].
///
/// Real interfaces before the bridges of containers; IPv6 before IPv4, global before local. An
/// error of the system gives an empty list: the address that a peer sees is still known to it.
pub fn usable_addresses() -> Vec<IpAddr> {
    choose(system_addresses())
}

/// One address of one interface that is up and not a loopback.
struct Found {
    interface: String,
    ip: IpAddr,
}

#[cfg(unix)]
fn system_addresses() -> Vec<Found> {
    use nix::ifaddrs::{InterfaceAddress, getifaddrs};
    use nix::net::if_::InterfaceFlags;

    let usable = |interface: InterfaceAddress| {
        let flags = interface.flags;
        if !flags.contains(InterfaceFlags::IFF_UP) || flags.contains(InterfaceFlags::IFF_LOOPBACK) {
            return None;
        }
        let addr = interface.address?;
        let v4 = addr.as_sockaddr_in().map(|addr| IpAddr::V4(addr.ip()));
        let v6 = addr.as_sockaddr_in6().map(|addr| IpAddr::V6(addr.ip()));
        v4.or(v6).map(|ip| Found { interface: interface.interface_name, ip })
    };
    getifaddrs().map_or_else(|_| Vec::new(), |all| all.filter_map(usable).collect())
}

/// The one address that the way to the outside starts from: std has no list of interfaces, and
/// connecting a UDP socket sends nothing.
#[cfg(not(unix))]
fn system_addresses() -> Vec<Found> {
    let towards = |from: &str, to: &str| {
        let socket = std::net::UdpSocket::bind(from).ok()?;
        socket.connect(to).ok()?;
        let ip = socket.local_addr().ok()?.ip();
        Some(Found { interface: String::new(), ip })
    };
    let v6 = towards("[::]:0", "[2001:db8::1]:9");
    let v4 = towards("0.0.0.0:0", "192.0.2.1:9");
    v6.into_iter().chain(v4).collect()
}

fn choose(found: Vec<Found>) -> Vec<IpAddr> {
    let mut ranked: Vec<(Rank, IpAddr)> =
        found.into_iter().filter_map(|found| Some((rank(&found)?, found.ip))).collect();
    // Stable: within a rank the system's own order stays.
    ranked.sort_by_key(|(rank, _)| *rank);
    let any_other = ranked.iter().any(|(rank, _)| rank.kind != Kind::SelfAssigned);
    if any_other {
        ranked.retain(|(rank, _)| rank.kind != Kind::SelfAssigned);
    }

    let mut chosen: Vec<IpAddr> = ranked.into_iter().map(|(_, ip)| ip).collect();
    if let Some(at) = chosen.iter().position(IpAddr::is_ipv4)
        && at >= ADDRESSES_MAX
    {
        // Many IPv6 addresses of one interface must not hide that there is IPv4 at all.
        chosen.swap(at, ADDRESSES_MAX - 1);
    }
    chosen.truncate(ADDRESSES_MAX);
    chosen
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    for_containers: bool,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Global6,
    /// fc00::/7, RFC 4193: as good as private IPv4.
    Local6,
    Ipv4,
    /// 169.254/16, RFC 3927: what a machine takes when nobody gives it an address.
    SelfAssigned,
}

fn rank(found: &Found) -> Option<Rank> {
    let kind = match found.ip {
        // Link-local IPv6 means nothing without the reader's own interface.
        IpAddr::V6(ip) if ip.is_unicast_link_local() || !is_plain(found.ip) => return None,
        IpAddr::V6(ip) if ip.is_unique_local() => Kind::Local6,
        IpAddr::V6(_) => Kind::Global6,
        IpAddr::V4(_) if !is_plain(found.ip) => return None,
        IpAddr::V4(ip) if ip.is_link_local() => Kind::SelfAssigned,
        IpAddr::V4(_) => Kind::Ipv4,
    };
    let for_containers =
        ["docker", "br-", "veth", "virbr"].iter().any(|start| found.interface.starts_with(start));
    Some(Rank { for_containers, kind })
}

fn is_plain(ip: IpAddr) -> bool {
    !ip.is_loopback() && !ip.is_unspecified() && !ip.is_multicast()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(found: &[(&str, &str)]) -> Vec<String> {
        let found = found.iter().map(|(interface, ip)| Found {
            interface: (*interface).to_owned(),
            ip: ip.parse().unwrap(),
        });
        choose(found.collect()).iter().map(IpAddr::to_string).collect()
    }

    #[test]
    fn the_best_address_is_first_and_containers_are_last() {
        let found = [
            ("docker0", "172.17.0.1"),
            ("eth0", "192.168.1.7"),
            ("eth0", "fe80::1"),
            ("eth0", "fd00::7"),
            ("eth0", "2001:db8::7"),
            ("br-1f", "2001:db8:1::1"),
            ("eth1", "169.254.3.4"),
            ("eth0", "127.0.0.9"),
        ];
        let expected = ["2001:db8::7", "fd00::7", "192.168.1.7", "2001:db8:1::1", "172.17.0.1"];
        assert_eq!(chosen(&found), expected);
    }

    #[test]
    fn a_self_assigned_address_counts_when_there_is_no_other() {
        assert_eq!(chosen(&[("eth0", "169.254.3.4"), ("eth0", "fe80::1")]), ["169.254.3.4"]);
        assert!(chosen(&[("eth0", "fe80::1")]).is_empty());
    }

    #[test]
    fn many_ipv6_addresses_do_not_hide_ipv4() {
        let many: Vec<String> = (1..20).map(|n| format!("2001:db8::{n:x}")).collect();
        let mut found: Vec<(&str, &str)> = many.iter().map(|ip| ("eth0", ip.as_str())).collect();
        found.push(("eth0", "10.0.0.7"));
        let chosen = chosen(&found);
        assert_eq!(chosen.len(), ADDRESSES_MAX);
        assert_eq!(chosen.first().unwrap(), "2001:db8::1");
        assert_eq!(chosen.last().unwrap(), "10.0.0.7");
    }

    #[test]
    fn this_machine_names_no_address_that_only_it_can_use() {
        for ip in usable_addresses() {
            assert!(is_plain(ip), "{ip}");
        }
    }
}

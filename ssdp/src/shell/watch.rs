//! The interfaces of this machine: what they are, and when to look again.

use std::io;
use std::net::IpAddr;

use mio::{Registry, Token};

use crate::candidates::Candidate;
use crate::interface::Address;

/// Lists all interfaces, by their index.
///
/// # Errors
/// Where the system does not tell.
#[cfg(unix)]
pub fn list() -> io::Result<Vec<Candidate>> {
    use std::collections::BTreeMap;

    use nix::net::if_::{InterfaceFlags, if_nametoindex};

    let unready = unready_addresses();
    let mut found: BTreeMap<u32, Candidate> = BTreeMap::new();
    for entry in nix::ifaddrs::getifaddrs()? {
        // A labelled IPv4 address of Linux goes by `eth0:label`.
        let name = entry.interface_name.split(':').next().unwrap_or_default();
        // It may have gone since.
        let Ok(index) = if_nametoindex(name) else { continue };
        let has = |flag| entry.flags.contains(flag);
        let candidate = found.entry(index).or_insert_with(|| Candidate {
            index,
            name: name.to_owned(),
            addresses: Vec::new(),
            up: has(InterfaceFlags::IFF_UP) && has(InterfaceFlags::IFF_RUNNING),
            multicast: has(InterfaceFlags::IFF_MULTICAST),
            point_to_point: has(InterfaceFlags::IFF_POINTOPOINT),
            loopback: has(InterfaceFlags::IFF_LOOPBACK),
        });
        let ip = entry.address.as_ref().and_then(ip_of);
        let mask = entry.netmask.as_ref().and_then(ip_of);
        if let Some(ip) = ip.filter(|ip| !unready.contains(&(index, *ip))) {
            candidate.addresses.push(Address { ip, prefix: mask.map_or(u8::MAX, prefix) });
        }
    }
    Ok(found.into_values().collect())
}

/// The one way to the outside: std has no list of interfaces, and connecting a UDP socket sends
/// nothing. Index 0 lets the system choose; how large the network is stays a guess.
#[cfg(not(unix))]
pub fn list() -> io::Result<Vec<Candidate>> {
    let towards = |from: &str, to: &str| {
        let socket = std::net::UdpSocket::bind(from).ok()?;
        socket.connect(to).ok()?;
        socket.local_addr().ok().map(|local| local.ip())
    };
    let v4 = towards("0.0.0.0:0", "192.0.2.1:9").map(|ip| Address { ip, prefix: 24 });
    let v6 = towards("[::]:0", "[2001:db8::1]:9").map(|ip| Address { ip, prefix: 64 });
    Ok(vec![Candidate {
        index: 0,
        name: "default".to_owned(),
        addresses: v4.into_iter().chain(v6).collect(),
        up: true,
        multicast: true,
        point_to_point: false,
        loopback: false,
    }])
}

#[cfg(unix)]
fn ip_of(address: &nix::sys::socket::SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
}

/// The length of the prefix that a netmask means.
#[cfg(unix)]
fn prefix(mask: IpAddr) -> u8 {
    let ones = match mask {
        IpAddr::V4(mask) => mask.to_bits().leading_ones(),
        IpAddr::V6(mask) => mask.to_bits().leading_ones(),
    };
    u8::try_from(ones).unwrap_or(u8::MAX)
}

/// IPv6 addresses that the kernel still checks for duplicates (RFC 4862), or has found to be one:
/// nothing can be sent from them. When the check is over the kernel tells of a change.
#[cfg(unix)]
fn unready_addresses() -> Vec<(u32, IpAddr)> {
    // Of Linux, and of the network that this thread is in; other systems have no such file.
    let table = std::fs::read_to_string("/proc/thread-self/net/if_inet6").unwrap_or_default();
    table.lines().filter_map(unready_address).collect()
}

/// Reads `fe800000000000000000000000000001 02 40 20 c0 eth0`: address, and in hexadecimal digits
/// interface, prefix, scope, flags.
#[cfg(unix)]
fn unready_address(line: &str) -> Option<(u32, IpAddr)> {
    const IFA_F_DADFAILED: u8 = 0x08;
    const IFA_F_TENTATIVE: u8 = 0x40;
    let mut fields = line.split_ascii_whitespace();
    let ip = std::net::Ipv6Addr::from_bits(u128::from_str_radix(fields.next()?, 16).ok()?);
    let index = u32::from_str_radix(fields.next()?, 16).ok()?;
    let flags = u8::from_str_radix(fields.nth(2)?, 16).ok()?;
    (flags & (IFA_F_DADFAILED | IFA_F_TENTATIVE) != 0).then_some((index, IpAddr::V6(ip)))
}

/// Tells when interfaces have changed, where the system has a way to say it. Where it has none, or
/// it failed, [`list`] is asked from time to time.
#[derive(Debug)]
pub struct Watch {
    #[cfg(target_os = "linux")]
    netlink: Option<std::os::fd::OwnedFd>,
}

#[cfg(target_os = "linux")]
impl Watch {
    /// Begins; changes make `token` readable.
    pub fn new(registry: &Registry, token: Token) -> Self {
        Self { netlink: netlink(registry, token).ok() }
    }

    /// Reads all news away and says whether there were any.
    pub fn drain(&mut self) -> bool {
        use rustix::io::Errno;
        use rustix::net::RecvFlags;

        let Some(netlink) = &self.netlink else { return false };
        // What exactly has changed does not matter, the list says it; so they may be cut.
        let mut news = [0_u8; 4096];
        let mut any = false;
        loop {
            match rustix::net::recv(netlink, &mut news[..], RecvFlags::empty()) {
                // More news than the kernel kept are news, too. It keeps no others, and is silent
                // about that, until those it kept have been read.
                Ok(_) | Err(Errno::INTR | Errno::NOBUFS) => any = true,
                Err(_) => return any,
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn netlink(registry: &Registry, token: Token) -> io::Result<std::os::fd::OwnedFd> {
    use std::os::fd::AsRawFd;

    use mio::{Interest, unix::SourceFd};
    use rustix::net::netlink::SocketAddrNetlink;
    use rustix::net::{AddressFamily, SocketFlags, SocketType};

    // rtnetlink(7): RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR.
    const GROUPS: u32 = 0x1 | 0x10 | 0x100;
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    // No protocol is NETLINK_ROUTE.
    let netlink = rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    rustix::net::bind(&netlink, &SocketAddrNetlink::new(0, GROUPS))?;
    registry.register(&mut SourceFd(&netlink.as_raw_fd()), token, Interest::READABLE)?;
    Ok(netlink)
}

#[cfg(not(target_os = "linux"))]
impl Watch {
    /// Begins.
    pub fn new(_: &Registry, _: Token) -> Self {
        Self {}
    }

    /// There is never any news.
    pub fn drain(&mut self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn the_loopback_of_this_machine_is_listed_with_its_network() {
        let all = list().unwrap();
        let lo = all.iter().find(|candidate| candidate.loopback).expect("a loopback");
        assert!(lo.up && lo.index != 0);
        let expected = Address { ip: Ipv4Addr::LOCALHOST.into(), prefix: 8 };
        assert!(lo.addresses.contains(&expected), "{lo:?}");
    }

    #[test]
    fn an_address_that_is_still_checked_is_not_ready() {
        let unready = |flags| unready_address(&format!("{:032x} 0a 40 20 {flags} eth0", 1));
        let loopback = IpAddr::V6(Ipv6Addr::LOCALHOST);
        assert_eq!(unready("c0"), Some((10, loopback)));
        assert_eq!(unready("88"), Some((10, loopback)));
        assert_eq!(unready("80"), None);
        assert_eq!(unready_address("fe80 0a 40"), None);
    }
}

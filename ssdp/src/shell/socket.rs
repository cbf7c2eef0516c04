//! One UDP socket at a time, with all its options. What receives what was measured on Linux 6.18.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use mio::net::UdpSocket;
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockRef, Socket, Type};

use crate::interface::{Family, Interface, SSDP_PORT};
use crate::limits::{HOPS, RECEIVE_BUFFER_BYTES};

/// Hears what is sent to a group on one interface, and nothing else: it is bound to the group, so
/// that it takes no unicast away from the other programs on port 1900.
pub(super) fn group(interface: &Interface, group: SocketAddr) -> io::Result<UdpSocket> {
    let socket = fresh(Family::of(group.ip()))?;
    share_port(&socket)?;
    bind_to_device(&socket, interface);
    // Windows binds to no group.
    let at = if cfg!(unix) { group } else { any(Family::of(group.ip()), SSDP_PORT) };
    socket.bind(&at.into())?;
    match group.ip() {
        IpAddr::V4(ip) => {
            let index = InterfaceIndexOrAddress::Index(interface.index);
            socket.join_multicast_v4_n(&ip, &index)?;
        }
        IpAddr::V6(ip) => socket.join_multicast_v6(&ip, interface.index)?,
    }
    Ok(UdpSocket::from_std(socket.into()))
}

/// Sends through one interface, and takes what comes back. The port is nobody else's.
pub(super) fn own(interface: &Interface, family: Family, port: u16) -> io::Result<UdpSocket> {
    let socket = fresh(family)?;
    bind_to_device(&socket, interface);
    socket.bind(&any(family, port).into())?;
    let socket = UdpSocket::from_std(socket.into());
    leave_through(&socket, family, interface)?;
    Ok(socket)
}

/// Takes unicast searches on port 1900, of all interfaces: one bound to an interface would take
/// from the other programs on this port what is meant for them.
pub(super) fn ssdp(family: Family) -> io::Result<UdpSocket> {
    let socket = fresh(family)?;
    share_port(&socket)?;
    socket.bind(&any(family, SSDP_PORT).into())?;
    Ok(UdpSocket::from_std(socket.into()))
}

/// Sends multicasts through this interface from now on, whatever the routing table says, from the
/// address that its announcements name.
pub(super) fn leave_through(
    socket: &UdpSocket,
    family: Family,
    interface: &Interface,
) -> io::Result<()> {
    match (family, interface.address(Family::V4)) {
        (Family::V6, _) => SockRef::from(socket).set_multicast_if_v6(interface.index),
        #[cfg(unix)]
        (Family::V4, Some(IpAddr::V4(ip))) => {
            let (group, index) = (crate::interface::GROUP_V4, interface.index);
            Ok(rustix::net::sockopt::set_ip_multicast_if_with_ifindex(socket, &group, &ip, index)?)
        }
        #[cfg(not(unix))]
        (Family::V4, Some(IpAddr::V4(ip))) => SockRef::from(socket).set_multicast_if_v4(&ip),
        (Family::V4, _) => Err(io::ErrorKind::AddrNotAvailable.into()),
    }
}

/// A socket with what all have.
fn fresh(family: Family) -> io::Result<Socket> {
    let domain = match family {
        Family::V4 => Domain::IPV4,
        Family::V6 => Domain::IPV6,
    };
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    // A smaller buffer serves as well, as long as little comes at once.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
    match family {
        Family::V4 => {
            // Without it a socket hears groups that other programs have joined elsewhere.
            #[cfg(target_os = "linux")]
            socket.set_multicast_all_v4(false)?;
            socket.set_multicast_loop_v4(true)?;
            socket.set_multicast_ttl_v4(HOPS)?;
        }
        Family::V6 => {
            // Since Linux 4.20; what is bound to the interface is exact enough without.
            #[cfg(target_os = "linux")]
            let _ = socket.set_multicast_all_v6(false);
            socket.set_only_v6(true)?;
            socket.set_multicast_loop_v6(true)?;
            socket.set_multicast_hops_v6(HOPS)?;
        }
    }
    Ok(socket)
}

/// Lets the other programs of this machine use port 1900 too.
fn share_port(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_address(true)?;
    // BSD shares a port only so; on Linux the same would divide unicasts by chance, and lock out
    // those who do not set it.
    #[cfg(all(unix, not(target_os = "linux"), not(target_os = "android")))]
    socket.set_reuse_port(true)?;
    Ok(())
}

/// Binds to the interface where anybody may do so (Linux 5.7). Linux tells apart by nothing else
/// through which interface a multicast to ff05::c came; answers leave where the search came from
/// even when two interfaces share a network. What this machine sends to itself does arrive.
fn bind_to_device(socket: &Socket, interface: &Interface) {
    #[cfg(target_os = "linux")]
    {
        let _ = socket.bind_device_by_index_v4(std::num::NonZeroU32::new(interface.index));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (socket, interface);
}

fn any(family: Family, port: u16) -> SocketAddr {
    let ip = match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Family::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    SocketAddr::new(ip, port)
}

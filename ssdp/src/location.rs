//! LOCATION: which of the addresses that strangers name is fetched from.
//!
//! Everybody on the network can have us believe in a device, so what we fetch for its sake must be
//! nothing that they could not fetch themselves: only from our neighbours, never from this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::interface::{self, Interface};
use crate::limits::VALUE_BYTES_MAX;

/// A place that may be fetched from. Only [`Location::check`] makes one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    address: SocketAddr,
    path: String,
}

/// Why a place is not fetched from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is longer than any real one, or has characters that no URL has (RFC 3986).
    #[error("it is not a URL")]
    NotUrl,
    /// It begins with something else than `http://`.
    #[error("it is not http")]
    NotHttp,
    /// It names a user, or a part of a document: no description needs either.
    #[error("it has a user or a fragment")]
    NotPlain,
    /// Its host is a name, an address in an unusual form, or has a zone.
    #[error("its host is not an address in the usual form")]
    NotAddress,
    /// Its port is below 1024, and not 80.
    #[error("its port is not one that descriptions are on")]
    Port,
    /// Its host is no neighbour on the interface that we heard of it on.
    #[error("its host is not on this network")]
    OffLink,
    /// Its host is this machine, but somebody else said so.
    #[error("its host is this machine")]
    Ourselves,
    /// Its host is where clouds tell machines their secrets.
    #[error("its host is a metadata service")]
    Metadata,
}

impl Location {
    /// Reads what a datagram from `source` has in LOCATION, heard on the one of our `interfaces`
    /// (all of them) that has the number `heard_on`.
    ///
    /// The host must be a neighbour on that interface. That it is the source is not enough, since
    /// anybody can forge one; nor is it needed, since some devices speak for others. Our own
    /// addresses are for programs on this machine only.
    ///
    /// # Errors
    /// When it must not be fetched from.
    pub fn check(
        text: &str,
        source: IpAddr,
        heard_on: u32,
        interfaces: &[Interface],
    ) -> Result<Self, Refused> {
        let (authority, path) = split(text)?;
        let (ip, port) = read_authority(authority)?;
        if port != 80 && port < 1024 {
            return Err(Refused::Port);
        }
        if METADATA.contains(&ip) {
            return Err(Refused::Metadata);
        }
        let interface = interfaces.iter().find(|interface| interface.index == heard_on);
        if !interface.is_some_and(|near| near.is_on_link(ip)) {
            return Err(Refused::OffLink);
        }
        // All our addresses, since two of our interfaces may be in the same network.
        let is_ours = |ip| interfaces.iter().any(|interface| interface.has(ip));
        // Systems drop what comes from outside with an IPv4 source of their own, and let IPv6 in.
        let is_from_here = source.is_ipv4() && is_ours(source);
        if is_ours(ip) && !is_from_here {
            return Err(Refused::Ourselves);
        }
        Ok(Self { address: interface::scoped(ip, port, heard_on), path })
    }

    /// Where to connect to; link-local IPv6 with the scope of the interface.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL, without any scope.
    pub fn url(&self) -> String {
        let authority = SocketAddr::new(self.address.ip(), self.address.port());
        format!("http://{authority}{}", self.path)
    }

    /// A place on this machine, which no check lets pass.
    #[cfg(test)]
    pub(crate) fn for_test(address: SocketAddr) -> Self {
        Self { address, path: "/description.xml".into() }
    }
}

/// Of the clouds: IPv4, and two in IPv6.
const METADATA: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe)),
];

/// The authority and the path with its query.
fn split(text: &str) -> Result<(&str, String), Refused> {
    let is_url = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    if text.len() > VALUE_BYTES_MAX || !text.bytes().all(is_url) {
        return Err(Refused::NotUrl);
    }
    let (scheme, rest) = text.split_once("://").ok_or(Refused::NotHttp)?;
    if !scheme.eq_ignore_ascii_case("http") {
        return Err(Refused::NotHttp);
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).ok_or(Refused::NotUrl)?;
    if authority.contains('@') || path.contains('#') {
        return Err(Refused::NotPlain);
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    Ok((authority, format!("{slash}{path}")))
}

/// The address and the port. What std reads as an address is only its usual form: no zone, no
/// octal, hexadecimal or missing parts.
fn read_authority(authority: &str) -> Result<(IpAddr, u16), Refused> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        Some(_) | None => (authority, None),
    };
    let ip = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(host) => IpAddr::V6(read_v6(host)?),
        None => IpAddr::V4(host.parse().map_err(|_| Refused::NotAddress)?),
    };
    let is_number = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let port = match port {
        None => 80,
        Some(port) if is_number(port) => port.parse().map_err(|_| Refused::Port)?,
        Some(_) => return Err(Refused::Port),
    };
    Ok((ip, port))
}

fn read_v6(host: &str) -> Result<Ipv6Addr, Refused> {
    let ip: Ipv6Addr = host.parse().map_err(|_| Refused::NotAddress)?;
    // An IPv4 address in disguise would be another one to every rule here.
    if ip.to_ipv4().is_some() { Err(Refused::NotAddress) } else { Ok(ip) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::interface::Address;

    fn interface(index: u32, name: &str, addresses: &[(&str, u8)]) -> Interface {
        let address =
            |(ip, prefix): &(&str, u8)| Address { ip: ip.parse().unwrap(), prefix: *prefix };
        let addresses = addresses.iter().map(address).collect();
        Interface { index, name: name.into(), addresses, own_port: 0 }
    }

    fn ours() -> [Interface; 2] {
        let eth0 = [("10.0.0.7", 24), ("169.254.1.7", 16), ("fe80::7", 64), ("fd00:ec2::7", 64)];
        let wlan0 = [("10.0.0.8", 24), ("192.168.0.8", 24)];
        [interface(3, "eth0", &eth0), interface(4, "wlan0", &wlan0)]
    }

    /// Heard on eth0.
    fn check_from(source: &str, text: &str) -> Result<Location, Refused> {
        Location::check(text, source.parse().unwrap(), 3, &ours())
    }

    fn check(text: &str) -> Result<Location, Refused> {
        check_from("10.0.0.5", text)
    }

    #[test]
    fn a_neighbour_is_fetched_from() {
        let expected = [
            ("http://10.0.0.5:8080/d.xml", "10.0.0.5:8080", "http://10.0.0.5:8080/d.xml"),
            ("HTTP://10.0.0.5", "10.0.0.5:80", "http://10.0.0.5:80/"),
            ("http://10.0.0.6:1024?a=b", "10.0.0.6:1024", "http://10.0.0.6:1024/?a=b"),
            ("http://[fe80::1]:49152/a/b", "[fe80::1%3]:49152", "http://[fe80::1]:49152/a/b"),
            ("http://[fd00:ec2::1]/", "[fd00:ec2::1]:80", "http://[fd00:ec2::1]:80/"),
            ("http://169.254.2.2:2869/", "169.254.2.2:2869", "http://169.254.2.2:2869/"),
        ];
        for (text, address, url) in expected {
            let location = check(text).unwrap();
            assert_eq!(location.address().to_string(), address, "{text}");
            assert_eq!(location.url(), url);
        }
    }

    #[test]
    fn what_is_not_plain_http_to_an_address_is_refused() {
        let long = format!("http://10.0.0.5/{}", "x".repeat(VALUE_BYTES_MAX));
        let refused = [
            ("", Refused::NotHttp),
            ("file:///etc/passwd", Refused::NotHttp),
            ("file:/etc/passwd", Refused::NotHttp),
            ("https://10.0.0.5/", Refused::NotHttp),
            ("ftp://10.0.0.5/", Refused::NotHttp),
            ("//10.0.0.5/", Refused::NotHttp),
            ("/d.xml", Refused::NotHttp),
            ("http:10.0.0.5/", Refused::NotHttp),
            (" http://10.0.0.5/", Refused::NotUrl),
            ("http://10.0.0.5/ HTTP/1.1\r\nHost: x", Refused::NotUrl),
            ("http://10.0.0.5\\@10.0.0.9/", Refused::NotUrl),
            ("http://10.0.0.5/\u{e9}", Refused::NotUrl),
            (&long, Refused::NotUrl),
            ("http:///d.xml", Refused::NotAddress),
            ("http://router.lan/", Refused::NotAddress),
            ("http://localhost/", Refused::NotAddress),
            ("http://10.0.0.5./", Refused::NotAddress),
            ("http://2130706433/", Refused::NotAddress),
            ("http://0x7f.1/", Refused::NotAddress),
            ("http://0x7f000001/", Refused::NotAddress),
            ("http://0177.0.0.1/", Refused::NotAddress),
            ("http://010.0.0.5/", Refused::NotAddress),
            ("http://127.1/", Refused::NotAddress),
            ("http://%31%30.0.0.5/", Refused::NotAddress),
            ("http://[::ffff:127.0.0.1]/", Refused::NotAddress),
            ("http://[::ffff:10.0.0.5]/", Refused::NotAddress),
            ("http://[::10.0.0.5]/", Refused::NotAddress),
            ("http://[fe80::1%25eth0]/", Refused::NotAddress),
            ("http://[fe80::1%3]/", Refused::NotAddress),
            ("http://fe80::1/", Refused::NotAddress),
            ("http://[10.0.0.5]/", Refused::NotAddress),
            ("http://[fe80::1]x/", Refused::NotAddress),
            ("http://10.0.0.5@127.0.0.1/", Refused::NotPlain),
            ("http://127.0.0.1:80@10.0.0.5/", Refused::NotPlain),
            ("http://user:password@10.0.0.5/", Refused::NotPlain),
            ("http://10.0.0.5/#a", Refused::NotPlain),
            ("http://10.0.0.5#@10.0.0.9/", Refused::NotPlain),
        ];
        for (text, why) in refused {
            assert_eq!(check(text), Err(why), "{text}");
        }
    }

    #[test]
    fn ports_of_other_services_are_refused() {
        for port in ["0", "1", "22", "25", "443", "1023", "65536", "99999999999", "", "+80", "8a"] {
            let text = format!("http://10.0.0.5:{port}/");
            assert_eq!(check(&text), Err(Refused::Port), "{text}");
        }
    }

    #[test]
    fn only_neighbours_are_fetched_from() {
        let refused = [
            ("http://127.0.0.1/", Refused::OffLink),
            ("http://127.9.9.9:8080/", Refused::OffLink),
            ("http://[::2]/", Refused::NotAddress),
            ("http://[::1]/", Refused::NotAddress),
            ("http://0.0.0.0/", Refused::OffLink),
            ("http://[::]/", Refused::NotAddress),
            ("http://239.255.255.250:1900/", Refused::OffLink),
            ("http://[ff02::c]:1900/", Refused::OffLink),
            ("http://10.0.1.5/", Refused::OffLink),
            ("http://192.168.0.1/", Refused::OffLink),
            ("http://203.0.113.7/", Refused::OffLink),
            ("http://[2001:db8::1]/", Refused::OffLink),
            ("http://10.0.0.255/", Refused::OffLink),
            ("http://255.255.255.255/", Refused::OffLink),
            ("http://169.254.169.254/latest/meta-data", Refused::Metadata),
            ("http://[fd00:ec2::254]/", Refused::Metadata),
            ("http://[fe80::a9fe:a9fe]/", Refused::Metadata),
        ];
        for (text, why) in refused {
            assert_eq!(check(text), Err(why), "{text}");
        }
    }

    #[test]
    fn a_forged_source_opens_nothing() {
        assert_eq!(check_from("203.0.113.7", "http://203.0.113.7/"), Err(Refused::OffLink));
        assert_eq!(check_from("127.0.0.1", "http://127.0.0.1/"), Err(Refused::OffLink));
        let metadata = check_from("169.254.169.254", "http://169.254.169.254/");
        assert_eq!(metadata, Err(Refused::Metadata));
    }

    #[test]
    fn this_machine_is_fetched_from_only_for_itself() {
        for host in ["10.0.0.7", "10.0.0.8", "[fe80::7]"] {
            let text = format!("http://{host}:8080/");
            assert_eq!(check(&text), Err(Refused::Ourselves));
            // Linux takes this from the network, too.
            assert_eq!(check_from("fe80::7", &text), Err(Refused::Ourselves));
            let itself = check_from("10.0.0.7", &text);
            assert_eq!(itself.map(|location| location.url()), Ok(text));
        }
    }

    #[test]
    fn nothing_is_fetched_for_an_interface_that_is_gone() {
        let source = "10.0.0.5".parse().unwrap();
        let gone = Location::check("http://10.0.0.5/", source, 5, &ours());
        assert_eq!(gone, Err(Refused::OffLink));
    }

    proptest! {
        #[test]
        fn whatever_passes_is_a_neighbour(
            text in r"(http://)?[0-9a-fx:.\[\]@%#/]{0,40}|http://10\.0\.0\.[0-9]{1,3}.{0,20}|\PC*",
        ) {
            if let Ok(location) = check(&text) {
                let [eth0, _] = ours();
                prop_assert!(eth0.is_on_link(location.address().ip()));
                let port = location.address().port();
                prop_assert!(port == 80 || port >= 1024);
                let again = check(&location.url());
                prop_assert_eq!(again, Ok(location));
            }
        }
    }
}

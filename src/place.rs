//! Where a listener is, as a person gives it: `HOST`, `HOST:PORT`, `10.0.0.7:5460`, `[::1]:5460`.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// A host and a port; the host is an address, or a name that is still to be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// As it was typed, without brackets: only letters that are safe to show.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// The text is not a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Nothing before the port.
    #[error("there is no host: write HOST:PORT, such as 10.0.0.7:5460")]
    NoHost,
    /// The port is not 1 to 65535.
    #[error("the port is a number from 1 to 65535: write HOST:PORT, such as 10.0.0.7:5460")]
    BadPort,
    /// Letters that no host name has.
    #[error("this is not a host name or address: write HOST:PORT, such as 10.0.0.7:5460")]
    BadHost,
}

/// A host name has at most so many bytes (RFC 1035, section 2.3.4).
const HOST_BYTES_MAX: usize = 253;

impl Place {
    /// Reads what was typed; without a port, `port` stands in.
    ///
    /// # Errors
    /// See [`PlaceError`].
    pub fn parse(typed: &str, port: u16) -> Result<Self, PlaceError> {
        let typed = typed.trim();
        if is_v6(typed) {
            return Self::new(typed, port);
        }
        let (host, digits) = match typed.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) if is_v6(host) => return Self::new(host, port),
            Some((host, rest)) if is_v6(host) => (host, rest.strip_prefix(':')),
            Some(_) => return Err(PlaceError::BadHost),
            None => match typed.rsplit_once(':') {
                Some((host, digits)) => (host, Some(digits)),
                None => return Self::new(typed, port),
            },
        };
        let port = digits.and_then(|digits| digits.parse().ok()).ok_or(PlaceError::BadPort)?;
        Self::new(host, port)
    }

    fn new(host: &str, port: u16) -> Result<Self, PlaceError> {
        if host.is_empty() {
            return Err(PlaceError::NoHost);
        }
        if port == 0 {
            return Err(PlaceError::BadPort);
        }
        let known = |letter: char| letter.is_ascii_alphanumeric() || "-._:%".contains(letter);
        let colons_belong = !host.contains(':') || is_v6(host);
        if host.len() > HOST_BYTES_MAX || !host.chars().all(known) || !colons_belong {
            return Err(PlaceError::BadHost);
        }
        Ok(Self { host: host.to_ascii_lowercase(), port })
    }

    /// The socket address, when the host is an address and no look-up is needed.
    pub fn socket(&self) -> Option<SocketAddr> {
        let scoped = || format!("[{}]:{}", self.host, self.port).parse().ok();
        let plain = self.host.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, self.port));
        plain.ok().or_else(scoped)
    }
}

/// Whether this is an IPv6 address, with or without a zone.
fn is_v6(host: &str) -> bool {
    let (ip, zone) = host.split_once('%').unwrap_or((host, ""));
    ip.parse::<Ipv6Addr>().is_ok() && !zone.contains([':', ']'])
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_way_to_write_a_place_is_understood() {
        for (typed, shown) in [
            ("10.0.0.7", "10.0.0.7:5460"),
            ("10.0.0.7:9", "10.0.0.7:9"),
            (" lab-3.local:5000 ", "lab-3.local:5000"),
            ("LAB3", "lab3:5460"),
            ("::1", "[::1]:5460"),
            ("[::1]", "[::1]:5460"),
            ("[2001:db8::1]:80", "[2001:db8::1]:80"),
            ("[fe80::1%2]:80", "[fe80::1%2]:80"),
            ("[fe80::1%eth0]", "[fe80::1%eth0]:5460"),
            ("[fe80::1%eth0]:80", "[fe80::1%eth0]:80"),
            ("fe80::1%eth0", "[fe80::1%eth0]:5460"),
            ("fe80::1%eth0:80", "[fe80::1%eth0]:80"),
        ] {
            let place = Place::parse(typed, 5460).unwrap();
            assert_eq!(place.to_string(), shown, "{typed}");
            assert_eq!(Place::parse(shown, 1), Ok(place), "{shown}");
        }
        assert!(Place::parse("[fe80::1%2]:80", 1).unwrap().socket().is_some());
        assert!(Place::parse("::1", 1).unwrap().socket().is_some());
        assert!(Place::parse("lab3", 1).unwrap().socket().is_none());
    }

    #[test]
    fn what_is_no_place_is_refused_with_a_reason() {
        for (typed, error) in [
            ("", PlaceError::NoHost),
            (":5460", PlaceError::NoHost),
            ("host:", PlaceError::BadPort),
            ("host:0", PlaceError::BadPort),
            ("host:65536", PlaceError::BadPort),
            ("host:x", PlaceError::BadPort),
            ("two words:1", PlaceError::BadHost),
            ("a\u{1b}[2J:1", PlaceError::BadHost),
            ("a:b:1", PlaceError::BadHost),
            ("::::1", PlaceError::BadHost),
            ("[10.0.0.7]:1", PlaceError::BadHost),
            ("[::1]80", PlaceError::BadPort),
        ] {
            assert_eq!(Place::parse(typed, 5460), Err(error), "{typed:?}");
        }
    }
}

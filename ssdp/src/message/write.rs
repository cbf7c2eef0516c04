//! Writing: CRLF, every field that UDA 1.2 and 1.3 require, and below [`SENT_BYTES_MAX`] bytes with
//! names and addresses of usual length.
//!
//! No value can begin a line of its own: control characters are left out.

use std::fmt::{Display, Write};
use std::net::SocketAddr;
use std::time::{Duration, UNIX_EPOCH};

use super::Advert;
use crate::limits::{SENT_BYTES_MAX, UNIX_MAX};
use crate::target::Target;

/// A search in a group, or, without MX, one for a single device.
pub fn search(
    host: SocketAddr,
    target: &Target,
    mx: Option<u32>,
    product: &str,
    friendly_name: &str,
) -> Vec<u8> {
    let mut lines = Lines::begin("M-SEARCH * HTTP/1.1");
    lines.host(host);
    lines.field("MAN", "\"ssdp:discover\"");
    lines.optional("MX", mx);
    lines.field("ST", target);
    lines.field("USER-AGENT", product);
    lines.optional("CPFN.UPNP.ORG", mx.map(|_| friendly_name));
    lines.end()
}

/// `NOTIFY` with `ssdp:alive`.
pub fn alive(host: SocketAddr, advert: &Advert) -> Vec<u8> {
    let mut lines = Lines::notify(host, "ssdp:alive", advert);
    lines.optional("CACHE-CONTROL", advert.max_age.map(|seconds| format!("max-age={seconds}")));
    lines.optional("LOCATION", advert.location.as_ref());
    lines.optional("SERVER", advert.server.as_ref());
    lines.optional("SEARCHPORT.UPNP.ORG", advert.search_port);
    lines.extra(&advert.extra);
    lines.end()
}

/// `NOTIFY` with `ssdp:update`; it says no SERVER and no CACHE-CONTROL (UDA 1.2.4).
pub fn update(host: SocketAddr, advert: &Advert) -> Vec<u8> {
    let mut lines = Lines::notify(host, "ssdp:update", advert);
    lines.optional("LOCATION", advert.location.as_ref());
    lines.optional("NEXTBOOTID.UPNP.ORG", advert.next_boot_id);
    lines.optional("SEARCHPORT.UPNP.ORG", advert.search_port);
    lines.extra(&advert.extra);
    lines.end()
}

/// `NOTIFY` with `ssdp:byebye`; it says who goes and nothing more (UDA 1.2.3).
pub fn byebye(host: SocketAddr, advert: &Advert) -> Vec<u8> {
    Lines::notify(host, "ssdp:byebye", advert).end()
}

/// The answer to a search, said at that many seconds since 1970.
pub fn answer(unix: u64, advert: &Advert) -> Vec<u8> {
    let date = UNIX_EPOCH + Duration::from_secs(unix.min(UNIX_MAX));
    let mut lines = Lines::begin("HTTP/1.1 200 OK");
    lines.optional("CACHE-CONTROL", advert.max_age.map(|seconds| format!("max-age={seconds}")));
    lines.field("DATE", httpdate::HttpDate::from(date));
    lines.field("EXT", "");
    lines.optional("LOCATION", advert.location.as_ref());
    lines.optional("SERVER", advert.server.as_ref());
    lines.field("ST", &advert.target);
    lines.field("USN", &advert.usn);
    lines.optional("BOOTID.UPNP.ORG", advert.boot_id);
    lines.optional("CONFIGID.UPNP.ORG", advert.config_id);
    lines.optional("SEARCHPORT.UPNP.ORG", advert.search_port);
    lines.extra(&advert.extra);
    lines.end()
}

/// A message as far as it is written.
struct Lines(String);

impl Lines {
    fn begin(start: &str) -> Self {
        Self(format!("{start}\r\n"))
    }

    fn notify(host: SocketAddr, nts: &str, advert: &Advert) -> Self {
        let mut lines = Self::begin("NOTIFY * HTTP/1.1");
        lines.host(host);
        lines.field("NT", &advert.target);
        lines.field("NTS", nts);
        lines.field("USN", &advert.usn);
        lines.optional("BOOTID.UPNP.ORG", advert.boot_id);
        lines.optional("CONFIGID.UPNP.ORG", advert.config_id);
        lines
    }

    /// An IPv6 address in the upper case of UDA annex A, never with the zone, which means nothing
    /// to others.
    fn host(&mut self, host: SocketAddr) {
        let port = host.port();
        match host {
            SocketAddr::V4(host) => self.field("HOST", host),
            SocketAddr::V6(host) => {
                let ip = host.ip().to_string().to_uppercase();
                self.field("HOST", format_args!("[{ip}]:{port}"));
            }
        }
    }

    fn field(&mut self, name: &str, value: impl Display) {
        self.0.push_str(&line(name, value));
    }

    fn optional(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.field(name, value);
        }
    }

    /// Vendors' fields are hints: one that would make the message too long for some receivers is
    /// left out.
    fn extra(&mut self, fields: &[(String, String)]) {
        for (name, value) in fields {
            let line = line(name, value);
            if self.0.len() + line.len() + "\r\n".len() <= SENT_BYTES_MAX {
                self.0.push_str(&line);
            }
        }
    }

    fn end(mut self) -> Vec<u8> {
        self.0.push_str("\r\n");
        self.0.into_bytes()
    }
}

/// One field with its line end and no other.
fn line(name: &str, value: impl Display) -> String {
    let mut line = String::new();
    // Writing into a string cannot fail.
    let _ = write!(line, "{name}: {value}");
    line.retain(|c| !c.is_control());
    line.truncate(line.trim_ascii_end().len());
    line.push_str("\r\n");
    line
}

//! Reading: lenient where programs in the wild are careless, bounded everywhere.

use std::borrow::Cow;

use super::{Advert, Message, Search};
use crate::limits::{
    DATAGRAM_BYTES_MAX, EXTRA_HEADERS_MAX, HEADERS_MAX, MX_MAX, SEARCH_PORTS, VALUE_BYTES_MAX,
};
use crate::target::{Target, Usn};

/// Why a datagram is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Invalid {
    /// Above [`DATAGRAM_BYTES_MAX`].
    #[error("too long")]
    TooLong,
    /// Above [`HEADERS_MAX`].
    #[error("too many header fields")]
    TooManyFields,
    /// Neither of the three start lines of SSDP, in HTTP/1.1.
    #[error("unknown start line")]
    StartLine,
    /// NT, ST, NTS or USN twice, and not the same.
    #[error("two values where there can be one")]
    Contradiction,
    /// No NT or ST, or none that can be read.
    #[error("no target")]
    Target,
    /// No NTS, or an unknown one.
    #[error("no or unknown NTS")]
    Nts,
    /// No USN, or none that can be read.
    #[error("no USN")]
    Usn,
    /// A search without `MAN: "ssdp:discover"`.
    #[error("no MAN")]
    Man,
    /// An MX that is no number.
    #[error("MX is no number")]
    Mx,
}

/// Reads one datagram.
///
/// Accepted: bare LF, a missing last line end, any case and order of names, blanks around names
/// and values, folded and unknown fields, lines without a colon, whatever follows the blank line.
/// Of a field that comes twice the first counts. A value that is not to be printed, or above
/// [`VALUE_BYTES_MAX`], counts as not said.
///
/// # Errors
///
/// What makes it no message, or none to be trusted.
pub fn read(bytes: &[u8]) -> Result<Message, Invalid> {
    if bytes.len() > DATAGRAM_BYTES_MAX {
        return Err(Invalid::TooLong);
    }
    let mut lines = bytes.split(|byte| *byte == b'\n').map(|line| line.trim_ascii_end());
    let start = lines.next().unwrap_or_default();
    let is_answer =
        start.strip_prefix(b"HTTP/1.1 200").is_some_and(|rest| matches!(rest, [] | [b' ', ..]));
    match start {
        b"NOTIFY * HTTP/1.1" => Fields::read(lines)?.notify(),
        b"M-SEARCH * HTTP/1.1" => Ok(Message::Search(Fields::read(lines)?.search()?)),
        _ if is_answer => Ok(Message::Answer(Fields::read(lines)?.advert(b"ST")?)),
        _ => Err(Invalid::StartLine),
    }
}

/// The header fields in their order, names as they came, values without blanks around them.
struct Fields<'a>(Vec<(&'a [u8], Cow<'a, [u8]>)>);

impl<'a> Fields<'a> {
    fn read(lines: impl Iterator<Item = &'a [u8]>) -> Result<Self, Invalid> {
        let mut fields: Vec<(&[u8], Cow<'_, [u8]>)> = Vec::new();
        for line in lines.take_while(|line| !line.is_empty()) {
            // RFC 9112, 5.2: a line that begins with a blank continues the one before.
            if let (Some((_, value)), [b' ' | b'\t', ..]) = (fields.last_mut(), line) {
                let value = value.to_mut();
                if !value.is_empty() {
                    value.push(b' ');
                }
                value.extend_from_slice(line.trim_ascii());
                continue;
            }
            if fields.len() == HEADERS_MAX {
                return Err(Invalid::TooManyFields);
            }
            // Without a colon it is nothing that could be looked for, but may be continued.
            let colon = line.iter().position(|byte| *byte == b':').unwrap_or_default();
            let (name, value) = line.split_at_checked(colon).unwrap_or_default();
            let value = value.strip_prefix(b":").unwrap_or_default();
            fields.push((name.trim_ascii(), Cow::Borrowed(value.trim_ascii())));
        }
        Ok(Self(fields))
    }

    fn all(&self, name: &[u8]) -> impl Iterator<Item = &[u8]> {
        let named = self.0.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| &**value)
    }

    fn first(&self, name: &[u8]) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// The value of a field that must not be said in two ways.
    fn only(&self, name: &[u8]) -> Result<Option<&str>, Invalid> {
        let mut values = self.all(name);
        let Some(first) = values.next() else { return Ok(None) };
        if values.any(|other| other != first) {
            return Err(Invalid::Contradiction);
        }
        Ok(text(first))
    }

    fn text(&self, name: &[u8]) -> Option<String> {
        self.first(name).and_then(text).map(str::to_owned)
    }

    fn number(&self, name: &[u8]) -> Option<u32> {
        self.first(name).and_then(digits)?.parse().ok()
    }

    fn notify(&self) -> Result<Message, Invalid> {
        let message = match self.only(b"NTS")? {
            Some("ssdp:alive") => Message::Alive,
            Some("ssdp:update") => Message::Update,
            Some("ssdp:byebye") => Message::Byebye,
            Some(_) | None => return Err(Invalid::Nts),
        };
        Ok(message(self.advert(b"NT")?))
    }

    fn advert(&self, target: &[u8]) -> Result<Advert, Invalid> {
        let search_port = self.number(b"SEARCHPORT.UPNP.ORG").and_then(|n| u16::try_from(n).ok());
        Ok(Advert {
            target: self.only(target)?.and_then(Target::parse).ok_or(Invalid::Target)?,
            usn: self.only(b"USN")?.and_then(usn).ok_or(Invalid::Usn)?,
            location: self.text(b"LOCATION"),
            server: self.text(b"SERVER"),
            max_age: self.first(b"CACHE-CONTROL").and_then(max_age),
            boot_id: self.number(b"BOOTID.UPNP.ORG"),
            next_boot_id: self.number(b"NEXTBOOTID.UPNP.ORG"),
            config_id: self.number(b"CONFIGID.UPNP.ORG"),
            search_port: search_port.filter(|port| SEARCH_PORTS.contains(port)),
            extra: self.extra(),
        })
    }

    fn search(&self) -> Result<Search, Invalid> {
        if self.first(b"MAN") != Some(b"\"ssdp:discover\"") {
            return Err(Invalid::Man);
        }
        let mx = match self.first(b"MX") {
            // Above what a number takes is above the most as well.
            Some(value) => Some(digits(value).ok_or(Invalid::Mx)?.parse().unwrap_or(MX_MAX)),
            None => None,
        };
        Ok(Search {
            target: self.only(b"ST")?.and_then(Target::parse).ok_or(Invalid::Target)?,
            mx: mx.map(|seconds: u32| seconds.clamp(1, MX_MAX)),
            user_agent: self.text(b"USER-AGENT"),
        })
    }

    fn extra(&self) -> Vec<(String, String)> {
        let mut kept: Vec<(String, String)> = Vec::new();
        for (name, value) in &self.0 {
            let Some(name) = text(name).filter(|name| is_vendors(name)) else { continue };
            let name = name.to_ascii_uppercase();
            if let Some(value) = text(value)
                && kept.len() < EXTRA_HEADERS_MAX
                && kept.iter().all(|(other, _)| *other != name)
            {
                kept.push((name, value.to_owned()));
            }
        }
        kept
    }
}

/// Whether a field's name is of the form `name.domain` and not UPnP's own (UDA 1.1.3).
fn is_vendors(name: &str) -> bool {
    name.contains('.')
        && !name.to_ascii_uppercase().ends_with(".UPNP.ORG")
        && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A value that may be kept and shown: not empty, not above the limit, without control characters.
fn text(value: &[u8]) -> Option<&str> {
    let text = str::from_utf8(value).ok()?;
    let fits = (1..=VALUE_BYTES_MAX).contains(&text.len());
    (fits && !text.chars().any(char::is_control)).then_some(text)
}

/// A name that is within the limit also as it should have been written, with `uuid:`.
fn usn(value: &str) -> Option<Usn> {
    let missing = if value.starts_with("uuid:") { 0 } else { "uuid:".len() };
    Usn::parse(value).filter(|_| value.len() + missing <= VALUE_BYTES_MAX)
}

/// A value of nothing but digits.
fn digits(value: &[u8]) -> Option<&str> {
    text(value).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The `max-age` among the directives of CACHE-CONTROL, at most [`u32::MAX`].
fn max_age(value: &[u8]) -> Option<u32> {
    value.split(|byte| *byte == b',').find_map(|directive| {
        let equals = directive.iter().position(|byte| *byte == b'=')?;
        let (name, value) = directive.split_at_checked(equals)?;
        let value = digits(value.strip_prefix(b"=")?.trim_ascii())?;
        let is_age = name.trim_ascii().eq_ignore_ascii_case(b"max-age");
        is_age.then(|| value.parse().unwrap_or(u32::MAX))
    })
}

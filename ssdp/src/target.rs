//! What is announced and what is searched for: the values of NT and ST, and of USN.

use std::fmt;

use crate::limits::VALUE_BYTES_MAX;

/// A value of NT or ST.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// `ssdp:all`: everything. Only searched for.
    All,
    /// `upnp:rootdevice`.
    RootDevice,
    /// `uuid:…`: one device.
    Device(Udn),
    /// `urn:DOMAIN:device:KIND:VERSION`
    DeviceType(Type),
    /// `urn:DOMAIN:service:KIND:VERSION`
    ServiceType(Type),
    /// Something else that is said in the wild; shown, never answered.
    Other(String),
}

/// The changing parts of a device or service type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Type {
    /// The vendor's domain with hyphens for dots, such as `schemas-upnp-org`.
    pub domain: String,
    /// Such as `MediaServer`.
    pub kind: String,
    /// From 1; a higher one can do what the lower ones can (UDA 1.3.2).
    pub version: u32,
}

/// The unique device name: `uuid:` and what should be, and with foreign devices often is not, a
/// UUID. At most [`Udn::BYTES_MAX`] bytes of printable ASCII after `uuid:`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Udn(String);

/// The unique service name: whose announcement it is, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usn {
    /// The device.
    pub udn: Udn,
    /// What of it; `None` where the device itself is meant (`uuid:U` alone).
    pub target: Option<Target>,
}

impl Target {
    /// Reads a value of NT or ST, without blanks around it. What is not exactly in the form that
    /// we answer (quoted, in upper case, without a version) is [`Target::Other`]; `None` where it
    /// is empty, not to be printed, or above [`VALUE_BYTES_MAX`].
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=VALUE_BYTES_MAX).contains(&text.len());
        if !fits || text.chars().any(char::is_control) {
            return None;
        }
        Some(match text {
            "ssdp:all" => Self::All,
            "upnp:rootdevice" => Self::RootDevice,
            _ => Self::device(text)
                .or_else(|| Self::urn(text))
                .unwrap_or_else(|| Self::Other(text.to_owned())),
        })
    }

    /// Whether a search for `asked` means who announces this: the same, or a higher version of the
    /// same type (UDA 1.3.2).
    pub fn serves(&self, asked: &Self) -> bool {
        match (self, asked) {
            (_, Self::All) => true,
            (Self::DeviceType(said), Self::DeviceType(asked))
            | (Self::ServiceType(said), Self::ServiceType(asked)) => said.serves(asked),
            _ => self == asked,
        }
    }

    fn device(text: &str) -> Option<Self> {
        text.strip_prefix("uuid:").and_then(Udn::parse_bare).map(Self::Device)
    }

    fn urn(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("urn:")?.split(':');
        let (domain, what, kind, version, end) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next());
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
        // Neither a sign nor a leading zero: the text that is read is the text that is written.
        let is_number = version.starts_with(|first| ('1'..='9').contains(&first));
        if end.is_some() || !is_name(domain) || !is_name(kind) || !is_number {
            return None;
        }
        let kind = Type {
            domain: domain.to_owned(),
            kind: kind.to_owned(),
            version: version.parse().ok()?,
        };
        match what {
            "device" => Some(Self::DeviceType(kind)),
            "service" => Some(Self::ServiceType(kind)),
            _ => None,
        }
    }
}

impl Type {
    /// Whether a device or service of this type is what a search for `asked` means: of the same
    /// kind, and not of a lower version (UDA 1.3.2).
    pub fn serves(&self, asked: &Self) -> bool {
        self.domain == asked.domain && self.kind == asked.kind && self.version >= asked.version
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("ssdp:all"),
            Self::RootDevice => f.write_str("upnp:rootdevice"),
            Self::Device(udn) => udn.fmt(f),
            Self::DeviceType(Type { domain, kind, version }) => {
                write!(f, "urn:{domain}:device:{kind}:{version}")
            }
            Self::ServiceType(Type { domain, kind, version }) => {
                write!(f, "urn:{domain}:service:{kind}:{version}")
            }
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl Udn {
    /// Bytes after `uuid:`.
    pub const BYTES_MAX: usize = 64;

    /// A device's own, from 16 random bytes: a version 4 UUID.
    pub fn random(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid().hyphenated().to_string())
    }

    /// Reads what follows `uuid:`, or the whole with it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_bare(text.strip_prefix("uuid:").unwrap_or(text))
    }

    /// Reads what follows `uuid:`. Two colons end a name inside a USN: none can have them, or a
    /// colon at an end, which would make two.
    fn parse_bare(bare: &str) -> Option<Self> {
        let fits = (1..=Self::BYTES_MAX).contains(&bare.len());
        let is_plain = bare.bytes().all(|byte| byte.is_ascii_graphic());
        let is_one = !bare.contains("::") && !bare.starts_with(':') && !bare.ends_with(':');
        (fits && is_plain && is_one).then(|| Self(bare.to_owned()))
    }

    /// Without `uuid:`.
    pub fn bare(&self) -> &str {
        &self.0
    }
}

impl Usn {
    /// Reads `uuid:U` or `uuid:U::TARGET`; a missing `uuid:` is forgiven, as it is met with.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once("::") {
            Some((udn, target)) => {
                Some(Self { udn: Udn::parse(udn)?, target: Some(Target::parse(target)?) })
            }
            None => Some(Self { udn: Udn::parse(text)?, target: None }),
        }
    }
}

impl fmt::Display for Udn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "uuid:{}", self.0)
    }
}

impl fmt::Display for Usn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Some(target) => write!(f, "{}::{target}", self.udn),
            None => self.udn.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lamp(version: u32) -> Type {
        Type { domain: "example-org".into(), kind: "Lamp".into(), version }
    }

    #[test]
    fn what_we_answer_is_read_and_written_alike() {
        let udn = Udn::random([7; 16]);
        let service = Type { kind: "Switch".into(), ..lamp(3) };
        let all = [
            ("ssdp:all".to_owned(), Target::All),
            ("upnp:rootdevice".to_owned(), Target::RootDevice),
            (udn.to_string(), Target::Device(udn)),
            ("urn:example-org:device:Lamp:1".to_owned(), Target::DeviceType(lamp(1))),
            ("urn:example-org:service:Switch:3".to_owned(), Target::ServiceType(service)),
        ];
        for (text, target) in all {
            assert_eq!(target.to_string(), text);
            assert_eq!(Target::parse(&text), Some(target));
        }
    }

    #[test]
    fn what_we_do_not_answer_is_kept_as_it_is() {
        let odd = [
            "\"upnp:rootdevice\"",
            "UPNP:ROOTDEVICE",
            "SSDP:ALL",
            "UUID:1234",
            "uuid:",
            "uuid:a::b",
            "URN:example-org:device:Lamp:1",
            "urn:example-org:Device:Lamp:1",
            "urn:example-org:device:Lamp",
            "urn:example-org:device:Lamp:",
            "urn:example-org:device:Lamp:0",
            "urn:example-org:device:Lamp:+1",
            "urn:example-org:device:Lamp:-1",
            "urn:example-org:device:Lamp:01",
            "urn:example-org:device:Lamp:1.0",
            "urn:example-org:device:Lamp:4294967296",
            "urn:example-org:device:Lamp:1:2",
            "urn:example-org:device:La mp:1",
            "urn::device:Lamp:1",
            "urn:example-org:device::1",
            "lamp",
        ];
        for text in odd {
            assert_eq!(Target::parse(text), Some(Target::Other(text.into())), "{text}");
        }
        for text in ["", "a\0b", "a\nb", "a\u{85}b", "x".repeat(VALUE_BYTES_MAX + 1).as_str()] {
            assert_eq!(Target::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_higher_version_serves_a_lower_one_and_never_the_other_way_round() {
        assert!(lamp(2).serves(&lamp(1)) && lamp(2).serves(&lamp(2)));
        assert!(!lamp(2).serves(&lamp(3)));
        assert!(!lamp(2).serves(&Type { kind: "lamp".into(), ..lamp(1) }));
        assert!(!lamp(2).serves(&Type { domain: "example-net".into(), ..lamp(1) }));
    }

    #[test]
    fn a_usn_names_a_device_and_what_of_it() {
        let udn = Udn::parse("uuid:1234").unwrap();
        let device = Usn { udn: udn.clone(), target: None };
        assert_eq!(Usn::parse("uuid:1234"), Some(device.clone()));
        assert_eq!(Usn::parse("1234"), Some(device.clone()));
        assert_eq!(device.to_string(), "uuid:1234");
        let usn = Usn { udn, target: Some(Target::DeviceType(lamp(1))) };
        assert_eq!(usn.to_string(), "uuid:1234::urn:example-org:device:Lamp:1");
        assert_eq!(Usn::parse(&usn.to_string()), Some(usn));
        let long = format!("uuid:{}", "a".repeat(Udn::BYTES_MAX + 1));
        let colons = ["uuid:1234:", ":1234"];
        let others = ["", "uuid:", "::upnp:rootdevice", "uuid:1234::", "uuid:12 34", &long];
        for text in colons.into_iter().chain(others) {
            assert_eq!(Usn::parse(text), None, "{text}");
        }
    }
}

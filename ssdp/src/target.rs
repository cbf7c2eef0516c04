//! What is announced and what is searched for: the values of NT and ST, and of USN.

use std::fmt;

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
        let bare = text.strip_prefix("uuid:").unwrap_or(text);
        let fits = (1..=Self::BYTES_MAX).contains(&bare.len());
        (fits && bare.bytes().all(|byte| byte.is_ascii_graphic())).then(|| Self(bare.to_owned()))
    }

    /// Without `uuid:`.
    pub fn bare(&self) -> &str {
        &self.0
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

//! The vendor's field in our announcements: enough to list and to call somebody without fetching a
//! description first.
//!
//! ```text
//! WHO.HALLWAY.LOCAL: PORT STATE FINGERPRINT NAME
//! WHO.HALLWAY.LOCAL: 5460 free 0g7k9x2m4c8d1h5n6p3q7r2s9t4v8w0x katie
//! ```
//!
//! Anybody can send any of it: it says whom somebody would like to be taken for.

use hallway::identity::Fingerprint;
use hallway::message::State;
use hallway::text::Name;
use hallway::time::Now;
use ssdp::engine::{Config, Device, Wanted};
use ssdp::limits::MAX_AGE;
use ssdp::target::Udn;

use crate::kind::Kind;
use crate::limits::{HINT_BYTES_MAX, HINT_NAME_BYTES_MAX};
use crate::page::{CONFIG_ID, DESCRIPTION};

/// The name of the field.
pub const FIELD: &str = "WHO.HALLWAY.LOCAL";

/// The field of an answer that says whether the asker's multicasts are heard.
pub const ECHO: &str = "ECHO.HALLWAY.LOCAL";

/// What an engine of ours is set up with that announces and wants nothing.
pub fn config(now: Now) -> Config {
    Config {
        device: None,
        wanted: Wanted::Nothing,
        product: product(),
        friendly_name: "Hallway".to_owned(),
        echo: Some(ECHO.to_owned()),
        boot_id: u32::try_from(now.unix & 0x7fff_ffff).unwrap_or_default(),
        unix: now.unix,
    }
}

/// What is announced of a program: its description is served at that port, and goodbye is said for
/// `earlier` runs.
pub fn device(kind: Kind, udn: Udn, hints: &Hints, port: u16, earlier: Vec<Udn>) -> Device {
    Device {
        udn,
        kind: kind.device_type(),
        services: vec![kind.service_type()],
        embedded: Vec::new(),
        location: (port, DESCRIPTION.to_owned()),
        config_id: CONFIG_ID,
        max_age: MAX_AGE,
        extra: vec![hints.field()],
        earlier,
    }
}

/// What SERVER and USER-AGENT say. The version of the system is nobody's business, but the form
/// wants one.
pub fn product() -> String {
    let version = concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));
    format!("{}/0 UPnP/2.0 Hallway/{version}", std::env::consts::OS)
}

/// What somebody says of themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hints {
    /// TCP port of their node or community; never 0.
    pub port: u16,
    /// Whether they can be called; a community always can.
    pub state: State,
    /// Who they would prove to be.
    pub fingerprint: Fingerprint,
    /// Their name; a long one is cut, and then ends with `…`.
    pub name: Name,
}

impl Hints {
    /// Name and value of the field.
    pub fn field(&self) -> (String, String) {
        let Self { port, state, fingerprint, name } = self;
        let fingerprint = fingerprint.to_string().replace('-', "");
        let value = format!("{port} {} {fingerprint} {}", word(*state), cut(name));
        (FIELD.to_owned(), value)
    }

    /// What a device says in its vendors' fields; `None` if that is not just what [`Hints::field`]
    /// gives for somebody. A name that is not legal did not come from Hallway.
    pub fn among(extra: &[(String, String)]) -> Option<Self> {
        let (_, value) = extra.iter().find(|(name, _)| name == FIELD)?;
        Self::parse(value)
    }

    fn parse(value: &str) -> Option<Self> {
        let mut words = value.splitn(4, ' ');
        let hints = Self {
            port: words.next()?.parse().ok().filter(|port| *port != 0)?,
            state: state(words.next()?)?,
            fingerprint: Fingerprint::parse(words.next()?)?,
            name: Name::parse(words.next()?).ok()?,
        };
        // One way to write each: no leading zeros, no capitals, no doubled spaces.
        (value.len() <= HINT_BYTES_MAX && hints.field().1 == value).then_some(hints)
    }
}

/// Shorter than in a list, where room is not as scarce.
fn word(state: State) -> &'static str {
    match state {
        State::Available => "free",
        State::InChat => "chat",
    }
}

fn state(said: &str) -> Option<State> {
    [State::Available, State::InChat].into_iter().find(|state| word(*state) == said)
}

/// As much of a name as fits, still a legal one.
fn cut(name: &Name) -> Name {
    let mut head = name.as_str();
    if head.len() <= HINT_NAME_BYTES_MAX {
        return name.clone();
    }
    // A cut can leave half of what belongs together, which is no name any more.
    while let Some((at, _)) = head.char_indices().next_back() {
        head = head.split_at(at).0;
        if head.len() + "…".len() <= HINT_NAME_BYTES_MAX
            && let Ok(name) = Name::parse(&format!("{head}…"))
        {
            return name;
        }
    }
    Name::suggest("")
}

#[cfg(test)]
mod tests {
    use hallway::identity::PublicIdentity;
    use ssdp::message::{Advert, write};
    use ssdp::target::{Target, Usn};

    use super::*;

    fn hints(name: &str) -> Hints {
        Hints {
            port: 5460,
            state: State::Available,
            fingerprint: PublicIdentity([7; 32]).fingerprint(),
            name: Name::parse(name).unwrap(),
        }
    }

    #[test]
    fn what_is_said_is_understood() {
        for name in ["katie", "Åsa", "李四", "a-name-of-28-characters-in-a"] {
            for state in [State::Available, State::InChat] {
                let hints = Hints { state, ..hints(name) };
                let field = hints.field();
                assert!(field.1.starts_with("5460 ") && field.1.len() <= HINT_BYTES_MAX);
                assert_eq!(Hints::among(&[field]), Some(hints));
            }
        }
    }

    #[test]
    fn a_long_name_is_cut_between_two_characters_and_stays_a_name() {
        for long in ["李".repeat(32), "é".repeat(32), "👩‍🔬a".repeat(6), "क्ष".repeat(10)]
        {
            let (_, value) = hints(&long).field();
            let heard = Hints::parse(&value).unwrap();
            let name = heard.name.as_str();
            assert!(name.len() <= HINT_NAME_BYTES_MAX, "{name}");
            assert!(name.len() > HINT_NAME_BYTES_MAX / 2, "{name}");
            assert!(long.starts_with(name.strip_suffix('…').unwrap()), "{name}");
        }
    }

    /// All that is said by a device whose description is there.
    fn messages(kind: Kind, description: &str, hints: &Hints) -> Vec<String> {
        let group = "[ff05::c]:1900".parse().unwrap();
        let udn = Udn::random([7; 16]);
        let device = Target::Device(udn.clone());
        let set = [Target::RootDevice, device.clone(), kind.device_type(), kind.service_type()];
        let advert = |target: Target| Advert {
            usn: Usn { udn: udn.clone(), target: Some(target.clone()).filter(|it| *it != device) },
            target,
            location: Some(description.to_owned()),
            server: Some(product()),
            max_age: u32::try_from(MAX_AGE.as_secs()).ok(),
            boot_id: Some(u32::MAX >> 1),
            next_boot_id: Some(u32::MAX >> 1),
            config_id: Some(CONFIG_ID),
            search_port: Some(65535),
            extra: vec![hints.field(), (ECHO.to_owned(), "1".to_owned())],
        };
        let said = |advert: Advert| {
            [
                write::alive(group, &advert),
                write::update(group, &advert),
                write::answer(1 << 32, &advert),
            ]
        };
        let texts = set.map(advert).map(said).concat();
        texts.into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect()
    }

    /// The writer leaves out a vendor's field that would make a message longer than 512 bytes: it
    /// must not have to.
    #[test]
    fn the_longest_announcement_has_room_for_the_hints() {
        let hints = Hints { port: 65535, ..hints(&"k".repeat(32)) };
        for kind in Kind::ALL {
            for (ip, has_echo) in [
                ("[2001:1db8:1111:2222:3333:4444:5555:6666]", false),
                ("[fe80::1111:2222:3333:4444]", true),
                ("255.255.255.255", true),
            ] {
                let description = format!("http://{ip}:65535{DESCRIPTION}");
                for message in messages(kind, &description, &hints) {
                    assert!(message.contains(FIELD), "{} bytes: {message}", message.len());
                    // Who asks a neighbour by the longest address can ask by another.
                    assert!(message.contains(ECHO) || !has_echo, "{}: {message}", message.len());
                }
            }
        }
    }

    #[test]
    fn what_hallway_would_not_say_is_not_believed() {
        let (_, good) = hints("katie").field();
        assert!(Hints::parse(&good).is_some());
        let wrong = [
            String::new(),
            "5460".into(),
            good.replace("5460", "0"),
            good.replace("5460", "05460"),
            good.replace("5460", "+5460"),
            good.replace("5460", "65536"),
            good.replace("free", "asleep"),
            good.replace("free", "FREE"),
            good.to_uppercase(),
            good.replace("katie", ""),
            good.replace("katie", "two words"),
            good.replace("katie", "\u{1b}[2J"),
            good.replace("katie", "ka\u{202e}tie"),
            good.replace("katie", " katie"),
            good.replace("katie", &"k".repeat(33)),
            good.replace("katie", &"k".repeat(10_000)),
            good.replace(' ', "\t"),
            good.replace(' ', "  "),
        ];
        for value in wrong {
            assert_eq!(Hints::parse(&value), None, "{value:?}");
        }
        assert_eq!(Hints::among(&[("WHO.EXAMPLE.ORG".into(), good)]), None);
    }
}

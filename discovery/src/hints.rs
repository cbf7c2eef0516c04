//! The vendor's field in our announcements: enough to list and to call somebody without fetching a
//! description first.
//!
//! ```text
//! WHO.HALLWAY.LOCAL: PORT STATE FINGERPRINT NAME
//! WHO.HALLWAY.LOCAL: 5460 available 0g7k9x2m4c8d1h5n6p3q7r2s9t4v8w0x katie
//! ```
//!
//! Anybody can send any of it: it says whom somebody would like to be taken for.

use hallway::identity::Fingerprint;
use hallway::message::State;
use hallway::text::Name;

use crate::limits::{HINT_BYTES_MAX, HINT_NAME_BYTES_MAX};

/// The name of the field.
pub const FIELD: &str = "WHO.HALLWAY.LOCAL";

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
        let value = format!("{port} {} {fingerprint} {}", state.word(), cut(name));
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

fn state(word: &str) -> Option<State> {
    [State::Available, State::InChat].into_iter().find(|state| state.word() == word)
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
        for name in ["katie", "Åsa", "李四", "a-name-of-32-characters-in-all-0"] {
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
            good.replace("available", "asleep"),
            good.replace("available", "AVAILABLE"),
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

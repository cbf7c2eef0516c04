//! Pins: which identity belongs to a name, remembered from the first successful handshake on.
//!
//! The file is append-only text, one pin a line; the last line about somebody holds. A line that
//! was torn by a crash is skipped.

use std::collections::BTreeMap;

use crate::identity::Fingerprint;
use crate::limits;
use crate::text::Name;

/// Whose identity is pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A person, by name.
    Node(Name),
    /// A community, by the address it was dialled at: its name is its own choice.
    Community(String),
}

/// What the pins say of an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nobody by that name was met before.
    New,
    /// The same as ever.
    Same,
    /// The name belongs to this other identity.
    Other(Fingerprint),
}

/// All pins of one user.
#[derive(Default)]
pub struct Pins {
    /// By age: the oldest is forgotten first.
    pins: BTreeMap<u64, Pin>,
    /// Which pin is about a subject with this key.
    by_key: BTreeMap<Key, u64>,
    next: u64,
}

struct Pin {
    keys: Vec<Key>,
    fingerprint: Fingerprint,
}

/// Two subjects with a key in common are one: "Katie" does not get round the pin of "katie".
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Node(String),
    Community(String),
}

impl Pins {
    /// Reads the file's text; lines that are no pins are skipped.
    pub fn read(text: &str) -> Self {
        let mut pins = Self::default();
        for line in text.lines() {
            if let Some((subject, fingerprint)) = parse(line) {
                pins.put(&subject, fingerprint);
            }
        }
        pins
    }

    /// What is known of `subject`, seen with this identity.
    pub fn check(&self, subject: &Subject, fingerprint: Fingerprint) -> Known {
        let oldest = subject.keys().iter().filter_map(|key| self.by_key.get(key)).min();
        match oldest.and_then(|pin| self.pins.get(pin)) {
            None => Known::New,
            Some(pin) if pin.fingerprint == fingerprint => Known::Same,
            Some(pin) => Known::Other(pin.fingerprint),
        }
    }

    /// Pins `subject` to this identity, replacing what was there. Gives the line to append to the
    /// file, without its end.
    pub fn pin(&mut self, subject: &Subject, fingerprint: Fingerprint, unix: u64) -> String {
        let (kind, label) = match subject {
            Subject::Node(name) => ("node", name.as_str()),
            Subject::Community(address) => ("community", address.as_str()),
        };
        self.put(subject, fingerprint);
        format!("{kind} {label} {fingerprint} {unix}")
    }

    fn put(&mut self, subject: &Subject, fingerprint: Fingerprint) {
        let keys = subject.keys();
        for key in &keys {
            if let Some(pin) = self.by_key.get(key).copied() {
                self.forget(pin);
            }
        }
        if self.pins.len() >= limits::PINS_MAX
            && let Some((oldest, _)) = self.pins.first_key_value()
        {
            self.forget(*oldest);
        }
        self.next += 1;
        self.by_key.extend(keys.iter().map(|key| (key.clone(), self.next)));
        self.pins.insert(self.next, Pin { keys, fingerprint });
    }

    fn forget(&mut self, pin: u64) {
        for key in self.pins.remove(&pin).into_iter().flat_map(|pin| pin.keys) {
            self.by_key.remove(&key);
        }
    }
}

impl Subject {
    fn keys(&self) -> Vec<Key> {
        match self {
            Self::Node(name) => name.look_alikes().map(Key::Node).into(),
            Self::Community(address) => vec![Key::Community(address.clone())],
        }
    }
}

fn parse(line: &str) -> Option<(Subject, Fingerprint)> {
    let mut words = line.split(' ');
    let (kind, label) = (words.next()?, words.next()?);
    let fingerprint = Fingerprint::parse(words.next()?)?;
    let _unix: u64 = words.next()?.parse().ok()?;
    let subject = match kind {
        "node" => Subject::Node(Name::parse(label).ok()?),
        "community" => Subject::Community(label.to_owned()),
        _ => return None,
    };
    words.next().is_none().then_some((subject, fingerprint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Identity;

    fn katie() -> Subject {
        Subject::Node(Name::parse("katie").unwrap())
    }

    fn print(seed: u8) -> Fingerprint {
        Identity::from_seed(&[seed; 32]).public().fingerprint()
    }

    #[test]
    fn a_pin_is_remembered_and_a_change_is_noticed_until_it_is_trusted() {
        let mut pins = Pins::default();
        assert_eq!(pins.check(&katie(), print(1)), Known::New);
        let mut file = pins.pin(&katie(), print(1), 1_700_000_000) + "\n";
        assert_eq!(pins.check(&katie(), print(1)), Known::Same);
        assert_eq!(pins.check(&katie(), print(2)), Known::Other(print(1)));

        file += &pins.pin(&katie(), print(2), 1_700_000_001);
        let again = Pins::read(&file);
        assert_eq!(again.check(&katie(), print(2)), Known::Same);
        assert_eq!(again.check(&katie(), print(1)), Known::Other(print(2)));
    }

    #[test]
    fn another_spelling_does_not_get_round_a_pin() {
        let mut pins = Pins::default();
        pins.pin(&katie(), print(1), 0);
        let upper = Subject::Node(Name::parse("KATIE").unwrap());
        assert_eq!(pins.check(&upper, print(2)), Known::Other(print(1)));
        let community = Subject::Community("katie".to_owned());
        assert_eq!(pins.check(&community, print(2)), Known::New);
    }

    #[test]
    fn a_torn_line_loses_that_pin_and_no_other() {
        let mut pins = Pins::default();
        let whole = pins.pin(&katie(), print(1), 1_700_000_000) + "\n";
        let bob = Subject::Node(Name::parse("bob").unwrap());
        let torn = pins.pin(&bob, print(2), 1_700_000_000);
        for cut in 0..torn.len() - 10 {
            let read = Pins::read(&format!("{whole}{}", &torn[..cut]));
            assert_eq!(read.check(&katie(), print(1)), Known::Same);
            assert_eq!(read.check(&bob, print(2)), Known::New);
        }
    }

    #[test]
    fn the_oldest_of_too_many_is_forgotten_and_many_are_read_at_once() {
        let person = |n: usize| Subject::Node(katie_numbered(n));
        let mut file = String::new();
        for n in 0..=limits::PINS_MAX {
            file += &format!("node {} {} 0\n", katie_numbered(n), print(1));
        }
        let pins = Pins::read(&file);
        assert_eq!(pins.pins.len(), limits::PINS_MAX);
        let keys: usize = pins.pins.values().map(distinct_keys).sum();
        assert_eq!(pins.by_key.len(), keys);
        assert_eq!(pins.check(&person(0), print(1)), Known::New);
        assert_eq!(pins.check(&person(1), print(1)), Known::Same);
        assert_eq!(pins.check(&person(limits::PINS_MAX), print(1)), Known::Same);
    }

    fn katie_numbered(n: usize) -> Name {
        Name::parse("katie").unwrap().numbered(u32::try_from(n).unwrap())
    }

    fn distinct_keys(pin: &Pin) -> usize {
        if pin.keys[0] == pin.keys[1] { 1 } else { 2 }
    }
}

//! Pins: which identity belongs to a name, remembered from the first successful handshake on.
//!
//! The file is append-only text, one pin a line; the last line about somebody holds. A line that
//! was torn by a crash is skipped.

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
    pins: Vec<(Subject, Fingerprint)>,
}

impl Pins {
    /// Reads the file's text; lines that are no pins are skipped.
    pub fn read(text: &str) -> Self {
        let mut pins = Self::default();
        for line in text.lines() {
            if let Some((subject, fingerprint)) = parse(line) {
                pins.put(subject, fingerprint);
            }
        }
        pins
    }

    /// What is known of `subject`, seen with this identity.
    pub fn check(&self, subject: &Subject, fingerprint: Fingerprint) -> Known {
        match self.pins.iter().find(|(known, _)| known.is_same(subject)) {
            None => Known::New,
            Some((_, pinned)) if *pinned == fingerprint => Known::Same,
            Some((_, pinned)) => Known::Other(*pinned),
        }
    }

    /// Pins `subject` to this identity, replacing what was there. Gives the line to append to the
    /// file, without its end.
    pub fn pin(&mut self, subject: Subject, fingerprint: Fingerprint, unix: u64) -> String {
        let (kind, label) = match &subject {
            Subject::Node(name) => ("node", name.as_str()),
            Subject::Community(address) => ("community", address.as_str()),
        };
        let line = format!("{kind} {label} {fingerprint} {unix}");
        self.put(subject, fingerprint);
        line
    }

    fn put(&mut self, subject: Subject, fingerprint: Fingerprint) {
        self.pins.retain(|(known, _)| !known.is_same(&subject));
        if self.pins.len() >= limits::PINS_MAX {
            self.pins.remove(0);
        }
        self.pins.push((subject, fingerprint));
    }
}

impl Subject {
    /// Names that read alike are one: "Katie" does not get round the pin of "katie".
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Node(one), Self::Node(two)) => one.same_person_word(two),
            (Self::Community(one), Self::Community(two)) => one == two,
            (Self::Node(_), Self::Community(_)) | (Self::Community(_), Self::Node(_)) => false,
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
        let mut file = pins.pin(katie(), print(1), 1_700_000_000) + "\n";
        assert_eq!(pins.check(&katie(), print(1)), Known::Same);
        assert_eq!(pins.check(&katie(), print(2)), Known::Other(print(1)));

        file += &pins.pin(katie(), print(2), 1_700_000_001);
        let again = Pins::read(&file);
        assert_eq!(again.check(&katie(), print(2)), Known::Same);
        assert_eq!(again.check(&katie(), print(1)), Known::Other(print(2)));
    }

    #[test]
    fn another_spelling_does_not_get_round_a_pin() {
        let mut pins = Pins::default();
        pins.pin(katie(), print(1), 0);
        let upper = Subject::Node(Name::parse("KATIE").unwrap());
        assert_eq!(pins.check(&upper, print(2)), Known::Other(print(1)));
        let community = Subject::Community("katie".to_owned());
        assert_eq!(pins.check(&community, print(2)), Known::New);
    }

    #[test]
    fn a_torn_line_loses_that_pin_and_no_other() {
        let mut pins = Pins::default();
        let whole = pins.pin(katie(), print(1), 1_700_000_000) + "\n";
        let bob = Subject::Node(Name::parse("bob").unwrap());
        let torn = pins.pin(bob.clone(), print(2), 1_700_000_000);
        for cut in 0..torn.len() - 10 {
            let read = Pins::read(&format!("{whole}{}", &torn[..cut]));
            assert_eq!(read.check(&katie(), print(1)), Known::Same);
            assert_eq!(read.check(&bob, print(2)), Known::New);
        }
    }
}

//! What is read from files and from people: identity file, pins, places, fingerprints, hints.

use std::collections::BTreeMap;

use discovery::hints::{FIELD, Hints};
use hallway::identity::Fingerprint;
use hallway::keyfile;
use hallway::pins::{Known, Pins, Subject};
use hallway::place::Place;
use hallway::text::Name;

use super::text::is_harmless;

/// Whether anything could be read.
pub fn check(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let is_key = key_file(bytes);
    let is_place = place(&text);
    let is_print = fingerprint(&text);
    let is_hint = hints(&text);
    pins(&text) || is_key || is_place || is_print || is_hint
}

/// An identity file is what is written, and nothing else.
fn key_file(bytes: &[u8]) -> bool {
    let Ok(identity) = keyfile::decode(bytes) else { return false };
    assert_eq!(keyfile::encode(&identity).as_bytes(), bytes);
    true
}

fn place(text: &str) -> bool {
    let Ok(place) = Place::parse(text, 5460) else { return false };
    let written = place.to_string();
    assert!(place.port != 0 && is_harmless(&written) && !written.contains(' '));
    // With the other port as the default: a place says its own.
    assert_eq!(Place::parse(&written, 1).as_ref(), Ok(&place), "written and read again");
    assert!(place.socket().is_none_or(|socket| socket.port() == place.port));
    // What is pinned under it is found under it.
    let print = print();
    let community = Subject::Community(written);
    let line = Pins::default().pin(&community, print, 7);
    assert_eq!(Pins::read(&line).check(&community, print), Known::Same, "{line}");
    true
}

fn print() -> Fingerprint {
    let text = "0123-4567-89ab-cdef-ghjk-mnpq-rstv-wxyz";
    Fingerprint::parse(text).expect("a fingerprint")
}

fn fingerprint(text: &str) -> bool {
    let Some(print) = Fingerprint::parse(text) else { return false };
    let written = print.to_string();
    assert_eq!(Fingerprint::parse(&written), Some(print), "written and read again");
    assert!(written.starts_with(&print.short()) && is_harmless(&written));
    true
}

/// Hints are believed only in the one form that they are written in.
fn hints(text: &str) -> bool {
    let said = (FIELD.to_owned(), text.to_owned());
    let Some(hints) = Hints::among(std::slice::from_ref(&said)) else { return false };
    assert_eq!(hints.field(), said);
    assert!(hints.port != 0 && is_harmless(text));
    true
}

/// A line of a pin file: whom, by which identity, since when.
type Pin = (Subject, Fingerprint, u64);

fn pins(text: &str) -> bool {
    let lines: Vec<Pin> = text.lines().filter_map(pin).collect();
    let read = Pins::read(text);
    let mut written = Pins::default();
    let mut file = String::new();
    for (subject, print, unix) in &lines {
        file += &written.pin(subject, *print, *unix);
        file.push('\n');
    }
    let again = Pins::read(&file);
    for (subject, print, _) in &lines {
        let known = read.check(subject, *print);
        assert_ne!(known, Known::New, "{subject:?}: few are never forgotten");
        assert_eq!(written.check(subject, *print), known, "{subject:?}: pinned");
        assert_eq!(again.check(subject, *print), known, "{subject:?}: written and read again");
    }
    // The last word about somebody holds, unless a later one was about a name that looks alike.
    let last: BTreeMap<String, &Pin> =
        lines.iter().map(|pin| (format!("{:?}", pin.0), pin)).collect();
    for (subject, print, _) in last.into_values() {
        let later = lines.iter().rposition(|(other, ..)| other == subject);
        let is_last =
            |(at, (other, ..)): (usize, &Pin)| Some(at) <= later || !look_alike(subject, other);
        if lines.iter().enumerate().all(is_last) {
            assert_eq!(read.check(subject, *print), Known::Same, "{subject:?}");
        }
    }
    !lines.is_empty()
}

fn look_alike(one: &Subject, other: &Subject) -> bool {
    match (one, other) {
        (Subject::Node(one), Subject::Node(other)) => one.same_person_word(other),
        (Subject::Community(one), Subject::Community(other)) => one == other,
        (Subject::Node(_), Subject::Community(_)) | (Subject::Community(_), Subject::Node(_)) => {
            false
        }
    }
}

/// Four words with one space between them.
fn pin(line: &str) -> Option<Pin> {
    let [kind, label, print, unix] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let subject = match kind {
        "node" => Subject::Node(Name::parse(label).ok()?),
        "community" => Subject::Community(label.to_owned()),
        _ => return None,
    };
    Some((subject, Fingerprint::parse(print)?, unix.parse().ok()?))
}

//! Events on their way to somebody who may be slow: of each device only what differs from what he
//! was told last, so that there are never more than devices in two full lists.

use std::collections::BTreeMap;

use crate::engine::Event;
use crate::target::Udn;

/// Events not yet fetched.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: BTreeMap<Udn, Event>,
}

impl Outbox {
    /// Adds what has happened after all that waits.
    pub fn push(&mut self, event: Event) {
        let udn = match &event {
            Event::Found(entry) | Event::Changed(entry) => entry.udn.clone(),
            Event::Gone(udn) => udn.clone(),
        };
        let sum = match (self.waiting.remove(&udn), event) {
            // He has not even heard of it.
            (Some(Event::Found(_)), Event::Gone(_)) => None,
            (Some(Event::Found(_)), Event::Changed(entry)) => Some(Event::Found(entry)),
            (Some(Event::Gone(_)), Event::Found(entry)) => Some(Event::Changed(entry)),
            (_, event) => Some(event),
        };
        if let Some(event) = sum {
            self.waiting.insert(udn, event);
        }
    }

    /// Takes one out.
    pub fn pop(&mut self) -> Option<Event> {
        self.waiting.pop_first().map(|(_, event)| event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Entry;

    fn entry(server: &str) -> Entry {
        Entry {
            udn: Udn::parse("one").unwrap(),
            targets: Vec::new(),
            places: Vec::new(),
            server: Some(server.into()),
            extra: Vec::new(),
        }
    }

    /// What is left of that, given that all before was fetched.
    fn sum(events: &[Event]) -> Vec<Event> {
        let mut outbox = Outbox::default();
        for event in events {
            outbox.push(event.clone());
        }
        std::iter::from_fn(|| outbox.pop()).collect()
    }

    #[test]
    fn whoever_was_away_is_told_what_differs_and_nothing_else() {
        let (found, changed) = (|s| Event::Found(entry(s)), |s| Event::Changed(entry(s)));
        let gone = || Event::Gone(Udn::parse("one").unwrap());
        assert_eq!(sum(&[found("a"), changed("b")]), [found("b")]);
        assert_eq!(sum(&[found("a"), gone()]), []);
        assert_eq!(sum(&[changed("a"), changed("b")]), [changed("b")]);
        assert_eq!(sum(&[changed("a"), gone()]), [gone()]);
        assert_eq!(sum(&[gone(), found("b")]), [changed("b")]);
        assert_eq!(sum(&[gone(), found("b"), gone()]), [gone()]);
    }

    #[test]
    fn every_device_waits_for_itself() {
        let one = Event::Found(entry("a"));
        let other = Event::Gone(Udn::parse("other").unwrap());
        assert_eq!(sum(&[other.clone(), one.clone()]), [one, other]);
    }
}

//! What was stored, and its sender may not have heard of.

use std::collections::VecDeque;

use hallway::identity::Fingerprint;
use hallway::limits;
use hallway::time::Millis;

use crate::news::{About, LinkId};

/// The last transfers that were stored. Nobody confirms that; who has not heard it, because the
/// connection was lost, offers the same again.
#[derive(Debug, Default)]
pub(crate) struct Unheard(VecDeque<Told>);

#[derive(Debug)]
struct Told {
    at: Millis,
    link: LinkId,
    peer: Fingerprint,
    about: About,
}

impl Unheard {
    /// A sender was told that this is stored.
    pub(crate) fn told(&mut self, at: Millis, link: LinkId, peer: Fingerprint, about: About) {
        if self.0.len() >= limits::OFFERS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Told { at, link, peer, about });
    }

    /// A connection is gone: what was said on it long ago was heard.
    pub(crate) fn closed(&mut self, now: Millis, link: LinkId) {
        let is_late = |told: &Told| told.at + limits::UNACKNOWLEDGED_MAX >= now;
        self.0.retain(|told| told.link != link || is_late(told));
    }

    /// Whether what is offered again on this connection was stored, and told on another one. Once:
    /// it is told there.
    pub(crate) fn take(&mut self, link: LinkId, peer: Fingerprint, about: &About) -> bool {
        let is_it =
            |told: &Told| told.link != link && told.peer == peer && told.about.is_like(about);
        let place = self.0.iter().position(is_it);
        place.and_then(|place| self.0.remove(place)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use hallway::message::files::Kind;
    use hallway::text::FileName;

    use super::*;
    use crate::disk::TransferId;
    use crate::news::Way;

    const OLD: LinkId = LinkId(1);
    const NEW: LinkId = LinkId(2);

    fn about(name: &str) -> About {
        About {
            id: TransferId(1),
            way: Way::In,
            peer: "anna".to_owned(),
            name: FileName::of(name),
            kind: Kind::Folder,
            entries: 2,
            bytes: Some(3),
        }
    }

    fn peer() -> Fingerprint {
        Fingerprint::parse(&"0".repeat(32)).unwrap()
    }

    #[test]
    fn what_was_told_just_before_the_end_is_had_once_and_elsewhere() {
        let mut unheard = Unheard::default();
        unheard.told(Millis(0), OLD, peer(), about("a"));
        unheard.closed(limits::UNACKNOWLEDGED_MAX, OLD);
        assert!(!unheard.take(OLD, peer(), &about("a")), "there they have heard it");
        assert!(!unheard.take(NEW, peer(), &about("b")));
        assert!(unheard.take(NEW, peer(), &about("a")));
        assert!(!unheard.take(NEW, peer(), &about("a")));
    }

    #[test]
    fn what_was_told_long_before_the_end_was_heard() {
        let mut unheard = Unheard::default();
        unheard.told(Millis(0), OLD, peer(), about("a"));
        unheard.closed(limits::UNACKNOWLEDGED_MAX + Millis(1), OLD);
        assert!(!unheard.take(NEW, peer(), &about("a")));
    }

    #[test]
    fn only_the_last_are_remembered() {
        let mut unheard = Unheard::default();
        for number in 0..=limits::OFFERS_MAX {
            unheard.told(Millis(0), OLD, peer(), about(&number.to_string()));
        }
        assert!(!unheard.take(NEW, peer(), &about("0")));
        assert!(unheard.take(NEW, peer(), &about("1")));
    }
}

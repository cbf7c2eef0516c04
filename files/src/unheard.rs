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

    /// Whether what is offered on this connection was stored, and told on another one. Once: who
    /// offers it a third time wants a copy.
    pub(crate) fn take(&mut self, link: LinkId, peer: Fingerprint, about: &About) -> bool {
        let is_it =
            |told: &Told| told.link != link && told.peer == peer && told.about.is_like(about);
        let place = self.0.iter().position(is_it);
        place.and_then(|place| self.0.remove(place)).is_some()
    }
}

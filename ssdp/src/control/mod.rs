//! The control point: who is there, as far as can be heard and asked (UDA 1.2 and 1.3).

mod cache;
mod checks;
mod device;
mod searches;
mod strangers;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use crate::engine::{Arrival, Datagram, Entry, Output, Port, Wanted, Way};
use crate::interface::Interface;
use crate::message::{Advert, Message, write};
use crate::target::{Target, Udn};

use cache::Cache;
use checks::{Checks, Means};
use device::Spot;
use searches::Searches;
use strangers::Strangers;

/// Listens, searches, and keeps the list of who is there.
#[derive(Debug)]
pub(crate) struct ControlPoint {
    own: Option<Udn>,
    voice: Voice,
    cache: Cache,
    checks: Checks,
    searches: Searches,
    strangers: Strangers,
    sends: VecDeque<Datagram>,
}

/// How we are called when we ask.
#[derive(Debug)]
struct Voice {
    product: String,
    friendly_name: String,
}

impl ControlPoint {
    /// A control point that knows nobody. `own` is our own device, which is never listed; `echo`
    /// the vendor's field that says whether we are heard; `seed` decides all delays.
    pub(crate) fn new(
        wanted: Wanted,
        product: String,
        friendly_name: String,
        own: Option<Udn>,
        echo: Option<String>,
        seed: u64,
    ) -> Self {
        Self {
            own,
            voice: Voice { product, friendly_name },
            searches: Searches::new(&wanted, seed),
            strangers: Strangers::new(&wanted, seed.rotate_left(32)),
            cache: Cache::new(wanted, echo),
            checks: Checks::default(),
            sends: VecDeque::new(),
        }
    }

    /// A message came from a neighbour.
    pub(crate) fn heard(&mut self, now: Duration, arrival: Arrival, message: &Message) {
        let (Message::Alive(advert)
        | Message::Update(advert)
        | Message::Answer(advert)
        | Message::Byebye(advert)) = message
        else {
            return;
        };
        let is_own = self.own.as_ref() == Some(&advert.usn.udn);
        if is_own || !self.searches.is_used(arrival.interface) {
            return;
        }
        if matches!(message, Message::Byebye(_)) {
            let everywhere: Vec<Spot> = self.cache.spots(&advert.usn.udn).collect();
            self.doubt(now, &advert.usn.udn, &everywhere);
        } else {
            self.heard_there(now, arrival, message, advert);
        }
    }

    /// Somebody says to be there.
    fn heard_there(&mut self, now: Duration, arrival: Arrival, message: &Message, advert: &Advert) {
        if matches!(message, Message::Answer(_)) && arrival.by == Way::Unicast(Port::Own) {
            self.searches.answered(arrival.interface, &advert.target);
        }
        let spot = Spot::of(arrival);
        let udn = &advert.usn.udn;
        let Some(mut before) = self.cache.hear(now, arrival, message, advert) else {
            // In a full list each that is found pushes out another, who would be asked next.
            if matches!(message, Message::Alive(_)) && !self.cache.is_full() {
                self.strangers.heard(now, arrival, advert);
            }
            return;
        };
        self.strangers.known(udn);
        match arrival.by {
            Way::Multicast => self.searches.fresh(now, arrival.interface),
            // Only this shows that there is somebody at that address: a multicast may be forged,
            // or an old one that comes late.
            Way::Unicast(_) => {
                if self.checks.answered(udn, spot) {
                    before.retain(|other| *other != spot);
                }
            }
        }
        self.doubt(now, udn, &before);
    }

    fn doubt(&mut self, now: Duration, udn: &Udn, at: &[Spot]) {
        let Self { cache, voice, sends, .. } = self;
        self.checks.doubt(now, udn, at, &mut Means { cache, voice, sends });
    }

    /// The interfaces in use, all of them.
    pub(crate) fn interfaces(&mut self, now: Duration, interfaces: &[Interface]) {
        self.searches.interfaces(now, interfaces);
        self.cache.keep_networks(interfaces);
        self.strangers.keep_networks(interfaces);
    }

    /// Searches for what is wanted, or for that, now; if the same was begun less than
    /// [`crate::limits::SEARCH_AGAIN`] ago, that will do.
    pub(crate) fn search(&mut self, now: Duration, target: Option<Target>) {
        self.searches.ask(now, target);
        self.timer(now);
    }

    /// Asks a device at all its places whether it is there.
    pub(crate) fn check(&mut self, now: Duration, udn: &Udn) {
        let Self { cache, voice, sends, .. } = self;
        self.checks.ask(now, udn, &mut Means { cache, voice, sends });
    }

    /// Keeps a device when the list is full: it has proved to be there. It is asked once, without
    /// consequences, so that its places are told from forged ones by their answers.
    pub(crate) fn verified(&mut self, udn: &Udn) {
        let Self { cache, voice, sends, .. } = self;
        cache.verify(udn);
        let everywhere = cache.spots(udn).collect();
        Means { cache, voice, sends }.ask(udn, &everywhere, |place| place.search_port);
    }

    /// Does what is due.
    pub(crate) fn timer(&mut self, now: Duration) {
        let Self { cache, voice, sends, .. } = self;
        cache.expire(now);
        self.checks.step(now, &mut Means { cache, voice, sends });
        self.searches.step(now, self.cache.len(), &self.voice, &mut self.sends);
        if self.cache.is_full() {
            self.strangers.forget();
        }
        self.strangers.step(now, &self.voice, &mut self.sends);
    }

    /// What is to be done next.
    pub(crate) fn poll(&mut self) -> Option<Output> {
        let send = self.sends.pop_front().map(Output::Send);
        send.or_else(|| self.cache.event().map(Output::Event))
    }

    /// When to call [`ControlPoint::timer`].
    pub(crate) fn deadline(&self) -> Option<Duration> {
        let sides = [self.checks.deadline(), self.searches.deadline(), self.strangers.deadline()];
        sides.into_iter().chain([self.cache.deadline()]).flatten().min()
    }

    /// Who is there.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.cache.entries()
    }
}

impl Voice {
    fn search(&self, to: SocketAddr, target: &Target, mx: Option<u32>) -> Vec<u8> {
        write::search(to, target, mx, &self.product, &self.friendly_name)
    }
}

//! What is received, on all connections.

use hallway::limits;
use hallway::message::files::{Files, Kind, Offer, Refuse, Why, Withdraw};
use hallway::reason::PeerFault;
use hallway::time::Millis;

use super::Transfers;
use crate::desk::{Desk, Spot};
use crate::disk::{Placed, TransferId, Trouble};
use crate::link::Link;
use crate::news::{About, Failure, FilePolicy, LinkId, News, Way};
use crate::receiving::{Receiving, Step};
use crate::requests::Fetch;

impl Transfers {
    /// Something is offered: refused at once, or looked at.
    pub(super) fn offered(
        &mut self,
        now: Millis,
        link_id: LinkId,
        offer: &Offer,
    ) -> Result<(), PeerFault> {
        let link = self.link(link_id)?;
        link.heard(offer.number)?;
        if offer.kind == Kind::File && offer.entries != 1 {
            return Err(PeerFault::UnexpectedMessage);
        }
        let request = offer.request.map(|request| link.requests.offered(request, offer));
        let fetch = request.transpose()?;
        let (peer, label) = (link.peer, link.label.clone());
        let spot = Spot { link: link_id, number: offer.number };
        let mut about = about(offer, label);
        let earlier = match &fetch {
            Some(fetch) => fetch.resumes,
            None => self.earlier(now, link_id, &about, offer.again),
        };
        if fetch.is_none()
            && earlier.is_none()
            && offer.again
            && self.unheard.take(link_id, peer, &about)
        {
            self.desk.say(link_id, refuse(spot, Why::Have));
            return Ok(());
        }
        if earlier.is_some_and(|id| !self.receiving.get(&id).is_some_and(Receiving::is_waiting)) {
            // Somebody here has stopped it, and cannot take back that it was asked for.
            self.desk.say(link_id, refuse(spot, Why::Stopped));
            self.ask_next(link_id);
            return Ok(());
        }
        if let Some(why) = self.refusal(now, link_id, offer, fetch.is_some(), earlier.is_some()) {
            self.refuse(spot, &about, why, fetch, earlier);
            self.ask_next(link_id);
            return Ok(());
        }
        let id = earlier.unwrap_or_else(|| self.desk.next_id());
        about.id = id;
        if let Some(link) = self.links.get_mut(&link_id) {
            link.begin_incoming(offer.number, id);
        }
        let new = || Receiving::new(now, about.clone(), peer, fetch);
        let receiving = self.receiving.entry(id).or_insert_with(new);
        receiving.offered(spot, about, offer.hash, &mut self.desk);
        self.settle(now, id, Some(spot), false);
        Ok(())
    }

    /// A transfer that this offer goes on with.
    fn earlier(
        &mut self,
        now: Millis,
        link_id: LinkId,
        about: &About,
        again: bool,
    ) -> Option<TransferId> {
        let peer = self.links.get(&link_id)?.peer;
        // What has all come is meant only by who has sent all of it.
        let is_it = |receiving: &Receiving| {
            receiving.is_same(peer, about) && (again || !receiving.has_come())
        };
        let mut same = self.receiving.iter().filter(|(_, receiving)| is_it(receiving));
        // One that goes on elsewhere does so on a connection that they have lost already.
        let elsewhere = |receiving: &Receiving| {
            receiving.is_wanted() && receiving.spot().is_some_and(|spot| spot.link != link_id)
        };
        let goes_on = |receiving: &Receiving| receiving.is_waiting() || elsewhere(receiving);
        let (id, receiving) = same.find(|(_, receiving)| goes_on(receiving))?;
        let (id, spot) = (*id, receiving.spot());
        if let Some(spot) = spot {
            self.desk.say(spot.link, refuse(spot, Why::TooMany));
            self.flush(id);
            self.with_receiving(now, id, |receiving, desk| receiving.cut(desk));
        }
        self.receiving.contains_key(&id).then_some(id)
    }

    /// Why an offer is refused without a look at the disk.
    fn refusal(
        &mut self,
        now: Millis,
        link_id: LinkId,
        offer: &Offer,
        is_wanted: bool,
        goes_on: bool,
    ) -> Option<Why> {
        if !is_wanted && !goes_on && self.setup.policy == FilePolicy::None {
            return Some(Why::Policy);
        }
        if offer.entries > limits::ENTRIES_MAX {
            return Some(Why::TooDeep);
        }
        if self.setup.bytes_max.is_some_and(|most| offer.bytes.is_some_and(|bytes| bytes > most)) {
            return Some(Why::TooLarge);
        }
        let open = self.receiving.values().filter(|receiving| receiving.is_open_on(link_id));
        if open.count() >= limits::OFFERS_MAX {
            return Some(Why::TooMany);
        }
        let is_fickle = |link: &mut Link| link.is_fickle(now);
        if !is_wanted && !goes_on && self.links.get_mut(&link_id).is_some_and(is_fickle) {
            return Some(Why::TooMany);
        }
        if goes_on {
            return None;
        }
        (!self.make_room(is_wanted)).then_some(Why::TooMany)
    }

    /// Whether there may be another transfer, for us or for somebody else; forgets the oldest from
    /// somebody that may never go on, if need be. What a person here wants gives way only to what
    /// we want.
    pub(super) fn make_room(&mut self, for_us: bool) -> bool {
        let policy = self.setup.policy;
        let has_room = |all: &Self| all.sending.len() + all.receiving.len() < limits::TRANSFERS_MAX;
        if !has_room(self) {
            let mut forgotten = self
                .receiving
                .extract_if(.., |_, it| it.may_be_forgotten() && (for_us || !it.is_wish(policy)));
            if let Some((_, mut oldest)) = forgotten.next() {
                oldest.forget(&mut self.desk);
            }
        }
        has_room(self)
    }

    /// Refuses an offer; tells those here who have asked for it.
    fn refuse(
        &mut self,
        spot: Spot,
        about: &About,
        why: Why,
        fetch: Option<Fetch>,
        earlier: Option<TransferId>,
    ) {
        self.desk.say(spot.link, refuse(spot, why));
        if let Some(mut receiving) = earlier.and_then(|id| self.receiving.remove(&id)) {
            receiving.fail(Failure::Here(why), None, &mut self.desk);
        } else if let Some(Fetch { wanted, .. }) = fetch {
            let label = about.peer.clone();
            let failure = Failure::Here(why);
            self.desk.news(News::NotThere(spot.link, label, Some(wanted), failure));
        }
    }

    /// Something happens to a transfer from somebody; then it may have left its connection, and
    /// others have their turn.
    pub(super) fn with_receiving(
        &mut self,
        now: Millis,
        id: TransferId,
        happens: impl FnOnce(&mut Receiving, &mut Desk),
    ) {
        let Some(receiving) = self.receiving.get_mut(&id) else { return };
        let (spot, is_streamed) = (receiving.spot(), receiving.is_streamed());
        happens(receiving, &mut self.desk);
        self.settle(now, id, spot, is_streamed);
    }

    /// Puts in order what follows from a change of a transfer, which was there before.
    fn settle(&mut self, now: Millis, id: TransferId, was: Option<Spot>, was_streamed: bool) {
        let Some(receiving) = self.receiving.get(&id) else { return };
        let has_left = receiving.spot().is_none();
        if receiving.is_over() {
            self.receiving.remove(&id);
        }
        if let Some(spot) = was.filter(|_| has_left) {
            self.end_incoming(spot, was_streamed);
        }
        self.go_next(now);
    }

    fn end_incoming(&mut self, spot: Spot, was_streamed: bool) {
        if let Some(link) = self.links.get_mut(&spot.link) {
            link.end_incoming(spot.number, was_streamed);
        }
        self.ask_next(spot.link);
    }

    /// Those that wait for their turn have it, when few enough move on their connection and none
    /// that would have the same part.
    fn go_next(&mut self, now: Millis) {
        let queued =
            |(id, receiving): (&TransferId, &Receiving)| receiving.queued().map(|spot| (*id, spot));
        let queued: Vec<_> = self.receiving.iter().filter_map(queued).collect();
        for (id, spot) in queued {
            let Some(waiting) = self.receiving.get(&id) else { continue };
            let moving = || self.receiving.values().filter(|other| other.is_moving());
            let on_link = |other: &&Receiving| other.spot().is_some_and(|at| at.link == spot.link);
            if moving().any(|other| other.is_same(waiting.peer, &waiting.about))
                || moving().filter(on_link).count() >= limits::FILES_MOVING_MAX
            {
                continue;
            }
            if let Some(receiving) = self.receiving.get_mut(&id) {
                receiving.go(now, &mut self.desk);
            }
        }
    }

    // ---- what the sender says ----------------------------------------------------------------

    /// A piece of a stream has come.
    pub(super) fn stream(
        &mut self,
        now: Millis,
        link_id: LinkId,
        number: u64,
        step: Step<'_>,
    ) -> Result<(), PeerFault> {
        let link = self.link(link_id)?;
        let Some(id) = link.incoming(number)? else {
            if matches!(step, Step::Sent(_)) {
                link.sent_in_vain(number);
            }
            return Ok(());
        };
        let Some(receiving) = self.receiving.get_mut(&id) else { return Ok(()) };
        let spot = receiving.spot();
        let said_all = matches!(step, Step::Sent(_));
        receiving.stream(now, step, &mut self.backlog, &mut self.desk)?;
        if receiving.spot().is_none() {
            self.settle(now, id, spot, !said_all);
        }
        Ok(())
    }

    /// All of it is in its place, or not.
    pub(super) fn put_away(
        &mut self,
        now: Millis,
        id: TransferId,
        stored: Result<Placed, Trouble>,
    ) {
        if let Some(receiving) = self.receiving.get(&id)
            && let (Some(spot), Ok(_)) = (receiving.spot(), &stored)
        {
            let (peer, about) = (receiving.peer, receiving.about.clone());
            self.unheard.told(now, spot.link, peer, about);
        }
        self.with_receiving(now, id, |receiving, desk| receiving.stored(stored, desk));
    }

    /// A person here stops a transfer.
    pub(super) fn stop(&mut self, now: Millis, id: TransferId) {
        let Some(receiving) = self.receiving.get(&id) else { return };
        let mut moving = self.receiving.values().filter(|other| other.is_moving());
        let is_alone = !moving.any(|other| other.is_same(receiving.peer, &receiving.about));
        self.with_receiving(now, id, |receiving, desk| receiving.cancel(is_alone, desk));
    }

    /// Gives the disk what has come of a transfer, before it is interrupted.
    fn flush(&mut self, id: TransferId) {
        if let Some(receiving) = self.receiving.get_mut(&id) {
            receiving.flush(&mut self.backlog, &mut self.desk);
        }
    }

    /// The sender gives up.
    pub(super) fn withdrawn(
        &mut self,
        now: Millis,
        link_id: LinkId,
        withdraw: Withdraw,
    ) -> Result<(), PeerFault> {
        let Some(id) = self.link(link_id)?.withdrawn(withdraw.number)? else { return Ok(()) };
        if self.receiving.get(&id).is_some_and(Receiving::is_asked) {
            self.link(link_id)?.was_withdrawn(now);
        }
        self.flush(id);
        self.with_receiving(now, id, |receiving, desk| receiving.withdrawn(withdraw.why, desk));
        // They have said so themselves: nothing of it comes any more.
        self.link(link_id)?.sent_in_vain(withdraw.number);
        Ok(())
    }

    // ---- connections that go -----------------------------------------------------------------

    /// What came on a connection waits.
    pub(super) fn cut_incoming(&mut self, now: Millis, link: LinkId) {
        let there = |receiving: &Receiving| receiving.spot().is_some_and(|spot| spot.link == link);
        for receiving in self.receiving.values_mut().filter(|receiving| there(receiving)) {
            receiving.flush(&mut self.backlog, &mut self.desk);
            receiving.cut(&mut self.desk);
        }
        self.receiving.retain(|_, receiving| !receiving.is_over());
        self.go_next(now);
    }
}

fn refuse(spot: Spot, why: Why) -> Files {
    Files::Refuse(Refuse { number: spot.number, why })
}

/// What is offered, as people see it; its number is not known yet.
fn about(offer: &Offer, peer: String) -> About {
    About {
        id: TransferId(0),
        way: Way::In,
        peer,
        name: offer.name.clone(),
        kind: offer.kind,
        entries: offer.entries,
        bytes: offer.bytes,
    }
}

//! What is sent, on all connections.

use hallway::limits;
use hallway::message::files::{Refuse, Stored, Take, Why};
use hallway::reason::PeerFault;
use hallway::time::Millis;

use super::Transfers;
use crate::desk::Desk;
use crate::disk::{Source, TransferId};
use crate::news::{Failure, LinkId, News};
use crate::sending::{self, Answers, Sending};

impl Transfers {
    /// Somebody here wants this sent.
    pub(super) fn send(&mut self, now: Millis, link: LinkId, source: Source) {
        let why = match self.links.contains_key(&link) {
            false => Failure::Trouble("the connection is gone".to_owned()),
            true if !self.make_room(true) => Failure::Here(Why::TooMany),
            true => return self.begin_sending(now, link, source, None),
        };
        let label = self.links.get(&link).map_or("", |link| link.label.as_str());
        let about = sending::unseen(self.desk.next_id(), label, &source);
        self.desk.news(News::Failed(about, why));
    }

    /// Begins a transfer; perhaps one that they asked for.
    pub(super) fn begin_sending(
        &mut self,
        now: Millis,
        link_id: LinkId,
        source: Source,
        answers: Option<Answers>,
    ) {
        let Some(link) = self.links.get(&link_id) else { return };
        let id = self.desk.next_id();
        let about = sending::unseen(id, &link.label, &source);
        let desk = &mut self.desk;
        let sending = Sending::new(now, about, link.peer, link_id, source, answers, desk);
        self.sending.insert(id, sending);
    }

    /// Something happens to a transfer to somebody; then it may have left its connection.
    pub(super) fn with_sending(
        &mut self,
        id: TransferId,
        happens: impl FnOnce(&mut Sending, &mut Desk),
    ) {
        let Some(sending) = self.sending.get_mut(&id) else { return };
        let link = sending.link();
        let spot = sending.spot();
        happens(sending, &mut self.desk);
        let has_left = sending.spot().is_none();
        if sending.is_over() {
            self.sending.remove(&id);
        }
        if let Some(spot) = spot.filter(|_| has_left)
            && let Some(link) = self.links.get_mut(&spot.link)
        {
            link.end_outgoing(spot.number, id);
        }
        if let Some(link) = link {
            self.offer_next(link);
        }
    }

    /// Offers what waits for it, as long as not too many are unanswered.
    fn offer_next(&mut self, link_id: LinkId) {
        let Some(link) = self.links.get_mut(&link_id) else { return };
        let offered = |sending: &&Sending| sending.is_offered(link_id);
        let unanswered = self.sending.values().filter(offered).count();
        let room = limits::OFFERS_MAX.saturating_sub(unanswered);
        let queued = self.sending.iter_mut().filter(|(_, sending)| sending.is_queued(link_id));
        for (id, sending) in queued.take(room) {
            sending.offer(link.offer(*id), &mut self.desk);
        }
    }

    // ---- what the receiver says --------------------------------------------------------------

    pub(super) fn taken(
        &mut self,
        now: Millis,
        link_id: LinkId,
        take: Take,
    ) -> Result<(), PeerFault> {
        let link = self.link(link_id)?;
        let Some(id) = link.outgoing(take.number)? else { return Ok(()) };
        if link.turns.len() >= limits::FILES_MOVING_MAX {
            return Err(PeerFault::UnexpectedMessage);
        }
        link.turns.push_back(id);
        let mut taken = Ok(());
        self.with_sending(id, |sending, desk| taken = sending.taken(now, take.have, desk));
        taken
    }

    pub(super) fn refused(&mut self, link_id: LinkId, refuse: Refuse) -> Result<(), PeerFault> {
        let link = self.link(link_id)?;
        let Some(id) = link.outgoing(refuse.number)? else { return Ok(()) };
        self.with_sending(id, |sending, desk| sending.refused(refuse.why, desk));
        Ok(())
    }

    pub(super) fn stored(&mut self, link_id: LinkId, stored: Stored) -> Result<(), PeerFault> {
        let Some(id) = self.link(link_id)?.outgoing(stored.number)? else { return Ok(()) };
        let mut is_stored = Ok(());
        self.with_sending(id, |sending, desk| is_stored = sending.stored(stored, desk));
        is_stored
    }

    pub(super) fn got(
        &mut self,
        now: Millis,
        link_id: LinkId,
        total: u64,
    ) -> Result<(), PeerFault> {
        self.link(link_id)?.window.got(now, total)?;
        self.pump(now, link_id);
        Ok(())
    }

    // ---- the stream --------------------------------------------------------------------------

    /// Sends what has been read, one part of each transfer after the other, as far as the window
    /// allows.
    pub(super) fn pump(&mut self, now: Millis, link_id: LinkId) {
        let mut without = 0;
        while let Some(link) = self.links.get_mut(&link_id)
            && without < link.turns.len()
            && link.window.has_room()
            && let Some(id) = link.turns.pop_front()
        {
            let Some(sending) = self.sending.get_mut(&id) else { continue };
            let spot = sending.spot();
            let has_sent = sending.step(now, &mut link.window, &mut self.desk);
            without = if has_sent { 0 } else { without + 1 };
            if sending.is_moving() {
                link.turns.push_back(id);
            } else if let Some(spot) = spot.filter(|_| sending.is_over()) {
                link.end_outgoing(spot.number, id);
                self.sending.remove(&id);
            }
        }
    }

    // ---- connections that go and come --------------------------------------------------------

    /// What was sent on a connection waits.
    pub(super) fn cut_outgoing(&mut self, link: LinkId) {
        for sending in self.sending.values_mut().filter(|it| it.link() == Some(link)) {
            sending.cut(&mut self.desk);
        }
        self.sending.retain(|_, sending| !sending.is_over());
    }

    /// What waits for whoever is there is offered again.
    pub(super) fn resume_outgoing(&mut self, link_id: LinkId) {
        let Some(link) = self.links.get(&link_id) else { return };
        let waiting = self.sending.values_mut().filter(|sending| sending.is_waiting());
        for sending in waiting.filter(|sending| sending.peer == link.peer) {
            sending.resume(link_id, &link.label, &mut self.desk);
        }
    }
}

//! Our place in a community: joining, the replica of its list, and coming back when it was lost.

mod replica;

use std::collections::BTreeMap;

use hallway::channel::{Channel, Incoming};
use hallway::conn::{ConnId, Lost, NetInput, NetOutput};
use hallway::handshake::auth::Peer;
use hallway::handshake::hello::Service;
use hallway::handshake::opaque::{Rejected, Stretched};
use hallway::limits;
use hallway::message::{Join, Member, Message, State};
use hallway::place::Place;
use hallway::reason::{CloseReason, Ended, PeerFault};
use hallway::text::Name;
use hallway::time::Millis;

use crate::desk::Desk;
use crate::notice::Notice;
use crate::outbound::{Outbound, Progress, Ticket, Whereabouts};
use crate::rejoin::{may_pass, pause};
pub use crate::wish::{Listing, Wish};

/// Our place in a community, or that we have none.
#[derive(Default)]
pub(crate) struct Membership {
    wish: Option<Wish>,
    /// What was wished under a name that another member has.
    unnamed: Option<Wish>,
    stage: Stage,
    members: BTreeMap<Name, Member>,
    /// When the list must be whole, until it is.
    list_until: Option<Millis>,
    /// Failed attempts since we were in.
    failures: u32,
    /// Whether we have ever been in, by this wish.
    was_in: bool,
    told: Option<State>,
}

#[derive(Default)]
enum Stage {
    /// No community, or it will not have us.
    #[default]
    Out,
    /// On the way in.
    Dialling(Outbound),
    /// In.
    In { conn: ConnId, channel: Box<Channel> },
    /// Lost; the next attempt is due then.
    Waiting { until: Millis },
}

/// Who the community proved to be, for the pins to judge before anything else happens.
pub(crate) struct Arrival {
    pub(crate) conn: ConnId,
    pub(crate) channel: Box<Channel>,
    pub(crate) peer: Peer,
}

impl Membership {
    pub(crate) fn join(&mut self, wish: Wish, now: Millis, desk: &mut Desk) {
        self.leave(now, desk);
        self.wish = Some(wish);
        self.was_in = false;
        self.failures = 0;
        self.dial(now, desk);
    }

    /// Joins under another name, after ours was taken; elsewhere the name alone changes.
    pub(crate) fn join_as(&mut self, name: Name, now: Millis, desk: &mut Desk) {
        desk.me.name = name;
        if let Some(wish) = self.unnamed.take().or_else(|| self.wish.take()) {
            self.join(wish, now, desk);
        }
    }

    fn dial(&mut self, now: Millis, desk: &mut Desk) {
        let Some(wish) = &self.wish else { return };
        let ticket =
            Ticket { service: Service::Community, password: wish.password.clone(), identity: None };
        let whereabouts = Whereabouts::Place(wish.place.clone());
        self.stage = Stage::Dialling(Outbound::start(&whereabouts, ticket, now, desk));
    }

    /// Says goodbye and forgets the community.
    pub(crate) fn leave(&mut self, now: Millis, desk: &mut Desk) {
        match std::mem::take(&mut self.stage) {
            Stage::Dialling(mut outbound) => outbound.cancel(desk),
            Stage::In { conn, mut channel } => {
                let mut bytes = Vec::new();
                channel.close(now, CloseReason::Bye, &mut bytes);
                desk.send(conn, bytes);
                desk.net(conn, NetOutput::Close);
            }
            Stage::Out | Stage::Waiting { .. } => {}
        }
        self.unnamed = None;
        if let Some(wish) = self.wish.take() {
            desk.notice(Notice::CommunityLeft(wish.place.to_string()));
        }
        self.forget();
    }

    fn forget(&mut self) {
        self.members.clear();
        self.list_until = None;
        self.told = None;
    }

    pub(crate) fn owns(&self, id: ConnId) -> bool {
        match &self.stage {
            Stage::Dialling(outbound) => outbound.owns(id),
            Stage::In { conn, .. } => *conn == id,
            Stage::Out | Stage::Waiting { .. } => false,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Millis> {
        match &self.stage {
            Stage::Dialling(outbound) => outbound.deadline(),
            Stage::Waiting { until } => Some(*until),
            Stage::In { .. } => self.list_until,
            Stage::Out => None,
        }
    }

    pub(crate) fn is_in(&self) -> bool {
        matches!(self.stage, Stage::In { .. })
    }

    /// Where the community is, as it was given; `None` without one.
    pub(crate) fn place(&self) -> Option<&Place> {
        self.wish.as_ref().map(|wish| &wish.place)
    }

    /// Everybody on its list, by name.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    pub(crate) fn tick(&mut self, now: Millis, desk: &mut Desk) -> Option<Arrival> {
        match &mut self.stage {
            Stage::Dialling(outbound) => {
                let progress = outbound.tick(now, desk);
                self.progress(progress, now, desk)
            }
            Stage::Waiting { until } if *until <= now => {
                self.dial(now, desk);
                None
            }
            Stage::In { .. } if self.list_until.is_some_and(|until| until <= now) => {
                self.lost(Ended::Fault(PeerFault::Silent), now, desk);
                None
            }
            Stage::Out | Stage::In { .. } | Stage::Waiting { .. } => None,
        }
    }

    pub(crate) fn looked_up(
        &mut self,
        number: u64,
        found: &[std::net::SocketAddr],
        now: Millis,
        desk: &mut Desk,
    ) {
        if let Stage::Dialling(outbound) = &mut self.stage
            && let Some(progress) = outbound.looked_up(number, found, now, desk)
        {
            self.progress(progress, now, desk);
        }
    }

    pub(crate) fn stretched(
        &mut self,
        now: Millis,
        result: Result<Stretched, Rejected>,
        desk: &mut Desk,
    ) {
        if let Stage::Dialling(outbound) = &mut self.stage {
            let progress = outbound.stretched(now, result, desk);
            self.progress(progress, now, desk);
        }
    }

    pub(crate) fn handle(
        &mut self,
        now: Millis,
        id: ConnId,
        input: &NetInput<'_>,
        desk: &mut Desk,
    ) -> Option<Arrival> {
        match (&mut self.stage, input) {
            (Stage::Dialling(outbound), input) => {
                let progress = outbound.handle(now, id, input, desk);
                self.progress(progress, now, desk)
            }
            (Stage::In { channel, .. }, NetInput::Received(bytes)) => {
                channel.push(bytes);
                self.read(now, desk);
                None
            }
            (Stage::In { .. }, NetInput::Closed(lost)) => {
                self.lost(Ended::Lost(*lost), now, desk);
                None
            }
            _ => None,
        }
    }

    fn progress(&mut self, progress: Progress, now: Millis, desk: &mut Desk) -> Option<Arrival> {
        match progress {
            Progress::Pending => None,
            Progress::Open { conn, channel, peer, .. } => Some(Arrival { conn, channel, peer }),
            Progress::Failed(ended) => {
                self.lost(ended, now, desk);
                None
            }
        }
    }

    /// The pins have nothing against it: in we go.
    pub(crate) fn enter(&mut self, now: Millis, arrival: Arrival, state: State, desk: &mut Desk) {
        let Some(wish) = &self.wish else { return };
        let Arrival { conn, mut channel, .. } = arrival;
        let message = match &wish.listed {
            Some(Listing { port, addresses }) => {
                Message::Join(Join { port: *port, addresses: addresses.clone(), state })
            }
            None => Message::Watch,
        };
        let mut bytes = Vec::new();
        let sent = channel.send(now, &message, &mut bytes);
        desk.send(conn, bytes);
        self.forget();
        self.told = Some(state);
        self.list_until = Some(now + limits::ANSWER_WAIT);
        self.stage = Stage::In { conn, channel };
        match sent {
            Ok(()) => self.read(now, desk),
            Err(_) => self.lost(Ended::Lost(Lost::Broken), now, desk),
        }
    }

    /// The pins are against it.
    pub(crate) fn refuse(&mut self, arrival: &Arrival, ended: Ended, now: Millis, desk: &mut Desk) {
        desk.net(arrival.conn, NetOutput::Drop);
        self.stage = Stage::Out;
        self.lost(ended, now, desk);
    }

    fn read(&mut self, now: Millis, desk: &mut Desk) {
        while let Stage::In { channel, .. } = &mut self.stage {
            let outcome = match channel.poll() {
                Ok(None) => return,
                Ok(Some(Incoming::Message(message))) => self.message(message, desk),
                Ok(Some(Incoming::Bulk(..))) => Err(Ended::Fault(PeerFault::UnexpectedMessage)),
                Ok(Some(Incoming::Closed(reason))) => Err(Ended::Closed(reason)),
                Err(fault) => Err(Ended::Fault(fault)),
            };
            if let Err(ended) = outcome {
                self.lost(ended, now, desk);
            }
        }
    }

    fn message(&mut self, message: Message, desk: &mut Desk) -> Result<(), Ended> {
        match message {
            Message::Members(page) => self.page(page, desk)?,
            Message::Changes(changes) => {
                for change in changes {
                    self.change(change, desk)?;
                }
            }
            Message::Notice(line) => desk.notice(Notice::CommunitySays(line)),
            Message::NameTaken(free) => {
                let place = self.place().map(ToString::to_string).unwrap_or_default();
                desk.notice(Notice::NameTaken(place, free));
                // Trying again under the same name would not help.
                self.unnamed = self.wish.take();
                if let Stage::In { conn, .. } = std::mem::take(&mut self.stage) {
                    desk.net(conn, NetOutput::Close);
                }
                self.forget();
            }
            Message::Skipped => {}
            Message::Auth(_)
            | Message::Join(_)
            | Message::Watch
            | Message::State(_)
            | Message::Accepted
            | Message::Say(_)
            | Message::Shown(_)
            | Message::Files(_) => return Err(Ended::Fault(PeerFault::UnexpectedMessage)),
        }
        Ok(())
    }

    /// Tells the community when our state is another than it knows.
    pub(crate) fn tell_state(&mut self, now: Millis, state: State, desk: &mut Desk) {
        let listed = self.wish.as_ref().is_some_and(|wish| wish.listed.is_some());
        let Stage::In { conn, channel } = &mut self.stage else { return };
        if listed && self.told != Some(state) {
            let mut bytes = Vec::new();
            if channel.send(now, &Message::State(state), &mut bytes).is_ok() {
                self.told = Some(state);
                desk.send(*conn, bytes);
            }
        }
    }

    /// We are out. Come back by ourselves, if that can help.
    fn lost(&mut self, ended: Ended, now: Millis, desk: &mut Desk) {
        if let Stage::In { conn, .. } = std::mem::take(&mut self.stage) {
            desk.net(conn, NetOutput::Drop);
        }
        self.forget();
        let Some(wish) = &self.wish else { return };
        let place = wish.place.to_string();
        let pass = may_pass(&ended, self.was_in) && (self.was_in || wish.persist);
        if !pass {
            self.wish = None;
            desk.notice(Notice::CommunityFailed(place, ended));
            return;
        }
        if self.failures == 0 {
            desk.notice(Notice::CommunityLost(place));
        }
        let pause = pause(&ended, self.failures, &mut desk.seeds);
        self.failures = self.failures.saturating_add(1);
        self.stage = Stage::Waiting { until: now + pause };
    }
}

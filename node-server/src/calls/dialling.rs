//! Reaching somebody, from the wish to call them to a connection that stands.

use std::net::SocketAddr;

use hallway::handshake::hello::Service;
use hallway::handshake::opaque::{Rejected, Stretched};
use hallway::identity::PublicIdentity;
use hallway::limits;
use hallway::pins::Pins;
use hallway::reason::{CloseReason, Ended};
use hallway::secret::Secret;
use hallway::time::{Millis, Now};

use super::conversation::{Conversation, Stage};
use super::ending::never;
use super::{Call, Calls};
use crate::desk::Desk;
use crate::notice::{CallId, Notice};
use crate::outbound::{Outbound, Progress, Ticket, Whereabouts};
use crate::who::{objection, pin};

/// Whom to call.
pub struct Callee {
    /// What to call them until they have said their name: a name from a list, or an address.
    pub label: String,
    /// Where they are.
    pub whereabouts: Whereabouts,
    /// Who must answer, when a community told us.
    pub identity: Option<PublicIdentity>,
    /// Their node's password.
    pub password: Secret,
}

impl Calls {
    /// Reaches somebody: for a conversation, which rings there, or for files alone.
    pub(crate) fn call(
        &mut self,
        callee: Callee,
        service: Service,
        now: Millis,
        desk: &mut Desk,
    ) -> CallId {
        let id = self.new_id();
        if self.is_full() {
            let ended = Ended::ByUs(CloseReason::Full);
            desk.notice(never(service, id, callee.label, ended));
            return id;
        }
        let ticket = Ticket { service, password: callee.password, identity: callee.identity };
        let outbound = Box::new(Outbound::start(&callee.whereabouts, ticket, now, desk));
        self.calls.insert(id, Call::Dialling { label: callee.label, outbound });
        id
    }

    pub(crate) fn looked_up(
        &mut self,
        now: Now,
        number: u64,
        found: &[SocketAddr],
        pins: &mut Pins,
        desk: &mut Desk,
    ) {
        let ids: Vec<CallId> = self.calls.keys().copied().collect();
        for id in ids {
            if let Some(Call::Dialling { outbound, .. }) = self.calls.get_mut(&id)
                && let Some(progress) = outbound.looked_up(number, found, now.tick, desk)
            {
                self.progress(now, id, progress, pins, desk);
            }
        }
    }

    pub(crate) fn stretched(
        &mut self,
        now: Now,
        id: CallId,
        result: Result<Stretched, Rejected>,
        pins: &mut Pins,
        desk: &mut Desk,
    ) {
        if let Some(Call::Dialling { outbound, .. }) = self.calls.get_mut(&id) {
            let progress = outbound.stretched(now.tick, result, desk);
            self.progress(now, id, progress, pins, desk);
        }
    }

    pub(super) fn progress(
        &mut self,
        now: Now,
        id: CallId,
        progress: Progress,
        pins: &mut Pins,
        desk: &mut Desk,
    ) {
        match progress {
            Progress::Pending => {}
            Progress::Failed(ended) => self.end(now.tick, id, ended, desk),
            Progress::Open { conn, at, channel, peer } => {
                let Some(Call::Dialling { outbound, .. }) = self.calls.remove(&id) else { return };
                let who = self.who(&peer, at, pins, desk);
                let stage = match outbound.service() {
                    Service::Files => Stage::Exchanging,
                    Service::Chat | Service::Community => {
                        Stage::Calling { until: now.tick + limits::RING_WAIT }
                    }
                };
                let mut conversation = Conversation::new(conn, channel, peer, who, stage, true);
                if let Some(ended) = objection(&conversation, desk) {
                    conversation.hang_up(now.tick, CloseReason::Bye, desk);
                    let label = conversation.peer.name.to_string();
                    desk.notice(never(outbound.service(), id, label, ended));
                    return;
                }
                pin(&conversation, now, pins, desk);
                let who = conversation.who.clone();
                self.calls.insert(id, Call::Open(Box::new(conversation)));
                if stage == Stage::Exchanging {
                    self.connected(now.tick, id, desk);
                } else {
                    desk.notice(Notice::Calling(id, who));
                    if self.settle_crossing(now.tick, id, true, desk) {
                        return;
                    }
                }
                self.read(now, id, desk);
            }
        }
    }
}

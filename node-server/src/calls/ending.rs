//! How calls end: by us, by them, by time.

use hallway::conn::{Lost, NetOutput};
use hallway::handshake::hello::Service;
use hallway::limits;
use hallway::pins::Pins;
use hallway::reason::{CloseReason, Ended};
use hallway::time::{Millis, Now};

use super::conversation::{Conversation, Stage};
use super::{Call, Calls};
use crate::desk::Desk;
use crate::notice::{CallId, Notice};

impl Calls {
    /// Ends a call from our side.
    pub(crate) fn close(&mut self, id: CallId, now: Millis, reason: CloseReason, desk: &mut Desk) {
        let id = self.standing_for(id);
        let Some(call) = self.calls.remove(&id) else { return };
        self.disinherit(id, desk);
        desk.files.closed(now, id.link());
        let ended = Ended::ByUs(reason);
        let notice = match call {
            Call::Dialling { label, mut outbound } => {
                outbound.cancel(desk);
                never(outbound.service(), id, label, ended)
            }
            Call::Open(mut conversation) => {
                conversation.hang_up(now, reason, desk);
                over(id, &mut conversation, ended)
            }
        };
        desk.notice(notice);
    }

    /// A call is over for another reason.
    pub(crate) fn end(&mut self, now: Millis, id: CallId, ended: Ended, desk: &mut Desk) {
        let Some(call) = self.calls.remove(&id) else { return };
        self.disinherit(id, desk);
        desk.files.closed(now, id.link());
        let notice = match call {
            Call::Dialling { label, outbound } => never(outbound.service(), id, label, ended),
            Call::Open(mut conversation) => {
                let fault = matches!(ended, Ended::Fault(_));
                let goodbye = if fault { NetOutput::Drop } else { NetOutput::Close };
                desk.net(conversation.conn, goodbye);
                over(id, &mut conversation, ended)
            }
        };
        desk.notice(notice);
    }

    /// Hangs up once everything said is confirmed, and all files are there.
    pub(crate) fn finish(&mut self, id: CallId, now: Millis, desk: &mut Desk) {
        match self.conversation(self.spoken_on(id)) {
            Some(conversation) => conversation.finish(now),
            None => self.close(id, now, CloseReason::Bye, desk),
        }
    }

    pub(crate) fn turn_end(&mut self, now: Now, pins: &mut Pins, desk: &mut Desk) {
        let ids: Vec<CallId> = self.calls.keys().copied().collect();
        for id in &ids {
            if let Some(Call::Dialling { outbound, .. }) = self.calls.get_mut(id) {
                let progress = outbound.tick(now.tick, desk);
                self.progress(now, *id, progress, pins, desk);
            }
        }
        self.expire_leaving(now.tick, false, desk);
        self.give_up(now.tick, desk);
        self.exchange(now.tick, desk);
        for id in ids {
            let Some(conversation) = self.conversation(id) else { continue };
            conversation.flush(now.tick, desk);
            let late = conversation.deadline().is_some_and(|until| until <= now.tick);
            if conversation.is_finished() && !desk.files.is_idle(id.link()) {
                // What moves is waited for, as long as it takes.
                conversation.finish(now.tick);
            } else if conversation.is_finished() || late && conversation.stage == Stage::Exchanging
            {
                self.close(id, now.tick, CloseReason::Bye, desk);
            } else if late && conversation.stage == Stage::Talking {
                self.end(now.tick, id, Ended::Lost(Lost::Broken), desk); // something is unconfirmed
            } else if late {
                self.close(id, now.tick, CloseReason::NoAnswer, desk);
            }
        }
        // What follows for the disk from connections that have ended.
        self.carry_out(now.tick, desk);
    }

    /// Offers that no person answers are not waited for as long as it takes.
    fn give_up(&mut self, now: Millis, desk: &mut Desk) {
        for (id, call) in &mut self.calls {
            if let Call::Open(conversation) = call
                && conversation.is_finished()
            {
                let waits = desk.files.is_only_asked(id.link());
                let until = conversation.answers_until.unwrap_or(now + limits::OFFER_WAIT);
                conversation.answers_until = waits.then_some(until);
                if waits && until <= now {
                    desk.files.give_up(now, id.link());
                }
            }
        }
    }

    pub(crate) fn stop(&mut self, now: Millis, desk: &mut Desk) {
        desk.files.quit();
        self.carry_out(now, desk);
        for id in self.calls.keys().copied().collect::<Vec<_>>() {
            self.close(id, now, CloseReason::Bye, desk);
        }
        self.expire_leaving(now, true, desk);
        self.carry_out(now, desk);
    }
}

/// What is told of a connection that is over.
fn over(id: CallId, conversation: &mut Conversation, ended: Ended) -> Notice {
    let label = conversation.who.label.clone();
    match conversation.stage {
        Stage::Exchanging => Notice::Unlinked(id, label, ended),
        Stage::Calling { .. } | Stage::Ringing { .. } | Stage::Talking => {
            Notice::Ended(id, label, ended, conversation.unsent())
        }
    }
}

/// What is told of one that never came about.
pub(super) fn never(service: Service, id: CallId, label: String, ended: Ended) -> Notice {
    match service {
        Service::Files => Notice::Unlinked(id, label, ended),
        Service::Chat | Service::Community => Notice::Ended(id, label, ended, Vec::new()),
    }
}

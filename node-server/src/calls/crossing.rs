//! Two connections of the same two: both called at once, or one called twice. One of them stays.
//!
//! Both ends find out by themselves which one. The other one ends with a last word from each end,
//! and by then each knows which of its lines were shown there: the rest is said again on the one
//! that stays, so no line is lost and none is shown twice.

use hallway::conn::{ConnId, Lost, NetInput, NetOutput};
use hallway::limits;
use hallway::reason::{CloseReason, Ended};
use hallway::text::Line;
use hallway::time::Millis;

use super::conversation::{Conversation, Stage};
use super::{Call, Calls};
use crate::desk::Desk;
use crate::notice::{CallId, Notice};
use crate::who::is_same_run;

/// A connection that another one of the same two replaces. We have said our last word on it.
pub(crate) struct Leaving {
    id: CallId,
    conversation: Box<Conversation>,
    ended: Ended,
    /// Whether anybody was told of this call.
    announced: bool,
    /// The call that goes on in its place; not known while we still dial it.
    heir: Option<CallId>,
    /// Until when the other end must have said its last word; `None` when it has.
    until: Option<Millis>,
}

impl Calls {
    /// Finds out whether `newest` is the second connection of the same two, and which one stays.
    /// `true` when `newest` is the one that went.
    pub(crate) fn settle_crossing(
        &mut self,
        now: Millis,
        newest: CallId,
        announced: bool,
        desk: &mut Desk,
    ) -> bool {
        let Some(Call::Open(new)) = self.calls.get(&newest) else { return false };
        let (peer, ours) = (new.peer.clone(), new.ours);
        let mut inherits = false;
        for leaving in &mut self.leaving {
            if leaving.heir.is_none() && is_same_run(&leaving.conversation.peer, &peer) {
                leaving.heir = Some(newest);
                inherits = true;
            }
        }
        if let Some(newest) = self.conversation(newest) {
            newest.held |= inherits;
        }
        let older: Vec<(CallId, bool, bool)> = self
            .chats()
            .filter(|(id, other)| *id != newest && is_same_run(&other.peer, &peer))
            .map(|(id, other)| (id, other.ours, other.stage == Stage::Talking))
            .collect();
        let ours_stays =
            (desk.me.identity.public(), desk.me.instance) < (peer.identity, peer.instance);
        for (older, older_is_ours, older_is_taken) in older {
            let newest_stays = match (ours, older_is_ours) {
                // We called twice. Who was called knows which one came last, and closes the other;
                // nothing said here may overtake what was said there.
                (true, true) => {
                    if let Some(newest) = self.conversation(newest) {
                        newest.wait_for(older, now + limits::ANSWER_WAIT);
                    }
                    continue;
                }
                // They called twice: they came back, and the older connection may be dead.
                (false, false) => true,
                // The connection opened by the smaller identity stays.
                (true, false) => ours_stays,
                (false, true) => !ours_stays,
            };
            let ended = Ended::ByUs(CloseReason::Duplicate);
            let (stays, goes) = if newest_stays { (newest, older) } else { (older, newest) };
            self.give_way(now, goes, Some(stays), ended, announced || newest_stays, desk);
            // Who only rings twice is let in by the person here, as who rings once.
            if ours != older_is_ours || older_is_taken {
                self.take_crossing(now, stays, desk);
            }
            if !newest_stays {
                return true;
            }
        }
        self.pass_on(now, desk);
        false
    }

    /// Calling each other, or coming back to a conversation, counts as taking the call.
    fn take_crossing(&mut self, now: Millis, id: CallId, desk: &mut Desk) {
        let Some(conversation) = self.conversation(id) else { return };
        if matches!(conversation.stage, Stage::Ringing { .. }) {
            conversation.accept(now);
            self.connected(now, id, desk);
        }
    }

    /// The other end has found that this connection is the one that goes.
    pub(crate) fn replaced(&mut self, now: Millis, id: CallId, desk: &mut Desk) {
        let Some(Call::Open(goes)) = self.calls.get(&id) else { return };
        let heir = self
            .chats()
            .filter(|(other, stays)| *other != id && is_same_run(&stays.peer, &goes.peer))
            // The next oldest, which the others wait for: calls do not open in their order.
            .min_by_key(|(_, stays)| stays.waits_for.len())
            .map(|(other, _)| other);
        self.give_way(now, id, heir, Ended::Closed(CloseReason::Duplicate), true, desk);
        if let Some(leaving) = self.leaving.last_mut() {
            leaving.until = None;
            desk.net(leaving.conversation.conn, NetOutput::Close);
        }
        self.pass_on(now, desk);
    }

    fn give_way(
        &mut self,
        now: Millis,
        id: CallId,
        heir: Option<CallId>,
        ended: Ended,
        announced: bool,
        desk: &mut Desk,
    ) {
        let Some(Call::Open(mut conversation)) = self.calls.remove(&id) else { return };
        conversation.say_goodbye(now, CloseReason::Duplicate, desk);
        desk.files.closed(now, id.link());
        for leaving in &mut self.leaving {
            if leaving.heir == Some(id) {
                leaving.heir = heir;
            }
        }
        if let Some(heir) = heir.and_then(|heir| self.conversation(heir)) {
            heir.held = true;
        }
        let until = Some(now + limits::ANSWER_WAIT);
        self.leaving.push(Leaving { id, conversation, ended, announced, heir, until });
        // Their last word may have come already, in the same bytes as their first.
        self.drain(self.leaving.len() - 1, desk);
    }

    /// Reads what has come on a connection that goes.
    fn drain(&mut self, at: usize, desk: &mut Desk) {
        let Some(leaving) = self.leaving.get_mut(at) else { return };
        let conn = leaving.conversation.conn;
        match leaving.conversation.drain() {
            Ok(false) => {}
            Ok(true) => {
                leaving.until = None;
                desk.net(conn, NetOutput::Close);
            }
            Err(fault) => {
                desk.net(conn, NetOutput::Drop);
                self.report(at, Ended::Fault(fault), desk);
            }
        }
    }

    /// Bytes, or an end, for a connection that goes.
    pub(crate) fn handle_leaving(
        &mut self,
        now: Millis,
        conn: ConnId,
        input: &NetInput<'_>,
        desk: &mut Desk,
    ) {
        let at = self
            .leaving
            .iter()
            .position(|leaving| leaving.conversation.conn == conn && leaving.until.is_some());
        let Some(at) = at else { return };
        let Some(leaving) = self.leaving.get_mut(at) else { return };
        match input {
            NetInput::Received(bytes) => {
                leaving.conversation.push(bytes);
                self.drain(at, desk);
                self.pass_on(now, desk);
            }
            NetInput::Closed(lost) => {
                self.report(at, Ended::Lost(*lost), desk);
                self.pass_on(now, desk);
            }
            NetInput::Opened { .. } | NetInput::Connected | NetInput::Failed(_) => {}
        }
    }

    /// Gives what was not shown to the connections that stay, where all is known of it.
    pub(crate) fn pass_on(&mut self, now: Millis, desk: &mut Desk) {
        let dialling = self.calls.values().any(|call| matches!(call, Call::Dialling { .. }));
        let known = |heir: CallId, leaving: &[Leaving]| {
            !leaving.iter().any(|each| each.heir == Some(heir) && each.until.is_some())
        };
        // Newest first: each puts its lines before those that are there already.
        for at in (0..self.leaving.len()).rev() {
            let heir = self.leaving.get(at).and_then(|leaving| leaving.heir);
            if heir.map_or(dialling, |heir| !known(heir, &self.leaving)) {
                continue;
            }
            let Some(leaving) = self.leaving.get_mut(at).filter(|each| each.until.is_none()) else {
                continue;
            };
            let finishing = leaving.conversation.finishing;
            // The one that was to stay never came about here: nothing goes on.
            let ended = heir.map_or(Ended::Lost(Lost::Broken), |_| leaving.ended);
            // Without an heir the report names them.
            let lines = heir.map(|_| leaving.conversation.unsent()).unwrap_or_default();
            self.report(at, ended, desk);
            if let Some(heir) = heir.and_then(|heir| self.conversation(heir)) {
                heir.carry(lines, finishing);
            }
        }
        let waits = |(id, _): &(CallId, &Conversation)| self.older_of(*id).is_some();
        let mut waited_for: Vec<CallId> =
            self.conversations().filter(waits).map(|(id, _)| id).collect();
        waited_for.extend(self.leaving.iter().filter_map(|each| each.heir));
        for (id, call) in &mut self.calls {
            if let Call::Open(conversation) = call
                && conversation.held
                && !waited_for.contains(id)
            {
                conversation.release(now);
            }
        }
    }

    /// The call that was to go on is over too: what waited for it is not said any more.
    pub(crate) fn disinherit(&mut self, heir: CallId, desk: &mut Desk) {
        while let Some(at) = self.leaving.iter().position(|leaving| leaving.heir == Some(heir)) {
            self.let_go(at, None, desk);
        }
    }

    /// An older connection of the same two that this one waits for.
    fn older_of(&self, id: CallId) -> Option<CallId> {
        let (_, newer) = self.conversations().find(|(other, _)| *other == id)?;
        let stands = |older: &&CallId| matches!(self.calls.get(older), Some(Call::Open(_)));
        newer.waits_for.iter().find(stands).copied()
    }

    /// Where a line for this call is said: the newest connection keeps it until it is known which
    /// one stays, behind all that was said before.
    pub(crate) fn spoken_on(&self, id: CallId) -> CallId {
        let id = self.standing_for(id);
        let waiting = self
            .conversations()
            .filter(|(_, newer)| newer.stage == Stage::Talking && newer.waits_for.contains(&id));
        // The newest waits for all others.
        waiting.max_by_key(|(_, newer)| newer.waits_for.len()).map_or(id, |(newer, _)| newer)
    }

    /// Says a text there.
    pub(crate) fn say(&mut self, id: CallId, now: Millis, text: Vec<Line>) {
        let id = self.spoken_on(id);
        let Some(conversation) = self.conversation(id) else { return };
        // Confirming first keeps what is unconfirmed at the other end within its limit.
        conversation.confirm(now);
        conversation.say(now, text);
    }

    /// Gives up what the other end should have closed by now, since we called again.
    fn expire_older(&mut self, now: Millis, desk: &mut Desk) {
        let is_late = |(_, newer): &(CallId, &Conversation)| {
            newer.held_until.is_some_and(|until| until <= now)
        };
        let late: Vec<CallId> = self.conversations().filter(is_late).map(|(id, _)| id).collect();
        for id in late {
            while let Some(older) = self.older_of(id) {
                self.end(now, older, Ended::Lost(Lost::Broken), desk);
            }
            // What else it may wait for has a time of its own.
            if let Some(newer) = self.conversation(id) {
                newer.held_until = None;
            }
        }
    }

    /// Ends what waits in vain, or all that waits.
    pub(crate) fn expire_leaving(&mut self, now: Millis, all: bool, desk: &mut Desk) {
        self.expire_older(now, desk);
        let late = |leaving: &Leaving| all || leaving.until.is_some_and(|until| until <= now);
        while let Some(at) = self.leaving.iter().position(late) {
            self.let_go(at, (!all).then_some(Ended::Lost(Lost::Broken)), desk);
        }
        self.pass_on(now, desk);
    }

    fn let_go(&mut self, at: usize, ended: Option<Ended>, desk: &mut Desk) {
        let Some(leaving) = self.leaving.get(at) else { return };
        let ended = ended.unwrap_or(leaving.ended);
        if leaving.until.is_some() {
            desk.net(leaving.conversation.conn, NetOutput::Close);
        }
        self.report(at, ended, desk);
    }

    fn report(&mut self, at: usize, ended: Ended, desk: &mut Desk) {
        let mut leaving = self.leaving.remove(at);
        if leaving.announced {
            let (label, lines) =
                (leaving.conversation.who.label.clone(), leaving.conversation.unsent());
            desk.notice(Notice::Ended(leaving.id, label, ended, lines));
        }
    }

    /// The call that stands for this one: itself, or, of two that crossed, the one that stays.
    /// Whoever speaks or hangs up before they are told of that means the conversation.
    pub(crate) fn standing_for(&self, id: CallId) -> CallId {
        let leaving = self.leaving.iter().find(|leaving| leaving.id == id);
        leaving.and_then(|leaving| leaving.heir).unwrap_or(id)
    }

    /// When a connection that goes has waited for long enough.
    pub(crate) fn leaving_deadline(&self) -> Option<Millis> {
        let held = self.conversations().filter_map(|(_, conversation)| conversation.held_until);
        self.leaving.iter().filter_map(|leaving| leaving.until).chain(held).min()
    }

    /// The call whose connection goes, if it is one of these.
    pub(crate) fn leaving_owner(&self, conn: ConnId) -> Option<CallId> {
        let owns = |leaving: &&Leaving| leaving.conversation.conn == conn;
        self.leaving.iter().find(owns).map(|leaving| leaving.id)
    }
}

//! All calls of a node: those we make, those that come, and the conversations they become.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use hallway::conn::{ConnId, Lost, NetInput, NetOutput};
use hallway::handshake::hello::Service;
use hallway::handshake::lobby::Entrant;
use hallway::handshake::opaque::{Rejected, Stretched};
use hallway::identity::PublicIdentity;
use hallway::limits;
use hallway::pins::Pins;
use hallway::reason::{CloseReason, Ended};
use hallway::secret::Secret;
use hallway::time::{Millis, Now};

use crate::conversation::{Conversation, Heard, Stage};
use crate::crossing::Leaving;
use crate::desk::Desk;
use crate::notice::{CallId, Notice, Who};
use crate::outbound::{Outbound, Progress, Ticket, Whereabouts};
use crate::who::{is_me, objection, pin};

/// What to do with people who call; they have proved the password by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallPolicy {
    /// Ask the person here.
    Ask,
    /// Take every call.
    All,
    /// Take none.
    None,
}

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

/// All calls.
pub(crate) struct Calls {
    policy: CallPolicy,
    echo: bool,
    pub(crate) calls: BTreeMap<CallId, Call>,
    /// Connections that another one of the same two replaces.
    pub(crate) leaving: Vec<Leaving>,
    next: u64,
}

/// A call that stands or is on its way.
pub(crate) enum Call {
    /// We try to reach somebody.
    Dialling { label: String, outbound: Box<Outbound> },
    /// Somebody has proved who they are.
    Open(Box<Conversation>),
}

impl Calls {
    pub(crate) fn new(policy: CallPolicy, echo: bool) -> Self {
        Self { policy, echo, calls: BTreeMap::new(), leaving: Vec::new(), next: 0 }
    }

    fn new_id(&mut self) -> CallId {
        self.next += 1;
        CallId(self.next)
    }

    fn is_full(&self) -> bool {
        self.calls.len() + self.leaving.len() >= limits::CONVERSATIONS_MAX
    }

    pub(crate) fn call(&mut self, callee: Callee, now: Millis, desk: &mut Desk) -> CallId {
        let id = self.new_id();
        if self.is_full() {
            let ended = Ended::ByUs(CloseReason::Full);
            desk.notice(Notice::Ended(id, callee.label, ended, Vec::new()));
            return id;
        }
        let ticket =
            Ticket { service: Service::Chat, password: callee.password, identity: callee.identity };
        let outbound = Box::new(Outbound::start(&callee.whereabouts, ticket, now, desk));
        self.calls.insert(id, Call::Dialling { label: callee.label, outbound });
        id
    }

    /// The call that this connection belongs to.
    pub(crate) fn owner(&self, id: ConnId) -> Option<CallId> {
        let owns = |call: &Call| match call {
            Call::Dialling { outbound, .. } => outbound.owns(id),
            Call::Open(conversation) => conversation.conn == id,
        };
        let open = self.calls.iter().find(|(_, call)| owns(call)).map(|(call, _)| *call);
        open.or_else(|| self.leaving_owner(id))
    }

    pub(crate) fn conversation(&mut self, id: CallId) -> Option<&mut Conversation> {
        match self.calls.get_mut(&id) {
            Some(Call::Open(conversation)) => Some(conversation),
            Some(Call::Dialling { .. }) | None => None,
        }
    }

    pub(crate) fn conversations(&self) -> impl Iterator<Item = (CallId, &Conversation)> {
        self.calls.iter().filter_map(|(id, call)| match call {
            Call::Open(conversation) => Some((*id, &**conversation)),
            Call::Dialling { .. } => None,
        })
    }

    /// Everybody we are talking with.
    pub(crate) fn talking(&self) -> impl Iterator<Item = (CallId, &Who)> {
        self.conversations()
            .filter(|(_, conversation)| conversation.stage == Stage::Talking)
            .map(|(id, conversation)| (id, &conversation.who))
    }

    /// Everybody who waits for our answer.
    pub(crate) fn ringing(&self) -> impl Iterator<Item = (CallId, &Who)> {
        self.conversations()
            .filter(|(_, conversation)| matches!(conversation.stage, Stage::Ringing { .. }))
            .map(|(id, conversation)| (id, &conversation.who))
    }

    pub(crate) fn can_say(&self, id: CallId) -> bool {
        let call = self.calls.get(&self.spoken_on(id));
        matches!(call, Some(Call::Open(conversation)) if conversation.can_say())
    }

    pub(crate) fn deadline(&self) -> Option<Millis> {
        let deadlines = self.calls.values().filter_map(|call| match call {
            Call::Dialling { outbound, .. } => outbound.deadline(),
            Call::Open(conversation) => conversation.deadline(),
        });
        deadlines.chain(self.leaving_deadline()).min()
    }

    /// Somebody has dialled us and proved who they are.
    pub(crate) fn enter(
        &mut self,
        now: Now,
        conn: ConnId,
        entrant: Entrant,
        pins: &mut Pins,
        desk: &mut Desk,
    ) {
        let Entrant { channel, peer, from, .. } = entrant;
        let until = now.tick + limits::RING_WAIT;
        let who = self.who(&peer, from, pins, desk);
        let mut conversation =
            Conversation::new(conn, channel, peer, who, Stage::Ringing { until });
        let refusal = if is_me(&conversation.peer, desk) {
            Some(CloseReason::Yourself)
        } else if self.policy == CallPolicy::None {
            Some(CloseReason::Denied)
        } else if self.is_full() {
            Some(CloseReason::Full)
        } else {
            None
        };
        if let Some(reason) = refusal {
            conversation.hang_up(now.tick, reason, desk);
            return;
        }
        let id = self.new_id();
        self.calls.insert(id, Call::Open(Box::new(conversation)));
        if self.settle_crossing(now.tick, id, false, desk) {
            return;
        }
        let policy = self.policy;
        match self.conversation(id) {
            // A crossing call is taken already.
            Some(conversation) if conversation.stage != Stage::Talking => match policy {
                CallPolicy::All => self.accept(now, id, pins, desk),
                CallPolicy::Ask | CallPolicy::None => {
                    desk.notice(Notice::Ringing(id, conversation.who.clone()));
                }
            },
            Some(_) | None => {}
        }
        self.read(now, id, desk);
    }

    /// Bytes, or an end, for one of our connections.
    pub(crate) fn handle(
        &mut self,
        now: Now,
        id: CallId,
        conn: ConnId,
        input: &NetInput<'_>,
        pins: &mut Pins,
        desk: &mut Desk,
    ) {
        match self.calls.get_mut(&id) {
            Some(Call::Dialling { outbound, .. }) => {
                let progress = outbound.handle(now.tick, conn, input, desk);
                self.progress(now, id, progress, pins, desk);
            }
            Some(Call::Open(conversation)) => match input {
                NetInput::Received(bytes) => {
                    conversation.push(bytes);
                    self.read(now, id, desk);
                }
                NetInput::Closed(lost) => self.end(id, Ended::Lost(*lost), desk),
                NetInput::Opened { .. } | NetInput::Connected | NetInput::Failed(_) => {}
            },
            None => self.handle_leaving(now.tick, conn, input, desk),
        }
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

    fn progress(
        &mut self,
        now: Now,
        id: CallId,
        progress: Progress,
        pins: &mut Pins,
        desk: &mut Desk,
    ) {
        match progress {
            Progress::Pending => {}
            Progress::Failed(ended) => self.end(id, ended, desk),
            Progress::Open { conn, at, channel, peer } => {
                self.calls.remove(&id);
                let who = self.who(&peer, at, pins, desk);
                let until = now.tick + limits::RING_WAIT;
                let mut conversation =
                    Conversation::new(conn, channel, peer, who, Stage::Calling { until });
                if let Some(ended) = objection(&conversation, desk) {
                    conversation.hang_up(now.tick, CloseReason::Bye, desk);
                    let label = conversation.peer.name.to_string();
                    desk.notice(Notice::Ended(id, label, ended, Vec::new()));
                    return;
                }
                pin(&conversation, now, pins, desk);
                desk.notice(Notice::Calling(id, conversation.who.clone()));
                self.calls.insert(id, Call::Open(Box::new(conversation)));
                if !self.settle_crossing(now.tick, id, true, desk) {
                    self.read(now, id, desk);
                }
            }
        }
    }

    fn read(&mut self, now: Now, id: CallId, desk: &mut Desk) {
        let echo = self.echo;
        while let Some(conversation) = self.conversation(id) {
            match conversation.poll(now.tick) {
                Ok(None) => return,
                Ok(Some(Heard::Accepted)) => {
                    desk.notice(Notice::Connected(id, conversation.who.clone()));
                }
                Ok(Some(Heard::Line(line))) => {
                    let label = conversation.who.label.clone();
                    // Whatever was said here waits for, the echo waits for with it.
                    let spoken_on = self.spoken_on(id);
                    if let Some(conversation) = self.conversation(spoken_on).filter(|_| echo) {
                        conversation.say(now.tick, [line.clone()]);
                    }
                    desk.notice(Notice::Heard(id, label, line));
                }
                Err(Ended::Closed(CloseReason::Duplicate)) => self.replaced(now.tick, id, desk),
                Err(ended) => self.end(id, ended, desk),
            }
        }
    }

    /// The person here takes the call: from now on the name is theirs.
    pub(crate) fn accept(&mut self, now: Now, id: CallId, pins: &mut Pins, desk: &mut Desk) {
        let asked = self.policy == CallPolicy::Ask;
        self.look_again(id, pins, desk);
        let Some(conversation) = self.conversation(id) else { return };
        if !matches!(conversation.stage, Stage::Ringing { .. }) {
            return;
        }
        conversation.accept(now.tick);
        if asked {
            pin(conversation, now, pins, desk);
        }
        desk.notice(Notice::Connected(id, conversation.who.clone()));
    }

    /// Ends a call from our side.
    pub(crate) fn close(&mut self, id: CallId, now: Millis, reason: CloseReason, desk: &mut Desk) {
        let id = self.standing_for(id);
        let Some(call) = self.calls.remove(&id) else { return };
        self.disinherit(id, desk);
        let (label, unsent) = match call {
            Call::Dialling { label, mut outbound } => {
                outbound.cancel(desk);
                (label, Vec::new())
            }
            Call::Open(mut conversation) => {
                conversation.hang_up(now, reason, desk);
                (conversation.who.label.clone(), conversation.unsent())
            }
        };
        desk.notice(Notice::Ended(id, label, Ended::ByUs(reason), unsent));
    }

    /// A call is over for another reason.
    pub(crate) fn end(&mut self, id: CallId, ended: Ended, desk: &mut Desk) {
        let Some(call) = self.calls.remove(&id) else { return };
        self.disinherit(id, desk);
        let (label, unsent) = match call {
            Call::Dialling { label, .. } => (label, Vec::new()),
            Call::Open(mut conversation) => {
                let fault = matches!(ended, Ended::Fault(_));
                let goodbye = if fault { NetOutput::Drop } else { NetOutput::Close };
                desk.net(conversation.conn, goodbye);
                (conversation.who.label.clone(), conversation.unsent())
            }
        };
        desk.notice(Notice::Ended(id, label, ended, unsent));
    }

    /// Hangs up once everything said is confirmed.
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
        for id in ids {
            let Some(conversation) = self.conversation(id) else { continue };
            conversation.flush(now.tick, desk);
            let late = conversation.deadline().is_some_and(|until| until <= now.tick);
            if conversation.is_finished() {
                self.close(id, now.tick, CloseReason::Bye, desk);
            } else if late && conversation.stage == Stage::Talking {
                self.end(id, Ended::Lost(Lost::Broken), desk); // something is unconfirmed
            } else if late {
                self.close(id, now.tick, CloseReason::NoAnswer, desk);
            }
        }
    }

    pub(crate) fn stop(&mut self, now: Millis, desk: &mut Desk) {
        for id in self.calls.keys().copied().collect::<Vec<_>>() {
            self.close(id, now, CloseReason::Bye, desk);
        }
        self.expire_leaving(now, true, desk);
    }
}

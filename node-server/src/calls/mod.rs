//! All calls of a node: those we make, those that come, and the conversations they become.

mod conversation;
mod crossing;
mod dialling;
mod ending;
mod exchange;

use std::collections::BTreeMap;

use hallway::conn::{ConnId, NetInput};
use hallway::handshake::hello::Service;
use hallway::handshake::lobby::Entrant;
use hallway::limits;
use hallway::pins::Pins;
use hallway::reason::{CloseReason, Ended};
use hallway::time::{Millis, Now};

pub(crate) use self::conversation::Conversation;
pub use self::dialling::Callee;

use self::conversation::{Heard, Stage};
use self::crossing::Leaving;
use crate::desk::Desk;
use crate::notice::{CallId, Notice, Who};
use crate::outbound::Outbound;
use crate::who::{is_me, pin};

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

    /// Those in which people talk, or will.
    fn chats(&self) -> impl Iterator<Item = (CallId, &Conversation)> {
        self.conversations().filter(|(_, conversation)| conversation.stage != Stage::Exchanging)
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
        let Entrant { channel, peer, service, from } = entrant;
        let stage = match service {
            Service::Files => Stage::Exchanging,
            Service::Chat | Service::Community => {
                Stage::Ringing { until: now.tick + limits::RING_WAIT }
            }
        };
        let who = self.who(&peer, from, pins, desk);
        let mut conversation = Conversation::new(conn, channel, peer, who, stage, false);
        let refusal = if is_me(&conversation.peer, desk) {
            Some(CloseReason::Yourself)
        } else if stage != Stage::Exchanging && self.policy == CallPolicy::None {
            Some(CloseReason::Denied)
        } else if self.is_full()
            || stage == Stage::Exchanging && self.has_enough_of(&conversation.peer)
        {
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
        if stage == Stage::Exchanging {
            self.connected(now.tick, id, desk);
        } else if self.settle_crossing(now.tick, id, false, desk) {
            return;
        } else {
            self.ring(now, id, pins, desk);
        }
        self.read(now, id, desk);
    }

    /// Asks the person here, or answers for them.
    fn ring(&mut self, now: Now, id: CallId, pins: &mut Pins, desk: &mut Desk) {
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
                NetInput::Closed(lost) => self.end(now.tick, id, Ended::Lost(*lost), desk),
                NetInput::Opened { .. } | NetInput::Connected | NetInput::Failed(_) => {}
            },
            None => self.handle_leaving(now.tick, conn, input, desk),
        }
    }

    fn read(&mut self, now: Now, id: CallId, desk: &mut Desk) {
        let echo = self.echo;
        while let Some(conversation) = self.conversation(id) {
            match conversation.poll(now.tick, id, &mut desk.files) {
                Ok(None) => return,
                Ok(Some(Heard::Accepted)) => self.connected(now.tick, id, desk),
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
                Err(ended) => self.end(now.tick, id, ended, desk),
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
        self.connected(now.tick, id, desk);
    }
}

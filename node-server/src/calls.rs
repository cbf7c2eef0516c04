//! All calls of a node: those we make, those that come, and the conversations they become.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use hallway::channel::Channel;
use hallway::conn::{ConnId, NetInput, NetOutput};
use hallway::handshake::auth::Peer;
use hallway::handshake::hello::Service;
use hallway::handshake::opaque::{Rejected, Stretched};
use hallway::identity::{Fingerprint, PublicIdentity};
use hallway::limits;
use hallway::pins::{Known, Pins, Subject};
use hallway::reason::{CloseReason, Ended};
use hallway::secret::Secret;
use hallway::text::Line;
use hallway::time::{Millis, Now};

use crate::conversation::{Conversation, Heard, Stage};
use crate::desk::Desk;
use crate::notice::{CallId, Notice, Standing, Who};
use crate::outbound::{Outbound, Progress, Ticket, Whereabouts};

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
    calls: BTreeMap<CallId, Call>,
    next: u64,
}

enum Call {
    /// We try to reach somebody.
    Dialling { label: String, outbound: Outbound },
    /// Somebody has proved who they are.
    Open(Box<Conversation>),
}

impl Calls {
    pub(crate) fn new(policy: CallPolicy, echo: bool) -> Self {
        Self { policy, echo, calls: BTreeMap::new(), next: 0 }
    }

    fn new_id(&mut self) -> CallId {
        self.next += 1;
        CallId(self.next)
    }

    pub(crate) fn call(&mut self, callee: Callee, now: Millis, desk: &mut Desk) -> CallId {
        let id = self.new_id();
        if self.calls.len() >= limits::CONVERSATIONS_MAX {
            let ended = Ended::ByUs(CloseReason::Full);
            desk.notice(Notice::Ended(id, callee.label, ended, Vec::new()));
            return id;
        }
        let ticket =
            Ticket { service: Service::Chat, password: callee.password, identity: callee.identity };
        let outbound = Outbound::start(&callee.whereabouts, ticket, now, desk);
        self.calls.insert(id, Call::Dialling { label: callee.label, outbound });
        id
    }

    /// The call that this connection belongs to.
    pub(crate) fn owner(&self, id: ConnId) -> Option<CallId> {
        let owns = |call: &Call| match call {
            Call::Dialling { outbound, .. } => outbound.owns(id),
            Call::Open(conversation) => conversation.conn == id,
        };
        self.calls.iter().find(|(_, call)| owns(call)).map(|(call, _)| *call)
    }

    fn conversation(&mut self, id: CallId) -> Option<&mut Conversation> {
        match self.calls.get_mut(&id) {
            Some(Call::Open(conversation)) => Some(conversation),
            Some(Call::Dialling { .. }) | None => None,
        }
    }

    fn conversations(&self) -> impl Iterator<Item = (CallId, &Conversation)> {
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
        matches!(self.calls.get(&id), Some(Call::Open(conversation)) if conversation.can_say())
    }

    pub(crate) fn deadline(&self) -> Option<Millis> {
        let deadlines = self.calls.values().filter_map(|call| match call {
            Call::Dialling { outbound, .. } => outbound.deadline(),
            Call::Open(conversation) => conversation.deadline(),
        });
        deadlines.min()
    }

    /// Somebody has dialled us and proved who they are.
    pub(crate) fn enter(
        &mut self,
        now: Now,
        conn: ConnId,
        at: SocketAddr,
        entrant: (Box<Channel>, Peer),
        pins: &mut Pins,
        desk: &mut Desk,
    ) {
        let (channel, peer) = entrant;
        let until = now.tick + limits::RING_WAIT;
        let who = self.who(&peer, at, pins, desk);
        let mut conversation =
            Conversation::new(conn, channel, peer, who, Stage::Ringing { until });
        let refusal = if is_me(&conversation.peer, desk) {
            Some(CloseReason::Yourself)
        } else if self.policy == CallPolicy::None {
            Some(CloseReason::Denied)
        } else if self.calls.len() >= limits::CONVERSATIONS_MAX {
            Some(CloseReason::Full)
        } else {
            None
        };
        if let Some(reason) = refusal {
            conversation.hang_up(now.tick, reason, desk);
            return;
        }
        let id = self.new_id();
        let who = conversation.who.clone();
        self.calls.insert(id, Call::Open(Box::new(conversation)));
        if self.settle_crossing(now.tick, id, desk) {
            return;
        }
        match self.policy {
            CallPolicy::All => self.accept(now, id, pins, desk),
            CallPolicy::Ask | CallPolicy::None => desk.notice(Notice::Ringing(id, who)),
        }
        self.read(now, id, desk);
    }

    /// What to call somebody, and what we know of them.
    fn who(&self, peer: &Peer, at: SocketAddr, pins: &Pins, desk: &Desk) -> Who {
        let fingerprint = peer.identity.fingerprint();
        let standing = if peer.identity == desk.me.identity.public() {
            Standing::Twin
        } else {
            match pins.check(&Subject::Node(peer.name.clone()), fingerprint) {
                Known::New => Standing::New,
                Known::Same => Standing::Known,
                Known::Other(pinned) => Standing::Impostor(pinned),
            }
        };
        let taken = |label: &str| self.conversations().any(|(_, other)| other.who.label == label);
        let plain = peer.name.to_string();
        let label = if misleads(standing) || taken(&plain) {
            let marked = format!("{plain}~{}", &fingerprint.short());
            let mut labels = (2..).map(|n| format!("{marked}~{n}")).filter(|label| !taken(label));
            if taken(&marked) { labels.next().unwrap_or(marked) } else { marked }
        } else {
            plain
        };
        Who { label, fingerprint, standing, at }
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
            None => {}
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
                if !self.settle_crossing(now.tick, id, desk) {
                    self.read(now, id, desk);
                }
            }
        }
    }

    /// Two nodes that call each other at once get one conversation: the connection opened by the
    /// smaller identity stays, and calling each other counts as taking the call. `true` when the
    /// newest call is the one that went.
    fn settle_crossing(&mut self, now: Millis, newest: CallId, desk: &mut Desk) -> bool {
        let Some(Call::Open(new)) = self.calls.get(&newest) else { return false };
        let (peer, ours) = (new.peer.clone(), new.ours);
        let me = (desk.me.identity.public(), desk.me.instance);
        let crossing = self.conversations().find(|(id, other)| {
            let same = other.peer.identity == peer.identity && other.peer.instance == peer.instance;
            *id != newest && same
        });
        let Some((older, _)) = crossing else { return false };
        let older_is_ours = matches!(self.calls.get(&older), Some(Call::Open(older)) if older.ours);
        if ours == older_is_ours && ours {
            // Called twice from here: the conversation that stands is the one.
            self.close(newest, now, CloseReason::Duplicate, desk);
            return true;
        }
        let stays_ours = me < (peer.identity, peer.instance);
        let newest_stays = ours == older_is_ours || ours == stays_ours;
        let (stays, goes) = if newest_stays { (newest, older) } else { (older, newest) };
        let carried = self.conversation(goes).map(Conversation::unsent).unwrap_or_default();
        self.close(goes, now, CloseReason::Duplicate, desk);
        let plain = peer.name.to_string();
        let plain_is_free = self.conversations().all(|(_, other)| other.who.label != plain);
        if let Some(conversation) = self.conversation(stays) {
            if plain_is_free && !misleads(conversation.who.standing) {
                conversation.who.label = plain;
            }
            conversation.carry(now, carried);
            // Calling each other, or coming back, counts as taking the call.
            if matches!(conversation.stage, Stage::Ringing { .. }) {
                conversation.accept(now);
                desk.notice(Notice::Connected(stays, conversation.who.clone()));
            }
        }
        !newest_stays
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
                    if echo {
                        conversation.say(now.tick, line.clone());
                    }
                    desk.notice(Notice::Heard(id, conversation.who.label.clone(), line));
                }
                Err(ended) => self.end(id, ended, desk),
            }
        }
    }

    /// The person here takes the call: from now on the name is theirs.
    pub(crate) fn accept(&mut self, now: Now, id: CallId, pins: &mut Pins, desk: &mut Desk) {
        let asked = self.policy == CallPolicy::Ask;
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
        let Some(call) = self.calls.remove(&id) else { return };
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
    fn end(&mut self, id: CallId, ended: Ended, desk: &mut Desk) {
        let Some(call) = self.calls.remove(&id) else { return };
        let (label, unsent) = match call {
            Call::Dialling { label, .. } => (label, Vec::new()),
            Call::Open(mut conversation) => {
                desk.net(conversation.conn, NetOutput::Close);
                (conversation.who.label.clone(), conversation.unsent())
            }
        };
        desk.notice(Notice::Ended(id, label, ended, unsent));
    }

    /// `false` when it cannot be said now.
    pub(crate) fn say(&mut self, id: CallId, now: Millis, line: Line) -> bool {
        self.conversation(id).is_some_and(|conversation| conversation.say(now, line))
    }

    /// Hangs up once everything said is confirmed.
    pub(crate) fn finish(&mut self, id: CallId, now: Millis, desk: &mut Desk) {
        match self.conversation(id) {
            Some(conversation) => conversation.finish(),
            None => self.close(id, now, CloseReason::Bye, desk),
        }
    }

    pub(crate) fn turn_end(&mut self, now: Now, pins: &mut Pins, desk: &mut Desk) {
        let ids: Vec<CallId> = self.calls.keys().copied().collect();
        for id in ids {
            match self.calls.get_mut(&id) {
                Some(Call::Dialling { outbound, .. }) => {
                    let progress = outbound.tick(now.tick, desk);
                    self.progress(now, id, progress, pins, desk);
                }
                Some(Call::Open(conversation)) => {
                    conversation.flush(now.tick, desk);
                    let late = conversation.deadline().is_some_and(|until| until <= now.tick);
                    if late {
                        self.close(id, now.tick, CloseReason::NoAnswer, desk);
                    } else if conversation.is_finished() {
                        self.close(id, now.tick, CloseReason::Bye, desk);
                    }
                }
                None => {}
            }
        }
    }

    pub(crate) fn stop(&mut self, now: Millis, desk: &mut Desk) {
        let ids: Vec<CallId> = self.calls.keys().copied().collect();
        for id in ids {
            self.close(id, now, CloseReason::Bye, desk);
        }
    }
}

/// Whether the bare name would let somebody pass for another.
fn misleads(standing: Standing) -> bool {
    matches!(standing, Standing::Impostor(_) | Standing::Twin)
}

/// Why we do not talk to who has answered.
fn objection(conversation: &Conversation, desk: &Desk) -> Option<Ended> {
    let found: Fingerprint = conversation.who.fingerprint;
    if is_me(&conversation.peer, desk) {
        return Some(Ended::ByUs(CloseReason::Yourself));
    }
    match conversation.who.standing {
        Standing::Impostor(pinned) => Some(Ended::PinBroken { pinned, found }),
        Standing::New | Standing::Known | Standing::Twin => None,
    }
}

fn is_me(peer: &Peer, desk: &Desk) -> bool {
    peer.identity == desk.me.identity.public() && peer.instance == desk.me.instance
}

/// Remembers who has this name, if nobody has it yet.
fn pin(conversation: &Conversation, now: Now, pins: &mut Pins, desk: &mut Desk) {
    if conversation.who.standing == Standing::New {
        let subject = Subject::Node(conversation.peer.name.clone());
        desk.remember(pins.pin(subject, conversation.who.fingerprint, now.unix));
    }
}

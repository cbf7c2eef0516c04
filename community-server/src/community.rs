//! The core of a community server: no sockets, no clock, no threads, no files.
//!
//! `handle` is the only way in, `poll` the only way out. Changes of the list are gathered, and told
//! at an [`Input::TurnEnd`] to everybody in one write each.

mod telling;

use std::collections::VecDeque;
use std::net::SocketAddr;

use hallway::channel::Incoming;
use hallway::conn::{ConnId, NetInput, NetOutput};
use hallway::handshake::auth::Me;
use hallway::handshake::lobby::{Entrant, Lobby, LobbyStep};
use hallway::limits;
use hallway::message::{Join, Member, Message};
use hallway::reason::CloseReason;
use hallway::seeds::Seeds;
use hallway::text::{Line, Name};
use hallway::time::{Millis, Now};

use crate::config::Config;
pub use crate::conns::Load;
use crate::conns::{Arrived, Conn, Conns};
use crate::directory::{Directory, Place, addresses_for_others};
use crate::news::News;
use crate::notice::Notice;

use self::telling::Telling;

/// What the world did.
pub enum Input<'a> {
    /// The network.
    Net(ConnId, NetInput<'a>),
    /// The operator.
    Operator(Command),
    /// All that came in this turn of the loop has been handed in; also sent when the deadline
    /// passes.
    TurnEnd,
    /// Say goodbye to everybody.
    Stop,
}

/// What the operator can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Who is here?
    Who,
    /// Remove a member. It may come back.
    Kick(Name),
    /// Say something to all.
    Say(Line),
}

/// What the world should do.
#[derive(Debug)]
pub enum Output {
    /// The network.
    Net(ConnId, NetOutput),
    /// Tell the operator, or the log.
    Notice(Notice),
}

/// The community.
pub struct Community {
    config: Config,
    seeds: Seeds,
    lobby: Lobby,
    directory: Directory,
    conns: Conns,
    news: News,
    outputs: VecDeque<Output>,
    tellings: VecDeque<Telling>,
}

impl Community {
    /// An empty community. `seed` is all the randomness it will ever use.
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        let lobby = Lobby::new(config.guesses);
        Self {
            config,
            seeds: Seeds::new(seed),
            lobby,
            directory: Directory::default(),
            conns: Conns::default(),
            news: News::default(),
            outputs: VecDeque::new(),
            tellings: VecDeque::new(),
        }
    }

    /// Who we are.
    pub fn me(&self) -> &Me {
        &self.config.me
    }

    /// The only way in.
    pub fn handle(&mut self, now: Now, input: Input<'_>) {
        match input {
            Input::Net(id, NetInput::Opened { from }) => self.open(now.tick, id, from),
            Input::Net(id, NetInput::Received(bytes)) => self.receive(now.tick, id, bytes),
            Input::Net(id, NetInput::Closed(_)) => self.closed(id),
            // We dial nobody.
            Input::Net(_, NetInput::Connected | NetInput::Failed(_)) => {}
            Input::Operator(command) => self.operate(now.tick, command),
            Input::TurnEnd => {
                self.expire(now.tick);
                self.tell_news(now.tick);
            }
            Input::Stop => self.stop(now.tick),
        }
    }

    /// The only way out, in order.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front().or_else(|| self.tell_next())
    }

    /// When [`Input::TurnEnd`] is wanted at the latest.
    pub fn deadline(&self) -> Option<Millis> {
        let all = [self.news.deadline(), self.conns.deadline(), self.lobby.deadline()];
        all.into_iter().flatten().min()
    }

    /// Everybody on the list, by name.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.directory.members()
    }

    /// How many are here.
    pub fn load(&self) -> Load {
        let members = self.directory.len();
        let watchers = self.conns.viewers() - members;
        let half_open = self.lobby.len() + self.conns.arrived();
        Load { members, watchers, half_open }
    }

    /// Whether nobody is here and nothing is left of anybody, but for the memory of wrong
    /// passwords.
    pub fn is_quiet(&self) -> bool {
        self.lobby.is_empty()
            && self.directory.is_empty()
            && self.conns.is_empty()
            && self.news.is_empty()
            && self.outputs.is_empty()
            && self.tellings.is_empty()
    }

    fn open(&mut self, now: Millis, id: ConnId, from: SocketAddr) {
        if !self.lobby.open(now, id, from) {
            self.outputs.push_back(Output::Net(id, NetOutput::Drop));
        }
    }

    fn receive(&mut self, now: Millis, id: ConnId, bytes: &[u8]) {
        if let Some(conn) = self.conns.get_mut(id) {
            conn.channel().push(bytes);
            self.read(now, id);
            return;
        }
        let door = self.config.door();
        match self.lobby.received(now, id, bytes, &door, &mut self.seeds) {
            // Closed a moment ago.
            None => {}
            Some(LobbyStep::Send(bytes)) => self.send(id, bytes),
            Some(LobbyStep::Enter(Entrant { channel, peer, from, .. }, bytes)) => {
                self.send(id, bytes);
                let until = now + limits::HELLO_WAIT;
                let arrived = Arrived { channel, peer, from, until };
                self.conns.put(id, Conn::Arrived(Box::new(arrived)));
                self.read(now, id);
            }
            Some(LobbyStep::Close(bytes, turned, from)) => {
                self.send(id, bytes);
                self.outputs.push_back(Output::Net(id, NetOutput::Close));
                self.notice(Notice::Turned(from, turned));
            }
            Some(LobbyStep::Drop(turned, from)) => {
                self.outputs.push_back(Output::Net(id, NetOutput::Drop));
                self.notice(Notice::Turned(from, turned));
            }
        }
    }

    /// Handles every message that has come in whole.
    fn read(&mut self, now: Millis, id: ConnId) {
        while let Some(conn) = self.conns.get_mut(id) {
            match conn.channel().poll() {
                Ok(None) => return,
                Ok(Some(Incoming::Message(Message::Skipped))) => {}
                Ok(Some(Incoming::Message(message))) => self.message(now, id, message),
                Ok(Some(Incoming::Closed(_))) => self.hang_up(now, id, None),
                Ok(Some(Incoming::Bulk(..))) | Err(_) => self.drop_conn(id),
            }
        }
    }

    fn message(&mut self, now: Millis, id: ConnId, message: Message) {
        match (self.conns.take(id), message) {
            // Port zero cannot be dialled: it falls through to what has no place.
            (Some(Conn::Arrived(arrived)), Message::Join(join)) if join.port != 0 => {
                self.join(now, id, *arrived, join);
            }
            (Some(Conn::Arrived(arrived)), Message::Watch) => {
                let is_full = self.is_full();
                self.conns.put(id, Conn::Watcher { channel: arrived.channel });
                if is_full {
                    self.hang_up(now, id, Some(CloseReason::Full));
                } else {
                    self.news.came(id);
                }
            }
            (Some(Conn::Member { channel, name }), Message::State(state)) => {
                if let Some(before) = self.directory.set_state(&name, state) {
                    self.news.changed(&name, Some(before));
                    self.notice(Notice::Changed(name.clone(), state));
                }
                self.conns.put(id, Conn::Member { channel, name });
            }
            (Some(conn), _) => {
                self.conns.put(id, conn);
                self.hang_up(now, id, Some(CloseReason::Confused));
            }
            (None, _) => {}
        }
    }

    fn is_full(&self) -> bool {
        self.conns.viewers() >= self.config.members_max
    }

    fn join(&mut self, now: Millis, id: ConnId, arrived: Arrived, join: Join) {
        let Arrived { mut channel, peer, from, .. } = arrived;
        let member = Member {
            name: peer.name.clone(),
            identity: peer.identity,
            instance: peer.instance,
            port: join.port,
            addresses: addresses_for_others(from.ip(), &join.addresses),
            state: join.state,
        };
        match self.directory.place(&member) {
            Place::Taken(free) => {
                let mut bytes = Vec::new();
                let sent = channel.send(now, &Message::NameTaken(free), &mut bytes);
                channel.close(now, CloseReason::Bye, &mut bytes);
                if sent.is_ok() {
                    self.send(id, bytes);
                }
                self.outputs.push_back(Output::Net(id, NetOutput::Close));
                self.notice(Notice::NameTaken(member.name, from));
                return;
            }
            Place::Own(older) => self.hang_up(now, older, Some(CloseReason::Replaced)),
            Place::Free if self.is_full() => {
                self.conns.put(id, Conn::Watcher { channel });
                self.hang_up(now, id, Some(CloseReason::Full));
                self.notice(Notice::Full(member.name));
                return;
            }
            Place::Free => {}
        }
        if let Some(twin) = self.directory.twin(&member) {
            let twin = twin.clone();
            self.notice(Notice::Twin(member.name.clone(), twin));
        }
        self.notice(Notice::Joined(member.name.clone(), from));
        self.conns.put(id, Conn::Member { channel, name: member.name.clone() });
        self.news.changed(&member.name, None);
        self.directory.insert(id, member);
        self.news.came(id);
    }

    /// Ends a connection from our side, with a last word, if one is given.
    fn hang_up(&mut self, now: Millis, id: ConnId, reason: Option<CloseReason>) {
        let Some(mut conn) = self.take(id) else { return };
        if let Some(reason) = reason {
            let mut bytes = Vec::new();
            conn.channel().close(now, reason, &mut bytes);
            self.send(id, bytes);
        }
        self.outputs.push_back(Output::Net(id, NetOutput::Close));
    }

    /// Ends a connection whose peer broke the protocol: not a word more.
    fn drop_conn(&mut self, id: ConnId) {
        self.take(id);
        self.outputs.push_back(Output::Net(id, NetOutput::Drop));
    }

    /// Takes a connection out, and off the list.
    fn take(&mut self, id: ConnId) -> Option<Conn> {
        let conn = self.conns.take(id)?;
        if let Conn::Member { name, .. } = &conn {
            self.news.changed(name, self.directory.remove(name));
            self.notice(Notice::Left(name.clone()));
        }
        Some(conn)
    }

    fn closed(&mut self, id: ConnId) {
        if let Some((turned, from)) = self.lobby.closed(id) {
            self.notice(Notice::Turned(from, turned));
        } else {
            self.take(id);
        }
    }

    fn expire(&mut self, now: Millis) {
        while let Some((id, turned, from)) = self.lobby.expired(now) {
            self.outputs.push_back(Output::Net(id, NetOutput::Drop));
            self.notice(Notice::Turned(from, turned));
        }
        while let Some(id) = self.conns.overdue(now) {
            self.drop_conn(id);
        }
    }

    fn operate(&mut self, now: Millis, command: Command) {
        match command {
            Command::Who => {
                let members = self.directory.members().cloned().collect();
                self.notice(Notice::Who(members));
            }
            Command::Kick(name) => match self.directory.find(&name) {
                Some(listed) => {
                    let (id, name) = (listed.conn, listed.member.name.clone());
                    self.notice(Notice::Kicked(name));
                    self.hang_up(now, id, Some(CloseReason::Kicked));
                }
                None => self.notice(Notice::NobodyCalled(name)),
            },
            Command::Say(line) => {
                let count = self.directory.len();
                self.tell_line(now, line);
                self.notice(Notice::Said(count));
            }
        }
    }

    fn stop(&mut self, now: Millis) {
        for id in self.lobby.clear() {
            self.outputs.push_back(Output::Net(id, NetOutput::Drop));
        }
        for id in self.conns.ids() {
            self.hang_up(now, id, Some(CloseReason::Bye));
        }
        self.news = News::default();
    }

    fn send(&mut self, id: ConnId, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.outputs.push_back(Output::Net(id, NetOutput::Send(bytes)));
        }
    }

    fn notice(&mut self, notice: Notice) {
        self.outputs.push_back(Output::Notice(notice));
    }
}

//! The core of a node: no sockets, no clock, no threads, no files, no terminal.
//!
//! `handle` is the only way in, `poll` the only way out.

use std::net::SocketAddr;

use files::disk::{Done, Job};
use files::transfers::{Setup, Transfers};
use hallway::conn::{ConnId, NetInput, NetOutput};
use hallway::guess::GuessLimits;
use hallway::handshake::answering::Door;
use hallway::handshake::auth::Me;
use hallway::handshake::hello::Service;
use hallway::handshake::lobby::{Lobby, LobbyStep};
use hallway::handshake::opaque::{PasswordRecord, Rejected, StretchJob, Stretched};
use hallway::handshake::stretch::Profile;
use hallway::identity::Fingerprint;
use hallway::message::{Member, State};
use hallway::pins::{Known, Pins, Subject};
use hallway::place::Place;
use hallway::reason::{CloseReason, Ended};
use hallway::seeds::Seeds;
use hallway::text::{Line, Name};
use hallway::time::{Millis, Now};

use crate::calls::{CallPolicy, Callee, Calls};
use crate::desk::Desk;
use crate::membership::{Arrival, Membership, Wish};
use crate::notice::{CallId, Notice, Who};

/// What a node is made of.
pub struct Config {
    /// Name and identity.
    pub me: Me,
    /// The password others need to call it; `None` when it takes no calls.
    pub record: Option<PasswordRecord>,
    /// The stretching profile.
    pub profile: Profile,
    /// What to do with callers.
    pub calls: CallPolicy,
    /// Answer each line with the same line.
    pub echo: bool,
    /// How much guessing is allowed.
    pub guesses: GuessLimits,
    /// Who is known.
    pub pins: Pins,
    /// What to do with files that are offered.
    pub files: Setup,
}

/// What the world did.
pub enum Input<'a> {
    /// The network.
    Net(ConnId, NetInput<'a>),
    /// The slow step of a handshake is done.
    Stretched(ConnId, Result<Stretched, Rejected>),
    /// A host name was looked up; no address means that there is no such host.
    LookedUp(u64, Vec<SocketAddr>),
    /// One of the threads for the disk has done something.
    Disk(Done),
    /// Whoever uses the node.
    Command(Command),
    /// All that came in this turn of the loop has been handed in; also sent when the deadline
    /// passes.
    TurnEnd,
    /// Say goodbye to everybody.
    Stop,
}

/// What whoever uses the node can have it do.
pub enum Command {
    /// Call somebody. The node numbers calls 1, 2, 3 … in the order they come about; the next
    /// notice about the call tells its number.
    Call(Callee),
    /// Connect to somebody for files alone: nothing rings there.
    Link(Callee),
    /// Take a call.
    Accept(CallId),
    /// Do not take a call.
    Deny(CallId),
    /// Say a text, which may be too long for one line; lost as a whole when [`Node::can_say`] is
    /// false, and never in part.
    Say(CallId, Vec<Line>),
    /// Say goodbye now.
    HangUp(CallId),
    /// Say goodbye as soon as everything said is confirmed.
    Finish(CallId),
    /// Join a community, leaving the one before.
    Join(Wish),
    /// Something about files.
    Files(files::news::Command),
    /// Leave the community.
    Leave,
    /// From now on this identity is the one of that name.
    Trust(Subject, Fingerprint),
    /// Have another name, for calls to come and for the community, which is joined anew.
    Rename(Name),
}

/// What the world should do.
pub enum Output {
    /// The network.
    Net(ConnId, NetOutput),
    /// Run the slow step of a handshake; answered by [`Input::Stretched`].
    Stretch(ConnId, Box<StretchJob>),
    /// Look up a host name; answered by [`Input::LookedUp`] with the same number.
    LookUp(u64, Place),
    /// A job for one of the threads for the disk; answered by [`Input::Disk`].
    Disk(Job),
    /// Append this line to the pin file.
    Remember(String),
    /// Tell whoever uses the node.
    Notice(Notice),
}

/// A node.
pub struct Node {
    record: Option<PasswordRecord>,
    desk: Desk,
    lobby: Lobby,
    calls: Calls,
    membership: Membership,
    pins: Pins,
}

impl Node {
    /// A node without calls and without a community. `seed` is all the randomness it will use.
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        Self {
            record: config.record,
            desk: Desk::new(
                config.me,
                config.profile,
                Seeds::new(seed),
                Transfers::new(config.files),
            ),
            lobby: Lobby::new(config.guesses),
            calls: Calls::new(config.calls, config.echo),
            membership: Membership::default(),
            pins: config.pins,
        }
    }

    /// The only way in.
    pub fn handle(&mut self, now: Now, input: Input<'_>) {
        match input {
            Input::Net(id, input) => self.net(now, id, &input),
            Input::Stretched(id, result) => self.stretched(now, id, result),
            Input::LookedUp(number, found) => {
                let (pins, desk) = (&mut self.pins, &mut self.desk);
                self.calls.looked_up(now, number, &found, pins, desk);
                self.membership.looked_up(number, &found, now.tick, &mut self.desk);
            }
            Input::Disk(done) => match done {
                Done::Read(done) => self.desk.files.read(now.tick, done),
                Done::Write(done) => self.desk.files.written(now.tick, done),
                Done::Index(done) => self.desk.files.index(now.tick, done),
            },
            Input::Command(command) => self.command(now, command),
            Input::TurnEnd => self.turn_end(now),
            Input::Stop => {
                // Whoever comes now comes too late.
                self.record = None;
                self.calls.stop(now.tick, &mut self.desk);
                self.membership.leave(now.tick, &mut self.desk);
                for id in self.lobby.clear() {
                    self.desk.net(id, NetOutput::Drop);
                }
            }
        }
    }

    /// The only way out, in order.
    pub fn poll(&mut self) -> Option<Output> {
        self.desk.poll()
    }

    /// When [`Input::TurnEnd`] is wanted at the latest.
    pub fn deadline(&self) -> Option<Millis> {
        let all = [
            self.lobby.deadline(),
            self.calls.deadline(),
            self.membership.deadline(),
            self.desk.files.deadline(),
        ];
        all.into_iter().flatten().min()
    }

    /// Who we are.
    pub fn me(&self) -> &Me {
        &self.desk.me
    }

    /// Everybody we are talking with, oldest first.
    pub fn talking(&self) -> impl Iterator<Item = (CallId, &Who)> {
        self.calls.talking()
    }

    /// Everybody who waits for our answer, oldest first.
    pub fn ringing(&self) -> impl Iterator<Item = (CallId, &Who)> {
        self.calls.ringing()
    }

    /// Whether a text can be said now: the conversation stands, and not too much is unconfirmed.
    pub fn can_say(&self, id: CallId) -> bool {
        self.calls.can_say(id)
    }

    /// All transfers of files, by their numbers.
    pub fn files(&self) -> &Transfers {
        &self.desk.files
    }

    /// Everybody else on the community's list, by name.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        let me = (self.desk.me.identity.public(), self.desk.me.instance);
        self.membership.members().filter(move |member| (member.identity, member.instance) != me)
    }

    /// The community we are in or on the way to.
    pub fn community(&self) -> Option<&Place> {
        self.membership.place()
    }

    /// Whether we are in it now.
    pub fn is_in_community(&self) -> bool {
        self.membership.is_in()
    }

    fn net(&mut self, now: Now, id: ConnId, input: &NetInput<'_>) {
        if let NetInput::Opened { from } = input {
            if self.record.is_none() || !self.lobby.open(now.tick, id, *from) {
                self.desk.net(id, NetOutput::Drop);
            }
        } else if self.membership.owns(id) {
            let arrival = self.membership.handle(now.tick, id, input, &mut self.desk);
            self.arrive(now, arrival);
        } else if let Some(call) = self.calls.owner(id) {
            self.calls.handle(now, call, id, input, &mut self.pins, &mut self.desk);
        } else {
            self.stranger(now, id, input);
        }
    }

    fn stranger(&mut self, now: Now, id: ConnId, input: &NetInput<'_>) {
        if let NetInput::Closed(_) = input
            && let Some((turned, from)) = self.lobby.closed(id)
        {
            self.desk.notice(Notice::Turned(from, turned));
        }
        let (NetInput::Received(bytes), Some(record)) = (input, &self.record) else { return };
        let door = Door {
            services: &[Service::Chat, Service::Files],
            record,
            profile: self.desk.profile,
            me: &self.desk.me,
        };
        let step = self.lobby.received(now.tick, id, bytes, &door, &mut self.desk.seeds);
        match step {
            // Closed a moment ago.
            None => {}
            Some(LobbyStep::Send(bytes)) => self.desk.send(id, bytes),
            Some(LobbyStep::Enter(entrant, bytes)) => {
                self.desk.send(id, bytes);
                self.calls.enter(now, id, entrant, &mut self.pins, &mut self.desk);
            }
            Some(LobbyStep::Close(bytes, turned, from)) => {
                self.desk.send(id, bytes);
                self.desk.net(id, NetOutput::Close);
                self.desk.notice(Notice::Turned(from, turned));
            }
            Some(LobbyStep::Drop(turned, from)) => {
                self.desk.net(id, NetOutput::Drop);
                self.desk.notice(Notice::Turned(from, turned));
            }
        }
    }

    fn stretched(&mut self, now: Now, id: ConnId, result: Result<Stretched, Rejected>) {
        if self.membership.owns(id) {
            self.membership.stretched(now.tick, result, &mut self.desk);
        } else if let Some(call) = self.calls.owner(id) {
            self.calls.stretched(now, call, result, &mut self.pins, &mut self.desk);
        }
    }

    /// A community let us in: is it the one we know by this address?
    fn arrive(&mut self, now: Now, arrival: Option<Arrival>) {
        let (Some(arrival), Some(place)) = (arrival, self.membership.place()) else { return };
        let subject = Subject::Community(place.to_string());
        let found = arrival.peer.identity.fingerprint();
        match self.pins.check(&subject, found) {
            Known::Other(pinned) => {
                let ended = Ended::PinBroken { pinned, found };
                self.membership.refuse(&arrival, ended, now.tick, &mut self.desk);
                return;
            }
            Known::New => self.desk.remember(self.pins.pin(&subject, found, now.unix)),
            Known::Same => {}
        }
        let state = self.state();
        self.membership.enter(now.tick, arrival, state, &mut self.desk);
    }

    /// Whether we can be called, as communities and the network are told.
    pub fn state(&self) -> State {
        if self.calls.talking().next().is_some() { State::InChat } else { State::Available }
    }

    fn command(&mut self, now: Now, command: Command) {
        let desk = &mut self.desk;
        match command {
            Command::Call(callee) => {
                self.calls.call(callee, Service::Chat, now.tick, desk);
            }
            Command::Link(callee) => {
                self.calls.call(callee, Service::Files, now.tick, desk);
            }
            Command::Accept(id) => self.calls.accept(now, id, &mut self.pins, desk),
            Command::Deny(id) => self.calls.close(id, now.tick, CloseReason::Denied, desk),
            Command::Say(id, text) => self.calls.say(id, now.tick, text),
            Command::HangUp(id) => {
                self.calls.close(self.calls.spoken_on(id), now.tick, CloseReason::Bye, desk);
            }
            Command::Finish(id) => self.calls.finish(id, now.tick, desk),
            Command::Join(wish) => self.membership.join(wish, now.tick, desk),
            Command::Files(command) => desk.files.command(now.tick, command),
            Command::Leave => self.membership.leave(now.tick, desk),
            Command::Trust(subject, fingerprint) => {
                desk.remember(self.pins.pin(&subject, fingerprint, now.unix));
            }
            Command::Rename(name) => self.membership.join_as(name, now.tick, desk),
        }
    }

    fn turn_end(&mut self, now: Now) {
        while let Some((id, turned, from)) = self.lobby.expired(now.tick) {
            self.desk.net(id, NetOutput::Drop);
            self.desk.notice(Notice::Turned(from, turned));
        }
        self.calls.turn_end(now, &mut self.pins, &mut self.desk);
        let arrival = self.membership.tick(now.tick, &mut self.desk);
        self.arrive(now, arrival);
        let state = self.state();
        self.membership.tell_state(now.tick, state, &mut self.desk);
    }
}

//! The listener's side of a handshake, as states named for what they wait for.

use super::auth::{Auth, Me, Peer, Role};
use super::hello::{
    self, ClientHello, HelloError, KE3_BYTES, SUITE, ServerGo, ServerHello, Service,
};
use super::opaque::{AwaitedProof, PasswordRecord};
use super::schedule::{Exporter, Keys};
use super::stretch::Profile;
use crate::channel::{Channel, Incoming};
use crate::guess::{Guesses, Source};
use crate::limits;
use crate::message::Message;
use crate::reason::PeerFault;
use crate::record::{Opener, Sealer};
use crate::seeds::Seeds;
use crate::time::Millis;

/// What a listener needs to answer.
pub struct Door<'a> {
    /// What it serves; a dialler asks for one of these.
    pub services: &'a [Service],
    /// Its password, as OPAQUE keeps it.
    pub record: &'a PasswordRecord,
    /// The profile that password was registered with.
    pub profile: Profile,
    /// Who it is.
    pub me: &'a Me,
}

/// A handshake that somebody else began. Moved by value: a state cannot be used twice.
pub struct Answering {
    state: State,
    source: Source,
    received_bytes: usize,
    until: Millis,
}

#[expect(clippy::enum_variant_names, reason = "named for what they wait for")]
enum State {
    ExpectHello { buffer: Vec<u8> },
    ExpectProof { login: Box<AwaitedProof>, hellos: Hellos, buffer: Vec<u8> },
    ExpectAuth { channel: Box<Channel>, exporter: Exporter, service: Service },
}

/// Both hellos as they travelled, for the transcript, and what was asked for.
struct Hellos {
    client: Vec<u8>,
    server: Vec<u8>,
    service: Service,
}

/// What comes of bytes.
pub enum AnswerStep {
    /// Send these bytes (there may be none) and wait for more.
    Wait(Answering, Vec<u8>),
    /// The dialler proved to know the password and who it is, and asked for this service. Send
    /// these bytes; messages may flow. Some may have come already: poll the channel.
    Open(Box<Channel>, Peer, Service, Vec<u8>),
    /// Send these bytes, if any, and close: too many guesses, or nothing in common.
    Refused(Vec<u8>),
    /// It failed; drop the connection, say nothing.
    Failed(PeerFault),
}

impl Answering {
    /// Somebody has connected from `source`.
    pub fn new(source: Source, now: Millis) -> Self {
        let state = State::ExpectHello { buffer: Vec::new() };
        Self { state, source, received_bytes: 0, until: now + limits::HELLO_WAIT }
    }

    /// When the dialler has been too slow.
    pub fn deadline(&self) -> Millis {
        self.until
    }

    /// Where the dialler is.
    pub fn source(&self) -> Source {
        self.source
    }

    /// Whether our answer is out and the proof of the password is not in.
    pub fn expects_proof(&self) -> bool {
        matches!(self.state, State::ExpectProof { .. })
    }

    /// Bytes from the dialler.
    pub fn received(
        mut self,
        now: Millis,
        bytes: &[u8],
        door: &Door<'_>,
        guesses: &mut Guesses,
        seeds: &mut Seeds,
    ) -> AnswerStep {
        self.received_bytes += bytes.len();
        if self.received_bytes > limits::PRE_AUTH_BYTES_MAX {
            if self.expects_proof() {
                guesses.lose(self.source);
            }
            return AnswerStep::Failed(PeerFault::TooMuchBeforeLogin);
        }
        let state = std::mem::replace(&mut self.state, State::ExpectHello { buffer: Vec::new() });
        match state {
            State::ExpectHello { mut buffer } => {
                buffer.extend_from_slice(bytes);
                self.hello(now, buffer, door, guesses, seeds)
            }
            State::ExpectProof { login, hellos, mut buffer } => {
                buffer.extend_from_slice(bytes);
                self.proof(now, (login, hellos), buffer, door, guesses)
            }
            State::ExpectAuth { mut channel, exporter, service } => {
                channel.push(bytes);
                self.auth(now, channel, (exporter, service), door)
            }
        }
    }

    fn wait(mut self, state: State, bytes: Vec<u8>) -> AnswerStep {
        self.state = state;
        AnswerStep::Wait(self, bytes)
    }

    fn hello(
        mut self,
        now: Millis,
        buffer: Vec<u8>,
        door: &Door<'_>,
        guesses: &mut Guesses,
        seeds: &mut Seeds,
    ) -> AnswerStep {
        let whole = match hello::hello_bytes(&buffer) {
            Ok(Some(len)) if buffer.len() == len => ClientHello::decode(&buffer),
            // Nothing can follow before our answer.
            Ok(Some(len)) if buffer.len() > len => Err(HelloError::Malformed),
            Ok(_) => return self.wait(State::ExpectHello { buffer }, Vec::new()),
            Err(error) => Err(error),
        };
        let client_hello = match whole {
            Ok(client_hello) => client_hello,
            Err(HelloError::OtherVersion) => {
                return AnswerStep::Refused(ServerHello::unsupported());
            }
            Err(error) => return AnswerStep::Failed(error.into()),
        };
        if !fits(&client_hello, door) {
            return AnswerStep::Refused(ServerHello::unsupported());
        }
        if let Err(wait) = guesses.take(now, self.source) {
            let wait_ms = u32::try_from(wait.0).unwrap_or(u32::MAX);
            return AnswerStep::Refused(ServerHello::busy(wait_ms));
        }
        let front = ServerGo::front(door.profile.code(), door.me.identity.public().0);
        let context = hello::hello_hash(&client_hello.front, &front);
        let Ok((login, ke2)) = door.record.answer(&client_hello.ke1, context, seeds) else {
            guesses.lose(self.source);
            return AnswerStep::Failed(PeerFault::MalformedHello);
        };
        let server_hello = [front.as_slice(), &ke2].concat();
        self.until = now + limits::KE3_WAIT;
        let service = client_hello.service;
        let hellos = Hellos { client: buffer, server: server_hello.clone(), service };
        let buffer = Vec::new();
        let state = State::ExpectProof { login: Box::new(login), hellos, buffer };
        self.wait(state, server_hello)
    }

    fn proof(
        self,
        now: Millis,
        (login, hellos): (Box<AwaitedProof>, Hellos),
        buffer: Vec<u8>,
        door: &Door<'_>,
        guesses: &mut Guesses,
    ) -> AnswerStep {
        let Some((ke3, rest)) = buffer.split_first_chunk::<KE3_BYTES>() else {
            return self.wait(State::ExpectProof { login, hellos, buffer }, Vec::new());
        };
        let Ok(session_key) = login.check(ke3) else {
            guesses.lose(self.source);
            return AnswerStep::Failed(PeerFault::FalseProof);
        };
        guesses.give_back(now, self.source);
        let keys = Keys::derive(&session_key, &hellos.client, &hellos.server, ke3);
        let mut channel = Box::new(Channel::new(
            Sealer::new(keys.listener_to_dialler, now),
            Opener::new(keys.dialler_to_listener),
        ));
        channel.push(rest);
        self.auth(now, channel, (keys.exporter, hellos.service), door)
    }

    fn auth(
        self,
        now: Millis,
        mut channel: Box<Channel>,
        (exporter, service): (Exporter, Service),
        door: &Door<'_>,
    ) -> AnswerStep {
        let auth = match channel.poll() {
            Ok(None) => {
                return self.wait(State::ExpectAuth { channel, exporter, service }, Vec::new());
            }
            Ok(Some(Incoming::Message(Message::Auth(auth)))) => auth,
            Ok(Some(_)) => return AnswerStep::Failed(PeerFault::UnexpectedMessage),
            Err(error) => return AnswerStep::Failed(error),
        };
        let me = door.me;
        let Some(peer) = auth.verify(Role::Dialler, &exporter, me.identity.public()) else {
            return AnswerStep::Failed(PeerFault::FalseSignature);
        };
        let answer = Auth::sign(me, Role::Listener, &exporter, peer.identity);
        let mut bytes = Vec::new();
        match channel.send(now, &Message::Auth(answer), &mut bytes) {
            Ok(()) => {
                // To a community nobody sends anything long.
                if service != Service::Community {
                    channel.allow_files();
                }
                AnswerStep::Open(channel, peer, service, bytes)
            }
            Err(_) => AnswerStep::Failed(PeerFault::MalformedMessage),
        }
    }
}

/// Whether we have what the dialler asks for. A selector for another identity is answered all the
/// same: the dialler then learns who is here, and says so better than we could.
fn fits(client_hello: &ClientHello, door: &Door<'_>) -> bool {
    door.services.contains(&client_hello.service)
        && client_hello.suites.contains(&SUITE)
        && client_hello.profiles.contains(&door.profile.code())
}

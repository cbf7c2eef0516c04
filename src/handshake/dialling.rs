//! The dialler's side of a handshake, as states named for what they wait for.

use super::auth::{Auth, Me, Peer, Role};
use super::hello::{self, ClientHello, HelloError, SUITE, ServerGo, ServerHello, Service};
use super::opaque::{AwaitedAnswer, Rejected, StretchJob, Stretched};
use super::schedule::{Exporter, Keys};
use super::stretch::Profile;
use crate::channel::{Channel, Incoming};
use crate::identity::PublicIdentity;
use crate::limits;
use crate::message::Message;
use crate::reason::{Ended, PeerFault};
use crate::record::{Opener, Sealer};
use crate::secret::Secret;
use crate::seeds::Seeds;
use crate::time::Millis;

/// What is to be opened, and with what.
pub struct Wanted {
    /// Community or chat.
    pub service: Service,
    /// The password of the listener.
    pub password: Secret,
    /// Who must answer, when that is known beforehand.
    pub identity: Option<PublicIdentity>,
    /// How hard we stretch.
    pub profile: Profile,
}

/// A handshake that we began. Moved by value: a state cannot be used twice.
#[expect(clippy::large_enum_variant, reason = "a program has a handful, and each for a second")]
pub enum Dialling {
    /// Our hello is sent.
    ExpectHello(ExpectHello),
    /// The slow step runs elsewhere.
    ExpectStretched(ExpectStretched),
    /// Our proof and identity are sent.
    ExpectAuth(ExpectAuth),
}

/// See [`Dialling::ExpectHello`].
pub struct ExpectHello {
    login: AwaitedAnswer,
    client_hello: ClientHello,
    wanted: Option<PublicIdentity>,
    buffer: Vec<u8>,
    until: Millis,
}

/// See [`Dialling::ExpectStretched`].
pub struct ExpectStretched {
    client_hello: ClientHello,
    server_hello: Vec<u8>,
    identity: PublicIdentity,
}

/// See [`Dialling::ExpectAuth`].
pub struct ExpectAuth {
    service: Service,
    channel: Channel,
    exporter: Exporter,
    identity: PublicIdentity,
    until: Millis,
}

/// What comes of an input.
pub enum DialStep {
    /// Nothing yet.
    Wait(Dialling),
    /// Run this where it may take a while, then call [`Dialling::stretched`].
    Stretch(Dialling, Box<StretchJob>),
    /// The listener proved who it is; messages may flow. More of them may have come already: poll
    /// the channel.
    Open(Box<Channel>, Peer),
    /// It failed; drop the connection.
    Failed(Ended),
}

impl Dialling {
    /// The first step: gives the bytes to send.
    ///
    /// # Errors
    /// Only for passwords longer than any limit here lets through.
    pub fn start(
        wanted: Wanted,
        now: Millis,
        seeds: &mut Seeds,
    ) -> Result<(Self, Vec<u8>), Rejected> {
        let (login, ke1) = AwaitedAnswer::start(wanted.password, seeds)?;
        let selector = wanted.identity.map_or([0; 16], |identity| identity.selector());
        let client_hello = ClientHello::new(wanted.service, selector, wanted.profile.code(), ke1);
        let bytes = client_hello.encode();
        let until = now + limits::ANSWER_WAIT;
        let wanted = wanted.identity;
        let buffer = Vec::new();
        Ok((Self::ExpectHello(ExpectHello { login, client_hello, wanted, buffer, until }), bytes))
    }

    /// When the listener has been silent for too long. The slow step is ours: it has none.
    pub fn deadline(&self) -> Option<Millis> {
        match self {
            Self::ExpectHello(state) => Some(state.until),
            Self::ExpectStretched(_) => None,
            Self::ExpectAuth(state) => Some(state.until),
        }
    }

    /// Bytes from the listener.
    pub fn received(self, bytes: &[u8], me: &Me, seeds: &mut Seeds) -> DialStep {
        match self {
            Self::ExpectHello(state) => state.received(bytes, seeds),
            // The listener has nothing to say before our proof.
            Self::ExpectStretched(_) => fault(PeerFault::UnexpectedMessage),
            Self::ExpectAuth(mut state) => {
                state.channel.push(bytes);
                state.check(me)
            }
        }
    }

    /// The slow step is done: gives the bytes to send.
    ///
    /// # Errors
    /// The password was wrong, or the listener another; or this machine had no memory to tell.
    pub fn stretched(
        self,
        result: Result<Stretched, Rejected>,
        me: &Me,
        now: Millis,
    ) -> Result<(Self, Vec<u8>), Ended> {
        let Self::ExpectStretched(state) = self else {
            return Err(Ended::Fault(PeerFault::UnexpectedMessage));
        };
        let done = result?;
        let client_hello = state.client_hello.encode();
        let keys = Keys::derive(&done.session_key, &client_hello, &state.server_hello, &done.ke3);
        let mut channel = Channel::new(
            Sealer::new(keys.dialler_to_listener, now),
            Opener::new(keys.listener_to_dialler),
        );
        // KE3 ‖ record 0 {Auth}, in one write.
        let mut bytes = done.ke3.to_vec();
        let auth = Auth::sign(me, Role::Dialler, &keys.exporter, state.identity);
        channel
            .send(now, &Message::Auth(auth), &mut bytes)
            .map_err(|_| Ended::Fault(PeerFault::MalformedMessage))?;
        let next = ExpectAuth {
            service: state.client_hello.service,
            channel,
            exporter: keys.exporter,
            identity: state.identity,
            until: now + limits::ANSWER_WAIT,
        };
        Ok((Self::ExpectAuth(next), bytes))
    }
}

impl ExpectHello {
    fn received(mut self, bytes: &[u8], seeds: &mut Seeds) -> DialStep {
        let room = limits::PRE_AUTH_BYTES_MAX - self.buffer.len();
        self.buffer.extend(bytes.iter().take(room));
        match hello::hello_bytes(&self.buffer) {
            // Whoever is no Hallway program at all is told apart first, however much it says.
            Ok(_) if bytes.len() > room => fault(PeerFault::TooMuchBeforeLogin),
            Err(error) => fault(error.into()),
            Ok(Some(len)) if self.buffer.len() == len => match ServerHello::decode(&self.buffer) {
                Ok(ServerHello::Go(go)) => self.go(&go, seeds),
                Ok(ServerHello::Busy { wait_ms }) => DialStep::Failed(Ended::Busy { wait_ms }),
                Ok(ServerHello::Unsupported) => fault(PeerFault::OtherVersion),
                Err(error) => fault(error.into()),
            },
            Ok(Some(len)) if self.buffer.len() > len => fault(PeerFault::UnexpectedMessage),
            Ok(_) => DialStep::Wait(Dialling::ExpectHello(self)),
        }
    }

    fn go(self, go: &ServerGo, seeds: &mut Seeds) -> DialStep {
        let found = PublicIdentity(go.identity);
        if let Some(expected) = self.wanted.filter(|expected| *expected != found) {
            let (expected, found) = (expected.fingerprint(), found.fingerprint());
            return DialStep::Failed(Ended::OtherIdentity { expected, found });
        }
        let offered = self.client_hello.profiles.contains(&go.profile);
        if go.suite != SUITE || !offered {
            return fault(PeerFault::OtherVersion);
        }
        let context = hello::hello_hash(&self.client_hello.front, &go.front);
        let job = self.login.job(go.ke2, context, go.identity, seeds);
        let next = ExpectStretched {
            client_hello: self.client_hello,
            server_hello: self.buffer,
            identity: found,
        };
        DialStep::Stretch(Dialling::ExpectStretched(next), Box::new(job))
    }
}

impl ExpectAuth {
    fn check(mut self, me: &Me) -> DialStep {
        let auth = match self.channel.poll() {
            Ok(None) => return DialStep::Wait(Dialling::ExpectAuth(self)),
            Ok(Some(Incoming::Message(Message::Auth(auth)))) => auth,
            Ok(Some(Incoming::Closed(reason))) => return DialStep::Failed(Ended::Closed(reason)),
            Ok(Some(Incoming::Message(_) | Incoming::Bulk(..))) => {
                return fault(PeerFault::UnexpectedMessage);
            }
            Err(error) => return fault(error),
        };
        // The envelope has proved `self.identity`; the signature must be by the same key.
        match auth.verify(Role::Listener, &self.exporter, me.identity.public()) {
            Some(peer) if peer.identity == self.identity => {
                match self.service {
                    Service::Community => self.channel.allow_lists(),
                    Service::Chat | Service::Files => self.channel.allow_files(),
                }
                DialStep::Open(Box::new(self.channel), peer)
            }
            _ => fault(PeerFault::FalseSignature),
        }
    }
}

fn fault(fault: PeerFault) -> DialStep {
    DialStep::Failed(Ended::Fault(fault))
}

impl From<Rejected> for Ended {
    fn from(error: Rejected) -> Self {
        match error {
            Rejected::Mismatch => Self::WrongPassword,
            Rejected::NoMemory => Self::NoResources,
        }
    }
}

impl From<HelloError> for PeerFault {
    fn from(error: HelloError) -> Self {
        match error {
            HelloError::NotHallway => Self::NotHallway,
            HelloError::OtherVersion => Self::OtherVersion,
            HelloError::Malformed => Self::MalformedHello,
        }
    }
}

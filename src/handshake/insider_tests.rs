//! What somebody tries who knows the password: keys are his then, and only what he says can be
//! wrong. (Strangers are in `tests/handshake`.)

use super::answering::{AnswerStep, Answering, Door};
use super::auth::{Auth, Instance, Me, Role};
use super::dialling::{DialStep, Dialling, Wanted};
use super::hello::{self, ClientHello, KE3_BYTES, ServerGo, ServerHello, Service};
use super::opaque::{AwaitedAnswer, PasswordRecord};
use super::schedule::{Exporter, Keys};
use super::stretch::{Profile, Stretcher};
use crate::channel::{Channel, Incoming};
use crate::examples::examples;
use crate::guess::{GuessLimits, Guesses, Source};
use crate::identity::{Identity, PublicIdentity};
use crate::limits;
use crate::message::Message;
use crate::reason::{CloseReason, Ended, PeerFault};
use crate::record::{Opener, RecordKind, Sealer};
use crate::secret::Secret;
use crate::seeds::Seeds;
use crate::text::Name;
use crate::time::Millis;

const NOW: Millis = Millis(0);
/// Our client's hello, without extensions.
const CLIENT_HELLO_BYTES: usize = 125;

fn me(seed: u8, name: &str) -> Me {
    let name = Name::parse(name).unwrap();
    Me { name, identity: Identity::from_seed(&[seed; 32]), instance: Instance([seed; 8]) }
}

fn password() -> Secret {
    Secret::new("correct horse").unwrap()
}

/// A record of the password that names `identity`, whoever made it.
fn record_for(identity: PublicIdentity, seeds: &mut Seeds) -> PasswordRecord {
    let stretcher = Stretcher::new(Profile::Test);
    PasswordRecord::register(&password(), identity.0, &stretcher, seeds).unwrap()
}

/// An honest listener.
struct Listener {
    me: Me,
    record: PasswordRecord,
    guesses: Guesses,
    seeds: Seeds,
}

impl Listener {
    fn new() -> Self {
        let (me, mut seeds) = (me(2, "bob"), Seeds::new([2; 32]));
        let record = record_for(me.identity.public(), &mut seeds);
        let any_number = GuessLimits { per_source: u32::MAX, global: u32::MAX };
        Self { me, record, guesses: Guesses::new(any_number), seeds }
    }

    fn received(&mut self, state: Answering, bytes: &[u8]) -> AnswerStep {
        let door = Door {
            services: &[Service::Chat],
            record: &self.record,
            profile: Profile::Test,
            me: &self.me,
        };
        state.received(NOW, bytes, &door, &mut self.guesses, &mut self.seeds)
    }

    fn answers(&mut self, hello: &[u8]) -> (Answering, Vec<u8>) {
        let state = Answering::new(Source::of([10, 0, 0, 1].into()), NOW);
        match self.received(state, hello) {
            AnswerStep::Wait(state, answer) => (state, answer),
            AnswerStep::Open(..) | AnswerStep::Refused(_) | AnswerStep::Failed(_) => panic!(),
        }
    }
}

/// What follows the password on the insider's end: he says what he likes.
struct Insider {
    sealer: Sealer,
    opener: Opener,
    exporter: Exporter,
}

impl Insider {
    fn dialler(keys: Keys) -> Self {
        Self {
            sealer: Sealer::new(keys.dialler_to_listener, NOW),
            opener: Opener::new(keys.listener_to_dialler),
            exporter: keys.exporter,
        }
    }

    fn listener(keys: Keys) -> Self {
        Self {
            sealer: Sealer::new(keys.listener_to_dialler, NOW),
            opener: Opener::new(keys.dialler_to_listener),
            exporter: keys.exporter,
        }
    }

    fn seals(&mut self, kind: RecordKind, payload: &[u8]) -> Vec<u8> {
        let mut wire = Vec::new();
        self.sealer.seal(NOW, kind, payload, &mut wire).unwrap();
        wire
    }

    fn says(&mut self, message: &Message) -> Vec<u8> {
        self.seals(RecordKind::Message, &message.encode())
    }

    /// The `Auth` that the other side has sent.
    fn hears_auth(&mut self, wire: &[u8]) -> Auth {
        self.opener.push(wire);
        let (_, payload) = self.opener.next().unwrap().unwrap();
        match Message::decode(payload) {
            Ok(Message::Auth(auth)) => auth,
            other => panic!("{other:?}"),
        }
    }
}

/// An insider dials, up to KE3, which the listener has got.
fn dials(listener: &mut Listener) -> (Answering, Insider) {
    let mut seeds = Seeds::new([9; 32]);
    let (login, ke1) = AwaitedAnswer::start(password(), &mut seeds).unwrap();
    let hello = ClientHello::new(Service::Chat, [0; 16], Profile::Test.code(), ke1);
    let (state, answer) = listener.answers(&hello.encode());
    let Ok(ServerHello::Go(go)) = ServerHello::decode(&answer) else { panic!() };
    let context = hello::hello_hash(&hello.front, &go.front);
    let job = login.job(go.ke2, context, go.identity, &mut seeds);
    let done = job.run(&Stretcher::new(Profile::Test)).unwrap();
    let keys = Keys::derive(&done.session_key, &hello.encode(), &answer, &done.ke3);
    match listener.received(state, &done.ke3) {
        AnswerStep::Wait(state, bytes) => {
            assert!(bytes.is_empty(), "the listener says nothing before it knows who is there");
            (state, Insider::dialler(keys))
        }
        AnswerStep::Open(..) | AnswerStep::Refused(_) | AnswerStep::Failed(_) => panic!(),
    }
}

/// An honest dialler has come to the point where it waits for the `Auth` of an insider, who poses
/// as `identity`. Also what it said of itself.
fn is_dialled(dialler: &Me, identity: PublicIdentity) -> (Dialling, Insider, Auth) {
    let mut seeds = Seeds::new([7; 32]);
    let wanted = Wanted {
        service: Service::Chat,
        password: password(),
        identity: Some(identity),
        profile: Profile::Test,
    };
    let (state, sent) = Dialling::start(wanted, NOW, &mut seeds).unwrap();

    let mut own_seeds = Seeds::new([9; 32]);
    let record = record_for(identity, &mut own_seeds);
    let hello = ClientHello::decode(&sent).unwrap();
    let front = ServerGo::front(Profile::Test.code(), identity.0);
    let context = hello::hello_hash(&hello.front, &front);
    let (login, ke2) = record.answer(&hello.ke1, context, &mut own_seeds).unwrap();
    let answer = [front.as_slice(), &ke2].concat();

    let DialStep::Stretch(state, job) = state.received(&answer, dialler, &mut seeds) else {
        panic!()
    };
    let done = job.run(&Stretcher::new(Profile::Test));
    let (state, proof) = state.stretched(done, dialler, NOW).unwrap();
    let (ke3, auth) = proof.split_first_chunk::<KE3_BYTES>().unwrap();
    let session_key = login.check(ke3).unwrap();
    let mut insider = Insider::listener(Keys::derive(&session_key, &sent, &answer, ke3));
    let auth = insider.hears_auth(auth);
    (state, insider, auth)
}

fn dialler_hears(state: Dialling, wire: &[u8], dialler: &Me) -> Result<Box<Channel>, Ended> {
    match state.received(wire, dialler, &mut Seeds::new([7; 32])) {
        DialStep::Open(channel, _) => Ok(channel),
        DialStep::Failed(ended) => Err(ended),
        DialStep::Wait(_) | DialStep::Stretch(..) => panic!("it waits for more"),
    }
}

fn listener_hears(
    listener: &mut Listener,
    state: Answering,
    wire: &[u8],
) -> Result<Box<Channel>, PeerFault> {
    match listener.received(state, wire) {
        AnswerStep::Open(channel, ..) => Ok(channel),
        AnswerStep::Failed(fault) => Err(fault),
        AnswerStep::Wait(..) | AnswerStep::Refused(_) => panic!("it waits for more"),
    }
}

/// What is found out at `bytes` in all: a message of the longest kind is too long for this place.
fn unless_too_much(bytes: usize, fault: PeerFault) -> PeerFault {
    if bytes > limits::PRE_AUTH_BYTES_MAX { PeerFault::TooMuchBeforeLogin } else { fault }
}

const FALSE: Ended = Ended::Fault(PeerFault::FalseSignature);

#[test]
fn an_insider_who_says_who_he_is_gets_in_also_behind_a_key_update() {
    for update in [false, true] {
        let mut listener = Listener::new();
        let (state, mut insider) = dials(&mut listener);
        let mut wire = Vec::new();
        if update {
            wire.extend(insider.seals(RecordKind::KeyUpdate, &[]));
        }
        let bob = listener.me.identity.public();
        let auth = Auth::sign(&me(3, "eve"), Role::Dialler, &insider.exporter, bob);
        wire.extend(insider.says(&Message::Auth(auth)));
        assert!(listener_hears(&mut listener, state, &wire).is_ok());

        let (ann, eve) = (me(1, "ann"), me(3, "eve"));
        let (state, mut insider, _) = is_dialled(&ann, eve.identity.public());
        let mut wire = Vec::new();
        if update {
            wire.extend(insider.seals(RecordKind::KeyUpdate, &[]));
        }
        let auth = Auth::sign(&eve, Role::Listener, &insider.exporter, ann.identity.public());
        wire.extend(insider.says(&Message::Auth(auth)));
        assert!(dialler_hears(state, &wire, &ann).is_ok());
    }
}

#[test]
fn no_message_but_auth_is_taken_in_its_place() {
    let (ann, eve) = (me(1, "ann"), me(3, "eve").identity.public());
    for message in examples() {
        // An Auth that is not signed for this connection is a fault of its own.
        let is_auth = matches!(message, Message::Auth(_));
        let expected =
            if is_auth { PeerFault::FalseSignature } else { PeerFault::UnexpectedMessage };
        let mut listener = Listener::new();
        let (state, mut insider) = dials(&mut listener);
        let wire = insider.says(&message);
        let too_much = unless_too_much(CLIENT_HELLO_BYTES + KE3_BYTES + wire.len(), expected);
        let heard = listener_hears(&mut listener, state, &wire);
        assert_eq!(heard.err(), Some(too_much), "{message:?}");

        let (state, mut insider, _) = is_dialled(&ann, eve);
        let heard = dialler_hears(state, &insider.says(&message), &ann);
        assert_eq!(heard.err(), Some(Ended::Fault(expected)), "{message:?}");
    }
}

#[test]
fn no_other_record_is_taken_in_the_place_of_auth() {
    let (ann, eve) = (me(1, "ann"), me(3, "eve").identity.public());
    let bye = [CloseReason::Full.code()];
    let (unexpected, malformed) = (PeerFault::UnexpectedMessage, PeerFault::MalformedMessage);
    let closed = Ended::Closed(CloseReason::Full);
    let table: [(RecordKind, &[u8], PeerFault, Ended); 5] = [
        (RecordKind::Close, &bye, unexpected, closed),
        (RecordKind::Close, &[], malformed, Ended::Fault(malformed)),
        (RecordKind::Bulk, b"bytes", unexpected, Ended::Fault(unexpected)),
        (RecordKind::Message, &[], malformed, Ended::Fault(malformed)),
        (RecordKind::Message, b"\x82\x18\x7f\xf6", malformed, Ended::Fault(malformed)),
    ];
    for (kind, payload, fault, ended) in table {
        let mut listener = Listener::new();
        let (state, mut insider) = dials(&mut listener);
        let heard = listener_hears(&mut listener, state, &insider.seals(kind, payload));
        assert_eq!(heard.err(), Some(fault), "{kind:?} {payload:02x?}");

        let (state, mut insider, _) = is_dialled(&ann, eve);
        let heard = dialler_hears(state, &insider.seals(kind, payload), &ann);
        assert_eq!(heard.err(), Some(ended), "{kind:?} {payload:02x?}");
    }
}

#[test]
fn no_message_is_taken_in_the_states_before_there_are_keys() {
    let ann = me(1, "ann");
    for message in examples() {
        let mut listener = Listener::new();
        let (state, mut insider, _) = is_dialled(&ann, listener.me.identity.public());
        drop(state);
        let wire = insider.says(&message);

        let state = Answering::new(Source::of([10, 0, 0, 1].into()), NOW);
        let heard = listener_hears(&mut listener, state, &wire);
        let not_hallway = unless_too_much(wire.len(), PeerFault::NotHallway);
        assert_eq!(heard.err(), Some(not_hallway), "{message:?}");

        let start = |seeds: &mut Seeds| {
            let wanted = Wanted {
                service: Service::Chat,
                password: password(),
                identity: None,
                profile: Profile::Test,
            };
            Dialling::start(wanted, NOW, seeds).unwrap()
        };
        let mut seeds = Seeds::new([7; 32]);
        let (state, hello) = start(&mut seeds);
        let heard = dialler_hears(state, &wire, &ann);
        assert_eq!(heard.err(), Some(Ended::Fault(PeerFault::NotHallway)), "{message:?}");

        let (answering, answer) = listener.answers(&hello);
        let heard = listener_hears(&mut listener, answering, &wire);
        let false_proof = unless_too_much(hello.len() + wire.len(), PeerFault::FalseProof);
        assert_eq!(heard.err(), Some(false_proof), "{message:?}");

        let (state, _) = start(&mut seeds);
        let DialStep::Stretch(state, _) = state.received(&answer, &ann, &mut seeds) else {
            panic!()
        };
        let heard = dialler_hears(state, &wire, &ann);
        assert_eq!(heard.err(), Some(Ended::Fault(PeerFault::UnexpectedMessage)), "{message:?}");
    }
}

#[test]
fn who_stands_between_two_sessions_cannot_pass_an_identity_on() {
    let ann = me(1, "ann");
    let mut listener = Listener::new();
    let bob = listener.me.identity.public();
    let mallory = me(3, "mallory");

    // Under Bob's identity towards Ann, with the password towards Bob.
    let (dialling, mut to_ann, anns) = is_dialled(&ann, bob);
    let (answering, mut to_bob) = dials(&mut listener);
    assert_eq!(anns.identity, ann.identity.public().0);
    let heard = listener_hears(&mut listener, answering, &to_bob.says(&Message::Auth(anns)));
    assert_eq!(heard.err(), Some(PeerFault::FalseSignature), "Ann's, passed on to Bob");

    // Bob's own signature, given to Mallory who logged in as himself, passed on to Ann.
    let (answering, mut to_bob) = dials(&mut listener);
    let own = Auth::sign(&mallory, Role::Dialler, &to_bob.exporter, bob);
    let AnswerStep::Open(_, _, _, wire) =
        listener.received(answering, &to_bob.says(&Message::Auth(own)))
    else {
        panic!("Mallory knows the password");
    };
    let bobs = to_bob.hears_auth(&wire);
    let heard = dialler_hears(dialling, &to_ann.says(&Message::Auth(bobs)), &ann);
    assert_eq!(heard.err(), Some(FALSE), "Bob's, passed on to Ann");
}

#[test]
fn who_poses_as_another_listener_cannot_sign_for_it() {
    let (ann, bob, mallory) = (me(1, "ann"), me(2, "bob"), me(3, "mallory"));
    let (to_ann, as_bob) = (ann.identity.public(), bob.identity.public());

    let (dialling, mut insider, _) = is_dialled(&ann, as_bob);
    let own = Auth::sign(&mallory, Role::Listener, &insider.exporter, to_ann);
    let heard = dialler_hears(dialling, &insider.says(&Message::Auth(own)), &ann);
    assert_eq!(heard.err(), Some(FALSE), "a good signature by another key");

    let (dialling, mut insider, _) = is_dialled(&ann, as_bob);
    let own = Auth::sign(&mallory, Role::Listener, &insider.exporter, to_ann);
    let claimed = Auth { identity: as_bob.0, ..own };
    let heard = dialler_hears(dialling, &insider.says(&Message::Auth(claimed)), &ann);
    assert_eq!(heard.err(), Some(FALSE), "the right key, another's signature");

    let (dialling, mut insider, anns) = is_dialled(&ann, as_bob);
    let heard = dialler_hears(dialling, &insider.says(&Message::Auth(anns)), &ann);
    assert_eq!(heard.err(), Some(FALSE), "her own, reflected");

    // Ann's own identity as the listener's: reflected, it would be the right key.
    let (dialling, mut insider, anns) = is_dialled(&ann, to_ann);
    let heard = dialler_hears(dialling, &insider.says(&Message::Auth(anns)), &ann);
    assert_eq!(heard.err(), Some(FALSE), "her own, reflected to herself");

    let (dialling, mut insider, _) = is_dialled(&ann, as_bob);
    let for_another =
        Auth::sign(&bob, Role::Listener, &insider.exporter, mallory.identity.public());
    let heard = dialler_hears(dialling, &insider.says(&Message::Auth(for_another)), &ann);
    assert_eq!(heard.err(), Some(FALSE), "Bob's, meant for somebody else");
}

#[test]
fn what_follows_auth_in_one_write_is_read_after_the_door_has_opened() {
    let mut listener = Listener::new();
    let (state, mut insider) = dials(&mut listener);
    let bob = listener.me.identity.public();
    let auth = Auth::sign(&me(3, "eve"), Role::Dialler, &insider.exporter, bob);
    let mut wire = insider.says(&Message::Auth(auth));
    wire.extend(insider.says(&Message::Watch));
    let mut channel = listener_hears(&mut listener, state, &wire).unwrap_or_else(|_| panic!());
    assert_eq!(channel.poll(), Ok(Some(Incoming::Message(Message::Watch))));
    assert_eq!(channel.poll(), Ok(None));
}

//! The hellos, as a listener and as a dialler reads them.

use std::net::SocketAddr;
use std::slice::Chunks;

use hallway::conn::ConnId;
use hallway::guess::GuessLimits;
use hallway::handshake::answering::Door;
use hallway::handshake::auth::{Instance, Me};
use hallway::handshake::dialling::{DialStep, Dialling, Wanted};
use hallway::handshake::hello::{
    ClientHello, HelloError, KE1_BYTES, KE2_BYTES, ServerGo, ServerHello, Service, hello_bytes,
};
use hallway::handshake::lobby::{Lobby, LobbyStep, Turned};
use hallway::handshake::opaque::PasswordRecord;
use hallway::handshake::stretch::{Profile, Stretcher};
use hallway::identity::Identity;
use hallway::limits::{HELLO_BYTES_MAX, PRE_AUTH_BYTES_MAX};
use hallway::reason::Ended;
use hallway::secret::Secret;
use hallway::seeds::Seeds;
use hallway::text::Name;
use hallway::time::Millis;

/// Whether a hello can be read.
pub fn check(bytes: &[u8]) -> bool {
    let measured = measured(bytes);
    let whole = match measured {
        Ok(Some(len)) => bytes.get(..len),
        Ok(None) | Err(_) => None,
    };
    // What is not measured is not read by any program, and does no harm.
    let (client, server) = (ClientHello::decode(bytes), ServerHello::decode(bytes));
    drop((client, server));
    let client = whole.and_then(|whole| ClientHello::decode(whole).ok());
    let server = whole.and_then(|whole| ServerHello::decode(whole).ok());
    if let (Some(hello), Some(whole)) = (&client, whole) {
        client_is_what_was_sent(hello, whole);
    }
    if let (Some(hello), Some(whole)) = (&server, whole) {
        server_is_what_was_sent(hello, whole);
    }
    // Bytes behind a hello are another matter: together with it they are a fault.
    let hello = whole.unwrap_or(bytes);
    any_cutting_is_the_same(hello, listener);
    // Starting to dial takes its time: one in eight of what is no answer is enough.
    if server.is_some() || bytes.len().is_multiple_of(8) {
        any_cutting_is_the_same(hello, dialler);
    }
    client.is_some() || server.is_some()
}

/// As soon as anything can be told of a beginning, the same is told of everything that follows it.
fn measured(bytes: &[u8]) -> Result<Option<usize>, HelloError> {
    let verdict = hello_bytes(bytes);
    for end in 0..bytes.len().min(8) {
        match hello_bytes(&bytes[..end]) {
            Ok(None) => assert!(end < 6, "nothing is told after a whole head"),
            told => assert_eq!(told, verdict, "after {end} bytes"),
        }
    }
    if let Ok(Some(len)) = verdict {
        assert!(len <= 6 + HELLO_BYTES_MAX, "{len} bytes are asked for");
    }
    verdict
}

fn client_is_what_was_sent(hello: &ClientHello, bytes: &[u8]) {
    assert_eq!(hello.encode(), bytes);
    let suites = [&[hello.suites.len() as u8], hello.suites.as_slice()].concat();
    let service = match hello.service {
        Service::Community => [0],
        Service::Chat => [1],
        Service::Files => [2],
    };
    let profiles = [&[hello.profiles.len() as u8], hello.profiles.as_slice()].concat();
    let fields = [&suites[..], &service, &hello.selector, &profiles].concat();
    let body = &bytes[6..bytes.len() - KE1_BYTES];
    let extensions = body.strip_prefix(fields.as_slice()).expect("the fields as they were sent");
    assert!(are_extensions(extensions));
    assert!(bytes.ends_with(&hello.ke1));
}

fn server_is_what_was_sent(hello: &ServerHello, bytes: &[u8]) {
    match hello {
        ServerHello::Busy { wait_ms } => assert_eq!(ServerHello::busy(*wait_ms), bytes),
        ServerHello::Unsupported => assert_eq!(ServerHello::unsupported(), bytes),
        ServerHello::Go(ServerGo { suite, profile, identity, front, ke2 }) => {
            assert_eq!([front.as_slice(), ke2].concat(), bytes);
            let fields = [&[0, *suite, *profile], identity.as_slice()].concat();
            let body = &bytes[6..bytes.len() - KE2_BYTES];
            let extensions = body.strip_prefix(fields.as_slice()).expect("the fields as sent");
            assert!(are_extensions(extensions));
        }
    }
}

/// Whether this is `len:u16 ‖ (kind:u16 ‖ len:u16 ‖ value)*` and nothing else.
fn are_extensions(bytes: &[u8]) -> bool {
    let Some((&len, mut list)) = bytes.split_first_chunk::<2>() else { return false };
    if list.len() != usize::from(u16::from_be_bytes(len)) {
        return false;
    }
    while let Some((&[_, _, high, low], rest)) = list.split_first_chunk::<4>() {
        let Some(rest) = rest.get(usize::from(u16::from_be_bytes([high, low]))..) else {
            return false;
        };
        list = rest;
    }
    list.is_empty()
}

/// What an end makes of a hello does not depend on how it arrives.
fn any_cutting_is_the_same(bytes: &[u8], end: impl Fn(Chunks<'_, u8>) -> Outcome) {
    if bytes.is_empty() {
        return;
    }
    let whole = end(bytes.chunks(bytes.len()));
    assert!(whole.0.len() <= 6 + HELLO_BYTES_MAX);
    if bytes.len() > PRE_AUTH_BYTES_MAX {
        assert!(whole.1.is_some(), "it goes on and on");
    } else {
        let size = [1, 3, 100][bytes.len() % 3];
        assert_eq!(end(bytes.chunks(size)), whole, "by {size}");
    }
}

/// What is answered, and how it stands when it does not wait any more.
type Outcome = (Vec<u8>, Option<Stand>);

#[derive(Debug, PartialEq)]
enum Stand {
    /// The listener does not go on.
    Turned(Turned),
    /// The dialler has an answer, and stretches its password.
    Stretches,
    /// The dialler gives up.
    Failed(Ended),
}

fn me() -> Me {
    let name = Name::parse("bob").unwrap();
    Me { name, identity: Identity::from_seed(&[2; 32]), instance: Instance([2; 8]) }
}

thread_local! {
    /// Registered once: that is the slow part.
    static DOOR: (Me, PasswordRecord) = {
        let (me, password) = (me(), Secret::new("correct horse").unwrap());
        let (stretcher, mut seeds) = (Stretcher::new(Profile::Test), Seeds::new([2; 32]));
        let identity = me.identity.public().0;
        let record = PasswordRecord::register(&password, identity, &stretcher, &mut seeds);
        (me, record.expect("64 KiB"))
    };
}

/// What a listener answers, and how it turns the dialler away if it does.
fn listener(pieces: Chunks<'_, u8>) -> Outcome {
    let from = SocketAddr::from(([10, 0, 0, 1], 40_000));
    let (id, now, mut seeds) = (ConnId(0), Millis(0), Seeds::new([3; 32]));
    let mut lobby = Lobby::new(GuessLimits::default());
    assert!(lobby.open(now, id, from));
    let mut sent = Vec::new();
    DOOR.with(|(me, record)| {
        let door = Door { services: &[Service::Chat], record, profile: Profile::Test, me };
        for piece in pieces {
            match lobby.received(now, id, piece, &door, &mut seeds).expect("it is here") {
                LobbyStep::Send(bytes) => sent.extend(bytes),
                LobbyStep::Enter(..) => panic!("a hello lets nobody in"),
                LobbyStep::Close(bytes, turned, _) => {
                    sent.extend(bytes);
                    return (sent, Some(Stand::Turned(turned)));
                }
                LobbyStep::Drop(turned, _) => return (sent, Some(Stand::Turned(turned))),
            }
        }
        (sent, None)
    })
}

/// How a dialler stands after these bytes: whether it stretches, or why it gives up.
fn dialler(pieces: Chunks<'_, u8>) -> Outcome {
    let (service, profile) = (Service::Chat, Profile::Test);
    let password = Secret::new("correct horse").unwrap();
    let wanted = Wanted { service, password, identity: None, profile };
    let mut seeds = Seeds::new([4; 32]);
    let start = Dialling::start(wanted, Millis(0), &mut seeds);
    let (mut state, _) = start.expect("a short password");
    for piece in pieces {
        state = match state.received(piece, &me(), &mut seeds) {
            DialStep::Wait(state) => state,
            DialStep::Stretch(..) => return (Vec::new(), Some(Stand::Stretches)),
            DialStep::Open(..) => panic!("a hello opens nothing"),
            DialStep::Failed(ended) => return (Vec::new(), Some(Stand::Failed(ended))),
        };
    }
    (Vec::new(), None)
}

//! What changes, cuts or stands in for the bytes of a handshake never gets anybody in.

use hallway::handshake::dialling::{DialStep, Dialling};
use hallway::handshake::lobby::{LobbyStep, Turned};
use hallway::limits;
use hallway::reason::{Ended, PeerFault};
use hallway::seeds::Seeds;

use super::NOW;
use super::pair::{
    ANY_NUMBER, Dialler, DiallerEnd, FLIGHTS, FROM, Flight, Listener, ListenerEnd, Outcome,
    as_it_is, run,
};

/// Runs a handshake in which only one flight is changed.
fn with_changed(
    listener: &mut Listener,
    changed: Flight,
    change: &dyn Fn(&[u8]) -> Vec<u8>,
) -> Outcome {
    let mut wire =
        |flight, bytes: &[u8]| vec![if flight == changed { change(bytes) } else { bytes.to_vec() }];
    run(&Dialler::new(), listener, NOW, &mut wire)
}

/// Nobody has been let in by the side that got the changed bytes, nor by anybody after it.
fn assert_not_in(outcome: &Outcome, changed: Flight, place: &str) {
    assert!(!outcome.is_open(), "{place}: the dialler is in");
    // The listener's last flight leaves after it has let the dialler in, for good reasons.
    assert_eq!(outcome.has_entered(), changed == Flight::Auth, "{place}");
    if changed == Flight::ServerHello {
        assert_eq!(outcome.sent(Flight::Proof), None, "{place}: a proof was sent");
    }
}

fn length_of(flight: Flight) -> usize {
    let good = run(&Dialler::new(), &mut Listener::new(2, ANY_NUMBER), NOW, &mut as_it_is);
    good.sent(flight).unwrap().len()
}

/// Flips every bit of a flight, one at a time, and counts the ways in which that ended.
fn flip_all(flight: Flight) -> Vec<Outcome> {
    let mut listener = Listener::new(2, ANY_NUMBER);
    let mut outcomes = Vec::new();
    for at in 0..length_of(flight) {
        for bit in 0..8 {
            let flip = |bytes: &[u8]| {
                let mut bytes = bytes.to_vec();
                bytes[at] ^= 1 << bit;
                bytes
            };
            let outcome = with_changed(&mut listener, flight, &flip);
            assert_not_in(&outcome, flight, &format!("bit {bit} of byte {at} of {flight:?}"));
            listener.lobby.closed(outcome.id);
            outcomes.push(outcome);
        }
    }
    outcomes
}

#[test]
fn every_flipped_bit_of_the_clients_hello_keeps_everybody_out() {
    let outcomes = flip_all(Flight::ClientHello);
    // Not all for the same reason: selector and extensions only show when the envelope is opened.
    let noticed = |ended| outcomes.iter().filter(|o| o.dialler_failed() == Some(ended)).count();
    assert!(noticed(Ended::WrongPassword) >= 16 * 8);
    assert!(noticed(Ended::Fault(PeerFault::OtherVersion)) > 8);
}

#[test]
fn every_flipped_bit_of_the_servers_hello_stops_the_dialler() {
    let outcomes = flip_all(Flight::ServerHello);
    let noticed = |ended| outcomes.iter().filter(|o| o.dialler_failed() == Some(ended)).count();
    assert!(noticed(Ended::WrongPassword) >= (32 + 320) * 8);
    assert!(noticed(Ended::Fault(PeerFault::NotHallway)) == 3 * 8);
}

#[test]
fn every_flipped_bit_of_the_proof_keeps_the_dialler_out() {
    let outcomes = flip_all(Flight::Proof);
    let dropped = |fault| {
        let fault = Turned::Fault(fault);
        let same = |o: &&Outcome| matches!(o.listener, ListenerEnd::Dropped(why) if why == fault);
        outcomes.iter().filter(same).count()
    };
    assert_eq!(dropped(PeerFault::FalseProof), 64 * 8);
    assert!(dropped(PeerFault::ForgedRecord) >= (outcomes.len() - 64 * 8) * 9 / 10);
}

#[test]
fn every_flipped_bit_of_the_listeners_identity_stops_the_dialler() {
    let outcomes = flip_all(Flight::Auth);
    let forged = Some(Ended::Fault(PeerFault::ForgedRecord));
    let noticed = outcomes.iter().filter(|o| o.dialler_failed() == forged).count();
    assert!(noticed >= outcomes.len() * 9 / 10);
}

#[test]
fn every_truncation_leaves_both_outside() {
    let mut listener = Listener::new(2, ANY_NUMBER);
    for flight in FLIGHTS {
        for len in 0..length_of(flight) {
            let outcome = with_changed(&mut listener, flight, &|bytes| bytes[..len].to_vec());
            let place = format!("{len} bytes of {flight:?}");
            assert_not_in(&outcome, flight, &place);
            assert!(matches!(outcome.dialler, DiallerEnd::Waiting(_)), "{place}");
            if outcome.has_entered() {
                continue;
            }
            let turned = match flight {
                Flight::ClientHello => Turned::Fault(PeerFault::Silent),
                // The proof was in, and who it is was not.
                Flight::Proof if len >= 64 => Turned::Fault(PeerFault::Silent),
                Flight::ServerHello | Flight::Proof | Flight::Auth => Turned::NotCompleted,
            };
            assert_eq!(listener.lobby.closed(outcome.id), Some((turned, FROM)), "{place}");
        }
    }
}

#[test]
fn a_byte_more_than_a_hello_is_refused() {
    let mut listener = Listener::new(2, ANY_NUMBER);
    let longer = |bytes: &[u8]| [bytes, &[0]].concat();
    let outcome = with_changed(&mut listener, Flight::ClientHello, &longer);
    let fault = Turned::Fault(PeerFault::MalformedHello);
    assert!(matches!(outcome.listener, ListenerEnd::Dropped(turned) if turned == fault));
    let outcome = with_changed(&mut listener, Flight::ServerHello, &longer);
    let fault = Ended::Fault(PeerFault::UnexpectedMessage);
    assert_eq!(outcome.dialler_failed(), Some(fault));
    let outcome = with_changed(&mut listener, Flight::Proof, &longer);
    assert!(outcome.is_open(), "half a record may follow the first: it waits for its end");
}

/// What strangers say first, and after how many bytes it is clear that it is none of ours.
const STRANGERS: [(&[u8], usize); 6] = [
    (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1),
    (b"HTTP/1.1 400 Bad Request\r\n", 2),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 1),
    (b"SSH-2.0-OpenSSH_9.9\r\n", 1),
    (b"HWX1\0\x77", 3),
    (b"\0\0\0\0", 1),
];

#[test]
fn a_stranger_is_dropped_by_the_listener_at_the_first_wrong_byte() {
    let mut listener = Listener::new(2, ANY_NUMBER);
    for (bytes, wrong_at) in STRANGERS {
        let id = listener.open(NOW, FROM).unwrap();
        let mut given = 0;
        let turned = bytes.iter().find_map(|byte| {
            given += 1;
            match listener.received(NOW, id, &[*byte]) {
                LobbyStep::Send(answer) => {
                    assert!(answer.is_empty(), "a stranger is told nothing");
                    None
                }
                LobbyStep::Drop(turned, _) => Some(turned),
                LobbyStep::Enter(..) | LobbyStep::Close(..) => panic!("{bytes:?}"),
            }
        });
        assert_eq!(turned, Some(Turned::Fault(PeerFault::NotHallway)), "{bytes:?}");
        assert_eq!(given, wrong_at, "{bytes:?}");
    }
}

/// What the dialler makes of an answer that comes byte by byte: how it failed, after how many.
fn answered(bytes: &[u8]) -> Option<(Ended, usize)> {
    let (dialler, mut seeds) = (Dialler::new(), Seeds::new([7; 32]));
    let (mut state, _): (Dialling, _) = dialler.start(NOW, &mut seeds);
    for (at, byte) in bytes.iter().enumerate() {
        state = match state.received(&[*byte], &dialler.me, &mut seeds) {
            DialStep::Wait(state) => state,
            DialStep::Failed(ended) => return Some((ended, at + 1)),
            DialStep::Stretch(..) | DialStep::Open(..) => panic!("{bytes:?}"),
        };
    }
    None
}

#[test]
fn a_stranger_is_known_by_the_dialler_at_the_first_wrong_byte() {
    for (bytes, wrong_at) in STRANGERS {
        let ended = Ended::Fault(PeerFault::NotHallway);
        assert_eq!(answered(bytes), Some((ended, wrong_at)), "{bytes:?}");
    }
}

#[test]
fn another_version_is_known_by_its_number_and_told_so() {
    assert_eq!(answered(b"HWY2"), Some((Ended::Fault(PeerFault::OtherVersion), 4)));
    let mut listener = Listener::new(2, ANY_NUMBER);
    let id = listener.open(NOW, FROM).unwrap();
    let LobbyStep::Close(bytes, Turned::Refused, FROM) = listener.received(NOW, id, b"HWY2") else {
        panic!("the other version was not told");
    };
    let told = answered(&bytes);
    assert_eq!(told, Some((Ended::Fault(PeerFault::OtherVersion), bytes.len())));
}

#[test]
fn a_hello_longer_than_any_is_refused_by_its_length_alone() {
    let length = u16::try_from(limits::HELLO_BYTES_MAX + 1).unwrap().to_be_bytes();
    let head = [b"HWY1".as_slice(), &length].concat();
    assert_eq!(answered(&head), Some((Ended::Fault(PeerFault::MalformedHello), 6)));
    let mut listener = Listener::new(2, ANY_NUMBER);
    let id = listener.open(NOW, FROM).unwrap();
    let fault = Turned::Fault(PeerFault::MalformedHello);
    let step = listener.received(NOW, id, &head);
    assert!(matches!(step, LobbyStep::Drop(turned, _) if turned == fault));
}

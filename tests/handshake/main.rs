//! The handshake from outside: a dialler against a listener's lobby, over a wire that cuts, changes
//! and drops what it likes. What only an insider with the password can try is tested in
//! `src/handshake/insider_tests.rs`.
#![cfg(debug_assertions)] // `Profile::Test` is not in release builds.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod limits;
mod pair;
mod tampering;

use hallway::channel::{Channel, Incoming};
use hallway::guess::GuessLimits;
use hallway::handshake::hello::Service;
use hallway::handshake::lobby::Turned;
use hallway::handshake::opaque::StretchJob;
use hallway::limits::FILE_RECORD_BYTES;
use hallway::message::{Message, Say};
use hallway::reason::{CloseReason, Ended, PeerFault};
use hallway::text::Line;
use hallway::time::Millis;
use pair::{
    ANY_NUMBER, Dialler, DiallerEnd, FROM, Flight, Listener, ListenerEnd, Outcome, as_it_is, run,
};
use proptest::collection::vec;
use proptest::prelude::*;

const NOW: Millis = Millis(1_000);

fn say(number: u64, text: &str) -> Message {
    Message::Say(Say { number, line: Line::split(text).remove(0) })
}

/// Sends a line over an open connection and expects it, and nothing else, at the other end.
fn says(from: &mut Channel, to: &mut Channel, number: u64, text: &str) {
    let mut wire = Vec::new();
    from.send(NOW, &say(number, text), &mut wire).unwrap();
    to.push(&wire);
    assert_eq!(to.poll(), Ok(Some(Incoming::Message(say(number, text)))));
    assert_eq!(to.poll(), Ok(None));
}

fn in_pieces<'a>(sizes: &'a [usize]) -> impl FnMut(Flight, &[u8]) -> Vec<Vec<u8>> + 'a {
    let mut sizes = sizes.iter().cycle();
    move |_, bytes| {
        let mut rest = bytes;
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
            pieces.push(piece.to_vec());
            rest = after;
        }
        pieces
    }
}

fn assert_good_end(outcome: Outcome, listener: &Listener) {
    let (mut dialled, peer, mut answered, caller) = outcome.both_open();
    assert_eq!((peer.name.as_str(), peer.identity), ("bob", listener.identity()));
    assert_eq!(
        (caller.name.as_str(), caller.identity),
        ("ann", Dialler::new().me.identity.public())
    );
    assert_eq!(
        (peer.instance, caller.instance),
        (listener.me.instance, Dialler::new().me.instance)
    );
    says(&mut dialled, &mut answered, 1, "hello bob");
    says(&mut answered, &mut dialled, 1, "hello ann");
    says(&mut dialled, &mut answered, 2, "how are you?");
}

#[test]
fn both_sides_learn_who_the_other_is_and_can_talk() {
    let mut listener = Listener::new(2, GuessLimits::default());
    let outcome = run(&Dialler::new(), &mut listener, NOW, &mut as_it_is);
    let order: Vec<Flight> = outcome.sent.iter().map(|(flight, _)| *flight).collect();
    assert_eq!(order, pair::FLIGHTS);
    assert_eq!(outcome.stretches, 1);
    assert!(listener.lobby.closed(outcome.id).is_none(), "it has left the lobby");
    assert_good_end(outcome, &listener);
}

#[test]
fn one_byte_at_a_time_is_enough() {
    let mut listener = Listener::new(2, GuessLimits::default());
    let outcome = run(&Dialler::new(), &mut listener, NOW, &mut in_pieces(&[1]));
    assert_good_end(outcome, &listener);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_cutting_gives_the_same_log_in(sizes in vec(1usize..400, 1..20)) {
        let whole = run(&Dialler::new(), &mut Listener::new(2, ANY_NUMBER), NOW, &mut as_it_is);
        let mut listener = Listener::new(2, ANY_NUMBER);
        let cut = run(&Dialler::new(), &mut listener, NOW, &mut in_pieces(&sizes));
        prop_assert_eq!(&cut.sent, &whole.sent);
        assert_good_end(cut, &listener);
    }
}

#[test]
fn what_comes_right_behind_the_listeners_identity_is_not_lost() {
    let mut listener = Listener::new(2, ANY_NUMBER);
    let good = run(&Dialler::new(), &mut listener, NOW, &mut as_it_is);
    let (_, _, mut answered, _) = good.both_open();
    let mut line = Vec::new();
    answered.send(NOW, &say(1, "quick"), &mut line).unwrap();

    // The same seeds give the same keys, so the line fits the second run.
    let mut listener = Listener::new(2, ANY_NUMBER);
    let mut glued = |flight, bytes: &[u8]| match flight {
        Flight::Auth => vec![[bytes, &line].concat()],
        Flight::ClientHello | Flight::ServerHello | Flight::Proof => vec![bytes.to_vec()],
    };
    let outcome = run(&Dialler::new(), &mut listener, NOW, &mut glued);
    let (mut dialled, ..) = outcome.both_open();
    assert_eq!(dialled.poll(), Ok(Some(Incoming::Message(say(1, "quick")))));
}

#[test]
fn nothing_counts_after_the_last_word() {
    let outcome = run(&Dialler::new(), &mut Listener::new(2, ANY_NUMBER), NOW, &mut as_it_is);
    let (mut dialled, _, mut answered, _) = outcome.both_open();
    let mut wire = Vec::new();
    answered.close(NOW, CloseReason::Bye, &mut wire);
    answered.send(NOW, &say(1, "and another thing"), &mut wire).unwrap();
    dialled.push(&wire);
    assert_eq!(dialled.poll(), Ok(Some(Incoming::Closed(CloseReason::Bye))));
    assert_eq!(dialled.poll(), Ok(None));
    dialled.push(&[0; 200]);
    assert_eq!(dialled.poll(), Ok(None));
}

#[test]
fn two_log_ins_share_no_key_stream() {
    let mut listener = Listener::new(2, ANY_NUMBER);
    let one = run(&Dialler::new(), &mut listener, NOW, &mut as_it_is);
    let two = run(&Dialler::new(), &mut listener, NOW, &mut as_it_is);
    for flight in [Flight::Proof, Flight::Auth] {
        let (one, two) = (one.sent(flight).unwrap(), two.sent(flight).unwrap());
        let same = one.iter().zip(two).filter(|(a, b)| a == b).count();
        // By chance one in 256 is equal; the headers are.
        assert!(same < 24, "{same} of {} bytes are equal in {flight:?}", one.len());
    }
}

#[test]
fn with_a_wrong_password_the_dialler_stops_and_the_listener_is_told_nothing() {
    let mut listener = Listener::new(2, GuessLimits::default());
    let dialler = Dialler { password: "wrong horse", ..Dialler::new() };
    let outcome = run(&dialler, &mut listener, NOW, &mut as_it_is);
    assert_eq!(outcome.dialler_failed(), Some(Ended::WrongPassword));
    let order: Vec<Flight> = outcome.sent.iter().map(|(flight, _)| *flight).collect();
    assert_eq!(order, [Flight::ClientHello, Flight::ServerHello]);
    assert!(matches!(outcome.listener, ListenerEnd::Waiting));
    assert_eq!(listener.lobby.closed(outcome.id), Some((Turned::NotCompleted, FROM)));
}

#[test]
fn another_service_is_refused_without_a_guess() {
    let mut listener = Listener::new(2, GuessLimits { per_source: 1, global: 1 });
    let dialler = Dialler { service: Service::Community, ..Dialler::new() };
    for _ in 0..3 {
        let outcome = run(&dialler, &mut listener, NOW, &mut as_it_is);
        assert_eq!(outcome.dialler_failed(), Some(Ended::Fault(PeerFault::OtherVersion)));
        assert!(matches!(outcome.listener, ListenerEnd::Closed(Turned::Refused)));
        assert_eq!(outcome.stretches, 0);
    }
    let outcome = run(&Dialler::new(), &mut listener, NOW, &mut as_it_is);
    assert!(outcome.is_open());
}

#[test]
fn a_dialler_is_let_in_for_what_it_asked_for_and_files_go_both_ways_but_to_communities() {
    for service in [Service::Chat, Service::Files, Service::Community] {
        let mut listener = Listener::new(2, ANY_NUMBER);
        if service == Service::Community {
            listener.services = &[Service::Community];
        }
        let dialler = Dialler { service, ..Dialler::new() };
        let outcome = run(&dialler, &mut listener, NOW, &mut as_it_is);
        assert_eq!(outcome.service(), Some(service));
        let (dialled, _, answered, _) = outcome.both_open();
        let mut ends = [dialled, answered];
        for _ in 0..2 {
            ends.reverse();
            let [from, to] = &mut ends;
            for bytes in [vec![7], vec![8; FILE_RECORD_BYTES]] {
                let mut wire = Vec::new();
                from.send_bulk(NOW, 9, &bytes, &mut wire).unwrap();
                to.push(&wire);
                match service {
                    Service::Community => assert!(to.poll().is_err()),
                    Service::Chat | Service::Files => {
                        assert_eq!(to.poll(), Ok(Some(Incoming::Bulk(9, &bytes))));
                    }
                }
            }
        }
    }
}

#[test]
fn another_identity_than_the_wanted_is_noticed_before_the_password_is_stretched() {
    let wanted = pair::me(9, "carol").identity.public();
    let dialler = Dialler { wanted: Some(wanted), ..Dialler::new() };
    let mut listener = Listener::new(2, GuessLimits::default());
    let outcome = run(&dialler, &mut listener, NOW, &mut as_it_is);
    let expected = wanted.fingerprint();
    let found = listener.identity().fingerprint();
    assert_eq!(outcome.dialler_failed(), Some(Ended::OtherIdentity { expected, found }));
    assert_eq!((outcome.stretches, outcome.sent.len()), (0, 2));
}

#[test]
fn a_second_listener_with_the_same_password_is_noticed_by_who_knows_the_first() {
    let first = Listener::new(2, ANY_NUMBER);
    let mut second = Listener::new(3, ANY_NUMBER);

    // The limit of a shared password: who has never met the first cannot tell.
    let stranger = run(&Dialler::new(), &mut second, NOW, &mut as_it_is);
    assert_eq!(stranger.both_open().1.identity, second.identity());

    let dialler = Dialler { wanted: Some(first.identity()), ..Dialler::new() };
    let outcome = run(&dialler, &mut second, NOW, &mut as_it_is);
    assert!(matches!(outcome.dialler_failed(), Some(Ended::OtherIdentity { .. })));

    // Nor does it help to put the first one's key into the hello.
    let named = first.identity().0;
    let mut renamed = |flight, bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        if flight == Flight::ServerHello {
            bytes[9..41].copy_from_slice(&named);
        }
        vec![bytes]
    };
    let outcome = run(&dialler, &mut second, NOW, &mut renamed);
    assert_eq!(outcome.dialler_failed(), Some(Ended::WrongPassword));
    assert!(!outcome.has_entered());
}

#[test]
fn own_bytes_that_come_back_are_refused_in_every_state() {
    let mut seeds = hallway::seeds::Seeds::new([7; 32]);
    let dialler = Dialler::new();
    let (state, hello) = dialler.start(NOW, &mut seeds);
    let step = state.received(&hello, &dialler.me, &mut seeds);
    assert!(matches!(
        step,
        hallway::handshake::dialling::DialStep::Failed(Ended::Fault(PeerFault::MalformedHello))
    ));

    // The dialler's proof, whole or without KE3, in the place of the listener's identity.
    for skipped in [0, 64] {
        let mut proof = Vec::new();
        let mut mirror = |flight, bytes: &[u8]| {
            if flight == Flight::Proof {
                proof = bytes[skipped..].to_vec();
            }
            vec![if flight == Flight::Auth { proof.clone() } else { bytes.to_vec() }]
        };
        let outcome = run(&dialler, &mut Listener::new(2, ANY_NUMBER), NOW, &mut mirror);
        assert!(outcome.has_entered());
        let ended = outcome.dialler_failed();
        assert_eq!(ended, Some(Ended::Fault(PeerFault::ForgedRecord)), "{skipped}");
    }

    // The listener's hello in the place of the proof.
    let mut hello = Vec::new();
    let mut mirror = |flight, bytes: &[u8]| {
        if flight == Flight::ServerHello {
            hello = bytes.to_vec();
        }
        vec![if flight == Flight::Proof { hello.clone() } else { bytes.to_vec() }]
    };
    let outcome = run(&dialler, &mut Listener::new(2, ANY_NUMBER), NOW, &mut mirror);
    let fault = Turned::Fault(PeerFault::FalseProof);
    assert!(matches!(outcome.listener, ListenerEnd::Dropped(turned) if turned == fault));
}

#[test]
fn a_proof_of_another_connection_proves_nothing() {
    let mut listener = Listener::new(2, ANY_NUMBER);
    let good = run(&Dialler::new(), &mut listener, NOW, &mut as_it_is);
    let recorded = good.sent(Flight::Proof).unwrap().to_vec();
    let mut replayed = |flight, bytes: &[u8]| {
        vec![if flight == Flight::Proof { recorded.clone() } else { bytes.to_vec() }]
    };
    let outcome = run(&Dialler::new(), &mut listener, NOW, &mut replayed);
    let fault = Turned::Fault(PeerFault::FalseProof);
    assert!(matches!(outcome.listener, ListenerEnd::Dropped(turned) if turned == fault));
    assert!(matches!(outcome.dialler, DiallerEnd::Waiting(_)));
}

#[test]
fn the_slow_step_can_be_carried_to_another_thread() {
    fn assert_send<T: Send>() {}
    assert_send::<StretchJob>();
    assert_send::<hallway::handshake::opaque::Stretched>();
    assert_send::<hallway::handshake::stretch::Stretcher>();
}

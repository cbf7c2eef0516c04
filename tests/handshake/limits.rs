//! Bytes, time, places and guesses: what a stranger can use up, and no more.

use std::net::{IpAddr, SocketAddr};

use hallway::conn::ConnId;
use hallway::guess::GuessLimits;
use hallway::handshake::dialling::{DialStep, Dialling};
use hallway::handshake::lobby::{LobbyStep, Turned};
use hallway::limits;
use hallway::reason::{Ended, PeerFault};
use hallway::seeds::Seeds;
use hallway::time::Millis;

use super::NOW;
use super::pair::{
    ANY_NUMBER, Dialler, DiallerEnd, FROM, Flight, Listener, ListenerEnd, Outcome, as_it_is, run,
};

const TOO_MUCH: Turned = Turned::Fault(PeerFault::TooMuchBeforeLogin);

/// The flights of a good log-in; the same seeds make them fit another listener of the same seed.
fn good() -> Outcome {
    run(&Dialler::new(), &mut Listener::new(2, ANY_NUMBER), NOW, &mut as_it_is)
}

fn drops(listener: &mut Listener, id: ConnId, bytes: &[u8], why: Turned) {
    let step = listener.received(NOW, id, bytes);
    assert!(matches!(step, LobbyStep::Drop(turned, _) if turned == why));
}

fn waits(listener: &mut Listener, id: ConnId, bytes: &[u8]) -> Vec<u8> {
    let LobbyStep::Send(answer) = listener.received(NOW, id, bytes) else {
        panic!("it does not wait");
    };
    answer
}

#[test]
fn a_listener_takes_4096_bytes_before_the_log_in_in_every_state() {
    let good = good();
    let hello = good.sent(Flight::ClientHello).unwrap();
    let most = limits::PRE_AUTH_BYTES_MAX;

    let mut listener = Listener::new(2, ANY_NUMBER);
    let id = listener.open(NOW, FROM).unwrap();
    drops(&mut listener, id, &vec![b'H'; most + 1], TOO_MUCH);

    let id = listener.open(NOW, FROM).unwrap();
    assert!(!waits(&mut listener, id, hello).is_empty());
    drops(&mut listener, id, &vec![0; most + 1 - hello.len()], TOO_MUCH);

    // With the proof in, a record that says it is the longest, and comes a byte at a time.
    let mut listener = Listener::new(2, ANY_NUMBER);
    let id = listener.open(NOW, FROM).unwrap();
    waits(&mut listener, id, hello);
    let (ke3, _) = good.sent(Flight::Proof).unwrap().split_at(64);
    assert!(waits(&mut listener, id, ke3).is_empty());
    waits(&mut listener, id, &[0, 0x10, 0, 0]);
    for _ in hello.len() + 64 + 4..most {
        waits(&mut listener, id, &[0]);
    }
    drops(&mut listener, id, &[0], TOO_MUCH);
}

/// A dialler at the point where it waits for the listener's identity.
fn before_auth(dialler: &Dialler) -> Dialling {
    let mut no_auth = |flight, bytes: &[u8]| match flight {
        Flight::Auth => Vec::new(),
        Flight::ClientHello | Flight::ServerHello | Flight::Proof => vec![bytes.to_vec()],
    };
    let outcome = run(dialler, &mut Listener::new(2, ANY_NUMBER), NOW, &mut no_auth);
    match outcome.dialler {
        DiallerEnd::Waiting(state) => *state,
        DiallerEnd::Open(..) | DiallerEnd::Failed(_) => panic!("it does not wait"),
    }
}

fn fails(step: DialStep, fault: PeerFault) {
    assert!(matches!(step, DialStep::Failed(ended) if ended == Ended::Fault(fault)));
}

#[test]
fn a_dialler_takes_no_more_than_a_hello_and_a_record() {
    let (dialler, mut seeds) = (Dialler::new(), Seeds::new([7; 32]));
    let (state, _) = dialler.start(NOW, &mut seeds);
    let mut flood = vec![0; limits::PRE_AUTH_BYTES_MAX + 1];
    flood[..6].copy_from_slice(b"HWY1\x08\0");
    fails(state.received(&flood, &dialler.me, &mut seeds), PeerFault::TooMuchBeforeLogin);
    // Who is no Hallway program at all is told apart from one that says too much.
    let (state, _) = dialler.start(NOW, &mut seeds);
    flood[..6].copy_from_slice(b"HTTP/1");
    fails(state.received(&flood, &dialler.me, &mut seeds), PeerFault::NotHallway);

    // While it stretches, a listener has nothing to say.
    let (state, _) = dialler.start(NOW, &mut seeds);
    let mut listener = Listener::new(2, ANY_NUMBER);
    let id = listener.open(NOW, FROM).unwrap();
    let (_, hello) = dialler.start(NOW, &mut Seeds::new([7; 32]));
    let answer = waits(&mut listener, id, &hello);
    let DialStep::Stretch(state, _) = state.received(&answer, &dialler.me, &mut seeds) else {
        panic!("it does not stretch");
    };
    assert_eq!(state.deadline(), None, "the slow step is its own");
    fails(state.received(&[0], &dialler.me, &mut seeds), PeerFault::UnexpectedMessage);

    // One byte above the longest record is known from the header, the longest from its tag.
    let longer = [0, 0x10, 1, 0];
    let step = before_auth(&dialler).received(&longer, &dialler.me, &mut seeds);
    fails(step, PeerFault::ForgedRecord);
    let longest = [vec![0, 0x10, 0, 0], vec![0; limits::MESSAGE_RECORD_BYTES_MAX + 32]].concat();
    let step = before_auth(&dialler).received(&longest, &dialler.me, &mut seeds);
    fails(step, PeerFault::ForgedRecord);
}

#[test]
fn a_listener_is_patient_for_the_hello_and_for_the_proof_and_no_longer() {
    let mut listener = Listener::new(2, ANY_NUMBER);
    assert_eq!(listener.lobby.deadline(), None);
    let silent = listener.open(NOW, FROM).unwrap();
    let slow = listener.open(NOW, FROM).unwrap();
    let until = NOW + limits::HELLO_WAIT;
    assert_eq!(listener.lobby.deadline(), Some(until));

    // A drip does not buy time; a whole hello does.
    let answered = NOW + Millis(500);
    let (_, hello) = Dialler::new().start(NOW, &mut Seeds::new([7; 32]));
    let LobbyStep::Send(_) = listener.received(answered, silent, &hello[..50]) else { panic!() };
    let LobbyStep::Send(_) = listener.received(answered, slow, &hello) else { panic!() };
    assert_eq!(listener.lobby.deadline(), Some(until));
    assert_eq!(listener.lobby.expired(Millis(until.0 - 1)), None);
    let late = Some((silent, Turned::Fault(PeerFault::Silent), FROM));
    assert_eq!(listener.lobby.expired(until), late);
    assert_eq!(listener.lobby.expired(until), None);

    let until = answered + limits::KE3_WAIT;
    assert_eq!(listener.lobby.deadline(), Some(until));
    let LobbyStep::Send(_) = listener.received(until, slow, &[0; 63]) else { panic!() };
    assert_eq!(listener.lobby.expired(Millis(until.0 - 1)), None);
    assert_eq!(listener.lobby.expired(until), Some((slow, Turned::NotCompleted, FROM)));
    assert_eq!(listener.lobby.deadline(), None);
    assert!(listener.lobby.closed(slow).is_none());
}

#[test]
fn a_dialler_waits_as_long_for_each_answer() {
    let (dialler, mut seeds) = (Dialler::new(), Seeds::new([7; 32]));
    let (state, _) = dialler.start(Millis(5), &mut seeds);
    let until = Some(Millis(5) + limits::ANSWER_WAIT);
    assert_eq!(state.deadline(), until);
    let DialStep::Wait(state) = state.received(b"HWY1", &dialler.me, &mut seeds) else { panic!() };
    assert_eq!(state.deadline(), until, "a drip does not buy time");
    let state = before_auth(&dialler);
    assert_eq!(state.deadline(), Some(NOW + limits::ANSWER_WAIT));
}

/// Hangs up after the run, as the network would tell the lobby.
fn run_and_hang_up(dialler: &Dialler, listener: &mut Listener, now: Millis) -> Outcome {
    let outcome = run(dialler, listener, now, &mut as_it_is);
    listener.lobby.closed(outcome.id);
    outcome
}

#[test]
fn after_five_wrong_passwords_the_sixth_waits() {
    let mut listener = Listener::new(2, GuessLimits::default());
    let wrong = Dialler { password: "wrong horse", ..Dialler::new() };
    for _ in 0..limits::GUESS_BURST {
        let outcome = run_and_hang_up(&wrong, &mut listener, NOW);
        assert_eq!(outcome.dialler_failed(), Some(Ended::WrongPassword));
    }
    // Also with the right one: what it is cannot be known before.
    for dialler in [&wrong, &Dialler::new()] {
        let outcome = run_and_hang_up(dialler, &mut listener, NOW + Millis(4_000));
        let wait_ms = u32::try_from(limits::GUESS_REFILL.0).unwrap() - 4_000;
        assert_eq!(outcome.dialler_failed(), Some(Ended::Busy { wait_ms }));
        assert!(matches!(outcome.listener, ListenerEnd::Closed(Turned::Refused)));
        assert_eq!(outcome.stretches, 0);
    }
    let later = NOW + limits::GUESS_REFILL;
    assert!(run_and_hang_up(&Dialler::new(), &mut listener, later).is_open());
    let outcome = run_and_hang_up(&wrong, &mut listener, later);
    assert_eq!(outcome.dialler_failed(), Some(Ended::WrongPassword), "one has been earned");
    let outcome = run_and_hang_up(&wrong, &mut listener, later);
    assert!(matches!(outcome.dialler_failed(), Some(Ended::Busy { .. })), "and only one");
}

#[test]
fn a_false_proof_costs_a_guess_too() {
    let mut listener = Listener::new(2, GuessLimits::default());
    let mut flipped = |flight, bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        if flight == Flight::Proof {
            bytes[10] ^= 1;
        }
        vec![bytes]
    };
    let dialler = Dialler::new();
    for _ in 0..limits::GUESS_BURST {
        let outcome = run(&dialler, &mut listener, NOW, &mut flipped);
        let fault = Turned::Fault(PeerFault::FalseProof);
        assert!(matches!(outcome.listener, ListenerEnd::Dropped(turned) if turned == fault));
    }
    let outcome = run(&dialler, &mut listener, NOW, &mut as_it_is);
    assert!(matches!(outcome.dialler_failed(), Some(Ended::Busy { .. })));
}

#[test]
fn a_thousand_good_log_ins_in_one_moment_are_not_throttled() {
    let mut listener = Listener::new(2, GuessLimits::default());
    let dialler = Dialler::new();
    for number in 0..1000 {
        let outcome = run(&dialler, &mut listener, NOW, &mut as_it_is);
        assert!(outcome.is_open() && outcome.has_entered(), "log-in {number}");
    }
}

#[test]
fn one_source_holds_64_places_and_all_together_1024() {
    let mut listener = Listener::new(2, ANY_NUMBER);
    let from = |host: usize, port: u16| {
        let [_, _, high, low] = u32::try_from(host).unwrap().to_be_bytes();
        SocketAddr::new(IpAddr::from([10, 1, high, low]), port)
    };
    let mut held = Vec::new();
    for port in 0..64 {
        held.push(listener.open(NOW, from(0, port)).unwrap());
    }
    assert_eq!(held.len(), limits::HALF_OPEN_PER_SOURCE_MAX);
    assert_eq!(listener.open(NOW, from(0, 99)), None);

    for host in 1..=limits::HALF_OPEN_MAX - held.len() {
        assert!(listener.open(NOW, from(host, 1)).is_some(), "place {host}");
    }
    assert_eq!(listener.lobby.len(), limits::HALF_OPEN_MAX);

    // One more takes the place of who has been silent for longest.
    let last = listener.open(NOW, from(5_000, 1)).unwrap();
    assert_eq!(listener.lobby.deadline(), Some(Millis(0)));
    assert_eq!(listener.lobby.len(), limits::HALF_OPEN_MAX);
    assert_eq!(listener.lobby.expired(NOW).map(|(id, ..)| id), Some(held.remove(0)));
    assert!(listener.lobby.expired(NOW).is_none());
    // Now one of the many may come again.
    listener.lobby.closed(last).unwrap();
    assert!(listener.open(NOW, from(0, 99)).is_some());

    let late = NOW + limits::HELLO_WAIT;
    let mut gone = 0;
    while listener.lobby.expired(late).is_some() {
        gone += 1;
    }
    assert_eq!(gone, limits::HALF_OPEN_MAX);
    assert!(listener.open(late, from(0, 1)).is_some());
    assert_eq!(listener.lobby.clear().len(), 1);
    assert_eq!(listener.lobby.deadline(), None);
}

#[test]
fn who_has_said_hello_keeps_its_place_in_a_full_lobby() {
    let mut listener = Listener::new(2, ANY_NUMBER);
    let (_, hello) = Dialler::new().start(NOW, &mut Seeds::new([3; 32]));
    let from = |host: usize| {
        let [_, a, b, c] = u32::try_from(host).unwrap().to_be_bytes();
        SocketAddr::new(IpAddr::from([10, a, b, c]), 1)
    };
    let spoke = listener.open(NOW, from(0)).unwrap();
    assert!(matches!(listener.received(NOW, spoke, &hello), LobbyStep::Send(_)));
    for host in 1..3 * limits::HALF_OPEN_MAX {
        assert!(listener.open(NOW, from(host)).is_some(), "{host}");
        while let Some((id, turned, _)) = listener.lobby.expired(NOW) {
            assert_ne!(id, spoke);
            assert_eq!(turned, Turned::Fault(PeerFault::Silent));
        }
        assert!(listener.lobby.len() <= limits::HALF_OPEN_MAX);
    }
    assert!(listener.lobby.closed(spoke).is_some(), "it is still there");
}

#[test]
fn who_takes_long_to_prove_the_password_makes_room_in_a_full_lobby() {
    let mut listener = Listener::new(2, ANY_NUMBER);
    let (_, hello) = Dialler::new().start(NOW, &mut Seeds::new([3; 32]));
    let from = |host: usize| {
        let [_, a, b, c] = u32::try_from(host).unwrap().to_be_bytes();
        SocketAddr::new(IpAddr::from([10, a, b, c]), 1)
    };
    let mut begun = Vec::new();
    for host in 0..limits::HALF_OPEN_MAX {
        let id = listener.open(NOW, from(host)).unwrap();
        waits(&mut listener, id, &hello);
        begun.push(id);
    }
    assert_eq!(listener.open(NOW, from(5_000)), None, "nobody has been slow yet");
    let later = NOW + limits::PROOF_PATIENCE;
    assert!(listener.open(later, from(5_000)).is_some());
    let (id, turned, _) = listener.lobby.expired(later).unwrap();
    assert_eq!((id, turned), (begun[0], Turned::NotCompleted));
    assert!(listener.lobby.expired(later).is_none());
}

//! Real sockets on loopback; every test waits for events, and for time only to fail.
#![allow(clippy::wildcard_enum_match_arm, reason = "what is not expected fails the test")]

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Shutdown, TcpListener, TcpStream as Peer};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use socket2::SockRef;

use super::*;
use crate::conn::ConnectError;

const DIALLED: ConnId = ConnId(ConnId::DIALLED);
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Nothing here takes that long, unless it hangs.
const HANGS: Millis = Millis(60_000);

/// [`NetInput`] without the loan.
#[derive(Debug, PartialEq)]
enum Event {
    Opened(SocketAddr),
    Connected,
    Failed(ConnectError),
    Received(Vec<u8>),
    Closed(Lost),
}

struct Rig {
    net: Net,
    addr: SocketAddr,
}

impl Rig {
    fn new() -> Self {
        Self::at(Some(LOOPBACK))
    }

    fn at(ip: Option<IpAddr>) -> Self {
        let mut net = Net::new(Clock::new()).unwrap();
        let addr = net.listen(ListenAddr { ip, port: 0 }, 0).unwrap();
        Self { net, addr }
    }

    /// Waits, and gives what one turn tells.
    fn turn(&mut self) -> Vec<(ConnId, Event)> {
        self.turn_with(|_, id, event| Some((id, event)))
    }

    /// Waits, shows each thing to `look` as it happens, and gives what that leaves.
    fn turn_with(
        &mut self,
        mut look: impl FnMut(&mut Net, ConnId, Event) -> Option<(ConnId, Event)>,
    ) -> Vec<(ConnId, Event)> {
        self.net.wait(Some(HANGS));
        assert!(self.net.clock.now().tick < HANGS, "nothing more happens");
        let mut left = Vec::new();
        while let Some((id, input)) = self.net.next() {
            let event = match input {
                NetInput::Opened { from } => Event::Opened(from),
                NetInput::Connected => Event::Connected,
                NetInput::Failed(error) => Event::Failed(error),
                NetInput::Received(bytes) => Event::Received(bytes.to_vec()),
                NetInput::Closed(lost) => Event::Closed(lost),
            };
            left.extend(look(&mut self.net, id, event));
        }
        left
    }

    /// Answers all bytes with themselves until `enough`; gives everything else that happened.
    fn echo_until(&mut self, mut enough: impl FnMut(&mut Net) -> bool) -> Vec<(ConnId, Event)> {
        let mut others = Vec::new();
        while !enough(&mut self.net) {
            others.extend(self.turn_with(|net, id, event| match event {
                Event::Received(bytes) => {
                    net.perform(id, NetOutput::Send(bytes));
                    None
                }
                other => Some((id, other)),
            }));
        }
        others
    }

    /// Somebody who connects and then does `deeds`, in a thread of his own.
    fn peer<T: Send + 'static>(
        &self,
        deeds: impl FnOnce(Peer) -> T + Send + 'static,
    ) -> Receiver<T> {
        let (addr, waker, (tell, told)) = (self.addr, self.net.waker(), channel());
        thread::spawn(move || {
            let result = deeds(Peer::connect(addr).unwrap());
            // Nobody asks when the test has failed already.
            let _ = tell.send(result);
            waker.wake().unwrap();
        });
        told
    }

    /// One newcomer, who is in. The system's own buffers between us are made small, so that ours
    /// has something to do.
    fn newcomer(&mut self) -> (ConnId, Peer) {
        let peer = Peer::connect(self.addr).unwrap();
        loop {
            if let Some((id, event)) = self.turn().pop() {
                assert_eq!(event, Event::Opened(peer.local_addr().unwrap()));
                SockRef::from(&peer).set_recv_buffer_size(16 << 10).unwrap();
                match &self.net.slots[&id] {
                    Slot::Open(stream) => stream.narrow(),
                    _ => panic!("it is not open"),
                }
                return (id, peer);
            }
        }
    }

    /// All events of one connection up to its end.
    fn until_closed(&mut self, id: ConnId) -> (Vec<u8>, Lost) {
        let mut heard = Vec::new();
        loop {
            for (from, event) in self.turn() {
                match event {
                    Event::Received(bytes) if from == id => heard.extend(bytes),
                    Event::Closed(lost) if from == id => return (heard, lost),
                    other => panic!("{from:?} {other:?}"),
                }
            }
        }
    }

    fn assert_nothing_left(&mut self) {
        assert!(self.net.is_idle());
        assert!(self.net.timers.is_empty());
        self.net.due.clear();
        assert_eq!(self.net.timeout(None), None, "the loop would wake for nothing");
    }
}

/// Bytes that show a gap, a swap or a repetition.
fn pattern(count: usize) -> Vec<u8> {
    (0..count as u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect()
}

fn read_to_end(mut peer: &Peer) -> Vec<u8> {
    let mut bytes = Vec::new();
    peer.read_to_end(&mut bytes).unwrap();
    bytes
}

fn round_trip(mut peer: &Peer, bytes: &[u8]) {
    peer.write_all(bytes).unwrap();
    let mut back = vec![0; bytes.len()];
    peer.read_exact(&mut back).unwrap();
    assert_eq!(back, bytes);
}

fn arrived<T>(told: &Receiver<T>) -> impl FnMut(&mut Net) -> bool + '_ {
    // Taken, not peeked: the tests only ask whether the peer is through.
    move |_| told.try_recv().is_ok()
}

#[test]
fn bytes_that_come_one_by_one_go_back_in_order() {
    let mut rig = Rig::new();
    let done = rig.peer(|mut peer| {
        peer.set_nodelay(true).unwrap();
        let bytes = pattern(2_000);
        bytes.iter().for_each(|byte| peer.write_all(&[*byte]).unwrap());
        peer.shutdown(Shutdown::Write).unwrap();
        assert!(read_to_end(&peer) == bytes);
    });
    let events = rig.echo_until(arrived(&done));
    assert!(matches!(events[0], (ConnId(0), Event::Opened(_))));
    assert_eq!(events[1..], [(ConnId(0), Event::Closed(Lost::Ended))]);
}

#[test]
fn we_can_dial_and_what_was_said_before_the_answer_is_sent_after_it() {
    let mut rig = Rig::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    rig.net.perform(DIALLED, NetOutput::Connect(listener.local_addr().unwrap()));
    rig.net.perform(DIALLED, NetOutput::Send(b"early ".to_vec()));
    rig.net.perform(DIALLED, NetOutput::Send(b"bird".to_vec()));
    let mut peer = None;
    let mut connected = false;
    while !connected {
        for event in rig.turn() {
            assert_eq!(event, (DIALLED, Event::Connected));
            connected = true;
        }
        peer = peer.or_else(|| listener.accept().ok());
    }
    rig.net.perform(DIALLED, NetOutput::Close);
    let (peer, _) = peer.unwrap();
    assert_eq!(read_to_end(&peer), b"early bird");
    drop(peer);
    rig.echo_until(Net::is_idle_mut);
    rig.assert_nothing_left();
}

impl Net {
    fn is_idle_mut(&mut self) -> bool {
        self.is_idle()
    }
}

#[test]
fn a_slow_reader_gets_everything_and_the_others_are_served_meanwhile() {
    let mut rig = Rig::new();
    let (id, slow) = rig.newcomer();
    rig.net.perform(id, NetOutput::Send(pattern(3 << 20)));
    let done = rig.peer(|quick| (0..50).for_each(|_| round_trip(&quick, b"quick")));
    rig.echo_until(arrived(&done));
    assert!(rig.net.slots[&id].queued() > 0, "the slow one was not slow");

    let (tell, told) = channel();
    let waker = rig.net.waker();
    thread::spawn(move || {
        let mut bytes = vec![0; 3 << 20];
        (&slow).read_exact(&mut bytes).unwrap();
        tell.send(bytes == pattern(3 << 20)).unwrap();
        waker.wake().unwrap();
        slow
    });
    let mut whole = None;
    rig.echo_until(|_| {
        whole = told.try_recv().ok();
        whole.is_some()
    });
    assert_eq!(whole, Some(true));
}

#[test]
fn who_never_reads_is_closed_as_too_slow_and_the_others_go_on() {
    let mut rig = Rig::new();
    let (deaf, _peer) = rig.newcomer();
    let mut closed = Vec::new();
    while closed.is_empty() {
        rig.net.perform(deaf, NetOutput::Send(pattern(1 << 20)));
        assert!(rig.net.slots[&deaf].queued() <= OUT_BYTES_MAX);
        rig.net.waker.wake().unwrap();
        closed = rig.turn();
    }
    assert_eq!(closed, [(deaf, Event::Closed(Lost::TooSlow))]);
    rig.net.perform(deaf, NetOutput::Send(b"late".to_vec()));
    rig.assert_nothing_left();

    let done = rig.peer(|other| round_trip(&other, b"still here"));
    let events = rig.echo_until(arrived(&done));
    assert!(events.iter().all(|(id, _)| *id != deaf), "{events:?}");
}

#[test]
fn close_brings_every_queued_byte_and_then_the_end() {
    let mut rig = Rig::new();
    let (id, mut peer) = rig.newcomer();
    // Bytes that nobody reads: a careless close would answer them with a reset, and lose ours.
    peer.write_all(&pattern(300_000)).unwrap();
    rig.net.perform(id, NetOutput::Send(pattern(3 << 20)));
    rig.net.perform(id, NetOutput::Send(b"bye".to_vec()));
    rig.net.perform(id, NetOutput::Close);
    let (tell, told) = channel();
    let waker = rig.net.waker();
    thread::spawn(move || {
        let bytes = read_to_end(&peer);
        peer.write_all(b"after the end").unwrap();
        tell.send(bytes).unwrap();
        waker.wake().unwrap();
    });
    assert_eq!(rig.echo_until(Net::is_idle_mut), [], "news of a connection that was let go");
    let bytes = told.recv().unwrap();
    assert!(bytes.ends_with(b"bye"));
    assert!(bytes[..3 << 20] == pattern(3 << 20));
    rig.assert_nothing_left();
}

#[test]
fn who_does_not_answer_our_goodbye_is_let_go_in_the_end() {
    let mut rig = Rig::new();
    let (id, peer) = rig.newcomer();
    rig.net.perform(id, NetOutput::Close);
    assert!(!rig.net.is_idle());
    assert_eq!(read_to_end(&peer), b"");
    rig.net.expire(Millis(u64::MAX));
    rig.assert_nothing_left();
}

#[test]
fn drop_lets_go_at_once_and_tells_nothing_more() {
    let mut rig = Rig::new();
    let (id, mut peer) = rig.newcomer();
    peer.write_all(b"unread").unwrap();
    rig.net.perform(id, NetOutput::Drop);
    assert!(rig.net.is_idle());
    assert_eq!(peer.read(&mut [0]).ok().filter(|count| *count > 0), None);
    let (other, _peer) = rig.newcomer();
    assert_eq!(other, ConnId(1), "a number was used again");
}

#[test]
fn the_end_of_the_other_side_still_lets_our_answer_out() {
    let mut rig = Rig::new();
    let (id, mut peer) = rig.newcomer();
    peer.write_all(b"question").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    rig.net.perform(id, NetOutput::Send(pattern(3 << 20)));
    assert_eq!(rig.until_closed(id), (b"question".to_vec(), Lost::Ended));
    let reader = thread::spawn(move || read_to_end(&peer));
    rig.echo_until(Net::is_idle_mut);
    assert!(reader.join().unwrap() == pattern(3 << 20));
    rig.assert_nothing_left();
}

#[test]
#[cfg(target_os = "linux")]
fn last_words_are_heard_even_when_the_line_broke_behind_them() {
    let mut rig = Rig::new();
    let (id, mut peer) = rig.newcomer();
    rig.net.perform(id, NetOutput::Send(b"never read".to_vec()));
    rig.net.waker.wake().unwrap();
    assert_eq!(rig.turn(), []);
    peer.peek(&mut [0]).unwrap();
    peer.write_all(b"goodbye").unwrap();
    // With bytes unread, this is a reset.
    drop(peer);
    // So is the answer to this; the write fails before the loop has read.
    for _ in 0..3 {
        rig.net.perform(id, NetOutput::Send(vec![0; 2 * GATHER_BYTES_MAX]));
    }
    assert_eq!(rig.until_closed(id), (b"goodbye".to_vec(), Lost::Broken));
    rig.assert_nothing_left();
}

#[test]
fn nobody_at_the_port_is_refused() {
    let mut rig = Rig::new();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    rig.net.perform(DIALLED, NetOutput::Connect(nobody));
    let mut events = Vec::new();
    while events.is_empty() {
        events = rig.turn();
    }
    assert_eq!(events, [(DIALLED, Event::Failed(ConnectError::Refused))]);
    rig.assert_nothing_left();
}

#[test]
fn an_attempt_that_takes_too_long_fails_and_one_that_was_let_go_is_silent() {
    let mut rig = Rig::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = ConnId(ConnId::DIALLED + 1);
    for id in [DIALLED, other] {
        rig.net.perform(id, NetOutput::Connect(listener.local_addr().unwrap()));
    }
    rig.net.perform(other, NetOutput::Close);
    rig.net.expire(Millis(u64::MAX));
    assert_eq!(rig.turn(), [(DIALLED, Event::Failed(ConnectError::Unreachable))]);
    rig.assert_nothing_left();
}

#[test]
fn a_failure_the_core_no_longer_wants_is_not_told() {
    let mut rig = Rig::new();
    // Refused by the system itself, at once: a broadcast address is not for TCP.
    rig.net.perform(DIALLED, NetOutput::Connect("255.255.255.255:9".parse().unwrap()));
    rig.net.perform(DIALLED, NetOutput::Drop);
    rig.net.waker.wake().unwrap();
    assert_eq!(rig.turn(), []);
    rig.assert_nothing_left();
}

#[test]
fn a_taken_port_gives_way_to_a_following_one_only_when_that_is_allowed() {
    let first = Rig::new();
    let mut second = Net::new(Clock::new()).unwrap();
    let at = ListenAddr { ip: Some(LOOPBACK), port: first.addr.port() };
    assert_eq!(second.listen(at, 0), Err(ListenError::InUse));
    let next = second.listen(at, 100).unwrap();
    assert!(next.port() > first.addr.port() && next.port() <= first.addr.port() + 100);
    let elsewhere = ListenAddr { ip: Some("203.0.113.9".parse().unwrap()), port: 0 };
    assert_eq!(second.listen(elsewhere, 0), Err(ListenError::NotHere));
}

#[test]
fn one_listener_serves_ipv6_and_ipv4_and_shows_each_as_what_it_is() {
    let mut rig = Rig::at(None);
    let port = rig.addr.port();
    rig.addr = (Ipv4Addr::LOCALHOST, port).into();
    // `newcomer` compares with what the caller itself believes to be.
    let (_, peer) = rig.newcomer();
    assert!(peer.local_addr().unwrap().is_ipv4());
    if TcpListener::bind("[::1]:0").is_ok() {
        rig.addr = (std::net::Ipv6Addr::LOCALHOST, port).into();
        let (_, peer) = rig.newcomer();
        assert!(peer.local_addr().unwrap().is_ipv6());
    }
}

#[test]
fn no_connection_is_read_beyond_its_share_of_a_turn() {
    let mut rig = Rig::new();
    let (loud, mut peer) = rig.newcomer();
    let writer = thread::spawn(move || peer.write_all(&pattern(4 << 20)).map(|()| peer));
    let mut heard = 0;
    while heard < 4 << 20 {
        let mut share = 0;
        for (id, event) in rig.turn() {
            assert_eq!(id, loud);
            match event {
                Event::Received(bytes) => share += bytes.len(),
                other => panic!("{other:?}"),
            }
        }
        assert!(share <= READ_BYTES_PER_TURN, "{share}");
        heard += share;
    }
    assert!(writer.join().unwrap().is_ok());
}

#[test]
fn five_hundred_come_and_go_and_nothing_is_left_of_them() {
    let mut rig = Rig::new();
    let addr = rig.addr;
    let (tell, told): (Sender<Vec<Peer>>, _) = channel();
    thread::spawn(move || tell.send((0..500).map(|_| Peer::connect(addr).unwrap()).collect()));
    let mut opened = Vec::new();
    while opened.len() < 500 {
        let turn = rig.turn();
        assert!(turn.iter().all(|(_, event)| matches!(event, Event::Opened(_))));
        opened.extend(turn.into_iter().map(|(id, _)| id));
    }
    let expected: Vec<ConnId> = (0..500).map(ConnId).collect();
    assert_eq!(opened, expected);
    for id in opened {
        rig.net.perform(id, NetOutput::Send(b"hello".to_vec()));
        match id.0 % 3 {
            0 => rig.net.perform(id, NetOutput::Close),
            1 => rig.net.perform(id, NetOutput::Drop),
            _ => {}
        }
    }
    drop(told.recv().unwrap());
    let ended = rig.echo_until(Net::is_idle_mut);
    assert!(ended.iter().all(|(id, event)| id.0 % 3 == 2 && matches!(event, Event::Closed(_))));
    assert_eq!(ended.len(), 166);
    rig.assert_nothing_left();
    assert!(rig.net.unflushed.is_empty() && rig.net.troubles.is_empty());
}

#[test]
fn the_bytes_of_a_turn_are_gathered_and_an_idle_connection_keeps_no_memory() {
    let mut rig = Rig::new();
    let (id, mut peer) = rig.newcomer();
    for word in ["gather ", "all ", "updates"] {
        rig.net.perform(id, NetOutput::Send(word.as_bytes().to_vec()));
    }
    assert_eq!(rig.net.slots[&id].queued(), 18);
    assert_eq!(rig.net.unflushed, [id]);
    rig.net.waker.wake().unwrap();
    rig.turn();
    assert_eq!(rig.net.slots[&id].queued(), 0);
    let mut heard = [0; 100];
    assert_eq!(peer.read(&mut heard).unwrap(), 18, "it went out in pieces");
    match &rig.net.slots[&id] {
        Slot::Open(stream) => assert_eq!(stream.memory(), 0),
        _ => panic!("it is not open"),
    }
    assert!(size_of::<Slot>() < 128);
}

#[test]
fn the_end_of_the_program_waits_for_the_last_words() {
    let mut rig = Rig::new();
    let (id, peer) = rig.newcomer();
    rig.net.perform(id, NetOutput::Send(pattern(3 << 20)));
    let reader = thread::spawn(move || read_to_end(&peer));
    rig.net.finish(HANGS);
    assert!(reader.join().unwrap() == pattern(3 << 20));
    rig.assert_nothing_left();
    assert!(Peer::connect(rig.addr).is_err(), "somebody was let in");
}

#[test]
fn a_wake_from_another_thread_ends_the_wait() {
    let mut rig = Rig::new();
    let waker = rig.net.waker();
    thread::spawn(move || waker.wake().unwrap());
    assert_eq!(rig.turn(), []);
}

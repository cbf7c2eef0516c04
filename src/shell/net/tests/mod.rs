//! Real sockets on loopback; every test waits for events, and for time only to fail.
#![allow(clippy::wildcard_enum_match_arm, reason = "what is not expected fails the test")]

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Shutdown, TcpListener, TcpStream as Peer};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use socket2::SockRef;

use super::*;
use crate::conn::ConnectError;

mod beginnings;
mod bytes;
mod ends;

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

impl Net {
    fn is_idle_mut(&mut self) -> bool {
        self.is_idle()
    }
}

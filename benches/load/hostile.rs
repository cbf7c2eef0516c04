//! Those who come to do harm, or do it by not caring. Each comes from an address of its own.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hallway::handshake::stretch::Stretcher;
use hallway::seeds::Seeds;
use hallway::time::Millis;
use socket2::{Domain, Socket, Type};

use crate::crowd::Crowd;
use crate::member::{Keys, Member, Reached, Want};
use crate::server::Kind;

/// Connects from the given number of an address of this machine.
fn connect(to: SocketAddr, source: usize) -> Option<TcpStream> {
    let [.., high, low] = u32::try_from(source).unwrap().to_be_bytes();
    let from = SocketAddr::from((Ipv4Addr::new(127, 1, high, low), 0));
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&from.into()).unwrap();
    socket.connect(&to.into()).ok()?;
    Some(socket.into())
}

/// Connections that never say a word, 50 from each address.
pub(crate) fn half_open(to: SocketAddr, count: usize) -> Vec<TcpStream> {
    (0..count).filter_map(|number| connect(to, number / 50)).collect()
}

/// Log-ins that are begun and left standing, 50 from each address.
pub(crate) fn left_standing(to: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut streams = half_open(to, count);
    let hello = first_message();
    streams.retain_mut(|stream| stream.write_all(&hello).is_ok());
    streams
}

/// Members that take their list and then never read again; gives how many there are.
pub(crate) fn deaf(to: SocketAddr, count: usize) -> Vec<TcpStream> {
    let come = |number| {
        let (stream, member) = come(to, number, 90_000 + number, Want::Place);
        assert_eq!(member.reached, Reached::Listed);
        stream
    };
    (0..count).map(come).collect()
}

/// Somebody comes from an address of which nothing is known, and again whenever it is told to, as a
/// program does that comes back by itself; the crowd goes on meanwhile. Gives how long it takes to
/// get in, and how many attempts.
pub(crate) fn newcomer(to: SocketAddr, crowd: &mut Crowd) -> (Duration, usize) {
    let (began, mut attempts) = (Instant::now(), 1);
    while let Some(wait) = come(to, 5_000, 80_000, Want::Nothing).1.busy {
        // Not to the millisecond: such a program adds up to a second.
        crowd.rest(wait + Millis(500));
        attempts += 1;
    }
    (began.elapsed(), attempts)
}

/// Logs in from that address, and waits for what is wanted, or for a refusal.
fn come(to: SocketAddr, source: usize, number: usize, want: Want) -> (TcpStream, Member) {
    let mut keys = Keys { seeds: Seeds::new([9; 32]), stretcher: Stretcher::default() };
    let mut stream = connect(to, source).unwrap();
    let (mut member, hello) = Member::new(Kind::Community, number, want, &mut keys);
    stream.write_all(&hello).unwrap();
    let mut buffer = vec![0; 1 << 16];
    let wanted = if want == Want::Nothing { Reached::Inside } else { Reached::Listed };
    while member.reached < wanted {
        let count = stream.read(&mut buffer).unwrap();
        stream.write_all(&member.received(&buffer[..count], &mut keys)).unwrap();
    }
    (stream, member)
}

/// The same for all who never go on: the server must answer it, and this end shall not be the
/// slower one.
fn first_message() -> Vec<u8> {
    let mut keys = Keys { seeds: Seeds::new([8; 32]), stretcher: Stretcher::default() };
    Member::new(Kind::Community, 0, Want::Nothing, &mut keys).1
}

/// Begins log-ins without end and completes none.
pub(crate) struct Flood {
    over: Arc<AtomicBool>,
    begun: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Flood {
    /// Starts it: first messages from 200 addresses, as fast as they are taken.
    pub(crate) fn start(to: SocketAddr) -> Self {
        let (over, begun) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (is_over, count) = (Arc::clone(&over), Arc::clone(&begun));
        let hello = first_message();
        let thread = thread::spawn(move || {
            for number in 0.. {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                let Some(mut stream) = connect(to, 1_000 + number % 200) else { continue };
                let _ = stream.write_all(&hello);
                // Whatever is answered: it has cost what it costs.
                let _ = stream.set_read_timeout(Some(Duration::from_millis(20)));
                let _ = stream.read(&mut [0; 16]);
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { over, begun, thread }
    }

    /// Ends it; gives how many log-ins it has begun.
    pub(crate) fn stop(self) -> usize {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.begun.load(Ordering::Relaxed)
    }
}

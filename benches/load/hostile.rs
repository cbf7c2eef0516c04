//! Those who come to do harm, or do it by not caring. Each comes from an address of its own.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hallway::handshake::stretch::Stretcher;
use hallway::seeds::Seeds;
use hallway::time::Millis;
use socket2::{Domain, SockRef, Socket, Type};

use crate::crowd::Crowd;
use crate::member::{Keys, Member, Reached, Want};
use crate::server::Kind;

/// A socket on the given number of an address of this machine.
fn socket(source: usize) -> Socket {
    let [.., high, low] = u32::try_from(source).unwrap().to_be_bytes();
    let from = SocketAddr::from((Ipv4Addr::new(127, 1, high, low), 0));
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&from.into()).unwrap();
    socket
}

/// Connects from there.
fn connect(to: SocketAddr, source: usize) -> Option<TcpStream> {
    let socket = socket(source);
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

/// Members that ask for a place and never read again. The kernel, which would take 4 MB for each
/// over loopback, takes some 40 KB: short segments, and next to no room at this end.
pub(crate) fn deaf(to: SocketAddr, count: usize) -> Vec<TcpStream> {
    // Stretched once; and each is somebody else.
    let mut keys = keys(9);
    let come = |number| {
        let socket = socket(number);
        socket.set_recv_buffer_size(1).unwrap();
        socket.set_tcp_mss(536).unwrap();
        socket.connect(&to.into()).unwrap();
        let mut stream = socket.into();
        let member = log_in(&mut stream, 90_000 + number, Want::Place, &mut keys);
        assert_eq!(member.reached, Reached::Inside);
        stream
    };
    (0..count).map(come).collect()
}

/// What a deaf member is owed: bytes that the kernel has, and all that come now that it reads.
pub(crate) fn owed(mut deaf: TcpStream) -> (usize, usize) {
    let in_kernel = in_kernel(deaf.local_addr().unwrap());
    SockRef::from(&deaf).set_recv_buffer_size(1 << 16).unwrap();
    deaf.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let mut buffer = vec![0; 1 << 16];
    let mut came = 0;
    while let Ok(count @ 1..) = deaf.read(&mut buffer) {
        came += count;
    }
    (in_kernel, came)
}

/// Bytes of the connection from that address that wait at either end.
fn in_kernel(from: SocketAddr) -> usize {
    let SocketAddr::V4(from) = from else { unreachable!("of IPv4") };
    let ip = u32::from_ne_bytes(from.ip().octets());
    let from = format!("{ip:08X}:{:04X}", from.port());
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    // number, this address, that address, state, sending:receiving
    let both = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let both = both.filter(|words| words[1..3].contains(&from.as_str()));
    let waiting = both.flat_map(|words| {
        let (sending, receiving) = words[4].split_once(':').unwrap();
        [sending, receiving].map(|count| usize::from_str_radix(count, 16).unwrap())
    });
    waiting.sum()
}

/// Somebody comes from an address of which nothing is known, and again whenever it is told to, as a
/// program does that comes back by itself; the crowd goes on meanwhile. Gives how long it takes to
/// get in, and how many attempts.
pub(crate) fn newcomer(to: SocketAddr, crowd: &mut Crowd) -> (Duration, usize) {
    let (began, mut attempts) = (Instant::now(), 1);
    loop {
        let mut stream = connect(to, 5_000).unwrap();
        let member = log_in(&mut stream, 80_000, Want::Nothing, &mut keys(10));
        if member.reached == Reached::Inside {
            return (began.elapsed(), attempts);
        }
        // Not to the millisecond: such a program adds up to a second.
        crowd.rest(member.busy.expect("told to come again") + Millis(500));
        attempts += 1;
    }
}

/// Logs in and asks for what is wanted, or is refused.
fn log_in(stream: &mut TcpStream, number: usize, want: Want, keys: &mut Keys) -> Member {
    let (mut member, hello) = Member::new(Kind::Community, number, want, keys);
    stream.write_all(&hello).unwrap();
    let mut buffer = vec![0; 1 << 16];
    while member.reached < Reached::Inside {
        let count = stream.read(&mut buffer).unwrap();
        assert_ne!(count, 0, "closed without a word");
        stream.write_all(&member.received(&buffer[..count], keys)).unwrap();
    }
    member
}

/// The same for all who never go on: the server must answer it, and this end shall not be the
/// slower one.
fn first_message() -> Vec<u8> {
    Member::new(Kind::Community, 0, Want::Nothing, &mut keys(8)).1
}

fn keys(seed: u8) -> Keys {
    Keys { seeds: Seeds::new([seed; 32]), stretcher: Stretcher::default() }
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

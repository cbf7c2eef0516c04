//! The HTTP server that descriptions are fetched from: one thread, whatever comes.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv6Addr, Shutdown, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use socket2::{Domain, Protocol, Socket, Type};

use crate::http::{self, Page};
use crate::limits::{
    HOPS, HTTP_ACCEPT_PAUSE, HTTP_BACKLOG, HTTP_CONNECTIONS_MAX, HTTP_CONNECTIONS_PER_SOURCE_MAX,
    HTTP_HEAD_BYTES_MAX, HTTP_LEFTOVER_BYTES_MAX, HTTP_WAIT,
};

/// A running server; dropping it ends it.
#[derive(Debug)]
pub struct Server {
    port: u16,
    shared: Arc<Shared>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

/// What the server's thread and its owner both see.
#[derive(Debug)]
struct Shared {
    pages: Mutex<Vec<Page>>,
    stopping: AtomicBool,
}

impl Server {
    /// Serves `pages` at `bind` (port 0: the system chooses). `[::]` means IPv4 too; on a machine
    /// without IPv6 it fails, and `0.0.0.0` is to be tried. `product` is
    /// `OS/version UPnP/2.0 product/version`.
    ///
    /// # Errors
    /// When there is no such port to have, or no thread or descriptor.
    pub fn start(bind: SocketAddr, pages: Vec<Page>, product: String) -> io::Result<Self> {
        let mut listener = listen(bind)?;
        let port = listener.local_addr()?.port();
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let shared =
            Arc::new(Shared { pages: Mutex::new(pages), stopping: AtomicBool::new(false) });
        let reception = Reception {
            poll,
            listener,
            shared: Arc::clone(&shared),
            product,
            connections: BTreeMap::new(),
            next: FIRST_CONNECTION,
            accept_again: None,
        };
        let thread = thread::Builder::new().name("ssdp-http".into()).spawn(|| reception.run())?;
        Ok(Self { port, shared, waker, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves these pages from now on.
    pub fn set_pages(&self, pages: Vec<Page>) {
        *self.shared.pages.lock().unwrap_or_else(PoisonError::into_inner) = pages;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Release);
        // Where it cannot be woken it must not be waited for.
        if self.waker.wake().is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

fn listen(bind: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(bind), Type::STREAM, Some(Protocol::TCP))?;
    // Who is too far away to hear the announcement is too far away to read the pages: what we send
    // does not get there, so no connection comes about.
    let v4 = socket.set_ttl_v4(HOPS);
    if bind.is_ipv6() {
        socket.set_unicast_hops_v6(HOPS)?;
    } else {
        v4?;
    }
    if bind.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        socket.set_only_v6(false)?;
    }
    // Without it a restarted server waits for the old one's connections to be forgotten. On
    // Windows the same option would let two programs take one port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&bind.into())?;
    socket.listen(HTTP_BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(TcpListener::from_std(socket.into()))
}

/// What the thread has.
struct Reception {
    poll: Poll,
    listener: TcpListener,
    shared: Arc<Shared>,
    product: String,
    /// In the order in which they came, which is that of their deadlines too.
    connections: BTreeMap<Token, Connection>,
    next: Token,
    /// When newcomers are taken again after the system had no descriptor for one.
    accept_again: Option<Instant>,
}

impl Reception {
    fn run(mut self) {
        let mut events = Events::with_capacity(2 * HTTP_CONNECTIONS_MAX);
        loop {
            match self.poll.poll(&mut events, self.timeout()) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Never seen; there is no way on, and the rest of the program needs no pages.
                Err(_) => return,
            }
            if self.shared.stopping.load(Ordering::Acquire) {
                return;
            }
            for event in &events {
                match event.token() {
                    WAKER => {}
                    LISTENER => self.accept(),
                    token => self.advance(token),
                }
            }
            let now = Instant::now();
            self.connections.retain(|_, connection| connection.deadline > now);
            if self.accept_again.is_some_and(|at| at <= now) {
                self.accept();
            }
        }
    }

    fn timeout(&self) -> Option<Duration> {
        let oldest = self.connections.values().next().map(|connection| connection.deadline);
        let next = oldest.into_iter().chain(self.accept_again).min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    fn accept(&mut self) {
        self.accept_again = None;
        loop {
            match self.listener.accept() {
                Ok((stream, source)) => self.admit(stream, source.ip().to_canonical()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // One that left again before it was taken.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.accept_again = Some(Instant::now() + HTTP_ACCEPT_PAUSE);
                    return;
                }
            }
        }
    }

    fn admit(&mut self, mut stream: TcpStream, source: IpAddr) {
        let of_source = || {
            let theirs = self.connections.iter().filter(|(_, other)| other.source == source);
            theirs.map(|(token, _)| *token)
        };
        let outdone = if of_source().count() >= HTTP_CONNECTIONS_PER_SOURCE_MAX {
            of_source().next()
        } else if self.connections.len() >= HTTP_CONNECTIONS_MAX {
            self.connections.keys().next().copied()
        } else {
            None
        };
        if let Some(token) = outdone {
            self.connections.remove(&token);
        }

        let token = self.next;
        self.next = Token(token.0.wrapping_add(1).max(FIRST_CONNECTION.0));
        let interest = Interest::READABLE | Interest::WRITABLE;
        if self.poll.registry().register(&mut stream, token, interest).is_ok() {
            let deadline = Instant::now() + HTTP_WAIT;
            let step = Step::Reading(Vec::new());
            self.connections.insert(token, Connection { stream, source, deadline, step });
        }
    }

    fn advance(&mut self, token: Token) {
        let Some(connection) = self.connections.get_mut(&token) else { return };
        let pages = self.shared.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = |head: &[u8]| http::answer(head, &pages, &self.product, SystemTime::now());
        let is_over = match connection.advance(answer) {
            Ok(()) => true,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        };
        if is_over {
            self.connections.remove(&token);
        }
    }
}

struct Connection {
    stream: TcpStream,
    source: IpAddr,
    deadline: Instant,
    step: Step,
}

/// What a connection is at.
enum Step {
    /// The request is incomplete: so much of it has come.
    Reading(Vec<u8>),
    /// So much of the answer is still to be sent.
    Writing(Vec<u8>),
    /// The answer is sent; so many bytes more are thrown away before the end.
    Leaving(usize),
}

impl Connection {
    /// Goes on until it is over, or fails, as with [`ErrorKind::WouldBlock`].
    fn advance(&mut self, answer: impl Fn(&[u8]) -> Option<Vec<u8>>) -> io::Result<()> {
        let mut buffer = [0; HTTP_HEAD_BYTES_MAX];
        loop {
            match &mut self.step {
                Step::Reading(head) => {
                    let room = HTTP_HEAD_BYTES_MAX.saturating_sub(head.len());
                    let received = receive(&mut self.stream, &mut buffer, room)?;
                    if received.is_empty() {
                        return Ok(());
                    }
                    head.extend_from_slice(received);
                    if let Some(bytes) = answer(head) {
                        self.step = Step::Writing(bytes);
                    }
                }
                Step::Writing(rest) => {
                    let sent = retry(|| self.stream.write(rest))?;
                    rest.drain(..sent);
                    if rest.is_empty() {
                        self.stream.shutdown(Shutdown::Write)?;
                        self.step = Step::Leaving(HTTP_LEFTOVER_BYTES_MAX);
                    }
                }
                Step::Leaving(room) => {
                    let received = receive(&mut self.stream, &mut buffer, *room)?;
                    if received.is_empty() {
                        return Ok(());
                    }
                    *room -= received.len();
                }
            }
        }
    }
}

/// What has come, at most `room` bytes of it; nothing at the end, or without room.
fn receive<'a>(stream: &mut TcpStream, buffer: &'a mut [u8], room: usize) -> io::Result<&'a [u8]> {
    let room = room.min(buffer.len());
    let place = buffer.get_mut(..room).unwrap_or_default();
    let count = retry(|| stream.read(place))?;
    Ok(place.get(..count).unwrap_or_default())
}

fn retry(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

const WAKER: Token = Token(0);
const LISTENER: Token = Token(1);
const FIRST_CONNECTION: Token = Token(2);

#[cfg(test)]
mod tests;

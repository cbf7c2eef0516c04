//! One loop over many sockets: moves bytes, knows nothing of what they mean.
//!
//! A program calls [`Net::wait`], then [`Net::next`] until it gives nothing, then begins again;
//! whatever a core wants done goes through [`Net::perform`] in between. Nothing but `wait` blocks.
//!
//! ```no_run
//! # use hallway::shell::{clock::Clock, net::Net};
//! # fn core_handles<T>(_: T) {}
//! # fn core_polls() -> Option<(hallway::conn::ConnId, hallway::conn::NetOutput)> { None }
//! # let mut net = Net::new(Clock::new())?;
//! loop {
//!     net.wait(None);
//!     while let Some((id, input)) = net.next() {
//!         core_handles((id, input));
//!         while let Some((id, output)) = core_polls() {
//!             net.perform(id, output);
//!         }
//!     }
//! }
//! # #[allow(unreachable_code)] Ok::<(), std::io::Error>(())
//! ```

mod listener;
mod slot;
mod stream;
#[cfg(test)]
mod tests;
mod trouble;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};

pub use self::listener::ListenAddr;
pub use self::trouble::{ListenError, Trouble};

use self::listener::Acceptor;
use self::slot::{Ending, Slot};
use self::stream::Stream;
use super::clock::Clock;
use crate::conn::{ConnId, Lost, NetInput, NetOutput};
use crate::limits::{
    CONNECT_WAIT, EVENTS_PER_TURN, GATHER_BYTES_MAX, GATHER_TOTAL_BYTES_MAX, OUT_BYTES_MAX,
    READ_BYTES_PER_TURN,
};
use crate::time::Millis;

/// All sockets of one program, and the place where it sleeps.
pub struct Net {
    clock: Clock,
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
    acceptor: Option<Acceptor>,
    slots: BTreeMap<ConnId, Slot>,
    /// The number of the next connection that comes in.
    next_id: u64,
    /// Deadlines of the connections that begin or end; the others have none.
    timers: BTreeSet<(Millis, ConnId)>,
    /// Connections with something to tell in this turn.
    turn: BTreeSet<ConnId>,
    /// The same for the next turn, which then begins without waiting.
    due: BTreeSet<ConnId>,
    /// Connections with bytes gathered during this turn.
    unflushed: Vec<ConnId>,
    /// How many bytes were gathered since all were last written.
    gathered: usize,
    /// One buffer for all reads: idle connections hold none.
    buffer: Box<[u8]>,
    /// Bytes read in this turn from the first connection of `turn`.
    spent: usize,
    troubles: VecDeque<Trouble>,
}

impl Net {
    /// A loop without connections and without a listener.
    ///
    /// # Errors
    /// When the system gives no descriptors for it.
    pub fn new(clock: Clock) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        Ok(Self {
            clock,
            poll,
            events: Events::with_capacity(EVENTS_PER_TURN),
            waker,
            acceptor: None,
            slots: BTreeMap::new(),
            next_id: 0,
            timers: BTreeSet::new(),
            turn: BTreeSet::new(),
            due: BTreeSet::new(),
            unflushed: Vec::new(),
            gathered: 0,
            buffer: vec![0; READ_BYTES_PER_TURN].into_boxed_slice(),
            spent: 0,
            troubles: VecDeque::new(),
        })
    }

    /// Listens, at the port given or at one of the `try_next` after it when that is taken; returns
    /// the address that it became. An earlier listener is closed, its connections stay.
    ///
    /// # Errors
    /// When there is no such port to have; the earlier listener is closed nevertheless.
    pub fn listen(&mut self, at: ListenAddr, try_next: u16) -> Result<SocketAddr, ListenError> {
        self.stop_listening();
        let mut socket = listener::bind(at, try_next)?;
        let addr = socket.local_addr()?;
        self.poll.registry().register(&mut socket, LISTENER, Interest::READABLE)?;
        self.acceptor = Some(Acceptor::new(socket));
        Ok(addr)
    }

    /// Lets nobody in any more; who is in stays.
    pub fn stop_listening(&mut self) {
        self.acceptor = None;
    }

    /// Ends a [`Net::wait`] from another thread.
    pub fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// Sends what was gathered, then sleeps until something happens or `deadline` has come, and
    /// begins a turn. It may also return with nothing to tell.
    ///
    /// # Panics
    /// When the system cannot wait for events at all: there would be no way on.
    pub fn wait(&mut self, deadline: Option<Millis>) {
        self.flush_all();
        self.due.append(&mut self.turn);
        self.spent = 0;

        let timeout = self.timeout(deadline);
        match self.poll.poll(&mut self.events, timeout) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => panic!("the network loop cannot wait for events: {error}"),
        }
        let events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        for event in &events {
            self.sort_event(event);
        }
        self.events = events;

        let now = self.clock.now().tick;
        self.expire(now);
        if let Some(acceptor) = &mut self.acceptor {
            acceptor.begin_turn(now);
        }
        std::mem::swap(&mut self.turn, &mut self.due);
    }

    /// The next thing that happened; `None` when this turn is over.
    #[expect(clippy::should_implement_trait, reason = "it lends from its buffer")]
    pub fn next(&mut self) -> Option<(ConnId, NetInput<'_>)> {
        let (id, news) = self.advance()?;
        let input = match news {
            News::Opened(from) => NetInput::Opened { from },
            News::Connected => NetInput::Connected,
            News::Received(count) => {
                NetInput::Received(self.buffer.get(..count).unwrap_or_default())
            }
            News::Over(Ending::Failed(error)) => NetInput::Failed(error),
            News::Over(Ending::Closed(lost)) => NetInput::Closed(lost),
        };
        Some((id, input))
    }

    /// Does what a core decided. Orders for a connection that is gone are ignored: its end is on
    /// the way to the core.
    ///
    /// # Panics
    /// When a core dials with a number that is in use.
    pub fn perform(&mut self, id: ConnId, output: NetOutput) {
        match output {
            NetOutput::Connect(to) => self.connect(id, to),
            NetOutput::Send(bytes) => self.send(id, bytes),
            NetOutput::Close => self.close(id),
            NetOutput::Drop => self.remove(id),
        }
    }

    /// What the loop itself has to say to whoever runs the program.
    pub fn trouble(&mut self) -> Option<Trouble> {
        self.troubles.pop_front()
    }

    /// Whether no connection is open, beginning or ending.
    pub fn is_idle(&self) -> bool {
        self.slots.is_empty()
    }

    /// Lets nobody in any more, closes all connections and returns when each has got its last
    /// bytes, or after `max`. For the end of a program: inputs are thrown away.
    pub fn finish(&mut self, max: Millis) {
        self.stop_listening();
        for id in self.slots.keys().copied().collect::<Vec<_>>() {
            self.close(id);
        }
        let deadline = self.clock.now().tick + max;
        while !self.is_idle() && self.clock.now().tick < deadline {
            self.wait(Some(deadline));
            while self.next().is_some() {}
        }
    }

    /// How long to sleep.
    fn timeout(&self, deadline: Option<Millis>) -> Option<Duration> {
        if !self.due.is_empty() {
            return Some(Duration::ZERO);
        }
        let timer = self.timers.first().map(|(at, _)| *at);
        let accept = self.acceptor.as_ref().and_then(Acceptor::deadline);
        let first = [deadline, timer, accept].into_iter().flatten().min()?;
        Some(Duration::from_millis((first - self.clock.now().tick).0))
    }

    fn sort_event(&mut self, event: &Event) {
        match event.token() {
            WAKER => {}
            LISTENER => {
                if let Some(acceptor) = &mut self.acceptor {
                    acceptor.knocked();
                }
            }
            Token(number) => {
                let id = ConnId(number as u64);
                let Some(slot) = self.slots.get_mut(&id) else { return };
                let begins = matches!(slot, Slot::Connecting { .. });
                // A fresh socket is writable, and says so: no reason to read from it.
                if begins || event.is_readable() || event.is_read_closed() || event.is_error() {
                    self.due.insert(id);
                }
                if event.is_writable() {
                    slot.unblock();
                    self.flush(id);
                }
            }
        }
    }

    /// The way from one piece of news to the next, without the loan.
    fn advance(&mut self) -> Option<(ConnId, News)> {
        loop {
            if let Some(opened) = self.accept() {
                return Some(opened);
            }
            let id = *self.turn.first()?;
            if let Some(news) = self.step(id) {
                return Some((id, news));
            }
        }
    }

    /// Takes the next newcomer in.
    fn accept(&mut self) -> Option<(ConnId, News)> {
        let acceptor = self.acceptor.as_mut()?;
        let clock = self.clock;
        let mut say = |trouble| self.troubles.push_back(trouble);
        let (mut socket, from) = acceptor.accept(clock, &mut say)?;
        let id = ConnId(self.next_id);
        if let Err(error) = register(&self.poll, &mut socket, id) {
            // The system is short of what an event queue needs; this newcomer is lost.
            acceptor.pause(clock, &error, &mut say);
            return None;
        }
        self.next_id += 1;
        let stream = Stream::new(socket);
        stream.set_options();
        self.slots.insert(id, Slot::Open(stream));
        Some((id, News::Opened(from)))
    }

    fn connect(&mut self, id: ConnId, to: SocketAddr) {
        assert!(!self.slots.contains_key(&id), "a core dialled with a number in use");
        let attempt = Stream::connect(to).and_then(|mut stream| {
            register(&self.poll, &mut stream.socket, id)?;
            Ok(stream)
        });
        let slot = match attempt {
            Ok(stream) => {
                let until = self.clock.now().tick + CONNECT_WAIT;
                self.timers.insert((until, id));
                Slot::Connecting { stream, until }
            }
            Err(error) => {
                self.due.insert(id);
                Slot::Over(Ending::Failed(trouble::connect_error(&error)))
            }
        };
        self.slots.insert(id, slot);
    }

    fn send(&mut self, id: ConnId, bytes: Vec<u8>) {
        let Some(Slot::Open(stream) | Slot::Connecting { stream, .. }) = self.slots.get_mut(&id)
        else {
            return;
        };
        self.gathered += bytes.len();
        if stream.queue(bytes) {
            self.unflushed.push(id);
        }
        if stream.queued() > GATHER_BYTES_MAX {
            self.flush(id);
        }
        if self.slots.get(&id).is_some_and(|slot| slot.queued() > OUT_BYTES_MAX) {
            self.end(id, Ending::Closed(Lost::TooSlow));
        }
        if self.gathered > GATHER_TOTAL_BYTES_MAX {
            self.flush_all();
        }
    }

    /// Writes what was gathered.
    fn flush_all(&mut self) {
        self.gathered = 0;
        for id in std::mem::take(&mut self.unflushed) {
            self.flush(id);
        }
    }
}

/// What [`Net::next`] tells, before it borrows.
enum News {
    Opened(SocketAddr),
    Connected,
    Received(usize),
    Over(Ending),
}

/// Asks for all events of a connection, once and for its whole life.
fn register(poll: &Poll, socket: &mut TcpStream, id: ConnId) -> io::Result<()> {
    // Numbers of connections are far below those of `LISTENER` and `WAKER`, see `ConnId::DIALLED`.
    let token = Token(usize::try_from(id.0).map_err(io::Error::other)?);
    poll.registry().register(socket, token, Interest::READABLE | Interest::WRITABLE)
}

const LISTENER: Token = Token(usize::MAX);
const WAKER: Token = Token(usize::MAX - 1);

//! The listening socket: how it is made, and how newcomers are taken from it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use mio::net::{TcpListener, TcpStream};
use socket2::{Domain, Protocol, Socket, Type};

use super::trouble::{ListenError, Trouble, is_shortage};
use crate::limits::{ACCEPT_PAUSE, LISTEN_BACKLOG};
use crate::shell::clock::Clock;
use crate::time::Millis;

/// Where to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenAddr {
    /// One address of this machine; `None` for all of them, IPv6 and IPv4.
    pub ip: Option<IpAddr>,
    /// The port; zero lets the system choose.
    pub port: u16,
}

impl From<SocketAddr> for ListenAddr {
    /// `[::]` means everything, as people write it; `0.0.0.0` means all of IPv4 and no more.
    fn from(addr: SocketAddr) -> Self {
        let everything = addr.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        Self { ip: (!everything).then(|| addr.ip()), port: addr.port() }
    }
}

/// A listening socket, at the port asked for or one of the `try_next` after it.
pub(super) fn bind(at: ListenAddr, try_next: u16) -> Result<TcpListener, ListenError> {
    let last = at.port.saturating_add(if at.port == 0 { 0 } else { try_next });
    for port in at.port..=last {
        match bind_port(at.ip, port) {
            Err(ListenError::InUse) => {}
            done => return done,
        }
    }
    Err(ListenError::InUse)
}

fn bind_port(ip: Option<IpAddr>, port: u16) -> Result<TcpListener, ListenError> {
    let Some(ip) = ip else {
        let everything = open(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)));
        return match everything.map_err(ListenError::from) {
            // A machine without IPv6 says so in several ways; what IPv4 says then counts.
            Err(ListenError::NotHere | ListenError::Other(_)) => {
                Ok(open(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))?)
            }
            done => done,
        };
    };
    Ok(open(SocketAddr::new(ip, port))?)
}

fn open(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        socket.set_only_v6(false)?;
    }
    // Without it a restarted server waits for the old one's connections to be forgotten. On
    // Windows the same option would let two programs take one port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(LISTEN_BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(TcpListener::from_std(socket.into()))
}

/// Takes newcomers from the listening socket, some in each turn.
pub(super) struct Acceptor {
    pub(super) socket: TcpListener,
    backlog: Backlog,
    /// Newcomers still to be taken in this turn, so that a flood leaves time for the others.
    left: i32,
    /// Whether trouble was reported whose end was not.
    in_trouble: bool,
}

/// What is known of the queue of newcomers; mio reports only its growth.
enum Backlog {
    Empty,
    MayHoldSome,
    /// Accepting failed: it holds some, and no event will say so.
    Paused(Millis),
}

impl Acceptor {
    pub(super) fn new(socket: TcpListener) -> Self {
        Self { socket, backlog: Backlog::Empty, left: 0, in_trouble: false }
    }

    /// The system says that somebody knocked.
    pub(super) fn knocked(&mut self) {
        // A pause lasts: whoever knocks now would meet the same shortage.
        if matches!(self.backlog, Backlog::Empty) {
            self.backlog = Backlog::MayHoldSome;
        }
    }

    /// When it wants a turn; `Millis(0)` for at once.
    pub(super) fn deadline(&self) -> Option<Millis> {
        match self.backlog {
            Backlog::Empty => None,
            Backlog::MayHoldSome => Some(Millis(0)),
            Backlog::Paused(until) => Some(until),
        }
    }

    pub(super) fn begin_turn(&mut self, now: Millis) {
        self.left = LISTEN_BACKLOG;
        if matches!(self.backlog, Backlog::Paused(until) if until <= now) {
            self.backlog = Backlog::MayHoldSome;
        }
    }

    /// The next newcomer of this turn.
    pub(super) fn accept(
        &mut self,
        clock: Clock,
        say: &mut impl FnMut(Trouble),
    ) -> Option<(TcpStream, SocketAddr)> {
        while matches!(self.backlog, Backlog::MayHoldSome) && self.left > 0 {
            self.left -= 1;
            let error = match self.socket.accept() {
                Ok((socket, from)) => return Some((socket, plain(from))),
                Err(error) => error,
            };
            #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign, open list")]
            match error.kind() {
                io::ErrorKind::WouldBlock => {
                    self.backlog = Backlog::Empty;
                    // Only an empty queue ends the trouble: at the limit single newcomers slip in
                    // whenever somebody leaves, and each would be two more lines in the log.
                    if std::mem::take(&mut self.in_trouble) {
                        say(Trouble::AcceptingAgain);
                    }
                }
                // Gone before we came to the door.
                io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::Interrupted => {}
                _ => self.pause(clock, &error, say),
            }
        }
        None
    }

    /// Stops accepting for a moment.
    pub(super) fn pause(&mut self, clock: Clock, error: &io::Error, say: &mut impl FnMut(Trouble)) {
        self.backlog = Backlog::Paused(clock.now().tick + ACCEPT_PAUSE);
        if !std::mem::replace(&mut self.in_trouble, true) {
            say(match is_shortage(error) {
                true => Trouble::NoDescriptors,
                false => Trouble::AcceptFails(error.kind()),
            });
        }
    }
}

/// The address without the dual-stack listener's disguise.
fn plain(from: SocketAddr) -> SocketAddr {
    match from.ip().to_canonical() {
        IpAddr::V4(ip) => SocketAddr::from((ip, from.port())),
        // Unchanged: a link-local address keeps its scope.
        IpAddr::V6(_) => from,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_written_as_two_colons() {
        let at = |text: &str| ListenAddr::from(text.parse::<SocketAddr>().unwrap());
        assert_eq!(at("[::]:5000"), ListenAddr { ip: None, port: 5000 });
        let ipv4 = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        assert_eq!(at("0.0.0.0:5000"), ListenAddr { ip: Some(ipv4), port: 5000 });
    }

    #[test]
    fn a_mapped_caller_is_shown_as_ipv4_and_a_link_local_one_keeps_its_scope() {
        let mapped: SocketAddr = "[::ffff:192.0.2.7]:9".parse().unwrap();
        assert_eq!(plain(mapped).to_string(), "192.0.2.7:9");
        let local: SocketAddr = "[fe80::7%3]:9".parse().unwrap();
        assert_eq!(plain(local), local);
    }
}

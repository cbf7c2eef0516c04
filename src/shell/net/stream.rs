//! One socket and what waits to be written to it.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use mio::net::TcpStream;
use socket2::{SockRef, TcpKeepalive};

use super::trouble::connect_error;
use crate::conn::{ConnectError, Lost};
use crate::limits::{KEEPALIVE_IDLE_SECONDS, KEEPALIVE_INTERVAL_SECONDS, KEEPALIVE_PROBES};

/// A socket and its queue. Idle, it owns no memory beside itself.
pub(super) struct Stream {
    pub(super) socket: TcpStream,
    out: VecDeque<u8>,
    writing: Writing,
}

/// What the last write met.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    Free,
    /// The system's own buffer is full; an event will say when it is not.
    Blocked,
    /// The other side is gone. What it said before may still be there to read.
    Broken,
}

/// What a read found.
pub(super) enum Read {
    /// This many bytes, at the front of the buffer.
    Bytes(usize),
    /// Nothing until the next event.
    Nothing,
    /// Nothing ever more.
    Over(Lost),
}

/// How far a connection attempt is.
pub(super) enum Attempt {
    Waiting,
    Stands,
    Failed(ConnectError),
}

impl Stream {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self { socket, out: VecDeque::new(), writing: Writing::Free }
    }

    /// Starts to connect.
    pub(super) fn connect(to: SocketAddr) -> io::Result<Self> {
        TcpStream::connect(to).map(Self::new)
    }

    /// Sets what every connection of ours has.
    ///
    /// Failures are ignored: without these options it is slower or notices a dead peer later, and
    /// some systems refuse them for a peer that is gone already, which the first read will tell.
    pub(super) fn set_options(&self) {
        let socket = SockRef::from(&self.socket);
        // We gather bytes ourselves; Nagle's algorithm would only hold them back.
        let _ = socket.set_tcp_nodelay(true);
        let keepalive = TcpKeepalive::new()
            .with_time(Duration::from_secs(KEEPALIVE_IDLE_SECONDS))
            .with_interval(Duration::from_secs(KEEPALIVE_INTERVAL_SECONDS));
        let keepalive = keepalive.with_retries(KEEPALIVE_PROBES);
        let _ = socket.set_tcp_keepalive(&keepalive);
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            let limit = Duration::from_millis(crate::limits::UNACKNOWLEDGED_MAX.0);
            let _ = socket.set_tcp_user_timeout(Some(limit));
        }
    }

    /// How far the attempt of [`Stream::connect`] is.
    pub(super) fn attempt(&self) -> Attempt {
        match self.socket.take_error() {
            Ok(Some(error)) | Err(error) => return Attempt::Failed(connect_error(&error)),
            Ok(None) => {}
        }
        match self.socket.peer_addr() {
            Ok(_) => Attempt::Stands,
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Attempt::Waiting,
            Err(error) => Attempt::Failed(connect_error(&error)),
        }
    }

    /// Reads once.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Read {
        let broken = self.writing == Writing::Broken;
        loop {
            return match self.socket.read(buffer) {
                Ok(0) if broken => Read::Over(Lost::Broken),
                Ok(0) => Read::Over(Lost::Ended),
                Ok(count) => Read::Bytes(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && !broken => Read::Nothing,
                Err(_) => Read::Over(Lost::Broken),
            };
        }
    }

    /// Puts bytes behind those that wait; true when nothing else will bring them on their way, so
    /// that the caller must see to a [`Stream::flush`].
    pub(super) fn queue(&mut self, bytes: Vec<u8>) -> bool {
        let first = self.out.is_empty();
        match self.writing {
            Writing::Broken => return false,
            Writing::Free if first => self.out = VecDeque::from(bytes),
            Writing::Free | Writing::Blocked => self.out.extend(&bytes),
        }
        first && !self.out.is_empty()
    }

    /// Bytes that wait.
    pub(super) fn queued(&self) -> usize {
        self.out.len()
    }

    /// Bytes of memory beside the struct itself.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.out.capacity()
    }

    /// Lets the system hold little for us.
    #[cfg(test)]
    pub(super) fn narrow(&self) {
        SockRef::from(&self.socket).set_send_buffer_size(16 << 10).unwrap();
    }

    /// Whether there is any use in writing or waiting to write.
    pub(super) fn is_broken(&self) -> bool {
        self.writing == Writing::Broken
    }

    /// The system says that there is room again.
    pub(super) fn unblock(&mut self) {
        if self.writing == Writing::Blocked {
            self.writing = Writing::Free;
        }
    }

    /// Writes what waits, as far as the system takes it; true when it took anything.
    pub(super) fn flush(&mut self) -> bool {
        let before = self.out.len();
        while self.writing == Writing::Free && !self.out.is_empty() {
            let (front, back) = self.out.as_slices();
            match self.socket.write_vectored(&[IoSlice::new(front), IoSlice::new(back)]) {
                Ok(count) => drop(self.out.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.writing = Writing::Blocked;
                }
                Err(_) => {
                    self.writing = Writing::Broken;
                    self.out = VecDeque::new();
                    return false;
                }
            }
        }
        if self.out.is_empty() {
            // Twenty thousand idle connections must not each keep the memory of their busiest hour.
            self.out = VecDeque::new();
        }
        self.out.len() < before
    }

    /// Says that no more bytes come.
    pub(super) fn end(&self) {
        // It fails only when the other side is gone, which the next read tells.
        let _ = self.socket.shutdown(Shutdown::Write);
    }
}

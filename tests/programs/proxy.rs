//! Somebody between two programs, who understands where hellos and records begin and end.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A way that bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From who dialled.
    There,
    /// To who dialled.
    Back,
}

/// What the proxy does, once, to one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Nothing.
    Watch,
    /// Flips one bit of the byte at this place of the stream.
    Flip { at: usize, bit: u8 },
    /// Lets so many bytes pass, then ends both ways.
    Cut { after: usize },
    /// Takes out the record of this number.
    Drop(usize),
    /// Sends it twice.
    Repeat(usize),
    /// Sends the one after it first.
    Swap(usize),
    /// Sends it back to where it came from.
    Reflect(usize),
}

/// How many bytes went either way, and where the pieces began: the hello, the proof, each record.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) pieces: [Vec<usize>; 2],
    pub(crate) bytes: [usize; 2],
}

/// A listener that passes one connection on to `target`; gives its address, and what it will have
/// seen.
pub(crate) fn proxy(target: SocketAddr, way: Way, deed: Deed) -> (SocketAddr, Arc<Mutex<Seen>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let watched = seen.clone();
    thread::spawn(move || {
        let (dialler, _) = listener.accept().unwrap();
        let answerer = TcpStream::connect(target).unwrap();
        for stream in [&dialler, &answerer] {
            stream.set_nodelay(true).unwrap();
        }
        let ends = |way: Way| match way {
            Way::There => (dialler.try_clone().unwrap(), answerer.try_clone().unwrap()),
            Way::Back => (answerer.try_clone().unwrap(), dialler.try_clone().unwrap()),
        };
        let pumps = [Way::There, Way::Back].map(|one| {
            let (from, to) = ends(one);
            let deed = if one == way { deed } else { Deed::Watch };
            let mut pump = Pump { way: one, deed, from, to, done: 0, number: 0, held: None };
            let seen = watched.clone();
            thread::spawn(move || pump.run(&seen))
        });
        for pump in pumps {
            pump.join().unwrap();
        }
    });
    (at, seen)
}

struct Pump {
    way: Way,
    deed: Deed,
    from: TcpStream,
    to: TcpStream,
    /// Bytes passed on.
    done: usize,
    /// The number of the next record.
    number: usize,
    /// A record that waits for the one after it.
    held: Option<Vec<u8>>,
}

impl Pump {
    fn run(&mut self, seen: &Mutex<Seen>) {
        let mut waiting = Vec::new();
        let mut buffer = [0; 16 * 1024];
        let (mut pieces, mut total) = (0, 0);
        // An end, an error, or the end of the deed.
        while let Ok(count @ 1..) = self.from.read(&mut buffer) {
            waiting.extend_from_slice(&buffer[..count]);
            while let Some(len) = self.piece(pieces, &waiting) {
                let rest = waiting.split_off(len);
                let piece = std::mem::replace(&mut waiting, rest);
                let mut seen = seen.lock().unwrap();
                seen.pieces[self.way as usize].push(total);
                total += len;
                seen.bytes[self.way as usize] = total;
                drop(seen);
                if !self.pass(piece, self.is_record(pieces)) {
                    // Both ways, at once.
                    let _ = self.to.shutdown(Shutdown::Both);
                    let _ = self.from.shutdown(Shutdown::Both);
                    return;
                }
                pieces += 1;
            }
        }
        let _ = self.to.write_all(&waiting);
        let _ = self.to.shutdown(Shutdown::Write);
    }

    fn is_record(&self, pieces: usize) -> bool {
        pieces >= if self.way == Way::There { 2 } else { 1 }
    }

    /// How many bytes the piece at the start of `bytes` has, once it is whole.
    fn piece(&self, pieces: usize, bytes: &[u8]) -> Option<usize> {
        let len = if pieces == 0 {
            6 + usize::from(u16::from_be_bytes([*bytes.get(4)?, *bytes.get(5)?]))
        } else if !self.is_record(pieces) {
            // The proof that ends OPAQUE: KE3.
            64
        } else {
            let head = bytes.get(..3)?;
            4 + usize::from(head[0]) * 65_536
                + usize::from(head[1]) * 256
                + usize::from(head[2])
                + 32
        };
        (bytes.len() >= len).then_some(len)
    }

    /// Passes a piece on, in the proxy's way; `false` when that was the end.
    fn pass(&mut self, mut piece: Vec<u8>, is_record: bool) -> bool {
        let start = self.done;
        self.done += piece.len();
        match self.deed {
            Deed::Flip { at, bit } if (start..self.done).contains(&at) => {
                piece[at - start] ^= 1 << bit;
                let sent = self.to.write_all(&piece).is_ok();
                // A length that grew makes the other side wait for more: here nothing follows.
                let is_length = is_record && at - start < 3 || start == 0 && (4..6).contains(&at);
                sent && !is_length
            }
            Deed::Cut { after } if after < self.done => {
                piece.truncate(after - start);
                let _ = self.to.write_all(&piece);
                false
            }
            Deed::Watch | Deed::Flip { .. } | Deed::Cut { .. } => self.to.write_all(&piece).is_ok(),
            Deed::Drop(wanted)
            | Deed::Repeat(wanted)
            | Deed::Swap(wanted)
            | Deed::Reflect(wanted) => self.pass_record(piece, is_record, wanted),
        }
    }

    /// The same, for what is done to whole records.
    fn pass_record(&mut self, mut piece: Vec<u8>, is_record: bool, wanted: usize) -> bool {
        let number = self.number;
        self.number += usize::from(is_record);
        if !is_record || number != wanted {
            piece.extend(self.held.take().unwrap_or_default());
            return self.to.write_all(&piece).is_ok();
        }
        let sent = match self.deed {
            Deed::Repeat(_) => self.to.write_all(&piece.repeat(2)),
            Deed::Reflect(_) => self.from.write_all(&piece),
            Deed::Swap(_) => {
                self.held = Some(piece);
                Ok(())
            }
            Deed::Drop(_) | Deed::Watch | Deed::Flip { .. } | Deed::Cut { .. } => Ok(()),
        };
        sent.is_ok()
    }
}

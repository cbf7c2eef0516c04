//! The beginning of a stream that the receiver has already: held against its digest.

use std::cmp::Ordering;

use hallway::limits::{FILE_CHECK_BYTES, STREAM_MESSAGE_WEIGHT};
use hallway::message::files::Have;
use hallway::prefix::Prefix;

use super::stream::{Step, Stream};

/// A stream that is read, and not sent, up to where the receiver has got.
pub(super) struct Passing {
    stream: Box<Stream>,
    have: Have,
    prefix: Prefix,
}

/// How far that is.
pub(super) enum Passed {
    /// So many bytes further.
    On(Box<Passing>),
    /// The receiver has the same: the stream goes on here.
    Same(Box<Stream>, Have),
    /// It has not.
    Different,
}

impl Passing {
    pub(super) fn new(stream: Box<Stream>, have: Have) -> Box<Self> {
        Box::new(Self { stream, have, prefix: Prefix::default() })
    }

    /// Reads on for a moment; also says how many bytes that were.
    pub(super) fn go_on(mut self: Box<Self>) -> (u64, Passed) {
        let mut bytes = 0;
        let mut weight = 0;
        while weight < FILE_CHECK_BYTES as u64 {
            let wanted = (self.have.entries, self.have.chunks);
            match self.prefix.reached().cmp(&wanted) {
                Ordering::Less => {}
                Ordering::Equal if self.prefix.digest() == self.have.digest => {
                    return (bytes, Passed::Same(self.stream, self.have));
                }
                // That many chunks this entry has not got.
                Ordering::Equal | Ordering::Greater => return (bytes, Passed::Different),
            }
            match self.stream.next() {
                Step::Entry(entry) => {
                    self.prefix.entry(&entry);
                    weight += STREAM_MESSAGE_WEIGHT;
                }
                Step::Bytes(read, chunk) => {
                    bytes += read.len() as u64;
                    weight += read.len() as u64;
                    chunk.iter().for_each(|chunk| {
                        self.prefix.chunk(chunk);
                    });
                }
                Step::LeftOut(..) => weight += STREAM_MESSAGE_WEIGHT,
                Step::Broken(..) | Step::End | Step::Lost(_) => return (bytes, Passed::Different),
            }
        }
        (bytes, Passed::On(self))
    }
}

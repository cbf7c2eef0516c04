//! An authenticated connection: bytes in, messages and bytes of files out, and the other way round.

use crate::limits;
use crate::message::Message;
use crate::reason::{CloseReason, PeerFault};
use crate::record::{Opener, RecordKind, SealError, Sealer};
use crate::time::Millis;

/// Both directions of one connection, after the handshake.
pub struct Channel {
    sealer: Sealer,
    opener: Opener,
    takes_files: bool,
    /// The other side has said its last word.
    is_over: bool,
}

/// What came in.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A message.
    Message(Message),
    /// The number of a transfer, and bytes of it: at least one, at most
    /// [`limits::FILE_RECORD_BYTES`].
    Bulk(u64, &'a [u8]),
    /// The other side's last word; nothing after it counts.
    Closed(CloseReason),
}

impl Channel {
    pub(crate) fn new(sealer: Sealer, opener: Opener) -> Self {
        Self { sealer, opener, takes_files: false, is_over: false }
    }

    /// Appends `message`, sealed, to `out`.
    ///
    /// # Errors
    /// The message is too long for a record, or the connection has carried 2^48 records.
    pub fn send(
        &mut self,
        now: Millis,
        message: &Message,
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        self.send_encoded(now, &message.encode(), out)
    }

    /// The same for a message that many get: encoded once, sealed for each.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn send_encoded(
        &mut self,
        now: Millis,
        message: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        self.sealer.seal(now, RecordKind::Message, message, out)
    }

    /// Appends `bytes` of the transfer with this number, sealed, to `out`. No bytes, no record.
    ///
    /// # Errors
    /// More than [`limits::FILE_RECORD_BYTES`], or the connection has carried 2^48 records.
    pub fn send_bulk(
        &mut self,
        now: Millis,
        number: u64,
        bytes: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        match bytes.len() {
            0 => Ok(()),
            1..=limits::FILE_RECORD_BYTES => {
                // payload = number:u64 BE ‖ bytes
                let number = number.to_be_bytes();
                self.sealer.seal_joined(now, RecordKind::Bulk, [&number, bytes], out)
            }
            _ => Err(SealError::TooLong),
        }
    }

    /// Appends the last word to `out`; the connection is to be closed after it.
    pub fn close(&mut self, now: Millis, reason: CloseReason, out: &mut Vec<u8>) {
        // Sealing one byte fails only when the connection is used up: then the end comes unsaid.
        let _ = self.sealer.seal(now, RecordKind::Close, &[reason.code()], out);
    }

    /// From now on messages may be as long as those of a community's list.
    pub(crate) fn allow_lists(&mut self) {
        self.opener.allow_lists();
    }

    /// From now on bytes of files may come.
    pub(crate) fn allow_files(&mut self) {
        self.takes_files = true;
        self.opener.allow_bulk();
    }

    /// Takes bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.is_over {
            self.opener.push(bytes);
        }
    }

    /// What has come in whole next. After [`Incoming::Closed`] there is nothing.
    ///
    /// # Errors
    /// On the first bad record or message; the connection must then be dropped.
    pub fn poll(&mut self) -> Result<Option<Incoming<'_>>, PeerFault> {
        if self.is_over {
            return Ok(None);
        }
        let Some((kind, payload)) = self.opener.next().map_err(|_| PeerFault::ForgedRecord)? else {
            return Ok(None);
        };
        let incoming = match kind {
            RecordKind::Message => Message::decode(payload).ok().map(Incoming::Message),
            RecordKind::Close => {
                self.is_over = true;
                let closed = |code| Incoming::Closed(CloseReason::from_code(code));
                if let [code] = *payload { Some(closed(code)) } else { None }
            }
            RecordKind::Bulk if self.takes_files => bulk(payload),
            // Re-keying is the opener's.
            RecordKind::KeyUpdate | RecordKind::Bulk => return Err(PeerFault::UnexpectedMessage),
        };
        incoming.map(Some).ok_or(PeerFault::MalformedMessage)
    }
}

/// payload = number:u64 BE ‖ bytes
fn bulk(payload: &[u8]) -> Option<Incoming<'_>> {
    let (number, bytes) = payload.split_first_chunk()?;
    let fits = (1..=limits::FILE_RECORD_BYTES).contains(&bytes.len());
    fits.then(|| Incoming::Bulk(u64::from_be_bytes(*number), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::DirectionKeys;

    const NOW: Millis = Millis(0);

    fn keys() -> DirectionKeys {
        DirectionKeys::new([1; 32], [2; 32])
    }

    /// One end; the other is the same, since both directions have the same keys here.
    fn end() -> Channel {
        Channel::new(Sealer::new(keys(), NOW), Opener::new(keys()))
    }

    fn end_that_takes_files() -> Channel {
        let mut end = end();
        end.allow_files();
        end
    }

    #[test]
    fn bytes_of_files_come_between_messages_in_the_order_they_were_sent() {
        let (mut from, mut to) = (end(), end_that_takes_files());
        let most = vec![7; limits::FILE_RECORD_BYTES];
        let mut wire = Vec::new();
        from.send_bulk(NOW, 1, b"x", &mut wire).unwrap();
        from.send(NOW, &Message::Accepted, &mut wire).unwrap();
        from.send_bulk(NOW, u64::MAX, &most, &mut wire).unwrap();
        from.close(NOW, CloseReason::Bye, &mut wire);
        from.send_bulk(NOW, 1, b"after the last word", &mut wire).unwrap();

        to.push(&wire);
        assert_eq!(to.poll(), Ok(Some(Incoming::Bulk(1, b"x"))));
        assert_eq!(to.poll(), Ok(Some(Incoming::Message(Message::Accepted))));
        assert_eq!(to.poll(), Ok(Some(Incoming::Bulk(u64::MAX, &most))));
        assert_eq!(to.poll(), Ok(Some(Incoming::Closed(CloseReason::Bye))));
        assert_eq!(to.poll(), Ok(None));
        to.push(&wire);
        assert_eq!(to.poll(), Ok(None));
    }

    #[test]
    fn a_record_of_bulk_is_the_number_and_then_the_bytes() {
        let (mut wire, mut opener) = (Vec::new(), Opener::new(keys()));
        end().send_bulk(NOW, 0x0102_0304_0506_0708, b"abc", &mut wire).unwrap();
        opener.push(&wire);
        let payload = b"\x01\x02\x03\x04\x05\x06\x07\x08abc".as_slice();
        assert_eq!(opener.next(), Ok(Some((RecordKind::Bulk, payload))));
    }

    #[test]
    fn neither_no_bytes_nor_too_many_become_a_record() {
        let mut wire = Vec::new();
        assert_eq!(end().send_bulk(NOW, 1, &[], &mut wire), Ok(()));
        let too_many = vec![7; limits::FILE_RECORD_BYTES + 1];
        assert_eq!(end().send_bulk(NOW, 1, &too_many, &mut wire), Err(SealError::TooLong));
        assert!(wire.is_empty());
    }

    #[test]
    fn bytes_of_files_have_no_place_before_they_are_allowed() {
        for (bytes, fault) in [(10, PeerFault::UnexpectedMessage), (5_000, PeerFault::ForgedRecord)]
        {
            let (mut from, mut to) = (end(), end());
            let mut wire = Vec::new();
            from.send_bulk(NOW, 1, &vec![7; bytes], &mut wire).unwrap();
            to.push(&wire);
            assert_eq!(to.poll(), Err(fault), "{bytes} bytes");
        }
    }

    #[test]
    fn bulk_without_bytes_or_with_too_many_is_malformed() {
        let most = 8 + limits::FILE_RECORD_BYTES;
        for (payload, is_good) in
            [(0, false), (7, false), (8, false), (9, true), (most, true), (most + 1, false)]
        {
            let (mut sealer, mut to) = (Sealer::new(keys(), NOW), end_that_takes_files());
            let mut wire = Vec::new();
            sealer.seal(NOW, RecordKind::Bulk, &vec![7; payload], &mut wire).unwrap();
            to.push(&wire);
            match to.poll() {
                Ok(Some(Incoming::Bulk(0x0707_0707_0707_0707, bytes))) if is_good => {
                    assert_eq!(bytes.len(), payload - 8);
                }
                other => {
                    assert!(!is_good, "{payload} bytes: {other:?}");
                    assert_eq!(other, Err(PeerFault::MalformedMessage));
                }
            }
        }
    }
}

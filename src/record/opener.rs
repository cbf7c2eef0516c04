//! The receiving half of one direction.

use super::cipher::{Cipher, Mismatch};
use super::{DirectionKeys, HEADER_BYTES, INNER_HEADER_BYTES, RecordError, RecordKind, TAG_BYTES};
use crate::limits;
use std::ops::Range;

/// Opens the records of a byte stream that arrives cut at any place.
///
/// After each [`Opener::push`], call [`Opener::next`] until it says `Ok(None)` or fails: then the
/// buffer is down to room for a few records like the partial one, or to no memory at all. After an
/// error the opener has wiped its keys and gives that same error for ever.
pub struct Opener {
    state: State,
    /// What has come and is not consumed starts at `consumed`.
    buffer: Vec<u8>,
    consumed: usize,
    record_bytes_max: usize,
    message_bytes_max: usize,
    records_max: u64,
    opened: u64,
}

enum State {
    Open(Cipher),
    Dead(RecordError),
}

/// A record opened in place: its kind, where its payload lies in the buffer, where it ends.
struct Opened {
    kind: RecordKind,
    payload: Range<usize>,
}

impl Opener {
    /// Starts a direction. Records above `limits::MESSAGE_RECORD_BYTES_MAX` are refused until
    /// [`Opener::allow_lists`] or [`Opener::allow_bulk`].
    pub fn new(keys: DirectionKeys) -> Self {
        Self {
            state: State::Open(Cipher::new(keys)),
            buffer: Vec::new(),
            consumed: 0,
            record_bytes_max: limits::MESSAGE_RECORD_BYTES_MAX,
            message_bytes_max: limits::MESSAGE_RECORD_BYTES_MAX,
            records_max: limits::RECORDS_MAX,
            opened: 0,
        }
    }

    /// From now on a record may have `limits::LIST_RECORD_BYTES_MAX` bytes of ciphertext, if it
    /// carries a message.
    pub fn allow_lists(&mut self) {
        self.record_bytes_max = self.record_bytes_max.max(limits::LIST_RECORD_BYTES_MAX);
        self.message_bytes_max = limits::LIST_RECORD_BYTES_MAX;
    }

    /// From now on a record may have `limits::RECORD_BYTES_MAX` bytes of ciphertext, if its kind is
    /// bulk.
    pub fn allow_bulk(&mut self) {
        self.record_bytes_max = limits::RECORD_BYTES_MAX;
    }

    /// Takes bytes as they came from the network.
    ///
    /// At most one partial record and the bytes of one push are held. A caller that pushes on
    /// while more than a whole record lies unread loses the stream: the next call of `next` is
    /// `TooLong`.
    pub fn push(&mut self, bytes: &[u8]) {
        if matches!(self.state, State::Dead(_)) {
            return;
        }
        self.buffer.drain(..self.consumed);
        self.consumed = 0;
        if self.buffer.len() > HEADER_BYTES + self.record_bytes_max + TAG_BYTES {
            self.die(RecordError::TooLong);
            return;
        }
        // Doubled, it would be more than is kept.
        self.buffer.reserve_exact(bytes.len());
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole record, in order: its kind and payload. `Ok(None)`: more bytes are needed.
    ///
    /// Key updates are followed inside and not returned.
    ///
    /// # Errors
    /// The first record that is not what the peer sealed next; the same for ever after.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend its buffer")]
    pub fn next(&mut self) -> Result<Option<(RecordKind, &[u8])>, RecordError> {
        loop {
            match self.open_next() {
                Ok(Some(Opened { kind: RecordKind::KeyUpdate, .. })) => self.follow_key_update(),
                Ok(Some(Opened { kind, payload })) => {
                    let (head, _) = self.buffer.split_at(payload.end);
                    let (_, payload) = head.split_at(payload.start);
                    return Ok(Some((kind, payload)));
                }
                Ok(None) => {
                    self.give_back();
                    return Ok(None);
                }
                Err(error) => {
                    self.die(error);
                    return Err(error);
                }
            }
        }
    }

    /// Records so far, over all keys, key updates included.
    pub fn opened(&self) -> u64 {
        self.opened
    }

    fn open_next(&mut self) -> Result<Option<Opened>, RecordError> {
        let cipher = match &mut self.state {
            State::Open(cipher) => cipher,
            State::Dead(error) => return Err(*error),
        };
        let (_, unread) = self.buffer.split_at_mut(self.consumed);
        // wire = len:u24 BE ‖ flags:u8 ‖ ct[len] ‖ tag[32]
        let Some((&mut header, rest)) = unread.split_first_chunk_mut::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let ct_bytes = ciphertext_bytes(header);
        if ct_bytes > self.record_bytes_max {
            return Err(RecordError::TooLong);
        }
        let [_, _, _, flags] = header;
        if ct_bytes < INNER_HEADER_BYTES
            || flags != cipher.flags()
            || self.opened >= self.records_max
        {
            return Err(RecordError::Forged);
        }
        let Some((body, _)) = rest.split_at_mut_checked(ct_bytes + TAG_BYTES) else {
            return Ok(None);
        };
        let inner = cipher.open_in_place(header, body).map_err(|Mismatch| RecordError::Forged)?;
        let (kind, payload_bytes) =
            parse(inner, self.message_bytes_max).ok_or(RecordError::Forged)?;

        let start = self.consumed + HEADER_BYTES + INNER_HEADER_BYTES;
        self.consumed += HEADER_BYTES + ct_bytes + TAG_BYTES;
        self.opened += 1;
        Ok(Some(Opened { kind, payload: start..start + payload_bytes }))
    }

    fn follow_key_update(&mut self) {
        if let State::Open(cipher) = &mut self.state {
            cipher.rekey();
        }
    }

    /// Keeps little more memory than the record that is coming in needs: most of 20,000 connections
    /// are idle between two records, and must then hold nothing.
    fn give_back(&mut self) {
        let (_, unread) = self.buffer.split_at(self.consumed);
        if unread.is_empty() {
            self.buffer = Vec::new();
            self.consumed = 0;
            return;
        }
        let needed = match unread.first_chunk::<HEADER_BYTES>() {
            Some(&header) => HEADER_BYTES + ciphertext_bytes(header) + TAG_BYTES,
            None => HEADER_BYTES,
        };
        // A stream of bulk must not ask the allocator at every record, nor at every read, which
        // brings two.
        let takes_bulk = self.record_bytes_max == limits::RECORD_BYTES_MAX;
        let kept = if takes_bulk { 4 * needed } else { 2 * needed };
        if self.buffer.capacity() > kept {
            self.buffer.drain(..self.consumed);
            self.consumed = 0;
            self.buffer.shrink_to(needed);
        }
    }

    /// Drops the keys, which wipes them, and the bytes.
    fn die(&mut self, error: RecordError) {
        self.state = State::Dead(error);
        self.buffer = Vec::new();
        self.consumed = 0;
    }
}

/// len:u24 BE
fn ciphertext_bytes([l2, l1, l0, _]: [u8; HEADER_BYTES]) -> usize {
    usize::from(l2) << 16 | usize::from(l1) << 8 | usize::from(l0)
}

/// Checks what was sealed: kind, and how many bytes of payload follow the inner header.
fn parse(inner: &[u8], message_bytes_max: usize) -> Option<(RecordKind, usize)> {
    // inner = type:u8 ‖ pad_len:u16 BE ‖ payload ‖ zeros[pad_len]
    let (&[kind, p1, p0], rest) = inner.split_first_chunk::<INNER_HEADER_BYTES>()?;
    let kind = RecordKind::from_byte(kind)?;
    let is_message = kind == RecordKind::Message;
    let bytes_max = if is_message { message_bytes_max } else { kind.bytes_max() };
    if inner.len() > bytes_max {
        return None;
    }
    let payload_bytes = rest.len().checked_sub(usize::from(u16::from_be_bytes([p1, p0])))?;
    let (_, padding) = rest.split_at(payload_bytes);
    if padding.iter().any(|&byte| byte != 0) {
        return None;
    }
    // "KEYUPDATE record (empty payload)"
    if kind == RecordKind::KeyUpdate && payload_bytes > 0 {
        return None;
    }
    Some((kind, payload_bytes))
}

#[cfg(test)]
mod tests {
    use super::super::Sealer;
    use super::*;
    use crate::time::Millis;

    fn keys() -> DirectionKeys {
        DirectionKeys::new([1; 32], [2; 32])
    }

    fn stream(kind: RecordKind, payloads: &[&[u8]]) -> Vec<u8> {
        let mut sealer = Sealer::new(keys(), Millis(0));
        let mut out = Vec::new();
        for payload in payloads {
            sealer.seal(Millis(0), kind, payload, &mut out).unwrap();
        }
        out
    }

    #[test]
    fn an_idle_opener_holds_no_memory() {
        let mut opener = Opener::new(keys());
        assert_eq!(opener.buffer.capacity(), 0);
        opener.push(&stream(RecordKind::Message, &[b"one", b"two"]));
        assert!(opener.buffer.capacity() > 0);
        while opener.next().unwrap().is_some() {}
        assert_eq!(opener.opened(), 2);
        assert_eq!(opener.buffer.capacity(), 0);
    }

    #[test]
    fn one_byte_of_the_next_record_does_not_keep_the_memory_of_a_large_push() {
        let one = stream(RecordKind::Message, &[b"one"]);
        let large = stream(RecordKind::Message, &vec![b"one".as_slice(); 600]);
        for cut in [one.len() * 599 + 1, one.len() * 599 + 5] {
            let mut opener = Opener::new(keys());
            opener.push(&large[..cut]);
            while opener.next().unwrap().is_some() {}
            assert!(opener.buffer.capacity() <= 200, "{}", opener.buffer.capacity());
            opener.push(&large[cut..]);
            assert_eq!(opener.next(), Ok(Some((RecordKind::Message, b"one".as_slice()))));
        }
    }

    #[test]
    fn a_declared_length_reserves_nothing() {
        let mut opener = Opener::new(keys());
        opener.allow_bulk();
        opener.push(&[0, 0xff, 0xf4, 0]);
        assert_eq!(opener.next(), Ok(None));
        assert!(opener.buffer.capacity() <= 64, "{}", opener.buffer.capacity());
    }

    #[test]
    fn a_length_above_the_limit_is_refused_from_the_header_alone() {
        let allowed = |bulk: bool, header: [u8; 4]| {
            let mut opener = Opener::new(keys());
            if bulk {
                opener.allow_bulk();
            }
            opener.push(&header);
            opener.next().map(|_| ())
        };
        assert_eq!(allowed(false, [0, 0x10, 0x00, 0]), Ok(()));
        assert_eq!(allowed(false, [0, 0x10, 0x01, 0]), Err(RecordError::TooLong));
        assert_eq!(allowed(true, [0, 0xff, 0xf4, 0]), Ok(()));
        assert_eq!(allowed(true, [0, 0xff, 0xf5, 0]), Err(RecordError::TooLong));
        assert_eq!(allowed(true, [0xff, 0xff, 0xff, 0]), Err(RecordError::TooLong));
        assert_eq!(allowed(false, [0, 0, 3, 0]), Ok(()));
        assert_eq!(allowed(false, [0, 0, 2, 0]), Err(RecordError::Forged));
        assert_eq!(allowed(false, [0, 0, 0, 0]), Err(RecordError::Forged));
    }

    #[test]
    fn a_dead_opener_stays_dead_and_takes_nothing() {
        let good = stream(RecordKind::Message, &[b"one"]);
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 1;
        let mut opener = Opener::new(keys());
        opener.push(&bad);
        assert_eq!(opener.next(), Err(RecordError::Forged));
        opener.push(&good);
        assert_eq!(opener.buffer.capacity(), 0);
        assert_eq!(opener.next(), Err(RecordError::Forged));
        assert_eq!(opener.opened(), 0);
    }

    #[test]
    fn pushing_without_reading_cannot_fill_the_memory() {
        let chunk = stream(RecordKind::Message, &[&[7; 4_000], &[7; 4_000]]);
        let mut opener = Opener::new(keys());
        for _ in 0..100 {
            opener.push(&chunk);
            assert!(opener.buffer.len() <= 4_132 + chunk.len());
        }
        assert_eq!(opener.next(), Err(RecordError::TooLong));
    }

    #[test]
    fn a_direction_carries_its_number_of_records_and_no_more() {
        let mut opener = Opener::new(keys());
        opener.records_max = 2;
        opener.push(&stream(RecordKind::Close, &[b"one", b"two", b"three"]));
        assert_eq!(opener.next(), Ok(Some((RecordKind::Close, b"one".as_slice()))));
        assert_eq!(opener.next(), Ok(Some((RecordKind::Close, b"two".as_slice()))));
        assert_eq!(opener.next(), Err(RecordError::Forged));
        assert_eq!(opener.opened(), 2);
    }

    #[test]
    fn a_list_is_opened_once_it_is_allowed_and_bulk_is_still_refused() {
        let payload = vec![7; 16_381];
        let wire = stream(RecordKind::Message, &[&payload]);
        let mut opener = Opener::new(keys());
        opener.push(&wire);
        assert_eq!(opener.next(), Err(RecordError::TooLong));

        let mut opener = Opener::new(keys());
        opener.allow_lists();
        opener.push(&wire);
        assert_eq!(opener.next(), Ok(Some((RecordKind::Message, payload.as_slice()))));
        opener.push(&[0, 0x40, 0x01, 0]);
        assert_eq!(opener.next(), Err(RecordError::TooLong));
    }

    #[test]
    fn bulk_is_opened_once_it_is_allowed() {
        let payload = vec![7; 65_521];
        let wire = stream(RecordKind::Bulk, &[&payload]);
        let mut opener = Opener::new(keys());
        opener.push(&wire);
        assert_eq!(opener.next(), Err(RecordError::TooLong));

        let mut opener = Opener::new(keys());
        opener.allow_bulk();
        opener.push(&wire);
        assert_eq!(opener.next(), Ok(Some((RecordKind::Bulk, payload.as_slice()))));
        assert_eq!(opener.next(), Ok(None));
        assert_eq!(opener.buffer.capacity(), 0);
    }
}

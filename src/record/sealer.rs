//! The sending half of one direction.

use super::cipher::Cipher;
use super::{DirectionKeys, HEADER_BYTES, INNER_HEADER_BYTES, RecordKind, SealError, TAG_BYTES};
use crate::limits;
use crate::time::Millis;

/// Seals payloads into records, in order, and replaces its keys when they are due.
///
/// It owns the keys and the count; it cannot be cloned, so no two records share a nonce.
pub struct Sealer {
    cipher: Cipher,
    epoch_began: Millis,
    epoch_bytes: u64,
    sealed: u64,
    thresholds: Thresholds,
}

/// When keys are replaced and when a direction ends; smaller in tests only.
struct Thresholds {
    rekey_records: u64,
    rekey_bytes: u64,
    rekey_age: Millis,
    records_max: u64,
}

impl Sealer {
    /// Starts a direction; the age of the keys counts from `now`.
    pub fn new(keys: DirectionKeys, now: Millis) -> Self {
        Self::with_thresholds(keys, now, Thresholds::PROTOCOL)
    }

    fn with_thresholds(keys: DirectionKeys, now: Millis, thresholds: Thresholds) -> Self {
        let cipher = Cipher::new(keys);
        Self { cipher, epoch_began: now, epoch_bytes: 0, sealed: 0, thresholds }
    }

    /// Appends the record of `payload` to `out`, and before it a key update if one is due.
    ///
    /// A `KeyUpdate` given as `kind`, with an empty payload, replaces the keys at once. What is
    /// appended must be sent, all and in this order: the count has gone on.
    ///
    /// # Errors
    /// `TooLong`: a message above 16,381 bytes (only a community's may have more than 4,093), a
    /// close payload above 4,093, bulk above 65,521, a key update above 0. `Exhausted`: no more
    /// records on this connection. `out` is untouched then.
    pub fn seal(
        &mut self,
        now: Millis,
        kind: RecordKind,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        self.seal_joined(now, kind, [payload, &[]], out)
    }

    /// The same for a payload in two pieces, which are joined in `out` and nowhere else.
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn seal_joined(
        &mut self,
        now: Millis,
        kind: RecordKind,
        payload: [&[u8]; 2],
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        let payload_bytes = payload.iter().map(|piece| piece.len()).sum();
        let inner_bytes = kind.inner_bytes(payload_bytes).ok_or(SealError::TooLong)?;
        if kind == RecordKind::KeyUpdate {
            self.reserve_records(1)?;
            self.append_key_update(now, out);
            return Ok(());
        }
        let rekey = self.rekey_is_due(now);
        self.reserve_records(1 + u64::from(rekey))?;
        if rekey {
            self.append_key_update(now, out);
        }
        self.append(kind, payload, inner_bytes, out);
        Ok(())
    }

    /// Records so far, over all keys, key updates included.
    pub fn sealed(&self) -> u64 {
        self.sealed
    }

    fn rekey_is_due(&self, now: Millis) -> bool {
        self.cipher.seq() >= self.thresholds.rekey_records
            || self.epoch_bytes >= self.thresholds.rekey_bytes
            || now - self.epoch_began >= self.thresholds.rekey_age
    }

    fn reserve_records(&self, count: u64) -> Result<(), SealError> {
        if self.sealed + count > self.thresholds.records_max {
            return Err(SealError::Exhausted);
        }
        Ok(())
    }

    fn append_key_update(&mut self, now: Millis, out: &mut Vec<u8>) {
        // "Sealed with old keys; afterwards both sides" replace them.
        let [inner_bytes, ..] = limits::PADDED_BYTES;
        self.append(RecordKind::KeyUpdate, [&[], &[]], inner_bytes, out);
        self.cipher.rekey();
        self.epoch_began = now;
        self.epoch_bytes = 0;
    }

    fn append(
        &mut self,
        kind: RecordKind,
        [first, second]: [&[u8]; 2],
        inner_bytes: usize,
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        out.reserve(HEADER_BYTES + inner_bytes + TAG_BYTES);
        // wire = len:u24 BE ‖ flags:u8 ‖ ct[len] ‖ tag[32]
        let [_, l2, l1, l0] = narrow(inner_bytes).to_be_bytes();
        let header = [l2, l1, l0, self.cipher.flags()];
        out.extend_from_slice(&header);
        // inner = type:u8 ‖ pad_len:u16 BE ‖ payload ‖ zeros[pad_len]
        let bare = INNER_HEADER_BYTES + first.len() + second.len();
        let [_, _, p1, p0] = narrow(inner_bytes - bare).to_be_bytes();
        out.extend_from_slice(&[kind as u8, p1, p0]);
        out.extend_from_slice(first);
        out.extend_from_slice(second);
        out.resize(start + HEADER_BYTES + inner_bytes + TAG_BYTES, 0);

        let (_, body) = out.split_at_mut(start + HEADER_BYTES);
        self.cipher.seal_in_place(header, body);
        self.epoch_bytes += u64::from(narrow(inner_bytes));
        self.sealed += 1;
    }
}

/// A size inside a record as the number it is written with; all are below 2^16.
fn narrow(bytes: usize) -> u32 {
    debug_assert!(bytes <= limits::RECORD_BYTES_MAX);
    bytes as u32
}

impl Thresholds {
    const PROTOCOL: Self = Self {
        rekey_records: limits::REKEY_RECORDS,
        rekey_bytes: limits::REKEY_BYTES,
        rekey_age: limits::REKEY_AGE,
        records_max: limits::RECORDS_MAX,
    };
}

#[cfg(test)]
mod tests {
    use super::super::{Opener, RecordError};
    use super::*;

    const KEY_UPDATE_BYTES: usize = 64 + HEADER_BYTES + TAG_BYTES;

    fn keys() -> DirectionKeys {
        DirectionKeys::new([1; 32], [2; 32])
    }

    fn sealer(change: impl FnOnce(&mut Thresholds)) -> Sealer {
        let mut thresholds = Thresholds::PROTOCOL;
        change(&mut thresholds);
        Sealer::with_thresholds(keys(), Millis(0), thresholds)
    }

    /// Seals one short message; returns its wire bytes and those of a key update before it.
    fn seal(sealer: &mut Sealer, now: u64) -> Result<Vec<u8>, SealError> {
        let mut out = Vec::new();
        sealer.seal(Millis(now), RecordKind::Message, b"hello", &mut out).map(|()| out)
    }

    fn assert_all_open(stream: &[u8], messages: usize, records: u64) {
        let mut opener = Opener::new(keys());
        opener.push(stream);
        for _ in 0..messages {
            assert_eq!(opener.next(), Ok(Some((RecordKind::Message, b"hello".as_slice()))));
        }
        assert_eq!(opener.next(), Ok(None));
        assert_eq!(opener.opened(), records);
    }

    #[test]
    fn keys_are_replaced_after_so_many_records_and_the_peer_follows() {
        let mut sealer = sealer(|t| t.rekey_records = 3);
        let mut stream = Vec::new();
        let mut sizes = Vec::new();
        for _ in 0..8 {
            let wire = seal(&mut sealer, 0).unwrap();
            sizes.push(wire.len() / KEY_UPDATE_BYTES);
            stream.extend(wire);
        }
        assert_eq!(sizes, [1, 1, 1, 2, 1, 1, 2, 1]);
        assert_eq!(sealer.sealed(), 10);
        assert_all_open(&stream, 8, 10);
    }

    #[test]
    fn keys_are_replaced_after_so_many_bytes_and_the_peer_follows() {
        let mut sealer = sealer(|t| t.rekey_bytes = 128);
        let mut stream = Vec::new();
        for expected in [1, 1, 2, 1, 2] {
            let wire = seal(&mut sealer, 0).unwrap();
            assert_eq!(wire.len(), expected * KEY_UPDATE_BYTES);
            stream.extend(wire);
        }
        assert_all_open(&stream, 5, 7);
    }

    #[test]
    fn keys_are_replaced_when_old_at_the_next_record_and_the_peer_follows() {
        let mut sealer = Sealer::new(keys(), Millis(1_000));
        let age = limits::REKEY_AGE.0;
        let mut stream = Vec::new();
        for (now, expected) in
            [(1_000, 1), (1_000 + age - 1, 1), (1_000 + age, 2), (1_000 + age + 5, 1)]
        {
            let wire = seal(&mut sealer, now).unwrap();
            assert_eq!(wire.len(), expected * KEY_UPDATE_BYTES, "at {now}");
            stream.extend(wire);
        }
        assert_all_open(&stream, 4, 5);
    }

    #[test]
    fn a_key_update_asked_for_comes_once_even_if_one_is_due() {
        let mut sealer = sealer(|t| t.rekey_records = 1);
        let mut out = seal(&mut sealer, 0).unwrap();
        sealer.seal(Millis(0), RecordKind::KeyUpdate, &[], &mut out).unwrap();
        assert_eq!(out.len(), 2 * KEY_UPDATE_BYTES);
        assert_all_open(&out, 1, 2);
    }

    #[test]
    fn an_exhausted_direction_seals_nothing_more() {
        let mut sealer = sealer(|t| t.records_max = 2);
        let stream = [seal(&mut sealer, 0).unwrap(), seal(&mut sealer, 0).unwrap()].concat();
        assert_eq!(seal(&mut sealer, 0), Err(SealError::Exhausted));
        assert_eq!(seal(&mut sealer, 0), Err(SealError::Exhausted));
        assert_eq!(sealer.sealed(), 2);
        assert_all_open(&stream, 2, 2);
    }

    #[test]
    fn a_key_update_that_would_leave_no_room_for_its_record_is_not_written() {
        let mut sealer = sealer(|t| {
            t.rekey_records = 1;
            t.records_max = 2;
        });
        seal(&mut sealer, 0).unwrap();
        let mut out = b"queued before".to_vec();
        let refused = sealer.seal(Millis(0), RecordKind::Message, b"hello", &mut out);
        assert_eq!(refused, Err(SealError::Exhausted));
        assert_eq!(out, b"queued before");
    }

    #[test]
    fn a_payload_is_refused_exactly_one_byte_above_its_limit() {
        let mut sealer = sealer(|_| ());
        for (kind, most) in [
            (RecordKind::Message, 16_381),
            (RecordKind::Close, 4_093),
            (RecordKind::Bulk, 65_521),
            (RecordKind::KeyUpdate, 0),
        ] {
            let mut out = Vec::new();
            let payload = vec![7; most + 1];
            assert_eq!(
                sealer.seal(Millis(0), kind, &payload, &mut out),
                Err(SealError::TooLong),
                "{kind:?}"
            );
            assert!(out.is_empty());
            assert_eq!(sealer.seal(Millis(0), kind, &payload[1..], &mut out), Ok(()), "{kind:?}");
            assert!(!out.is_empty());
        }
    }

    #[test]
    fn the_old_keys_do_not_open_what_follows_a_key_update() {
        let mut sealer = sealer(|_| ());
        let mut update = Vec::new();
        sealer.seal(Millis(0), RecordKind::KeyUpdate, &[], &mut update).unwrap();
        let mut opener = Opener::new(keys());
        opener.push(&seal(&mut sealer, 0).unwrap());
        assert_eq!(opener.next(), Err(RecordError::Forged));
    }
}

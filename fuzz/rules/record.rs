//! Opening records: nothing is opened that was not sealed, next, whole and unchanged.
//!
//! The records are made by a second hand at the record layer, written from the specification, that
//! also seals what no sealer would: the fuzzer gets past the tags.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use hallway::labels;
use hallway::limits::{MESSAGE_RECORD_BYTES_MAX, RECORD_BYTES_MAX};
use hallway::record::{DirectionKeys, Opener, RecordError, RecordKind};

use super::script::Script;

/// Whether anything was opened.
pub fn check(bytes: &[u8]) -> bool {
    let mut script = Script::new(bytes);
    let is_bulk = script.byte() & 1 == 1;
    let piece_bytes = 1 + script.number();
    // Keys of its own for each input: a fuzzer sees what is compared, and would learn the tags.
    let keys = *blake3::hash(bytes).as_bytes();
    let mut hand = Hand::new(keys);
    let mut sealed = Vec::new();
    for _ in 0..script.below(12) {
        let inner = inner(&mut script);
        let wire = hand.seal(&inner);
        if meaning(&inner, true) == Ok(Meaning::KeyUpdate) {
            hand.rekey();
        }
        sealed.push((inner, wire));
    }
    let stream = tampered(&mut script, sealed.iter().map(|(_, wire)| wire.clone()).collect());
    let expected = expected(&sealed, &stream, is_bulk);

    let whole = open(keys, &stream, is_bulk, stream.len());
    assert_eq!(whole.got, expected.got);
    assert_eq!(whole.opened, expected.opened);
    if let Some(error) = expected.error {
        assert_eq!(whole.error, error);
    }
    // One byte at a time takes its time.
    let least = stream.len() / 500 + 1;
    let pieces = open(keys, &stream, is_bulk, piece_bytes.max(least));
    assert_eq!(pieces, whole, "by {piece_bytes}");
    !whole.got.is_empty()
}

/// The contents of a record, mostly legal ones.
fn inner(script: &mut Script<'_>) -> Vec<u8> {
    let kind = match script.byte() {
        choice @ 0..200 => choice % 4,
        other => other,
    };
    let payload = match script.byte() {
        0 => vec![script.byte(); script.place(MESSAGE_RECORD_BYTES_MAX + 8)],
        1 => vec![script.byte(); script.place(RECORD_BYTES_MAX + 8)],
        2 => return script.take(2).to_vec(),
        len => script.take(usize::from(len % 32)).to_vec(),
    };
    let padding = script.place(300);
    let said = match script.byte() {
        0 => script.number(),
        _ => padding,
    };
    let filling = if script.byte() == 7 { 1 } else { 0 };
    let [.., high, low] = said.to_be_bytes();
    [&[kind, high, low], payload.as_slice(), &vec![filling; padding]].concat()
}

/// Records changed on their way.
fn tampered(script: &mut Script<'_>, mut records: Vec<Vec<u8>>) -> Vec<u8> {
    for _ in 0..script.below(6) {
        let (at, other) = (script.below(records.len()), script.below(records.len()));
        if records.is_empty() {
            break;
        }
        match script.below(8) {
            0 => drop(records.remove(at)),
            1 => records.swap(at, other),
            2 => records.insert(at, records[other].clone()),
            3 => records.insert(at, script.take(40).to_vec()),
            4 => records.truncate(at + 1),
            5 => {
                let len = script.place(records[at].len());
                records[at].truncate(len);
            }
            6 => {
                let place = script.place(records[at].len());
                if let Some(byte) = records[at].get_mut(place) {
                    *byte ^= 1 << script.below(8);
                }
            }
            // In the header and the first bytes, where lengths are.
            _ => {
                let place = script.below(8);
                if let Some(byte) = records[at].get_mut(place) {
                    *byte = script.byte();
                }
            }
        }
    }
    let mut stream = records.concat();
    if script.byte() == 1 {
        stream.extend_from_slice(script.rest());
    }
    stream
}

/// What came of a stream.
#[derive(Debug, PartialEq)]
struct Outcome<E> {
    got: Vec<(RecordKind, Vec<u8>)>,
    opened: u64,
    error: E,
}

fn open(
    keys: [u8; 32],
    stream: &[u8],
    is_bulk: bool,
    piece_bytes: usize,
) -> Outcome<Option<RecordError>> {
    let Hand { cipher, mac, .. } = Hand::new(keys);
    let mut opener = Opener::new(DirectionKeys::new(cipher, mac));
    if is_bulk {
        opener.allow_bulk();
    }
    let mut got = Vec::new();
    for piece in stream.chunks(piece_bytes.max(1)) {
        opener.push(piece);
        loop {
            match opener.next() {
                Ok(Some((kind, payload))) => got.push((kind, payload.to_vec())),
                Ok(None) => break,
                Err(error) => {
                    let opened = opener.opened();
                    opener.push(stream);
                    assert_eq!(opener.next(), Err(error), "an error is for ever");
                    assert_eq!(opener.opened(), opened);
                    return Outcome { got, opened, error: Some(error) };
                }
            }
        }
    }
    Outcome { got, opened: opener.opened(), error: None }
}

/// What must come of it: the records up to the first that is not the next one, or not legal. The
/// error is known unless the stream goes on with something else.
fn expected(
    sealed: &[(Vec<u8>, Vec<u8>)],
    stream: &[u8],
    is_bulk: bool,
) -> Outcome<Option<Option<RecordError>>> {
    let mut outcome = Outcome { got: Vec::new(), opened: 0, error: None };
    let mut rest = stream;
    for (inner, wire) in sealed {
        let Some(after) = rest.strip_prefix(wire.as_slice()) else { break };
        match meaning(inner, is_bulk) {
            Ok(Meaning::KeyUpdate) => {}
            Ok(Meaning::Piece(kind, payload)) => outcome.got.push((kind, payload)),
            Err(error) => {
                outcome.error = Some(Some(error));
                return outcome;
            }
        }
        outcome.opened += 1;
        rest = after;
    }
    if rest.is_empty() {
        outcome.error = Some(None);
    }
    outcome
}

/// What the contents of a record say.
#[derive(Debug, PartialEq)]
enum Meaning {
    KeyUpdate,
    Piece(RecordKind, Vec<u8>),
}

fn meaning(inner: &[u8], is_bulk: bool) -> Result<Meaning, RecordError> {
    let allowed = if is_bulk { RECORD_BYTES_MAX } else { MESSAGE_RECORD_BYTES_MAX };
    if inner.len() > allowed {
        return Err(RecordError::TooLong);
    }
    let [kind, high, low, rest @ ..] = inner else { return Err(RecordError::Forged) };
    let padding = usize::from(u16::from_be_bytes([*high, *low]));
    if padding > rest.len() || (*kind != 3 && inner.len() > MESSAGE_RECORD_BYTES_MAX) {
        return Err(RecordError::Forged);
    }
    let (payload, zeros) = rest.split_at(rest.len() - padding);
    if zeros.iter().any(|zero| *zero != 0) {
        return Err(RecordError::Forged);
    }
    match kind {
        0 => Ok(Meaning::Piece(RecordKind::Message, payload.to_vec())),
        1 if payload.is_empty() => Ok(Meaning::KeyUpdate),
        2 => Ok(Meaning::Piece(RecordKind::Close, payload.to_vec())),
        3 => Ok(Meaning::Piece(RecordKind::Bulk, payload.to_vec())),
        _ => Err(RecordError::Forged),
    }
}

/// Seals anything.
struct Hand {
    cipher: [u8; 32],
    mac: [u8; 32],
    seq: u64,
    parity: u8,
}

impl Hand {
    fn new(keys: [u8; 32]) -> Self {
        Self { cipher: keys, mac: keys.map(|byte| !byte), seq: 0, parity: 0 }
    }

    fn seal(&mut self, inner: &[u8]) -> Vec<u8> {
        let [.., l2, l1, l0] = inner.len().to_be_bytes();
        let header = [l2, l1, l0, self.parity];
        // nonce = 0u32 ‖ seq:u64 LE
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&self.seq.to_le_bytes());
        let mut ct = inner.to_vec();
        ChaCha20::new(&self.cipher.into(), &nonce.into()).apply_keystream(&mut ct);
        // tag = BLAKE3_keyed(mac_key, ct ‖ len:u24 BE ‖ flags ‖ seq:u64 LE)
        let tagged = [ct.as_slice(), &header, &self.seq.to_le_bytes()].concat();
        let tag = blake3::keyed_hash(&self.mac, &tagged);
        self.seq += 1;
        [&header, ct.as_slice(), tag.as_bytes()].concat()
    }

    fn rekey(&mut self) {
        self.cipher = blake3::derive_key(labels::REKEY_CIPHER, &self.cipher);
        self.mac = blake3::derive_key(labels::REKEY_MAC, &self.mac);
        self.parity ^= 1;
        self.seq = 0;
    }
}

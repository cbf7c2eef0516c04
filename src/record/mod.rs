//! Records: how a byte stream between two authenticated ends carries secret, whole, ordered pieces.
//!
//! ```text
//! wire   = len:u24 BE ‖ flags:u8 (bit 0 = key epoch parity, others 0) ‖ ct[len] ‖ tag[32]
//! inner  = type:u8 ‖ pad_len:u16 BE ‖ payload ‖ zeros[pad_len]           ct = ChaCha20(inner)
//! nonce  = 0u32 ‖ seq:u64 LE           per direction and epoch, from 0, implicit, never sent
//! tag    = BLAKE3_keyed(mac_key, ct ‖ len:u24 BE ‖ flags ‖ seq:u64 LE)   fixed-size suffix
//! ```
//!
//! Messages, closes and key updates are padded with zeros until `inner` has one of the sizes in
//! [`limits::PADDED_BYTES`], or above those a multiple of [`limits::PADDED_STEP_BYTES`]; bulk is
//! not padded. A receiver takes any padding. A key update has no payload, is sealed with the old
//! keys, and after it both ends use `derive_key(REKEY_CIPHER, key)` and `derive_key(REKEY_MAC,
//! key)`, the other parity, and `seq` from 0.
//!
//! Nothing is ever said to the peer about a bad record: its connection is dropped.

mod cipher;
mod opener;
mod sealer;

pub use cipher::DirectionKeys;
pub use opener::Opener;
pub use sealer::Sealer;

use crate::limits;
use thiserror::Error;

/// Bytes before the ciphertext: `len:u24 ‖ flags:u8`.
const HEADER_BYTES: usize = 4;
/// Bytes before the payload, inside the ciphertext: `type:u8 ‖ pad_len:u16`.
const INNER_HEADER_BYTES: usize = 3;
/// Bytes after the ciphertext: a whole BLAKE3 output, so that the tag commits to the key.
const TAG_BYTES: usize = 32;

/// What a record carries; its byte is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// A message of the protocol; padded.
    Message = 0,
    /// The sender's last record under its present keys; no payload. [`Opener`] never returns it.
    KeyUpdate = 1,
    /// The sender's last record; padded. A stream that ends without it was cut.
    Close = 2,
    /// Bytes of a file; not padded.
    Bulk = 3,
}

impl RecordKind {
    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Message),
            1 => Some(Self::KeyUpdate),
            2 => Some(Self::Close),
            3 => Some(Self::Bulk),
            _ => None,
        }
    }

    /// The largest ciphertext of this kind.
    const fn bytes_max(self) -> usize {
        match self {
            Self::Message => limits::LIST_RECORD_BYTES_MAX,
            Self::KeyUpdate | Self::Close => limits::MESSAGE_RECORD_BYTES_MAX,
            Self::Bulk => limits::RECORD_BYTES_MAX,
        }
    }

    /// The size of `inner` for a payload, padding included; `None` when the payload is too long.
    fn inner_bytes(self, payload_bytes: usize) -> Option<usize> {
        let bare = payload_bytes.checked_add(INNER_HEADER_BYTES)?;
        let padded = match self {
            Self::Bulk => bare,
            Self::KeyUpdate if payload_bytes > 0 => return None,
            Self::Message | Self::KeyUpdate | Self::Close => limits::PADDED_BYTES
                .into_iter()
                .find(|&padded| padded >= bare)
                .or_else(|| bare.checked_next_multiple_of(limits::PADDED_STEP_BYTES))?,
        };
        (padded <= self.bytes_max()).then_some(padded)
    }
}

/// The peer, or somebody between, sent bytes that are no record of this stream.
///
/// What was wrong is not told apart beyond this: tag, padding, type and order are one error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RecordError {
    /// A length that is not allowed here; known from the header alone, which is no secret.
    #[error("a record is longer than allowed")]
    TooLong,
    /// Anything else: changed, repeated, dropped, reordered, reflected, misformed.
    #[error("a record is not the one that was sealed")]
    Forged,
}

/// Why a payload was not sealed; nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// The payload does not fit a record of its kind.
    #[error("the payload does not fit a record of its kind")]
    TooLong,
    /// This direction has carried `limits::RECORDS_MAX` records: connect anew.
    #[error("this connection has carried all the records it may")]
    Exhausted,
}

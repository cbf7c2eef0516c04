//! Suite 1: ChaCha20, then keyed BLAKE3 over the ciphertext. Another suite would replace this file.

use super::{HEADER_BYTES, TAG_BYTES};
use crate::labels;
use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The two keys of one direction of one connection. Wiped when dropped; neither copied nor shown.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct DirectionKeys {
    cipher: [u8; 32],
    mac: [u8; 32],
}

impl DirectionKeys {
    /// Takes the keys. They must be independent of each other and new for this connection: the
    /// nonce counts from zero.
    pub fn new(cipher: [u8; 32], mac: [u8; 32]) -> Self {
        Self { cipher, mac }
    }
}

/// Keys with the count of records under them, which is the nonce. It is not `Clone`, and each use
/// counts on, so no nonce is ever used twice.
pub(super) struct Cipher {
    keys: DirectionKeys,
    seq: u64,
    flags: u8,
}

/// A tag that is not the one computed.
pub(super) struct Mismatch;

impl Cipher {
    pub(super) fn new(keys: DirectionKeys) -> Self {
        Self { keys, seq: 0, flags: 0 }
    }

    /// Records sealed or opened under the present keys.
    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    /// The flags byte of the present keys: bit 0 = key epoch parity, others 0.
    pub(super) fn flags(&self) -> u8 {
        self.flags
    }

    /// Turns `inner ‖ room for the tag` into `ct ‖ tag`.
    pub(super) fn seal_in_place(&mut self, header: [u8; HEADER_BYTES], body: &mut [u8]) {
        let (inner, _) = body.split_at_mut(body.len() - TAG_BYTES);
        // ct = ChaCha20(inner)
        self.apply_keystream(inner);
        let tag = self.tag(header, body);
        let (_, room) = body.split_at_mut(body.len() - TAG_BYTES);
        room.copy_from_slice(tag.as_bytes());
        self.seq += 1;
    }

    /// Turns `ct ‖ tag` into `inner` and returns it. On an error nothing was decrypted; either way
    /// the place of the tag is spoiled.
    pub(super) fn open_in_place<'a>(
        &mut self,
        header: [u8; HEADER_BYTES],
        body: &'a mut [u8],
    ) -> Result<&'a [u8], Mismatch> {
        let Some((_, &tag)) = body.split_last_chunk::<TAG_BYTES>() else {
            return Err(Mismatch);
        };
        // The tag first: unauthenticated bytes are never decrypted. `==` of `blake3::Hash` takes
        // the same time wherever the first difference is.
        if self.tag(header, body) != blake3::Hash::from_bytes(tag) {
            return Err(Mismatch);
        }
        let (inner, _) = body.split_at_mut(body.len() - TAG_BYTES);
        self.apply_keystream(inner);
        self.seq += 1;
        Ok(inner)
    }

    /// The next epoch: new keys from the old, the other parity, `seq` from 0.
    pub(super) fn rekey(&mut self) {
        // k' = derive_key(REKEY_CIPHER, cipher)
        let next = Zeroizing::new(blake3::derive_key(labels::REKEY_CIPHER, &self.keys.cipher));
        // Written over the old key, which is gone with that.
        self.keys.cipher.copy_from_slice(&*next);
        // mac' = derive_key(REKEY_MAC, mac)
        let next = Zeroizing::new(blake3::derive_key(labels::REKEY_MAC, &self.keys.mac));
        self.keys.mac.copy_from_slice(&*next);
        self.flags ^= 1;
        self.seq = 0;
    }

    fn apply_keystream(&self, bytes: &mut [u8]) {
        // nonce = 0u32 ‖ seq:u64 LE
        let mut nonce = [0; 12];
        let (_, low) = nonce.split_at_mut(4);
        low.copy_from_slice(&self.seq.to_le_bytes());
        let mut stream = ChaCha20::new((&self.keys.cipher).into(), (&nonce).into());
        // Four blocks side by side are made faster than one, two or three by themselves.
        let mut four_blocks = Zeroizing::new([0; 4 * 64]);
        match four_blocks.get_mut(..bytes.len()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                stream.apply_keystream(&mut *four_blocks);
                bytes.copy_from_slice(four_blocks.split_at(bytes.len()).0);
            }
            None => stream.apply_keystream(bytes),
        }
    }

    /// The tag of `ct ‖ 32 bytes`, those being overwritten: with the suffix laid right behind the
    /// ciphertext one call hashes all, which takes a tenth less time than a `Hasher` for a line of
    /// chat and a third less for bulk.
    fn tag(&self, header: [u8; HEADER_BYTES], body: &mut [u8]) -> blake3::Hash {
        let ct_bytes = body.len() - TAG_BYTES;
        let (_, suffix) = body.split_at_mut(ct_bytes);
        let (len_and_flags, suffix) = suffix.split_at_mut(HEADER_BYTES);
        let (seq, _) = suffix.split_at_mut(size_of::<u64>());
        // tag = BLAKE3_keyed(mac_key, ct ‖ len:u24 BE ‖ flags ‖ seq:u64 LE)
        len_and_flags.copy_from_slice(&header);
        seq.copy_from_slice(&self.seq.to_le_bytes());
        let (input, _) = body.split_at(ct_bytes + HEADER_BYTES + size_of::<u64>());
        blake3::keyed_hash(&self.keys.mac, input)
    }
}

//! Identities: a long-term Ed25519 key is the person. Names are labels, addresses are hints.

use std::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use crate::labels;

/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// The secret half of an identity. Wiped when dropped; it has no `Debug`.
pub struct Identity(SigningKey);

impl Identity {
    /// The identity that this seed stands for.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The seed, for the key file.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The half that everybody may know.
    pub fn public(&self) -> PublicIdentity {
        PublicIdentity(self.0.verifying_key().to_bytes())
    }

    /// Ed25519 over `message`, RFC 8032.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(message).to_bytes()
    }
}

/// The public half of an identity: 32 bytes, not yet known to be a point on the curve.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct PublicIdentity(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

impl PublicIdentity {
    /// Whether `signature` over `message` is this identity's. `verify_strict`: no low-order keys,
    /// one signature for one message.
    pub fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        let signature = Signature::from_bytes(signature);
        VerifyingKey::from_bytes(&self.0)
            .is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }

    /// What people compare: 160 bits in eight groups of four letters and digits.
    pub fn fingerprint(&self) -> Fingerprint {
        // fingerprint = first 20 bytes of derive_key("fingerprint", public key)
        let hash = blake3::derive_key(labels::FINGERPRINT, &self.0);
        let mut first = [0; 20];
        first.copy_from_slice(hash.split_at(20).0);
        Fingerprint(first)
    }

    /// First half of the key: tells a listener which identity a dialler hopes for.
    pub fn selector(&self) -> [u8; 16] {
        let mut selector = [0; 16];
        selector.copy_from_slice(self.0.split_at(16).0);
        selector
    }
}

impl fmt::Debug for PublicIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicIdentity({})", self.fingerprint().short())
    }
}

/// A fingerprint; prints as `0g7k-9x2m-…` in Crockford's base32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 20]);

impl Fingerprint {
    /// The first two groups, 40 bits: to tell people apart at a glance, not to verify.
    pub fn short(&self) -> String {
        self.to_string().chars().take(9).collect()
    }

    /// The fingerprint that was typed: any case, with or without the dashes.
    pub fn parse(typed: &str) -> Option<Self> {
        let digits: Vec<u8> = typed
            .chars()
            .filter(|letter| *letter != '-')
            .map(|letter| digit(letter.to_ascii_lowercase()))
            .collect::<Option<_>>()?;
        let (groups, []) = digits.as_chunks::<8>() else { return None };
        let mut bytes = [0; 20];
        if groups.len() * 5 != bytes.len() {
            return None;
        }
        for (five, group) in bytes.chunks_mut(5).zip(groups) {
            let bits = group.iter().fold(0u64, |bits, digit| (bits << 5) | u64::from(*digit));
            five.copy_from_slice(bits.to_be_bytes().split_at(3).1);
        }
        Some(Self(bytes))
    }
}

/// Crockford's base32: no i, l, o or u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

fn digit(letter: char) -> Option<u8> {
    let at = ALPHABET.iter().position(|known| char::from(*known) == letter)?;
    u8::try_from(at).ok()
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (group, bytes) in self.0.chunks(5).enumerate() {
            let bits = bytes.iter().fold(0u64, |bits, byte| (bits << 8) | u64::from(*byte));
            for digit in 0..8 {
                if digit % 4 == 0 && group + digit > 0 {
                    f.write_str("-")?;
                }
                let index = usize::try_from((bits >> (35 - 5 * digit)) & 31).unwrap_or(0);
                write!(f, "{}", ALPHABET.get(index).copied().map_or('?', char::from))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_message_and_its_key_only() {
        let ann = Identity::from_seed(&[1; 32]);
        let bob = Identity::from_seed(&[2; 32]);
        let signature = ann.sign(b"hello");
        assert!(ann.public().verify(b"hello", &signature));
        assert!(!ann.public().verify(b"hullo", &signature));
        assert!(!bob.public().verify(b"hello", &signature));
    }

    /// RFC 8032, section 7.1, test 2.
    #[test]
    fn the_signature_is_the_one_of_rfc_8032() {
        let seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let identity = Identity::from_seed(&seed.try_into().unwrap());
        let public = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        assert_eq!(identity.public().0.to_vec(), public);
        let signature = hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
        assert_eq!(identity.sign(&[0x72]).to_vec(), signature);
    }

    /// The point of order one would make any signature with R = B * s valid without `strict`.
    #[test]
    fn a_key_of_small_order_verifies_nothing() {
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        assert!(!PublicIdentity(neutral).verify(b"anything", &signature));
    }

    #[test]
    fn a_fingerprint_has_eight_groups_of_four_and_can_be_typed() {
        let fingerprint = Identity::from_seed(&[1; 32]).public().fingerprint();
        let text = fingerprint.to_string();
        assert_eq!(text.len(), 39);
        assert!(text.split('-').all(|group| group.len() == 4));
        assert_eq!(Fingerprint::parse(&text.to_uppercase()), Some(fingerprint));
        assert_eq!(Fingerprint::parse(&text.replace('-', "")), Some(fingerprint));
        for wrong in
            ["", "0g7k", &fingerprint.short(), &format!("{text}0"), &text.replace('-', "u")]
        {
            assert_eq!(Fingerprint::parse(wrong), None, "{wrong}");
        }
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
            .collect()
    }
}

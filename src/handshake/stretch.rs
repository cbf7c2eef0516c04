//! Key stretching: what makes every guess at a password cost 64 MiB and a tenth of a second.

use std::cell::RefCell;
use std::collections::VecDeque;

use argon2::{Algorithm, Argon2, Params, Version};
use generic_array::{ArrayLength, GenericArray};
use opaque_ke::errors::InternalError;
use opaque_ke::ksf::Ksf;
use zeroize::Zeroizing;

use crate::{labels, limits};

/// How hard a password is stretched. An enum, never numbers off the wire: otherwise a hostile
/// listener could make a dialler allocate gigabytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Argon2id with 64 MiB, 3 passes, 4 lanes: the second recommendation of RFC 9106, section 4.
    Rfc9106Second,
    /// Argon2id with 64 KiB, one pass. Programs built for release do not contain it.
    #[cfg(any(test, debug_assertions))]
    Test,
    /// Never succeeds, as on a machine without memory.
    #[cfg(test)]
    Unable,
}

impl Profile {
    /// The number that stands for it in a hello.
    pub fn code(self) -> u8 {
        match self {
            Self::Rfc9106Second => 1,
            #[cfg(any(test, debug_assertions))]
            Self::Test => 255,
            #[cfg(test)]
            Self::Unable => 254,
        }
    }

    fn params(self) -> Result<Params, argon2::Error> {
        match self {
            Self::Rfc9106Second => Params::new(64 * 1024, 3, 4, None),
            #[cfg(any(test, debug_assertions))]
            Self::Test => Params::new(64, 1, 1, None),
            #[cfg(test)]
            Self::Unable => Err(argon2::Error::OutOfMemory),
        }
    }
}

/// Runs the stretching, and remembers results in memory, so that a reconnect with the same password
/// to the same listener costs it once. Everything remembered is wiped when dropped.
pub struct Stretcher {
    profile: Profile,
    memo: RefCell<VecDeque<Remembered>>,
}

struct Remembered {
    /// Hash of the input, so that the input itself is not kept.
    key: Zeroizing<[u8; 32]>,
    output: Zeroizing<Vec<u8>>,
}

impl Stretcher {
    /// A stretcher that has not run yet.
    pub fn new(profile: Profile) -> Self {
        Self { profile, memo: RefCell::default() }
    }

    /// The profile it stretches with.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    fn recall(&self, key: &[u8; 32], output: &mut [u8]) -> bool {
        let memo = self.memo.borrow();
        // The keys are hashes of secrets: how long comparing them takes tells nothing about these.
        let found =
            memo.iter().find(|entry| *entry.key == *key && entry.output.len() == output.len());
        if let Some(entry) = found {
            output.copy_from_slice(&entry.output);
        }
        found.is_some()
    }

    fn remember(&self, key: [u8; 32], output: &[u8]) {
        let mut memo = self.memo.borrow_mut();
        if memo.len() >= limits::STRETCH_MEMO_MAX {
            memo.pop_front();
        }
        let output = Zeroizing::new(output.to_vec());
        memo.push_back(Remembered { key: Zeroizing::new(key), output });
    }
}

impl Default for Stretcher {
    /// `opaque-ke` asks for a default; it is the real profile.
    fn default() -> Self {
        Self::new(Profile::Rfc9106Second)
    }
}

impl Ksf for Stretcher {
    fn hash<L: ArrayLength<u8>>(
        &self,
        input: GenericArray<u8, L>,
    ) -> Result<GenericArray<u8, L>, InternalError> {
        let key = blake3::derive_key(labels::STRETCH_MEMO, &input);
        let mut output = GenericArray::default();
        if self.recall(&key, &mut output) {
            return Ok(output);
        }
        // RFC 9807, section 7: Argon2id(S = zeroes(16), T = Nh, v = 0x13, K = nil, X = nil)
        let params = self.profile.params().map_err(|_| InternalError::KsfError)?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(&input, &[0; 16], &mut output)
            .map_err(|_| InternalError::KsfError)?;
        self.remember(key, &output);
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use generic_array::typenum::U64;

    fn stretch(stretcher: &Stretcher, byte: u8) -> GenericArray<u8, U64> {
        let input: GenericArray<u8, U64> = GenericArray::clone_from_slice(&[byte; 64]);
        Ksf::hash(stretcher, input).unwrap()
    }

    #[test]
    fn a_remembered_result_is_the_same_and_memory_is_bounded() {
        let stretcher = Stretcher::new(Profile::Test);
        let first = stretch(&stretcher, 1);
        assert_eq!(stretch(&stretcher, 1), first);
        assert_eq!(stretcher.memo.borrow().len(), 1);
        assert_ne!(stretch(&stretcher, 2), first);
        for byte in 0..=255 {
            stretch(&stretcher, byte);
        }
        assert_eq!(stretcher.memo.borrow().len(), limits::STRETCH_MEMO_MAX);
    }

    #[test]
    fn the_real_profile_is_the_one_of_rfc_9106() {
        let params = Profile::Rfc9106Second.params().unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (65_536, 3, 4));
        assert_eq!(Stretcher::default().profile(), Profile::Rfc9106Second);
    }
}

//! Randomness as a value: a core is given one seed and draws all it needs from it.
//!
//! The shell takes the seed from the operating system; a test gives a fixed one and gets the same
//! run again.

use rand_core::{CryptoRng, RngCore};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::labels;

/// A generator that cannot be run backwards.
///
/// Each draw replaces the state by a one-way function of it ("fast key erasure"), so memory taken
/// from a running program does not give away the ephemeral keys of earlier conversations.
#[derive(ZeroizeOnDrop)]
pub struct Seeds {
    state: [u8; 32],
}

impl Seeds {
    /// Starts from 32 bytes of real randomness.
    pub fn new(seed: [u8; 32]) -> Self {
        Self { state: seed }
    }

    /// A fresh 32-byte seed, for one purpose.
    pub fn draw(&mut self) -> Zeroizing<[u8; 32]> {
        // out = derive_key("seed draw", state); state = derive_key("seed step", state)
        let out = Zeroizing::new(blake3::derive_key(labels::SEED_DRAW, &self.state));
        let next = Zeroizing::new(blake3::derive_key(labels::SEED_STEP, &self.state));
        self.state.copy_from_slice(&*next);
        out
    }

    /// A generator for one handshake, in the form `opaque-ke` asks for.
    pub fn rng(&mut self) -> SeedRng {
        let seed = self.draw();
        SeedRng { reader: blake3::Hasher::new_keyed(&seed).finalize_xof() }
    }

    /// A number below `bound`, close enough to uniform for delays; zero when `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        let draw = self.draw();
        let mut first = [0; 8];
        first.copy_from_slice(draw.split_at(8).0);
        u64::from_le_bytes(first).checked_rem(bound).unwrap_or(0)
    }

    /// Eight bytes that tell this run of a program from every other.
    pub fn instance(&mut self) -> [u8; 8] {
        let draw = self.draw();
        let mut id = [0; 8];
        id.copy_from_slice(draw.split_at(8).0);
        id
    }
}

/// The output stream of keyed BLAKE3 as a random source. Wiped when dropped.
pub struct SeedRng {
    reader: blake3::OutputReader,
}

impl RngCore for SeedRng {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.reader.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.reader.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        self.reader.fill(dest);
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(dest);
        Ok(())
    }
}

impl CryptoRng for SeedRng {}

impl Drop for SeedRng {
    fn drop(&mut self) {
        self.reader.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_run_and_another_seed_another() {
        let draws = |seed| {
            let mut seeds = Seeds::new(seed);
            (*seeds.draw(), *seeds.draw(), seeds.rng().next_u64())
        };
        assert_eq!(draws([1; 32]), draws([1; 32]));
        assert_ne!(draws([1; 32]), draws([2; 32]));
        assert_ne!(draws([1; 32]).0, draws([1; 32]).1);
    }
}

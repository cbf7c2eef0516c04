//! Passwords that people can read out to each other across a room.

use rand_core::RngCore;
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::seeds::{SeedRng, Seeds};

/// The EFF large word list, one word in a line; `src/passphrase/README.md` has source and licence.
const WORDS: &str = include_str!("passphrase/eff_large_wordlist.txt");
/// Lines of [`WORDS`]: five dice.
const WORD_COUNT: u32 = 7_776;
/// Words of a password: 7776^4 is about 2^51.7, out of reach of guessing one by one.
const WORDS_PER_PASSWORD: usize = 4;

/// A fresh password of four words, such as `robin-unsafe-tapestry-mug`.
pub fn four_words(seeds: &mut Seeds) -> Secret {
    let mut rng = seeds.rng();
    // Reserved once: growing would leave unwiped copies behind.
    let mut joined = Zeroizing::new(String::with_capacity(64));
    for _ in 0..WORDS_PER_PASSWORD {
        if !joined.is_empty() {
            joined.push('-');
        }
        joined.push_str(word(below(&mut rng, WORD_COUNT)));
    }
    let Some(secret) = Secret::new(&joined) else { unreachable!("four words are not nothing") };
    secret
}

/// The word in line `index`, counted from zero and below [`WORD_COUNT`].
fn word(index: u32) -> &'static str {
    let Some(word) = WORDS.lines().nth(index as usize) else {
        unreachable!("the list has {WORD_COUNT} lines, asked for {index}")
    };
    word
}

/// A number below `bound`, each equally likely: draws above the last whole multiple are rejected.
fn below(rng: &mut SeedRng, bound: u32) -> u32 {
    let usable = u32::MAX - u32::MAX % bound;
    loop {
        let draw = rng.next_u32();
        if draw < usable {
            return draw % bound;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_list_has_7776_different_lower_case_words() {
        let words: BTreeSet<&str> = WORDS.lines().collect();
        assert_eq!(words.len(), WORD_COUNT as usize);
        assert_eq!(WORDS.lines().count(), WORD_COUNT as usize);
        for word in words {
            let letters = |part: &str| part.chars().all(|c| c.is_ascii_lowercase());
            assert!(word.len() >= 3 && word.split('-').all(letters), "{word:?}");
            assert!(word.len() <= 15, "64 bytes are reserved for four words: {word:?}");
        }
        assert_eq!((word(0), word(WORD_COUNT - 1)), ("abacus", "zoom"));
    }

    #[test]
    fn the_choice_reaches_every_word_about_equally_often() {
        let mut rng = Seeds::new([7; 32]).rng();
        let mut hits = vec![0_u32; WORD_COUNT as usize];
        for _ in 0..WORD_COUNT * 50 {
            hits[below(&mut rng, WORD_COUNT) as usize] += 1;
        }
        // Fifty are expected each; seven standard deviations away is beyond chance.
        assert!(hits.iter().all(|n| (5..=105).contains(n)), "{:?}", hits.iter().max());
    }

    #[test]
    fn draws_beyond_the_last_whole_multiple_are_rejected() {
        // A quarter of all draws is rejected; taken, they would make the lower half 62 in 100.
        let bound = 3 << 30;
        let mut rng = Seeds::new([8; 32]).rng();
        let low = (0..10_000).filter(|_| below(&mut rng, bound) < bound / 2).count();
        assert!((4_700..=5_300).contains(&low), "{low}");
    }

    #[test]
    fn the_same_seed_gives_the_same_password_and_the_next_draw_another() {
        let mut seeds = Seeds::new([1; 32]);
        let first = four_words(&mut seeds);
        assert_eq!(first.reveal(), four_words(&mut Seeds::new([1; 32])).reveal());
        assert_ne!(first.reveal(), four_words(&mut seeds).reveal());
        assert_ne!(first.reveal(), four_words(&mut Seeds::new([2; 32])).reveal());
        assert!(!first.is_short());
    }
}

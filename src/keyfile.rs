//! The identity file: text that a person can recognise. Reading and writing it is the shell's.

use zeroize::Zeroizing;

use crate::identity::Identity;
use crate::limits::KEY_FILE_BYTES_MAX;

/// First line of the file.
const TITLE: &str = "hallway identity v1: secret, never copy it to a second machine";

/// The file is not an identity file, or was damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not an identity file, or it is damaged: move it away to get a new identity")]
pub struct NotAKeyFile;

/// What to write.
pub fn encode(identity: &Identity) -> Zeroizing<String> {
    let seed = identity.seed();
    let mut text = Zeroizing::new(String::with_capacity(KEY_FILE_BYTES_MAX));
    text.push_str(TITLE);
    text.push('\n');
    for byte in seed.iter() {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text.push('\n');
    text
}

/// What was read.
///
/// # Errors
/// Anything but what [`encode`] writes.
pub fn decode(bytes: &[u8]) -> Result<Identity, NotAKeyFile> {
    let text = std::str::from_utf8(bytes).map_err(|_| NotAKeyFile)?;
    let digits = text
        .strip_prefix(TITLE)
        .and_then(|rest| rest.strip_prefix('\n'))
        .and_then(|rest| rest.strip_suffix('\n'))
        .ok_or(NotAKeyFile)?;
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return Err(NotAKeyFile) };
    let mut seed = Zeroizing::new([0; 32]);
    if pairs.len() != seed.len() {
        return Err(NotAKeyFile);
    }
    for (byte, [high, low]) in seed.iter_mut().zip(pairs) {
        let value = |digit: u8| char::from(digit).to_digit(16).and_then(|v| u8::try_from(v).ok());
        let (Some(high), Some(low)) = (value(*high), value(*low)) else { return Err(NotAKeyFile) };
        *byte = high << 4 | low;
    }
    let identity = Identity::from_seed(&seed);
    // One way to write each: no capitals.
    if encode(&identity).as_bytes() == bytes { Ok(identity) } else { Err(NotAKeyFile) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_survives_the_way_through_its_file() {
        let identity = Identity::from_seed(&[0xa7; 32]);
        let text = encode(&identity);
        assert!(text.len() <= KEY_FILE_BYTES_MAX);
        assert_eq!(decode(text.as_bytes()).ok().unwrap().public(), identity.public());
    }

    #[test]
    fn another_spelling_of_an_identity_is_not_what_was_written() {
        let text = encode(&Identity::from_seed(&[0xa7; 32]));
        assert!(decode(text.replace("a7a7", "A7a7").as_bytes()).is_err());
    }

    #[test]
    fn a_damaged_file_is_refused_wherever_the_damage_is() {
        let text = encode(&Identity::from_seed(&[0xa7; 32]));
        for len in 0..text.len() {
            assert!(decode(&text.as_bytes()[..len]).is_err(), "cut at {len}");
        }
        for at in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = b'~';
            assert!(decode(&bytes).is_err(), "changed at {at}");
        }
    }
}

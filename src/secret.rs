//! A password in memory: wiped when dropped, never printed.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// A password, in Unicode normalisation form C, so that the same keys pressed on two systems give
/// the same bytes. It has no `Debug` and no `Display` on purpose.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes what was typed, or read from a file; one trailing line end is dropped.
    ///
    /// Returns `None` when nothing is left: an empty password protects nothing.
    pub fn new(typed: &str) -> Option<Self> {
        let typed = typed.strip_suffix('\n').unwrap_or(typed);
        let typed = typed.strip_suffix('\r').unwrap_or(typed);
        if typed.is_empty() {
            return None;
        }
        // Reserved once: growing would leave unwiped copies behind.
        let mut normal = Zeroizing::new(String::with_capacity(typed.len() * 3));
        normal.extend(typed.nfc());
        Some(Self(normal))
    }

    /// The bytes the handshake works on.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The password as text, for the one screen that shows a generated one to its owner.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it is so short that somebody could hit it by trying; a warning, never a refusal.
    pub fn is_short(&self) -> bool {
        self.0.chars().count() < crate::limits::PASSWORD_SHORT_CHARS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_trailing_line_end_is_dropped_and_no_more() {
        assert_eq!(Secret::new("frog\n").unwrap().reveal(), "frog");
        assert_eq!(Secret::new("frog\r\n").unwrap().reveal(), "frog");
        assert_eq!(Secret::new("frog\n\n").unwrap().reveal(), "frog\n");
        assert_eq!(Secret::new(" frog ").unwrap().reveal(), " frog ");
    }

    #[test]
    fn nothing_is_not_a_password() {
        assert!(Secret::new("").is_none());
        assert!(Secret::new("\n").is_none());
    }

    #[test]
    fn composed_and_decomposed_letters_are_one_password() {
        assert_eq!(
            Secret::new("caf\u{e9}").unwrap().bytes(),
            Secret::new("cafe\u{301}").unwrap().bytes()
        );
    }
}

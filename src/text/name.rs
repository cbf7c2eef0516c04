//! The label of a person or a community: one word that cannot be mistaken for something else.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use minicbor::decode::{self, Decoder};
use minicbor::encode::{self, Encoder, Write};
use minicbor::{Decode, Encode};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_security::mixed_script::{AugmentedScriptSet, MixedScript};

use super::filter::{passed, shown};
use crate::limits;

/// A legal name: one word of 1 to [`limits::NAME_CHARS_MAX`] characters and at most
/// [`limits::NAME_BYTES_MAX`] bytes, in Unicode normalisation form C, safe to print.
///
/// It is a label and no identity: two people may use the same. Ordered by code points. Copies share
/// their memory: a community keeps six of each name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// Why a text is not a name, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing, or punctuation only.
    #[error("a name needs a letter or a digit: add one")]
    NoLetter,
    /// More characters or bytes than the limits.
    #[error("a name has at most {} characters: shorten it", limits::NAME_CHARS_MAX)]
    TooLong,
    /// White space inside.
    #[error("a name is one word: write - where the space is")]
    Space,
    /// A quote or a backslash.
    #[error("a name has no quotes and no backslash: leave them out")]
    Quote,
    /// What would make it pass for an address, or for a name with a fingerprint behind it.
    #[error("a name has no : and no ~, which mean something else: leave them out")]
    Reserved,
    /// Something the filter would change, or a mark with nothing to stand on.
    #[error("the name contains a character that cannot be shown: type it anew")]
    Unshown,
    /// Looks like a command, a mention or a flag.
    #[error("a name does not start with / or @ or -: leave that out")]
    Start,
    /// A number, which in menus means a line of the list.
    #[error("a name is not only digits, because menus number people: add a letter")]
    OnlyDigits,
    /// Letters of several scripts, such as a Cyrillic `а` among Latin ones.
    #[error("the name mixes alphabets whose letters look alike: use the letters of one")]
    MixedScripts,
}

impl Name {
    /// Takes what was typed; white space around it is dropped, and letters are composed (NFC).
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn parse(typed: &str) -> Result<Self, NameError> {
        let typed = typed.trim();
        // Composing makes a text shorter by a factor of four at most.
        if typed.len() > 4 * limits::NAME_BYTES_MAX {
            return Err(NameError::TooLong);
        }
        // ASCII is composed, of one script and plain: most names, and a list has thousands of them.
        let is_ascii = typed.is_ascii();
        let name = if is_ascii { Cow::Borrowed(typed) } else { typed.nfc().collect() };
        if name.contains(is_blank) {
            return Err(NameError::Space);
        }
        if name.contains(is_quote) {
            return Err(NameError::Quote);
        }
        if name.contains(is_reserved) {
            return Err(NameError::Reserved);
        }
        let is_odd = || name.starts_with(is_mark) || name.contains(char::REPLACEMENT_CHARACTER);
        if !is_ascii && is_odd() || passed(&name) != name {
            return Err(NameError::Unshown);
        }
        if !name.contains(char::is_alphanumeric) {
            return Err(NameError::NoLetter);
        }
        if name.starts_with(STARTS_REFUSED) {
            return Err(NameError::Start);
        }
        if name.chars().all(char::is_numeric) {
            return Err(NameError::OnlyDigits);
        }
        if name.len() > limits::NAME_BYTES_MAX || name.chars().count() > limits::NAME_CHARS_MAX {
            return Err(NameError::TooLong);
        }
        if !is_ascii && !name.is_single_script() {
            return Err(NameError::MixedScripts);
        }
        Ok(Self(name.into()))
    }

    /// The nearest legal name for a user name of the operating system or the like; `guest` when
    /// nothing of it can be used. `Katie Smith` gives `Katie-Smith`, `42` gives `guest-42`.
    pub fn suggest(text: &str) -> Self {
        if let Ok(name) = Self::parse(text) {
            return name;
        }
        // Long enough that what is cut away could not have been used.
        let head: String = text.trim().chars().take(4 * limits::NAME_BYTES_MAX).collect();
        let head = shown(&head.nfc().collect::<String>());
        let mut scripts = AugmentedScriptSet::default();
        let mut word = String::new();
        for c in head.chars() {
            let mut narrowed = scripts;
            narrowed.intersect_with(c.into());
            if is_blank(c) || c == '\\' {
                if !word.ends_with('-') {
                    word.push('-');
                }
            } else if !is_quote(c)
                && !is_reserved(c)
                && c != char::REPLACEMENT_CHARACTER
                && !narrowed.is_empty()
            {
                scripts = narrowed;
                word.push(c);
            }
        }
        let word = word
            .trim_start_matches(|c| is_mark(c) || STARTS_REFUSED.contains(&c))
            .trim_end_matches('-');
        if !word.is_empty() && word.chars().all(char::is_numeric) {
            return Self(GUEST.into()).with_suffix(word);
        }
        longest_legal(word, "").unwrap_or_else(|| Self(GUEST.into()))
    }

    /// This name with a number, to tell two of the same name apart: `katie` gives `katie-2`. What
    /// is too long is cut before the number.
    pub fn numbered(&self, n: u32) -> Self {
        self.with_suffix(&n.to_string())
    }

    /// `guest-` stands in where nothing of the name can stay.
    fn with_suffix(&self, suffix: &str) -> Self {
        let suffix = format!("-{suffix}");
        longest_legal(&self.0, &suffix)
            .or_else(|| longest_legal(GUEST, &suffix))
            .unwrap_or_else(|| Self(GUEST.into()))
    }

    /// Whether the two look or read alike: by upper and lower case, or by letters that can be taken
    /// for each other (`PauI` and `Paul`). Then the second to come is told that the name is taken.
    pub fn same_person_word(&self, other: &Self) -> bool {
        let others = other.look_alikes();
        self.look_alikes().iter().any(|key| others.contains(key))
    }

    /// Keys for an index: names look alike if they have one in common. Never shown to anybody.
    pub fn look_alikes(&self) -> [String; 2] {
        // Lower case first finds `Ian` and `IAN`, look-alikes first find `PauI` and `Paul`.
        // UTS 39, 4: X and Y are confusable if skeleton(X) = skeleton(Y).
        let skeleton = |text: &str| unicode_security::skeleton(text).collect::<String>();
        [skeleton(&self.0.to_lowercase()), skeleton(&self.0).to_lowercase()]
    }

    /// The name as text, safe to print.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<C> Encode<C> for Name {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.str(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Name {
    /// Takes legal names in their one canonical form only.
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let at = d.position();
        let text = d.str()?;
        let name = Self::parse(text).map_err(|error| decode::Error::message(error).at(at))?;
        if *name.0 != *text {
            return Err(decode::Error::message("the name is not in canonical form").at(at));
        }
        Ok(name)
    }
}

/// The most of `base` that is a legal name together with `suffix`, which is shorter than the limit.
fn longest_legal(base: &str, suffix: &str) -> Option<Name> {
    let chars_max = limits::NAME_CHARS_MAX.saturating_sub(suffix.chars().count());
    let mut base: String = base.chars().take(chars_max).collect();
    loop {
        // Whatever the cut left at the end (half a flag, a joiner), `parse` is the judge of it.
        match Name::parse(&format!("{base}{suffix}")) {
            Ok(name) => return Some(name),
            Err(_) => base.pop()?,
        };
    }
}

/// White space, and the one blank that Unicode does not count as such: braille without dots.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{2800}'
}

fn is_mark(c: char) -> bool {
    !c.is_ascii() && c.general_category_group() == GeneralCategoryGroup::Mark
}

/// Quotes would make it hard to use a name on a command line, or to see where it ends in a message.
fn is_quote(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, '\'' | '"' | '`' | '\\');
    }
    matches!(
        c.general_category(),
        GeneralCategory::InitialPunctuation | GeneralCategory::FinalPunctuation
    )
        // Low and double-prime quotes count as brackets; full-width ones as other punctuation.
        || matches!(c, '\u{201A}' | '\u{201E}' | '\u{301D}'..='\u{301F}')
        || matches!(c, '\u{FF02}' | '\u{FF07}' | '\u{FF3C}' | '\u{FF40}')
}

/// What stands between host and port, and between a name and a piece of its fingerprint; with the
/// letters that look like the latter, since people read it: nobody may give themselves such a mark.
fn is_reserved(c: char) -> bool {
    matches!(c, ':' | '~' | '\u{2DC}' | '\u{2053}' | '\u{223C}' | '\u{1FC0}')
        || matches!(c, '\u{301C}' | '\u{3030}' | '\u{FF5E}')
}

/// Reserved for commands, mentions and flags.
const STARTS_REFUSED: [char; 3] = ['/', '@', '-'];
const GUEST: &str = "guest";

#[cfg(test)]
#[path = "name_tests.rs"]
mod tests;

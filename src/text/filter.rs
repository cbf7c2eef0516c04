//! The one filter for everything from outside that is shown on a terminal, written to a log or
//! used further.
//!
//! It knows what may pass and not what is dangerous: general categories decide, so a character that
//! Unicode adds later is replaced until the tables are renewed. Each character has one of three
//! fates:
//!
//! * **kept**: letters, marks, digits, punctuation, symbols, spaces; joiners and emoji selectors
//!   where writing needs them;
//! * **replaced** by U+FFFD, a run of them by one: what acts on a terminal (controls), reorders
//!   (bidi embeddings, overrides and isolates), hides a message (tags), or has no agreed look
//!   (private use, unassigned). The reader shall see that something was there;
//! * **dropped**: what is invisible and only tunes the look or the breaking of its neighbours. Web
//!   pages and word processors leave it in honest text (byte order marks, soft hyphens, zero-width
//!   spaces in Thai, left-to-right marks in Hebrew), where a U+FFFD would only disturb. Marks
//!   beyond the limit of one base go the same way.

use std::borrow::Cow;

use unicode_normalization::char::canonical_combining_class;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup};
use unicode_properties::{UnicodeEmoji, UnicodeGeneralCategory};
use unicode_security::GeneralSecurityProfile;
use unicode_security::general_security_profile::IdentifierType;
use unicode_security::mixed_script::AugmentedScriptSet;
use unicode_width::UnicodeWidthChar;

use crate::limits;

/// One line of text as it may be shown: no control, bidi control or hidden character is left.
///
/// A tab becomes a space: it is the only control that is not replaced. Text in any living
/// script and emoji pass unchanged, byte for byte. `shown(&shown(x)) == shown(x)`; the result is at
/// most three times as long as `text`.
pub fn shown(text: &str) -> String {
    passed(text).into_owned()
}

/// The same; text that needs no change is not copied.
pub(super) fn passed(text: &str) -> Cow<'_, str> {
    // Most of what is said: looking up what nobody doubts would cost more than sending it.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(filtered(text))
}

fn filtered(text: &str) -> String {
    let mut filter = Filter { out: String::with_capacity(text.len()), ..Filter::default() };
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let rest = chars.as_str();
        match filter.fate(c, rest.chars().next()) {
            Fate::Keep => filter.keep(c),
            Fate::Replace => filter.replace(),
            Fate::Drop => {}
        }
        if let Some(tags) = region_flag(c, rest) {
            tags.chars().for_each(|tag| filter.keep(tag));
            chars = rest.split_at(tags.len()).1.chars();
        }
    }
    filter.out
}

/// What becomes of one character.
enum Fate {
    Keep,
    Drop,
    Replace,
}

/// What is written, and as much of its end as decides on the next character.
///
/// Looking back goes by what was written and not by what was read: that makes it idempotent.
#[derive(Default)]
struct Filter {
    out: String,
    /// The last character written.
    last: Option<char>,
    /// The last one that is neither a mark nor a joiner nor a selector.
    base: Option<char>,
    /// Marks written since `base`.
    marks: usize,
}

impl Filter {
    fn fate(&self, c: char, next: Option<char>) -> Fate {
        let kept_if = |fits| if fits { Fate::Keep } else { Fate::Drop };
        match c {
            '\t' | ' '..='~' => Fate::Keep,
            ZWJ | ZWNJ => kept_if(self.joiner_fits(c, next)),
            VS15 | VS16 => kept_if(self.selector_fits(c, next)),
            // Bidi embeddings, overrides and isolates; tags.
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{E0000}'..='\u{E007F}' => {
                Fate::Replace
            }
            char::REPLACEMENT_CHARACTER => Fate::Replace,
            _ if is_invisible(c) => Fate::Drop,
            _ if !is_printable(c) => Fate::Replace,
            _ if is_mark(c) => kept_if(self.marks < limits::COMBINING_MARKS_MAX),
            _ => Fate::Keep,
        }
    }

    fn keep(&mut self, c: char) {
        let c = if c == '\t' { ' ' } else { c };
        match c {
            ZWJ | ZWNJ | VS15 | VS16 => {}
            _ if is_mark(c) => self.marks += 1,
            _ => {
                self.base = Some(c);
                self.marks = 0;
            }
        }
        self.last = Some(c);
        self.out.push(c);
    }

    fn replace(&mut self) {
        if self.last != Some(char::REPLACEMENT_CHARACTER) {
            self.keep(char::REPLACEMENT_CHARACTER);
        }
    }

    /// Joiners belong between two emoji (U+200D alone), beside the virama of an Indic script, and
    /// after a letter of a script whose letters join; U+200C there only with another to follow.
    fn joiner_fits(&self, c: char, next: Option<char>) -> bool {
        let (Some(last), Some(base)) = (self.last, self.base) else { return false };
        let next_is = |test: fn(char) -> bool| next.is_some_and(test);
        if matches!(last, ZWJ | ZWNJ) {
            return false;
        }
        is_virama(last)
            || is_joining_letter(base) && (c == ZWJ || next_is(is_joining_letter))
            || c == ZWJ
                && ((is_pictograph(last) || last == VS16) && next_is(is_pictograph)
                    || is_letter(last) && next_is(is_virama))
    }

    /// Selectors of text or emoji style belong directly after an emoji; after a digit, `#` or `*`
    /// only as part of a keycap.
    fn selector_fits(&self, c: char, next: Option<char>) -> bool {
        self.last.is_some_and(|last| {
            is_pictograph(last)
                || last.is_ascii() && last.is_emoji_char() && c == VS16 && next == Some(KEYCAP)
        })
    }
}

/// The tags that follow if `c` begins the flag of England, Scotland or Wales: the only flags of
/// regions in general use. Any other tags are a hidden message.
fn region_flag(c: char, rest: &str) -> Option<&'static str> {
    if c != BLACK_FLAG {
        return None;
    }
    REGION_FLAGS.into_iter().find(|tags| rest.starts_with(tags))
}

/// What stacks on the character before it: marks, and letters without a width, such as the second
/// and third jamo of a Hangul syllable.
fn is_mark(c: char) -> bool {
    !c.is_ascii()
        && (c.general_category_group() == GeneralCategoryGroup::Mark || c.width() == Some(0))
}

fn is_letter(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Letter
}

/// Default_Ignorable_Code_Point, which cuts across the categories: Hangul fillers are letters.
fn is_invisible(c: char) -> bool {
    c.identifier_type() == Some(IdentifierType::Default_Ignorable)
}

/// Whether the category is one that has a look of its own.
fn is_printable(c: char) -> bool {
    match c.general_category_group() {
        GeneralCategoryGroup::Other => PREPENDED_MARKS.contains(&c),
        GeneralCategoryGroup::Separator => c.general_category() == GeneralCategory::SpaceSeparator,
        GeneralCategoryGroup::Letter
        | GeneralCategoryGroup::Mark
        | GeneralCategoryGroup::Number
        | GeneralCategoryGroup::Punctuation
        | GeneralCategoryGroup::Symbol => true,
    }
}

/// An emoji that may be part of a joined sequence: neither a digit nor half a flag.
fn is_pictograph(c: char) -> bool {
    !c.is_ascii() && c.is_emoji_char() && !unicode_properties::emoji::is_regional_indicator(c)
}

/// The sign that takes an Indic letter's vowel away, in whichever script.
fn is_virama(c: char) -> bool {
    canonical_combining_class(c) == 9
}

fn is_joining_letter(c: char) -> bool {
    !c.is_ascii()
        && is_letter(c)
        && AugmentedScriptSet::for_char(c)
            .base
            .iter()
            .any(|script| JOINING_SCRIPTS.contains(&script.short_name()))
}

const ZWNJ: char = '\u{200C}';
const ZWJ: char = '\u{200D}';
/// Asks for text style.
const VS15: char = '\u{FE0E}';
/// Asks for emoji style.
const VS16: char = '\u{FE0F}';
const KEYCAP: char = '\u{20E3}';
const BLACK_FLAG: char = '\u{1F3F4}';
/// `gbeng`, `gbsct`, `gbwls`, each with the closing tag.
const REGION_FLAGS: [&str; 3] = [
    "\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
    "\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
    "\u{E0067}\u{E0062}\u{E0077}\u{E006C}\u{E0073}\u{E007F}",
];
/// Scripts in use whose letters change shape by their neighbours, by ISO 15924 code.
const JOINING_SCRIPTS: [&str; 7] = ["Arab", "Syrc", "Mong", "Nkoo", "Mand", "Adlm", "Rohg"];
/// Prepended_Concatenation_Mark: of category Format, and yet visible, such as the Arabic number
/// sign.
const PREPENDED_MARKS: [char; 13] = [
    '\u{600}',
    '\u{601}',
    '\u{602}',
    '\u{603}',
    '\u{604}',
    '\u{605}',
    '\u{6DD}',
    '\u{70F}',
    '\u{890}',
    '\u{891}',
    '\u{8E2}',
    '\u{110BD}',
    '\u{110CD}',
];

#[cfg(test)]
#[path = "filter_tests.rs"]
pub(crate) mod tests;

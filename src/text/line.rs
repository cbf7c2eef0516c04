//! What somebody says: one line, or a pasted block of several that stay together.

use std::fmt;

use minicbor::decode::{self, Decoder};
use minicbor::{Decode, Encode};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::filter::{passed, shown};
use crate::limits;

/// One message: 1 to [`limits::LINE_BYTES_MAX`] bytes, not all blank, safe to show. The only
/// control in it is `\n`, between the rows of a pasted block.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode)]
#[cbor(transparent)]
pub struct Line(#[n(0)] String);

impl Line {
    /// Makes messages of what the user of this program typed, pasted or piped in.
    ///
    /// `\r\n` and `\r` become `\n`, line ends at the end are dropped, every row goes through the
    /// filter. What is too long for one message becomes several: cut at a line end, else at white
    /// space (which is dropped there), else between two characters. Nothing but blanks gives
    /// nothing. Takes time in proportion to the length of `text`.
    pub fn split(text: &str) -> Vec<Self> {
        let filtered = clean(&text.replace("\r\n", "\n").replace('\r', "\n"));
        let mut lines = Vec::new();
        let mut rest = filtered.as_str();
        while !rest.is_empty() {
            let (head, tail) = cut(rest);
            // Filtered again: a joiner may have lost its neighbour by the cut. Nothing grows by it.
            lines.extend(Self::unless_blank(clean(head)));
            rest = tail;
        }
        lines
    }

    /// The rows of the message, without their line ends: at least one; single ones may be empty.
    pub fn rows(&self) -> impl Iterator<Item = &str> {
        self.0.split('\n')
    }

    /// The message behind `prefix`, such as `katie: `, with the rows after the first indented by
    /// the columns of the prefix: no row can pass for the line of somebody else.
    ///
    /// The prefix goes through the filter too; colours are added outside. No line end at the end.
    pub fn shown_after(&self, prefix: &str) -> String {
        let prefix = shown(prefix);
        let indent = " ".repeat(prefix.width());
        let mut out = String::with_capacity(prefix.len() + self.0.len());
        for (index, row) in self.rows().enumerate() {
            if index == 0 {
                out.push_str(&prefix);
            } else {
                out.push('\n');
                out.push_str(if row.is_empty() { "" } else { &indent });
            }
            out.push_str(row);
        }
        out
    }

    /// The message as text, rows divided by `\n`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `clean` has been filtered and is within the limit.
    fn unless_blank(clean: String) -> Option<Self> {
        let blank = clean.chars().all(|c| c.is_whitespace() || c == '\u{2800}');
        (!blank).then_some(Self(clean))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'b, C> Decode<'b, C> for Line {
    /// Filters what came, so that it is harmless whatever the peer sent.
    ///
    /// Refused are text above the limit (before or after the filter, which can only make longer
    /// what has controls in it) and text of which nothing is left to show.
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let at = d.position();
        let refuse = |why: &str| decode::Error::message(why).at(at);
        let text = d.str()?;
        if text.len() > limits::LINE_BYTES_MAX {
            return Err(refuse("the line is too long"));
        }
        let clean = clean(text);
        if clean.len() > limits::LINE_BYTES_MAX {
            return Err(refuse("the line is too long, and full of controls"));
        }
        Self::unless_blank(clean).ok_or_else(|| refuse("the line is empty"))
    }
}

/// Every row through the filter; no line ends at the end.
fn clean(text: &str) -> String {
    // One more: every row ends for now.
    let mut out = String::with_capacity(text.len() + 1);
    for row in text.split('\n') {
        out.push_str(&passed(row));
        out.push('\n');
    }
    out.truncate(out.trim_end_matches('\n').len());
    out
}

/// The first message of `text`, which is not empty, and what comes after it: always shorter.
///
/// Each cut looks at one message's length at most; and as what is behind a line end or a blank in
/// it has neither, two cuts together take away a full message. Hence linear time.
fn cut(text: &str) -> (&str, &str) {
    if text.len() <= limits::LINE_BYTES_MAX {
        return (text, "");
    }
    // One more byte than fits: a line end just behind the limit is as good a place.
    let window = text.split_at(text.floor_char_boundary(limits::LINE_BYTES_MAX + 1)).0;
    let line_end = window.rfind('\n').map(|at| (at, '\n'));
    let blank = || window.char_indices().rfind(|(_, c)| c.is_whitespace());
    if let Some((at, dropped)) = line_end.or_else(blank) {
        let (head, tail) = text.split_at(at);
        return (head, tail.split_at(dropped.len_utf8()).1);
    }
    text.split_at(between_characters(text))
}

/// The last place within the limit that parts no base from its marks and no joined emoji.
fn between_characters(text: &str) -> usize {
    let limit = text.floor_char_boundary(limits::LINE_BYTES_MAX);
    let clings = |c: char| c.width() == Some(0) || matches!(c, '\u{1F3FB}'..='\u{1F3FF}');
    let (head, tail) = text.split_at(limit);
    let mut behind = tail.chars().next();
    for (at, c) in head.char_indices().rev().take(limits::CLING_CHARS_MAX) {
        let end = at + c.len_utf8();
        if !matches!(c, '\u{200C}' | '\u{200D}') && !behind.is_some_and(clings) {
            return end;
        }
        behind = Some(c);
    }
    limit
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;

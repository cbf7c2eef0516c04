//! What a file may be called on this machine, whoever named it.

use std::fmt;

use minicbor::Encode;
use unicode_normalization::UnicodeNormalization as _;

use super::filter::shown;
use crate::limits;

/// The name of a file or folder as it may be created, shown and logged on any system.
///
/// There is no other way to one than [`FileName::of`], which takes any text: it is one component
/// of a path, is neither hidden nor a way up, nor a device or a stream of Windows, has nothing a
/// terminal acts on, and fits a file system. What could not stay is replaced by `_`, so that one
/// sees that something was there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode)]
#[cbor(transparent)]
pub struct FileName(#[n(0)] String);

impl FileName {
    /// The nearest legal name for `text`: its last component, put right. Total and idempotent.
    pub fn of(text: &str) -> Self {
        let mut name = put_right(text);
        // What one step does can undo another: a joiner whose emoji was cut off joins nothing any
        // more, and what is put before a device is a byte too many.
        loop {
            let again = put_right(&name);
            if again == name {
                return Self(name);
            }
            name = again;
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Another name for the same when this one is taken: `name (2).txt`.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        let (stem, extension) = self.split();
        Self(format!("{stem} ({number}){extension}"))
    }

    /// Stem and extension, the latter with its dot or empty.
    fn split(&self) -> (&str, &str) {
        split(&self.0)
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn put_right(text: &str) -> String {
    let text: String = shown(text).nfc().collect();
    let base = text.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or("");
    let replaced: String = base.chars().map(|c| if is_refused(c) { '_' } else { c }).collect();
    let named = shortened(&with_ends(replaced.trim()));
    if is_device(&named) { format!("_{named}") } else { named }
}

/// What some system gives a meaning to, and what the filter has put for what it took away.
fn is_refused(c: char) -> bool {
    matches!(c, ':' | '<' | '>' | '"' | '|' | '?' | '*' | char::REPLACEMENT_CHARACTER)
}

/// No beginning that hides a file or makes it an option, no end that Windows would drop.
fn with_ends(name: &str) -> String {
    let begun = name.trim_start_matches(['.', '-', ' ']);
    let bare = begun.trim_end_matches(['.', ' ']);
    let mark = |differs| if differs { "_" } else { "" };
    match bare {
        "" => "_".to_owned(),
        _ => format!("{}{bare}{}", mark(begun != name), mark(bare != begun)),
    }
}

/// At most [`limits::FILE_NAME_BYTES_MAX`] bytes: the stem is cut, the extension stays.
fn shortened(name: &str) -> String {
    if name.len() <= limits::FILE_NAME_BYTES_MAX {
        return name.to_owned();
    }
    let (stem, extension) = split(name);
    let room = limits::FILE_NAME_BYTES_MAX - extension.len() - "_".len();
    let end = stem.floor_char_boundary(room);
    let (kept, _) = stem.split_at(end);
    // A name that ended in the middle of a word or a composed letter says so.
    format!("{}_{extension}", kept.trim_end_matches(['.', ' ']))
}

/// Stem and extension; a long end is no extension, and something must stand before it.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= limits::EXTENSION_BYTES_MAX => {
            name.split_at(dot)
        }
        _ => (name, ""),
    }
}

/// Whether Windows takes it for a device, with any extension: `nul`, `Com1.txt`, `aux .c`.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_uppercase();
    DEVICES.contains(&stem.as_str())
        || ["COM", "LPT"].iter().any(|port| {
            stem.strip_prefix(port).is_some_and(|number| {
                let mut digits = number.chars();
                digits.next().is_some_and(|c| matches!(c, '0'..='9' | '¹' | '²' | '³'))
                    && digits.next().is_none()
            })
        })
}

const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

#[cfg(test)]
#[path = "file_name_tests.rs"]
mod tests;

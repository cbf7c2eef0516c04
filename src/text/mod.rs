//! Text that came from people: made harmless once, here, and a type from then on.

pub mod entry_path;
pub mod file_name;
pub mod filter;
pub mod line;
pub mod name;

pub use entry_path::{EntryPath, PathError};
pub use file_name::FileName;
pub use filter::shown;
pub use line::Line;
pub use name::{Name, NameError};

use unicode_width::UnicodeWidthStr;

/// Columns of a terminal that `text` takes; wide letters count as two.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// `text` with spaces up to so many [`columns`].
pub fn padded(text: &str, width: usize) -> String {
    let spaces = width.saturating_sub(columns(text));
    format!("{text}{}", " ".repeat(spaces))
}

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

/// `text`, or as much of its beginning as fits into so many [`columns`] with a mark that more
/// follows.
pub fn shortened(text: &str, width: usize) -> String {
    let mut short = text.to_owned();
    if columns(text) > width {
        while columns(&short) >= width && short.pop().is_some() {}
        short.push('…');
    }
    short
}

/// `text` with spaces up to so many [`columns`].
pub fn padded(text: &str, width: usize) -> String {
    let spaces = width.saturating_sub(columns(text));
    format!("{text}{}", " ".repeat(spaces))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shortened_fits_and_says_so() {
        assert_eq!(shortened("notes.pdf", 9), "notes.pdf");
        assert_eq!(shortened("notes.pdf", 8), "notes.p…");
        assert_eq!(shortened("文件文件", 6), "文件…");
        assert_eq!(shortened("notes.pdf", 1), "…");
    }
}

//! Text that came from people: made harmless once, here, and a type from then on.

pub mod filter;
pub mod line;
pub mod name;

pub use filter::shown;
pub use line::Line;
pub use name::{Name, NameError};

use unicode_width::UnicodeWidthStr;

/// `text` with spaces up to so many columns of a terminal; wide letters count as two.
pub fn padded(text: &str, columns: usize) -> String {
    let spaces = columns.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(spaces))
}

//! Text that came from people: made harmless once, here, and a type from then on.

pub mod filter;
pub mod line;
pub mod name;

pub use filter::{shown, shown_lossy};
pub use line::Line;
pub use name::{Name, NameError};

use unicode_width::UnicodeWidthStr;

/// `text` with spaces up to so many columns of a terminal; wide letters count as two.
pub fn padded(text: &str, columns: usize) -> String {
    let spaces = columns.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(spaces))
}

/// `text` with its lines broken at spaces, so that each fits so many columns; what goes on is
/// indented two columns more than its line. A word that is longer than that stays whole: it may be
/// something to copy.
pub fn wrapped(text: &str, columns: usize) -> String {
    let mut rows = Vec::new();
    for line in text.split('\n') {
        if line.width() <= columns {
            rows.push(line.to_owned());
            continue;
        }
        let indent = line.len() - line.trim_start_matches(' ').len();
        let mut row = " ".repeat(indent);
        let start = row.len();
        // Each with the space behind it; of several spaces all but one are words of nothing.
        for word in line.trim_start_matches(' ').split_inclusive(' ') {
            if row.len() > start && row.width() + word.trim_end().width() > columns {
                rows.push(row.trim_end().to_owned());
                row = " ".repeat(indent + 2);
            }
            if !row.trim_start().is_empty() || !word.trim_start().is_empty() {
                row.push_str(word);
            }
        }
        rows.push(row);
    }
    rows.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_at_spaces_and_what_goes_on_is_indented() {
        assert_eq!(wrapped("one two three four", 9), "one two\n  three\n  four");
        assert_eq!(wrapped("  one two three", 11), "  one two\n    three");
        assert_eq!(wrapped("short\n\n  aligned  columns", 40), "short\n\n  aligned  columns");
    }

    #[test]
    fn spaces_inside_a_row_stay() {
        assert_eq!(wrapped(" 1  katie   there", 15), " 1  katie\n   there");
    }

    #[test]
    fn wide_letters_count_twice_and_a_word_is_never_cut() {
        assert_eq!(
            wrapped("\u{4f60}\u{597d} \u{4f60}\u{597d}", 8),
            "\u{4f60}\u{597d}\n  \u{4f60}\u{597d}"
        );
        assert_eq!(wrapped("a 0123456789 b", 6), "a\n  0123456789\n  b");
    }
}

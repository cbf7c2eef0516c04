//! Long rows, broken at white space before the terminal breaks them.

use unicode_width::UnicodeWidthStr;

/// What a row begins with that goes on with the one before.
const HANGING: &str = "    ";
/// Narrower terminals break rows by themselves.
const COLUMNS_MIN: usize = 20;

/// `text` with every row broken at white space so that it fits, and the rest of a broken row
/// indented: nobody can place words at the left edge, where they would pass for the line of
/// somebody else. A word that is wider than the terminal stays whole, so that a link can be copied.
pub(super) fn wrapped(text: &str, columns: usize) -> String {
    if columns < COLUMNS_MIN {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for (at, row) in text.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        wrap_row(row, columns, &mut out);
    }
    out
}

fn wrap_row(row: &str, columns: usize, out: &mut String) {
    if row.width() <= columns {
        out.push_str(row);
        return;
    }
    let mut used = 0;
    // Words, each with one space behind it; a run of spaces gives empty words.
    for word in row.split_inclusive(' ') {
        let bare = word.trim_end_matches(' ');
        if bare.is_empty() {
            // Spaces that do not fit are dropped with the place where the row breaks.
            if used < columns {
                out.push(' ');
                used += 1;
            }
            continue;
        }
        if used > 0 && used + bare.width() > columns {
            trim_spaces(out);
            out.push('\n');
            out.push_str(HANGING);
            used = HANGING.len();
        }
        out.push_str(word);
        used += word.width();
    }
    trim_spaces(out);
}

fn trim_spaces(out: &mut String) {
    out.truncate(out.trim_end_matches(' ').len());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_row_is_broken_at_white_space_and_goes_on_indented() {
        let text = "eve: let us all meet at noon, yes?  bob: hi";
        assert_eq!(wrapped(text, 36), "eve: let us all meet at noon, yes?\n    bob: hi");
        assert_eq!(wrapped("short\nrows stay", 36), "short\nrows stay");
    }

    #[test]
    fn padding_places_nothing_at_the_left_edge() {
        let padded = format!("eve: x{}bob: hi", " ".repeat(74));
        for row in wrapped(&padded, 80).lines().skip(1) {
            assert!(row.starts_with(HANGING), "{row:?}");
        }
        for columns in COLUMNS_MIN..120 {
            let text = wrapped(&padded, columns);
            assert!(text.lines().all(|row| row.width() <= columns), "{columns}");
            assert!(text.lines().skip(1).all(|row| row.starts_with(HANGING)), "{columns}");
        }
    }

    #[test]
    fn a_link_stays_whole_and_wide_letters_count_twice() {
        let link = format!("see https://example.org/{}", "a".repeat(80));
        assert!(wrapped(&link, 40).ends_with(&"a".repeat(80)));
        let wide = "\u{6f22} ".repeat(20);
        assert!(wrapped(&wide, 30).lines().all(|row| row.width() <= 30));
    }
}

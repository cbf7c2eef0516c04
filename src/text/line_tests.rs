//! Cutting, the wire, and how a block is shown.

use proptest::prelude::*;

use super::super::filter::tests::nasty_text;
use super::*;
use crate::limits::LINE_BYTES_MAX;

fn split(text: &str) -> Vec<String> {
    Line::split(text).iter().map(|line| line.as_str().to_owned()).collect()
}

fn one(text: &str) -> Line {
    let mut lines = Line::split(text);
    assert_eq!(lines.len(), 1, "{text:?}");
    lines.remove(0)
}

#[test]
fn one_line_and_a_pasted_block_are_one_message_each() {
    assert_eq!(split("hello"), ["hello"]);
    assert_eq!(split("hello\r\n"), ["hello"]);
    assert_eq!(split("a\r\nb\rc\nd\n\n\n"), ["a\nb\nc\nd"]);
    assert_eq!(split("def f():\n\n    return 1\n"), ["def f():\n\n    return 1"]);
    assert_eq!(one("a\n\nb").rows().collect::<Vec<_>>(), ["a", "", "b"]);
}

#[test]
fn nothing_to_say_gives_no_message() {
    for nothing in ["", "\n", "\r\n\r\n", "  \t ", " \n \n", "\u{200B}\u{FEFF}", "\u{3000}\u{A0}"] {
        assert!(Line::split(nothing).is_empty(), "{nothing:?}");
    }
}

#[test]
fn controls_of_the_own_user_are_filtered_row_by_row() {
    assert_eq!(split("a\x1b[2J\nb\u{202E}\u{2028}c"), ["a\u{FFFD}[2J\nb\u{FFFD}c"]);
}

#[test]
fn too_long_text_is_cut_at_the_last_line_end() {
    let row = "x y ".repeat(250); // 1,000 bytes
    let block = [row.as_str(); 5].join("\n");
    assert_eq!(split(&block), [[row.as_str(); 3].join("\n"), [row.as_str(); 2].join("\n")]);
}

#[test]
fn a_line_end_or_blank_just_behind_the_limit_is_a_place_to_cut() {
    let full = "x".repeat(LINE_BYTES_MAX);
    for between in ["\n", " "] {
        let parts = split(&format!("{full}{between}rest"));
        assert_eq!(parts.len(), 2, "{between:?}");
        assert!(parts[1].ends_with("rest") && !parts[1].contains(between), "{between:?}");
    }
    assert_eq!(split(&format!("{full}\nrest")), [full.clone(), "rest".to_owned()]);
    assert_eq!(split(&full), [full.as_str()]);
}

#[test]
fn too_long_rows_are_cut_at_white_space_else_between_characters() {
    let words = "word ".repeat(2_000);
    let parts = split(&words);
    assert!(parts.iter().all(|part| part.split(' ').all(|word| word == "word" || word.is_empty())));
    assert_eq!(parts.join(" ").trim_end(), words.trim_end());

    // A bare letter in front, so that the limit falls inside of a character.
    let marked = format!("x{}", "e\u{301}".repeat(3_000));
    let family = format!("x{}", "\u{1F468}\u{1F3FD}\u{200D}\u{1F469}\u{1F3FD}".repeat(500));
    let flags = format!("x{}", "日本".repeat(2_000));
    for text in [marked, family, flags] {
        let parts = split(&text);
        assert!(parts.len() > 1);
        assert_eq!(parts.concat(), text, "nothing is lost");
        for part in parts {
            assert!(!part.starts_with(['\u{301}', '\u{200D}', '\u{1F3FD}', '\u{FFFD}']));
            assert!(!part.ends_with('\u{200D}'));
        }
    }
}

#[test]
fn what_clings_together_for_too_long_is_torn_and_still_clean() {
    for bytes_before in 0..8 {
        for unit in ["\u{1F468}\u{200D}", "\u{645}\u{6CC}\u{200C}"] {
            let text = format!("{}{}", "x".repeat(bytes_before), unit.repeat(2_000));
            let lines = Line::split(&text);
            assert!(lines.len() > 2);
            for line in lines {
                assert_eq!(shown(line.as_str()), line.as_str(), "{bytes_before}");
            }
        }
    }
}

#[test]
fn a_megabyte_takes_cuts_in_proportion_and_loses_nothing() {
    let size = 1 << 20;
    let mean = format!("a {}", "x".repeat(LINE_BYTES_MAX - 1));
    for unit in
        ["x", "\n", "a\n", " ", "a ", "\u{1b}", "\u{1b}a", "e\u{301}", "\u{1F468}\u{200D}", &mean]
    {
        let text = unit.repeat(size / unit.len());
        let lines = Line::split(&text);
        // Two cuts take a full message away; filtering can have doubled the text.
        assert!(lines.len() <= 2 + 6 * size / LINE_BYTES_MAX, "{} lines", lines.len());
        let visible = |text: &str| text.chars().filter(|c| c.is_ascii_alphabetic()).count();
        let said: usize = lines.iter().map(|line| visible(line.as_str())).sum();
        assert_eq!(said, visible(&text));
    }
}

#[test]
fn rows_after_the_first_are_indented_by_the_columns_of_the_prefix() {
    assert_eq!(one("first\nsecond").shown_after("katie: "), "katie: first\n       second");
    assert_eq!(one("a\n\nbob: b").shown_after("李小龙: "), "李小龙: a\n\n        bob: b");
    assert_eq!(one("a\nb").shown_after(""), "a\nb");
    assert_eq!(one("a\nb").shown_after("x\x1b[1m\n"), "x\u{FFFD}[1m\u{FFFD}a\n      b");
}

#[test]
fn what_comes_off_the_wire_is_harmless_or_refused() {
    let wire = |text: &str| minicbor::to_vec(text).unwrap();
    let line = |text: &str| minicbor::decode::<Line>(&wire(text));
    assert_eq!(line("hi\n\x1b]0;x\x07\r\nbye").unwrap().as_str(), "hi\n\u{FFFD}]0;x\u{FFFD}\nbye");
    assert_eq!(line("hi\n\n\n").unwrap().as_str(), "hi");
    assert!(line(&"x".repeat(LINE_BYTES_MAX)).is_ok());
    for refused in
        ["", " ", "\n\n", "\u{200B}", &"x".repeat(LINE_BYTES_MAX + 1), &"\x1ba".repeat(1_900)]
    {
        assert!(line(refused).is_err(), "{} bytes", refused.len());
    }
    assert!(minicbor::decode::<Line>(b"\x62\xC0\x9B").is_err(), "no UTF-8");
    assert!(minicbor::decode::<Line>(b"\x7f\x61h\x61i\xff").is_err(), "text in pieces");
    assert!(minicbor::decode::<Line>(b"\x7b\xff\xff\xff\xff\xff\xff\xff\xffhi").is_err(), "length");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_message_is_safe_within_the_limit_and_survives_the_wire(
        text in nasty_text(), times in 1_usize..60
    ) {
        for line in Line::split(&text.repeat(times)) {
            prop_assert!(!line.as_str().is_empty() && line.as_str().len() <= LINE_BYTES_MAX);
            for row in line.rows() {
                prop_assert_eq!(shown(row), row);
            }
            let wire = minicbor::to_vec(&line).unwrap();
            prop_assert_eq!(minicbor::decode::<Line>(&wire).unwrap(), line);
        }
    }

    #[test]
    fn rows_never_start_at_the_left_edge_behind_a_prefix(text in nasty_text()) {
        for line in Line::split(&text) {
            let block = line.shown_after("katie: ");
            prop_assert!(block.starts_with("katie: "));
            let indented = |row: &str| row.is_empty() || row.starts_with("       ");
            prop_assert!(block.split('\n').skip(1).all(indented), "{:?}", block);
            prop_assert!(!block.replace('\n', "").contains(char::is_control));
        }
    }

    #[test]
    fn any_text_off_the_wire_is_safe(text in nasty_text()) {
        if let Ok(line) = minicbor::decode::<Line>(&minicbor::to_vec(&text).unwrap()) {
            prop_assert!(line.rows().all(|row| shown(row) == row));
            prop_assert!(line.as_str().len() <= LINE_BYTES_MAX);
        }
    }
}

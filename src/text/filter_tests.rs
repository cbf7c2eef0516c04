//! Corpora of what must not pass and of what must pass unchanged, and properties of everything.

use proptest::prelude::*;

use super::*;

/// Attack, input, what is shown.
const ATTACKS: [(&str, &str, &str); 31] = [
    ("OSC 52 writes the clipboard", "\x1b]52;c;cm0gLXJm\x07", "\u{FFFD}]52;c;cm0gLXJm\u{FFFD}"),
    ("OSC 8 hides a link", "\x1b]8;;http://x\x1b\\hi", "\u{FFFD}]8;;http://x\u{FFFD}\\hi"),
    ("OSC 0 sets the title", "\x1b]0;root\x07", "\u{FFFD}]0;root\u{FFFD}"),
    ("CSI clears the screen", "\x1b[2J\x1b[H", "\u{FFFD}[2J\u{FFFD}[H"),
    ("CSI in eight bits", "a\u{9B}2Jb", "a\u{FFFD}2Jb"),
    ("OSC in eight bits", "\u{9D}0;x\u{9C}", "\u{FFFD}0;x\u{FFFD}"),
    ("DCS asks the terminal", "\x1bP$qm\x1b\\", "\u{FFFD}P$qm\u{FFFD}\\"),
    ("CR overwrites", "katie: no\rkatie: yes", "katie: no\u{FFFD}katie: yes"),
    ("LF forges a line", "hi\nbob: send it", "hi\u{FFFD}bob: send it"),
    ("next line of C1", "hi\u{85}bob: x", "hi\u{FFFD}bob: x"),
    ("line and paragraph separator", "a\u{2028}b\u{2029}c", "a\u{FFFD}b\u{FFFD}c"),
    ("backspace and delete", "abc\x08\x08\x7fd", "abc\u{FFFD}d"),
    ("NUL, bell, form feed", "\0\x07\x0ca", "\u{FFFD}a"),
    ("tab jumps to a column", "a\tb", "a b"),
    ("RLO turns a name round", "photo\u{202E}gpj.exe", "photo\u{FFFD}gpj.exe"),
    ("isolates move text", "\u{2066}a\u{2069}\u{2067}b", "\u{FFFD}a\u{FFFD}b"),
    ("directional marks", "a\u{200E}\u{200F}\u{61C}b", "ab"),
    ("zero-width look-alike", "kat\u{200B}ie\u{2060}\u{2064}", "katie"),
    ("byte order mark", "\u{FEFF}hi\u{FEFF}", "hi"),
    ("soft hyphen", "Sil\u{AD}be", "Silbe"),
    ("Hangul fillers", "a\u{3164}\u{115F}\u{1160}\u{FFA0}b", "ab"),
    ("blank Khmer vowels, grapheme joiner", "a\u{17B4}\u{17B5}\u{34F}\u{180E}b", "ab"),
    ("annotations hide text", "a\u{FFF9}b\u{FFFA}c\u{FFFB}", "a\u{FFFD}b\u{FFFD}c\u{FFFD}"),
    ("tags hide a message", "hi\u{E0001}\u{E0068}\u{E0069}\u{E007F}!", "hi\u{FFFD}!"),
    ("tags on a flag", "\u{1F3F4}\u{E0067}\u{E0061}\u{E007F}", "\u{1F3F4}\u{FFFD}"),
    ("selectors hide bytes", "\u{1F600}\u{FE0F}\u{FE0F}\u{FE01}\u{E0101}x", "\u{1F600}\u{FE0F}x"),
    ("selectors without an emoji", "a\u{FE0F}1\u{FE0F}2\u{FE0E}", "a12"),
    ("joiners among Latin letters", "kat\u{200D}i\u{200C}e\u{200D}", "katie"),
    ("private use, unassigned", "\u{E0B0}\u{F8FF}a\u{378}\u{FFFE}\u{10FFFF}", "\u{FFFD}a\u{FFFD}"),
    ("joiners behind joiners", "\u{647}\u{200D}\u{200D}\u{200C}\u{627}", "\u{647}\u{200D}\u{627}"),
    ("joiners in a row", "\u{915}\u{94D}\u{200D}\u{200D}\u{200C}", "\u{915}\u{94D}\u{200D}"),
];

/// What people write, byte for byte.
const INTACT: [&str; 44] = [
    "",
    " ",
    "plain ASCII ~!@#$%^&*()_+ 'quoted' \\ back",
    "naïve café Żółć Ğİı ẞ",
    "cafe\u{301} in NFD",
    "Tiếng Việt",
    "ελληνικά ᾳ",
    "русский ёлка",
    "հայերեն",
    "ქართული",
    "שלום עולם",
    "שָׁלוֹם",
    "بِسْمِ ٱللَّهِ",
    "مرحبا بالعالم",
    "می\u{200C}خواهم",
    "خانه\u{200C}ها",
    "۱۳۵۹ ه\u{200D}.ش",
    "کتابِ\u{200C}من",
    "نوشته\u{200C}هایِ",
    "\u{600}۱۲۳",
    "اردو زبان",
    "नमस्ते दुनिया",
    "र\u{94D}\u{200D}य क\u{94D}\u{200C}ष",
    "\u{9B0}\u{200D}\u{9CD}\u{9AF}\u{9BE}\u{9AC}",
    "അവന\u{D4D}\u{200D}",
    "\u{DC1}\u{DCA}\u{200D}\u{DBB}\u{DD3} ලංකා",
    "தமிழ் ಕನ್ನಡ తెలుగు",
    "สวัสดีชาวโลก น้ำ ที่",
    "ភាសាខ្មែរ",
    "བོད་སྐད་",
    "မြန်မာ",
    "አማርኛ",
    "你好，世界　全角",
    "日本語 カタカナ ｶﾞ",
    "한국어",
    "\u{1112}\u{1161}\u{11AB}",
    "\u{1F1E9}\u{1F1EA}\u{1F1EE}\u{1F1F1}",
    "\u{1F44D}\u{1F3FD}",
    "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}\u{200D}\u{1F466}",
    "\u{1F3F3}\u{FE0F}\u{200D}\u{1F308} \u{2764}\u{FE0F}\u{200D}\u{1F525}",
    "\u{1F575}\u{1F3FD}\u{200D}\u{2642}\u{FE0F}",
    "1\u{FE0F}\u{20E3} #\u{FE0F}\u{20E3}",
    "\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}!",
    "☺\u{FE0E} ©\u{FE0F} ✓ → ½ € „“",
];

#[test]
fn attacks_are_shown_and_do_nothing() {
    for (attack, input, output) in ATTACKS {
        assert_eq!(shown(input), output, "{attack}");
    }
}

#[test]
fn what_people_write_stays_intact_to_the_byte() {
    for text in INTACT {
        assert_eq!(shown(text), text, "{}", text.escape_unicode());
    }
}

#[test]
fn marks_are_cut_at_the_limit_of_one_base_and_counted_anew_on_the_next() {
    let zalgo = |n| format!("a{}b\u{301}", "\u{489}\u{316}".repeat(n));
    let most = limits::COMBINING_MARKS_MAX / 2;
    assert_eq!(shown(&zalgo(most)), zalgo(most));
    assert_eq!(shown(&zalgo(500)), zalgo(most));
    // Jamo without a width stack as well; joiners between marks do not start a new count.
    assert_eq!(shown(&format!("a{}", "\u{1161}".repeat(50))).chars().count(), 9);
    let viramas = "\u{94D}\u{200D}".repeat(50);
    assert_eq!(shown(&format!("\u{915}{viramas}")).chars().count(), 17);
}

#[test]
fn bytes_that_are_no_utf_8_become_one_replacement_for_a_run() {
    let cases: [(&[u8], &str); 7] = [
        (b"fine", "fine"),
        (b"lone surrogate \xED\xA0\x80!", "lone surrogate \u{FFFD}!"),
        (b"overlong escape \xC0\x9B[2J", "overlong escape \u{FFFD}[2J"),
        (b"overlong slash \xE0\x80\xAF", "overlong slash \u{FFFD}"),
        (b"raw C1 \x9B2J", "raw C1 \u{FFFD}2J"),
        (b"cut off \xF0\x9F\x98", "cut off \u{FFFD}"),
        (b"beyond Unicode \xF4\x90\x80\x80", "beyond Unicode \u{FFFD}"),
    ];
    for (bytes, output) in cases {
        assert_eq!(shown(&String::from_utf8_lossy(bytes)), output);
    }
}

/// Written by hand from the Unicode charts, to check the tables by something that is none of them.
fn is_forbidden_anywhere(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0xAD | 0x34F | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F
            | 0x200B | 0x200E | 0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x3164
            | 0xFE00..=0xFE0D
            | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0xE000..=0xF8FF | 0xFDD0..=0xFDEF
            | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0x10FFFF)
        || u32::from(c) & 0xFFFE == 0xFFFE
}

#[test]
fn no_single_character_of_all_unicode_passes_that_must_not() {
    for c in '\0'..=char::MAX {
        let alone = shown(&c.to_string());
        let between = shown(&format!("a{c}b"));
        let invisible = matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE0E}' | '\u{FE0F}');
        if is_forbidden_anywhere(c) || invisible {
            assert!(!alone.contains(c) && !between.contains(c), "U+{:04X}", u32::from(c));
        }
    }
}

/// Characters on which the rules turn, so that chance brings them together.
pub(crate) fn nasty_text() -> impl Strategy<Value = String> {
    let turning = "a1#é\u{301}\u{FE0E}\u{FE0F}\u{20E3}\u{200C}\u{200D}\u{FEFF}\u{200B}\u{1F3F4}\
        \u{1F600}\u{1F3FD}\u{1F1E9}ه\u{650}ا\u{915}\u{94D}\u{9B0}\u{9CD}\u{1112}\u{1161}\u{202E}\
        \u{FFFD}\u{1b}\r\n\t \u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E007F}\u{2028}\u{3000}-/@'";
    let one = prop_oneof![
        4 => proptest::sample::select(turning.chars().map(String::from).collect::<Vec<_>>()),
        1 => proptest::sample::select(INTACT.map(String::from).to_vec()),
        1 => proptest::sample::select(ATTACKS.map(|attack| attack.1.to_owned()).to_vec()),
        1 => any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(one, 0..24).prop_map(|parts| parts.concat())
}

#[test]
fn the_short_way_of_plain_text_ends_where_the_long_one_does() {
    for before in '\0'..='\u{7f}' {
        for c in '\0'..='\u{7f}' {
            let text = format!("{before}{c}1");
            assert_eq!(shown(&text), filtered(&text), "{text:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_forbidden_passes_and_a_second_pass_changes_nothing(text in nasty_text()) {
        let once = shown(&text);
        let left = REGION_FLAGS.iter().fold(once.clone(), |left, tags| left.replace(tags, ""));
        prop_assert!(!left.contains(is_forbidden_anywhere), "{:?}", once);
        prop_assert!(!once.contains("\u{FFFD}\u{FFFD}"), "a run is one");
        prop_assert!(once.len() <= 3 * text.len());
        prop_assert_eq!(shown(&once), once);
    }

    #[test]
    fn any_bytes_become_harmless(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let once = shown(&String::from_utf8_lossy(&bytes));
        prop_assert!(!once.contains(char::is_control));
        prop_assert_eq!(shown(&once), once);
    }
}

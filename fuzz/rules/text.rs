//! Names, lines, and the filter in front of them.

use hallway::limits::{
    COMBINING_MARKS_MAX, FILE_NAME_BYTES_MAX, LINE_BYTES_MAX, NAME_BYTES_MAX, NAME_CHARS_MAX,
};
use hallway::text::{FileName, Line, Name, columns, shown};
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Whether the text is a name.
pub fn check(bytes: &[u8]) -> bool {
    let text = text(bytes);
    filtered(&text);
    lines(&text);
    let suggested = Name::suggest(&text);
    name(&suggested);
    file_name(&FileName::of(&text));
    match Name::parse(&text) {
        Ok(parsed) => {
            name(&parsed);
            assert_eq!(parsed, suggested);
            true
        }
        Err(_) => false,
    }
}

/// The input as text: as UTF-8, as numbers of characters, or as choices among those that have
/// broken filters before.
fn text(bytes: &[u8]) -> String {
    match bytes {
        [0, rest @ ..] => {
            let number =
                |c: &[u8]| u32::from(c[0] & 31) << 16 | u32::from(c[1]) << 8 | u32::from(c[2]);
            rest.chunks_exact(3).filter_map(|c| char::from_u32(number(c))).collect()
        }
        [1, rest @ ..] => rest.iter().map(|at| ODD[usize::from(*at) % ODD.len()]).collect(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// One of each kind that the filter treats in its own way, or should.
const ODD: [char; 64] = [
    'a',
    'B',
    '7',
    ' ',
    '-',
    '/',
    '@',
    ':',
    '~',
    '"',
    '\\',
    '\n',
    '\r',
    '\t',
    '\0',
    '\u{1b}',
    '\u{7f}',
    '\u{85}',
    '\u{9b}',
    '\u{a0}',
    '\u{ad}',
    '\u{301}',
    '\u{34f}',
    '\u{61c}',
    '\u{200b}',
    '\u{200c}',
    '\u{200d}',
    '\u{200e}',
    '\u{200f}',
    '\u{2028}',
    '\u{202e}',
    '\u{2060}',
    '\u{2066}',
    '\u{2069}',
    '\u{20e3}',
    '\u{2800}',
    '\u{3000}',
    '\u{3164}',
    '\u{feff}',
    '\u{fe0e}',
    '\u{fe0f}',
    '\u{fff9}',
    '\u{fffd}',
    '\u{e000}',
    '\u{e0067}',
    '\u{e007f}',
    '\u{1f3f4}',
    '\u{1f468}',
    '\u{1f3fd}',
    '\u{1f1e9}',
    '\u{915}',
    '\u{94d}',
    '\u{628}',
    '\u{644}',
    '\u{600}',
    '\u{1100}',
    '\u{1161}',
    '\u{11a8}',
    '\u{430}',
    '\u{e9}',
    '\u{4e00}',
    '\u{ff01}',
    '\u{1e94b}',
    '\u{378}',
];

fn filtered(text: &str) {
    let once = shown(text);
    assert!(is_harmless(&once), "{once:?}");
    assert!(once.len() <= 3 * text.len());
    assert_eq!(shown(&once), once, "filtered again");
    let plain = |text: &str| text.chars().filter(char::is_ascii_graphic).collect::<String>();
    assert_eq!(plain(&once), plain(text), "plain letters pass, and none comes from nowhere");
}

/// Whether one row of text does nothing to a terminal but show letters, and hides nothing.
pub(crate) fn is_harmless(row: &str) -> bool {
    let mut marks = 0;
    let mut last = None;
    let mut tags = "";
    for (at, c) in row.char_indices() {
        if let Some(rest) = tags.strip_prefix(c) {
            tags = rest;
            continue;
        }
        marks = match c.general_category_group() {
            GeneralCategoryGroup::Mark if !is_joiner(c) => marks + 1,
            _ if is_joiner(c) => marks,
            _ => 0,
        };
        // A joiner or selector has something before it that it belongs to.
        let is_loose =
            is_joiner(c) && last.is_none_or(|last| is_joiner(last) && is_zero_width(last));
        let is_doubled = c == '\u{fffd}' && last == Some(c);
        if is_forbidden(c) || is_loose || is_doubled || marks > COMBINING_MARKS_MAX {
            return false;
        }
        // The flags of England, Scotland and Wales are the only tags there may be.
        if c == '\u{1f3f4}' {
            let rest = &row[at + c.len_utf8()..];
            tags = FLAGS.into_iter().find(|flag| rest.starts_with(flag)).unwrap_or_default();
        }
        last = Some(c);
    }
    true
}

const FLAGS: [&str; 3] = [
    "\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}",
];

fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

fn is_joiner(c: char) -> bool {
    is_zero_width(c) || matches!(c, '\u{fe0e}' | '\u{fe0f}')
}

/// Controls, bidi controls, what is invisible, and what is nothing.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}')
        || matches!(c, '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}')
        || matches!(c, '\u{fe00}'..='\u{fe0d}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}')
        || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{1bca0}'..='\u{1bca3}')
        || matches!(c, '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

/// Whether it may be a message: rows that do no harm, not too long, and something to see.
pub(crate) fn is_line(text: &str) -> bool {
    text.split('\n').all(is_harmless)
        && (1..=LINE_BYTES_MAX).contains(&text.len())
        && !text.ends_with('\n')
        && !text.chars().all(|c| c.is_whitespace() || c == '\u{2800}')
}

fn lines(text: &str) {
    let lines = Line::split(text);
    for line in &lines {
        assert!(is_line(line.as_str()), "{line:?}");
        assert_eq!(Line::split(line.as_str()), std::slice::from_ref(line), "split again");
        let bytes = minicbor::to_vec(line).expect("it is text");
        assert_eq!(minicbor::decode(&bytes).ok(), Some(line.clone()), "sent and read again");
        behind_a_prefix(line);
    }
    let letters = |text: &str| text.chars().filter(char::is_ascii_graphic).collect::<String>();
    let said: String = lines.iter().map(|line| letters(line.as_str())).collect();
    assert_eq!(said, letters(text), "nothing is lost between two lines");
}

/// No row can pass for the line of somebody else.
fn behind_a_prefix(line: &Line) {
    let shown = line.shown_after("katie: ");
    let (first, rest) = shown.split_once('\n').unwrap_or((&shown, ""));
    assert!(first.starts_with("katie: "));
    assert!(rest.split('\n').all(|row| row.is_empty() || row.starts_with("       ")));
    assert_eq!(shown.split('\n').count(), line.rows().count());
}

/// It may be created anywhere, and is what was asked for: one name, in sight.
pub(crate) fn file_name(name: &FileName) {
    let text = name.as_str();
    assert_eq!(FileName::of(text), *name);
    assert!((1..=FILE_NAME_BYTES_MAX).contains(&text.len()));
    assert!(is_harmless(text) && !text.contains(['/', '\\', ':', '\0']));
    assert!(!text.starts_with(['.', '-', ' ']) && !text.ends_with(['.', ' ']));
}

fn name(name: &Name) {
    let text = name.as_str();
    assert!(is_harmless(text), "{text:?}");
    assert_eq!(shown(text), text);
    assert!(!text.contains(char::is_whitespace) && text.contains(char::is_alphanumeric));
    assert!(!text.contains(['"', '\'', '\\', ':', '~']) && !text.starts_with(['/', '@', '-']));
    assert!(text.len() <= NAME_BYTES_MAX && text.chars().count() <= NAME_CHARS_MAX);
    assert!(columns(text) <= 2 * NAME_CHARS_MAX);
    assert_eq!(Name::parse(text).as_ref(), Ok(name), "read again");
    let bytes = minicbor::to_vec(name).expect("it is text");
    assert_eq!(minicbor::decode(&bytes).ok(), Some(name.clone()), "sent and read again");
    assert!(name.same_person_word(name));
    for number in [2, u32::MAX] {
        let numbered = name.numbered(number);
        assert_eq!(Name::parse(numbered.as_str()).as_ref(), Ok(&numbered));
        assert!(numbered.as_str().ends_with(&number.to_string()));
    }
}

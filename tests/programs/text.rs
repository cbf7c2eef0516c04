//! What is said arrives whole and harmless, whatever it was made of.

use crate::support::{Program, chat, echo, node};

/// Says `bytes` and gives what came out at the other side, after the end.
fn over(bytes: &[u8]) -> (Program, Vec<String>) {
    let mut bob = node("bob", &[]);
    let mut katie = chat("katie", bob.address());
    katie.type_bytes(bytes);
    katie.end_input();
    assert_eq!(katie.exit(), 0, "{}", katie.stderr());
    assert!(katie.events_of("unsent").is_empty());
    bob.event("closed");
    let heard = bob.heard("katie");
    (bob, heard)
}

fn is_harmless(text: &str) -> bool {
    let bidi = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mark = |c| matches!(c, '\u{200e}' | '\u{200f}');
    let hidden = |c| matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{ad}' | '\u{e0001}');
    let control = |c: char| c.is_control() && c != '\n';
    !text.chars().any(|c| control(c) || bidi(c) || mark(c) || hidden(c))
}

#[test]
fn escapes_bidi_controls_and_nul_arrive_harmless_on_screen_and_in_json() {
    let lines = [
        "\u{1b}[2J\u{1b}[31mred\u{1b}[0m",
        "\u{1b}]0;title\u{7}\u{1b}]52;c;cm0gLXJm\u{7}clip",
        "\u{9b}31mC1",
        "user\u{202e}txt.exe\u{202c}",
        "a\u{0}b\u{7f}c\u{8}\u{8}d",
        "zero\u{200b}width\u{feff}",
        "carriage\rreturn",
        "\u{2066}isolate\u{2069}",
        "z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}algo",
    ];
    let (bob, heard) = over((lines.join("\n") + "\n").as_bytes());
    assert_eq!(heard.len(), lines.len(), "{heard:?}");
    for (line, heard) in lines.iter().zip(&heard) {
        assert!(is_harmless(heard), "{line:?} became {heard:?}");
        // What can be read is still there.
        let letters = line.chars().filter(char::is_ascii_lowercase);
        assert!(letters.clone().count() > 0 || heard.contains("C1"));
        assert!(heard.chars().filter(char::is_ascii_lowercase).eq(letters), "{heard:?}");
    }
    let stderr = bob.stderr();
    assert!(is_harmless(&stderr), "{stderr:?}");
    assert!(stderr.contains("katie: "), "{stderr}");
}

#[test]
fn hebrew_arabic_chinese_and_emoji_arrive_as_they_were_said() {
    let lines = [
        "שלום עולם",
        "مرحبا بالعالم",
        "你好，世界 こんにちは 안녕하세요",
        "नमस्ते दुनिया",
        "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 ✌️",
        "naïve Ærøskøbing ﬁ",
        "می‌خواهم",
        "  leading and trailing  ",
    ];
    let mut echo = echo("echo", &[]);
    let mut katie = chat("katie", echo.address());
    for line in lines {
        katie.say(line);
    }
    katie.end_input();
    assert_eq!(katie.exit(), 0);
    let heard = katie.heard("echo");
    assert_eq!(heard.len(), lines.len());
    for (line, heard) in lines.iter().zip(&heard) {
        assert_eq!(heard, line);
    }
}

#[test]
fn a_line_of_a_mebibyte_is_cut_and_nothing_of_it_is_lost() {
    // Words that can be told apart, so that nothing can be missing or in another order.
    let words: Vec<String> = (0..150_000).map(|n| format!("w{n:06}")).collect();
    let long = words.join(" ");
    assert!(long.len() > 1 << 20);
    let (_, heard) = over(format!("{long}\nafter it\n").as_bytes());
    let (last, parts) = heard.split_last().unwrap();
    assert_eq!(last, "after it");
    assert!(parts.len() > 250 && parts.iter().all(|part| part.len() <= 3_800));
    let arrived: Vec<&str> = parts.iter().flat_map(|part| part.split_whitespace()).collect();
    assert_eq!(arrived.concat(), words.concat());
}

#[test]
fn a_word_without_any_space_is_cut_between_characters() {
    let long = "長".repeat(10_000);
    let (_, heard) = over(format!("{long}\n").as_bytes());
    assert!(heard.len() > 1);
    assert_eq!(heard.concat(), long);
}

#[test]
fn invalid_utf_8_is_marked_and_the_rest_arrives() {
    let (_, heard) = over(b"good\n\xff\xfe bad \xc3(\xf0\x9f\nafter\n");
    assert_eq!(heard.len(), 3, "{heard:?}");
    assert_eq!([heard[0].as_str(), heard[2].as_str()], ["good", "after"]);
    assert!(heard[1].contains('\u{fffd}') && heard[1].contains(" bad "), "{:?}", heard[1]);
    assert!(is_harmless(&heard[1]));
}

#[test]
fn empty_lines_and_a_last_line_without_an_end_do_no_harm() {
    let (_, heard) = over(b"\n\n   \nfirst\r\n\nlast without end");
    assert_eq!(heard, ["first", "last without end"]);
}

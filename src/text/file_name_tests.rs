//! Names that other tools have fallen for, and what must hold for every text.

use hallway::text::filter::shown;
use proptest::prelude::*;

use super::*;

fn named(text: &str) -> String {
    FileName::of(text).to_string()
}

#[test]
fn ordinary_names_of_any_script_stay_as_they_are() {
    for name in [
        "notes.txt",
        "Résumé (final) v2.pdf",
        "archive.tar.gz",
        "Makefile",
        "中文文件.doc",
        "ملف.txt",
        "👩‍👧 family.jpg",
        "a-b_c+d=e,f;g'h!i@j#k$l%m^n&o(p)q[r]s{t}u~v`w.x",
        "_",
        "COMMA.txt",
        "console.log",
        "null",
        "COM10",
    ] {
        assert_eq!(named(name), name);
    }
}

#[test]
fn only_the_last_component_counts_whichever_way_it_slants() {
    for (text, name) in [
        ("../../etc/passwd", "passwd"),
        ("/etc/cron.d/evil", "evil"),
        ("..\\..\\Windows\\system.ini", "system.ini"),
        ("C:\\autoexec.bat", "autoexec.bat"),
        ("a/b\\c/d", "d"),
        ("folder/", "folder"),
        ("folder\\ /", "folder"),
        ("//server/share", "share"),
    ] {
        assert_eq!(named(text), name, "{text:?}");
    }
}

#[test]
fn a_way_up_and_nothing_at_all_become_a_harmless_name() {
    for text in ["", " ", ".", "..", "...", "/", "\\", "../", "..\\", " . ", "-", "\0", "\u{200b}"]
    {
        assert_eq!(named(text), "_", "{text:?}");
    }
}

#[test]
fn nothing_is_hidden_or_read_as_an_option() {
    for (text, name) in [
        (".bashrc", "_bashrc"),
        ("..x", "_x"),
        (" .profile", "_profile"),
        (". .ssh", "_ssh"),
        ("-rf", "_rf"),
        ("--help.txt", "_help.txt"),
    ] {
        assert_eq!(named(text), name, "{text:?}");
    }
}

#[test]
fn what_windows_would_drop_or_open_otherwise_is_replaced() {
    for (text, name) in [
        ("evil.exe.", "evil.exe_"),
        ("evil.exe. . ", "evil.exe_"),
        ("note.txt:stream", "note.txt_stream"),
        ("a<b>c\"d|e?f*g", "a_b_c_d_e_f_g"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("Aux.tar.gz", "_Aux.tar.gz"),
        ("com1", "_com1"),
        ("LPT9.log", "_LPT9.log"),
        ("COM¹.txt", "_COM¹.txt"),
        ("prn .doc", "_prn .doc"),
        ("CONOUT$", "_CONOUT$"),
        ("a/..\\nul", "_nul"),
    ] {
        assert_eq!(named(text), name, "{text:?}");
    }
}

#[test]
fn nothing_acts_on_a_terminal_or_reads_backwards() {
    for (text, name) in [
        ("a\x1b[2Jb.txt", "a_[2Jb.txt"),
        ("a\r\nb", "a_b"),
        ("a\0b", "a_b"),
        ("photo\u{202e}gpj.exe", "photo_gpj.exe"),
        ("x\u{2066}y", "x_y"),
        ("a\u{9b}31mb", "a_31mb"),
        ("invoice\u{200b}.pdf", "invoice.pdf"),
        ("\u{feff}bom.txt", "bom.txt"),
        ("tab\there", "tab here"),
    ] {
        assert_eq!(named(text), name, "{text:?}");
    }
}

#[test]
fn a_long_name_is_cut_before_its_extension() {
    let long = format!("{}.jpeg", "x".repeat(5_000));
    let name = named(&long);
    assert_eq!(name.len(), limits::FILE_NAME_BYTES_MAX);
    assert!(name.ends_with("x_.jpeg"), "{name}");
    let wide = named(&"語".repeat(300));
    assert!(wide.len() <= limits::FILE_NAME_BYTES_MAX && wide.ends_with("語_"), "{wide}");
    let no_extension = named(&format!("a.{}", "y".repeat(400)));
    assert!(no_extension.len() <= limits::FILE_NAME_BYTES_MAX);
}

#[test]
fn a_second_of_a_name_is_numbered_before_its_extension() {
    for (name, second) in [
        ("name.txt", "name (2).txt"),
        ("archive.tar.gz", "archive.tar (2).gz"),
        ("Makefile", "Makefile (2)"),
    ] {
        assert_eq!(FileName::of(name).numbered(2).as_str(), second);
    }
}

/// Texts made of what is dangerous, so that it meets.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("..".to_owned()),
        Just("/".to_owned()),
        Just("\\".to_owned()),
        Just(".".to_owned()),
        Just(" ".to_owned()),
        Just(":".to_owned()),
        Just("-".to_owned()),
        Just("\0".to_owned()),
        Just("CON".to_owned()),
        Just("nul".to_owned()),
        Just("com1".to_owned()),
        Just("\u{202e}".to_owned()),
        Just("\u{200b}".to_owned()),
        Just("\u{301}".to_owned()),
        Just("क\u{94d}\u{200c}".to_owned()),
        Just("👩\u{200d}".to_owned()),
        Just("\u{fffd}".to_owned()),
        Just("x".repeat(100)),
        any::<char>().prop_map(String::from),
        "[a-z]{1,8}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

#[test]
fn what_one_step_does_and_another_undoes_is_done_until_nothing_changes() {
    let devices = ["con.", "COM1.x."].map(|device| device.to_owned() + &"x".repeat(175));
    let joined = (150..182).map(|cut| "x".repeat(cut) + "👨\u{200d}👩\u{200d}👧\u{200d}👦.jpg");
    // The accent goes behind the virama, and then nothing that is joined is before the joiner.
    let reordered = ["क\u{301}\u{94d}\u{200c}ष".to_owned()];
    for text in devices.into_iter().chain(joined).chain(reordered) {
        let name = FileName::of(&text);
        assert!(name.as_str().len() <= limits::FILE_NAME_BYTES_MAX, "{name:?}");
        assert_eq!(FileName::of(name.as_str()), name, "{text:?}");
    }
}

proptest! {
    #[test]
    fn every_text_gives_one_component_that_no_system_takes_for_something_else(text in hostile()) {
        let name = FileName::of(&text);
        let name = name.as_str();
        prop_assert!(!name.is_empty() && name.len() <= limits::FILE_NAME_BYTES_MAX);
        prop_assert!(!name.contains(['/', '\\', ':', '\0', '<', '>', '"', '|', '?', '*']));
        prop_assert!(!name.starts_with(['.', '-', ' ']) && !name.ends_with(['.', ' ']), "{name:?}");
        prop_assert!(!is_device(name), "{name:?}");
        prop_assert_eq!(&shown(name), name);
        prop_assert!(!name.contains(char::REPLACEMENT_CHARACTER));
        prop_assert_eq!(named(name), name, "not idempotent");
        let mut components = std::path::Path::new(name).components();
        prop_assert!(matches!(components.next(), Some(std::path::Component::Normal(_))));
        prop_assert!(components.next().is_none());
    }
}

//! What is a name and what is not.

use proptest::prelude::*;

use super::super::filter::tests::nasty_text;
use super::*;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

#[test]
fn the_tables_would_say_of_ascii_what_is_taken_for_granted() {
    for c in '\0'..='\u{7f}' {
        let text = format!("a{c}");
        assert!(text.nfc().eq(text.chars()), "{c:?}");
        assert!(text.as_str().is_single_script(), "{c:?}");
        assert_ne!(c.general_category_group(), GeneralCategoryGroup::Mark, "{c:?}");
        let quotes = [GeneralCategory::InitialPunctuation, GeneralCategory::FinalPunctuation];
        assert!(!quotes.contains(&c.general_category()), "{c:?}");
    }
}

#[test]
fn names_of_all_scripts_are_legal() {
    for text in [
        "katie",
        "Katie-Smith",
        "o_O",
        "a",
        "R2-D2",
        "x/y",
        "me@home",
        "Zoë",
        "李小龙",
        "さくらカナ花",
        "김철수",
        "Дмитрий",
        "שרה",
        "محمد",
        "علی\u{200C}رضا",
        "प्रिया",
        "สมชาย",
        "Νίκος",
        "2nd",
        ".katie",
        "\u{1F600}katie",
        "山田-2",
    ] {
        assert_eq!(name(text).as_str(), text);
    }
}

#[test]
fn what_is_not_a_name_is_refused_with_its_reason() {
    let long = "k".repeat(limits::NAME_CHARS_MAX + 1);
    let heavy = "\u{1D49C}a".repeat(16) + "\u{1F600}";
    let huge = "k".repeat(1 << 20);
    let heavy_in_bytes = "\u{1F600}".repeat(24) + "a";
    for (text, error) in [
        ("", NameError::NoLetter),
        ("  \t\n ", NameError::NoLetter),
        ("...", NameError::NoLetter),
        ("\u{1F600}", NameError::NoLetter),
        (&long, NameError::TooLong),
        (&heavy, NameError::TooLong),
        (&huge, NameError::TooLong),
        (&heavy_in_bytes, NameError::TooLong),
        ("Katie Smith", NameError::Space),
        ("katie\u{3000}x", NameError::Space),
        ("katie\u{2800}x", NameError::Space),
        ("katie\nbob", NameError::Space),
        ("o'brien", NameError::Quote),
        ("\u{201E}k\u{201C}", NameError::Quote),
        ("home\\katie", NameError::Quote),
        ("katie~0g7k-9x2m", NameError::Reserved),
        ("katie\u{223C}0g7k-9x2m", NameError::Reserved),
        ("lab-3:5460", NameError::Reserved),
        ("kat\u{200B}ie", NameError::Unshown),
        ("kat\u{1b}[31mie", NameError::Unshown),
        ("\u{202E}eitak", NameError::Unshown),
        ("\u{FFFD}katie", NameError::Unshown),
        ("\u{301}katie", NameError::Unshown),
        ("/katie", NameError::Start),
        ("@katie", NameError::Start),
        ("--json", NameError::Start),
        ("42", NameError::OnlyDigits),
        ("४२", NameError::OnlyDigits),
        ("kаtie", NameError::MixedScripts),
        ("раypal", NameError::MixedScripts),
        ("Ωmega", NameError::MixedScripts),
    ] {
        let shortened: String = text.chars().take(40).collect();
        assert_eq!(Name::parse(text), Err(error), "{}", shortened.escape_unicode());
    }
}

#[test]
fn outer_space_is_dropped_and_letters_are_composed() {
    assert_eq!(name(" katie\r\n").as_str(), "katie");
    assert_eq!(name("Zoe\u{308}"), name("Zo\u{EB}"));
    // 32 characters of three bytes after composing, of nine before.
    assert_eq!(name(&"\u{1112}\u{1161}\u{11AB}".repeat(32)).as_str(), "한".repeat(32));
}

#[test]
fn user_names_give_the_nearest_legal_name() {
    for (text, suggested) in [
        ("katie", "katie"),
        ("Katie Smith", "Katie-Smith"),
        ("  Katie   Smith  ", "Katie-Smith"),
        ("SCHOOL\\katie", "SCHOOL-katie"),
        ("Miles O'Brien", "Miles-OBrien"),
        ("katie~2", "katie2"),
        ("@katie", "katie"),
        ("-/-", "guest"),
        ("", "guest"),
        ("\u{1F600}", "guest"),
        ("42", "guest-42"),
        ("kаtie", "ktie"),
        ("\u{1b}[31mkatie", "[31mkatie"),
        ("Зоя \u{200B}Космодемьянская", "Зоя-Космодемьянская"),
        ("a name that is much too long for a menu", "a-name-that-is-much-too-long-for"),
    ] {
        assert_eq!(Name::suggest(text).as_str(), suggested, "{text:?}");
    }
}

#[test]
fn a_number_is_added_within_the_limits() {
    assert_eq!(name("katie").numbered(2).as_str(), "katie-2");
    assert_eq!(name("katie-2").numbered(3).as_str(), "katie-2-3");
    let longest = name(&"k".repeat(32));
    assert_eq!(longest.numbered(10).as_str(), format!("{}-10", "k".repeat(29)));
    let heaviest = name(&format!("{}aa", "\u{1F600}".repeat(23)));
    assert_eq!(
        heaviest.numbered(u32::MAX).as_str(),
        format!("{}-4294967295", "\u{1F600}".repeat(21))
    );
    assert_ne!(longest.numbered(2), longest.numbered(3));
}

#[test]
fn names_that_look_or_read_alike_are_one_word() {
    for (one, other) in [
        ("katie", "KATIE"),
        ("Ian", "IAN"),
        ("PauI", "Paul"),
        ("pauI", "Paul"),
        ("Paul", "PAUI"),
        ("modern", "modem"),
        ("bob-0", "bob-O"),
        ("аррӏе", "apple"),
        ("ЅСОРЕ", "scope"),
        ("ΝΙΚΟΣ", "νικος"),
        ("علی\u{200C}رضا", "علیرضا"),
    ] {
        assert!(name(one).same_person_word(&name(other)), "{one} {other}");
        assert!(name(other).same_person_word(&name(one)), "{other} {one}");
    }
    for (one, other) in [("katie", "kate"), ("katie", "katie-2"), ("eli", "ella"), ("王", "玉")] {
        assert!(!name(one).same_person_word(&name(other)), "{one} {other}");
    }
}

#[test]
fn padding_in_tables_works() {
    assert_eq!(format!("{:>7}|{:7}|", name("katie"), name("bob")), "  katie|bob    |");
}

#[test]
fn only_canonical_legal_names_come_off_the_wire() {
    let wire = |text: &str| minicbor::to_vec(text).unwrap();
    assert_eq!(minicbor::decode::<Name>(&wire("katie")).unwrap(), name("katie"));
    for refused in ["", "42", " katie", "Zoe\u{308}", "kat\u{200B}ie", "a b", "kаtie"] {
        assert!(minicbor::decode::<Name>(&wire(refused)).is_err(), "{refused:?}");
    }
    assert!(minicbor::decode::<Name>(&minicbor::to_vec(7).unwrap()).is_err());
    assert!(minicbor::decode::<Name>(b"\x7f\x61k\x61t\xff").is_err(), "text in pieces");
}

fn is_legal(name: &Name) -> bool {
    Name::parse(name.as_str()).as_ref() == Ok(name)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_name_is_never_changed_by_the_filter_and_survives_the_wire(text in nasty_text()) {
        if let Ok(name) = Name::parse(&text) {
            prop_assert_eq!(shown(name.as_str()), name.as_str());
            prop_assert!(is_legal(&name));
            let wire = minicbor::to_vec(&name).unwrap();
            prop_assert_eq!(minicbor::decode::<Name>(&wire).unwrap(), name);
        }
    }

    #[test]
    fn whatever_is_suggested_or_numbered_is_legal(text in nasty_text(), n in any::<u32>()) {
        let name = Name::suggest(&text);
        prop_assert!(is_legal(&name), "{:?}", name);
        let numbered = name.numbered(n);
        prop_assert!(is_legal(&numbered), "{:?}", numbered);
        prop_assert!(numbered.as_str().ends_with(&format!("-{n}")), "number");
        if let Ok(name) = Name::parse(&text) {
            prop_assert_eq!(Name::suggest(&text), name);
        }
    }
}

//! Forged and real goodbyes, other boot numbers, other addresses.

use super::*;
use crate::limits::{CHECKS_RUNNING_MAX, DEVICES_MAX};

/// A network where one lamp was found at 10.0.0.9, at 0 ms.
fn with_lamp() -> Lan {
    let mut lan = Lan::new();
    lan.hears("10.0.0.9", Way::Multicast, &alive(lamp("a")));
    assert_eq!(lan.told(), ["0 found a"]);
    lan
}

#[test]
fn a_forged_goodbye_is_not_told_while_the_device_answers() {
    let mut lan = with_lamp();
    for _ in 0..4 {
        lan.hears("10.0.0.66", Way::Multicast, &byebye("a"));
    }
    assert_eq!(lan.asked(false), ["0 10.0.0.9:1900 Own"]);
    lan.until(3);
    lan.hears("10.0.0.9", UNICAST, &answer(itself(lamp("a"))));
    lan.until(100_000);
    assert_eq!(lan.told(), [""; 0]);
    assert_eq!(lan.asked(false), [""; 0]);
}

#[test]
fn what_a_check_asks_has_no_mx_and_names_the_device() {
    let mut lan = with_lamp();
    lan.hears("10.0.0.9", Way::Multicast, &byebye("a"));
    let (_, sent) = lan.sends.pop().unwrap();
    let text = String::from_utf8(sent.bytes).unwrap();
    assert!(text.contains("\r\nST: uuid:a\r\n"), "{text}");
    assert!(!text.contains("\r\nMX:"), "{text}");
    assert_eq!(sent.interface, 2);
}

#[test]
fn a_real_goodbye_is_told_after_800_ms_without_answer() {
    let mut lan = with_lamp();
    lan.hears("fe80::9", Way::Multicast, &alive(lamp("a")));
    lan.told();
    lan.hears("10.0.0.9", Way::Multicast, &byebye("a"));
    lan.until(799);
    assert_eq!(lan.told(), [""; 0]);
    lan.until(20_000);
    assert_eq!(lan.told(), ["800 gone a"]);
    let everywhere = ["10.0.0.9:1900", "[fe80::9%2]:1900"];
    let mut asked = lan.asked(false);
    asked.sort();
    let expected: Vec<String> =
        ["0", "300"].iter().flat_map(|ms| everywhere.map(|to| format!("{ms} {to} Own"))).collect();
    assert_eq!(asked, expected);
}

#[test]
fn the_second_question_goes_to_1900_since_the_port_may_be_forged() {
    let mut lan = with_lamp();
    let moved = Advert { search_port: Some(50_000), ..lamp("a") };
    lan.hears("10.0.0.9", Way::Multicast, &alive(moved));
    // What says nothing of the port leaves it as it is.
    lan.hears("10.0.0.9", Way::Multicast, &alive(lamp("a")));
    lan.check("a");
    lan.until(300);
    assert_eq!(lan.asked(false), ["0 10.0.0.9:50000 Own", "300 10.0.0.9:1900 Own"]);
}

#[test]
fn multicasts_do_not_prove_that_somebody_is_there() {
    let mut lan = with_lamp();
    lan.hears("10.0.0.9", Way::Multicast, &byebye("a"));
    lan.until(10);
    lan.hears("10.0.0.9", Way::Multicast, &alive(lamp("a")));
    // Neither does an answer from elsewhere, nor one of somebody else there.
    lan.hears("10.0.0.9", UNICAST, &answer(itself(lamp("b"))));
    lan.until(5000);
    assert_eq!(lan.told(), ["800 gone a"]);
}

#[test]
fn an_answer_from_elsewhere_adds_a_place_and_keeps_no_other() {
    let mut lan = with_lamp();
    lan.hears("10.0.0.9", Way::Multicast, &byebye("a"));
    lan.hears("10.0.0.66", UNICAST, &answer(itself(lamp("a"))));
    lan.until(800);
    assert_eq!(lan.told(), ["0 changed a", "800 changed a"]);
    let places = &lan.entry("a").unwrap().places;
    assert_eq!(places.len(), 1);
    assert_eq!(places[0].source.to_string(), "10.0.0.66");
}

#[test]
fn another_boot_number_is_noted_and_checked() {
    for message in [alive as fn(Advert) -> Message, answer] {
        let mut lan = with_lamp();
        lan.hears("10.0.0.9", UNICAST, &message(booted("a", 2)));
        assert_eq!(lan.asked(false), ["0 10.0.0.9:1900 Own"]);
        lan.until(5);
        lan.hears("10.0.0.9", UNICAST, &answer(itself(booted("a", 2))));
        lan.until(20_000);
        assert_eq!(lan.told(), ["0 changed a"]);
        assert_eq!(lan.entry("a").unwrap().places[0].boot_id, Some(2));
        assert_eq!(lan.asked(false), [""; 0]);
    }
}

#[test]
fn a_forged_boot_number_is_put_right_by_the_answer() {
    let mut lan = with_lamp();
    lan.hears("10.0.0.9", Way::Multicast, &alive(booted("a", 9)));
    lan.hears("10.0.0.9", UNICAST, &answer(itself(lamp("a"))));
    lan.until(20_000);
    assert_eq!(lan.told(), ["0 changed a", "0 changed a"]);
    assert_eq!(lan.entry("a").unwrap().places[0].boot_id, Some(1));
}

#[test]
fn a_restart_heard_during_a_check_is_noted_and_asked_again() {
    let mut lan = with_lamp();
    lan.hears("10.0.0.9", Way::Multicast, &byebye("a"));
    lan.until(200);
    lan.hears("10.0.0.9", Way::Multicast, &alive(booted("a", 2)));
    lan.until(300);
    assert_eq!(lan.asked(false), ["0 10.0.0.9:1900 Own", "300 10.0.0.9:1900 Own"]);
    lan.hears("10.0.0.9", UNICAST, &answer(itself(booted("a", 2))));
    lan.until(20_000);
    assert_eq!(lan.told(), ["200 changed a"]);
}

#[test]
fn an_announced_boot_number_is_not_checked() {
    let mut lan = with_lamp();
    lan.hears("fe80::9", Way::Multicast, &alive(lamp("a")));
    let update = Advert { next_boot_id: Some(5), max_age: None, ..lamp("a") };
    lan.hears("10.0.0.9", Way::Multicast, &Message::Update(update));
    lan.hears("10.0.0.9", Way::Multicast, &alive(booted("a", 5)));
    lan.hears("fe80::9", Way::Multicast, &alive(booted("a", 5)));
    assert_eq!(lan.asked(false), [""; 0]);
    // One that does not know the present number is.
    let update = Advert { next_boot_id: Some(7), ..booted("a", 6) };
    lan.hears("10.0.0.9", Way::Multicast, &Message::Update(update));
    assert_eq!(lan.asked(false).len(), 2);
}

#[test]
fn a_device_that_moves_loses_its_old_place() {
    let mut lan = with_lamp();
    lan.hears("10.0.0.10", Way::Multicast, &alive(booted("a", 2)));
    assert_eq!(lan.asked(false), ["0 10.0.0.9:1900 Own"]);
    lan.until(20_000);
    assert_eq!(lan.told(), ["0 changed a", "800 changed a"]);
    let places = &lan.entry("a").unwrap().places;
    assert_eq!(places.len(), 1);
    assert_eq!(places[0].source.to_string(), "10.0.0.10");
}

#[test]
fn who_forges_a_move_changes_no_old_place_and_the_forged_one_is_asked_too() {
    let mut lan = with_lamp();
    lan.hears("10.0.0.66", Way::Multicast, &alive(booted("a", 2)));
    lan.hears("10.0.0.9", UNICAST, &answer(itself(lamp("a"))));
    let sources = |lan: &Lan| -> Vec<String> {
        lan.entry("a").unwrap().places.iter().map(|place| place.source.to_string()).collect()
    };
    assert_eq!(sources(&lan), ["10.0.0.9", "10.0.0.66"]);
    lan.until(900);
    lan.hears("10.0.0.9", UNICAST, &answer(itself(lamp("a"))));
    lan.until(4000);
    assert_eq!(sources(&lan), ["10.0.0.9"]);
}

#[test]
fn the_program_checks_everywhere_and_waits_for_no_rest() {
    let mut lan = with_lamp();
    lan.hears("10.0.0.8", Way::Multicast, &alive(lamp("a")));
    lan.check("nobody");
    lan.check("a");
    lan.check("a");
    assert_eq!(lan.asked(false).len(), 2);
    for source in ["10.0.0.8", "10.0.0.9"] {
        lan.hears(source, UNICAST, &answer(itself(lamp("a"))));
    }
    lan.until(1000);
    lan.check("a");
    assert_eq!(lan.asked(false).len(), 2);
    lan.until(1800);
    assert_eq!(lan.told(), ["0 changed a", "1800 gone a"]);
}

#[test]
fn who_starts_anew_and_leaves_at_once_is_gone_at_once() {
    for after in [400, 1000] {
        let mut lan = with_lamp();
        lan.hears("10.0.0.9", Way::Multicast, &alive(booted("a", 2)));
        lan.hears("10.0.0.9", UNICAST, &answer(itself(booted("a", 2))));
        lan.until(after);
        lan.hears("10.0.0.9", Way::Multicast, &byebye("a"));
        lan.until(20_000);
        let gone = after.max(800) + 800;
        assert_eq!(lan.told(), ["0 changed a".into(), format!("{gone} gone a")]);
    }
}

#[test]
fn of_many_goodbyes_in_a_row_two_are_checked_and_the_next_after_a_rest() {
    let mut lan = with_lamp();
    for ms in (0..=4900).step_by(100) {
        lan.until(ms);
        lan.hears("10.0.0.9", Way::Multicast, &byebye("a"));
        lan.hears("10.0.0.9", UNICAST, &answer(itself(lamp("a"))));
    }
    lan.until(20_000);
    assert_eq!(lan.told(), ["6600 gone a"]);
    let asked = ["0", "800", "5800", "6100"];
    assert_eq!(lan.asked(false), asked.map(|ms| format!("{ms} 10.0.0.9:1900 Own")));
}

#[test]
fn a_flood_of_goodbyes_makes_no_flood_of_questions() {
    let mut lan = Lan::new();
    let name = |n: usize| format!("{n:04}");
    let source = |n: usize| format!("10.0.{}.{}", n / 200, n % 200 + 1);
    for n in 0..DEVICES_MAX {
        lan.hears(&source(n), Way::Multicast, &alive(lamp(&name(n))));
    }
    lan.told();
    // Ten seconds long, each of all devices says goodbye each 100 ms, and answers when asked.
    let mut asked_of = vec![0_usize; DEVICES_MAX];
    for tick in 1..=100 {
        lan.until(tick * 100);
        for n in 0..DEVICES_MAX {
            lan.hears("10.9.9.9", Way::Multicast, &byebye(&name(n)));
        }
        for sent in std::mem::take(&mut lan.sends) {
            let to = sent.1.to.ip().to_string();
            if let Some(n) = (0..DEVICES_MAX).find(|n| source(*n) == to) {
                asked_of[n] += 1;
                lan.hears(&to, UNICAST, &answer(itself(lamp(&name(n)))));
            }
        }
    }
    assert_eq!(lan.told(), [""; 0], "all have answered");
    let asked: usize = asked_of.iter().sum();
    assert!(asked <= 2 * CHECKS_RUNNING_MAX * 13, "{asked} in 12 rounds of 0.8 s");
    assert!(asked_of.iter().all(|times| *times >= 1), "each had its turn");
    assert!(asked_of.iter().all(|times| *times <= 4), "none is asked more often than each 5 s");
}

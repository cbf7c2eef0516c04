//! When and where we search.

use super::*;
use crate::interface::SSDP_PORT;

const GROUP: &str = "239.255.255.250:1900";

/// Without the times, which are drawn.
fn places(asked: &[String]) -> Vec<&str> {
    asked.iter().map(|line| line.split_once(' ').unwrap().1).collect()
}

fn times(asked: &[String]) -> Vec<u64> {
    asked.iter().map(|line| line.split_once(' ').unwrap().0.parse().unwrap()).collect()
}

/// The value of a field in what was sent last.
fn field(lan: &Lan, name: &str) -> String {
    let text = String::from_utf8(lan.sends.last().unwrap().1.bytes.clone()).unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_once(": ").unwrap().1.to_owned()
}

#[test]
fn it_listens_first_then_searches_twice() {
    let mut lan = Lan::new();
    lan.until(1000);
    assert_eq!(field(&lan, "MX"), "3");
    assert_eq!(field(&lan, "ST"), LAMP);
    let asked = lan.asked(true);
    let own = format!("{GROUP} Own");
    assert_eq!(places(&asked), [&own, &own]);
    let times = times(&asked);
    assert!((50..=150).contains(&times[0]), "{times:?}");
    assert!((400..=500).contains(&(times[1] - times[0])), "{times:?}");
}

#[test]
fn each_wanted_type_is_searched_for_in_each_group() {
    let door = "urn:example-org:device:Door:1";
    let mut lan = Lan::wanting(Wanted::Types(vec![target(LAMP), target(door)]));
    let mut interface = ethernet(2);
    for ip in ["fe80::1", "fd00::1"] {
        interface.addresses.push(Address { ip: ip.parse().unwrap(), prefix: 64 });
    }
    lan.interfaces(&[interface]);
    lan.until(200);
    let sent: Vec<String> = lan
        .sends
        .iter()
        .map(|(_, sent)| {
            let kind =
                if String::from_utf8_lossy(&sent.bytes).contains(door) { "door" } else { "lamp" };
            format!("{} {kind}", sent.to)
        })
        .collect();
    let groups = [GROUP, "[ff02::c%2]:1900", "[ff05::c%2]:1900"];
    let expected: Vec<String> = groups
        .iter()
        .flat_map(|group| ["lamp", "door"].map(|kind| format!("{group} {kind}")))
        .collect();
    assert_eq!(sent, expected);
}

#[test]
fn everything_is_searched_for_with_one_word_and_nothing_with_none() {
    let mut lan = Lan::wanting(Wanted::Everything);
    lan.until(200);
    assert_eq!(field(&lan, "ST"), "ssdp:all");
    let mut lan = Lan::wanting(Wanted::Nothing);
    lan.search(None);
    lan.search(Some(target(LAMP)));
    lan.until(10_000_000);
    assert!(lan.sends.is_empty());
}

#[test]
fn a_search_that_nobody_answers_is_tried_once_from_1900() {
    let mut lan = Lan::new();
    lan.until(100_000);
    let asked = lan.asked(true);
    assert_eq!(places(&asked)[2..], [format!("{GROUP} Ssdp")]);
    let times = times(&asked);
    assert_eq!(times[2] - times[1], 4000, "MX and a second");
}

#[test]
fn only_an_answer_to_the_search_shows_that_answers_get_through() {
    let own = Way::Unicast(Port::Own);
    let to_1900 = Way::Unicast(Port::Ssdp);
    for (by, message, tried) in [
        (own, answer(lamp("a")), false),
        (own, answer(itself(lamp("a"))), true),
        (own, answer(lamp("own")), true),
        (to_1900, answer(lamp("a")), true),
        (Way::Multicast, alive(lamp("a")), true),
    ] {
        let mut lan = Lan::new();
        lan.until(1000);
        lan.hears("10.0.0.9", by, &message);
        lan.until(100_000);
        let is_tried = lan.asked(true).iter().any(|line| line.ends_with("Ssdp"));
        assert_eq!(is_tried, tried, "{by:?} {message:?}");
    }
}

#[test]
fn a_quiet_network_is_searched_each_five_minutes_and_one_that_announces_never() {
    let mut quiet = Lan::new();
    quiet.until(200);
    let first = times(&quiet.asked(true))[0];
    quiet.until(299_000);
    quiet.asked(true);
    quiet.until(3_600_000);
    let rounds: Vec<u64> = times(&quiet.asked(true)).chunks(3).map(|round| round[0]).collect();
    assert!((9..=12).contains(&rounds.len()), "{rounds:?}");
    assert!(rounds[0] - first >= 300_000);
    assert!(rounds.windows(2).all(|pair| pair[1] - pair[0] >= 300_000), "{rounds:?}");

    let mut lively = Lan::new();
    lively.until(10_000);
    lively.asked(true);
    for second in (10..3600).step_by(180) {
        lively.until(second * 1000);
        lively.hears("10.0.0.9", Way::Multicast, &alive(lamp("a")));
    }
    assert_eq!(lively.asked(true), [""; 0]);
    // Who is not listed says nothing about those who are.
    for second in (3600..3900).step_by(60) {
        lively.until(second * 1000);
        let door = target("urn:example-org:device:Door:1");
        let usn = Usn { udn: udn("b"), target: Some(door.clone()) };
        let other = Advert { target: door, usn, ..lamp("b") };
        lively.hears("10.0.0.8", Way::Multicast, &alive(other));
    }
    assert_eq!(lively.asked(true).len(), 3);
}

#[test]
fn mx_grows_with_how_many_are_known() {
    for (known, mx) in [(0, "3"), (1, "2"), (120, "2"), (121, "3"), (300, "5"), (500, "5")] {
        let mut lan = Lan::new();
        for n in 0..known {
            let source = format!("10.1.{}.{}", n / 200, n % 200);
            lan.hears(&source, Way::Multicast, &alive(lamp(&format!("u{n}"))));
        }
        lan.search(None);
        assert_eq!(field(&lan, "MX"), mx, "{known} known");
    }
}

#[test]
fn the_program_searches_at_once_but_not_again_within_two_seconds() {
    let mut lan = Lan::new();
    lan.search(None);
    assert_eq!(times(&lan.asked(true)), [0], "without waiting for the first search");
    for ms in [100, 500, 1000, 1999] {
        lan.until(ms);
        lan.search(None);
    }
    assert_eq!(lan.asked(true).len(), 1, "the repetition");
    lan.until(2000);
    lan.search(None);
    assert_eq!(times(&lan.asked(true)), [2000]);
}

#[test]
fn a_search_for_one_target_searches_for_that_alone() {
    let mut lan = Lan::new();
    lan.until(10_000);
    lan.asked(true);
    let root = Target::RootDevice;
    lan.search(Some(root.clone()));
    lan.search(Some(root));
    assert_eq!(field(&lan, "ST"), "upnp:rootdevice");
    lan.search(Some(Target::Device(udn("a"))));
    assert_eq!(field(&lan, "ST"), "uuid:a");
    lan.until(12_000);
    assert_eq!(lan.asked(true).len(), 4);
    // Answered, one needs no further try; and neither is repeated later.
    lan.hears("10.0.0.9", UNICAST, &answer(itself(lamp("a"))));
    lan.until(290_000);
    assert_eq!(places(&lan.asked(true)), [format!("{GROUP} Ssdp")]);
    assert_eq!(lan.known(), 0, "what is not wanted is not listed");
}

#[test]
fn an_interface_that_appears_or_changes_is_searched_again_and_no_other() {
    let mut lan = Lan::new();
    lan.until(10_000);
    lan.asked(true);
    lan.interfaces(&[ethernet(2), ethernet(3)]);
    lan.until(20_000);
    assert!(lan.sends.iter().all(|(_, sent)| sent.interface == 3));
    assert_eq!(lan.asked(true).len(), 3);
    let moved = Address { ip: "10.0.0.2".parse().unwrap(), prefix: 8 };
    lan.interfaces(&[Interface { addresses: vec![moved], ..ethernet(2) }, ethernet(3)]);
    lan.until(30_000);
    assert!(lan.sends.iter().all(|(_, sent)| sent.interface == 2));
    assert!(lan.sends.iter().all(|(_, sent)| sent.to.port() == SSDP_PORT));
    assert_eq!(lan.asked(true).len(), 3);
    lan.interfaces(&[]);
    lan.until(1_000_000);
    assert_eq!(lan.asked(true), [""; 0]);
}

#[test]
fn who_starts_with_many_others_searches_in_turn() {
    let mut lan = Lan::new();
    let mut firsts = Vec::new();
    for index in 3..23 {
        let begun = u64::from(index) * 100_000;
        lan.until(begun);
        lan.asked(true);
        lan.interfaces(&[ethernet(index)]);
        for n in 0..200 {
            let message = alive(lamp(&format!("u{n}")));
            lan.hears_on(index, &format!("10.1.1.{n}"), Way::Multicast, &message);
        }
        lan.until(begun + 60_000);
        firsts.push(times(&lan.asked(true))[0] - begun);
    }
    assert!(firsts.iter().all(|first| (50..=40_150).contains(first)), "{firsts:?}");
    assert!(firsts.iter().filter(|first| **first < 10_000).count() < 10, "{firsts:?}");
}

#[test]
fn the_search_goes_on_while_somebody_new_answers() {
    for (new, rounds) in [(0, 1), (1, 2), (2, 3), (3, 4), (10, 4)] {
        let mut lan = Lan::new();
        lan.hears("10.0.0.8", Way::Multicast, &alive(lamp("a")));
        let mut searches = 0;
        for round in 0..10 {
            let name = if round < new { format!("new{round}") } else { "a".to_owned() };
            lan.until(1_000 + round * 3_600);
            searches += lan.asked(true).len();
            lan.hears("10.0.0.9", UNICAST, &answer(lamp(&name)));
        }
        assert_eq!(searches, 2 * rounds, "{new} are new");
    }
}

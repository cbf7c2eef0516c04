//! The device side of whole engines: what is announced, and when; who is answered, and how.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at a surprise")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use ssdp::engine::{Engine, Input, Wanted};
use ssdp::message::{Advert, Message, read, write};
use ssdp::target::{Target, Udn};
use support::{Faults, LAMP, Lan, Sent, config, lamp, plug};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A network with a lamp on it, which has address 10.0.0.7, and a listener, who has 10.0.0.9.
fn lan(seed: u64) -> Lan {
    let mut lan = Lan::new(seed, Faults::none());
    let engine = Engine::new(config(Some(lamp(1)), Wanted::Nothing), seed);
    lan.join(engine, vec![plug(0, 1, &["10.0.0.7/24", "fe80::7/64", "fd00::7/64"])]);
    lan.listen(vec![plug(0, 1, &["10.0.0.9/24", "fe80::9/64", "fd00::9/64"])]);
    lan
}

/// The same after its start.
fn started(seed: u64) -> Lan {
    let mut lan = lan(seed);
    lan.run(ms(2_000));
    lan.nodes[1].inbox.clear();
    lan
}

fn kind(message: &Message) -> &'static str {
    match message {
        Message::Alive(_) => "alive",
        Message::Update(_) => "update",
        Message::Byebye(_) => "byebye",
        Message::Search(_) => "search",
        Message::Answer(_) => "answer",
    }
}

fn advert(sent: &Sent) -> Advert {
    match sent.message() {
        Message::Alive(advert)
        | Message::Update(advert)
        | Message::Byebye(advert)
        | Message::Answer(advert) => advert,
        Message::Search(_) => panic!("a search"),
    }
}

/// How many of each kind went through each interface.
fn kinds(sent: &[Sent]) -> BTreeMap<(u32, &'static str), usize> {
    let mut kinds = BTreeMap::new();
    for sent in sent {
        *kinds.entry((sent.datagram.interface, kind(&sent.message()))).or_default() += 1;
    }
    kinds
}

/// Has the listener ask, from a port of his own; `mx` is left out in a search for one.
fn ask(lan: &mut Lan, from: &str, to: &str, st: &str, mx: Option<u32>) {
    let to: SocketAddr = to.parse().unwrap();
    let bytes = write::search(to, &Target::Other(st.into()), mx, "x/1 UPnP/2.0 y/1", "y");
    lan.send_as(0, from.parse().unwrap(), to, &bytes.into());
}

const GROUP: &str = "239.255.255.250:1900";
const ASKER: &str = "10.0.0.9:50000";

#[test]
fn a_device_starts_with_three_sets_in_each_group() {
    for seed in 0..20 {
        let lan = started(seed);
        let sent = lan.sent(0, Duration::ZERO);
        assert_eq!(kinds(&sent), BTreeMap::from([((1, "alive"), 3 * 4 * 3)]), "seed {seed}");
        assert!(sent[0].at <= ms(100) && sent[35].at >= sent[0].at + ms(400), "seed {seed}");
        let groups: BTreeSet<String> = sent.iter().map(|s| s.datagram.to.to_string()).collect();
        let all = ["239.255.255.250:1900", "[ff02::c%1]:1900", "[ff05::c%1]:1900"];
        assert_eq!(groups, all.map(str::to_owned).into());
        let targets: BTreeSet<Target> = sent.iter().map(|sent| advert(sent).target).collect();
        assert_eq!(targets.len(), 4);
    }
}

#[test]
fn each_group_is_told_the_location_that_its_members_reach() {
    let lan = started(1);
    for sent in lan.sent(0, Duration::ZERO) {
        let host = match sent.datagram.to.ip().to_string().as_str() {
            "239.255.255.250" => "10.0.0.7:8080",
            "ff02::c" => "[fe80::7]:8080",
            _ => "[fd00::7]:8080",
        };
        let advert = advert(&sent);
        assert_eq!(advert.location.unwrap(), format!("http://{host}/description.xml"));
        assert_eq!((advert.boot_id, advert.config_id), (Some(1_000), Some(7)));
        assert_eq!((advert.max_age, advert.search_port), (Some(1800), Some(50_000)));
        assert_eq!(advert.extra, [("HINT.EXAMPLE-ORG".into(), "on".into())]);
        assert!(!sent.text().contains('%'), "{}", sent.text());
    }
}

#[test]
fn an_earlier_run_is_seen_off_before_the_start() {
    let mut lan = Lan::new(1, Faults::none());
    let old = Udn::random([9; 16]);
    let mut device = lamp(1);
    device.earlier = vec![old.clone()];
    let engine = Engine::new(config(Some(device), Wanted::Nothing), 1);
    lan.join(engine, vec![plug(0, 1, &["10.0.0.7/24"])]);
    lan.run(ms(2_000));
    let sent = lan.sent(0, Duration::ZERO);
    let (byes, rest) = sent.split_at(4);
    for bye in byes {
        assert_eq!((kind(&bye.message()), bye.at), ("byebye", Duration::ZERO));
        assert_eq!(advert(bye).usn.udn, old);
    }
    assert_eq!(kinds(rest), BTreeMap::from([((1, "alive"), 12)]));
    assert!(rest.iter().all(|sent| advert(sent).usn.udn != old));
}

#[test]
fn a_stop_is_a_goodbye_and_then_silence() {
    let mut lan = started(1);
    ask(&mut lan, ASKER, GROUP, "ssdp:all", Some(5));
    lan.run(ms(2));
    let before = lan.now;
    lan.input(0, Input::Stop);
    assert_eq!(kinds(&lan.sent(0, before)), BTreeMap::from([((1, "byebye"), 4 * 3)]));
    lan.run(ms(1));
    let after = lan.now;
    ask(&mut lan, ASKER, GROUP, "ssdp:all", Some(1));
    lan.plug(0, vec![plug(0, 1, &["10.0.0.8/24"])]);
    lan.input(0, Input::Timer);
    lan.input(0, Input::Stop);
    lan.run(Duration::from_secs(3_600));
    assert_eq!(lan.sent(0, after), []);
    assert_eq!(lan.nodes[0].engine.as_ref().unwrap().deadline(), None);
}

#[test]
fn announcements_are_repeated_in_time_and_spread() {
    let mut lan = started(3);
    let begun = lan.now;
    lan.run(Duration::from_secs(6 * 3_600));
    let sent = lan.sent(0, begun);
    assert_eq!(kinds(&sent).len(), 1, "nothing but announcements");
    let mut last: BTreeMap<Target, Duration> = BTreeMap::new();
    for sent in sent.iter().filter(|sent| sent.datagram.to.is_ipv4()) {
        let gap = sent.at - last.insert(advert(sent).target, sent.at).unwrap_or(begun);
        assert!(gap <= Duration::from_secs(1800 * 47 / 100 + 1), "{gap:?}");
    }
    assert_eq!(last.len(), 4);
    // Once in 738 s on average, in each of three groups.
    let expected = 4 * 3 * 6 * 3_600 / 738;
    assert!(sent.len().abs_diff(expected) < 20, "{} is not about {expected}", sent.len());
    let moments: BTreeSet<Duration> = sent.iter().map(|sent| sent.at).collect();
    assert_eq!(moments.len() * 3, sent.len(), "one part at a time");
}

#[test]
fn another_interface_is_told_beforehand_where_we_are_known_and_then_everywhere() {
    let mut lan = started(1);
    let before = lan.now;
    let old = plug(0, 1, &["10.0.0.7/24", "fe80::7/64", "fd00::7/64"]);
    lan.plug(0, vec![plug(1, 2, &["192.168.5.7/24"]), old.clone()]);
    lan.run(ms(2_000));
    let sent = lan.sent(0, before);
    let expected = BTreeMap::from([((1, "update"), 12), ((1, "alive"), 36), ((2, "alive"), 12)]);
    assert_eq!(kinds(&sent), expected);
    for sent in &sent {
        let advert = advert(sent);
        let location = advert.location.unwrap();
        if kind(&sent.message()) == "update" {
            assert_eq!((sent.at, advert.boot_id), (before, Some(1_000)));
            assert_eq!(advert.next_boot_id, Some(1_001));
        } else {
            assert!(sent.at >= before);
            assert_eq!((advert.boot_id, advert.next_boot_id), (Some(1_001), None));
        }
        assert_eq!(sent.datagram.interface == 2, location.contains("192.168.5.7"));
    }
    let unchanged = lan.now;
    lan.plug(0, vec![old.clone(), plug(1, 2, &["192.168.5.7/24"])]);
    lan.run(ms(2_000));
    assert_eq!(lan.sent(0, unchanged), [], "in another order they are the same");
    let lost = lan.now;
    lan.plug(0, vec![old]);
    lan.run(ms(2_000));
    let expected = BTreeMap::from([((1, "update"), 12), ((1, "alive"), 36)]);
    assert_eq!(kinds(&lan.sent(0, lost)), expected, "nothing goes where nothing is");
}

#[test]
fn another_address_is_another_boot() {
    let mut lan = started(1);
    let before = lan.now;
    lan.plug(0, vec![plug(0, 1, &["10.0.0.8/24"])]);
    lan.run(ms(2_000));
    let sent = lan.sent(0, before);
    assert_eq!(kinds(&sent), BTreeMap::from([((1, "update"), 4), ((1, "alive"), 12)]));
    for sent in &sent {
        let (advert, is_update) = (advert(sent), kind(&sent.message()) == "update");
        assert_eq!(advert.boot_id, Some(if is_update { 1_000 } else { 1_001 }));
        let host = if is_update { "10.0.0.7" } else { "10.0.0.8" };
        assert!(advert.location.unwrap().contains(host), "an update says what was known");
    }
}

#[test]
fn interfaces_that_appear_one_after_the_other_at_the_start_are_one_boot() {
    let mut lan = Lan::new(1, Faults::none());
    let node = lan.join(Engine::new(config(Some(lamp(1)), Wanted::Nothing), 1), Vec::new());
    lan.run(ms(5_000));
    assert_eq!(lan.wire, [], "without an interface there is nothing to say");
    lan.plug(node, vec![plug(0, 1, &["10.0.0.7/24"])]);
    lan.plug(node, vec![plug(0, 1, &["10.0.0.7/24"]), plug(1, 2, &["10.1.0.7/24"])]);
    lan.run(ms(2_000));
    let sent = lan.sent(node, Duration::ZERO);
    assert_eq!(kinds(&sent), BTreeMap::from([((1, "alive"), 12), ((2, "alive"), 12)]));
    assert!(sent.iter().all(|sent| advert(sent).boot_id == Some(1_000)));
}

#[test]
fn changed_fields_are_said_at_once_and_then_once_a_second() {
    let mut lan = started(1);
    let begun = lan.now;
    for step in 0..50 {
        let value = step.to_string();
        lan.input(0, Input::Extra(vec![("HINT.EXAMPLE-ORG".into(), value)]));
        lan.run(ms(50));
    }
    lan.run(ms(2_000));
    let sent = lan.sent(0, begun);
    let moments: BTreeSet<Duration> = sent.iter().map(|sent| sent.at - begun).collect();
    assert_eq!(moments, BTreeSet::from([ms(0), ms(1_000), ms(2_000), ms(3_000)]));
    assert_eq!(sent.len(), 4 * 4 * 3);
    assert!(sent.iter().all(|sent| advert(sent).boot_id == Some(1_000)));
    assert_eq!(advert(sent.last().unwrap()).extra[0].1, "49");
    let same = lan.now;
    lan.input(0, Input::Extra(vec![("HINT.EXAMPLE-ORG".into(), "49".into())]));
    lan.run(ms(2_000));
    assert_eq!(lan.sent(0, same), [], "what is not changed is not said");
}

#[test]
fn later_sets_wait_while_a_room_full_of_devices_starts() {
    let mut lan = Lan::new(1, Faults::none());
    for number in 0..60 {
        let engine = Engine::new(config(Some(lamp(number)), Wanted::Nothing), number.into());
        lan.join(engine, vec![plug(0, 1, &[&format!("10.0.0.{}/24", number + 1)])]);
    }
    lan.run(Duration::from_secs(30));
    assert_eq!(lan.wire.len(), 60 * 3 * 4, "in the end everybody has said everything");
    let early = lan.wire.iter().filter(|sent| sent.at <= ms(900)).count();
    assert_eq!(early, 60 * 4, "once for each in the first moment");
}

/// Answers that the listener has got, with the time since the question.
fn answers(lan: &Lan, since: Duration) -> Vec<(Duration, Advert)> {
    let inbox = lan.nodes[1].inbox.iter();
    let answers = inbox.filter_map(|(at, _, bytes)| match read(bytes).unwrap() {
        Message::Answer(advert) => Some((*at - since, advert)),
        Message::Alive(_) | Message::Update(_) | Message::Byebye(_) | Message::Search(_) => None,
    });
    answers.collect()
}

#[test]
fn a_search_in_the_group_is_answered_at_a_random_moment_within_mx() {
    let mut delays = Vec::new();
    for seed in 0..100 {
        let mut lan = started(seed);
        let asked = lan.now;
        ask(&mut lan, ASKER, GROUP, "ssdp:all", Some(3));
        lan.run(ms(4_000));
        let answers = answers(&lan, asked);
        let names: BTreeSet<Target> = answers.iter().map(|(_, said)| said.target.clone()).collect();
        assert_eq!((answers.len(), names.len()), (4, 4), "seed {seed}");
        delays.extend(answers.into_iter().map(|(delay, _)| delay));
    }
    assert!(delays.iter().all(|delay| *delay <= ms(3_002)));
    for third in 0..3 {
        let inside = |delay: &&Duration| delay.as_secs() == third;
        let share = delays.iter().filter(inside).count();
        assert!((90..180).contains(&share), "{share} of 400 in second {third}");
    }
}

#[test]
fn a_search_sent_to_us_alone_is_answered_at_once_with_or_without_mx() {
    for to in ["10.0.0.7:1900", "10.0.0.7:50000"] {
        for mx in [None, Some(5)] {
            let mut lan = started(1);
            let asked = lan.now;
            ask(&mut lan, ASKER, to, LAMP, mx);
            lan.run(ms(100));
            let answers = answers(&lan, asked);
            assert_eq!(answers.len(), 1, "{to} {mx:?}");
            assert!(answers[0].0 <= ms(52));
            // Firewalls let in only what comes back from where the question went.
            let source = lan.nodes[1].inbox.last().unwrap().1.source;
            assert_eq!(source, to.parse().unwrap());
        }
    }
}

#[test]
fn odd_searches_get_no_answer() {
    let mut lan = started(1);
    let asked = lan.now;
    ask(&mut lan, ASKER, GROUP, "ssdp:all", None);
    let odd = ["\"ssdp:all\"", "urn:example-org:device:Lamp:0", "urn:example-org:device:Lamp:2"];
    let more = ["URN:EXAMPLE-ORG:DEVICE:LAMP:1", "urn:example-org:device:Lamp", "uuid:0"];
    for st in odd.into_iter().chain(more) {
        ask(&mut lan, ASKER, GROUP, st, Some(1));
    }
    let off_link = ["203.0.113.7:50000", "[2001:db8::1]:50000", "127.0.0.1:50000"];
    for from in off_link.into_iter().chain(["10.0.0.9:0", "10.0.0.255:50000", "0.0.0.0:50000"]) {
        ask(&mut lan, from, GROUP, "ssdp:all", Some(1));
    }
    ask(&mut lan, "10.0.0.7:50000", GROUP, "ssdp:all", Some(1));
    ask(&mut lan, "10.0.0.7:1900", GROUP, "ssdp:all", Some(1));
    lan.run(ms(3_000));
    assert_eq!(lan.sent(0, asked), []);
    let counts = lan.nodes[0].engine.as_ref().unwrap().counts()[&1];
    assert_eq!((counts.dropped.off_link, counts.dropped.invalid), (5, 0));
}

#[test]
fn an_answer_says_the_location_in_the_askers_network() {
    let hosts = [
        ("10.0.0.9:50000", "10.0.0.7:50000", "10.0.0.7:8080"),
        ("[fe80::9]:50000", "[fe80::7]:50000", "[fe80::7]:8080"),
        ("[fd00::9]:50000", "[fd00::7]:50000", "[fd00::7]:8080"),
    ];
    for (from, to, host) in hosts {
        let mut lan = started(1);
        let asked = lan.now;
        ask(&mut lan, from, to, LAMP, None);
        lan.run(ms(100));
        let sent = lan.sent(0, asked);
        let location = advert(&sent[0]).location.unwrap();
        assert_eq!(location, format!("http://{host}/description.xml"));
        assert_eq!(answers(&lan, asked).len(), 1, "it arrives");
        assert!(
            sent[0].text().contains("\r\nDATE: Fri, 15 Jan 2027 08:00:0"),
            "{}",
            sent[0].text()
        );
    }
}

#[test]
fn repeated_searches_are_answered_once_while_the_answer_waits() {
    let mut lan = started(1);
    let asked = lan.now;
    for _ in 0..3 {
        ask(&mut lan, ASKER, GROUP, LAMP, Some(5));
    }
    ask(&mut lan, ASKER, GROUP, "upnp:rootdevice", Some(5));
    ask(&mut lan, "10.0.0.9:50001", GROUP, LAMP, Some(5));
    lan.run(ms(6_000));
    assert_eq!(lan.sent(0, asked).len(), 3);
    ask(&mut lan, ASKER, GROUP, LAMP, Some(1));
    lan.run(ms(2_000));
    assert_eq!(lan.sent(0, asked).len(), 4, "later it is a new question");
}

#[test]
fn a_flood_of_searches_is_answered_within_the_rate() {
    let mut lan = started(1);
    let asked = lan.now;
    for n in 0..50_000_u32 {
        // 5,000 a second, from 250 hosts with many ports.
        let from = format!("10.0.0.{}:{}", 1 + n % 250, 1024 + n / 250);
        ask(&mut lan, &from, GROUP, "ssdp:all", Some(1));
        lan.run(Duration::from_micros(200));
    }
    let sent = lan.sent(0, asked).len();
    assert!((1_000..=400 + 10 * 200).contains(&sent), "{sent}");
    let counts = lan.nodes[0].engine.as_ref().unwrap().counts()[&1];
    assert!(counts.dropped.over_rate > 40_000, "{counts:?}");
    lan.run(Duration::from_secs(10));
    let before = lan.now;
    ask(&mut lan, ASKER, GROUP, LAMP, Some(1));
    lan.run(ms(1_100));
    assert_eq!(lan.sent(0, before).len(), 1, "afterwards all is as it was");
}

#[test]
fn at_most_so_many_answers_wait() {
    let mut lan = started(1);
    let asked = lan.now;
    for n in 0..300 {
        // Each its own source: only the queue is too short.
        let from = format!("10.0.0.{}:{}", 10 + n % 200, 2_000 + n);
        ask(&mut lan, &from, GROUP, LAMP, Some(5));
    }
    lan.run(ms(2));
    let waiting_at_most = 256;
    lan.run(ms(6_000));
    let sent = lan.sent(0, asked).len();
    assert!(sent <= waiting_at_most && sent > 200, "{sent}");
}

#[test]
fn an_asker_learns_whether_his_multicasts_are_heard() {
    let echo = |lan: &mut Lan| {
        let asked = lan.now;
        ask(lan, ASKER, "10.0.0.7:50000", LAMP, None);
        lan.run(ms(100));
        let extra = advert(&lan.sent(0, asked)[0]).extra;
        let fields = extra.into_iter().filter(|(name, _)| name == "ECHO.EXAMPLE-ORG");
        fields.map(|(_, value)| value).collect::<Vec<_>>()
    };
    let mut lan = started(1);
    assert_eq!(echo(&mut lan), ["0"]);
    let asked = lan.now;
    ask(&mut lan, ASKER, GROUP, LAMP, Some(1));
    lan.run(ms(1_100));
    assert_eq!(advert(&lan.sent(0, asked)[0]).extra.len(), 1, "no echo in answers to the group");
    assert_eq!(echo(&mut lan), ["1"]);
    lan.run(Duration::from_secs(61));
    assert_eq!(echo(&mut lan), ["0"]);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let mut lan = started(seed);
        ask(&mut lan, ASKER, GROUP, "ssdp:all", Some(5));
        lan.run(Duration::from_secs(3_600));
        lan.wire
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

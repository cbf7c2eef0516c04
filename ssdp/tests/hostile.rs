//! Whole engines under hostile input: what is answered, and what it costs.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test stops at a surprise, and says how long a flood took"
)]

mod support;

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use ssdp::engine::{Arrival, Datagram, Engine, Input, Output, Port, Wanted, Way};
use ssdp::interface::{Address, Interface};
use ssdp::limits::{
    ANSWERS_GLOBAL, ANSWERS_PENDING_MAX, ANSWERS_PER_SOURCE, CHECKS_RUNNING_MAX, DEVICES_MAX,
    DEVICES_PER_SOURCE_MAX,
};
use ssdp::message::{read, write};
use ssdp::target::{Target, Udn};
use support::{LAMP, config, lamp};

const NEIGHBOUR: &str = "10.0.0.9:40000";

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// An engine with a device and a control point that has been running for ten seconds.
struct Victim {
    engine: Engine,
    now: Duration,
    sent: Vec<Datagram>,
}

impl Victim {
    fn new() -> Self {
        let wanted = Wanted::Types(vec![Target::parse(LAMP).unwrap()]);
        let engine = Engine::new(config(Some(lamp(1)), wanted), 1);
        let mut victim = Self { engine, now: Duration::ZERO, sent: Vec::new() };
        let address = |ip: &str, prefix| Address { ip: ip.parse().unwrap(), prefix };
        let addresses = vec![address("10.0.0.1", 16), address("fe80::1", 64)];
        let interface = Interface { index: 2, name: "eth0".into(), addresses, own_port: 50_000 };
        victim.input(Input::Interfaces(vec![interface]));
        victim.run(ms(10_000));
        victim.sent.clear();
        victim
    }

    fn input(&mut self, input: Input<'_>) {
        self.engine.handle(self.now, input);
        while let Some(output) = self.engine.poll() {
            if let Output::Send(datagram) = output {
                self.sent.push(datagram);
            }
        }
    }

    fn hears(&mut self, source: &str, by: Way, bytes: &[u8]) {
        let arrival = Arrival { interface: 2, source: source.parse().unwrap(), by };
        self.input(Input::Datagram(arrival, bytes));
    }

    /// Lets time pass.
    fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(at) = self.engine.deadline().filter(|at| *at <= end) {
            self.now = at;
            self.input(Input::Timer);
        }
        self.now = end;
    }

    /// The answers that were sent in the next six seconds, which is longer than any MX.
    fn answers(&mut self) -> usize {
        self.run(ms(6_000));
        let sent = std::mem::take(&mut self.sent);
        sent.iter().filter(|sent| sent.bytes.starts_with(b"HTTP")).count()
    }
}

/// A search for everything with such fields.
fn search(fields: &str) -> Vec<u8> {
    format!("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n{fields}\r\n").into_bytes()
}

const MAN: &str = "MAN: \"ssdp:discover\"\r\n";
const ROOT: &str = "ST: upnp:rootdevice\r\n";

#[test]
fn odd_searches_are_answered_or_not_as_uda_has_it() {
    let usual = |mx: &str| search(&format!("{MAN}MX: {mx}\r\n{ROOT}"));
    let fields = "x: y\r\n".repeat(10_000);
    let table: Vec<(&str, usize, Vec<u8>)> = vec![
        ("usual", 1, usual("2")),
        ("MX 0", 1, usual("0")),
        ("MX far too large", 1, usual("99999999999")),
        ("MX negative", 0, usual("-1")),
        ("MX with a fraction", 0, usual("3.5")),
        ("MX empty", 0, usual("")),
        ("no MX", 0, search(&format!("{MAN}{ROOT}"))),
        ("no MAN", 0, search(&format!("MX: 1\r\n{ROOT}"))),
        ("MAN without quotes", 0, search(&format!("MAN: ssdp:discover\r\nMX: 1\r\n{ROOT}"))),
        ("no ST", 0, search(&format!("{MAN}MX: 1\r\n"))),
        ("LF only", 1, usual("1").into_iter().filter(|byte| *byte != b'\r').collect()),
        ("no last line", 1, usual("1").strip_suffix(b"\r\n").unwrap().to_vec()),
        ("ST twice the same", 1, search(&format!("{MAN}MX: 1\r\n{ROOT}{ROOT}"))),
        ("ST twice", 0, search(&format!("{MAN}MX: 1\r\n{ROOT}ST: ssdp:all\r\n"))),
        ("10,000 fields", 0, search(&format!("{MAN}MX: 1\r\n{ROOT}{fields}"))),
        ("33 fields", 0, search(&format!("{MAN}MX: 1\r\n{ROOT}{}", "x: y\r\n".repeat(30)))),
        ("64 KiB", 0, search(&format!("{MAN}MX: 1\r\n{ROOT}X: {}\r\n", "x".repeat(65_536)))),
        ("NUL in ST", 0, search(&format!("{MAN}MX: 1\r\nST: upnp:rootdevice\0\r\n"))),
        ("NULs", 0, vec![0; 1_000]),
        ("nothing", 0, Vec::new()),
        ("HTTP/1.0", 0, usual("1").into_iter().map(|b| if b == b'1' { b'0' } else { b }).collect()),
        ("another's name", 0, search(&format!("{MAN}MX: 1\r\nST: uuid:other\r\n"))),
    ];
    for (name, answers, bytes) in table {
        let mut victim = Victim::new();
        victim.hears(NEIGHBOUR, Way::Multicast, &bytes);
        assert_eq!(victim.answers(), answers, "{name}");
    }
}

#[test]
fn nothing_is_sent_to_who_is_no_neighbour() {
    let all = search(&format!("{MAN}MX: 1\r\nST: ssdp:all\r\n"));
    let group: SocketAddr = "239.255.255.250:1900".parse().unwrap();
    let off_link = ["203.0.113.7:1900", "127.0.0.1:1900", "0.0.0.0:1900", "[2001:db8::1]:1900"];
    let nobody = ["10.0.0.9:0", "10.0.255.255:1900", "10.0.0.0:1900", "255.255.255.255:1900"];
    let groups = ["239.255.255.250:1900", "224.0.0.1:1900", "[ff02::c]:1900", "[::]:1900"];
    let ours = ["10.0.0.1:1900", "10.0.0.1:50000", "[fe80::1]:50000"];
    // It is a lamp of another name, whose host could be asked whether it is there.
    let advert = advert_of("10.0.0.9");
    let mut root = advert.clone();
    root.target = Target::RootDevice;
    root.usn.target = Some(Target::RootDevice);
    let hints =
        [write::alive(group, &advert), write::byebye(group, &advert), write::alive(group, &root)];
    for source in off_link.iter().chain(&nobody).chain(&groups).chain(&ours) {
        let mut victim = Victim::new();
        for by in [Way::Multicast, Way::Unicast(Port::Own), Way::Unicast(Port::Ssdp)] {
            victim.hears(source, by, &all);
        }
        assert_eq!(victim.answers(), 0, "{source}");
        if ours.contains(source) || *source == "10.0.0.9:0" {
            continue;
        }
        for bytes in &hints {
            victim.hears(source, Way::Multicast, bytes);
        }
        victim.run(ms(10_000));
        let to: Vec<_> = victim.sent.iter().map(|sent| sent.to).collect();
        assert!(to.iter().all(|to| to.ip().is_multicast()), "{source}: {to:?}");
        assert_eq!(victim.engine.entries().count(), 0, "{source}");
    }
}

/// What a lamp says that is none of ours.
fn advert_of(ip: &str) -> ssdp::message::Advert {
    let udn = Udn::parse("forged").unwrap();
    let target = Target::parse(LAMP).unwrap();
    ssdp::message::Advert {
        usn: ssdp::target::Usn { udn, target: Some(target.clone()) },
        target,
        location: Some(format!("http://{ip}/d.xml")),
        server: None,
        max_age: Some(1800),
        boot_id: Some(1),
        next_boot_id: None,
        config_id: None,
        search_port: None,
        extra: Vec::new(),
    }
}

fn forged(number: u32) -> Vec<u8> {
    let mut advert = advert_of("10.0.0.9");
    advert.usn.udn = Udn::parse(&format!("forged-{number}")).unwrap();
    write::alive("239.255.255.250:1900".parse().unwrap(), &advert)
}

/// 40,000 different neighbours.
fn neighbour(number: u32) -> String {
    let ip = Ipv4Addr::from_bits(0x0a00_1000 + number % 40_000);
    format!("{ip}:{}", 1_024 + number % 60_000)
}

#[test]
fn a_hundred_thousand_forged_devices_fill_no_more_than_the_list() {
    let mut victim = Victim::new();
    let begun = Instant::now();
    for number in 0..100_000 {
        victim.hears(NEIGHBOUR, Way::Multicast, &forged(number));
    }
    assert_eq!(victim.engine.entries().count(), DEVICES_PER_SOURCE_MAX);
    for number in 0..100_000 {
        victim.hears(&neighbour(number), Way::Multicast, &forged(number));
    }
    println!("a forged announcement takes {:?}", begun.elapsed() / 200_000);
    assert!(victim.engine.entries().count() <= DEVICES_MAX);
    // Somebody who has proved to be there stays whatever comes.
    victim.hears("10.0.0.8:1900", Way::Multicast, &forged(1_000_000));
    victim.input(Input::Verified(Udn::parse("forged-1000000").unwrap()));
    for number in 0..10_000 {
        victim.hears(&neighbour(number), Way::Multicast, &forged(number));
    }
    let listed: BTreeSet<_> = victim.engine.entries().map(|entry| entry.udn.clone()).collect();
    assert!(listed.len() <= DEVICES_MAX && listed.contains(&Udn::parse("forged-1000000").unwrap()));
}

#[test]
fn forged_goodbyes_make_us_ask_within_bounds() {
    let mut victim = Victim::new();
    let group = "239.255.255.250:1900".parse().unwrap();
    for number in 0..1_000 {
        victim.hears(&neighbour(number), Way::Multicast, &forged(number));
    }
    victim.sent.clear();
    let begun = victim.now;
    for round in 0..10_000_u32 {
        let mut advert = advert_of("10.0.0.9");
        advert.usn.udn = Udn::parse(&format!("forged-{}", round % 1_000)).unwrap();
        victim.hears(NEIGHBOUR, Way::Multicast, &write::byebye(group, &advert));
        victim.run(ms(1));
    }
    // Each check asks twice and lasts 0.8 s.
    let seconds = usize::try_from((victim.now - begun).as_secs()).unwrap() + 1;
    let most = CHECKS_RUNNING_MAX * 2 * (seconds * 10 / 8 + 1);
    assert!(!victim.sent.is_empty() && victim.sent.len() <= most, "{}", victim.sent.len());
}

#[test]
fn a_flood_of_searches_is_answered_within_the_limits() {
    let (burst, rate) = ANSWERS_GLOBAL;
    let (own_burst, own_rate) = ANSWERS_PER_SOURCE;
    for is_one_source in [true, false] {
        let mut victim = Victim::new();
        let all = search(&format!("{MAN}MX: 5\r\nST: ssdp:all\r\n"));
        let begun = Instant::now();
        // Five thousand a second for ten seconds.
        for number in 0..50_000 {
            let port = 1_024 + number % 60_000;
            let one = format!("10.0.0.9:{port}");
            let source = if is_one_source { one } else { neighbour(number) };
            victim.hears(&source, Way::Multicast, &all);
            victim.run(Duration::from_micros(200));
        }
        println!("a search in a flood takes {:?}", begun.elapsed() / 50_000);
        let answers = victim.answers();
        let most = if is_one_source { own_burst + 10 * own_rate } else { burst + 10 * rate };
        assert!(answers > 0 && answers <= usize::try_from(most).unwrap(), "{answers}");
    }
}

#[test]
fn searches_that_wait_are_no_more_than_the_limit() {
    let mut victim = Victim::new();
    let all = search(&format!("{MAN}MX: 5\r\nST: ssdp:all\r\n"));
    for number in 0..10_000 {
        victim.hears(&neighbour(number), Way::Multicast, &all);
    }
    let answers = victim.answers();
    assert_eq!(answers, ANSWERS_PENDING_MAX);
}

#[test]
fn what_one_forged_victim_gets_is_bounded_whatever_is_sent() {
    let mut victim = Victim::new();
    let all = search(&format!("{MAN}MX: 1\r\nST: ssdp:all\r\n"));
    let group = "239.255.255.250:1900".parse().unwrap();
    for number in 0..60_000_u32 {
        let source = format!("10.0.0.9:{}", 1 + number % 65_535);
        match number % 4 {
            0 => victim.hears(&source, Way::Multicast, &all),
            1 => victim.hears(&source, Way::Unicast(Port::Ssdp), &all),
            2 => victim.hears(&source, Way::Multicast, &forged(number)),
            _ => {
                let mut advert = advert_of("10.0.0.9");
                advert.usn.udn = Udn::parse(&format!("forged-{}", number - 1)).unwrap();
                victim.hears(&source, Way::Multicast, &write::byebye(group, &advert));
            }
        }
        victim.run(ms(1));
    }
    victim.run(ms(5_000));
    let victims = victim.sent.iter().filter(|sent| sent.to.ip() == Ipv4Addr::new(10, 0, 0, 9));
    let (answers, asked): (Vec<&Datagram>, Vec<_>) =
        victims.partition(|sent| sent.bytes.starts_with(b"HTTP"));
    let (burst, rate) = ANSWERS_PER_SOURCE;
    let most = usize::try_from(burst + 60 * rate).unwrap();
    assert!(answers.len() <= most, "{}", answers.len());
    println!("60,000 forged datagrams: {} answers, {} questions", answers.len(), asked.len());
    // As many as were forged would be no worse than to send them there at once.
    assert!(asked.len() <= 30_000, "{}", asked.len());
}

/// A datagram that is nearly a message, or none.
fn datagram() -> impl Strategy<Value = Vec<u8>> {
    let start = prop_oneof![
        Just("M-SEARCH * HTTP/1.1"),
        Just("NOTIFY * HTTP/1.1"),
        Just("HTTP/1.1 200 OK"),
    ];
    let field = prop_oneof![
        Just("MAN: \"ssdp:discover\"".to_owned()),
        Just(format!("ST: {LAMP}")),
        Just(format!("NT: {LAMP}")),
        Just("ST: ssdp:all".to_owned()),
        "NT: (upnp:rootdevice|uuid:[a-c])",
        "NTS: ssdp:(alive|byebye|update)",
        "USN: uuid:[a-d](::upnp:rootdevice)?",
        "MX: [0-9]{1,12}",
        "(BOOTID|NEXTBOOTID|SEARCHPORT|CONFIGID)\\.UPNP\\.ORG: [0-9]{1,11}",
        "CACHE-CONTROL: max-age=[0-9]{1,11}",
        "\\PC{0,40}",
    ];
    let near = (start, prop::collection::vec(field, 0..12))
        .prop_map(|(start, fields)| format!("{start}\r\n{}\r\n\r\n", fields.join("\r\n")).into());
    prop_oneof![4 => near, 1 => prop::collection::vec(any::<u8>(), 0..3_000)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_comes_an_engine_goes_on_within_its_limits(
        steps in prop::collection::vec((datagram(), any::<u32>(), 0..3_u8, 0..2_000_u64), 1..200),
    ) {
        let mut victim = Victim::new();
        let mut spent = Duration::ZERO;
        for (bytes, source, by, wait) in &steps {
            let by = match by {
                0 => Way::Multicast,
                1 => Way::Unicast(Port::Own),
                _ => Way::Unicast(Port::Ssdp),
            };
            let off_link = || "203.0.113.7:1900".into();
            let source = if source % 5 == 0 { off_link() } else { neighbour(*source) };
            victim.hears(&source, by, bytes);
            victim.run(ms(*wait));
            spent += ms(*wait);
        }
        prop_assert!(victim.engine.entries().count() <= steps.len());
        let answers = victim.sent.iter().filter(|sent| sent.bytes.starts_with(b"HTTP")).count();
        let (burst, rate) = ANSWERS_GLOBAL;
        prop_assert!(answers as u64 <= u64::from(burst) + u64::from(rate) * (spent.as_secs() + 1));
        for sent in &victim.sent {
            prop_assert!(read(&sent.bytes).is_ok());
            prop_assert!(sent.to.ip() != Ipv4Addr::new(203, 0, 113, 7));
        }
        victim.input(Input::Stop);
        prop_assert!(victim.engine.deadline().is_none());
    }
}

//! Messages as they are met with, odd ones and hostile ones, and what ours look like.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::net::SocketAddr;

use ssdp::limits::VALUE_BYTES_MAX;
use ssdp::message::{Advert, Invalid, Message, read, write};
use ssdp::target::{Target, Udn, Usn};

const LAMP: &str = "urn:example-org:device:Lamp:1";

/// What it is called, its lines, and the MX that is read.
type Row = (&'static str, &'static [&'static str], Result<Option<u32>, Invalid>);

/// A search with these lines after the first, each with CRLF.
fn search(lines: &[&str]) -> Result<Option<u32>, Invalid> {
    let text = format!("M-SEARCH * HTTP/1.1\r\n{}\r\n\r\n", lines.join("\r\n"));
    mx(text.as_bytes())
}

fn mx(bytes: &[u8]) -> Result<Option<u32>, Invalid> {
    let message = read(bytes)?;
    let Message::Search(search) = message else { panic!("not a search: {message:?}") };
    Ok(search.mx)
}

#[test]
fn odd_searches_are_taken_or_dropped_as_decided() {
    const HOST: &str = "HOST: 239.255.255.250:1900";
    const MAN: &str = "MAN: \"ssdp:discover\"";
    const ST: &str = "ST: upnp:rootdevice";
    let table: [Row; 24] = [
        ("plain", &[HOST, MAN, "MX: 2", ST], Ok(Some(2))),
        ("no MX", &[HOST, MAN, ST], Ok(None)),
        ("no MAN", &[HOST, "MX: 2", ST], Err(Invalid::Man)),
        ("MX abc", &[HOST, MAN, "MX: abc", ST], Err(Invalid::Mx)),
        ("MX empty", &[HOST, MAN, "MX:", ST], Err(Invalid::Mx)),
        ("MX -1", &[HOST, MAN, "MX: -1", ST], Err(Invalid::Mx)),
        ("MX +1", &[HOST, MAN, "MX: +1", ST], Err(Invalid::Mx)),
        ("MX 3.5", &[HOST, MAN, "MX: 3.5", ST], Err(Invalid::Mx)),
        ("MX 0", &[HOST, MAN, "MX: 0", ST], Ok(Some(1))),
        ("MX 120", &[HOST, MAN, "MX: 120", ST], Ok(Some(5))),
        ("MX 2^32", &[HOST, MAN, "MX: 4294967296", ST], Ok(Some(5))),
        ("MX long", &[HOST, MAN, "MX: 99999999999", ST], Ok(Some(5))),
        ("MAN unquoted", &[HOST, "MAN: ssdp:discover", "MX: 1", ST], Err(Invalid::Man)),
        ("MAN other", &[HOST, "MAN: \"ssdp:other\"", "MX: 1", ST], Err(Invalid::Man)),
        ("no HOST", &[MAN, "MX: 1", ST], Ok(Some(1))),
        ("HOST without port", &["HOST: 239.255.255.250", MAN, "MX: 1", ST], Ok(Some(1))),
        ("HOST with zone", &["HOST: [FF02::C%2]:1900", MAN, "MX: 1", ST], Ok(Some(1))),
        ("no ST", &[HOST, MAN, "MX: 1"], Err(Invalid::Target)),
        ("ST empty", &[HOST, MAN, "MX: 1", "ST:"], Err(Invalid::Target)),
        ("ST twice alike", &[MAN, "MX: 1", ST, "st: upnp:rootdevice"], Ok(Some(1))),
        ("ST twice", &[MAN, "MX: 1", ST, "ST: ssdp:all"], Err(Invalid::Contradiction)),
        ("MX twice", &[MAN, "MX: 1", "MX: 4", ST], Ok(Some(1))),
        ("lower case", &["man: \"ssdp:discover\"", "mx:1", "st:upnp:rootdevice"], Ok(Some(1))),
        ("blanks", &["MAN :\t\"ssdp:discover\" ", "MX :  3  ", ST], Ok(Some(3))),
    ];
    for (name, lines, expected) in table {
        assert_eq!(search(lines), expected, "{name}");
    }
}

#[test]
fn line_ends_and_start_lines_are_taken_or_dropped_as_decided() {
    let fields = "MAN: \"ssdp:discover\"\r\nMX: 2\r\nST: ssdp:all\r\n";
    let whole = format!("M-SEARCH * HTTP/1.1\r\n{fields}\r\n");
    assert_eq!(mx(whole.as_bytes()), Ok(Some(2)));
    assert_eq!(mx(whole.replace('\r', "").as_bytes()), Ok(Some(2)), "LF only");
    assert_eq!(mx(whole.trim_end().as_bytes()), Ok(Some(2)), "no final CRLF");
    assert_eq!(mx(format!("{whole}body").as_bytes()), Ok(Some(2)), "something behind");
    let after = whole.replace("MX: 2", "X: 1\r\n\r\nMX: 2");
    assert_eq!(mx(after.as_bytes()), Err(Invalid::Target), "the blank line ends it");
    let others = ["M-SEARCH * HTTP/1.0", "m-search * HTTP/1.1", "M-SEARCH / HTTP/1.1"];
    for start in others.into_iter().chain(["NOTIFY * HTTP/1.0", "HTTP/1.0 200 OK"]).chain([
        "HTTP/1.1 404 Not Found",
        "HTTP/1.1 2000 OK",
        "GET / HTTP/1.1",
        "",
    ]) {
        let text = format!("{start}\r\n{fields}\r\n");
        assert_eq!(read(text.as_bytes()), Err(Invalid::StartLine), "{start}");
    }
}

#[test]
fn searches_for_what_we_do_not_answer_are_read_as_something_else() {
    for st in ["\"ssdp:all\"", "URN:EXAMPLE-ORG:DEVICE:LAMP:1", "urn:example-org:device:Lamp"] {
        let text =
            format!("M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: {st}\r\n");
        let Ok(Message::Search(search)) = read(text.as_bytes()) else { panic!("{st}") };
        assert_eq!(search.target, Target::Other(st.into()));
    }
}

/// An announcement with these lines added.
fn alive(lines: &[u8]) -> Result<Advert, Invalid> {
    let head = format!("NOTIFY * HTTP/1.1\r\nNT: {LAMP}\r\nNTS: ssdp:alive\r\n");
    let bytes = [head.as_bytes(), b"USN: uuid:1234::", LAMP.as_bytes(), b"\r\n", lines].concat();
    let message = read(&bytes)?;
    let Message::Alive(advert) = message else { panic!("not alive: {message:?}") };
    Ok(advert)
}

#[test]
fn announcements_in_the_wild_are_read_as_far_as_they_make_sense() {
    let bare = alive(b"").unwrap();
    assert_eq!(bare.target, Target::parse(LAMP).unwrap());
    assert_eq!((bare.location, bare.max_age, bare.boot_id), (None, None, None));
    let max_age =
        |value: &str| alive(format!("CACHE-CONTROL: {value}\r\n").as_bytes()).unwrap().max_age;
    assert_eq!(max_age("max-age=1800"), Some(1800));
    assert_eq!(max_age("max-age = 1800"), Some(1800));
    assert_eq!(max_age("no-cache=\"Ext\", Max-Age=60, x"), Some(60));
    assert_eq!(max_age("max-age=99999999999"), Some(u32::MAX));
    for odd in ["max-age=-1", "max-age", "max-age=", "1800", ""] {
        assert_eq!(max_age(odd), None, "{odd}");
    }
    for odd in [&b"LOCATION:\r\n"[..], b"LOCATION: http://\0/\r\n", b"LOCATION: http://\xe9/\r\n"] {
        assert_eq!(alive(odd).unwrap().location, None, "{odd:?}");
    }
    let folded = alive(b"SERVER: Linux/6\r\n\tUPnP/2.0\r\n  lamp/1\r\n").unwrap();
    assert_eq!(folded.server.as_deref(), Some("Linux/6 UPnP/2.0 lamp/1"));
    let none = alive(b"SERVER\r\n Linux/6\r\nX\r\n").unwrap();
    assert_eq!(none.server, None, "a name without a colon is none");
    let below = alive(b"SERVER:\r\n Linux/6\r\n").unwrap();
    assert_eq!(below.server.as_deref(), Some("Linux/6"));
    let twice = alive(b"LOCATION: http://10.0.0.1/\r\nLocation: http://10.0.0.2/\r\n").unwrap();
    assert_eq!(twice.location.as_deref(), Some("http://10.0.0.1/"));
    assert_eq!(alive(b"USN: uuid:other\r\n"), Err(Invalid::Contradiction));
    assert_eq!(alive(b"NT: upnp:rootdevice\r\n"), Err(Invalid::Contradiction));
    assert_eq!(alive(b"NTS: ssdp:byebye\r\n"), Err(Invalid::Contradiction));
    let ports = alive(b"SEARCHPORT.UPNP.ORG: 50000\r\n").unwrap().search_port;
    assert_eq!(ports, Some(50000));
    assert_eq!(alive(b"SEARCHPORT.UPNP.ORG: 22\r\n").unwrap().search_port, None);
    assert!(alive(b"no colon here\r\n: no name\r\n\x00\x01: \x02\r\n").is_ok());
}

#[test]
fn a_device_that_forgets_uuid_is_still_a_device() {
    let text = format!("HTTP/1.1 200 OK\r\nST: {LAMP}\r\nUSN: 1234::{LAMP}\r\n\r\n");
    let Ok(Message::Answer(advert)) = read(text.as_bytes()) else { panic!() };
    assert_eq!(advert.usn.udn, Udn::parse("uuid:1234").unwrap());
    let without = format!("HTTP/1.1 200 OK\r\nST: {LAMP}\r\n\r\n");
    assert_eq!(read(without.as_bytes()), Err(Invalid::Usn));
    let what = "NOTIFY * HTTP/1.1\r\nNT: a\r\nUSN: uuid:1\r\nNTS: ssdp:other\r\n\r\n";
    assert_eq!(read(what.as_bytes()), Err(Invalid::Nts));
}

#[test]
fn vendors_fields_are_kept_within_limits() {
    let long = format!("LONG.EXAMPLE-ORG: {}\r\n", "x".repeat(257));
    let advert = alive(long.as_bytes()).unwrap();
    assert!(advert.extra.is_empty());
    let ours =
        alive(b"Port.Example-Org: 1\r\nX.UPNP.ORG: 2\r\nPLAIN: 3\r\nport.example-org: 4\r\n");
    assert_eq!(ours.unwrap().extra, [("PORT.EXAMPLE-ORG".to_owned(), "1".to_owned())]);
    let many: String = (0..20).map(|n| format!("F{n}.EXAMPLE-ORG: {n}\r\n")).collect();
    assert_eq!(alive(many.as_bytes()).unwrap().extra.len(), 8);
}

#[test]
fn what_is_too_much_is_dropped() {
    assert_eq!(alive("X: 1\r\n".repeat(29).as_bytes()).map(|_| ()), Ok(()));
    assert_eq!(alive("X: 1\r\n".repeat(30).as_bytes()), Err(Invalid::TooManyFields));
    assert_eq!(alive("X: 1\r\n".repeat(10_000).as_bytes()), Err(Invalid::TooLong));
    assert_eq!(read(&[b'N'; 65_507]), Err(Invalid::TooLong));
    let folds = format!("X: 1\r\n{}", " y\r\n".repeat(400));
    assert!(alive(folds.as_bytes()).is_ok(), "a long value is no reason by itself");
}

fn full() -> Advert {
    let target = Target::parse("urn:example-long-org:device:Lamp12:1").unwrap();
    assert_eq!(target.to_string().len(), 36);
    let usn = Usn { udn: Udn::random([0xab; 16]), target: Some(target.clone()) };
    Advert {
        target,
        usn,
        location: Some(
            "http://[fd00:1111:2222:3333:4444:5555:6666:7777]:65535/description.xml".into(),
        ),
        server: Some("Linux/6.1 UPnP/2.0 lamp/0.1.0".into()),
        max_age: Some(1800),
        boot_id: Some(u32::MAX >> 1),
        next_boot_id: Some(u32::MAX >> 1),
        config_id: Some((1 << 24) - 1),
        search_port: Some(65535),
        extra: vec![("HINT.EXAMPLE-ORG".into(), "x".repeat(60 - "HINT.EXAMPLE-ORG: ".len()))],
    }
}

#[test]
fn our_messages_stay_below_512_bytes() {
    let host: SocketAddr = "[ff05::c]:1900".parse().unwrap();
    let answer = write::answer(1_800_000_000, &full());
    for bytes in [write::alive(host, &full()), write::update(host, &full()), answer] {
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.len() < 512, "{} bytes: {text}", text.len());
        assert!(text.contains("HINT.EXAMPLE-ORG: xxx") && text.ends_with("x\r\n\r\n"), "{text}");
    }
    let mut much = full();
    much.extra.push(("MORE.EXAMPLE-ORG".into(), "x".repeat(100)));
    let text = String::from_utf8(write::alive(host, &much)).unwrap();
    assert!(text.len() < 512 && !text.contains("MORE"), "{text}");
}

#[test]
fn our_messages_have_the_fields_that_are_required() {
    let host: SocketAddr = "[ff02::c%7]:1900".parse().unwrap();
    let names = |bytes: Vec<u8>| -> Vec<String> {
        let text = String::from_utf8(bytes).unwrap();
        let head = text.strip_suffix("\r\n\r\n").unwrap();
        assert!(head.split("\r\n").all(|line| !line.contains(['\r', '\n'])));
        head.split("\r\n").skip(1).map(|line| line.split(':').next().unwrap().into()).collect()
    };
    let notify = ["HOST", "NT", "NTS", "USN", "BOOTID.UPNP.ORG", "CONFIGID.UPNP.ORG"];
    let alive = ["CACHE-CONTROL", "LOCATION", "SERVER", "SEARCHPORT.UPNP.ORG", "HINT.EXAMPLE-ORG"];
    let update = ["LOCATION", "NEXTBOOTID.UPNP.ORG", "SEARCHPORT.UPNP.ORG", "HINT.EXAMPLE-ORG"];
    assert_eq!(names(write::alive(host, &full())), [&notify[..], &alive].concat());
    assert_eq!(names(write::update(host, &full())), [&notify[..], &update].concat());
    assert_eq!(names(write::byebye(host, &full())), notify);
    let answer = names(write::answer(0, &full()));
    for name in ["CACHE-CONTROL", "DATE", "EXT", "LOCATION", "SERVER", "ST", "USN"] {
        assert!(answer.iter().any(|other| other == name), "{name}");
    }
    let bytes = write::search(host, &Target::All, Some(3), "Linux/6 UPnP/2.0 lamp/1", "lamp");
    let text = String::from_utf8(bytes).unwrap();
    let expected = "M-SEARCH * HTTP/1.1\r\nHOST: [FF02::C]:1900\r\nMAN: \"ssdp:discover\"\r\n\
                    MX: 3\r\nST: ssdp:all\r\nUSER-AGENT: Linux/6 UPnP/2.0 lamp/1\r\n\
                    CPFN.UPNP.ORG: lamp\r\n\r\n";
    assert_eq!(text, expected);
    let one = write::search("10.0.0.1:50000".parse().unwrap(), &Target::All, None, "p", "lamp");
    let text = String::from_utf8(one).unwrap();
    assert!(!text.contains("MX") && !text.contains("CPFN"), "{text}");
}

#[test]
fn an_answer_is_dated_and_no_second_breaks_it() {
    let text = |unix| String::from_utf8(write::answer(unix, &full())).unwrap();
    assert!(text(784_111_777).contains("\r\nDATE: Sun, 06 Nov 1994 08:49:37 GMT\r\nEXT:\r\n"));
    assert!(text(u64::MAX).contains("DATE: Fri, 31 Dec 9999 23:59:59 GMT"));
}

#[test]
fn no_value_can_begin_a_line() {
    let mut advert = full();
    advert.location = Some("http://10.0.0.1/\r\nNTS: ssdp:byebye\r\n\r\n".into());
    advert.extra = vec![("A.B\r\nC".into(), "1\r\n\r\n2\0".into())];
    let text = String::from_utf8(write::alive("10.0.0.1:1".parse().unwrap(), &advert)).unwrap();
    assert!(text.contains("\r\nLOCATION: http://10.0.0.1/NTS: ssdp:byebye\r\n"), "{text}");
    assert!(text.ends_with("\r\nA.BC: 12\r\n\r\n"), "{text}");
}

#[test]
fn a_name_above_the_limit_once_it_has_its_prefix_is_none() {
    let heard = |type_bytes: usize| {
        let usn = format!("1234::{}", "x".repeat(type_bytes));
        read(format!("HTTP/1.1 200 OK\r\nST: {LAMP}\r\nUSN: {usn}\r\n\r\n").as_bytes())
    };
    let room = VALUE_BYTES_MAX - "uuid:1234::".len();
    assert!(matches!(heard(room), Ok(Message::Answer(_))));
    assert_eq!(heard(room + 1), Err(Invalid::Usn));
}

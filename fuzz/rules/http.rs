//! Requests to the description server, and the places that strangers want us to fetch from.

use std::net::{IpAddr, Ipv4Addr};
use std::time::SystemTime;

use ssdp::http::{Page, answer};
use ssdp::interface::{Address, Interface};
use ssdp::limits::HTTP_HEAD_BYTES_MAX;
use ssdp::location::Location;

/// Whether a page was served, or a place is one to fetch from.
pub fn check(bytes: &[u8]) -> bool {
    let is_place = place(&String::from_utf8_lossy(bytes));
    // The server reads no more.
    request(&bytes[..bytes.len().min(HTTP_HEAD_BYTES_MAX)]) || is_place
}

fn pages() -> Vec<Page> {
    let page = |path: &str, body: &str| Page {
        path: path.into(),
        content_type: "text/xml; charset=\"utf-8\"".into(),
        body: body.into(),
    };
    vec![page("/", "<p>h\u{e9}</p>"), page("/description.xml", "<root/>")]
}

fn answered(bytes: &[u8]) -> Option<Vec<u8>> {
    answer(bytes, &pages(), "Linux/6 UPnP/2.0 test/1", SystemTime::UNIX_EPOCH)
}

fn request(bytes: &[u8]) -> bool {
    let whole = answered(bytes);
    assert!(whole.is_some() || bytes.len() < HTTP_HEAD_BYTES_MAX, "it goes on and on");
    for part in 1..8 {
        let cut = &bytes[..bytes.len() * part / 8];
        if let Some(early) = answered(cut) {
            assert_eq!(Some(early), whole, "answered after {} bytes", cut.len());
        }
    }
    whole.is_some_and(|answer| is_page(bytes, &String::from_utf8_lossy(&answer)))
}

/// Checks an answer; gives whether it is a page.
fn is_page(request: &[u8], answer: &str) -> bool {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let mut rows = head.split("\r\n");
    let status = rows.next().and_then(|row| row.strip_prefix("HTTP/1.1 ")).expect("a status");
    let fields: Vec<(&str, &str)> =
        rows.map(|row| row.split_once(": ").expect("a field")).collect();
    assert_eq!(fields.len(), 10, "nobody adds to the head");
    let length = fields.iter().find(|(name, _)| *name == "Content-Length").expect("a length").1;
    // An empty line before a request is allowed (RFC 9112, 2.2).
    let request = String::from_utf8_lossy(request);
    let request = request.trim_start_matches(['\r', '\n']);
    // No answer is without a body, unless only its head was asked for.
    let is_head = body.is_empty();
    assert!(if is_head { request.starts_with("HEAD ") } else { length == body.len().to_string() });
    if status != "200 OK" {
        // A refusal says nothing but itself: no echo of what was asked.
        assert!(is_head || body == format!("{status}\n"), "{answer}");
        assert!(STATUSES.contains(&status), "{status}");
        return false;
    }
    let page = pages().into_iter().find(|page| length == page.body.len().to_string());
    let page = page.expect("one of the pages");
    assert!(is_head || body == page.body);
    for_us(request, &page.path);
    true
}

const STATUSES: [&str; 6] = [
    "400 Bad Request",
    "404 Not Found",
    "405 Method Not Allowed",
    "413 Content Too Large",
    "421 Misdirected Request",
    "431 Request Header Fields Too Large",
];

/// Only a question for that page, at an address, gets it.
fn for_us(request: &str, path: &str) {
    let line = request.lines().next().unwrap_or_default();
    let mut words = line.split(' ').filter(|word| !word.is_empty());
    assert!(matches!(words.next(), Some("GET" | "HEAD")), "{line}");
    let target = words.next().expect("a target");
    assert!(target == path || target.starts_with("http://") && target.ends_with(path), "{target}");
    let authority = target.strip_prefix("http://").and_then(|rest| rest.strip_suffix(path));
    let named = request.lines().skip(1).take_while(|row| !row.is_empty()).find_map(|row| {
        let (name, value) = row.split_once(':')?;
        name.eq_ignore_ascii_case("host").then_some(value.trim())
    });
    assert!(authority.or(named).is_none_or(is_address), "{authority:?} {named:?}");
}

fn is_address(host: &str) -> bool {
    let plain = |c: char| c.is_ascii_digit() || ".:".contains(c);
    let is_local = host.get(..9).is_some_and(|host| host.eq_ignore_ascii_case("localhost"));
    is_local || host.starts_with('[') || host.chars().all(plain)
}

/// Two interfaces of this machine.
fn interfaces() -> [Interface; 2] {
    let address = |ip: &str, prefix| Address { ip: ip.parse().expect("an address"), prefix };
    let interface = |index, addresses| Interface {
        index,
        name: format!("lan{index}"),
        addresses,
        own_port: 50_000,
    };
    [
        interface(2, vec![address("192.168.1.5", 24), address("fe80::5", 64)]),
        interface(3, vec![address("10.0.0.5", 8), address("2001:db8::5", 64)]),
    ]
}

fn place(text: &str) -> bool {
    let stranger = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 9));
    let ourselves = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 5));
    let mut is_place = false;
    for heard_on in [2, 3] {
        for source in [stranger, ourselves] {
            let all = interfaces();
            let Ok(place) = Location::check(text, source, heard_on, &all) else { continue };
            is_place = true;
            near(&place, source == ourselves, heard_on, &all);
            let again = Location::check(&place.url(), source, heard_on, &all);
            assert_eq!(again.as_ref(), Ok(&place), "written and read again");
        }
    }
    is_place
}

/// Only neighbours are asked, on the interface that named them.
fn near(place: &Location, is_from_here: bool, heard_on: u32, all: &[Interface; 2]) {
    let (ip, port) = (place.address().ip(), place.address().port());
    let near = all.iter().find(|interface| interface.index == heard_on).expect("it is there");
    let is_near = near.addresses.iter().any(|address| address.shares_network(ip));
    assert!(is_near && !ip.is_loopback() && !ip.is_multicast() && !ip.is_unspecified(), "{ip}");
    assert!(is_from_here || !all.iter().any(|interface| interface.has(ip)), "{ip}");
    assert!(port == 80 || port >= 1024);
    let url = place.url();
    assert!(url.starts_with("http://") && url.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(!url.contains(['#', '\\', '"', '<', '>']));
    assert!(url.split('/').nth(2).is_some_and(|authority| !authority.contains('@')));
}

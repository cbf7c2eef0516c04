//! What must hold of any datagram: for the fuzzer, and for the tests of `ssdp`, which include this
//! file.

use std::net::SocketAddr;

use httparse::{EMPTY_HEADER, Header, Status};
use ssdp::limits::{DATAGRAM_BYTES_MAX, HEADERS_MAX};
use ssdp::message::{Invalid, Message, read, write};

/// Fails where one of the rules is broken.
pub(crate) fn check(bytes: &[u8]) {
    let ours = read(bytes);
    if let Ok(message) = &ours {
        let said = said(message);
        assert_eq!(read(&written(&said)).as_ref(), Ok(&said), "written and read again");
    }
    // What httparse refuses we may read: we are the lenient one.
    if let Some((start, fields)) = theirs(bytes) {
        agree(start, &fields, &ours);
    }
}

/// The message as bytes.
pub(crate) fn written(message: &Message) -> Vec<u8> {
    let host = SocketAddr::from(([239, 255, 255, 250], 1900));
    match message {
        Message::Alive(advert) => write::alive(host, advert),
        Message::Update(advert) => write::update(host, advert),
        Message::Byebye(advert) => write::byebye(host, advert),
        Message::Answer(advert) => write::answer(1_800_000_000, advert),
        Message::Search(search) => {
            let agent = search.user_agent.clone().unwrap_or_default();
            write::search(host, &search.target, search.mx, &agent, "lamp")
        }
    }
}

/// The message with the fields that its kind is written with; without vendors' fields, which are
/// left out where a message would become too long.
pub(crate) fn said(message: &Message) -> Message {
    let mut message = message.clone();
    match &mut message {
        Message::Alive(advert) | Message::Answer(advert) => {
            advert.next_boot_id = None;
            advert.extra.clear();
        }
        Message::Update(advert) => {
            advert.server = None;
            advert.max_age = None;
            advert.extra.clear();
        }
        Message::Byebye(advert) => {
            advert.location = None;
            advert.server = None;
            advert.max_age = None;
            advert.next_boot_id = None;
            advert.search_port = None;
            advert.extra.clear();
        }
        Message::Search(_) => {}
    }
    message
}

type Fields = Vec<(String, Vec<u8>)>;

/// The start line and the fields as httparse sees them, where it sees a whole message that begins
/// with one of our start lines and keeps our limits.
fn theirs(bytes: &[u8]) -> Option<(&'static str, Fields)> {
    let starts = ["NOTIFY * HTTP/1.1", "M-SEARCH * HTTP/1.1", "HTTP/1.1 200"];
    let start = starts.into_iter().find(|start| bytes.starts_with(start.as_bytes()))?;
    let mut headers = [EMPTY_HEADER; HEADERS_MAX];
    let fields = |headers: &[Header<'_>]| {
        headers.iter().map(|header| (header.name.to_owned(), header.value.to_vec())).collect()
    };
    if start == "HTTP/1.1 200" {
        let mut response = httparse::Response::new(&mut headers);
        let is_whole = matches!(response.parse(bytes), Ok(Status::Complete(_)));
        (is_whole && bytes.len() <= DATAGRAM_BYTES_MAX).then(|| (start, fields(response.headers)))
    } else {
        let mut request = httparse::Request::new(&mut headers);
        let is_whole = matches!(request.parse(bytes), Ok(Status::Complete(_)));
        (is_whole && bytes.len() <= DATAGRAM_BYTES_MAX).then(|| (start, fields(request.headers)))
    }
}

/// What httparse takes we read alike, or refuse for what it says and not for how it is written.
fn agree(start: &str, fields: &Fields, ours: &Result<Message, Invalid>) {
    let first = |name: &str| {
        let named = fields.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| str::from_utf8(value).unwrap_or_default())
    };
    let message = match ours {
        Ok(message) => message,
        Err(Invalid::TooLong | Invalid::TooManyFields | Invalid::StartLine) => {
            panic!("{ours:?}, but httparse reads it")
        }
        Err(
            Invalid::Contradiction
            | Invalid::Target
            | Invalid::Nts
            | Invalid::Usn
            | Invalid::Man
            | Invalid::Mx,
        ) => return,
    };
    let (line, nts, advert) = match message {
        Message::Alive(advert) => ("NOTIFY * HTTP/1.1", Some("ssdp:alive"), advert),
        Message::Update(advert) => ("NOTIFY * HTTP/1.1", Some("ssdp:update"), advert),
        Message::Byebye(advert) => ("NOTIFY * HTTP/1.1", Some("ssdp:byebye"), advert),
        Message::Answer(advert) => ("HTTP/1.1 200", None, advert),
        Message::Search(search) => {
            assert_eq!(start, "M-SEARCH * HTTP/1.1");
            assert_eq!(first("MAN"), Some("\"ssdp:discover\""));
            assert_eq!(first("ST"), Some(search.target.to_string().as_str()));
            assert_eq!(first("MX").is_some(), search.mx.is_some());
            return kept("USER-AGENT", first("USER-AGENT"), search.user_agent.as_deref());
        }
    };
    assert_eq!(start, line);
    let target = if nts.is_some() { "NT" } else { "ST" };
    assert_eq!(first(target), Some(advert.target.to_string().as_str()));
    assert!(nts.is_none() || first("NTS") == nts);
    let usn = advert.usn.to_string();
    assert!(first("USN") == Some(&usn) || first("USN") == usn.strip_prefix("uuid:"));
    kept("LOCATION", first("LOCATION"), advert.location.as_deref());
    kept("SERVER", first("SERVER"), advert.server.as_deref());
    for (name, value) in &advert.extra {
        let same = |(other, theirs): &(String, Vec<u8>)| {
            other.eq_ignore_ascii_case(name) && theirs == value.as_bytes()
        };
        assert!(fields.iter().any(same), "{name}: {value}");
    }
    let number = |name: &str| first(name).and_then(|text| text.parse::<u32>().ok());
    let is_same = |name: &str, ours: Option<u32>| ours.is_none() || ours == number(name);
    assert!(is_same("BOOTID.UPNP.ORG", advert.boot_id));
    assert!(is_same("CONFIGID.UPNP.ORG", advert.config_id));
    assert!(is_same("NEXTBOOTID.UPNP.ORG", advert.next_boot_id));
    assert!(is_same("SEARCHPORT.UPNP.ORG", advert.search_port.map(u32::from)));
}

/// A value is kept whole, or not at all.
fn kept(name: &str, theirs: Option<&str>, ours: Option<&str>) {
    assert!(ours.is_none() || ours == theirs, "{name}: {ours:?} is not {theirs:?}");
}

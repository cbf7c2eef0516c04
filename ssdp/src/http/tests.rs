//! Requests as they should be, and as they should not.

use std::time::UNIX_EPOCH;

use proptest::prelude::*;

use super::*;

fn pages() -> Vec<Page> {
    let page = |path: &str, content_type: &str, body: &str| Page {
        path: path.into(),
        content_type: content_type.into(),
        body: body.into(),
    };
    vec![
        page("/description.xml", "text/xml; charset=\"utf-8\"", "<root/>"),
        page("/", "text/html; charset=\"utf-8\"", "<p>hé</p>"),
    ]
}

fn ask(request: impl AsRef<[u8]>) -> Option<String> {
    let answer = answer(request.as_ref(), &pages(), "Linux/6 UPnP/2.0 test/1", UNIX_EPOCH)?;
    Some(String::from_utf8(answer).unwrap())
}

/// The status, and the body.
fn outcome(request: impl AsRef<[u8]>) -> (u16, String) {
    let answer = ask(request).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap();
    (status.parse().unwrap(), body.to_owned())
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: 10.0.0.7:8080\r\n\r\n")
}

#[test]
fn a_page_is_served_with_strict_headers() {
    let answer = ask(get("/")).unwrap();
    let expected = "HTTP/1.1 200 OK\r\n\
        Server: Linux/6 UPnP/2.0 test/1\r\n\
        Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
        Connection: close\r\n\
        Content-Type: text/html; charset=\"utf-8\"\r\n\
        Content-Length: 10\r\n\
        Content-Language: en\r\n\
        Allow: GET, HEAD\r\n\
        Cache-Control: no-store\r\n\
        X-Content-Type-Options: nosniff\r\n\
        Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; \
        base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
        \r\n\
        <p>hé</p>";
    assert_eq!(answer, expected);
}

#[test]
fn head_is_get_without_the_body() {
    let whole = ask(get("/description.xml")).unwrap();
    let head = ask(get("/description.xml").replace("GET", "HEAD")).unwrap();
    assert_eq!(head, whole.strip_suffix("<root/>").unwrap());
}

#[test]
fn an_answer_waits_for_the_whole_request() {
    let request = get("/description.xml");
    for end in 0..request.len() {
        assert_eq!(ask(&request[..end]), None, "{end}");
    }
    assert_eq!(outcome(&request), (200, "<root/>".into()));
    assert_eq!(outcome(request + "\0\0garbage"), (200, "<root/>".into()));
}

#[test]
fn only_the_exact_path_has_a_page() {
    let missing = [
        "/description.xml/",
        "//description.xml",
        "/Description.xml",
        "/./description.xml",
        "/../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/description.xml",
        "/description%2exml",
        "/description.xml?a",
        "description.xml",
        "*",
        "http://10.0.0.7",
        "http://10.0.0.7/other",
        "https://10.0.0.7/description.xml",
        "file:///description.xml",
    ];
    for target in missing {
        assert_eq!(outcome(get(target)).0, 404, "{target}");
    }
    assert_eq!(outcome(get("http://10.0.0.7:8080/description.xml")).0, 200);
}

#[test]
fn nothing_but_questions_is_allowed() {
    for method in ["SUBSCRIBE", "UNSUBSCRIBE", "POST", "PUT", "OPTIONS", "CONNECT", "get", "X"] {
        let request = format!("{method} / HTTP/1.1\r\nHost: 10.0.0.7\r\n\r\n");
        assert_eq!(outcome(&request).0, 405, "{method}");
        assert!(ask(&request).unwrap().contains("\r\nAllow: GET, HEAD\r\n"));
    }
}

#[test]
fn bodies_are_refused() {
    for field in ["Content-Length: 5", "Content-Length: -1", "transfer-encoding: chunked"] {
        let request = format!("GET / HTTP/1.1\r\nHost: 10.0.0.7\r\n{field}\r\n\r\nhello");
        assert_eq!(outcome(request).0, 413, "{field}");
    }
    let none = "GET / HTTP/1.1\r\nHost: 10.0.0.7\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(outcome(none).0, 200);
}

#[test]
fn only_a_request_for_an_address_is_answered() {
    let status = |host: &str| outcome(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).0;
    let ours = ["10.0.0.7", "10.0.0.7:1", "[fe80::7]", "[fe80::7]:80", "[fe80::7%eth0]:80"];
    for host in ours.into_iter().chain(["localhost", "LocalHost:8080"]) {
        assert_eq!(status(host), 200, "{host}");
    }
    for host in ["evil.example", "10.0.0.7.evil.example", "fe80::7", "", ":80", "10.0.0.7:x"] {
        assert_eq!(status(host), 421, "{host}");
    }
    let twice = "GET / HTTP/1.1\r\nHost: 10.0.0.7\r\nHost: 10.0.0.7\r\n\r\n";
    assert_eq!(outcome(twice).0, 400);
    assert_eq!(outcome("GET / HTTP/1.1\r\n\r\n").0, 400);
    assert_eq!(outcome("GET / HTTP/1.0\r\n\r\n").0, 200);
    assert_eq!(outcome("GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n").0, 421);
    assert_eq!(outcome(get("http://evil.example/")).0, 421);
}

#[test]
fn requests_are_bounded() {
    let many = format!("{}{}", get("/").trim_end(), "\r\na: b".repeat(HTTP_HEADERS_MAX));
    assert_eq!(outcome(many + "\r\n\r\n").0, 431);
    let mut long = get(&format!("/{}", "a".repeat(HTTP_HEAD_BYTES_MAX))).into_bytes();
    long.truncate(HTTP_HEAD_BYTES_MAX);
    assert_eq!(outcome(&long).0, 431);
    assert_eq!(ask(&long[..HTTP_HEAD_BYTES_MAX - 1]), None);
}

#[test]
fn other_protocols_are_bad_requests() {
    let others: [&[u8]; 5] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\n Host: folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: \0\r\n\r\n",
        b"GET /\r\n\r\n",
    ];
    for bytes in others {
        assert_eq!(outcome(bytes).0, 400, "{bytes:?}");
    }
    assert_eq!(outcome(b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n").0, 400);
}

#[test]
fn a_header_cannot_be_smuggled_into_an_answer() {
    let mut pages = pages();
    pages[1].content_type = "text/html\r\nSet-Cookie: a=b".into();
    let answer = answer(get("/").as_bytes(), &pages, "a\r\nb: c", UNIX_EPOCH).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.contains("\r\nServer: ab: c\r\n"));
    assert!(answer.contains("\r\nContent-Type: text/htmlSet-Cookie: a=b\r\n"));
}

/// Whether this is one whole answer.
pub(crate) fn is_answer(bytes: &[u8]) -> bool {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut response = httparse::Response::new(&mut headers);
    let Ok(Status::Complete(head)) = response.parse(bytes) else { return false };
    let length = response.headers.iter().find(|field| field.name == "Content-Length").unwrap();
    let length: usize = str::from_utf8(length.value).unwrap().parse().unwrap();
    [0, length].contains(&(bytes.len() - head))
}

proptest! {
    #[test]
    fn any_bytes_get_an_answer_or_wait_for_more(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..HTTP_HEAD_BYTES_MAX),
            "(GET|HEAD|[A-Z]{1,9}) [!-~]{0,40} HTTP/1.[01]\r\n(Host: [!-~]{0,20}\r\n)?\r\n\\PC*"
                .prop_map(String::into_bytes),
        ],
    ) {
        if let Some(answer) = ask(&bytes) {
            prop_assert!(is_answer(answer.as_bytes()), "{answer}");
        }
    }
}

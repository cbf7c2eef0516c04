//! The server among clients that are slow, many, or hostile.

use std::net::{Ipv4Addr, TcpStream};

use proptest::prelude::*;

use super::*;
use crate::http::tests::is_answer;

fn page(body: &str) -> Vec<Page> {
    let content_type = "text/xml; charset=\"utf-8\"".into();
    vec![Page { path: "/description.xml".into(), content_type, body: body.into() }]
}

fn server(body: &str) -> Server {
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Server::start(here, page(body), "Linux/6 UPnP/2.0 test/1".into()).unwrap()
}

fn dial(server: &Server) -> TcpStream {
    TcpStream::connect((Ipv4Addr::LOCALHOST, server.port())).unwrap()
}

/// What comes until the server closes, in whatever way it does.
fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    bytes
}

fn ask(server: &Server, request: &str) -> String {
    let mut stream = dial(server);
    stream.write_all(request.as_bytes()).unwrap();
    String::from_utf8(rest(stream)).unwrap()
}

const GET: &str = "GET /description.xml HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

#[test]
#[cfg(target_os = "linux")]
fn pages_travel_no_farther_than_announcements() {
    for bind in ["0.0.0.0:0", "[::]:0"] {
        let listener = listen(bind.parse().unwrap()).unwrap();
        let socket = socket2::SockRef::from(&listener);
        assert_eq!(socket.ttl_v4().unwrap(), HOPS, "{bind}");
        if bind.starts_with('[') {
            assert_eq!(socket.unicast_hops_v6().unwrap(), HOPS);
        }
    }
}

#[test]
fn a_page_is_served_and_can_be_replaced() {
    let server = server("<first/>");
    assert!(ask(&server, GET).ends_with("\r\n\r\n<first/>"));
    server.set_pages(page("<second/>"));
    assert!(ask(&server, GET).ends_with("\r\n\r\n<second/>"));
    server.set_pages(Vec::new());
    assert!(ask(&server, GET).starts_with("HTTP/1.1 404 "));
}

#[test]
fn nobody_can_subscribe() {
    let subscribe = "SUBSCRIBE /description.xml HTTP/1.1\r\nHost: 127.0.0.1\r\n\
        CALLBACK: <http://203.0.113.7/>\r\nNT: upnp:event\r\nTIMEOUT: Second-1800\r\n\r\n";
    assert!(ask(&server(""), subscribe).starts_with("HTTP/1.1 405 "));
}

#[test]
fn ipv6_means_both_families() {
    let all = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
    let Ok(server) = Server::start(all, page("<both/>"), String::new()) else {
        println!("skipped: needs IPv6");
        return;
    };
    assert!(ask(&server, GET).ends_with("<both/>"));
    let mut stream = TcpStream::connect((Ipv6Addr::LOCALHOST, server.port())).unwrap();
    stream.write_all(GET.as_bytes()).unwrap();
    assert!(rest(stream).ends_with(b"<both/>"));
}

#[test]
fn a_big_page_arrives_whole() {
    let body = "x".repeat(8 << 20);
    let answer = ask(&server(&body), GET);
    assert_eq!(answer.split_once("\r\n\r\n").unwrap().1.len(), body.len());
}

#[test]
fn who_sends_more_than_a_request_still_gets_the_answer() {
    let server = server("<page/>");
    let pipelined = format!("{GET}{GET}\0\0garbage{}", "x".repeat(20_000));
    assert!(ask(&server, &pipelined).ends_with("<page/>"));
    let post = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 20000\r\n\r\n";
    let post = format!("{post}{}", "x".repeat(20_000));
    assert!(ask(&server, &post).starts_with("HTTP/1.1 405 "));
}

#[test]
fn ten_thousand_headers_are_cut_short() {
    let server = server("<page/>");
    let mut stream = dial(&server);
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(10_000));
    // The server may close before it has all.
    let _ = stream.write_all(many.as_bytes());
    let answer = rest(stream);
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431 "));
    assert!(ask(&server, GET).ends_with("<page/>"));
}

#[test]
fn who_never_ends_the_request_is_closed_and_the_others_are_served() {
    let server = server("<page/>");
    let mut slow = dial(&server);
    slow.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    assert!(ask(&server, GET).ends_with("<page/>"));
    assert_eq!(rest(slow), b"");
}

#[test]
fn the_oldest_of_a_source_makes_place_for_its_newest() {
    let server = server("<page/>");
    let mut silent: Vec<TcpStream> =
        (0..HTTP_CONNECTIONS_PER_SOURCE_MAX).map(|_| dial(&server)).collect();
    assert!(ask(&server, GET).ends_with("<page/>"));
    let mut youngest = silent.pop().unwrap();
    let oldest = silent.remove(0);
    assert_eq!(rest(oldest), b"");
    youngest.write_all(GET.as_bytes()).unwrap();
    assert!(rest(youngest).ends_with(b"<page/>"));
}

/// Every address of 127/8 is this machine, on Linux.
#[cfg(target_os = "linux")]
#[test]
fn the_oldest_of_all_makes_place_for_the_newest() {
    let server = server("<page/>");
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()));
    let dial_from = |host: usize| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let from = Ipv4Addr::new(127, 0, 1, u8::try_from(host).unwrap());
        socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
        socket.connect(&to.into()).unwrap();
        TcpStream::from(socket)
    };
    let mut silent: Vec<TcpStream> = (0..HTTP_CONNECTIONS_MAX).map(dial_from).collect();
    assert!(ask(&server, GET).ends_with("<page/>"));
    let oldest = silent.remove(0);
    assert_eq!(rest(oldest), b"");
    let mut second = silent.remove(0);
    second.write_all(GET.as_bytes()).unwrap();
    assert!(rest(second).ends_with(b"<page/>"));
}

#[test]
fn a_crowd_is_served() {
    let server = server("<page/>");
    for _ in 0..200 {
        assert!(ask(&server, GET).ends_with("<page/>"));
    }
}

#[test]
fn dropping_the_server_closes_everything() {
    let server = server("<page/>");
    let silent = dial(&server);
    // Its connection was taken, since one that came later is answered.
    assert!(ask(&server, GET).ends_with("<page/>"));
    drop(server);
    assert_eq!(rest(silent), b"");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_bytes_get_an_answer_or_the_end(
        pieces in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..300),
                Just(GET.as_bytes().to_vec()),
                Just(b"HEAD / HTTP/1.0\r\n".to_vec()),
            ],
            0..5,
        ),
    ) {
        let server = server("<page/>");
        let mut stream = dial(&server);
        for piece in pieces {
            // The server may have closed already.
            let _ = stream.write_all(&piece);
        }
        let _ = stream.shutdown(Shutdown::Write);
        let answer = rest(stream);
        prop_assert!(answer.is_empty() || is_answer(&answer));
    }
}

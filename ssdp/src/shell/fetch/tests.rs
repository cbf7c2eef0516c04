//! Fetching from servers that misbehave, and from nowhere that must not be asked.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use super::*;

/// A listener on this machine.
fn listen() -> (TcpListener, Location) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let location = Location::for_test(listener.local_addr().unwrap());
    (listener, location)
}

/// The head of a request.
fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    String::from_utf8(head).unwrap()
}

/// What is fetched from a server that does `serve` with the first connection, and what that gave.
fn fetch_from<T: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (Result<Foreign, Failure>, T) {
    let (listener, location) = listen();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        head(&mut stream);
        serve(stream)
    });
    (fetch(&location), server.join().unwrap())
}

/// The same where the answer is just these bytes.
fn fetch_answer(answer: impl AsRef<[u8]> + Send + 'static) -> Result<Foreign, Failure> {
    // The client may have seen enough before it has seen all.
    fetch_from(move |mut stream| drop(stream.write_all(answer.as_ref()))).0
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

const LAMP: &str = "<root><device><friendlyName>Lamp</friendlyName></device></root>";

#[test]
fn a_description_is_fetched_and_read() {
    let (listener, location) = listen();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let head = head(&mut stream);
        stream.write_all(ok(LAMP).as_bytes()).unwrap();
        head
    });
    let lamp = fetch(&location).unwrap();
    assert_eq!(lamp.friendly_name.as_deref(), Some("Lamp"));
    let head = server.join().unwrap().to_ascii_lowercase();
    assert!(head.starts_with("get /description.xml http/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("\r\nhost: {}\r\n", location.address())), "{head}");
}

#[test]
fn lengths_may_be_told_in_any_way() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (start, end) = LAMP.split_at(20);
    let chunks = format!("14\r\n{start}\r\n{:x}\r\n{end}\r\n0\r\n\r\n", end.len());
    let answers = [
        format!("{chunked}{chunks}"),
        format!("HTTP/1.1 200 OK\r\n\r\n{LAMP}"),
        format!("HTTP/1.0 200 OK\r\n\r\n{LAMP}"),
    ];
    for answer in answers {
        let lamp = fetch_answer(answer.clone()).map(|lamp| lamp.friendly_name);
        assert_eq!(lamp, Ok(Some("Lamp".into())), "{answer}");
    }
}

#[test]
fn redirects_are_not_followed() {
    let (trap, elsewhere) = listen();
    trap.set_nonblocking(true).unwrap();
    for status in [301, 302, 303, 307, 308] {
        let url = elsewhere.url();
        let redirect =
            format!("HTTP/1.1 {status} Moved\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(fetch_answer(redirect), Err(Failure::Status(status)));
    }
    assert_eq!(trap.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn other_statuses_are_failures() {
    for status in [204, 206, 404, 500] {
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(fetch_answer(answer), Err(Failure::Status(status)));
    }
}

#[test]
fn a_huge_body_is_cut_off() {
    for length in ["Content-Length: 1073741824\r\n", ""] {
        let (outcome, sent) = fetch_from(move |mut stream| {
            let head = format!("HTTP/1.1 200 OK\r\n{length}\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            (0..1 << 14).take_while(|_| stream.write_all(&[b'x'; 1 << 16]).is_ok()).count()
        });
        assert_eq!(outcome, Err(Failure::Unreadable(Unreadable::TooLong)));
        // The server got no further than what the system keeps on the way.
        assert!(sent < 1 << 10, "{sent} times 64 KiB");
    }
}

#[test]
fn a_body_of_the_allowed_length_is_read_and_a_longer_one_is_not() {
    let padded = |length: usize| ok(&format!("{LAMP}{}", " ".repeat(length - LAMP.len())));
    assert!(fetch_answer(padded(DESCRIPTION_BYTES_MAX)).is_ok());
    let too_long = Err(Failure::Unreadable(Unreadable::TooLong));
    assert_eq!(fetch_answer(padded(DESCRIPTION_BYTES_MAX + 1)), too_long);
}

#[test]
fn who_is_silent_or_drips_is_given_up() {
    let silent = thread::spawn(|| fetch_from(|mut stream| stream.read(&mut [0]).unwrap_or(0)).0);
    let dripping = thread::spawn(|| {
        fetch_from(|mut stream| {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n").unwrap();
            // One byte at a time: the next when this one is known not to have ended it.
            let pause = std::time::Duration::from_millis(50);
            stream.set_read_timeout(Some(pause)).unwrap();
            let goes_on = |stream: &mut TcpStream| match stream.read(&mut [0]) {
                Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
                Ok(_) => false,
            };
            while stream.write_all(b"x").is_ok() && goes_on(&mut stream) {}
        })
        .0
    });
    assert_eq!(silent.join().unwrap(), Err(Failure::TooSlow));
    assert_eq!(dripping.join().unwrap(), Err(Failure::TooSlow));
}

#[test]
fn what_is_not_a_description_is_refused() {
    let bomb = "<!DOCTYPE r [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><r>&b;</r>";
    assert_eq!(fetch_answer(ok(bomb)), Err(Failure::Unreadable(Unreadable::NotXml)));
    assert_eq!(fetch_answer(ok("<r/>")), Err(Failure::Unreadable(Unreadable::NoDevice)));
    let latin = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<\xe9/>\n";
    assert_eq!(fetch_answer(latin), Err(Failure::NotText));
    assert_eq!(fetch_answer("SSH-2.0-OpenSSH_9.2\r\n\r\n"), Err(Failure::NotHttp));
    let head = format!("HTTP/1.1 200 OK\r\n{}", "a: b\r\n".repeat(10_000));
    assert_eq!(fetch_answer(head), Err(Failure::NotHttp));
}

#[test]
fn nobody_there_is_a_failure() {
    let (listener, location) = listen();
    drop(listener);
    assert_eq!(fetch(&location), Err(Failure::NoAnswer));
    assert_eq!(fetch_answer(""), Err(Failure::NoAnswer));
    let cut_off = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<root>";
    assert_eq!(fetch_answer(cut_off), Err(Failure::NoAnswer));
}

fn wish(number: u32, location: &Location) -> Wish {
    let udn = Udn::parse(&format!("lamp{number}")).unwrap();
    Wish { udn, location: location.clone() }
}

#[test]
fn a_fetcher_fetches_few_at_a_time_and_again_what_is_asked_for_again() {
    const WISHES: u32 = 12;
    const DIFFERENT: u32 = 6;
    let (listener, location) = listen();
    let most = Arc::new(AtomicUsize::new(0));
    let server = thread::spawn({
        let most = Arc::clone(&most);
        move || {
            let open = Arc::new(AtomicUsize::new(0));
            // Each waits for as many others as may be open at once, so that they are.
            let together = Arc::new(std::sync::Barrier::new(FETCHES_AT_ONCE));
            for _ in 0..WISHES {
                let (mut stream, _) = listener.accept().unwrap();
                let (open, most) = (Arc::clone(&open), Arc::clone(&most));
                let together = Arc::clone(&together);
                thread::spawn(move || {
                    most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    head(&mut stream);
                    together.wait();
                    open.fetch_sub(1, Ordering::SeqCst);
                    stream.write_all(ok(LAMP).as_bytes()).unwrap();
                });
            }
        }
    });
    let (woken, news) = channel();
    let mut fetcher = Fetcher::start(move || woken.send(()).unwrap()).unwrap();
    for number in 0..WISHES {
        assert!(fetcher.ask(wish(number % DIFFERENT, &location)));
    }
    let mut fetched = BTreeMap::<Udn, u32>::new();
    for _ in 0..WISHES {
        news.recv().unwrap();
        let result = fetcher.next().unwrap();
        assert!(result.outcome.is_ok(), "{result:?}");
        *fetched.entry(result.wish.udn).or_default() += 1;
    }
    assert_eq!(fetcher.next(), None);
    // A device that has left and is back is asked for its name again.
    assert!(fetched.len() == 6 && fetched.values().all(|times| *times == 2), "{fetched:?}");
    server.join().unwrap();
    assert_eq!(most.load(Ordering::SeqCst), FETCHES_AT_ONCE);
}

#[test]
fn a_flood_of_wishes_is_bounded() {
    let (_listener, location) = listen();
    let mut fetcher = Fetcher::start(|| {}).unwrap();
    let queued = (0..10_000).filter(|n| fetcher.ask(wish(*n, &location)));
    assert!((1..=FETCHES_WAITING_MAX + FETCHES_AT_ONCE).contains(&queued.count()));
}

#[test]
fn attempts_come_in_bursts_and_then_slowly() {
    let start = Instant::now();
    let mut due = start;
    let mut made = |now| {
        let attempts = std::iter::from_fn(|| {
            due = next_due(due, now)?;
            Some(())
        });
        attempts.count()
    };
    assert_eq!(made(start), 64);
    assert_eq!(made(start), 0);
    assert_eq!(made(start + 3 * FETCH_INTERVAL), 3);
    assert_eq!(made(start + 1000 * FETCH_INTERVAL), 64);
}

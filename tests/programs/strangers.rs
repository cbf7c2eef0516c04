//! Whoever connects and is no Hallway program: closed within the limits, and felt by nobody.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};

use nix::sys::resource::{Resource, getrlimit};
use socket2::{Domain, Socket, Type};

use crate::support::{PATIENCE, Program, chat, community, echo, list};

/// Reads until the other side ends the connection; what it said before.
fn read_to_close(mut stream: TcpStream) -> Vec<u8> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("not closed: {error}"),
    }
    said
}

/// A connection from another address of the loopback: its limits are not those of 127.0.0.1.
fn from(source: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((source, 0)).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    socket.into()
}

/// The first bytes of a real client's call.
pub(crate) fn real_hello() -> Vec<u8> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let _caller = chat("katie", listener.local_addr().unwrap());
    let (mut stream, _) = listener.accept().unwrap();
    let mut hello = vec![0; 6];
    stream.read_exact(&mut hello).unwrap();
    let body = usize::from(u16::from_be_bytes([hello[4], hello[5]]));
    hello.resize(6 + body, 0);
    stream.read_exact(&mut hello[6..]).unwrap();
    hello
}

fn is_alive(node: &Program, at: SocketAddr) {
    let mut caller = chat("caller", at);
    caller.say("still there?");
    caller.hears("still there?");
    caller.end_input();
    assert_eq!(caller.exit(), 0, "{}", node.stderr());
}

#[test]
fn garbage_http_tls_and_half_a_hello_are_closed_and_told_nothing() {
    let hello = real_hello();
    let mut other_version = hello.clone();
    other_version[3] = b'2';
    let mut endless = hello.clone();
    endless[4..6].copy_from_slice(&[0xff, 0xff]);
    let noise: Vec<u8> =
        (0..20_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let words: Vec<Vec<u8>> = vec![
        noise,
        b"GET / HTTP/1.1\r\nHost: hallway\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        vec![0; 1],
        other_version,
        endless,
        // These wait for the rest, in vain: the three seconds of a hello.
        hello[..3].to_vec(),
        hello[..hello.len() - 1].to_vec(),
        Vec::new(),
    ];
    let mut community = community(&[]);
    let mut echo = echo("echo", &[]);
    let places = [community.address(), echo.address()];
    let streams = places.iter().flat_map(|at| words.iter().map(|word| (*at, word.clone())));
    // All at once, so that the silent ones are silent together.
    let streams: Vec<TcpStream> = streams
        .map(|(at, word)| {
            let mut stream = TcpStream::connect(at).unwrap();
            // It may be closed before all is written.
            let _ = stream.write_all(&word);
            stream
        })
        .collect();
    for stream in streams {
        let said = read_to_close(stream);
        // At most the hello that says "nothing in common".
        assert!(said.len() <= 16, "{said:?}");
    }
    is_alive(&echo, places[1]);
    let mut list = list(places[0], &[]);
    assert_eq!(list.exit(), 0);
    // Strangers are not worth a line of the log.
    assert_eq!(community.stderr(), "");
}

#[test]
fn a_hello_without_its_proof_is_one_line_of_the_log() {
    let mut echo = echo("echo", &[]);
    let at = echo.address();
    let mut stream = TcpStream::connect(at).unwrap();
    stream.write_all(&real_hello()).unwrap();
    let mut answer = [0; 6];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer[..4], *b"HWY1");
    // A false proof, and a record that is none: at once, for after the first it hangs up.
    stream.write_all(&[[7; 64].as_slice(), &[0; 100]].concat()).unwrap();
    let _ = stream.shutdown(Shutdown::Write);
    read_to_close(stream);
    is_alive(&echo, at);
    assert!(echo.events_of("connected").iter().all(|event| event["peer"] == "caller"));
}

#[test]
fn two_thousand_idle_sockets_are_not_felt_by_those_inside() {
    const SOCKETS: usize = 2_000;
    let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    if soft < SOCKETS as u64 + 500 {
        println!("skipped: this process may have {soft} descriptors, and needs 2,500");
        return;
    }
    let mut community = community(&[]);
    let at = community.address();
    let mut echo = echo("echo", &["--community", &at.to_string()]);
    let echo_at = echo.address();
    echo.event("community");
    let mut watcher = list(at, &["--watch"]);
    watcher.member("member", "echo");
    let before = community.resident_kib();

    let idle: Vec<TcpStream> = (0..SOCKETS).map(|_| from([127, 0, 0, 2], at)).collect();
    // While they stand there: a conversation, its news, and a newcomer.
    is_alive(&echo, echo_at);
    assert_eq!(watcher.member("changed", "echo")["state"], "in-chat");
    assert_eq!(watcher.member("changed", "echo")["state"], "available");
    let mut bob = crate::support::node("bob", &["--community", &at.to_string()]);
    bob.event("community");
    watcher.member("joined", "bob");
    let during = community.resident_kib();
    assert!(during < before + 4096, "{before} KiB became {during} KiB");

    for stream in idle {
        assert!(read_to_close(stream).is_empty());
    }
    let after = community.resident_kib();
    assert!(after < before + 4096, "{before} KiB became {after} KiB");
    assert!(echo.events_of("community").len() == 1, "the echo lost its community");
}

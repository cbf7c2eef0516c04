//! A service that is flooded with searches through real sockets.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use mio::net::UdpSocket as Polled;
use mio::{Events, Interest, Poll, Token};

use crate::services::Lamp;
use crate::support::{plug_in, switch};
use ssdp::limits::{ANSWERS_GLOBAL, ANSWERS_PER_SOURCE, RECEIVE_BUFFER_BYTES};

/// Searches in the flood, and the pause between 50 of them: 5,000 a second.
const SEARCHES: u32 = 15_000;
const PAUSE: Duration = Duration::from_millis(10);

const SEARCH: &[u8] = b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\
    MAN: \"ssdp:discover\"\r\nMX: 1\r\nST: upnp:rootdevice\r\n\r\n";

/// Searches in the group from a hundred addresses of that machine, and counts the answers until
/// none has come for two seconds, which is longer than MX. Says how long the searching took.
fn flood() -> (u32, Duration) {
    let mut poll = Poll::new().unwrap();
    let mut sockets: Vec<Polled> = (0..100).map(|host| socket(100 + host)).collect();
    for (at, socket) in sockets.iter_mut().enumerate() {
        poll.registry().register(socket, Token(at), Interest::READABLE).unwrap();
    }
    let mut events = Events::with_capacity(128);
    let (begun, mut sent, mut answers) = (Instant::now(), 0, 0);
    let mut took = Duration::ZERO;
    loop {
        let flooding = sent < SEARCHES;
        for socket in sockets.iter().cycle().skip(sent as usize % 100).take(50) {
            if flooding {
                socket.send_to(SEARCH, "239.255.255.250:1900".parse().unwrap()).unwrap();
            }
        }
        if flooding {
            sent += 50;
            took = begun.elapsed();
        }
        let wait = if flooding { PAUSE } else { Duration::from_secs(2) };
        let until = Instant::now() + wait;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            poll.poll(&mut events, Some(left)).unwrap();
            if events.is_empty() {
                break;
            }
            for event in &events {
                while sockets[event.token().0].recv_from(&mut [0; 2048]).is_ok() {
                    answers += 1;
                }
            }
            if !flooding {
                break;
            }
        }
        if !flooding && events.is_empty() {
            return (answers, took);
        }
    }
}

/// A socket with an address of its own.
fn socket(host: u8) -> Polled {
    let socket = UdpSocket::bind(format!("10.9.0.{host}:0")).unwrap();
    let settings = socket2::SockRef::from(&socket);
    settings.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).unwrap();
    settings.set_multicast_if_v4(&format!("10.9.0.{host}").parse().unwrap()).unwrap();
    socket.set_nonblocking(true).unwrap();
    Polled::from_std(socket)
}

/// The seconds of work that threads of that name have done in this program, if the system tells.
fn work(name: &str) -> Option<f64> {
    let mut ticks = 0.0;
    for task in std::fs::read_dir("/proc/self/task").ok()?.flatten() {
        let stat = std::fs::read_to_string(task.path().join("stat")).ok()?;
        let (head, rest) = stat.rsplit_once(") ")?;
        if head.ends_with(&format!("({name}")) {
            let fields = rest.split(' ').skip(11).take(2);
            ticks += fields.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>();
        }
    }
    Some(ticks / 100.0)
}

#[test]
fn a_flood_of_searches_is_answered_within_the_limit_and_a_newcomer_is_seen() {
    let Some([one, other, flooder]) = switch() else { return };
    for host in 100..200 {
        flooder.ip(&format!("addr add 10.9.0.{host}/24 dev eth0"));
    }
    plug_in(&[&one, &other, &flooder]);
    let mut lamp = Lamp::on(&one, 1);
    lamp.wait("network", |lamp| {
        lamp.service.status().interfaces.iter().any(|s| s.traffic.sent > 0)
    });
    let before = work("ssdp");
    let (answers, took) = flooder.run(flood);
    let after = work("ssdp");
    let heard: u64 = lamp.service.status().interfaces.iter().map(|s| s.counts.searches).sum();
    println!("{SEARCHES} searches in {took:?}: {heard} heard, {answers} answered");
    println!("work of the services: {before:?} s before, {after:?} s after");
    assert!(heard > 0 && answers > 0);
    let seconds = u32::try_from(took.as_secs()).unwrap() + 1;
    let (burst, rate) = ANSWERS_GLOBAL;
    assert!(answers <= burst + rate * seconds, "{answers} in {took:?}");
    let (burst, rate) = ANSWERS_PER_SOURCE;
    assert!(answers <= 100 * (burst + rate * seconds), "{answers} in {took:?}");

    let newcomer = Lamp::on(&other, 2);
    lamp.sees(&newcomer.udn, &["10.9.0.2"]);
}

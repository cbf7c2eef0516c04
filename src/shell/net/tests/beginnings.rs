//! How connections begin: listening and dialling.

use super::*;

#[test]
fn we_can_dial_and_what_was_said_before_the_answer_is_sent_after_it() {
    let mut rig = Rig::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    rig.net.perform(DIALLED, NetOutput::Connect(listener.local_addr().unwrap()));
    rig.net.perform(DIALLED, NetOutput::Send(b"early ".to_vec()));
    rig.net.perform(DIALLED, NetOutput::Send(b"bird".to_vec()));
    let mut peer = None;
    let mut connected = false;
    while !connected {
        for event in rig.turn() {
            assert_eq!(event, (DIALLED, Event::Connected));
            connected = true;
        }
        peer = peer.or_else(|| listener.accept().ok());
    }
    rig.net.perform(DIALLED, NetOutput::Close);
    let (peer, _) = peer.unwrap();
    assert_eq!(read_to_end(&peer), b"early bird");
    drop(peer);
    rig.echo_until(Net::is_idle_mut);
    rig.assert_nothing_left();
}

#[test]
fn nobody_at_the_port_is_refused() {
    let mut rig = Rig::new();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    rig.net.perform(DIALLED, NetOutput::Connect(nobody));
    let mut events = Vec::new();
    while events.is_empty() {
        events = rig.turn();
    }
    assert_eq!(events, [(DIALLED, Event::Failed(ConnectError::Refused))]);
    rig.assert_nothing_left();
}

#[test]
fn an_attempt_that_takes_too_long_fails_and_one_that_was_let_go_is_silent() {
    let mut rig = Rig::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = ConnId(ConnId::DIALLED + 1);
    for id in [DIALLED, other] {
        rig.net.perform(id, NetOutput::Connect(listener.local_addr().unwrap()));
    }
    rig.net.perform(other, NetOutput::Close);
    rig.net.expire(Millis(u64::MAX));
    assert_eq!(rig.turn(), [(DIALLED, Event::Failed(ConnectError::Unreachable))]);
    rig.assert_nothing_left();
}

#[test]
fn a_failure_the_core_no_longer_wants_is_not_told() {
    let mut rig = Rig::new();
    // Refused by the system itself, at once: a broadcast address is not for TCP.
    rig.net.perform(DIALLED, NetOutput::Connect("255.255.255.255:9".parse().unwrap()));
    rig.net.perform(DIALLED, NetOutput::Drop);
    rig.net.waker.wake().unwrap();
    assert_eq!(rig.turn(), []);
    rig.assert_nothing_left();
}

#[test]
fn a_taken_port_gives_way_to_a_following_one_only_when_that_is_allowed() {
    let first = Rig::new();
    let mut second = Net::new(Clock::new()).unwrap();
    let at = ListenAddr { ip: Some(LOOPBACK), port: first.addr.port() };
    assert_eq!(second.listen(at, 0), Err(ListenError::InUse));
    let next = second.listen(at, 100).unwrap();
    assert!(next.port() > first.addr.port() && next.port() <= first.addr.port() + 100);
    let elsewhere = ListenAddr { ip: Some("203.0.113.9".parse().unwrap()), port: 0 };
    assert_eq!(second.listen(elsewhere, 0), Err(ListenError::NotHere));
}

#[test]
fn one_listener_serves_ipv6_and_ipv4_and_shows_each_as_what_it_is() {
    let mut rig = Rig::at(None);
    let port = rig.addr.port();
    rig.addr = (Ipv4Addr::LOCALHOST, port).into();
    // `newcomer` compares with what the caller itself believes to be.
    let (_, peer) = rig.newcomer();
    assert!(peer.local_addr().unwrap().is_ipv4());
    if TcpListener::bind("[::1]:0").is_ok() {
        rig.addr = (std::net::Ipv6Addr::LOCALHOST, port).into();
        let (_, peer) = rig.newcomer();
        assert!(peer.local_addr().unwrap().is_ipv6());
    }
}

//! How connections end, and that nothing is left of them.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[test]
fn close_brings_every_queued_byte_and_then_the_end() {
    let mut rig = Rig::new();
    let (id, peer) = rig.newcomer();
    rig.net.perform(id, NetOutput::Send(pattern(3 << 20)));
    rig.net.perform(id, NetOutput::Send(b"bye".to_vec()));
    rig.net.perform(id, NetOutput::Close);
    let (tell, told) = channel();
    let read = Arc::new(AtomicBool::new(false));
    let (mut talker, has_read) = (peer.try_clone().unwrap(), Arc::clone(&read));
    // It talks without listening: a careless close would answer with a reset, and lose our bytes.
    let talking = thread::spawn(move || {
        while !has_read.load(Ordering::Relaxed) {
            talker.write_all(&[7; 100]).unwrap();
        }
    });
    thread::spawn(move || {
        let bytes = read_to_end(&peer);
        read.store(true, Ordering::Relaxed);
        talking.join().unwrap();
        tell.send(bytes).unwrap();
    });
    assert_eq!(rig.echo_until(Net::is_idle_mut), [], "news of a connection that was let go");
    let bytes = told.recv().unwrap();
    assert!(bytes.ends_with(b"bye"));
    assert!(bytes[..3 << 20] == pattern(3 << 20));
    rig.assert_nothing_left();
}

#[test]
fn who_does_not_answer_our_goodbye_is_let_go_in_the_end() {
    let mut rig = Rig::new();
    let (id, peer) = rig.newcomer();
    rig.net.perform(id, NetOutput::Close);
    assert!(!rig.net.is_idle());
    assert_eq!(read_to_end(&peer), b"");
    rig.net.expire(Millis(u64::MAX));
    rig.assert_nothing_left();
}

#[test]
fn drop_lets_go_at_once_and_tells_nothing_more() {
    let mut rig = Rig::new();
    let (id, mut peer) = rig.newcomer();
    peer.write_all(b"unread").unwrap();
    rig.net.perform(id, NetOutput::Drop);
    assert!(rig.net.is_idle());
    assert_eq!(peer.read(&mut [0]).ok().filter(|count| *count > 0), None);
    let (other, _peer) = rig.newcomer();
    assert_eq!(other, ConnId(1), "a number was used again");
}

#[test]
fn the_end_of_the_other_side_still_lets_our_answer_out() {
    let mut rig = Rig::new();
    let (id, mut peer) = rig.newcomer();
    peer.write_all(b"question").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    rig.net.perform(id, NetOutput::Send(pattern(3 << 20)));
    assert_eq!(rig.until_closed(id), (b"question".to_vec(), Lost::Ended));
    let reader = thread::spawn(move || read_to_end(&peer));
    rig.echo_until(Net::is_idle_mut);
    assert!(reader.join().unwrap() == pattern(3 << 20));
    rig.assert_nothing_left();
}

#[test]
#[cfg(target_os = "linux")]
fn last_words_are_heard_even_when_the_line_broke_behind_them() {
    let mut rig = Rig::new();
    let (id, mut peer) = rig.newcomer();
    rig.net.perform(id, NetOutput::Send(b"never read".to_vec()));
    rig.net.waker.wake().unwrap();
    assert_eq!(rig.turn(), []);
    peer.peek(&mut [0]).unwrap();
    peer.write_all(b"goodbye").unwrap();
    // With bytes unread, this is a reset.
    drop(peer);
    // So is the answer to this; the write fails before the loop has read.
    for _ in 0..3 {
        rig.net.perform(id, NetOutput::Send(vec![0; 2 * GATHER_BYTES_MAX]));
    }
    assert_eq!(rig.until_closed(id), (b"goodbye".to_vec(), Lost::Broken));
    rig.assert_nothing_left();
}

#[test]
fn five_hundred_come_and_go_and_nothing_is_left_of_them() {
    let mut rig = Rig::new();
    let addr = rig.addr;
    let (tell, told): (Sender<Vec<Peer>>, _) = channel();
    thread::spawn(move || tell.send((0..500).map(|_| Peer::connect(addr).unwrap()).collect()));
    let mut opened = Vec::new();
    while opened.len() < 500 {
        let turn = rig.turn();
        assert!(turn.iter().all(|(_, event)| matches!(event, Event::Opened(_))));
        opened.extend(turn.into_iter().map(|(id, _)| id));
    }
    let expected: Vec<ConnId> = (0..500).map(ConnId).collect();
    assert_eq!(opened, expected);
    for id in opened {
        rig.net.perform(id, NetOutput::Send(b"hello".to_vec()));
        match id.0 % 3 {
            0 => rig.net.perform(id, NetOutput::Close),
            1 => rig.net.perform(id, NetOutput::Drop),
            _ => {}
        }
    }
    drop(told.recv().unwrap());
    let ended = rig.echo_until(Net::is_idle_mut);
    assert!(ended.iter().all(|(id, event)| id.0 % 3 == 2 && matches!(event, Event::Closed(_))));
    assert_eq!(ended.len(), 166);
    rig.assert_nothing_left();
    assert!(rig.net.unflushed.is_empty() && rig.net.troubles.is_empty());
}

#[test]
fn the_end_of_the_program_waits_for_the_last_words() {
    let mut rig = Rig::new();
    let (id, peer) = rig.newcomer();
    rig.net.perform(id, NetOutput::Send(pattern(3 << 20)));
    let reader = thread::spawn(move || read_to_end(&peer));
    rig.net.finish(HANGS);
    assert!(reader.join().unwrap() == pattern(3 << 20));
    rig.assert_nothing_left();
    assert!(Peer::connect(rig.addr).is_err(), "somebody was let in");
}

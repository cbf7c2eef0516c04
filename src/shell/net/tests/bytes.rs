//! Bytes on their way: order, fairness, memory.

use super::*;

#[test]
fn bytes_that_come_one_by_one_go_back_in_order() {
    let mut rig = Rig::new();
    let done = rig.peer(|mut peer| {
        peer.set_nodelay(true).unwrap();
        let bytes = pattern(2_000);
        bytes.iter().for_each(|byte| peer.write_all(&[*byte]).unwrap());
        peer.shutdown(Shutdown::Write).unwrap();
        assert!(read_to_end(&peer) == bytes);
    });
    let events = rig.echo_until(arrived(&done));
    assert!(matches!(events[0], (ConnId(0), Event::Opened(_))));
    assert_eq!(events[1..], [(ConnId(0), Event::Closed(Lost::Ended))]);
}

#[test]
fn a_slow_reader_gets_everything_and_the_others_are_served_meanwhile() {
    let mut rig = Rig::new();
    let (id, slow) = rig.newcomer();
    rig.net.perform(id, NetOutput::Send(pattern(3 << 20)));
    let done = rig.peer(|quick| (0..50).for_each(|_| round_trip(&quick, b"quick")));
    rig.echo_until(arrived(&done));
    assert!(rig.net.slots[&id].queued() > 0, "the slow one was not slow");

    let (tell, told) = channel();
    let waker = rig.net.waker();
    thread::spawn(move || {
        let mut bytes = vec![0; 3 << 20];
        (&slow).read_exact(&mut bytes).unwrap();
        tell.send(bytes == pattern(3 << 20)).unwrap();
        waker.wake().unwrap();
        slow
    });
    let mut whole = None;
    rig.echo_until(|_| {
        whole = told.try_recv().ok();
        whole.is_some()
    });
    assert_eq!(whole, Some(true));
}

#[test]
fn who_never_reads_is_closed_as_too_slow_and_the_others_go_on() {
    let mut rig = Rig::new();
    let (deaf, _peer) = rig.newcomer();
    let mut closed = Vec::new();
    while closed.is_empty() {
        rig.net.perform(deaf, NetOutput::Send(pattern(1 << 20)));
        assert!(rig.net.slots[&deaf].queued() <= OUT_BYTES_MAX);
        rig.net.waker.wake().unwrap();
        closed = rig.turn();
    }
    assert_eq!(closed, [(deaf, Event::Closed(Lost::TooSlow))]);
    rig.net.perform(deaf, NetOutput::Send(b"late".to_vec()));
    rig.assert_nothing_left();

    let done = rig.peer(|other| round_trip(&other, b"still here"));
    let events = rig.echo_until(arrived(&done));
    assert!(events.iter().all(|(id, _)| *id != deaf), "{events:?}");
}

#[test]
fn no_connection_is_read_beyond_its_share_of_a_turn() {
    let mut rig = Rig::new();
    let (loud, mut peer) = rig.newcomer();
    let writer = thread::spawn(move || peer.write_all(&pattern(4 << 20)).map(|()| peer));
    let mut heard = 0;
    while heard < 4 << 20 {
        let mut share = 0;
        for (id, event) in rig.turn() {
            assert_eq!(id, loud);
            match event {
                Event::Received(bytes) => share += bytes.len(),
                other => panic!("{other:?}"),
            }
        }
        assert!(share <= READ_BYTES_PER_TURN, "{share}");
        heard += share;
    }
    assert!(writer.join().unwrap().is_ok());
}

#[test]
fn the_bytes_of_a_turn_are_gathered_and_an_idle_connection_keeps_no_memory() {
    let mut rig = Rig::new();
    let (id, mut peer) = rig.newcomer();
    for word in ["gather ", "all ", "updates"] {
        rig.net.perform(id, NetOutput::Send(word.as_bytes().to_vec()));
    }
    assert_eq!(rig.net.slots[&id].queued(), 18);
    assert_eq!(rig.net.unflushed, [id]);
    rig.net.waker.wake().unwrap();
    rig.turn();
    assert_eq!(rig.net.slots[&id].queued(), 0);
    let mut heard = [0; 100];
    assert_eq!(peer.read(&mut heard).unwrap(), 18, "it went out in pieces");
    match &rig.net.slots[&id] {
        Slot::Open(stream) => assert_eq!(stream.memory(), 0),
        _ => panic!("it is not open"),
    }
    assert!(size_of::<Slot>() < 128);
}

#[test]
fn what_is_gathered_for_many_is_written_before_it_takes_too_much_memory() {
    let mut rig = Rig::new();
    let peers: Vec<_> = (0..20).map(|_| rig.newcomer()).collect();
    for (id, _) in &peers {
        rig.net.perform(*id, NetOutput::Send(vec![7; GATHER_BYTES_MAX]));
    }
    let queued: usize = rig.net.slots.values().map(Slot::queued).sum();
    assert!(queued <= GATHER_TOTAL_BYTES_MAX, "{queued}");
    assert!(rig.net.unflushed.len() < peers.len());
}

#[test]
fn a_wake_from_another_thread_ends_the_wait() {
    let mut rig = Rig::new();
    let waker = rig.net.waker();
    thread::spawn(move || waker.wake().unwrap());
    assert_eq!(rig.turn(), []);
}

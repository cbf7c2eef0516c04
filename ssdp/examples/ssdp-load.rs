#![allow(warnings)]
#[path = "../tests/support/mod.rs"]
mod support;
use std::time::{Duration, Instant};
use support::buffers::*;
use support::crowd::*;
use support::*;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let n: u16 = args[1].parse().unwrap();
    let v6 = args[2] == "6";
    let loss: u8 = args[3].parse().unwrap();
    let span = Duration::from_millis(args[4].parse().unwrap());
    let t = Instant::now();
    let ms = Duration::from_millis;
    let mut lan =
        Lan::new(1, Faults { loss_percent: loss, twice_percent: 0, delay: ms(0)..=ms(2) });
    lan.buffers = Some(Buffers::new(ms(args[5].parse().unwrap())));
    join_all(&mut lan, n, span, v6);
    for s in [1u64, 4, 5, 10, 10, 30, 60] {
        lan.run(Duration::from_secs(s));
        println!(
            "{:?} missing {} gone {} cpu {:?} lost {} most {}",
            lan.now,
            missing(&lan),
            gone(&lan),
            t.elapsed(),
            lan.buffers.as_ref().unwrap().lost,
            lan.buffers.as_ref().unwrap().most
        );
    }
    let w = std::mem::take(&mut lan.wire);
    let l = Load::of(&w);
    println!(
        "start: datagrams {} answers {} peak kbit {} ",
        l.datagrams,
        l.answers,
        l.peak_bits_per_second() / 1000
    );
    let mut sec = std::collections::BTreeMap::<(u64, &str), u64>::new();
    for s in &w {
        *sec.entry((s.at.as_secs(), s.text().split(' ').next().unwrap())).or_default() += 1;
    }
    println!("{sec:?}");
    if args.len() > 6 {
        let begin = lan.now;
        lan.run(Duration::from_secs(3600));
        let w = std::mem::take(&mut lan.wire);
        let l = Load::of(&w);
        println!(
            "hour: missing {} gone {} datagrams {} answers {} mean bit/s {} peak kbit {} cpu {:?}",
            missing(&lan),
            gone(&lan),
            l.datagrams,
            l.answers,
            l.bits_per_second(Duration::from_secs(3600)),
            l.peak_bits_per_second() / 1000,
            t.elapsed()
        );
        println!("avg size {}", w.iter().map(|s| s.datagram.bytes.len()).sum::<usize>() / w.len());
    }
}

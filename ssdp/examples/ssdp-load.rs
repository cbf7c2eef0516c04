//! What many devices that look for each other put on a network: whole engines, simulated.
//!
//! `cargo run --release -p ssdp --example ssdp-load -- 30 200 1000`
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that prints what it measures"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Duration;

use ssdp::limits::DEVICES_MAX;
use support::buffers::Buffers;
use support::crowd::{Load, join_all};
use support::{Faults, Lan};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: u32 = 60;
/// Of the time after the start: each device has announced itself anew by then.
const STEADY: u32 = 20 * MINUTE;
/// Of more only the start at once is simulated: it takes ten minutes.
const NODES_MANY: u16 = 500;

/// Seconds within which all start, hundredths that are lost, whether there is IPv6 as well, and
/// milliseconds between two looks into a receive buffer.
const CASES: [(u64, u8, bool, u64); 6] = [
    (0, 0, false, 1),
    (0, 0, false, 50),
    (11, 0, false, 1),
    (11, 0, false, 50),
    (11, 30, false, 1),
    (11, 0, true, 1),
];

/// One row of the table.
struct Case {
    nodes: u16,
    within: Duration,
    loss_percent: u8,
    has_v6: bool,
    reads_every: Duration,
}

fn main() {
    let counts: Vec<u16> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    println!(
        "nodes | start within | families | loss | reads every | 99 % listed, all | datagrams, \
         answers | peak Mbit/s | fullest buffer, lost | steady kbit/s, peak | CPU s: start, 20 min"
    );
    for nodes in counts {
        for (seconds, loss_percent, has_v6, millis) in CASES {
            if nodes <= NODES_MANY || (seconds, millis) == (0, 1) {
                let within = Duration::from_secs(seconds);
                let reads_every = Duration::from_millis(millis);
                row(&Case { nodes, within, loss_percent, has_v6, reads_every });
            }
        }
    }
}

fn row(case: &Case) {
    let delay = Duration::ZERO..=Duration::from_millis(3);
    let faults = Faults { loss_percent: case.loss_percent, twice_percent: 0, delay };
    let mut lan = Lan::new(1, faults);
    lan.buffers = Some(Buffers::new(case.reads_every));
    let mut start = Load::default();
    let before = cpu_seconds();
    join_all(&mut lan, case.nodes, case.within, case.has_v6);
    let (mut most, mut all) = (None, None);
    for _ in 0..3 * MINUTE {
        pass(&mut lan, &mut start);
        let listed = listed_percent(&lan);
        most = most.or((listed >= 99.0).then_some(lan.now.as_secs()));
        all = all.or((listed >= 100.0).then_some(lan.now.as_secs()));
    }
    let begun = cpu_seconds();
    let mut steady = Load::default();
    for _ in 0..STEADY {
        pass(&mut lan, &mut steady);
    }
    let second = |at: Option<u64>| at.map_or("later".into(), |at| format!("{at} s"));
    let kilo = |bits: u64| bits as f64 / 1e3;
    println!(
        "{:5} | {:4} s | {:8} | {:2} % | {} ms | {}, {} | {}, {} | {:.1} | {}, {} | \
         {:.1}, {:.0} | {:.1}, {:.1}",
        case.nodes,
        case.within.as_secs(),
        if case.has_v6 { "4 and 6" } else { "4" },
        case.loss_percent,
        case.reads_every.as_millis(),
        second(most),
        second(all),
        start.datagrams,
        start.answers,
        kilo(start.peak_bits_per_second()) / 1e3,
        lan.buffers.as_ref().map_or(0, |buffers| buffers.most),
        lan.buffers.as_ref().map_or(0, |buffers| buffers.lost),
        kilo(steady.bits_per_second(SECOND * STEADY)),
        kilo(steady.peak_bits_per_second()),
        begun - before,
        cpu_seconds() - begun,
    );
}

/// Lets a second pass, and keeps the memory small.
fn pass(lan: &mut Lan, load: &mut Load) {
    lan.run(SECOND);
    load.take(lan);
    lan.nodes.iter_mut().for_each(|node| node.events.clear());
}

/// Of all that fits the lists.
fn listed_percent(lan: &Lan) -> f64 {
    let engines = lan.nodes.iter().filter_map(|node| node.engine.as_ref());
    let listed: usize = engines.map(|engine| engine.entries().count()).sum();
    let room = (lan.nodes.len() - 1).min(DEVICES_MAX) * lan.nodes.len();
    listed as f64 * 100.0 / room as f64
}

/// What this program has worked so far, where the system tells.
fn cpu_seconds() -> f64 {
    let told = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanos = told.split(' ').next().and_then(|word| word.parse::<f64>().ok());
    nanos.unwrap_or_default() / 1e9
}

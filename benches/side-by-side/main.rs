//! A line of chat, or files, through Hallway and through what people would use instead, on the same
//! work, in one run: `benches/side-by-side/run`, which also puts a community beside IRC servers.
//!
//! In each round every contestant has its turn, so that whatever the machine does hits all alike.
//! It takes the first two cores that it may use: for a line whoever asks is on one and whoever
//! answers on the other, for files everybody has both.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    missing_docs,
    reason = "a program that measures: it starts processes, and stops at the first surprise"
)]

#[path = "../support/driven.rs"]
mod driven;
mod during;
mod files;
#[path = "../support/ircd.rs"]
mod ircd;
mod kit;
mod movers;
mod pipes;
#[path = "../support/process.rs"]
mod process;
mod sockets;
#[path = "../support/table.rs"]
mod table;
mod turn;

use std::env;
use std::time::{Duration, Instant};

use clap::Parser as _;

use ircd::Ircd;
use kit::Kit;
use pipes::{PIPES, Pipes};
use process::{Cores, move_to};
use table::Figures;

/// Says to a process that was started by this one what it is.
const ROLE: &str = "HALLWAY_SIDE_ROLE";
/// Said by everybody: 64 bytes with the end of the line.
const LINE: &str = "shall we meet at five, at the bridge, or would six suit better?\n";
/// Lines before it counts.
const WARM_UP: usize = 200;
/// Calls in each round.
const CALLS: usize = 5;
/// The floor, and ours.
const FLOOR: &str = "raw TCP";
const OURS: &str = "Hallway: client chat, node-server --echo";

/// A line of chat beside others, or files.
#[derive(clap::Parser)]
struct Plan {
    /// How often everybody has a turn
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Lines of one turn
    #[arg(long, default_value_t = 3_000)]
    lines: usize,
    /// Files, and no line of chat
    #[arg(long)]
    files: bool,
    /// Mebibytes of the large file
    #[arg(long, value_name = "MIB", default_value_t = 1_024)]
    files_mib: u64,
    /// What cargo says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Carries a line to the other side and back; dropped, it ends what it started.
type Carrier = Box<dyn FnMut()>;

/// Somebody who carries lines.
struct Contestant<'a> {
    name: &'static str,
    start: Box<dyn Fn() -> Result<Carrier, String> + 'a>,
}

fn main() {
    match env::var(ROLE).as_deref() {
        Ok("echo") => sockets::serve_echo(),
        Ok(_) => sockets::serve_raw(),
        Err(_) => match Plan::parse() {
            plan if plan.files => files::measure(plan.rounds, plan.files_mib),
            plan => measure(&plan),
        },
    }
}

fn measure(plan: &Plan) {
    assert_eq!(LINE.len(), 64);
    move_to(Cores::Asking);
    let kit = Kit::new();
    let pipes = Pipes(&kit);
    let contestants = contestants(&pipes);
    let names = || contestants.iter().map(|one| one.name);
    let (mut p50, mut p99) = (vec![Ok(vec![]); names().len()], vec![Ok(vec![]); names().len()]);
    let mut set_up = vec![Ok(vec![]); PIPES.len()];
    for _ in 0..plan.rounds {
        for (at, contestant) in contestants.iter().enumerate() {
            let spans = (contestant.start)().map(|carry| talk(carry, plan.lines));
            add(&mut p50[at], spans.clone().map(|spans| spans[spans.len() / 2]));
            add(&mut p99[at], spans.map(|spans| spans[spans.len() * 99 / 100]));
        }
        for (at, pipe) in PIPES.iter().enumerate() {
            add(&mut set_up[at], pipes.set_up(pipe, CALLS).map(|spans| spans[CALLS / 2]));
        }
    }
    let print = |what: &str, names: Vec<&str>, figures: Vec<Figures>| {
        let rows: Vec<_> = names.into_iter().zip(figures).collect();
        table::print(what, 1, OURS, FLOOR, &rows);
    };
    println!("{} rounds of {} lines of {} bytes", plan.rounds, plan.lines, LINE.len());
    print("a line there and back, us: p50 of a round", names().collect(), p50);
    print("the same: p99 of a round", names().collect(), p99);
    let names = PIPES.iter().map(|pipe| pipe.name).collect();
    print("from its start to the first line back, ms", names, set_up);
}

fn contestants<'a>(pipes: &'a Pipes<'_>) -> Vec<Contestant<'a>> {
    let mut all: Vec<Contestant<'a>> = PIPES
        .iter()
        .map(|pipe| Contestant { name: pipe.name, start: Box::new(|| pipes.start(pipe)) })
        .collect();
    all.push(Contestant { name: FLOOR, start: Box::new(|| Ok(sockets::raw())) });
    let name = "Hallway's cores on their sockets, no pipes";
    all.push(Contestant { name, start: Box::new(|| Ok(sockets::nodes())) });
    for ircd in Ircd::ALL {
        let start = move || ircd.missing().map_or_else(|| Ok(sockets::irc(ircd)), Err);
        all.push(Contestant { name: ircd.name(), start: Box::new(start) });
    }
    all
}

/// Times of so many lines, sorted, in microseconds.
fn talk(mut carry: Carrier, lines: usize) -> Vec<f64> {
    (0..WARM_UP).for_each(|_| carry());
    let spans = (0..lines).map(|_| {
        let begun = Instant::now();
        carry();
        begun.elapsed()
    });
    sorted(spans.collect(), 1e6)
}

/// Spans in parts of a second, sorted.
fn sorted(spans: Vec<Duration>, parts: f64) -> Vec<f64> {
    let mut spans: Vec<f64> = spans.iter().map(|span| span.as_secs_f64() * parts).collect();
    spans.sort_by(f64::total_cmp);
    spans
}

/// Adds what a round gave.
fn add(figures: &mut Figures, figure: Result<f64, String>) {
    match (figures.as_mut(), figure) {
        (Ok(all), Ok(figure)) => all.push(figure),
        (_, Err(why)) => *figures = Err(why),
        (Err(_), _) => {}
    }
}

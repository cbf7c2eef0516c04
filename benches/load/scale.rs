//! What a community of some size costs, beside its floor and perhaps beside others.

use std::time::{Duration, Instant};

use hallway::limits::MEMBERS_MAX;
use hallway::time::Millis;

use crate::crowd::Crowd;
use crate::member::Want;
use crate::server::{Kind, Server};
use crate::table;

/// Log-ins that are counted apart from the list.
const LOG_INS: usize = 2_000;
/// Changes and lists measured in one run.
const SAMPLES: usize = 11;

/// A measure of the table: what, and how to print it.
const MEASURES: [(&str, usize); 10] = [
    ("a log-in, CPU of the server, us", 0),
    ("log-ins a second of that CPU", 0),
    ("everybody arrives: CPU of the server, s", 2),
    ("everybody arrives: until all know all, s", 2),
    ("a member, resident, bytes", 0),
    ("idle for a second: CPU, us", 0),
    ("a change, until the last is told, ms", 2),
    ("a change, CPU of the server, ms", 2),
    ("the list to one asker, ms", 2),
    ("the list, CPU of the server, ms", 2),
];

/// A figure for each measure.
type Figures = [f64; MEASURES.len()];

/// Measures the servers in turn, and prints what they took.
pub(crate) fn measure(members: usize, rounds: usize, kinds: &[Kind]) {
    // Who asks for the list takes a place, too.
    let members = members.min(MEMBERS_MAX - SAMPLES);
    let mut all = vec![Ok(vec![]); kinds.len()];
    for _ in 0..rounds {
        for (kind, runs) in kinds.iter().zip(&mut all) {
            match (kind.missing(), runs) {
                (Some(why), runs) => *runs = Err(why),
                (None, Ok(runs)) => runs.push(run(*kind, members)),
                (None, Err(_)) => {}
            }
        }
    }
    println!("\n{members} members, {rounds} rounds");
    let [ours, floor] = [Kind::Community, Kind::Floor].map(Kind::name);
    for (at, (what, digits)) in MEASURES.into_iter().enumerate() {
        let figures = all.iter().map(|runs| {
            let runs: &Result<Vec<Figures>, String> = runs;
            runs.as_ref().map(|runs| runs.iter().map(|run| run[at]).collect()).map_err(Clone::clone)
        });
        let rows: Vec<_> = kinds.iter().map(|kind| kind.name()).zip(figures).collect();
        table::print(what, digits, ours, floor, &rows);
    }
}

fn run(kind: Kind, members: usize) -> Figures {
    let log_in = log_ins(kind);
    let server = Server::start(kind);
    let mut crowd = Crowd::new(kind, server.at);
    let empty = server.resident();

    let (cpu, begun) = (server.cpu(), Instant::now());
    crowd.arrive(members, Want::Place);
    crowd.until_all_know(members);
    let (arrival, until_known) = (server.cpu() - cpu, begun.elapsed());

    crowd.until_quiet();
    let resident = (server.resident() - empty) / members as f64;
    let cpu = server.cpu();
    crowd.rest(Millis(1_000));
    let idle = server.cpu() - cpu;

    let cpu = server.cpu();
    let changes: Vec<Duration> =
        (0..SAMPLES).map(|at| crowd.toggle(at * (members - 1) / SAMPLES)).collect();
    let change_cpu = (server.cpu() - cpu) / SAMPLES as u32;
    let cpu = server.cpu();
    let lists: Vec<Duration> = (0..SAMPLES).map(|_| crowd.ask()).collect();
    let list_cpu = (server.cpu() - cpu) / SAMPLES as u32;
    [
        log_in.as_secs_f64() * 1e6,
        1.0 / log_in.as_secs_f64(),
        arrival.as_secs_f64(),
        until_known.as_secs_f64(),
        resident,
        idle.as_secs_f64() * 1e6,
        milliseconds(&changes),
        change_cpu.as_secs_f64() * 1e3,
        milliseconds(&lists),
        list_cpu.as_secs_f64() * 1e3,
    ]
}

/// CPU of the server for one log-in and its end, with nobody there to be told.
fn log_ins(kind: Kind) -> Duration {
    let server = Server::start(kind);
    let mut crowd = Crowd::new(kind, server.at);
    let cpu = server.cpu();
    let mut gone = 0;
    while gone < LOG_INS {
        let batch = crowd.members().len();
        crowd.arrive(40.min(kind.at_the_door()), Want::Nothing);
        for number in batch..crowd.members().len() {
            crowd.dismiss(number);
            gone += 1;
        }
    }
    (server.cpu() - cpu) / u32::try_from(gone).unwrap()
}

/// The middle one.
pub(crate) fn milliseconds(spans: &[Duration]) -> f64 {
    let spans: Vec<f64> = spans.iter().map(|span| span.as_secs_f64() * 1e3).collect();
    table::median(&spans)
}

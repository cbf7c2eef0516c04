//! A community in trouble: a school that arrives while two people talk, and strangers at the door.

use std::time::{Duration, Instant};

use hallway::limits::PROOF_PATIENCE;

use crate::crowd::Crowd;
use crate::hostile::{Flood, deaf, half_open, left_standing, newcomer, owed};
use crate::member::Want;
use crate::scale::milliseconds;
use crate::server::{Kind, Server};
use crate::talk::Talk;

/// Members who are there when there is trouble.
const MEMBERS: usize = 1_000;
/// Log-ins while two people talk.
const LOG_INS: usize = 10_000;
/// Members who never read.
const DEAF: usize = 20;
/// Changes measured, and attempts to log in.
const SAMPLES: usize = 11;

/// Measures all of it and prints the rows.
pub(crate) fn measure() {
    talk_while_others_log_in();
    let server = Server::start(Kind::Community);
    let mut crowd = fill(&server, 0);
    println!("\n{MEMBERS} members in trouble: median of {SAMPLES}, ms   change told   log-in");
    row(&mut crowd, "nothing");

    never_reading();

    let strangers = half_open(server.at, 2_000);
    row(&mut crowd, &format!("{} connections that say nothing", strangers.len()));
    drop(strangers);

    let standing = left_standing(server.at, 2_000);
    crowd.rest(PROOF_PATIENCE);
    row(&mut crowd, &format!("{} log-ins begun and left standing", standing.len()));
    drop(standing);

    // What those have guessed shall not stand in the way of anybody.
    let server = Server::start(Kind::Community);
    let mut crowd = fill(&server, 0);
    let (cpu, begun) = (server.cpu(), Instant::now());
    let flood = Flood::start(server.at);
    row(&mut crowd, "first messages without end");
    let (took, attempts) = newcomer(server.at, &mut crowd);
    let count = flood.stop();
    let (cpu, span) = (server.cpu() - cpu, begun.elapsed());
    println!(
        "  {count} of them in {:.1} s; the server used {:.2} CPU",
        span.as_secs_f64(),
        cpu.as_secs_f64() / span.as_secs_f64()
    );
    println!("  somebody new was in after {:.1} s, {attempts} attempts", took.as_secs_f64());
    row(&mut crowd, "right after that");
}

/// Members come who know each other, and those who are there.
fn fill(server: &Server, there: usize) -> Crowd {
    let mut crowd = Crowd::new(Kind::Community, server.at);
    crowd.arrive(MEMBERS, Want::Place);
    crowd.until_all_know(there + MEMBERS);
    crowd
}

/// They are there before everybody else arrives, and are owed all of that.
fn never_reading() {
    let server = Server::start(Kind::Community);
    let mut deaf = deaf(server.at, DEAF);
    let mut crowd = fill(&server, DEAF);
    row(&mut crowd, &format!("{DEAF} members that never read"));
    let (in_kernel, all) = owed(deaf.remove(0));
    println!("  each is owed {all} bytes, of which the kernel had taken {in_kernel}");
    assert!(all > in_kernel, "the kernel took all: they were no trouble for the server");
}

fn row(crowd: &mut Crowd, what: &str) {
    let changes: Vec<Duration> = (0..SAMPLES).map(|at| crowd.toggle(at)).collect();
    let (mut let_in, mut refused) = (Vec::new(), 0);
    for _ in 0..SAMPLES {
        match crowd.try_to_enter() {
            Some(took) => let_in.push(took),
            None => refused += 1,
        }
    }
    let log_in = match let_in.as_slice() {
        [] => "-".to_owned(),
        let_in => format!("{:.2}", milliseconds(let_in)),
    };
    let refused = if refused > 0 { format!("  ({refused} refused)") } else { String::new() };
    println!("{what:44}{:>12.2}{log_in:>12}{refused}", milliseconds(&changes));
}

fn talk_while_others_log_in() {
    println!("\na conversation of two members, round trips in ms");
    println!("{:36}{:>8}{:>10}{:>10}{:>10}", "", "count", "p50", "p99", "max");
    for kind in [Kind::Floor, Kind::Community] {
        // The two are members of a real community either way; before the floor nobody else is.
        let community = Server::start(Kind::Community);
        let stormed = Server::start(kind);
        let at = if kind == Kind::Floor { stormed.at } else { community.at };
        let talk = Talk::start(community.at);
        let mut crowd = Crowd::new(kind, at);
        crowd.arrive(LOG_INS, Want::Place);
        let trips = talk.finish();
        let what = format!("10,000 arrive at the {}", kind.name());
        println!(
            "{what:36}{:>8}{:>10.2}{:>10.2}{:>10.2}",
            trips.count, trips.p50, trips.p99, trips.max
        );
    }
}

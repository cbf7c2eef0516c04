//! Deterministic simulation: the real cores of communities, nodes and their fronts in a world that
//! is all virtual, with everything in it that can go wrong.
//!
//! A seed draws who is there, how bad the network is, and which faults exist (`swarm`). People walk
//! the real menus and tables of commands (`people`), some are in a hurry (`rush`); machines die,
//! stand still and lose power, connections stall, break, go deaf and are cut off (`trouble`,
//! `wires`), disks fill up, stand still and tear what was not synced (`disk`, `files`), clocks
//! drift and jump (`clock`), somebody hostile floods, guesses, replays, changes bytes, poses as
//! others and breaks the rules inside (`attacker`). People send each other files and folders, share
//! and fetch them (`files`), over the disk that the world of transfers in `files/tests/world` uses.
//! Programs announce themselves and look for each other with the engine of `ssdp` and the table of
//! `discovery` (`discovering`), while datagrams are lost, doubled, overtaken, cut short and garbled
//! (`datagrams`) and somebody forges, replays and floods them (`forger`). `machine` does around a
//! core, in the same order, what `node_server::machine` and the loops of the programs do. After
//! every step the rules are held against what happened (`rules`, `neighbours`); then the world is
//! healed, and everything has to come right (`liveness`, `arriving`). It is counted what was judged
//! and how full what has a limit became (`tally`): what never happens in 300 histories fails the
//! test, as nothing would have been judged.
//!
//! Not in it: sockets, threads, and files on a real disk; false streams of files; files from
//! standard input; descriptions and their fetching; several programs or several networks at one
//! machine; commands of the client other than its menu and `chat`.
//!
//! ```text
//! cargo test --test simulation                         300 histories
//! SEED=7 cargo test --test simulation -- --nocapture   one of them, as a transcript
//! SEEDS=10000 cargo test --release --test simulation   many more
//! ```
//!
//! The same seed gives the same history, which is checked by its hash. Seeds that failed are kept
//! in `seeds.txt`.
//!
//! Does it bite? Each of these was put into the programs, one line each, and taken out again. Of
//! the first dozen seeds, the six kept by then and 0 to 6 or so, at least so many failed, in the
//! order in which they run beginning with this one:
//!
//! ```text
//! what was changed                              failed  first  the rule that was broken
//! one line too many counts as confirmed              2      9  what was confirmed was shown
//! the others are not told that a member left        12     72  directories equal the truth
//! a goodbye of SSDP is ignored                       9     72  who says goodbye is gone at once
//! announcements hold a hundred times as long         4     72  nobody listed too long
//! sources off the link are answered                  1    276  nothing sent off the link
//! every type that was said of a device stays         1    276  everybody sees everybody
//! ```
//!
//! After lines had to be shown in the healed world, and limits were filled, of 10 to 50 seeds:
//!
//! ```text
//! a line that is said is never sent                 12      9  all that is said is shown
//! a community is never full                          1     19  every queue within its limit
//! lines may wait without limit                      8      0  every queue within its limit
//! ```
//!
//! Of transfers, of 54 seeds:
//!
//! ```text
//! who would be asked whether to take it is not      45      0  nothing comes that nobody wants
//! what waits for one goes on with anybody           25      0  nothing comes to whom it is not for
//! "stored" is said before it is                     50      0  what is told stored is there
//! a part stays open without its connection          23      3  (it is opened twice, and a panic)
//! nothing goes on when two meet again               16      9  all that is sent arrives
//! no window                                          1   2668  transfers within their limits
//! ```
//!
//! Of 113 seeds, since files change while they wait:
//!
//! ```text
//! the disk is not told that a stream begins anew     2      7  what is stored was offered
//! ```
//!
//! Before there was SSDP in it, of 43 seeds, and not tried since:
//!
//! ```text
//! lines of a replaced connection are dropped         8      7  what was confirmed was shown
//! a crossing connection does not wait for lines      1     27  no line out of order
//! a second call does not wait for lines              1     72  no line out of order
//! a member is not forgotten when it goes            32      0  (an overflow in its count)
//! no deadline between log-in and join                2     12  nobody stays unauthenticated
//! no deadline for handshakes                        34      0  nobody stays unauthenticated
//! the nonce does not count                          43      0  no nonce twice
//! re-keying keeps the cipher key                     3      1  no nonce twice
//! no filter                                         41      0  no control on a screen
//! ```
//!
//! Not caught by so few: a list of devices without its limit, and an echo that overtakes. Never
//! tried: order of what is told of a call, who is told of unproved, named prompts, lines in the
//! clear, bytes after the end, pins, deadlines in the past, strangers, the dead on a list.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    unreachable_pub,
    missing_docs,
    reason = "a test stops at the first surprise, and reads SEED and SEEDS"
)]

mod arriving;
mod attacker;
mod clock;
mod datagrams;
mod dice;
mod discovering;
mod disk;
mod facts;
mod files;
#[path = "../../files/tests/world/disk/mod.rs"]
mod files_disk;
mod forger;
mod history;
mod host;
mod liveness;
mod machine;
mod neighbours;
mod people;
mod rules;
mod rush;
mod stretching;
mod swarm;
mod tally;
mod tap;
mod trouble;
mod wires;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tally::Tally;
use world::World;

/// One history, from its seed to its hash; or what went wrong.
fn history(seed: u64, aloud: bool) -> Result<(blake3::Hash, Tally), String> {
    let mut world = World::new(seed, aloud);
    let until = world.swarm.until;
    let run = AssertUnwindSafe(|| {
        world.run_until(until)?;
        world.converge()
    });
    let words = match catch_unwind(run) {
        Ok(Ok(())) => return Ok((world.history.hash(), world.rules.tally)),
        Ok(Err(broken)) => format!("{}: {}", broken.rule, broken.words),
        Err(_) => "a panic, see above".to_owned(),
    };
    let (last, now) = (world.history.last(), world.now);
    Err(format!("{last}SEED={seed} at {now} ms, after {} steps: {words}", world.steps))
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|digits| digits.parse().unwrap())
}

#[test]
fn every_history_keeps_the_rules_and_comes_right_in_the_end() {
    if let Some(seed) = number("SEED") {
        let (hash, tally) = history(seed, true).unwrap();
        return println!("{hash}\n{tally:#?}");
    }
    let count = number("SEEDS").unwrap_or(300);
    let kept = include_str!("seeds.txt").lines().filter(|line| !line.starts_with('#'));
    let kept = kept.map(|line| line.split_whitespace().next().unwrap().parse().unwrap());
    let mut seeds: Vec<u64> = kept.collect();
    let others: Vec<u64> = (0..count).filter(|seed| !seeds.contains(seed)).collect();
    seeds.extend(others);
    let (next, failed) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    let sum: Mutex<Tally> = Mutex::default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let at = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap();
                    let Some(seed) = seeds.get(at) else { return };
                    match history(*seed, false) {
                        Ok((_, tally)) => sum.lock().unwrap().add(&tally),
                        Err(words) => {
                            println!("{words}");
                            failed.lock().unwrap().push(*seed);
                        }
                    }
                }
            });
        }
    });
    let (failed, sum) = (failed.into_inner().unwrap(), sum.into_inner().unwrap());
    println!("{} histories: {sum:#?}", seeds.len());
    assert!(failed.is_empty(), "replay with SEED=n, and keep in seeds.txt: {failed:?}");
    if count >= 300 {
        let never = sum.missing(everything());
        assert!(never.is_empty(), "never in so many histories, so nothing was judged: {never:?}");
    }
}

/// All that has to happen somewhere, so that the rules have something to judge.
fn everything() -> impl Iterator<Item = &'static str> {
    let faults = trouble::FAULTS.iter().map(|(name, ..)| *name);
    let attacks = attacker::ATTACKS.iter().map(|(name, ..)| *name);
    facts::KINDS.into_iter().chain(faults).chain(attacks).chain(CONSEQUENCES)
}

/// What comes of faults, where they are not there for nothing.
const CONSEQUENCES: [&str; 6] = [
    "lectures",
    "lines torn",
    "lines kept",
    "lines for a full disk",
    "bytes changed on the way",
    "connections to false listeners",
];

#[test]
fn the_same_seed_gives_the_same_history_and_another_seed_another() {
    let hashes: Vec<_> = (0..8).map(|seed| history(seed, false).unwrap().0).collect();
    let again: Vec<_> = (0..8).map(|seed| history(seed, false).unwrap().0).collect();
    assert_eq!(hashes, again);
    assert_ne!(hashes[0], hashes[1]);
}

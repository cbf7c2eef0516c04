//! Files through Hallway and through what people would use instead: on tmpfs, over loopback, both
//! cores for everybody.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::process::exit;

use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use tempfile::TempDir;

use crate::add;
use crate::during;
use crate::kit::Kit;
use crate::movers::{FLOOR, FLOOR_OF_MANY, Load, MOVERS, Mover, OURS};
use crate::process::{Cores, move_to};
use crate::table::{self, Figures};
use crate::turn::{Peaks, Turn, turn};

/// The small files, and the bytes of each.
const MANY: usize = 2_000;
const SMALL_BYTES: u64 = 10 << 10;
/// Room beside the large file and its copy: the small ones, keys, what is moved meanwhile.
const ROOM_BESIDE: u64 = 256 << 20;

/// The row of ours that begins when the log-in, the offer and its answer are over.
const MOVING: &str = "  the same without log-in and offer";

/// Measures all of it, with a large file of so many mebibytes.
pub(crate) fn measure(rounds: usize, mib: u64) {
    let bytes = mib << 20;
    if let Err(why) = room(bytes) {
        eprintln!("{why}");
        exit(1);
    }
    move_to(Cores::Both);
    let kit = Kit::new();
    let from = TempDir::new().unwrap();
    fill(from.path(), bytes);
    println!("{rounds} rounds of files: {mib} MiB in one, {MANY} of {SMALL_BYTES} bytes");
    let large = format!("{mib} MiB");
    contest(&kit, from.path(), rounds, Load::Large, &large);
    let many = format!("{MANY} of 10 KiB");
    contest(&kit, from.path(), rounds, Load::Many, &many);
    contest(&kit, from.path(), rounds, Load::Byte, "one byte");
    during::measure(&kit, &from.path().join(Load::Large.name()), rounds);
}

/// Whether there is room in memory for the file and its copy.
fn room(bytes: u64) -> Result<(), String> {
    let place = std::env::temp_dir();
    let here = statfs(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    if here.filesystem_type() != TMPFS_MAGIC {
        return Err(format!("{} is no tmpfs: say TMPDIR=/dev/shm", place.display()));
    }
    let memory = fs::read_to_string("/proc/meminfo").unwrap();
    let line = memory.lines().find_map(|line| line.strip_prefix("MemAvailable:")).unwrap();
    let memory = line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10;
    let free = memory.min(here.blocks_available() * here.block_size().unsigned_abs());
    let wanted = 2 * bytes + ROOM_BESIDE;
    if free < wanted {
        let (wanted, free, place) = (wanted >> 20, free >> 20, place.display());
        return Err(format!("{place} has room for {free} MiB; it takes {wanted}"));
    }
    Ok(())
}

/// What is moved, of random bytes: nothing can be made smaller, nothing is known already.
fn fill(folder: &Path, bytes: u64) {
    let random = |path: &Path, bytes: u64| {
        let mut from = File::open("/dev/urandom").unwrap().take(bytes);
        io::copy(&mut from, &mut File::create(path).unwrap()).unwrap();
    };
    random(&folder.join(Load::Large.name()), bytes);
    random(&folder.join(Load::Byte.name()), 1);
    let many = folder.join(Load::Many.name());
    fs::create_dir(&many).unwrap();
    (0..MANY).for_each(|number| random(&many.join(format!("{number:04}.bin")), SMALL_BYTES));
}

/// Everybody moves it in each round; prints what it took.
fn contest(kit: &Kit, from: &Path, rounds: usize, load: Load, what: &str) {
    let movers: Vec<&Mover> = MOVERS.iter().filter(|one| one.loads.contains(&load)).collect();
    let mut turns: Vec<Result<Vec<Turn>, String>> = vec![Ok(vec![]); movers.len()];
    for _ in 0..rounds {
        for (mover, turns) in movers.iter().zip(&mut turns) {
            match (turns.as_mut(), turn(kit, mover, load, from)) {
                (Ok(all), Ok(turn)) => all.push(turn),
                (_, Err(why)) => *turns = Err(why),
                (Err(_), _) => {}
            }
        }
    }
    let floor = if load == Load::Many { FLOOR_OF_MANY } else { FLOOR };
    let rows = |of: fn(&Turn) -> f64| -> Vec<(&str, Figures)> {
        let all = movers.iter().zip(&turns);
        all.map(|(mover, turns)| (mover.name, of_all(turns, of))).collect()
    };
    let mut seconds = rows(|turn| turn.seconds);
    let moving = |turn: &Turn| turn.ours.map_or(f64::NAN, |ours| ours.moving);
    seconds.insert(1, (MOVING, of_all(&turns[0], moving)));
    seconds.extend((load == Load::Many).then(|| ("(target)", Ok(vec![0.2]))));
    table::print(&format!("{what}: seconds until all is there"), 3, OURS, floor, &seconds);
    let mut cpu = rows(|turn| turn.cpu);
    cpu.extend((load == Load::Large).then(|| ("(target for 1 GiB)", Ok(vec![2.5]))));
    table::print(&format!("{what}: seconds of CPU, both sides"), 2, OURS, floor, &cpu);
    if load == Load::Large {
        memory(&movers, &turns, what);
    }
}

fn of_all(turns: &Result<Vec<Turn>, String>, of: fn(&Turn) -> f64) -> Figures {
    turns.as_ref().map(|all| all.iter().map(of).collect()).map_err(Clone::clone)
}

/// Prints who held how much memory.
fn memory(movers: &[&Mover], turns: &[Result<Vec<Turn>, String>], what: &str) {
    let mut rows: Vec<(String, Figures)> = Vec::new();
    for (mover, turns) in movers.iter().zip(turns) {
        let [asking, answering] = mover.sides;
        let Ok(turns) = turns.as_ref() else { continue };
        if asking.is_empty() {
            continue;
        }
        let peaks: Vec<Peaks> = turns.iter().filter_map(|turn| turn.ours?.peaks).collect();
        let mut row = |who: String, of: fn(&Peaks) -> f64| {
            let none = || Err("not seen: takes root, and a file that takes a while".to_owned());
            let figures =
                if peaks.is_empty() { none() } else { Ok(peaks.iter().map(of).collect()) };
            rows.push((who, figures));
        };
        row(asking.to_owned(), |peaks| peaks.moving[0]);
        row(answering.to_owned(), |peaks| peaks.moving[1]);
        row(format!("{asking}, at its log-in (Argon2)"), |peaks| peaks.log_in);
    }
    rows.push(("(target, while it moves)".to_owned(), Ok(vec![16.0])));
    let rows: Vec<_> = rows.iter().map(|(who, all)| (who.as_str(), all.clone())).collect();
    table::print(&format!("{what}: most that is resident, MB"), 1, "", "", &rows);
}

/// Adds the middle and the ninety-ninth hundredth of what a round gave.
pub(crate) fn add_both(figures: &mut [Figures; 2], spans: Result<Vec<f64>, String>) {
    let [p50, p99] = figures;
    add(p50, spans.clone().map(|spans| spans[spans.len() / 2]));
    add(p99, spans.map(|spans| spans[spans.len() * 99 / 100]));
}

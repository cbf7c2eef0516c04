//! The table of all counts beside the committed ones.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::counted::{Count, count, count_argon2};
use crate::in_role;
use crate::works::WORKS;

/// What is more than so many times the committed count has grown. Less comes and goes with what the
/// compiler inlines, which changes with code anywhere.
const GROWN: f64 = 1.1;
/// What is less than so many times the committed count: perhaps nothing is counted any more.
const SHRUNK: f64 = 0.5;

/// Counts the works whose name has `only` in it; fails when one has grown, or is not what was
/// committed.
pub(crate) fn show(only: &str, write: bool) -> ExitCode {
    let here = conditions();
    let committed = fs::read_to_string(counts()).unwrap_or_default();
    let made_with: Vec<&str> = committed.lines().map_while(|l| l.strip_prefix("# ")).collect();
    println!("counted here with: {here}");
    println!("committed counts:  {}\n", made_with.join("\n"));
    println!(
        "{:49} {:>13} {:>8} {:>12} {:>8}",
        "", "instructions", "change", "allocations", "change"
    );
    let mut before = parse(&committed);
    let (mut new, mut faults) = (format!("# {here}\n"), Vec::new());
    for work in WORKS.iter().filter(|work| work.name.contains(only)) {
        let count = count(work.name);
        let Count { instructions, allocations } = count;
        let committed = before.remove(work.name);
        let old = committed.unwrap_or(count);
        println!(
            "{:49} {instructions:13.0} {:>8} {allocations:12.2} {:>8}",
            work.what,
            change(old.instructions, instructions),
            change(old.allocations, allocations),
        );
        new += &format!("{} {instructions:.0} {allocations:.2}\n", work.name);
        let fault = committed.map_or(Some("not in counts.txt"), |old| fault(old, count));
        faults.extend(fault.map(|fault| format!("{}: {fault}", work.name)));
    }
    let unknown = before.keys().filter(|name| name.contains(only));
    faults.extend(unknown.map(|name| format!("{name}: in counts.txt, and no work")));
    if !WORKS.iter().any(|work| work.name.contains(only)) {
        faults.push(format!("no work has {only} in its name"));
    }
    if only.is_empty() {
        println!("{:49} {:13}", "Argon2 beside a log-in, all threads", count_argon2());
    }
    if write {
        fs::write(counts(), new).unwrap();
        return ExitCode::SUCCESS;
    }
    if faults.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("\n{}", faults.join("\n"));
    ExitCode::FAILURE
}

/// What is wrong with a count.
fn fault(old: Count, new: Count) -> Option<&'static str> {
    // What is rounded in the file must be neither.
    if new.instructions > old.instructions * GROWN + 1.0
        || new.allocations > old.allocations * GROWN + 0.01
    {
        Some("grown by more than a tenth")
    } else if new.instructions < old.instructions * SHRUNK - 1.0
        || new.allocations < old.allocations * SHRUNK - 0.01
    {
        Some("less than half: counts nothing any more? If it does, commit it")
    } else {
        None
    }
}

fn change(before: f64, now: f64) -> String {
    if before == 0.0 { String::new() } else { format!("{:+.1} %", (now / before - 1.0) * 100.0) }
}

/// Lines of name, instructions, allocations.
fn parse(text: &str) -> BTreeMap<&str, Count> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let parsed = lines.map(|line| {
        let mut words = line.split(' ');
        let name = words.next().unwrap();
        let mut number = || words.next().unwrap().parse().unwrap();
        (name, Count { instructions: number(), allocations: number() })
    });
    parsed.collect()
}

/// What counts depend on beside our own code.
fn conditions() -> String {
    let said = |mut command: Command| {
        let done = command.output().unwrap();
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    };
    let version = |program: &str| {
        let mut command = Command::new(program);
        command.arg("--version");
        said(command)
    };
    let features = said(in_role("features", &["valgrind", "-q", "--tool=none"]));
    format!("{}, {}, {features}", version("rustc"), version("valgrind"))
}

fn counts() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/gauge/counts.txt")
}

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

/// Counts the works whose name has `only` in it; fails when one has grown.
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
    let before = parse(&committed);
    let (mut new, mut grown) = (format!("# {here}\n"), Vec::new());
    for work in WORKS.iter().filter(|work| work.name.contains(only)) {
        let count = count(work.name);
        let Count { instructions, allocations } = count;
        let old = before.get(work.name).copied().unwrap_or(count);
        println!(
            "{:49} {instructions:13.0} {:>8} {allocations:12.2} {:>8}",
            work.what,
            change(old.instructions, instructions),
            change(old.allocations, allocations),
        );
        new += &format!("{} {instructions:.0} {allocations:.2}\n", work.name);
        // What is rounded in the file must not look like growth.
        if instructions > old.instructions * GROWN + 1.0
            || allocations > old.allocations * GROWN + 0.01
        {
            grown.push(work.name);
        }
    }
    if only.is_empty() {
        println!("{:49} {:13}", "Argon2 beside a log-in, all threads", count_argon2());
    }
    if write {
        fs::write(counts(), new).unwrap();
        return ExitCode::SUCCESS;
    }
    if grown.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("\ngrown by more than a tenth: {}", grown.join(", "));
    ExitCode::FAILURE
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

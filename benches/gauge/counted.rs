//! A work in a process of its own under callgrind, and what callgrind has counted.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::in_role;

/// What one piece of work took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Count {
    pub(crate) instructions: f64,
    pub(crate) allocations: f64,
}

/// Counts one work.
pub(crate) fn count(name: &str) -> Count {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("counts");
    let pieces = callgrind(name, &IN_GAUGED, &file) as f64;
    let found = fs::read_to_string(file).unwrap();
    let total = instructions(&found);
    assert!(total > 0, "nothing was counted: `gauged` has no symbol");
    let allocations = allocations(&found);
    Count { instructions: total as f64 / pieces, allocations: allocations as f64 / pieces }
}

/// Prints the functions that a work is spent in: by themselves, then with all they call.
pub(crate) fn profile(name: &str) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("counts");
    let pieces = callgrind(name, &IN_GAUGED, &file);
    println!("instructions of {pieces} times {name}");
    for inclusive in ["--inclusive=no", "--inclusive=yes"] {
        let arguments = [inclusive, "--auto=no", "--threshold=90"];
        let annotate = Command::new("callgrind_annotate").args(arguments).arg(&file).status();
        assert!(annotate.unwrap().success());
    }
}

/// Instructions of stretching a password, in all threads: those of a program that does little else.
pub(crate) fn count_argon2() -> u64 {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("counts");
    callgrind("argon2", &[], &file);
    instructions(&fs::read_to_string(file).unwrap())
}

/// Runs a work; gives how many times it was done.
fn callgrind(name: &str, flags: &[&str], file: &Path) -> usize {
    let out = format!("--callgrind-out-file={}", file.display());
    let valgrind = ["valgrind", "-q", "--tool=callgrind", &out];
    let around = [&valgrind, flags].concat();
    let done = in_role(name, &around).stderr(Stdio::inherit()).output();
    let done = done.expect("valgrind: install the package of that name");
    assert!(done.status.success(), "{name}: {}", done.status);
    String::from_utf8(done.stdout).unwrap().trim().parse().unwrap()
}

/// `summary: 12345`, which is of instructions alone.
fn instructions(found: &str) -> u64 {
    let total = found.lines().find_map(|line| line.strip_prefix("summary: "));
    total.unwrap().trim().parse().unwrap()
}

/// How often the allocator was asked: as often as its functions' first instruction was executed.
/// Calls cannot be taken, for callgrind counts them outside of `gauged` too.
fn allocations(found: &str) -> u64 {
    let (mut function, mut is_call) = ("", false);
    let mut firsts = BTreeMap::new();
    for line in found.lines() {
        if let Some(name) = line.strip_prefix("fn=") {
            function = name;
        } else if line.starts_with("0x") && !is_call && ALLOCATORS.contains(&function) {
            // address, line, instructions
            let mut words = line.split(' ');
            let address = u64::from_str_radix(&words.next().unwrap()[2..], 16).unwrap();
            let executed: u64 = words.nth(1).unwrap().parse().unwrap();
            let first = firsts.entry(function).or_insert((address, 0));
            if address < first.0 {
                *first = (address, executed);
            } else if address == first.0 {
                first.1 += executed;
            }
        }
        // The line behind this one says what the call took.
        is_call = line.starts_with("calls=");
    }
    firsts.values().map(|(_, executed)| executed).sum()
}

const ALLOCATORS: [&str; 4] = ["malloc", "calloc", "realloc", "posix_memalign"];
/// Counts each instruction, in that function alone; with names and addresses as they are.
const IN_GAUGED: [&str; 4] =
    ["--toggle-collect=*gauged*", "--dump-instr=yes", "--compress-pos=no", "--compress-strings=no"];

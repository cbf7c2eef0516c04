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
    let pieces = callgrind(name, &file) as f64;
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
    let pieces = callgrind(name, &file);
    println!("instructions of {pieces} times {name}");
    for inclusive in ["--inclusive=no", "--inclusive=yes"] {
        let arguments = [inclusive, "--auto=no", "--threshold=90"];
        let annotate = Command::new("callgrind_annotate").args(arguments).arg(&file).status();
        assert!(annotate.unwrap().success());
    }
}

/// Runs a work; gives how many times it was done.
fn callgrind(name: &str, file: &Path) -> usize {
    let out = format!("--callgrind-out-file={}", file.display());
    let around = ["valgrind", "-q", "--tool=callgrind", "--toggle-collect=*gauged*", &out];
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

/// How often the allocator was asked. A name is written out where it comes first, `fn=(7) malloc`,
/// and is a number then; behind `cfn=(7)`, whoever is called, stands `calls=3 …`.
fn allocations(found: &str) -> u64 {
    let mut names = BTreeMap::new();
    let mut called = "";
    let mut sum = 0;
    for line in found.lines() {
        let function = line.strip_prefix("cfn=").or_else(|| line.strip_prefix("fn="));
        if let Some((number, name)) = function.and_then(|function| function.split_once(')')) {
            if !name.is_empty() {
                names.insert(number, name.trim());
            }
            called = names[number];
        } else if let Some(calls) = line.strip_prefix("calls=")
            && ALLOCATORS.contains(&called)
        {
            sum += calls.split(' ').next().unwrap().parse::<u64>().unwrap();
        }
    }
    sum
}

const ALLOCATORS: [&str; 4] = ["malloc", "calloc", "realloc", "posix_memalign"];

//! The rules of the fuzz targets, without a fuzzer: over the committed corpus, and over what comes
//! of it when it is mangled at random, from a seed. `fuzz/README.md` has the rules.
#![cfg(debug_assertions)] // `Profile::Test` is not in release builds.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

#[allow(unreachable_pub, reason = "for the fuzzer it is a crate")]
#[path = "../../fuzz/rules/lib.rs"]
mod rules;

use std::fs;
use std::path::{Path, PathBuf};

use hallway::seeds::Seeds;

/// A target: the inputs it begins with, how many are made of them, and how many of a hundred must
/// come past the first door, or the rules are about nothing.
struct Target {
    name: &'static str,
    check: fn(&[u8]) -> bool,
    inputs: usize,
    percent: usize,
}

impl Target {
    fn run(&self) {
        let corpus = Corpus::read(self.name);
        let (mut deep, mut dice) = (0, Seeds::new([1; 32]));
        for bytes in corpus.seeds.iter().chain(&corpus.found) {
            deep += usize::from((self.check)(bytes));
        }
        for _ in 0..self.inputs {
            deep += usize::from((self.check)(&corpus.mangled(&mut dice)));
        }
        let share = deep * 100 / self.inputs;
        assert!(share >= self.percent, "{}: only {share} % come past the first door", self.name);
    }
}

/// The inputs of a target.
struct Corpus {
    /// Genuine ones, and what once broke a rule: they have names.
    seeds: Vec<Vec<u8>>,
    /// What the fuzzer found on its way: named by their hashes.
    found: Vec<Vec<u8>>,
}

impl Corpus {
    fn read(target: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
        let mut paths: Vec<_> =
            fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        paths.sort();
        let is_hash = |path: &PathBuf| path.file_name().is_some_and(|name| name.len() == 40);
        let (found, seeds): (Vec<_>, Vec<_>) = paths.into_iter().partition(is_hash);
        assert!(seeds.len() > 5 && found.len() > 5, "{target} has no corpus");
        let read = |paths: Vec<PathBuf>| paths.iter().map(|path| fs::read(path).unwrap()).collect();
        Self { seeds: read(seeds), found: read(found) }
    }

    /// A seed, or one that was found, changed in one or two places.
    fn mangled(&self, dice: &mut Seeds) -> Vec<u8> {
        let mut below = |bound: usize| dice.below(bound as u64) as usize;
        let all = if below(2) == 0 { &self.seeds } else { &self.found };
        let mut bytes = all[below(all.len())].clone();
        for _ in 0..=below(2) {
            let other = &all[below(all.len())];
            let (at, end) = (below(bytes.len() + 1), below(other.len() + 1));
            match below(8) {
                0 => bytes.truncate(at),
                1 => drop(bytes.splice(at..at, other[..end].iter().copied())),
                2 => drop(bytes.splice(at.., other[end..].iter().copied())),
                _ if at == bytes.len() => bytes.push(below(256) as u8),
                3 => drop(bytes.remove(at)),
                _ => bytes[at] = below(256) as u8,
            }
        }
        bytes
    }
}

#[test]
fn a_hello_is_what_was_sent_however_it_arrives() {
    Target { name: "hello", check: rules::hello::check, inputs: 500, percent: 25 }.run();
}

#[test]
fn nothing_is_opened_that_was_not_sealed_next() {
    Target { name: "record", check: rules::record::check, inputs: 300, percent: 35 }.run();
}

#[test]
fn a_message_is_the_same_after_the_way_through_bytes() {
    Target { name: "messages", check: rules::messages::check, inputs: 10_000, percent: 5 }.run();
}

#[test]
fn no_text_does_more_than_show_letters() {
    Target { name: "text", check: rules::text::check, inputs: 1_000, percent: 6 }.run();
}

#[test]
fn what_is_read_from_files_is_what_would_be_written() {
    Target { name: "files", check: rules::files::check, inputs: 3_000, percent: 12 }.run();
}

#[test]
fn a_description_says_no_more_than_values() {
    Target { name: "description", check: rules::description::check, inputs: 3_000, percent: 1 }
        .run();
}

#[test]
fn only_questions_to_us_are_answered_and_only_neighbours_are_asked() {
    Target { name: "http", check: rules::http::check, inputs: 5_000, percent: 2 }.run();
}

#[test]
fn nobody_is_let_in_but_by_the_whole_unchanged_handshake() {
    Target { name: "strangers", check: rules::strangers::check, inputs: 150, percent: 40 }.run();
}

//! What happened, for people as a transcript and for comparison as a hash.

use std::collections::VecDeque;
use std::fmt;

/// The history of one world.
pub struct History {
    hasher: blake3::Hasher,
    aloud: bool,
    last: VecDeque<String>,
}

/// Lines that a failure shows.
const LAST_MAX: usize = 60;

impl History {
    /// `aloud` prints every line.
    pub fn new(aloud: bool) -> Self {
        Self { hasher: blake3::Hasher::new(), aloud, last: VecDeque::new() }
    }

    /// One line: when, who, what.
    pub fn note(&mut self, now: u64, who: &str, what: fmt::Arguments<'_>) {
        let line = format!("{:>5}.{:03}  {who:<12} {what}", now / 1_000, now % 1_000);
        let line = line.replace('\n', " ⏎ ").replace(char::is_control, "¿");
        self.hasher.update(line.as_bytes());
        if self.aloud {
            println!("{line}");
        }
        if self.last.len() == LAST_MAX {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    /// What is too much for a transcript, but part of the history.
    pub fn absorb(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    pub fn hash(&self) -> blake3::Hash {
        self.hasher.finalize()
    }

    /// The end of the transcript.
    pub fn last(&self) -> String {
        self.last.iter().map(|line| format!("{line}\n")).collect()
    }
}

//! Files between real programs: sent, shared, fetched, cut off and taken up again.

mod cuts;
mod gate;
mod scripts;
mod sharing;
mod trouble;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use hallway::seeds::Seeds;
use tempfile::TempDir;

use crate::support::{Launch, Program, node};

/// A node with a download folder of its own.
pub(super) struct Taker {
    pub(super) program: Program,
    pub(super) at: SocketAddr,
    pub(super) folder: TempDir,
}

impl Taker {
    /// One that takes everything.
    pub(super) fn new(name: &str) -> Self {
        Self::with(name, &["--files", "all"])
    }

    pub(super) fn with(name: &str, args: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let downloads = folder.path().to_str().unwrap();
        let mut program = node(name, &[args, &["--download-dir", downloads]].concat());
        let at = program.address();
        Self { program, at, folder }
    }

    /// What it holds under that name.
    pub(super) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(name)).unwrap()
    }

    /// Everything in its folder, hidden or not.
    pub(super) fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }
}

/// What is in a folder, by name.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// `client` with a task about files.
pub(super) fn task(task: &str, at: SocketAddr, args: &[&str]) -> Launch {
    let at = at.to_string();
    let all = [&[task, at.as_str()], args, &["--name", "bob"]].concat();
    Launch::new("client", &all).without_input()
}

/// Sends and waits for the end.
pub(super) fn send(at: SocketAddr, paths: &[&Path]) -> Program {
    let paths: Vec<&str> = paths.iter().map(|path| path.to_str().unwrap()).collect();
    task("send", at, &paths).start()
}

/// Bytes of which no two stretches are the same.
pub(super) fn bytes(seed: u8, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    let mut seeds = Seeds::new([seed; 32]);
    for chunk in bytes.chunks_mut(32) {
        chunk.copy_from_slice(&seeds.draw()[..chunk.len()]);
    }
    bytes
}

/// A file with such bytes.
pub(super) fn file(folder: &Path, name: &str, seed: u8, count: usize) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes(seed, count)).unwrap();
    path
}

//! The server under load: in a process of its own, so that what it takes can be read from outside.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use tempfile::TempDir;

use crate::ROLE;
use crate::crowd::Crowd;
use crate::ircd::Ircd;
use crate::process::{Cores, Process, free_address, on};

/// The password of the community, and of the nodes that talk.
pub(crate) const PASSWORD: &str = "four quite random words";

/// Which of the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The real program: its core, its loop.
    Community,
    /// The same bytes moved by the same loop, without cryptography and without a list.
    Floor,
    /// What people would use instead.
    Irc(Ircd),
}

impl Kind {
    /// How it is called in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Community => "community-server",
            Self::Floor => "floor",
            Self::Irc(ircd) => ircd.name(),
        }
    }

    /// What to do if this machine does not have it.
    pub(crate) fn missing(self) -> Option<String> {
        match self {
            Self::Community | Self::Floor => None,
            Self::Irc(ircd) => ircd.missing(),
        }
    }

    /// So many are on their way in at a time: a listener of ours takes 64 half-open ones from one
    /// address, and the queue of ngircd holds 10, beyond which each waits for a second.
    pub(crate) fn at_the_door(self) -> usize {
        if self == Self::Irc(Ircd::Ngircd) { 8 } else { 48 }
    }
}

/// A running server; dropped, it is killed.
pub(crate) struct Server {
    process: Process,
    /// Where it listens.
    pub(crate) at: SocketAddr,
    _data: TempDir,
}

impl Server {
    /// Starts it and waits until it lets people in.
    pub(crate) fn start(kind: Kind) -> Self {
        let (process, at, data) = match kind {
            Kind::Community => ours("community"),
            Kind::Floor => ours("floor"),
            Kind::Irc(ircd) => ircd.start(),
        };
        // It listens before it has stretched its password, and that takes memory and time.
        let entered = Crowd::new(kind, at).try_to_enter();
        assert!(entered.is_some(), "the server lets nobody in");
        Self { process, at, _data: data }
    }

    /// Processor time that it has used.
    pub(crate) fn cpu(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.process.0.id())).unwrap();
        let nanos = tasks.map(|task| {
            let stat = fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap();
            stat.split_whitespace().next().unwrap().parse::<u64>().unwrap()
        });
        Duration::from_nanos(nanos.sum())
    }

    /// Bytes of memory that it holds.
    pub(crate) fn resident(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0
    }
}

/// Starts this program again in the role of a server.
fn ours(role: &str) -> (Process, SocketAddr, TempDir) {
    let data = TempDir::new().unwrap();
    let at = free_address();
    let mut command = on(Cores::Answering, env::current_exe().unwrap());
    command
        .env(ROLE, role)
        .env("HALLWAY_COMMUNITY_PASSWORD", PASSWORD)
        .args(["--listen", &at.to_string(), "--max-members", "19000"])
        // The whole class comes from one address here.
        .args(["--guesses-per-source", "1000000", "--data-dir"])
        .arg(data.path());
    (Process::serve(&mut command, at), at, data)
}

//! The server under load: in a process of its own, so that what it takes can be read from outside.

use std::env;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::ROLE;
use crate::crowd::Crowd;

/// The password of the community, and of the nodes that talk.
pub(crate) const PASSWORD: &str = "four quite random words";

/// Which of the two servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The real program: its core, its loop.
    Community,
    /// The same bytes moved by the same loop, without cryptography and without a list.
    Floor,
}

/// A running server; dropped, it is killed.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) at: SocketAddr,
    _data: TempDir,
}

impl Server {
    /// Starts this program again in the role of the server and waits until it lets people in.
    pub(crate) fn start(kind: Kind) -> Self {
        let data = TempDir::new().unwrap();
        let at = free_address();
        let role = match kind {
            Kind::Community => "community",
            Kind::Floor => "floor",
        };
        let mut child = Command::new(env::current_exe().unwrap())
            .env(ROLE, role)
            .env("HALLWAY_COMMUNITY_PASSWORD", PASSWORD)
            .args(["--listen", &at.to_string(), "--max-members", "19000"])
            // The whole class comes from one address here.
            .args(["--guesses-per-source", "1000000", "--data-dir"])
            .arg(data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while TcpStream::connect(at).is_err() {
            assert!(child.try_wait().unwrap().is_none(), "the server does not start");
        }
        // It listens before it has stretched its password, and that takes memory and time.
        let entered = Crowd::new(kind, at).try_to_enter();
        assert!(entered.is_some(), "the server lets nobody in");
        Self { child, at, _data: data }
    }

    /// Processor time that it has used.
    pub(crate) fn cpu(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let nanos = tasks.map(|task| {
            let stat = fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap();
            stat.split_whitespace().next().unwrap().parse::<u64>().unwrap()
        });
        Duration::from_nanos(nanos.sum())
    }

    /// Bytes of memory that it holds.
    pub(crate) fn resident(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody has at this moment.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

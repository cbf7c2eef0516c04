//! Processes that are measured: each on its core, and ended with the value that stands for it.

use std::ffi::OsStr;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio, id};
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

/// Where a process runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cores {
    /// The core of whoever asks: also of the program that measures.
    Asking,
    /// The core of whoever answers.
    Answering,
    /// Wherever the system likes.
    Both,
}

/// The first two that this program may use; looked up before it moves itself to one of them.
static FIRST_TWO: LazyLock<[usize; 2]> = LazyLock::new(|| {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    // `0-3,6`
    let mut allowed = list.unwrap().trim().split(',').flat_map(|range| {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        from.parse::<usize>().unwrap()..=to.parse().unwrap()
    });
    [(); 2].map(|()| allowed.next().expect("it takes two cores"))
});

impl Cores {
    /// As taskset wants it.
    fn list(self) -> String {
        let [asking, answering] = *FIRST_TWO;
        match self {
            Self::Asking => asking.to_string(),
            Self::Answering => answering.to_string(),
            Self::Both => format!("{asking},{answering}"),
        }
    }
}

/// No server takes longer to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A command on these cores.
pub(crate) fn on(cores: Cores, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", &cores.list()]).arg(program);
    command
}

/// Moves this process to these cores; what it starts follows.
pub(crate) fn move_to(cores: Cores) {
    let mut command = Command::new("taskset");
    command.args(["-a", "-p", "-c", &cores.list(), &id().to_string()]);
    assert!(command.stdout(Stdio::null()).status().unwrap().success(), "not moved to {cores:?}");
}

/// A process; dropped, it is killed.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    /// Starts a server that says nothing here, and waits until it listens there.
    pub(crate) fn serve(command: &mut Command, at: SocketAddr) -> Self {
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = Self(quiet.spawn().unwrap());
        let begun = Instant::now();
        while !process.listens(at) {
            let over = process.0.try_wait().unwrap();
            let late = begun.elapsed() > PATIENCE;
            assert!(over.is_none() && !late, "it does not listen: {command:?} {over:?}");
            thread::yield_now();
        }
        process
    }

    /// Whether somebody listens there, as the network of that process has it: a call to find it
    /// out would be taken for the one that is waited for.
    fn listens(&self, at: SocketAddr) -> bool {
        let table =
            fs::read_to_string(format!("/proc/{}/net/tcp", self.0.id())).unwrap_or_default();
        // number, here, there, state
        let port = format!(":{:04X}", at.port());
        table.lines().any(|row| {
            let mut words = row.split_whitespace().skip(1);
            words.next().is_some_and(|here| here.ends_with(&port)) && words.nth(1) == Some("0A")
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that nobody has at this moment.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Whether this machine has the program; those for administrators are on nobody's path.
pub(crate) fn is_here(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = env::split_paths(&path).chain(["/usr/sbin".into()]);
    folders.any(|folder| folder.join(Path::new(program)).is_file())
}

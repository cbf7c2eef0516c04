//! Processes that are measured: each on its core, and ended with the value that stands for it.

use std::ffi::OsStr;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio, id};
use std::time::{Duration, Instant};
use std::{env, thread};

/// The core of whoever asks: also of the program that measures.
pub(crate) const ASKING: &str = "0";
/// The core of whoever answers.
pub(crate) const ANSWERING: &str = "1";
/// Wherever the system likes.
pub(crate) const BOTH: &str = "0,1";
/// No server takes longer to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A command on these cores.
pub(crate) fn on(cores: &str, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", cores]).arg(program);
    command
}

/// Moves this process to these cores; what it starts follows.
pub(crate) fn move_to(cores: &str) {
    let mut command = Command::new("taskset");
    command.args(["-a", "-p", "-c", cores, &id().to_string()]);
    assert!(command.stdout(Stdio::null()).status().unwrap().success(), "it takes two cores");
}

/// A process; dropped, it is killed.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    /// Starts a server that says nothing here, and waits until it listens there.
    pub(crate) fn serve(command: &mut Command, at: SocketAddr) -> Self {
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = Self(quiet.spawn().unwrap());
        let begun = Instant::now();
        while TcpStream::connect(at).is_err() {
            let over = process.0.try_wait().unwrap();
            let late = begun.elapsed() > PATIENCE;
            assert!(over.is_none() && !late, "it does not listen: {command:?} {over:?}");
            thread::yield_now();
        }
        process
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

//! What changes a whole process: each test runs itself again, alone in a process of its own.
#![cfg(unix)]
// A test is a program: it touches the machine, and a failed helper is a failed test.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::unwrap_used)]

use std::env;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use hallway::conn::{ConnId, NetInput, NetOutput};
use hallway::limits::PASSWORD_BYTES_MAX;
use hallway::shell::clock::Clock;
use hallway::shell::disk::{DiskErrorKind, read_password_file, write_atomic};
use hallway::shell::hardening::{protect_memory, raise_descriptor_limit};
use hallway::shell::net::{ListenAddr, Net, Trouble};
use hallway::shell::signals::{EXIT_INTERRUPTED, Signal, Signals};
use hallway::time::Millis;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::low_level::raise;

const ALONE: &str = "HALLWAY_TEST_ALONE";

/// `None` in the process of its own; else the outcome of that process, which ran `test`.
fn alone(test: &str) -> Option<Output> {
    if env::var_os(ALONE).is_some() {
        return None;
    }
    let output = Command::new(env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(ALONE, "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Some(output)
}

fn assert_success(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "it did not run");
}

/// An echo on loopback; and what the loop had to say.
struct Echo {
    net: Net,
    clock: Clock,
    addr: SocketAddr,
    opened: u32,
    troubles: Vec<Trouble>,
}

impl Echo {
    fn new() -> Self {
        let clock = Clock::new();
        let mut net = Net::new(clock).unwrap();
        let ip = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let addr = net.listen(ListenAddr { ip, port: 0 }, 0).unwrap();
        Self { net, clock, addr, opened: 0, troubles: Vec::new() }
    }

    fn turn(&mut self) {
        let hangs = Millis(60_000);
        self.net.wait(Some(hangs));
        assert!(self.clock.now().tick < hangs, "nothing more happens");
        while let Some((id, input)) = self.net.next() {
            match input {
                NetInput::Received(bytes) => {
                    let bytes = bytes.to_vec();
                    self.net.perform(id, NetOutput::Send(bytes));
                }
                NetInput::Opened { .. } => self.opened += 1,
                NetInput::Connected | NetInput::Failed(_) | NetInput::Closed(_) => {}
            }
        }
        self.troubles.extend(std::iter::from_fn(|| self.net.trouble()));
    }

    fn until(&mut self, enough: impl Fn(&Self) -> bool) {
        while !enough(self) {
            self.turn();
        }
    }

    /// A word there and back, while the loop runs in this thread.
    fn round_trip(&mut self, peer: &TcpStream) {
        let mut back = [0; 5];
        (&*peer).write_all(b"hello").unwrap();
        peer.set_nonblocking(true).unwrap();
        // The word is short: it comes in one piece. Its way out begins with a turn, too.
        while (&*peer).read(&mut back).is_err() {
            self.net.waker().wake().unwrap();
            self.turn();
        }
        peer.set_nonblocking(false).unwrap();
        assert_eq!(&back, b"hello");
    }
}

fn descriptors() -> Vec<File> {
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

#[test]
fn without_descriptors_newcomers_wait_and_the_others_are_served() {
    if let Some(output) = alone("without_descriptors_newcomers_wait_and_the_others_are_served") {
        return assert_success(&output);
    }
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 64, hard).unwrap();
    let mut echo = Echo::new();
    let first = TcpStream::connect(echo.addr).unwrap();
    echo.until(|echo| echo.opened == 1);

    let mut taken = descriptors();
    assert!(!taken.is_empty());
    // Two descriptors for the callers' own ends; none for ours.
    taken.truncate(taken.len() - 2);
    let waiting = [0, 1].map(|_| TcpStream::connect(echo.addr).unwrap());
    echo.until(|echo| !echo.troubles.is_empty());
    for _ in 0..20 {
        echo.round_trip(&first);
    }
    // Long enough for it to try again, and to fail again in silence.
    let later = echo.clock.now().tick + Millis(250);
    while echo.clock.now().tick < later {
        echo.net.wait(Some(later));
        assert!(echo.net.next().is_none());
        assert_eq!(echo.net.trouble(), None);
    }
    assert_eq!(echo.troubles, [Trouble::NoDescriptors]);
    assert_eq!(echo.opened, 1);
    // Nor can we dial.
    let dialled = ConnId(ConnId::DIALLED);
    echo.net.perform(dialled, NetOutput::Connect(echo.addr));
    echo.net.wait(None);
    let failure = echo.net.next().map(|(id, input)| (id, format!("{input:?}")));
    assert_eq!(failure, Some((dialled, "Failed(NoResources)".to_owned())));

    drop(taken);
    echo.until(|echo| echo.opened == 3);
    waiting.iter().for_each(|peer| echo.round_trip(peer));
    echo.round_trip(&first);
    assert_eq!(echo.troubles, [Trouble::NoDescriptors, Trouble::AcceptingAgain]);
}

#[test]
fn a_disk_that_fills_up_half_way_leaves_the_old_file() {
    if let Some(output) = alone("a_disk_that_fills_up_half_way_leaves_the_old_file") {
        return assert_success(&output);
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    write_atomic(&path, b"old and dear").unwrap();
    // Beyond the limit on the size of a file, writing fails, if this signal does not kill.
    let caught = Arc::default();
    signal_hook::flag::register(SIGXFSZ, Arc::clone(&caught)).unwrap();
    let (soft, hard) = getrlimit(Resource::RLIMIT_FSIZE).unwrap();
    setrlimit(Resource::RLIMIT_FSIZE, 1_000, hard).unwrap();
    let outcome = write_atomic(&path, &[7; 100_000]);
    setrlimit(Resource::RLIMIT_FSIZE, soft, hard).unwrap();

    assert_eq!(outcome.unwrap_err().kind, DiskErrorKind::Full);
    assert_eq!(fs::read(&path).unwrap(), b"old and dear");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "the unfinished file is left");
}

/// The next signal; the loop is woken for it.
fn next_signal(net: &mut Net, signals: &Signals) -> Signal {
    loop {
        if let Some(signal) = signals.try_next() {
            return signal;
        }
        net.wait(Some(Millis(60_000)));
    }
}

#[test]
fn the_first_signal_is_an_event_and_the_second_ends_the_process_at_once() {
    let test = "the_first_signal_is_an_event_and_the_second_ends_the_process_at_once";
    if let Some(output) = alone(test) {
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(EXIT_INTERRUPTED), "{said}");
        assert!(said.contains("terminal restored"), "{said}");
        return;
    }
    let mut net = Net::new(Clock::new()).unwrap();
    let signals = Signals::start(net.waker(), || eprintln!("terminal restored")).unwrap();
    raise(SIGTERM).unwrap();
    assert_eq!(next_signal(&mut net, &signals), Signal::Terminate);
    raise(SIGHUP).unwrap();
    assert_eq!(next_signal(&mut net, &signals), Signal::HangUp);
    raise(SIGINT).unwrap();
    next_signal(&mut net, &signals);
    panic!("the process goes on");
}

#[test]
fn a_protected_process_leaves_no_core_and_still_reads_a_password_from_a_pipe() {
    let test = "a_protected_process_leaves_no_core_and_still_reads_a_password_from_a_pipe";
    if let Some(output) = alone(test) {
        return assert_success(&output);
    }
    if nix::unistd::geteuid().is_root() {
        // Root may do everything; so it would prove nothing.
        nix::unistd::setgid(65_534.into()).unwrap();
        nix::unistd::setuid(65_534.into()).unwrap();
    }
    protect_memory();
    assert_eq!(getrlimit(Resource::RLIMIT_CORE).unwrap(), (0, 0));
    #[cfg(target_os = "linux")]
    {
        assert_eq!(nix::sys::prctl::get_dumpable(), Ok(false));
        assert_eq!(fs::metadata("/proc/self/mem").unwrap().uid(), 0, "others may read us");
    }
    let (ours, theirs) = nix::unistd::pipe().unwrap();
    File::from(theirs).write_all(b"tall frog\n").unwrap();
    let path = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&ours));
    assert_eq!(read_password_file(Path::new(&path)).unwrap().reveal(), "tall frog");
    // Endless, and not read to its end.
    let endless = read_password_file(Path::new("/dev/zero")).err().unwrap();
    assert_eq!(endless.kind, DiskErrorKind::TooLarge, "{PASSWORD_BYTES_MAX}");
}

#[test]
fn the_descriptor_limit_is_raised_to_what_the_system_allows() {
    if let Some(output) = alone("the_descriptor_limit_is_raised_to_what_the_system_allows") {
        return assert_success(&output);
    }
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 64, hard).unwrap();
    let soft = raise_descriptor_limit().unwrap();
    assert_eq!((soft, hard), getrlimit(Resource::RLIMIT_NOFILE).unwrap());
    assert!(soft > 64);
}

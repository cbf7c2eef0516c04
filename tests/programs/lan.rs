//! Several machines on one switch: network namespaces that a test makes and takes away. No default
//! route and no route for the groups: what a classroom without Internet has.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;

use crate::log::{Log, Stream, listen};
use crate::support::{Launch, Program};

/// Namespaces joined by a bridge; gone when dropped.
pub(crate) struct Lan {
    hub: String,
    leaves: Vec<String>,
}

fn ip(args: &str) -> bool {
    let output = Command::new("ip").args(args.split(' ')).output();
    output.is_ok_and(|output| output.status.success())
}

/// Several LANs at once must not share a name.
static LANS: AtomicU32 = AtomicU32::new(0);

impl Lan {
    /// With so many machines: number `n` has 10.77.0.n+1 and fd77::n+1 on `eth0`. `None` where this
    /// machine does not allow namespaces.
    pub(crate) fn new(machines: usize) -> Option<Self> {
        let number = LANS.fetch_add(1, Ordering::Relaxed);
        let name = format!("hw{}x{number}", std::process::id());
        // Not while the minute of somebody else's program passes.
        crate::binaries::binary("client");
        let mut lan = Self { hub: format!("{name}h"), leaves: Vec::new() };
        if !ip(&format!("netns add {}", lan.hub)) {
            assert!(!is_everything_required(), "network namespaces are required here");
            println!("skipped: needs root and iproute2");
            return None;
        }
        let hub = &lan.hub;
        must(&format!("-n {hub} link add br0 type bridge"));
        must(&format!("-n {hub} link set br0 up"));
        for leaf in 0..machines {
            lan.leaves.push(format!("{name}l{leaf}"));
            must(&format!("netns add {}", lan.leaves[leaf]));
            must(&format!("-n {} link set lo up", lan.leaves[leaf]));
            lan.cable(leaf, "eth0", "10.77.0", "fd77:");
        }
        Some(lan)
    }

    /// One more cable from a machine to the switch.
    pub(crate) fn cable(&self, leaf: usize, device: &str, net4: &str, net6: &str) {
        let (hub, name) = (&self.hub, &self.leaves[leaf]);
        let port = format!("{device}p{leaf}");
        let host = leaf + 1;
        must(&format!("link add {device} netns {name} type veth peer name {port} netns {hub}"));
        must(&format!("-n {hub} link set {port} master br0"));
        must(&format!("-n {hub} link set {port} up"));
        // No wait for duplicate address detection: nobody else is here.
        let accept_dad = format!("/proc/sys/net/ipv6/conf/{device}/accept_dad");
        self.run(leaf, "sh", &["-c", &format!("echo 0 > {accept_dad}")]);
        must(&format!("-n {name} addr add {net4}.{host}/24 dev {device}"));
        must(&format!("-n {name} -6 addr add {net6}:{host}/64 dev {device} nodad"));
        must(&format!("-n {name} link set {device} up"));
    }

    /// Does something to the network of a machine: `ip -n MACHINE …`.
    pub(crate) fn ip(&self, leaf: usize, args: &str) {
        must(&format!("-n {} {args}", self.leaves[leaf]));
    }

    /// What a machine sends goes no faster than this, as `tc` writes rates.
    pub(crate) fn slow_down(&self, leaf: usize, rate: &str) {
        let name = &self.leaves[leaf];
        let shape = ["qdisc", "add", "dev", "eth0", "root", "tbf", "rate", rate];
        let depth = ["burst", "32kbit", "latency", "50ms"];
        let done = Command::new("tc").args(["-n", name]).args(shape).args(depth).status();
        assert!(done.is_ok_and(|status| status.success()), "tc in {name}");
    }

    /// Does something at the switch.
    pub(crate) fn hub(&self, args: &str) {
        must(&format!("-n {} {args}", self.hub));
    }

    /// Starts one of our programs on a machine.
    pub(crate) fn start(&self, leaf: usize, program: &str, args: &[&str]) -> Program {
        self.launch(leaf, program, args).start()
    }

    /// One of our programs, about to be started on a machine.
    pub(crate) fn launch(&self, leaf: usize, program: &str, args: &[&str]) -> Launch {
        let script = format!(r#"exec ip netns exec {} "$@""#, self.leaves[leaf]);
        Launch::by_shell(&script, program, args)
    }

    /// Runs somebody else's program on a machine to its end, at most 60 seconds; what it said.
    pub(crate) fn run(&self, leaf: usize, program: &str, args: &[&str]) -> String {
        let output = self.command(leaf, program, args).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Starts somebody else's program on a machine.
    pub(crate) fn peer(&self, leaf: usize, program: &str, args: &[&str]) -> Peer {
        let mut command = self.command(leaf, program, args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Log::default());
        let out = listen(child.stdout.take().unwrap(), &log, Stream::Err);
        let err = listen(child.stderr.take().unwrap(), &log, Stream::Err);
        Peer { child, log, readers: vec![out, err] }
    }

    fn command(&self, leaf: usize, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        // In the foreground: else a signal passed on comes twice, and the second one kills.
        command.args([
            "--foreground",
            "--kill-after=1",
            "60",
            "ip",
            "netns",
            "exec",
            &self.leaves[leaf],
            program,
        ]);
        command.args(args).stdin(Stdio::null());
        command
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        for name in self.leaves.iter().chain([&self.hub]) {
            ip(&format!("netns del {name}"));
        }
    }
}

fn must(args: &str) {
    assert!(ip(args), "ip {args}");
}

/// Whether a missing tool is a failure: in CI, which installs them all.
pub(crate) fn is_everything_required() -> bool {
    std::env::var_os("HALLWAY_ALL_TOOLS").is_some()
}

/// Whether this machine has a tool; says so when not.
pub(crate) fn has(tool: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {tool}")]).output();
    let found = found.is_ok_and(|output| output.status.success());
    assert!(found || !is_everything_required(), "{tool} is required here");
    if !found {
        println!("skipped: needs {tool}");
    }
    found
}

/// Somebody else's program. Dropped, it is told to end.
pub(crate) struct Peer {
    child: std::process::Child,
    log: Arc<Log>,
    readers: Vec<JoinHandle<()>>,
}

impl Peer {
    /// Waits until it has said `words`.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) {
        self.says_line(&[words]);
    }

    /// Waits until one line has all of these.
    #[track_caller]
    pub(crate) fn says_line(&self, words: &[&str]) {
        let found = self.log.wait(|said| {
            let fits = |line: &str| words.iter().all(|word| line.contains(word));
            let found = said.err().lines().any(fits);
            (found || !said.err_open).then_some(found)
        });
        assert!(found == Some(true), "no {words:?} in:\n{}", self.said());
    }

    /// Everything it has said so far.
    pub(crate) fn said(&self) -> String {
        self.log.lock().err()
    }

    /// Tells it to end, and gives everything it said.
    pub(crate) fn end(mut self) -> String {
        self.stop();
        // Its last words may still be in the pipe when it is gone.
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        self.said()
    }

    fn stop(&mut self) {
        // `timeout` passes it on: a kill would leave the program behind.
        let pid = nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap());
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.stop();
    }
}

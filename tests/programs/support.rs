//! A program as a test holds it: lines in, lines and events out, signals, an exit code.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use crate::binaries::binary;
use crate::log::{Log, Stream, listen};

/// How long anything is waited for before the test fails. Only a failing test waits that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// The password of every node here.
pub(crate) const NODE_PASSWORD: &str = "correct horse battery staple";
/// The password of every community here.
pub(crate) const COMMUNITY_PASSWORD: &str = "four quite random words";

/// A program about to be started.
pub(crate) struct Launch {
    command: Command,
    data: Option<PathBuf>,
    stdin: Stdio,
    reads: bool,
}

impl Launch {
    /// With `--json`, the passwords of this file, a data directory of its own, and a pipe on
    /// standard input; without discovery, so that tests do not meet: `Lan` has programs with it.
    pub(crate) fn new(program: &str, args: &[&str]) -> Self {
        let mut command = Command::new(binary(program));
        command.args(args).arg("--no-discovery");
        Self { command, data: None, stdin: Stdio::piped(), reads: true }.json()
    }

    /// The same, but by a shell that does `script` with the program and its arguments in `"$@"`.
    pub(crate) fn by_shell(script: &str, program: &str, args: &[&str]) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(binary(program)).args(args);
        Self { command, data: None, stdin: Stdio::piped(), reads: true }.json()
    }

    fn json(mut self) -> Self {
        self.command
            .arg("--json")
            .env("HALLWAY_PASSWORD", NODE_PASSWORD)
            .env("HALLWAY_COMMUNITY_PASSWORD", COMMUNITY_PASSWORD);
        self
    }

    pub(crate) fn arg(mut self, arg: &str) -> Self {
        self.command.arg(arg);
        self
    }

    /// Sets a variable of the environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Takes the passwords away.
    pub(crate) fn without_passwords(mut self) -> Self {
        self.command.env_remove("HALLWAY_PASSWORD").env_remove("HALLWAY_COMMUNITY_PASSWORD");
        self
    }

    /// Uses a folder of the test's instead of one of its own.
    pub(crate) fn data_dir(mut self, folder: &Path) -> Self {
        self.data = Some(folder.to_owned());
        self
    }

    /// Nothing to read, from the beginning.
    pub(crate) fn without_input(mut self) -> Self {
        self.stdin = Stdio::null();
        self
    }

    /// A pipe to read from.
    pub(crate) fn piped(mut self) -> Self {
        self.stdin = Stdio::piped();
        self
    }

    /// Nobody reads standard output: [`Program::read_one_and_close`] is for the test to call.
    pub(crate) fn unread(mut self) -> Self {
        self.reads = false;
        self
    }

    pub(crate) fn start(mut self) -> Program {
        let own = self.data.is_none().then(|| TempDir::new().unwrap());
        let data = self.data.as_deref().unwrap_or_else(|| own.as_ref().unwrap().path());
        self.command.arg("--data-dir").arg(data);
        self.command.stdin(self.stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        let log = Arc::new(Log::default());
        let stderr = child.stderr.take().unwrap();
        let mut threads = vec![listen(stderr, &log, Stream::Err)];
        if self.reads {
            threads.push(listen(child.stdout.take().unwrap(), &log, Stream::Out));
        } else {
            log.lock().out_open = false;
        }
        let stdin = child.stdin.take();
        Program { child, stdin, log, read: 0, threads, _own: own }
    }
}

/// A community server that listens.
pub(crate) fn community(args: &[&str]) -> Program {
    let all = [&["--listen", "127.0.0.1:0", "--guesses-per-source", "100000"], args].concat();
    Launch::new("community-server", &all).without_input().start()
}

/// A node that listens and answers every line with the same line.
pub(crate) fn echo(name: &str, args: &[&str]) -> Program {
    node(name, &[&["--echo"], args].concat())
}

/// A node that listens.
pub(crate) fn node(name: &str, args: &[&str]) -> Program {
    let all = ["--listen", "127.0.0.1:0", "--name", name, "--guesses-per-source", "100000"];
    Launch::new("node-server", &[&all, args].concat()).start()
}

/// `client chat`.
pub(crate) fn chat(name: &str, to: SocketAddr) -> Program {
    Launch::new("client", &["chat", &to.to_string(), "--name", name]).start()
}

/// `client list`, once or for ever.
pub(crate) fn list(at: SocketAddr, args: &[&str]) -> Program {
    let at = at.to_string();
    let all = [&["list", &at, "--name", "watcher"], args].concat();
    Launch::new("client", &all).without_input().start()
}

/// A running program. Dropped, it is killed, and must not have panicked.
pub(crate) struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    log: Arc<Log>,
    /// Lines of standard output that events have been taken from.
    read: usize,
    threads: Vec<JoinHandle<()>>,
    _own: Option<TempDir>,
}

impl Program {
    /// The next event of this kind that `fits`; what comes before it is passed over.
    #[track_caller]
    pub(crate) fn event_that(&mut self, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let from = self.read;
        let found = self.log.wait(|said| {
            let events = said.out.iter().enumerate().skip(from).map(|(at, line)| (at, event(line)));
            let mut found = events.filter(|(_, event)| event["event"] == kind && fits(event));
            match found.next() {
                None if !said.out_open => Some(None),
                found => found.map(Some),
            }
        });
        let Some(Some((at, event))) = found else {
            panic!("no such {kind} event; it said:\n{}", self.log.lock().tell(from))
        };
        self.read = at + 1;
        event
    }

    /// The next event of this kind.
    #[track_caller]
    pub(crate) fn event(&mut self, kind: &str) -> Value {
        self.event_that(kind, |_| true)
    }

    /// The next of `kind` that is about `name`.
    #[track_caller]
    pub(crate) fn member(&mut self, kind: &str, name: &str) -> Value {
        self.event_that(kind, |event| event["name"] == name)
    }

    /// The next message, which must say this.
    #[track_caller]
    pub(crate) fn hears(&mut self, text: &str) {
        assert_eq!(self.event("message")["text"], text);
    }

    /// Every event so far, or, after [`Self::exit`], of all its life.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.log.lock().out.iter().map(|line| event(line)).collect()
    }

    /// The events since the last one that was taken.
    pub(crate) fn take_events(&mut self) -> Vec<Value> {
        let said = self.log.lock();
        let from = std::mem::replace(&mut self.read, said.out.len());
        said.out[from..].iter().map(|line| event(line)).collect()
    }

    /// Those of one kind.
    pub(crate) fn events_of(&self, kind: &str) -> Vec<Value> {
        self.events().into_iter().filter(|event| event["event"] == kind).collect()
    }

    /// The texts of all messages from `label` (or from anybody, for an empty one).
    pub(crate) fn heard(&self, label: &str) -> Vec<String> {
        let all = self.events_of("message").into_iter();
        let from = all.filter(|event| label.is_empty() || event["from"] == label);
        from.map(|event| event["text"].as_str().unwrap().to_owned()).collect()
    }

    /// The texts of all events of this kind.
    pub(crate) fn texts(&self, kind: &str) -> Vec<String> {
        let texts = self.events_of(kind).into_iter();
        texts.map(|event| event["text"].as_str().unwrap().to_owned()).collect()
    }

    /// Whether there is such an event now, or in time before it ends.
    pub(crate) fn wait_for(&self, fits: impl Fn(&Value) -> bool) -> bool {
        let found = self.log.wait(|said| {
            let found = said.out.iter().any(|line| fits(&event(line)));
            (found || !said.out_open).then_some(found)
        });
        found == Some(true)
    }

    /// Waits until it says where it listens.
    #[track_caller]
    pub(crate) fn address(&mut self) -> SocketAddr {
        self.event("listening")["address"].as_str().unwrap().parse().unwrap()
    }

    /// The same, when that event has been taken already.
    pub(crate) fn address_again(&self) -> SocketAddr {
        let known = |event: &Value| Some(event["address"].as_str()?.parse().unwrap());
        self.events_of("listening").first().and_then(known).unwrap()
    }

    /// Waits until standard error holds `words`.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) {
        let found = self.log.wait(|said| {
            let found = said.err().contains(words);
            (found || !said.err_open).then_some(found)
        });
        assert!(found == Some(true), "no {words:?} in:\n{}", self.stderr());
    }

    /// Everything on standard error so far.
    pub(crate) fn stderr(&self) -> String {
        self.log.lock().err()
    }

    /// Everything on standard output so far.
    pub(crate) fn stdout(&self) -> Vec<u8> {
        self.log.lock().out.concat()
    }

    /// Types a line. A program that has ended does not read it, and that is no error here.
    pub(crate) fn say(&mut self, line: &str) {
        self.type_bytes(format!("{line}\n").as_bytes());
    }

    /// Types anything.
    pub(crate) fn type_bytes(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("its input was closed");
        let _ = stdin.write_all(bytes).and_then(|()| stdin.flush());
    }

    /// The end of its input.
    pub(crate) fn end_input(&mut self) {
        self.stdin = None;
    }

    /// What `| head -1` does: takes the first bytes of standard output, and then no more.
    pub(crate) fn read_one_and_close(&mut self) -> String {
        let mut line = String::new();
        BufReader::new(self.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        line
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// `SIGKILL`: no time for goodbyes.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
    }

    /// Waits for the end; minus the signal's number when it was killed by one.
    #[track_caller]
    pub(crate) fn exit(&mut self) -> i32 {
        // Both ends of its output: then the process itself is at most a moment behind.
        let ended = self.log.wait(|said| (!said.out_open && !said.err_open).then_some(()));
        assert!(ended.is_some(), "it does not end; it said:\n{}", self.log.lock().tell(0));
        let status = self.child.wait().unwrap();
        status.code().unwrap_or_else(|| -status.signal().unwrap())
    }

    /// Its number in the system.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Kibibytes of memory that it holds.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.stdin = None;
        self.kill();
        let _ = self.child.wait();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        let stderr = self.stderr();
        assert!(thread::panicking() || !stderr.contains("panicked"), "{stderr}");
    }
}

/// A line of standard output as an event: under `--json` there is nothing else.
fn event(line: &[u8]) -> Value {
    let text = str::from_utf8(line).unwrap_or_else(|_| panic!("not UTF-8: {line:?}"));
    assert!(!text.trim_end_matches('\n').contains(char::is_control), "{text:?}");
    serde_json::from_str(text).unwrap_or_else(|_| panic!("not JSON: {text:?}"))
}

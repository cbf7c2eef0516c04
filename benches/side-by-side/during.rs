//! Lines of chat while a file moves, in the same conversation: the client's menu, its input and
//! output in this program's hands, and a node that echoes. Over loopback, and over a slow link
//! between two network namespaces.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io};

use nix::unistd::getpgrp;
use tempfile::TempDir;

use crate::files::add_both;
use crate::kit::{Kit, PASSWORD};
use crate::process::{Cores, Process, free_address};
use crate::table::{self, Figures};
use crate::{LINE, WARM_UP, sorted};

/// Lines while nothing moves.
const LINES: usize = 2_000;
/// What moves over the slow link: some eleven seconds of it.
const SLOW_BYTES: u64 = 128 << 20;

/// The rows.
const QUIET: &str = "no file moves";
const MOVING: &str = "a file moves in the same conversation";

/// Prints what a line takes without and with a transfer of that file.
pub(crate) fn measure(kit: &Kit, file: &Path, rounds: usize) {
    table_of(kit, "loopback", 10.0, file, rounds, || Ok(Link::Loopback));
    let folder = TempDir::new().unwrap();
    let part = folder.path().join("part");
    let mut from = io::Read::take(fs::File::open(file).unwrap(), SLOW_BYTES);
    io::copy(&mut from, &mut fs::File::create(&part).unwrap()).unwrap();
    table_of(kit, "100 Mbit/s", 50.0, &part, rounds, Link::slow);
}

fn table_of(
    kit: &Kit,
    place: &str,
    target: f64,
    file: &Path,
    rounds: usize,
    link: impl Fn() -> Result<Link, String>,
) {
    let new = || [Ok(vec![]), Ok(vec![])];
    let (mut quiet, mut moving, mut rate) = (new(), new(), Ok(vec![]));
    let mut lines = Vec::new();
    for _ in 0..rounds {
        match link() {
            Ok(link) => {
                let mut chat = Chat::start(kit, &link);
                add_both(&mut quiet, Ok(chat.lines(LINES)));
                let begun = Instant::now();
                let spans = chat.lines_while(file);
                let seconds = begun.elapsed().as_secs_f64();
                lines.push(spans.len());
                add_both(&mut moving, Ok(spans));
                let bits = fs::metadata(file).unwrap().len() as f64 * 8.0;
                crate::add(&mut rate, Ok(bits / seconds / 1e6));
            }
            Err(why) => {
                add_both(&mut quiet, Err(why.clone()));
                add_both(&mut moving, Err(why.clone()));
                rate = Err(why);
            }
        }
    }
    for ((what, quiet), moving) in ["p50", "p99"].iter().zip(quiet).zip(moving) {
        let goal = (*what == "p99").then(|| ("(target)", Ok(vec![target])));
        let rows: Vec<(&str, Figures)> =
            [(MOVING, moving), (QUIET, quiet)].into_iter().chain(goal).collect();
        let title = format!("a line there and back, {place}, ms: {what}");
        table::print(&title, 3, MOVING, QUIET, &rows);
    }
    let title = format!("the file meanwhile, {place}, Mbit/s");
    table::print(&title, 1, "", "", &[(MOVING, rate)]);
    println!("  lines meanwhile, in each round: {lines:?}");
}

/// Between the two.
enum Link {
    Loopback,
    /// Two namespaces that begin with this name.
    Namespaces(String),
}

impl Link {
    /// Two machines of their own and a cable; what each sends goes at 100 Mbit/s.
    fn slow() -> Result<Self, String> {
        // `run` takes away those of its group of processes, whatever becomes of this one.
        let name = format!("hw{}", getpgrp());
        let link = Self::Namespaces(name.clone());
        if !ip(&format!("netns add {name}a")) {
            return Err("takes root and iproute2".to_owned());
        }
        let cable = format!("link add v0 netns {name}a type veth peer name v0 netns {name}b");
        assert!(ip(&format!("netns add {name}b")) && ip(&cable));
        for (end, host) in [("a", 1), ("b", 2)] {
            let inside = format!("-n {name}{end}");
            assert!(ip(&format!("{inside} addr add 10.77.0.{host}/24 dev v0")));
            assert!(
                ip(&format!("{inside} link set lo up")) && ip(&format!("{inside} link set v0 up"))
            );
            let shape = "qdisc add dev v0 root tbf rate 100mbit burst 32kbit latency 50ms";
            let mut tc = Command::new("tc");
            tc.args(inside.split(' ')).args(shape.split(' '));
            if !tc.status().is_ok_and(|status| status.success()) {
                return Err("takes tc and the kernel's tbf".to_owned());
            }
        }
        Ok(link)
    }

    /// What a command begins with at this end, and the address of the one who answers.
    fn inside(&self, end: &str) -> String {
        match self {
            Self::Loopback => String::new(),
            Self::Namespaces(name) => format!("ip netns exec {name}{end} "),
        }
    }

    /// The address of the one who answers.
    fn address(&self) -> &'static str {
        match self {
            Self::Loopback => "127.0.0.1",
            Self::Namespaces(_) => "10.77.0.2",
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Self::Namespaces(name) = self {
            ip(&format!("netns del {name}a"));
            ip(&format!("netns del {name}b"));
        }
    }
}

fn ip(arguments: &str) -> bool {
    let output = Command::new("ip").args(arguments.split(' ')).output();
    output.is_ok_and(|output| output.status.success())
}

/// The menu, in a conversation with a node that echoes.
struct Chat {
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    said: String,
    _processes: [Process; 2],
    _folder: TempDir,
}

impl Chat {
    fn start(kit: &Kit, link: &Link) -> Self {
        let folder = TempDir::new().unwrap();
        let (new, port) = (folder.path().to_str().unwrap(), free_address().port());
        let common = format!("--json --no-discovery --data-dir {new}");
        let node = format!(
            "{}BIN/node-server {common}/bob --name bob --echo --files all \
             --download-dir {new}/into --listen {}:PORT",
            link.inside("b"),
            link.address()
        );
        let menu = format!(
            "{}BIN/client {common}/ann --name ann --plain --files none --listen 127.0.0.1:0",
            link.inside("a")
        );
        fs::create_dir(folder.path().join("into")).unwrap();
        let (node, _, said) = start(kit, &node, port);
        // It may say what it likes: an end that nobody reads would end it.
        std::thread::spawn(move || io::copy(&mut { said }, &mut io::sink()));
        let (menu, stdin, stdout) = start(kit, &menu, port);
        let said = String::new();
        let processes = [menu, node];
        let mut chat = Self { stdin, stdout, said, _processes: processes, _folder: folder };
        for answer in ["3", &format!("{}:{port}", link.address()), PASSWORD] {
            writeln!(chat.stdin, "{answer}").unwrap();
        }
        chat.hear("\"connected\"");
        (0..WARM_UP).for_each(|_| {
            chat.carry();
        });
        chat
    }

    /// The next event in which this is.
    fn hear(&mut self, what: &str) {
        while !self.next().contains(what) {}
    }

    fn next(&mut self) -> &str {
        self.said.clear();
        assert_ne!(self.stdout.read_line(&mut self.said).unwrap(), 0, "it has ended");
        assert!(!self.said.contains("\"file-failed\""), "{}", self.said);
        &self.said
    }

    /// A line there and back; and whether a file has arrived meanwhile.
    fn carry(&mut self) -> (Duration, bool) {
        let begun = Instant::now();
        self.stdin.write_all(LINE.as_bytes()).unwrap();
        let mut is_done = false;
        loop {
            let event = self.next();
            is_done |= event.contains("\"file-done\"");
            if event.contains("\"message\"") && event.contains(LINE.trim_end()) {
                return (begun.elapsed(), is_done);
            }
        }
    }

    /// Milliseconds of so many lines, sorted.
    fn lines(&mut self, count: usize) -> Vec<f64> {
        sorted((0..count).map(|_| self.carry().0).collect(), 1e3)
    }

    /// Sends the file, and gives the milliseconds of all lines until it has arrived, sorted.
    fn lines_while(&mut self, file: &Path) -> Vec<f64> {
        writeln!(self.stdin, "/send {}", file.display()).unwrap();
        self.hear("\"begun\"");
        let mut spans = Vec::new();
        loop {
            let (span, is_done) = self.carry();
            spans.push(span);
            if is_done {
                return sorted(spans, 1e3);
            }
        }
    }
}

/// Starts one of ours, and waits until it listens.
fn start(kit: &Kit, text: &str, port: u16) -> (Process, ChildStdin, BufReader<ChildStdout>) {
    let mut command = kit.command(Cores::Both, text, port);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = Process(command.spawn().unwrap());
    let stdin = process.0.stdin.take().unwrap();
    let mut stdout = BufReader::new(process.0.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("\"listening\"") {
        assert_ne!(stdout.read_line(&mut said).unwrap(), 0, "it does not listen: {command:?}");
    }
    (process, stdin, stdout)
}

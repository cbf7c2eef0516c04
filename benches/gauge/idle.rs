//! Real programs that nobody uses: how often their threads wake up, and what that costs.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::in_role;

/// What is watched, after what a start brings: five announcements, and searches.
const SPAN: Duration = Duration::from_secs(60);
const SETTLED: Duration = Duration::from_secs(20);
const PASSWORD: &str = "four quite random words";

/// A running program; dropped, it is killed.
struct Program {
    what: &'static str,
    child: Child,
    events: mpsc::Receiver<Value>,
    _data: TempDir,
}

/// All that the threads of a program have done since its start.
#[derive(Clone, Copy)]
struct Spent {
    wake_ups: u64,
    cpu: Duration,
}

impl Program {
    fn start(what: &'static str, role: &str, arguments: &[&str]) -> Self {
        let data = TempDir::new().unwrap();
        let mut child = in_role(role, &[])
            .env("HALLWAY_PASSWORD", PASSWORD)
            .env("HALLWAY_COMMUNITY_PASSWORD", PASSWORD)
            .args(arguments)
            .args(["--json", "--data-dir"])
            .arg(data.path())
            // Open, and nobody types.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, events) = mpsc::channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        Self { what, child, events, _data: data }
    }

    /// The next event of that kind.
    fn event(&self, kind: &str) -> Value {
        let found = self.events.iter().find(|event| event["event"] == kind);
        found.unwrap_or_else(|| panic!("{} ended without {kind}", self.what))
    }

    /// Where it listens.
    fn address(&self) -> String {
        self.event("listening")["address"].as_str().unwrap().to_owned()
    }

    fn spent(&self) -> Spent {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let mut spent = Spent { wake_ups: 0, cpu: Duration::ZERO };
        for task in tasks {
            let read = |file| fs::read_to_string(task.as_ref().unwrap().path().join(file)).unwrap();
            let status = read("status");
            let switches = status.lines().find_map(|l| l.strip_prefix("voluntary_ctxt_switches:"));
            spent.wake_ups += switches.unwrap().trim().parse::<u64>().unwrap();
            let nanos = read("schedstat").split(' ').next().unwrap().parse().unwrap();
            spent.cpu += Duration::from_nanos(nanos);
        }
        spent
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the programs, leaves them alone, and prints what they did.
pub(crate) fn show() {
    let here = ["--listen", "127.0.0.1:0"];
    let quiet = [&here[..], &["--no-discovery"]].concat();
    let community = Program::start("a community with a member", "community", &quiet);
    let hall = community.address();
    let member = [&quiet[..], &["--name", "ann", "--community", &hall]].concat();
    let member = Program::start("that member, a node", "node", &member);
    let _ = community.event("joined");
    let echo =
        Program::start("a node in a conversation", "node", &[&quiet[..], &["--echo"]].concat());
    let at = echo.address();
    let chat = ["chat", &at, "--name", "bob", "--no-discovery"];
    let chat = Program::start("the other end, client chat", "client", &chat);
    let _ = chat.event("connected");
    let open = Program::start("a node that announces itself", "node", &["--listen", "0.0.0.0:0"]);
    let menu = Program::start("the client's menu, with discovery", "client", &["--name", "eve"]);

    let programs = [community, member, echo, chat, open, menu];
    pause(SETTLED);
    let before = programs.each_ref().map(Program::spent);
    pause(SPAN);
    println!("{:35} {:>9} {:>9}", format!("idle for {} s", SPAN.as_secs()), "wake-ups", "CPU, us");
    for (program, before) in programs.iter().zip(before) {
        let Spent { wake_ups, cpu } = program.spent();
        // A thread that has ended takes along what it has done.
        let wake_ups = wake_ups.saturating_sub(before.wake_ups);
        let cpu = cpu.saturating_sub(before.cpu).as_micros();
        println!("{:35} {wake_ups:9} {cpu:9}", program.what);
    }
}

fn pause(span: Duration) {
    let done = Command::new("sleep").arg(span.as_secs().to_string()).status();
    assert!(done.unwrap().success());
}

//! Networks that a test has for itself. Each belongs to a thread, and ends with it.

use std::process::Command;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mio::{Events, Poll, Token};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::gettid;
use ssdp::candidates::{Candidate, Verdict, choose};
use ssdp::shell::watch::{self, Watch};

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Gives this thread, and the threads and programs it starts, an empty network of their own. Says
/// why the test is skipped where this is not allowed.
pub(crate) fn is_alone() -> bool {
    let alone = unshare(CloneFlags::CLONE_NEWNET).is_ok() && runs("link set lo up");
    if !alone {
        println!("skipped: needs root and iproute2");
    }
    alone
}

/// Has `ip` change the network of this thread.
pub(crate) fn ip(args: &str) {
    assert!(runs(args), "ip {args}");
}

fn runs(args: &str) -> bool {
    Command::new("ip").args(args.split(' ')).status().is_ok_and(|status| status.success())
}

/// The interfaces that would be used.
pub(crate) fn used(only: &[&str]) -> Vec<Candidate> {
    let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
    let decided = choose(watch::list().unwrap(), &only).into_iter();
    let used = decided.filter(|(_, verdict)| *verdict == Verdict::Used);
    used.map(|(candidate, _)| candidate).collect()
}

/// Waits until an interface can be used: the kernel says some moments late that a cable is in.
pub(crate) fn wait_for(name: &str) {
    let mut poll = Poll::new().unwrap();
    let mut watch = Watch::new(poll.registry(), Token(0));
    let mut events = Events::with_capacity(1);
    while used(&[name]).is_empty() {
        poll.poll(&mut events, Some(PATIENCE)).unwrap();
        assert!(watch.drain(), "no news of {name}");
    }
}

/// A machine at the other end of a cable.
pub(crate) struct Host {
    tasks: Option<Sender<Box<dyn FnOnce() + Send>>>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    /// A machine with the far end of a cable as its `eth0`, still down. The near end, in the
    /// network of this thread, is called `near`.
    pub(crate) fn new(near: &str) -> Self {
        let (tasks, inbox) = channel::<Box<dyn FnOnce() + Send>>();
        let thread = thread::spawn(move || inbox.into_iter().for_each(|task| task()));
        let host = Self { tasks: Some(tasks), thread: Some(thread) };
        let tid = host.run(|| {
            assert!(is_alone());
            gettid()
        });
        ip(&format!("link add {near} type veth peer name eth0 netns {tid}"));
        ip(&format!("link set {near} up"));
        host
    }

    /// Does something there and waits for what comes of it.
    pub(crate) fn run<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> T {
        let (done, result) = channel();
        let task = Box::new(move || done.send(task()).unwrap());
        self.tasks.as_ref().unwrap().send(task).unwrap();
        result.recv().expect("what a host was to do failed")
    }

    /// Has `ip` change the network there.
    pub(crate) fn ip(&self, args: &str) {
        let args = args.to_owned();
        self.run(move || ip(&args));
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A switch in the network of this thread, with so many machines.
pub(crate) fn switch<const N: usize>() -> Option<[Host; N]> {
    if !is_alone() {
        return None;
    }
    ip("link add br0 type bridge");
    ip("link set br0 up");
    Some(std::array::from_fn(|at| {
        let (port, number) = (format!("p{at}"), at + 1);
        let host = Host::new(&port);
        ip(&format!("link set {port} master br0"));
        host.ip(&format!("addr add 10.9.0.{number}/24 dev eth0"));
        host.ip(&format!("addr add fd90::{number}/64 dev eth0"));
        host.ip("link set eth0 addrgenmode none");
        host.ip(&format!("addr add fe80::{number}/64 dev eth0"));
        host
    }))
}

pub(crate) fn plug_in(hosts: &[&Host]) {
    for host in hosts {
        host.ip("link set eth0 up");
    }
}

//! A conversation that goes on while others log in: two real nodes, members of the community under
//! load, in a process of their own.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{env, thread};

use hallway::message::Addresses;
use hallway::place::Place;
use hallway::secret::Secret;
use hallway::shell::clock::Clock;
use hallway::shell::net::Net;
use hallway::text::Line;
use hallway::time::Millis;
use node_server::membership::{Listing, Wish};
use node_server::node::{Command, Input};

use crate::ROLE;
use crate::driven::{Driven, listening, node};
use crate::process::{Cores, on};
use crate::server::PASSWORD;

/// Round trips of a conversation, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoundTrips {
    pub(crate) count: usize,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

/// The two who talk, seen from outside.
pub(crate) struct Talk {
    child: Child,
    stdin: ChildStdin,
}

impl Talk {
    /// Starts them as members of this community, and waits until they talk.
    pub(crate) fn start(community: SocketAddr) -> Self {
        // Wherever the system likes, as on the machine of somebody who chats.
        let mut child = on(Cores::Both, env::current_exe().unwrap())
            .env(ROLE, "talk")
            .arg(community.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        // One byte at a time: what follows this line is read later.
        BufReader::with_capacity(1, child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "talking\n");
        let stdin = child.stdin.take().unwrap();
        Self { child, stdin }
    }

    /// Ends the conversation.
    pub(crate) fn finish(self) -> RoundTrips {
        drop(self.stdin);
        let said = self.child.wait_with_output().unwrap().stdout;
        let said = String::from_utf8(said).unwrap();
        let mut spans: Vec<f64> = said.lines().map(|line| line.parse().unwrap()).collect();
        spans.sort_by(f64::total_cmp);
        let count = spans.len();
        RoundTrips {
            count,
            p50: spans[count / 2],
            p99: spans[count * 99 / 100],
            max: spans[count - 1],
        }
    }
}

/// The process of the two: talks until its input ends, then prints each round trip.
pub(crate) fn talk(community: SocketAddr) {
    let (net, at) = listening();
    let mut echo = Driven::new(net, node("echo", 1, true));
    echo.handle(Input::Command(Command::Join(wish(community, at.port()))));
    thread::spawn(move || {
        loop {
            echo.turn();
        }
    });
    let mut caller = Driven::new(Net::new(Clock::new()).unwrap(), node("ann", 2, false));
    caller.handle(Input::Command(Command::Join(wish(community, 1))));
    let call = caller.call(at);

    let over = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&over);
    thread::spawn(move || {
        let _ = io::stdin().read_line(&mut String::new());
        told.store(true, Ordering::Relaxed);
    });
    let line = Line::split("shall we meet at five?").remove(0);
    let mut spans: Vec<Duration> = Vec::new();
    println!("talking");
    io::stdout().flush().unwrap();
    while !over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        caller.say(call, &line);
        spans.push(begun.elapsed());
        rest(&mut caller);
    }
    for span in spans {
        println!("{}", span.as_secs_f64() * 1e3);
    }
}

/// Lets a node do what else there is before the next line.
fn rest(node: &mut Driven) {
    let until = node.clock.now().tick + PAUSE;
    while node.clock.now().tick < until {
        node.turn_until(Some(until));
    }
}

/// Between an answer and the next line.
const PAUSE: Millis = Millis(2);

fn wish(community: SocketAddr, port: u16) -> Wish {
    let addresses = Addresses::new([community.ip()]);
    Wish {
        place: Place { host: community.ip().to_string(), port: community.port() },
        password: Secret::new(PASSWORD).unwrap(),
        listed: Some(Listing { port, addresses }),
        persist: false,
    }
}

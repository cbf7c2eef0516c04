//! One line of chat to another node and back, over loopback, beside its floor: the same number of
//! bytes moved by the same loop without any cryptography. `cargo bench --bench chat`.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    missing_docs
)]

#[path = "support/driven.rs"]
mod driven;

use std::thread;

use criterion::{Criterion, criterion_group, criterion_main};
use hallway::conn::{ConnId, NetInput, NetOutput};
use hallway::shell::clock::Clock;
use hallway::shell::net::Net;
use hallway::text::Line;

use driven::{Driven, listening, node};

/// A record with a short line, and one with a confirmation: 4 + 64 + 32 bytes each. Both go each
/// way for each line.
const FLOOR_BYTES: usize = 200;

fn encrypted(criterion: &mut Criterion) {
    let (net, at) = listening();
    let mut echo = Driven::new(net, node("echo", 1, true));
    thread::spawn(move || {
        loop {
            echo.turn();
        }
    });
    let mut caller = Driven::new(Net::new(Clock::new()).unwrap(), node("ann", 2, false));
    let call = caller.call(at);
    let line = Line::split("shall we meet at five?").remove(0);
    criterion.bench_function("chat line and back, encrypted", |bencher| {
        bencher.iter(|| caller.say(call, &line));
    });
}

fn floor(criterion: &mut Criterion) {
    let (mut net, at) = listening();
    thread::spawn(move || {
        loop {
            net.wait(None);
            let mut answers = Vec::new();
            while let Some((id, input)) = net.next() {
                if let NetInput::Received(bytes) = input {
                    answers.push((id, bytes.to_vec()));
                }
            }
            for (id, bytes) in answers {
                net.perform(id, NetOutput::Send(bytes));
            }
        }
    });
    let mut net = Net::new(Clock::new()).unwrap();
    let id = ConnId(ConnId::DIALLED);
    net.perform(id, NetOutput::Connect(at));
    let bytes = vec![7; FLOOR_BYTES];
    criterion.bench_function("the same bytes and back, plain", |bencher| {
        bencher.iter(|| {
            net.perform(id, NetOutput::Send(bytes.clone()));
            let mut missing = bytes.len();
            while missing > 0 {
                net.wait(None);
                while let Some((_, input)) = net.next() {
                    if let NetInput::Received(bytes) = input {
                        missing -= bytes.len();
                    }
                }
            }
        });
    });
}

criterion_group!(benches, floor, encrypted);
criterion_main!(benches);

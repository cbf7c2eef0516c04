//! What a handshake costs each side, without Argon2: the stretcher remembers its one result, as it
//! does on a reconnect.
#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use hallway::guess::{GuessLimits, Guesses, Source};
use hallway::handshake::answering::{AnswerStep, Answering, Door};
use hallway::handshake::auth::{Instance, Me};
use hallway::handshake::dialling::{DialStep, Dialling, Wanted};
use hallway::handshake::hello::Service;
use hallway::handshake::opaque::{PasswordRecord, StretchJob};
use hallway::handshake::stretch::{Profile, Stretcher};
use hallway::identity::Identity;
use hallway::secret::Secret;
use hallway::seeds::Seeds;
use hallway::text::Name;
use hallway::time::Millis;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

const NOW: Millis = Millis(0);

struct Side {
    me: Me,
    seeds: Seeds,
}

fn side(seed: u8, name: &str) -> Side {
    let name = Name::parse(name).unwrap();
    let identity = Identity::from_seed(&[seed; 32]);
    let me = Me { name, identity, instance: Instance([seed; 8]) };
    Side { me, seeds: Seeds::new([seed; 32]) }
}

/// Both sides with all they keep between handshakes.
struct Pair {
    dialler: Side,
    listener: Side,
    record: PasswordRecord,
    guesses: Guesses,
    stretcher: Stretcher,
}

impl Pair {
    fn new() -> Self {
        let (dialler, mut listener) = (side(1, "ann"), side(2, "bob"));
        let stretcher = Stretcher::new(Profile::Rfc9106Second);
        let password = Secret::new("correct horse").unwrap();
        let identity = listener.me.identity.public().0;
        let record = PasswordRecord::register(&password, identity, &stretcher, &mut listener.seeds);
        let record = record.unwrap_or_else(|_| panic!("no memory for Argon2"));
        let any_number = GuessLimits { per_source: u32::MAX, global: u32::MAX };
        Self { dialler, listener, record, guesses: Guesses::new(any_number), stretcher }
    }

    fn start(&mut self) -> (Dialling, Vec<u8>) {
        let wanted = Wanted {
            service: Service::Chat,
            password: Secret::new("correct horse").unwrap(),
            identity: None,
            profile: Profile::Rfc9106Second,
        };
        Dialling::start(wanted, NOW, &mut self.dialler.seeds).unwrap_or_else(|_| unreachable!())
    }

    fn answer(&mut self, state: Answering, bytes: &[u8]) -> AnswerStep {
        let door = Door {
            services: &[Service::Chat],
            record: &self.record,
            profile: Profile::Rfc9106Second,
            me: &self.listener.me,
        };
        state.received(NOW, bytes, &door, &mut self.guesses, &mut self.listener.seeds)
    }

    fn answer_hello(&mut self, hello: &[u8]) -> (Answering, Vec<u8>) {
        let source = Source::of(IpAddr::V4(Ipv4Addr::LOCALHOST));
        match self.answer(Answering::new(source, NOW), hello) {
            AnswerStep::Wait(state, bytes) => (state, bytes),
            AnswerStep::Open(..) | AnswerStep::Refused(_) | AnswerStep::Failed(_) => unreachable!(),
        }
    }

    fn check_proof(&mut self, state: Answering, proof: &[u8]) -> Vec<u8> {
        match self.answer(state, proof) {
            AnswerStep::Open(channel, peer, _, bytes) => {
                black_box((channel, peer));
                bytes
            }
            AnswerStep::Wait(..) | AnswerStep::Refused(_) | AnswerStep::Failed(_) => unreachable!(),
        }
    }

    fn take_answer(&mut self, state: Dialling, bytes: &[u8]) -> (Dialling, Box<StretchJob>) {
        match state.received(bytes, &self.dialler.me, &mut self.dialler.seeds) {
            DialStep::Stretch(state, job) => (state, job),
            DialStep::Wait(_) | DialStep::Open(..) | DialStep::Failed(_) => unreachable!(),
        }
    }

    fn prove(&mut self, state: Dialling, job: StretchJob) -> (Dialling, Vec<u8>) {
        let done = job.run(&self.stretcher);
        state.stretched(done, &self.dialler.me, NOW).unwrap_or_else(|_| unreachable!())
    }

    fn check_auth(&mut self, state: Dialling, bytes: &[u8]) {
        match state.received(bytes, &self.dialler.me, &mut self.dialler.seeds) {
            DialStep::Open(channel, peer) => drop(black_box((channel, peer))),
            DialStep::Wait(_) | DialStep::Stretch(..) | DialStep::Failed(_) => unreachable!(),
        }
    }
}

fn whole(criterion: &mut Criterion) {
    let mut pair = Pair::new();
    criterion.bench_function("handshake, both sides", |bencher| {
        bencher.iter(|| {
            let (dialling, hello) = pair.start();
            let (answering, answer) = pair.answer_hello(&hello);
            let (dialling, job) = pair.take_answer(dialling, &answer);
            let (dialling, proof) = pair.prove(dialling, *job);
            let auth = pair.check_proof(answering, &proof);
            pair.check_auth(dialling, &auth);
        });
    });
}

fn dialler(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("dialler");
    let pair = &mut Pair::new();
    group.bench_function("first hello", |bencher| bencher.iter(|| black_box(pair.start())));
    let cell = std::cell::RefCell::new(Pair::new());
    group.bench_function("proof after the answer", |bencher| {
        bencher.iter_batched(
            || {
                let mut pair = cell.borrow_mut();
                let (dialling, hello) = pair.start();
                (dialling, pair.answer_hello(&hello).1)
            },
            |(dialling, answer)| {
                let mut pair = cell.borrow_mut();
                let (dialling, job) = pair.take_answer(dialling, &answer);
                black_box(pair.prove(dialling, *job))
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("check of the listener's identity", |bencher| {
        bencher.iter_batched(
            || {
                let mut pair = cell.borrow_mut();
                let (dialling, hello) = pair.start();
                let (answering, answer) = pair.answer_hello(&hello);
                let (dialling, job) = pair.take_answer(dialling, &answer);
                let (dialling, proof) = pair.prove(dialling, *job);
                (dialling, pair.check_proof(answering, &proof))
            },
            |(dialling, auth)| cell.borrow_mut().check_auth(dialling, &auth),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn listener(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("listener");
    let cell = std::cell::RefCell::new(Pair::new());
    group.bench_function("answer to the hello", |bencher| {
        bencher.iter_batched(
            || cell.borrow_mut().start().1,
            |hello| black_box(cell.borrow_mut().answer_hello(&hello)),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("check of the proof and identities", |bencher| {
        bencher.iter_batched(
            || {
                let mut pair = cell.borrow_mut();
                let (dialling, hello) = pair.start();
                let (answering, answer) = pair.answer_hello(&hello);
                let (dialling, job) = pair.take_answer(dialling, &answer);
                (answering, pair.prove(dialling, *job).1)
            },
            |(answering, proof)| black_box(cell.borrow_mut().check_proof(answering, &proof)),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, whole, dialler, listener);
criterion_main!(benches);

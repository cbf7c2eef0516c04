//! One line of chat to another node and back, over loopback, beside its floor: the same number of
//! bytes moved by the same loop without any cryptography. `cargo bench --bench chat`.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    missing_docs
)]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::thread;

use criterion::{Criterion, criterion_group, criterion_main};
use hallway::conn::{ConnId, NetInput, NetOutput};
use hallway::guess::GuessLimits;
use hallway::handshake::auth::{Instance, Me};
use hallway::handshake::opaque::PasswordRecord;
use hallway::handshake::stretch::Stretcher;
use hallway::identity::Identity;
use hallway::pins::Pins;
use hallway::secret::Secret;
use hallway::seeds::Seeds;
use hallway::shell::clock::Clock;
use hallway::shell::net::{ListenAddr, Net};
use hallway::text::{Line, Name};
use node_server::calls::{CallPolicy, Callee};
use node_server::node::{Command, Config, Input, Node, Output};
use node_server::notice::{CallId, Notice};
use node_server::outbound::Whereabouts;

const PASSWORD: &str = "correct horse battery staple";
/// A record with a short line, and one with a confirmation: 4 + 64 + 32 bytes each. Both go each
/// way for each line.
const FLOOR_BYTES: usize = 200;

fn node(name: &str, byte: u8, listens: bool) -> Node {
    let mut seeds = Seeds::new([byte; 32]);
    let identity = Identity::from_seed(&seeds.draw());
    let stretcher = Stretcher::default();
    let password = Secret::new(PASSWORD).unwrap();
    let public = identity.public().0;
    let record = listens
        .then(|| PasswordRecord::register(&password, public, &stretcher, &mut seeds).ok())
        .flatten();
    let config = Config {
        me: Me { name: Name::parse(name).unwrap(), identity, instance: Instance([byte; 8]) },
        record,
        profile: stretcher.profile(),
        calls: CallPolicy::All,
        echo: listens,
        guesses: GuessLimits::default(),
        pins: Pins::default(),
    };
    Node::new(config, *seeds.draw())
}

fn listening() -> (Net, SocketAddr) {
    let mut net = Net::new(Clock::new()).unwrap();
    let here = ListenAddr { ip: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), port: 0 };
    let at = net.listen(here, 0).unwrap();
    (net, at)
}

/// A node with its sockets; the slow step runs in its own loop, for there is only one.
struct Driven {
    net: Net,
    node: Node,
    clock: Clock,
    stretcher: Stretcher,
}

impl Driven {
    fn new(net: Net, node: Node) -> Self {
        Self { net, node, clock: Clock::new(), stretcher: Stretcher::default() }
    }

    fn handle(&mut self, input: Input<'_>) -> Option<Notice> {
        self.node.handle(self.clock.now(), input);
        self.perform()
    }

    fn perform(&mut self) -> Option<Notice> {
        let mut last = None;
        while let Some(output) = self.node.poll() {
            match output {
                Output::Net(id, output) => self.net.perform(id, output),
                Output::Stretch(id, job) => {
                    let result = job.run(&self.stretcher);
                    self.node.handle(self.clock.now(), Input::Stretched(id, result));
                }
                Output::Notice(notice) => last = Some(notice),
                Output::LookUp(..) | Output::Remember(_) => {}
            }
        }
        last
    }

    /// One turn of the loop; gives the last notice.
    fn turn(&mut self) -> Option<Notice> {
        let mut last = self.handle(Input::TurnEnd);
        self.net.wait(self.node.deadline());
        while let Some((id, input)) = self.net.next() {
            self.node.handle(self.clock.now(), Input::Net(id, input));
            last = self.perform().or(last);
        }
        last
    }

    fn wait_for(&mut self, wanted: impl Fn(&Notice) -> Option<CallId>) -> CallId {
        loop {
            if let Some(id) = self.turn().as_ref().and_then(&wanted) {
                return id;
            }
        }
    }
}

fn encrypted(criterion: &mut Criterion) {
    let (net, at) = listening();
    let mut echo = Driven::new(net, node("echo", 1, true));
    thread::spawn(move || {
        loop {
            echo.turn();
        }
    });
    let mut caller = Driven::new(Net::new(Clock::new()).unwrap(), node("ann", 2, false));
    caller.handle(Input::Command(Command::Call(Callee {
        label: "echo".into(),
        whereabouts: Whereabouts::Sockets(vec![at]),
        identity: None,
        password: Secret::new(PASSWORD).unwrap(),
    })));
    let call = caller.wait_for(|notice| match notice {
        Notice::Connected(id, _) => Some(*id),
        _ => None,
    });
    let line = Line::split("shall we meet at five?").remove(0);
    criterion.bench_function("chat line and back, encrypted", |bencher| {
        bencher.iter(|| {
            caller.handle(Input::Command(Command::Say(call, vec![line.clone()])));
            caller.wait_for(|notice| match notice {
                Notice::Heard(id, ..) => Some(*id),
                _ => None,
            })
        });
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

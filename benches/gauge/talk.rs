//! Two nodes in a conversation, their bytes carried by hand.

use std::net::{Ipv4Addr, SocketAddr};

use files::news::FilePolicy;
use files::transfers::Setup;
use hallway::conn::{ConnId, NetInput, NetOutput};
use hallway::guess::GuessLimits;
use hallway::handshake::auth::{Instance, Me};
use hallway::handshake::opaque::PasswordRecord;
use hallway::handshake::stretch::Stretcher;
use hallway::identity::Identity;
use hallway::pins::Pins;
use hallway::secret::Secret;
use hallway::seeds::Seeds;
use hallway::text::Line;
use hallway::time::{Millis, Now};
use node_server::calls::{CallPolicy, Callee};
use node_server::node::{Command, Config, Input, Node, Output};
use node_server::notice::{CallId, Notice};
use node_server::outbound::Whereabouts;

use crate::login::name;
use crate::works::gauged;

const ROUNDS: usize = 100;
const PASSWORD: &str = "correct horse battery staple";

/// What is counted of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Say,
    Hear,
    Confirm,
}

/// A node and the one connection that it has.
pub(crate) struct End {
    node: Node,
    now: Now,
    pub(crate) outputs: Vec<Output>,
    pub(crate) conn: ConnId,
}

impl End {
    fn new(who: &str, byte: u8, record: Option<PasswordRecord>, conn: ConnId) -> Self {
        let identity = Identity::from_seed(&[byte; 32]);
        let config = Config {
            me: Me { name: name(who), identity, instance: Instance([byte; 8]) },
            record,
            profile: Stretcher::default().profile(),
            calls: CallPolicy::All,
            echo: false,
            guesses: GuessLimits::default(),
            pins: Pins::default(),
            files: Setup { policy: FilePolicy::All, bytes_max: None },
        };
        let node = Node::new(config, [byte; 32]);
        Self { node, now: Now::default(), outputs: Vec::with_capacity(64), conn }
    }

    /// A turn of the loop in which one thing came.
    pub(crate) fn turn(&mut self, input: Input<'_>) {
        self.handle(input);
        self.handle(Input::TurnEnd);
    }

    fn handle(&mut self, input: Input<'_>) {
        self.node.handle(self.now, input);
        self.outputs.extend(std::iter::from_fn(|| self.node.poll()));
    }

    /// A turn so much later, in which nothing came; whether there is something to do then.
    pub(crate) fn later(&mut self, span: Millis) -> bool {
        self.now.tick = self.now.tick + span;
        self.handle(Input::TurnEnd);
        !self.outputs.is_empty()
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.turn(Input::Net(self.conn, NetInput::Received(bytes)));
    }

    /// The bytes of the last turns.
    fn sent(&mut self) -> Vec<u8> {
        let sends = self.outputs.drain(..).filter_map(|output| match output {
            Output::Net(_, NetOutput::Send(bytes)) => Some(bytes),
            _ => None,
        });
        sends.flatten().collect()
    }
}

/// Two who talk.
pub(crate) struct Talk {
    pub(crate) ann: End,
    pub(crate) bob: End,
    pub(crate) call: CallId,
}

impl Talk {
    pub(crate) fn new() -> Self {
        let stretcher = Stretcher::default();
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, 5460));
        let public = Identity::from_seed(&[2; 32]).public().0;
        let password = || Secret::new(PASSWORD).unwrap();
        let mut seeds = Seeds::new([3; 32]);
        let record = PasswordRecord::register(&password(), public, &stretcher, &mut seeds);
        let mut ann = End::new("ann", 1, None, ConnId(ConnId::DIALLED + 1));
        let mut bob = End::new("bob", 2, Some(record.unwrap()), ConnId(0));
        let whereabouts = Whereabouts::Sockets(vec![at]);
        let callee =
            Callee { label: "bob".into(), whereabouts, identity: None, password: password() };
        ann.turn(Input::Command(Command::Call(callee)));
        ann.turn(Input::Net(ann.conn, NetInput::Connected));
        bob.turn(Input::Net(bob.conn, NetInput::Opened { from: at }));
        bob.receive(&ann.sent());
        ann.receive(&bob.sent());
        let Some(Output::Stretch(conn, job)) = ann.outputs.pop() else { panic!("no answer") };
        ann.turn(Input::Stretched(conn, job.run(&stretcher)));
        bob.receive(&ann.sent());
        ann.receive(&bob.sent());
        let connected = ann.outputs.drain(..).find_map(|output| match output {
            Output::Notice(Notice::Connected(call, _)) => Some(call),
            _ => None,
        });
        Self { ann, bob, call: connected.expect("they talk") }
    }

    fn line(&mut self, counted: Option<Part>) {
        let does = |part: Part, work: &mut dyn FnMut()| {
            if counted == Some(part) { gauged(work) } else { work() }
        };
        let line = Line::split("shall we meet at five?");
        let mut command = Some(Command::Say(self.call, line));
        does(Part::Say, &mut || {
            self.ann.turn(Input::Command(command.take().unwrap()));
        });
        let said = self.ann.sent();
        does(Part::Hear, &mut || self.bob.receive(&said));
        assert!(matches!(self.bob.outputs[0], Output::Notice(Notice::Heard(..))));
        let confirmation = self.bob.sent();
        does(Part::Confirm, &mut || self.ann.receive(&confirmation));
        assert!(self.ann.outputs.is_empty());
    }
}

fn lines(counted: Part) -> usize {
    let mut talk = Talk::new();
    talk.line(None);
    for _ in 0..ROUNDS {
        talk.line(Some(counted));
    }
    ROUNDS
}

/// A line is said.
pub(crate) fn say() -> usize {
    lines(Part::Say)
}

/// It is heard.
pub(crate) fn hear() -> usize {
    lines(Part::Hear)
}

/// Its confirmation comes back.
pub(crate) fn confirm() -> usize {
    lines(Part::Confirm)
}

/// The loop turns, and there is nothing to do.
pub(crate) fn idle() -> usize {
    let mut talk = Talk::new();
    for _ in 0..ROUNDS {
        gauged(|| {
            talk.ann.handle(Input::TurnEnd);
            assert_eq!(talk.ann.node.deadline(), None);
        });
    }
    ROUNDS
}

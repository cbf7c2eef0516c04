//! Real nodes on real loops, for what measures a conversation.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

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
use hallway::time::Millis;
use node_server::calls::{CallPolicy, Callee};
use node_server::node::{Command, Config, Input, Node, Output};
use node_server::notice::{CallId, Notice};
use node_server::outbound::Whereabouts;

/// The password of every node here.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// A node of that name; one that listens answers every line with the same line.
pub(crate) fn node(name: &str, byte: u8, listens: bool) -> Node {
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
        files: files::transfers::Setup::default(),
    };
    Node::new(config, *seeds.draw())
}

/// A loop that listens, and where.
pub(crate) fn listening() -> (Net, SocketAddr) {
    let mut net = Net::new(Clock::new()).unwrap();
    let here = ListenAddr { ip: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), port: 0 };
    let at = net.listen(here, 0).unwrap();
    (net, at)
}

/// A node with its sockets; the slow step runs in its own loop, for there is only one.
pub(crate) struct Driven {
    net: Net,
    node: Node,
    pub(crate) clock: Clock,
    stretcher: Stretcher,
}

impl Driven {
    pub(crate) fn new(net: Net, node: Node) -> Self {
        Self { net, node, clock: Clock::new(), stretcher: Stretcher::default() }
    }

    pub(crate) fn handle(&mut self, input: Input<'_>) -> Option<Notice> {
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
                Output::LookUp(..) | Output::Disk(_) | Output::Remember(_) => {}
            }
        }
        last
    }

    /// One turn of the loop; gives the last notice.
    pub(crate) fn turn(&mut self) -> Option<Notice> {
        self.turn_until(None)
    }

    /// The same, and it does not sleep beyond the deadline.
    pub(crate) fn turn_until(&mut self, deadline: Option<Millis>) -> Option<Notice> {
        let mut last = self.handle(Input::TurnEnd);
        self.net.wait([self.node.deadline(), deadline].into_iter().flatten().min());
        while let Some((id, input)) = self.net.next() {
            self.node.handle(self.clock.now(), Input::Net(id, input));
            last = self.perform().or(last);
        }
        last
    }

    pub(crate) fn wait_for(&mut self, wanted: impl Fn(&Notice) -> Option<CallId>) -> CallId {
        loop {
            if let Some(id) = self.turn().as_ref().and_then(&wanted) {
                return id;
            }
        }
    }

    /// Calls the one who listens there, and waits until they talk.
    pub(crate) fn call(&mut self, at: SocketAddr) -> CallId {
        self.handle(Input::Command(Command::Call(Callee {
            label: "echo".into(),
            whereabouts: Whereabouts::Sockets(vec![at]),
            identity: None,
            password: Secret::new(PASSWORD).unwrap(),
        })));
        self.wait_for(|notice| match notice {
            Notice::Connected(id, _) => Some(*id),
            _ => None,
        })
    }

    /// Says a line, and waits for the answer.
    pub(crate) fn say(&mut self, call: CallId, line: &Line) {
        self.handle(Input::Command(Command::Say(call, vec![line.clone()])));
        self.wait_for(|notice| match notice {
            Notice::Heard(id, ..) => Some(*id),
            _ => None,
        });
    }
}

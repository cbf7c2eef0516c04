//! Log-ins: a community, whoever comes, and the two halves of the key exchange.

use std::net::{Ipv4Addr, SocketAddr};

use community_server::community::{Community, Input, Output};
use community_server::config::Config;
use hallway::channel::Channel;
use hallway::conn::{ConnId, NetInput, NetOutput};
use hallway::guess::GuessLimits;
use hallway::handshake::auth::{Instance, Me};
use hallway::handshake::dialling::{DialStep, Dialling, Wanted};
use hallway::handshake::hello::Service;
use hallway::handshake::opaque::PasswordRecord;
use hallway::handshake::stretch::Stretcher;
use hallway::identity::Identity;
use hallway::secret::Secret;
use hallway::seeds::Seeds;
use hallway::text::Name;
use hallway::time::{Millis, Now};

use crate::works::gauged;

const PASSWORD: &str = "four quite random words";
const ROUNDS: usize = 20;

/// A community, and what all who come to it share: randomness, and one memory of the stretched
/// password.
pub(crate) struct Door {
    pub(crate) community: Community,
    /// What the community wanted done last.
    pub(crate) outputs: Vec<Output>,
    pub(crate) now: Now,
    seeds: Seeds,
    stretcher: Stretcher,
    came: u16,
}

/// Which half of a log-in is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Dialler,
    Community,
    Neither,
}

impl Half {
    fn does<T>(self, half: Self, work: impl FnOnce() -> T) -> T {
        if self == half { gauged(work) } else { work() }
    }
}

impl Door {
    /// An empty community for as many as come.
    pub(crate) fn new() -> Self {
        let mut seeds = Seeds::new([1; 32]);
        let stretcher = Stretcher::default();
        let identity = Identity::from_seed(&seeds.draw());
        let public = identity.public().0;
        let record = PasswordRecord::register(&password(), public, &stretcher, &mut seeds);
        let me = Me { name: name("hall"), identity, instance: Instance([1; 8]) };
        let config = Config {
            me,
            record: record.unwrap(),
            profile: stretcher.profile(),
            members_max: usize::MAX,
            guesses: GuessLimits { per_source: u32::MAX, global: u32::MAX },
        };
        let community = Community::new(config, *seeds.draw());
        // Room for what a turn brings, so that keeping it is no allocation.
        let outputs = Vec::with_capacity(1 << 15);
        Self { community, outputs, now: Now::default(), seeds, stretcher, came: 0 }
    }

    /// One input, and all that comes of it.
    pub(crate) fn handle(&mut self, input: Input<'_>) {
        self.community.handle(self.now, input);
        self.outputs.extend(std::iter::from_fn(|| self.community.poll()));
    }

    /// The bytes for one connection, of what the community wanted done last.
    fn sent(&mut self) -> Vec<u8> {
        let sends = self.outputs.drain(..).filter_map(|output| match output {
            Output::Net(_, NetOutput::Send(bytes)) => Some(bytes),
            Output::Net(..) | Output::Notice(_) => None,
        });
        sends.flatten().collect()
    }

    /// Somebody new logs in.
    pub(crate) fn log_in(&mut self) -> (ConnId, Box<Channel>) {
        self.log_in_counting(Half::Neither)
    }

    fn log_in_counting(&mut self, counted: Half) -> (ConnId, Box<Channel>) {
        self.came += 1;
        let [high, low] = self.came.to_be_bytes();
        let id = ConnId(u64::from(self.came));
        let from = SocketAddr::from((Ipv4Addr::new(10, 0, high, low), 40_000));
        let me = Me {
            name: name(&format!("member-{:05}", self.came)),
            identity: Identity::from_seed(&self.seeds.draw()),
            instance: Instance(self.seeds.instance()),
        };
        let wanted = Wanted {
            service: Service::Community,
            password: password(),
            identity: None,
            profile: self.stretcher.profile(),
        };
        let seeds = &mut self.seeds;
        let started = counted.does(Half::Dialler, || Dialling::start(wanted, Millis(0), seeds));
        let (dialling, hello) = started.ok().unwrap();
        counted.does(Half::Community, || {
            self.handle(Input::Net(id, NetInput::Opened { from }));
            self.handle(Input::Net(id, NetInput::Received(&hello)));
        });
        let answer = self.sent();
        let (dialling, proof) = counted.does(Half::Dialler, || {
            let DialStep::Stretch(dialling, job) = dialling.received(&answer, &me, &mut self.seeds)
            else {
                panic!("no answer to the hello")
            };
            dialling.stretched(job.run(&self.stretcher), &me, Millis(0)).ok().unwrap()
        });
        counted.does(Half::Community, || {
            self.handle(Input::Net(id, NetInput::Received(&proof)));
        });
        let auth = self.sent();
        counted.does(Half::Dialler, || match dialling.received(&auth, &me, &mut self.seeds) {
            DialStep::Open(channel, _) => (id, channel),
            _ => panic!("not let in"),
        })
    }
}

fn password() -> Secret {
    Secret::new(PASSWORD).unwrap()
}

/// A name.
pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn log_ins(counted: Half) -> usize {
    let mut door = Door::new();
    door.log_in();
    for _ in 0..ROUNDS {
        door.log_in_counting(counted);
    }
    ROUNDS
}

/// The dialler's half.
pub(crate) fn dial() -> usize {
    log_ins(Half::Dialler)
}

/// The community's half, up to where it waits for a wish.
pub(crate) fn answer() -> usize {
    log_ins(Half::Community)
}

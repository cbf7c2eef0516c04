//! A machine of the world in memory: what it runs, and what it told.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use community_server::community::{self, Community};
use hallway::conn::ConnId;
use hallway::handshake::stretch::{Profile, Stretcher};
use hallway::reason::Ended;
use hallway::text::Line;
use node_server::node::{Node, Output};
use node_server::notice::{CallId, Notice};

/// What a host runs.
pub enum Core {
    /// A node.
    Node(Box<Node>),
    /// A community.
    Community(Box<Community>),
    /// Something else that listens: it says these bytes, and never anything more.
    Stranger(Vec<u8>),
    /// Nothing.
    Down,
}

/// A machine.
pub struct Host {
    pub core: Core,
    pub ip: IpAddr,
    pub notices: Vec<Notice>,
    /// What it wrote to its pin file.
    pub pins: String,
    /// When it tried which address.
    pub tries: Vec<(u64, SocketAddr)>,
    pub stretcher: Stretcher,
    pub incoming: u64,
    pub conns: BTreeMap<ConnId, (usize, usize)>,
    /// Said goodbye to, or gone.
    pub done: BTreeSet<ConnId>,
    lives: BTreeMap<CallId, Life>,
    pub dirty: bool,
}

/// What was told of a call so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Met,
    Talking,
    Over,
}

impl Host {
    /// A machine that has not spoken to anybody.
    pub fn new(core: Core, ip: IpAddr) -> Self {
        Self {
            core,
            ip,
            notices: Vec::new(),
            pins: String::new(),
            tries: Vec::new(),
            stretcher: Stretcher::new(Profile::Test),
            incoming: 0,
            conns: BTreeMap::new(),
            done: BTreeSet::new(),
            lives: BTreeMap::new(),
            dirty: false,
        }
    }

    /// When its program wants a turn.
    pub fn deadline(&self) -> Option<u64> {
        let deadline = match &self.core {
            Core::Node(node) => node.deadline(),
            Core::Community(community) => community.deadline(),
            Core::Stranger(_) | Core::Down => None,
        };
        deadline.map(|deadline| deadline.0)
    }

    /// What its program wants.
    pub fn poll(&mut self) -> Option<Output> {
        match &mut self.core {
            Core::Node(node) => node.poll(),
            Core::Community(community) => loop {
                match community.poll()? {
                    community::Output::Net(conn, output) => return Some(Output::Net(conn, output)),
                    community::Output::Notice(_) => {}
                }
            },
            Core::Stranger(_) | Core::Down => None,
        }
    }

    /// Keeps a notice; a call is met, talked with and over, in this order and each once.
    pub fn note(&mut self, notice: Notice) {
        let (call, from, to): (_, &[Option<Life>], _) = match &notice {
            Notice::Calling(call, _) | Notice::Ringing(call, _) => (call, &[None], Life::Met),
            Notice::Connected(call, _) => (call, &[None, Some(Life::Met)], Life::Talking),
            Notice::Heard(call, ..) => (call, &[Some(Life::Talking)], Life::Talking),
            Notice::Ended(call, ..) => {
                (call, &[None, Some(Life::Met), Some(Life::Talking)], Life::Over)
            }
            _ => return self.notices.push(notice),
        };
        let before = self.lives.insert(*call, to);
        assert!(from.contains(&before), "{notice:?} when it was {before:?}: {:#?}", self.notices);
        self.notices.push(notice);
    }

    /// What was heard, in order.
    pub fn heard(&self) -> Vec<String> {
        let heard = self.notices.iter().filter_map(|notice| match notice {
            Notice::Heard(_, _, line) => Some(line.as_str().to_owned()),
            _ => None,
        });
        heard.collect()
    }

    /// How calls ended, with the lines that were not confirmed.
    pub fn ended(&self) -> Vec<(CallId, Ended, Vec<Line>)> {
        let ended = self.notices.iter().filter_map(|notice| match notice {
            Notice::Ended(call, _, ended, lines) => Some((*call, *ended, lines.clone())),
            _ => None,
        });
        ended.collect()
    }
}

//! What all parts of a node share: who we are, our randomness, and the way out.

use std::collections::VecDeque;

use files::disk::Job;
use files::transfers::Transfers;
use hallway::conn::{ConnId, NetOutput};
use hallway::handshake::auth::Me;
use hallway::handshake::opaque::StretchJob;
use hallway::handshake::stretch::Profile;
use hallway::message::Member;
use hallway::place::Place;
use hallway::seeds::Seeds;

use crate::node::Output;
use crate::notice::Notice;

/// Lent to every part of the node that has something to do.
pub(crate) struct Desk {
    pub(crate) me: Me,
    pub(crate) profile: Profile,
    pub(crate) seeds: Seeds,
    /// Files, on the connections of calls.
    pub(crate) files: Transfers,
    next_conn: u64,
    next_look_up: u64,
    outputs: VecDeque<Output>,
}

impl Desk {
    pub(crate) fn new(me: Me, profile: Profile, seeds: Seeds, files: Transfers) -> Self {
        let outputs = VecDeque::new();
        Self { me, profile, seeds, files, next_conn: ConnId::DIALLED, next_look_up: 0, outputs }
    }

    /// Whether a member is this very node: nobody needs to be told of themselves.
    pub(crate) fn is_ours(&self, member: &Member) -> bool {
        member.identity == self.me.identity.public() && member.instance == self.me.instance
    }

    /// A number for a connection that we are about to open.
    pub(crate) fn new_conn(&mut self) -> ConnId {
        self.next_conn += 1;
        ConnId(self.next_conn)
    }

    pub(crate) fn net(&mut self, id: ConnId, output: NetOutput) {
        self.outputs.push_back(Output::Net(id, output));
    }

    pub(crate) fn send(&mut self, id: ConnId, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.net(id, NetOutput::Send(bytes));
        }
    }

    pub(crate) fn stretch(&mut self, id: ConnId, job: Box<StretchJob>) {
        self.outputs.push_back(Output::Stretch(id, job));
    }

    /// Asks for the addresses of a host name; gives the number that the answer will carry.
    pub(crate) fn look_up(&mut self, place: &Place) -> u64 {
        self.next_look_up += 1;
        self.outputs.push_back(Output::LookUp(self.next_look_up, place.clone()));
        self.next_look_up
    }

    pub(crate) fn job(&mut self, job: Job) {
        self.outputs.push_back(Output::Disk(job));
    }

    pub(crate) fn remember(&mut self, pin: String) {
        self.outputs.push_back(Output::Remember(pin));
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        self.outputs.push_back(Output::Notice(notice));
    }

    pub(crate) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }
}

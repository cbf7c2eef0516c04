//! One connection on which files may be exchanged.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hallway::identity::Fingerprint;
use hallway::limits;
use hallway::reason::PeerFault;
use hallway::time::Millis;

use crate::disk::TransferId;
use crate::flow::{Arrived, Window};
use crate::requests::Requests;

/// A connection: numbers, windows, questions.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) peer: Fingerprint,
    pub(crate) label: String,
    pub(crate) window: Window,
    pub(crate) arrived: Arrived,
    pub(crate) requests: Requests,
    /// The number of the last request from there.
    pub(crate) asked: u64,
    /// The number of the last transfer that was offered there.
    offered: u64,
    outgoing: BTreeMap<u64, TransferId>,
    /// Those that move: the next one to send is at the front.
    pub(crate) turns: VecDeque<TransferId>,
    /// The number of the last transfer that was offered from there.
    heard: u64,
    incoming: BTreeMap<u64, TransferId>,
    /// Those we refused in the midst of their stream, while they had perhaps not heard.
    refused: BTreeSet<u64>,
    /// When the last questions to a person here were withdrawn, before an answer.
    withdrawn: VecDeque<Millis>,
}

impl Link {
    pub(crate) fn new(peer: Fingerprint, label: &str) -> Self {
        Self {
            peer,
            label: label.to_owned(),
            window: Window::new(),
            arrived: Arrived::default(),
            requests: Requests::default(),
            asked: 0,
            offered: 0,
            outgoing: BTreeMap::new(),
            turns: VecDeque::new(),
            heard: 0,
            incoming: BTreeMap::new(),
            refused: BTreeSet::new(),
            withdrawn: VecDeque::new(),
        }
    }

    /// The next number for a transfer to there.
    pub(crate) fn offer(&mut self, id: TransferId) -> u64 {
        self.offered += 1;
        self.outgoing.insert(self.offered, id);
        self.offered
    }

    /// The transfer to there of that number; none when it is over, which they may not know.
    pub(crate) fn outgoing(&self, number: u64) -> Result<Option<TransferId>, PeerFault> {
        if number == 0 || number > self.offered {
            return Err(PeerFault::UnexpectedMessage);
        }
        Ok(self.outgoing.get(&number).copied())
    }

    /// A transfer to there is over, or waits.
    pub(crate) fn end_outgoing(&mut self, number: u64, id: TransferId) {
        self.outgoing.remove(&number);
        self.turns.retain(|turn| *turn != id);
    }

    /// A transfer is offered from there: their next number.
    pub(crate) fn heard(&mut self, number: u64) -> Result<(), PeerFault> {
        if number != self.heard + 1 {
            return Err(PeerFault::UnexpectedMessage);
        }
        self.heard = number;
        Ok(())
    }

    pub(crate) fn begin_incoming(&mut self, number: u64, id: TransferId) {
        self.incoming.insert(number, id);
    }

    /// The transfer from there of that number; none when we refused it and they may not know.
    pub(crate) fn incoming(&self, number: u64) -> Result<Option<TransferId>, PeerFault> {
        match self.incoming.get(&number) {
            Some(id) => Ok(Some(*id)),
            None if self.refused.contains(&number) => Ok(None),
            None => Err(PeerFault::UnexpectedMessage),
        }
    }

    /// They withdraw a transfer; none when it is over here.
    pub(crate) fn withdrawn(&mut self, number: u64) -> Result<Option<TransferId>, PeerFault> {
        if number == 0 || number > self.heard {
            return Err(PeerFault::UnexpectedMessage);
        }
        self.refused.remove(&number);
        Ok(self.incoming.get(&number).copied())
    }

    /// They have withdrawn something that a person here was being asked about.
    pub(crate) fn was_withdrawn(&mut self, now: Millis) {
        self.withdrawn.push_back(now);
    }

    /// Whether they have withdrawn so many that nobody here is to be asked for now.
    pub(crate) fn is_fickle(&mut self, now: Millis) -> bool {
        while self.withdrawn.pop_front_if(|at| *at + limits::WITHDRAWN_AGE <= now).is_some() {}
        self.withdrawn.len() >= limits::OFFERS_MAX
    }

    /// They have said that it was all, of one that we refused.
    pub(crate) fn sent_in_vain(&mut self, number: u64) {
        self.refused.remove(&number);
    }

    /// A transfer from there is over here; perhaps while they stream it.
    pub(crate) fn end_incoming(&mut self, number: u64, is_streamed: bool) {
        self.incoming.remove(&number);
        if is_streamed {
            self.refused.insert(number);
            // Of so many others they have heard since.
            if self.refused.len() > limits::TRANSFERS_MAX {
                self.refused.pop_first();
            }
        }
    }

    /// Transfers from there.
    pub(crate) fn incoming_count(&self) -> usize {
        self.incoming.len()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.outgoing.is_empty() && self.incoming.is_empty() && self.requests.is_empty()
    }
}

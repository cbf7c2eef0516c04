//! What is counted of the traffic, for those who look for the reason of silence.

use crate::engine::{Port, Way};
use crate::message::{Advert, Invalid, Message};
use crate::target::Target;

/// What has been heard on one interface since it is in use; if nothing else is said, of other
/// machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Announcements of others in the group.
    pub notifies: u64,
    /// Searches of others in the group.
    pub searches: u64,
    /// Our own multicasts that came back: the group works at least as far as this machine.
    pub own: u64,
    /// Answers to searches from our own port, but for what only one device was asked: that gets
    /// through firewalls that keep answers to multicasts out.
    pub answers_to_own: u64,
    /// Answers to searches from port 1900: where only these come, a firewall keeps the others out.
    pub answers_to_ssdp: u64,
    /// Messages of other programs on this machine.
    pub here: u64,
    /// Datagrams that were not looked at further.
    pub dropped: Dropped,
}

/// Datagrams dropped, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// No messages of SSDP, or contradictory ones.
    pub invalid: u64,
    /// From no neighbour: from beyond the networks of the interface, or from all of one.
    pub off_link: u64,
    /// Searches beyond what is answered in a time.
    pub over_rate: u64,
    /// Longer than [`crate::limits::DATAGRAM_BYTES_MAX`].
    pub too_long: u64,
}

impl Counts {
    /// A message of somebody else.
    pub(crate) fn heard(&mut self, by: Way, message: &Message) {
        let count = match (by, message) {
            (Way::Multicast, Message::Alive(_) | Message::Update(_) | Message::Byebye(_)) => {
                &mut self.notifies
            }
            (Way::Multicast, Message::Search(_)) => &mut self.searches,
            (Way::Unicast(_), Message::Answer(Advert { target: Target::Device(_), .. })) => return,
            (Way::Unicast(Port::Own), Message::Answer(_)) => &mut self.answers_to_own,
            (Way::Unicast(Port::Ssdp), Message::Answer(_)) => &mut self.answers_to_ssdp,
            (Way::Multicast | Way::Unicast(_), _) => return,
        };
        *count += 1;
    }

    pub(crate) fn refused(&mut self, reason: Invalid) {
        if reason == Invalid::TooLong {
            self.dropped.too_long += 1;
        } else {
            self.dropped.invalid += 1;
        }
    }
}

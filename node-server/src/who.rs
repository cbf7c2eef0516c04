//! What those we talk with are called here, and what is known of who they proved to be.

use std::net::SocketAddr;

use hallway::handshake::auth::Peer;
use hallway::pins::{Known, Pins, Subject};
use hallway::reason::{CloseReason, Ended};
use hallway::time::Now;

use crate::calls::{Calls, Conversation};
use crate::desk::Desk;
use crate::notice::{CallId, Standing, Who};

impl Calls {
    /// What to call somebody, and what we know of them.
    pub(crate) fn who(&self, peer: &Peer, at: SocketAddr, pins: &Pins, desk: &Desk) -> Who {
        let standing = standing(peer, pins, desk);
        let label = self.label(peer, standing);
        Who { label, fingerprint: peer.identity.fingerprint(), standing, at }
    }

    /// The bare name, unless it misleads or somebody else has it, or one that looks like it.
    fn label(&self, peer: &Peer, standing: Standing) -> String {
        // Two connections of the same two are one conversation, and will be in a moment.
        let others: Vec<&Conversation> = self
            .conversations()
            .map(|(_, other)| other)
            .filter(|other| !is_same_run(&other.peer, peer))
            .collect();
        let taken = |label: &str| others.iter().any(|other| other.who.label == label);
        let plain = peer.name.to_string();
        let looks_taken = others.iter().any(|other| other.peer.name.same_person_word(&peer.name));
        if !(misleads(standing) || looks_taken || taken(&plain)) {
            return plain;
        }
        let marked = format!("{plain}~{}", peer.identity.fingerprint().short());
        if !taken(&marked) {
            return marked;
        }
        let mut numbered = (2..).map(|n| format!("{marked}~{n}")).filter(|label| !taken(label));
        numbered.next().unwrap_or(marked)
    }

    /// Pins may have changed since somebody began to ring.
    pub(crate) fn look_again(&mut self, id: CallId, pins: &Pins, desk: &Desk) {
        let Some(conversation) = self.conversation(id) else { return };
        let peer = conversation.peer.clone();
        let standing = standing(&peer, pins, desk);
        let was_bare = conversation.who.label == peer.name.as_str();
        conversation.who.standing = standing;
        if was_bare && misleads(standing) {
            let label = self.label(&peer, standing);
            if let Some(conversation) = self.conversation(id) {
                conversation.who.label = label;
            }
        }
    }
}

fn standing(peer: &Peer, pins: &Pins, desk: &Desk) -> Standing {
    if peer.identity == desk.me.identity.public() {
        return Standing::Twin;
    }
    match pins.check(&Subject::Node(peer.name.clone()), peer.identity.fingerprint()) {
        Known::New => Standing::New,
        Known::Same => Standing::Known,
        Known::Other(pinned) => Standing::Impostor(pinned),
    }
}

/// Whether the bare name would let somebody pass for another.
fn misleads(standing: Standing) -> bool {
    matches!(standing, Standing::Impostor(_) | Standing::Twin)
}

/// Why we do not talk to who has answered.
pub(crate) fn objection(conversation: &Conversation, desk: &Desk) -> Option<Ended> {
    if is_me(&conversation.peer, desk) {
        return Some(Ended::ByUs(CloseReason::Yourself));
    }
    match conversation.who.standing {
        Standing::Impostor(pinned) => {
            Some(Ended::PinBroken { pinned, found: conversation.who.fingerprint })
        }
        Standing::New | Standing::Known | Standing::Twin => None,
    }
}

/// Whether the other end is this very program.
pub(crate) fn is_me(peer: &Peer, desk: &Desk) -> bool {
    peer.identity == desk.me.identity.public() && peer.instance == desk.me.instance
}

/// Whether two connections come from the same run of the same person's program.
pub(crate) fn is_same_run(one: &Peer, two: &Peer) -> bool {
    one.identity == two.identity && one.instance == two.instance
}

/// Remembers who has this name, if nobody has it yet.
pub(crate) fn pin(conversation: &Conversation, now: Now, pins: &mut Pins, desk: &mut Desk) {
    if conversation.who.standing == Standing::New {
        let subject = Subject::Node(conversation.peer.name.clone());
        desk.remember(pins.pin(&subject, conversation.who.fingerprint, now.unix));
    }
}

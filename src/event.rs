//! The `--json` events: one object a line on stdout, and nothing else. `docs/EVENTS.md` promises
//! their fields; new ones may be added, none is renamed.

use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use crate::message::Member;
use crate::reason::Ended;
use crate::text::Name;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The program takes connections.
    Listening {
        /// Where.
        address: SocketAddr,
        /// Who it is.
        fingerprint: String,
    },
    /// A member of a list.
    Member(MemberEvent),
    /// A member came.
    Joined(MemberEvent),
    /// A member left, or died.
    Left(MemberEvent),
    /// A member's state changed.
    Changed(MemberEvent),
    /// We are in the community, or have lost it.
    Community {
        /// `joined` or `lost`.
        state: &'static str,
        /// Where it is, as it was given.
        address: String,
    },
    /// The community's operator says something.
    Notice {
        /// What.
        text: String,
    },
    /// Somebody calls and waits for `accept` or `deny`.
    Call {
        /// Who, as they are labelled.
        peer: String,
        /// From where.
        address: SocketAddr,
        /// Who they proved to be.
        fingerprint: String,
    },
    /// A conversation began.
    Connected {
        /// With whom, as they are labelled.
        peer: String,
        /// The address that worked.
        address: SocketAddr,
        /// How: `direct`.
        path: &'static str,
        /// Who they proved to be.
        fingerprint: String,
    },
    /// Somebody said something.
    Message {
        /// Who, as they are labelled.
        from: String,
        /// What; several rows are one text.
        text: String,
    },
    /// A line of ours may not have arrived: the conversation ended before it was confirmed.
    Unsent {
        /// For whom it was.
        peer: String,
        /// What.
        text: String,
    },
    /// A conversation ended.
    Closed {
        /// With whom, as they were labelled.
        peer: String,
        /// Why; the words are those of [`Ended::kind`].
        reason: &'static str,
    },
    /// Somebody, or something, is on this network, or is different from what was told last.
    Found(NeighbourEvent),
    /// A device that is none of Hallway's is on this network, or is different.
    Device(DeviceEvent),
    /// They are not any more.
    Gone(NeighbourEvent),
    /// How it goes on one of our interfaces.
    Interface(InterfaceEvent),
    /// Whether a peer can be reached that was asked about.
    Peer {
        /// Which, as it was given.
        address: String,
        /// `connected`, `refused`, `silent` or `unreachable`.
        result: &'static str,
    },
    /// How well this system confines who writes what is received.
    Sandbox {
        /// `enforced`, `partly` or `none`.
        state: &'static str,
    },
    /// Why nobody is seen, or that all is well.
    Diagnosis {
        /// Which cause.
        cause: &'static str,
        /// It in one sentence.
        text: String,
        /// What to do.
        steps: Vec<String>,
        /// Lines for the firewall, of every kind that is known.
        firewall: Vec<String>,
    },
    /// Somebody offers a file or folder, and waits for an answer.
    FileOffer(FileEvent),
    /// How far a transfer is.
    FileProgress(FileEvent),
    /// A transfer is done and verified.
    FileDone(FileEvent),
    /// A transfer is over, and not done.
    FileFailed(FileEvent),
    /// Something that is shared.
    File(ItemEvent),
    /// Something to look at.
    Warning {
        /// Which kind.
        kind: &'static str,
        /// In words.
        text: String,
    },
    /// Something failed.
    Error {
        /// Which kind.
        kind: &'static str,
        /// In words: what, who, what to try.
        text: String,
    },
}

/// A member, as far as an event tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemberEvent {
    /// Its name.
    pub name: String,
    /// Where its node is, the best address first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<SocketAddr>,
    /// All addresses of its node.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<SocketAddr>,
    /// `available` or `in-chat`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// Its identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

impl MemberEvent {
    /// All there is to tell.
    pub fn whole(member: &Member) -> Self {
        let addresses = member.sockets();
        Self {
            name: member.name.to_string(),
            address: addresses.first().copied(),
            addresses,
            state: Some(member.state.word()),
            fingerprint: Some(member.identity.fingerprint().to_string()),
        }
    }

    /// The name alone.
    pub fn named(name: &Name) -> Self {
        let name = name.to_string();
        Self { name, address: None, addresses: Vec::new(), state: None, fingerprint: None }
    }
}

/// A neighbour, as far as an event tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NeighbourEvent {
    /// The same in every event about it, and in no other.
    pub id: String,
    /// Its name, as it says.
    pub name: String,
    /// `node`, `community`, or, in `gone`, `device` for what is none of Hallway's.
    pub kind: &'static str,
    /// Where it is, the best address first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<SocketAddr>,
    /// All its addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<SocketAddr>,
    /// Our interface that the best address was heard through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// Its identity, as it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// `available` or `in-chat`, of a node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// Whether a connection comes about, if that has been tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reachable: Option<bool>,
    /// Its identity is on another machine, too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub twin: bool,
}

/// A device that is none of Hallway's, as far as an event tells. All of it is what it says itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceEvent {
    /// The same in every event about it, and in no other.
    pub id: String,
    /// What it says to be.
    pub types: Vec<String>,
    /// Where its description is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Its system and product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// What its description calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it was heard from.
    pub address: IpAddr,
    /// Our interface that it was heard through.
    pub interface: String,
}

/// One of our interfaces, as far as discovery is concerned. The counts are of datagrams.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InterfaceEvent {
    /// The system's name for it.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Whether it is used.
    pub used: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What the system refuses there.
    pub troubles: Vec<String>,
    /// Multicasts of our own that came back.
    pub own: u64,
    /// Multicasts of others.
    pub multicasts: u64,
    /// Answers to searches from our own port.
    pub answers: u64,
    /// Answers to searches from port 1900.
    pub answers_to_1900: u64,
    /// Neighbours that have heard us.
    pub heard_by: u32,
    /// Neighbours that have not.
    pub not_heard_by: u32,
}

/// A transfer, as far as an event tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileEvent {
    /// Its number; the same in all events about it.
    pub id: u64,
    /// `in` or `out`.
    pub way: &'static str,
    /// Who is at the other end, as they are labelled.
    pub peer: String,
    /// What it is called there where it comes from.
    pub name: String,
    /// `file` or `folder`.
    pub kind: &'static str,
    /// Files and folders in it; 1 for a file.
    pub entries: u64,
    /// Bytes of all files, when known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Bytes that are there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<u64>,
    /// `begun`, `looking`, `asking`, `checking`, `moving`, `stalled` or `waiting`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// Bytes that are free in the download folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free: Option<u64>,
    /// What it is called where it went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<String>,
    /// Where it is, when that is on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The BLAKE3 of a file, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Nothing was sent: the receiver had the same content already.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub had: bool,
    /// Whose failure: `here` or `there`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whose: Option<&'static str>,
    /// Which failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// It in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Something that is shared, as far as an event tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemEvent {
    /// Who shares it, as they are labelled; missing when it is us.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Unique among what that node shares.
    pub name: String,
    /// `file` or `folder`.
    pub kind: &'static str,
    /// Files and folders in it; 1 for a file.
    pub entries: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// When it was last changed: seconds since 1970, UTC.
    pub modified: i64,
    /// The BLAKE3 of a file, in hexadecimal, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

impl Event {
    /// The event that tells of a failure.
    pub fn failed(ended: &Ended, who: &str) -> Self {
        Self::Error { kind: ended.kind(), text: ended.words(who) }
    }

    /// The event as one line, without a line end. JSON escapes every control character.
    pub fn line(&self) -> String {
        // Nothing in an event can fail to serialise: no maps, no foreign types.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_have_the_promised_form() {
        let event = Event::Connected {
            peer: "katie".into(),
            address: "10.0.0.7:5460".parse().unwrap(),
            path: "direct",
            fingerprint: "0g7k".into(),
        };
        assert_eq!(
            event.line(),
            concat!(
                r#"{"event":"connected","peer":"katie","address":"10.0.0.7:5460","#,
                r#""path":"direct","fingerprint":"0g7k"}"#
            )
        );
        let left = Event::Left(MemberEvent::named(&Name::parse("bob").unwrap()));
        assert_eq!(left.line(), r#"{"event":"left","name":"bob"}"#);
        let message = Event::Message { from: "bob".into(), text: "a\nb".into() };
        assert_eq!(message.line(), r#"{"event":"message","from":"bob","text":"a\nb"}"#);
    }
}

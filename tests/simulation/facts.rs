//! What the rules are told of each step.

use std::net::SocketAddr;
use std::path::PathBuf;

use files::disk::{Arriving, Source, TransferId};
use files::news::{News, Progress};
use hallway::identity::Fingerprint;
use hallway::message::files::Wanted;
use hallway::text::FileName;
use node_server::notice::{CallId, Notice};
use ssdp::target::Udn;

use crate::host::{HostId, Run};

/// One thing that happened.
pub enum Fact {
    /// A line was handed to the core, to be said to this person.
    Said { by: Run, to: Fingerprint, text: String },
    /// A line of this person reached the screen.
    Shown { at: Run, from: Fingerprint, text: String },
    /// The core told its program something.
    Told { at: Run, notice: Notice },
    /// Text reached a screen.
    Screen { text: String },
    /// A record went onto the wire.
    Record { ciphertext: Vec<u8> },
    /// A program sent on a connection after its end.
    SentAfterTheEnd { at: Run },
    /// A plain line went to `to`, though its prompt named `meant`.
    Addressed { meant: Fingerprint, to: Fingerprint },
    /// A turn is over; with the person's open calls.
    TurnEnd { at: Run, peers: Vec<(CallId, Fingerprint)> },
    /// A program has read its pins.
    Started { at: HostId },
    /// A run of a program is announced under this name.
    Announced { at: Run, udn: Udn },
    /// A program heard, from whomever, that this device is there until then.
    Word { at: Run, udn: Udn, until: u64 },
    /// A program sent a datagram, or tried to connect to a neighbour.
    Cast { at: Run, to: SocketAddr },
    /// A person wants something sent to somebody.
    Offers { at: Run, to: Option<String>, path: PathBuf },
    /// A person takes what is offered.
    Takes { at: Run, transfer: TransferId },
    /// A person fetches something from somebody.
    Fetches { at: Run, from: String, what: Wanted },
    /// A program was told that this is shared, and nothing else.
    Shares { at: Run, paths: Vec<PathBuf> },
    /// A program looks at something to send it.
    Reads { at: Run, source: Source },
    /// A program makes or takes up the part of something.
    Receives { at: Run, transfer: TransferId, arriving: Arriving },
    /// Something was put in its place under a name.
    Stored { at: Run, arriving: Arriving, placed: FileName },
    /// A program is no more.
    Died { at: Run },
}

/// All kinds but the one that must not be.
pub const KINDS: [&str; 29] = [
    "lines said",
    "lines shown",
    "conversations (ends)",
    "calls ended",
    "communities joined",
    "names taken",
    "strangers turned away",
    "other notices",
    "texts on screens",
    "records",
    "lines at a named prompt",
    "turns",
    "programs started",
    "programs announced",
    "announcements heard",
    "datagrams sent",
    "programs ended",
    "files offered",
    "offers taken",
    "files fetched",
    "shares told",
    "files read",
    "files received",
    "files stored",
    "transfers told done",
    "transfers interrupted",
    "transfers gone on with",
    "transfers failed",
    "files that were there already",
];

impl Fact {
    /// What it counts as.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Said { .. } => "lines said",
            Self::Shown { .. } => "lines shown",
            Self::Told { notice: Notice::Connected(..), .. } => "conversations (ends)",
            Self::Told { notice: Notice::Ended(..), .. } => "calls ended",
            Self::Told { notice: Notice::CommunityJoined(_), .. } => "communities joined",
            Self::Told { notice: Notice::NameTaken(..), .. } => "names taken",
            Self::Told { notice: Notice::Turned(..), .. } => "strangers turned away",
            Self::Told { notice: Notice::Files(news), .. } => match news {
                News::Done(..) => "transfers told done",
                News::Interrupted(..) => "transfers interrupted",
                News::Begun(_, Progress { before: 1.., .. }) => "transfers gone on with",
                News::Failed(..) => "transfers failed",
                News::HadAlready(..) => "files that were there already",
                _ => "other notices",
            },
            Self::Told { .. } => "other notices",
            Self::Screen { .. } => "texts on screens",
            Self::Record { .. } => "records",
            Self::SentAfterTheEnd { .. } => "bytes after the end",
            Self::Addressed { .. } => "lines at a named prompt",
            Self::TurnEnd { .. } => "turns",
            Self::Started { .. } => "programs started",
            Self::Announced { .. } => "programs announced",
            Self::Word { .. } => "announcements heard",
            Self::Cast { .. } => "datagrams sent",
            Self::Died { .. } => "programs ended",
            Self::Offers { .. } => "files offered",
            Self::Takes { .. } => "offers taken",
            Self::Fetches { .. } => "files fetched",
            Self::Shares { .. } => "shares told",
            Self::Reads { .. } => "files read",
            Self::Receives { .. } => "files received",
            Self::Stored { .. } => "files stored",
        }
    }
}

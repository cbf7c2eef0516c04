//! The messages inside records: the whole protocol after the handshake on a few screens.
//!
//! A message is a CBOR array of its number and its body. Fields are numbered too; unknown fields
//! are skipped. `docs/protocol.cddl` describes the same in the language made for it, and a test
//! holds the two together.

pub mod files;
mod wire;

use std::net::{IpAddr, SocketAddr};

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::handshake::auth::{Auth, Instance};
use crate::identity::PublicIdentity;
use crate::limits;
use crate::text::{Line, Name};

use self::files::Files;

/// Messages with this number or a higher one are skipped when unknown; lower ones are a fault.
pub const FIRST_SKIPPED: u64 = 128;

/// Everything that is said inside records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Either side, first record: who it is.
    Auth(Auth),

    /// To a community: put me on the list.
    Join(Join),
    /// To a community: show me the list, without putting me on it.
    Watch,
    /// To a community: I can, or cannot, be called now.
    State(State),
    /// From a community: somebody else has your name; this one is free.
    NameTaken(Name),
    /// From a community: a page of the list; the last one says so.
    Members(Page),
    /// From a community: what has changed since, in order.
    Changes(Vec<Change>),
    /// From a community: its operator says something to all.
    Notice(Line),

    /// From the node that was called: the person takes the call.
    Accepted,
    /// In a conversation: a line.
    Say(Say),
    /// In a conversation: every line up to this number has been shown.
    Shown(u64),

    /// Where files may be exchanged: something about them.
    Files(Files),

    /// A message newer than this program that may be skipped.
    Skipped,
}

/// How a member wants to be listed; name and identity were proved before.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Join {
    /// TCP port of its node.
    #[n(0)]
    pub port: u16,
    /// Addresses of its interfaces, those first that others should try first.
    #[n(1)]
    pub addresses: Addresses,
    /// Whether it can be called.
    #[n(2)]
    pub state: State,
}

/// A member on the list.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Member {
    /// Unique in its community.
    #[n(0)]
    pub name: Name,
    /// The key it proved to the community.
    #[n(1)]
    pub identity: PublicIdentity,
    /// Which run of its program; tells copies of one identity apart.
    #[n(2)]
    pub instance: Instance,
    /// TCP port of its node.
    #[n(3)]
    pub port: u16,
    /// Where to try, best first.
    #[n(4)]
    pub addresses: Addresses,
    /// Whether it can be called.
    #[n(5)]
    pub state: State,
}

impl Member {
    /// Where its node can be dialled, best first.
    pub fn sockets(&self) -> Vec<SocketAddr> {
        self.addresses.0.iter().map(|ip| SocketAddr::new(*ip, self.port)).collect()
    }
}

/// Whether a member can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum State {
    /// It can.
    #[n(0)]
    Available,
    /// It is in a conversation.
    #[n(1)]
    InChat,
}

impl State {
    /// The word for people and for `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::InChat => "in-chat",
        }
    }
}

/// Part of the list of members.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Page {
    /// Some members.
    #[n(0)]
    pub members: Vec<Member>,
    /// Whether this is the last page: the list is whole now.
    #[n(1)]
    pub last: bool,
}

/// One change of the list.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Change {
    /// A new member; an older one of that name is gone.
    #[n(0)]
    Joined(#[n(0)] Member),
    /// A member is gone.
    #[n(1)]
    Left(#[n(0)] Name),
    /// A member can, or cannot, be called now.
    #[n(2)]
    State(#[n(0)] Name, #[n(1)] State),
}

/// A line, numbered so that it can be confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Say {
    /// 1, 2, 3 … in each direction of a conversation.
    #[n(0)]
    pub number: u64,
    /// What is said.
    #[n(1)]
    pub line: Line,
}

/// A bounded list of addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses(Vec<IpAddr>);

impl Addresses {
    /// The first few of these; see [`limits::ADDRESSES_MAX`].
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let mut few: Vec<IpAddr> = addresses.into_iter().take(limits::ADDRESSES_MAX).collect();
        // A community keeps them for each member; mostly it is one.
        few.shrink_to_fit();
        Self(few)
    }

    /// The addresses, best first.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.0.iter().copied()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Message {
    /// The message as the payload of a record.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64);
        let mut encoder = Encoder::new(&mut bytes);
        match self.encode_into(&mut encoder) {
            Ok(()) => bytes,
            // Writing into a Vec cannot fail; its error type has no values.
            Err(_) => Vec::new(),
        }
    }

    fn encode_into<W: Write>(&self, e: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        e.array(2)?;
        match self {
            Self::Auth(auth) => e.u8(0)?.encode(auth)?,
            Self::Join(join) => e.u8(16)?.encode(join)?,
            Self::Watch => e.u8(17)?.null()?,
            Self::State(state) => e.u8(18)?.encode(state)?,
            Self::NameTaken(free) => e.u8(19)?.encode(free)?,
            Self::Members(page) => e.u8(20)?.encode(page)?,
            Self::Changes(changes) => e.u8(21)?.encode(changes)?,
            Self::Notice(line) => e.u8(22)?.encode(line)?,
            Self::Accepted => e.u8(32)?.null()?,
            Self::Say(say) => e.u8(33)?.encode(say)?,
            Self::Shown(number) => e.u8(34)?.u64(*number)?,
            Self::Files(files) => files.encode_body(e.u8(files.code())?).map(|()| e)?,
            Self::Skipped => e.u64(FIRST_SKIPPED)?.null()?,
        };
        Ok(())
    }

    /// Reads the payload of a record; every byte must belong to the message.
    ///
    /// # Errors
    /// Not well-formed, a field that cannot be, bytes left over, or an unknown number below
    /// [`FIRST_SKIPPED`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut d = Decoder::new(bytes);
        if d.array()? != Some(2) {
            return Err(DecodeError::message("not an array of two"));
        }
        let message = match d.u64()? {
            0 => Self::Auth(d.decode()?),
            16 => Self::Join(d.decode()?),
            17 => d.null().map(|()| Self::Watch)?,
            18 => Self::State(d.decode()?),
            19 => Self::NameTaken(d.decode()?),
            20 => Self::Members(d.decode()?),
            21 => Self::Changes(d.decode()?),
            22 => Self::Notice(d.decode()?),
            32 => d.null().map(|()| Self::Accepted)?,
            33 => Self::Say(d.decode()?),
            34 => Self::Shown(d.u64()?),
            number if number >= FIRST_SKIPPED => d.skip().map(|()| Self::Skipped)?,
            number => Files::decode_body(number, &mut d)?
                .map(Self::Files)
                .ok_or_else(|| DecodeError::message("unknown message"))?,
        };
        if d.position() == bytes.len() {
            Ok(message)
        } else {
            Err(DecodeError::message("bytes after the message"))
        }
    }
}

#[cfg(test)]
mod tests;

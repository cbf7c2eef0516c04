//! An authenticated connection: bytes in, messages out, and the other way round.

use crate::message::Message;
use crate::reason::{CloseReason, PeerFault};
use crate::record::{Opener, RecordKind, SealError, Sealer};
use crate::time::Millis;

/// Both directions of one connection, after the handshake.
pub struct Channel {
    sealer: Sealer,
    /// Gone, and its keys with it, after the other side's last word.
    opener: Option<Opener>,
}

/// What came in.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A message.
    Message(Message),
    /// The other side's last word; nothing after it counts.
    Closed(CloseReason),
}

impl Channel {
    pub(crate) fn new(sealer: Sealer, opener: Opener) -> Self {
        Self { sealer, opener: Some(opener) }
    }

    /// Appends `message`, sealed, to `out`.
    ///
    /// # Errors
    /// The message is too long for a record, or the connection has carried 2^48 records.
    pub fn send(
        &mut self,
        now: Millis,
        message: &Message,
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        self.send_encoded(now, &message.encode(), out)
    }

    /// The same for a message that many get: encoded once, sealed for each.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn send_encoded(
        &mut self,
        now: Millis,
        message: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        self.sealer.seal(now, RecordKind::Message, message, out)
    }

    /// Appends the last word to `out`; the connection is to be closed after it.
    pub fn close(&mut self, now: Millis, reason: CloseReason, out: &mut Vec<u8>) {
        // Sealing one byte fails only when the connection is used up: then the end comes unsaid.
        let _ = self.sealer.seal(now, RecordKind::Close, &[reason.code()], out);
    }

    /// From now on messages may be as long as those of a community's list.
    pub(crate) fn allow_lists(&mut self) {
        if let Some(opener) = &mut self.opener {
            opener.allow_lists();
        }
    }

    /// Takes bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        if let Some(opener) = &mut self.opener {
            opener.push(bytes);
        }
    }

    /// The next message that has come in whole. After [`Incoming::Closed`] there is none.
    ///
    /// # Errors
    /// On the first bad record or message; the connection must then be dropped.
    pub fn poll(&mut self) -> Result<Option<Incoming>, PeerFault> {
        let Some(opener) = &mut self.opener else { return Ok(None) };
        let Some((kind, payload)) = opener.next().map_err(|_| PeerFault::ForgedRecord)? else {
            return Ok(None);
        };
        match kind {
            RecordKind::Message => Message::decode(payload)
                .map(|message| Some(Incoming::Message(message)))
                .map_err(|_| PeerFault::MalformedMessage),
            RecordKind::Close => {
                let [code] = *payload else { return Err(PeerFault::MalformedMessage) };
                self.opener = None;
                Ok(Some(Incoming::Closed(CloseReason::from_code(code))))
            }
            // Re-keying is the opener's; bulk data has no place before files exist.
            RecordKind::KeyUpdate | RecordKind::Bulk => Err(PeerFault::UnexpectedMessage),
        }
    }
}

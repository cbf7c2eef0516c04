//! The two hellos: bytes to values and back. The layout is PROTOCOL.md, section "Hellos".

use crate::{labels, limits};

/// Bytes of OPAQUE's KE1.
pub const KE1_BYTES: usize = 96;
/// Bytes of OPAQUE's KE2.
pub const KE2_BYTES: usize = 320;
/// Bytes of OPAQUE's KE3.
pub const KE3_BYTES: usize = 64;
/// The one record suite: ChaCha20 and keyed BLAKE3.
pub const SUITE: u8 = 1;
/// Bytes before a hello's body: magic and length.
const HEAD_BYTES: usize = labels::MAGIC.len() + 2;

/// What the dialler wants of the listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// A community server: who is online.
    Community,
    /// A node: a conversation.
    Chat,
    /// A node: files, and not a word; it does not ring.
    Files,
}

impl Service {
    fn code(self) -> u8 {
        match self {
            Self::Community => 0,
            Self::Chat => 1,
            Self::Files => 2,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Community),
            1 => Some(Self::Chat),
            2 => Some(Self::Files),
            _ => None,
        }
    }
}

/// Why the first bytes of a connection were not a hello we can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelloError {
    /// Not our protocol at all.
    NotHallway,
    /// Our protocol, another version.
    OtherVersion,
    /// Lengths that cannot be, or fields that end in the middle.
    Malformed,
}

/// The dialler's first words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// Record suites it can use.
    pub suites: Vec<u8>,
    /// What it wants.
    pub service: Service,
    /// First 16 bytes of the identity it expects, or zeros: "whoever you are".
    pub selector: [u8; 16],
    /// Stretching profiles it can use.
    pub profiles: Vec<u8>,
    /// Everything before KE1, as sent: it is authenticated as a whole, unknown extensions too.
    pub front: Vec<u8>,
    /// OPAQUE's first message.
    pub ke1: [u8; KE1_BYTES],
}

/// The listener's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "taken apart where it is made; nobody keeps one")]
pub enum ServerHello {
    /// Go on.
    Go(ServerGo),
    /// Too many open log-ins or wrong passwords at the moment.
    Busy {
        /// Milliseconds after which trying again makes sense.
        wait_ms: u32,
    },
    /// The listener has another service, version, suite or profile.
    Unsupported,
}

/// The listener's answer when it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerGo {
    /// The record suite it chose.
    pub suite: u8,
    /// The stretching profile it chose.
    pub profile: u8,
    /// Its identity key; the OPAQUE envelope and a signature prove it later.
    pub identity: [u8; 32],
    /// Everything before KE2, as sent.
    pub front: Vec<u8>,
    /// OPAQUE's second message.
    pub ke2: [u8; KE2_BYTES],
}

const GO: u8 = 0;
const BUSY: u8 = 1;
const UNSUPPORTED: u8 = 2;

/// How many bytes the hello at the start of `bytes` has in all, once that can be told.
///
/// # Errors
/// As soon as the bytes cannot become a hello any more, be it at the first.
pub fn hello_bytes(bytes: &[u8]) -> Result<Option<usize>, HelloError> {
    let (name, version) = (&labels::MAGIC[..3], labels::MAGIC[3]);
    if bytes.iter().zip(name).any(|(got, want)| got != want) {
        return Err(HelloError::NotHallway);
    }
    match bytes {
        [_, _, _, other, ..] if *other != version => Err(HelloError::OtherVersion),
        [_, _, _, _, high, low, ..] => {
            let len = usize::from(u16::from_be_bytes([*high, *low]));
            if len > limits::HELLO_BYTES_MAX {
                return Err(HelloError::Malformed);
            }
            Ok(Some(HEAD_BYTES + len))
        }
        _ => Ok(None),
    }
}

impl ClientHello {
    /// `suites`, `service`, `selector`, `profiles` as given; no extensions.
    pub fn new(service: Service, selector: [u8; 16], profile: u8, ke1: [u8; KE1_BYTES]) -> Self {
        // body = suites:u8-list ‖ service:u8 ‖ selector[16] ‖ profiles:u8-list ‖ ext:u16-list ‖ KE1
        let mut body = vec![1, SUITE, service.code()];
        body.extend_from_slice(&selector);
        body.extend_from_slice(&[1, profile]);
        body.extend_from_slice(&[0, 0]);
        let front = with_head(&body, KE1_BYTES);
        Self { suites: vec![SUITE], service, selector, profiles: vec![profile], front, ke1 }
    }

    /// The hello as it travels.
    pub fn encode(&self) -> Vec<u8> {
        [self.front.as_slice(), &self.ke1].concat()
    }

    /// Reads a whole hello, as measured by [`hello_bytes`].
    ///
    /// # Errors
    /// `Malformed` unless every byte is accounted for. A service we do not know is `OtherVersion`:
    /// the dialler is newer than we are.
    pub fn decode(bytes: &[u8]) -> Result<Self, HelloError> {
        let (front, ke1) = bytes.split_last_chunk::<KE1_BYTES>().ok_or(HelloError::Malformed)?;
        let mut fields = Fields::after_head(front)?;
        let suites = fields.list_u8()?;
        let service = fields.u8()?;
        let selector = fields.array()?;
        let profiles = fields.list_u8()?;
        fields.skip_extensions()?;
        let service = Service::from_code(service).ok_or(HelloError::OtherVersion)?;
        Ok(Self { suites, service, selector, profiles, front: front.to_vec(), ke1: *ke1 })
    }
}

impl ServerGo {
    /// The answer with suite 1 and no extensions, but for KE2, which depends on the hash of
    /// everything else and is appended.
    pub fn front(profile: u8, identity: [u8; 32]) -> Vec<u8> {
        // body = status:u8 ‖ suite:u8 ‖ profile:u8 ‖ identity[32] ‖ ext:u16-list ‖ KE2
        let mut body = vec![GO, SUITE, profile];
        body.extend_from_slice(&identity);
        body.extend_from_slice(&[0, 0]);
        with_head(&body, KE2_BYTES)
    }
}

impl ServerHello {
    /// A refusal as it travels. (`Go` is put together by the listener from its two parts.)
    pub fn busy(wait_ms: u32) -> Vec<u8> {
        // body = status:u8 ‖ wait_ms:u32
        let mut body = vec![BUSY];
        body.extend_from_slice(&wait_ms.to_be_bytes());
        with_head(&body, 0)
    }

    /// The answer to a hello whose offers we have none of.
    pub fn unsupported() -> Vec<u8> {
        with_head(&[UNSUPPORTED], 0)
    }

    /// Reads a whole hello, as measured by [`hello_bytes`].
    ///
    /// # Errors
    /// `Malformed` unless every byte is accounted for.
    pub fn decode(bytes: &[u8]) -> Result<Self, HelloError> {
        let mut fields = Fields::after_head(bytes)?;
        match fields.u8()? {
            GO => ServerGo::decode(bytes).map(Self::Go),
            BUSY => {
                let wait_ms = u32::from_be_bytes(fields.array()?);
                fields.done()?;
                Ok(Self::Busy { wait_ms })
            }
            UNSUPPORTED => fields.done().map(|()| Self::Unsupported),
            _ => Err(HelloError::Malformed),
        }
    }
}

impl ServerGo {
    fn decode(bytes: &[u8]) -> Result<Self, HelloError> {
        let (front, ke2) = bytes.split_last_chunk::<KE2_BYTES>().ok_or(HelloError::Malformed)?;
        let mut fields = Fields::after_head(front)?;
        let _status = fields.u8()?;
        let suite = fields.u8()?;
        let profile = fields.u8()?;
        let identity = fields.array()?;
        fields.skip_extensions()?;
        Ok(Self { suite, profile, identity, front: front.to_vec(), ke2: *ke2 })
    }
}

/// `hello_hash`, OPAQUE's `context`: both hellos but KE1 and KE2, so that version, suites, service,
/// selector, profile, identity and extensions are authenticated.
pub fn hello_hash(client_front: &[u8], server_front: &[u8]) -> [u8; 32] {
    // hello_hash = derive_key("hello hash", lp(ClientHello - KE1) ‖ lp(ServerHello - KE2))
    let mut hasher = blake3::Hasher::new_derive_key(labels::HELLO_HASH);
    length_prefixed(&mut hasher, client_front);
    length_prefixed(&mut hasher, server_front);
    *hasher.finalize().as_bytes()
}

/// lp(x) = len:u32 BE ‖ x
pub(crate) fn length_prefixed(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    hasher.update(&len.to_be_bytes());
    hasher.update(bytes);
}

/// hello = magic(4 bytes) ‖ len:u16 BE ‖ body; `rest` bytes of the body follow later.
fn with_head(body: &[u8], rest: usize) -> Vec<u8> {
    let len = u16::try_from(body.len() + rest).unwrap_or(u16::MAX);
    [labels::MAGIC.as_slice(), &len.to_be_bytes(), body].concat()
}

/// Reads fields off the front of a slice; the whole slice must be used up.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn after_head(bytes: &'a [u8]) -> Result<Self, HelloError> {
        bytes.get(HEAD_BYTES..).map(Self).ok_or(HelloError::Malformed)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], HelloError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(HelloError::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], HelloError> {
        self.take(N)?.try_into().map_err(|_| HelloError::Malformed)
    }

    fn u8(&mut self) -> Result<u8, HelloError> {
        self.array().map(|[byte]| byte)
    }

    /// u8-list = n:u8 ‖ n bytes
    fn list_u8(&mut self) -> Result<Vec<u8>, HelloError> {
        let count = usize::from(self.u8()?);
        self.take(count).map(<[u8]>::to_vec)
    }

    /// ext = len:u16 BE ‖ (type:u16 ‖ len:u16 ‖ value)*, and nothing after it. None is known yet;
    /// all are skipped, and authenticated as part of the front.
    fn skip_extensions(&mut self) -> Result<(), HelloError> {
        let len = usize::from(u16::from_be_bytes(self.array()?));
        let mut list = Fields(self.take(len)?);
        while !list.0.is_empty() {
            let _kind: [u8; 2] = list.array()?;
            let value_len = usize::from(u16::from_be_bytes(list.array()?));
            list.take(value_len)?;
        }
        self.done()
    }

    fn done(&self) -> Result<(), HelloError> {
        if self.0.is_empty() { Ok(()) } else { Err(HelloError::Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> ClientHello {
        ClientHello::new(Service::Chat, [7; 16], 1, [9; KE1_BYTES])
    }

    #[test]
    fn a_client_hello_survives_the_way_through_bytes() {
        let bytes = client().encode();
        assert_eq!(hello_bytes(&bytes), Ok(Some(bytes.len())));
        assert_eq!(ClientHello::decode(&bytes), Ok(client()));
    }

    #[test]
    fn every_answer_survives_the_way_through_bytes() {
        let front = ServerGo::front(1, [3; 32]);
        let bytes = [front.as_slice(), &[5; KE2_BYTES]].concat();
        assert_eq!(hello_bytes(&bytes), Ok(Some(bytes.len())));
        let go = ServerGo { suite: 1, profile: 1, identity: [3; 32], front, ke2: [5; KE2_BYTES] };
        assert_eq!(ServerHello::decode(&bytes), Ok(ServerHello::Go(go)));
        let busy = ServerHello::busy(1500);
        assert_eq!(ServerHello::decode(&busy), Ok(ServerHello::Busy { wait_ms: 1500 }));
        assert_eq!(ServerHello::decode(&ServerHello::unsupported()), Ok(ServerHello::Unsupported));
    }

    #[test]
    fn every_truncation_is_malformed() {
        let client = client().encode();
        let go = [ServerGo::front(1, [3; 32]).as_slice(), &[5; KE2_BYTES]].concat();
        for len in HEAD_BYTES..client.len() {
            assert!(ClientHello::decode(&client[..len]).is_err(), "{len} bytes");
        }
        for len in HEAD_BYTES..go.len() {
            assert!(ServerHello::decode(&go[..len]).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn strangers_are_known_by_their_first_bytes() {
        assert_eq!(hello_bytes(b"G"), Err(HelloError::NotHallway));
        assert_eq!(hello_bytes(b"GET / HTTP/1.1"), Err(HelloError::NotHallway));
        assert_eq!(hello_bytes(&[0x16, 3, 1]), Err(HelloError::NotHallway));
        assert_eq!(hello_bytes(b"HWY2\0\0"), Err(HelloError::OtherVersion));
        assert_eq!(hello_bytes(b"HWY1\xff\xff"), Err(HelloError::Malformed));
        assert_eq!(hello_bytes(b"HW"), Ok(None));
        assert_eq!(hello_bytes(b"HWY1\0"), Ok(None));
    }

    #[test]
    fn unknown_extensions_are_skipped_and_hashed() {
        let plain = client();
        let mut bytes = plain.encode();
        let at = bytes.len() - KE1_BYTES;
        let extension = [0x12, 0x34, 0, 2, 0xaa, 0xbb];
        bytes.splice(at - 2..at, [&[0, 6][..], &extension].concat());
        let len = u16::try_from(bytes.len() - HEAD_BYTES).unwrap();
        bytes[4..6].copy_from_slice(&len.to_be_bytes());
        let longer = ClientHello::decode(&bytes).unwrap();
        assert_eq!(longer.service, plain.service);
        assert_ne!(hello_hash(&longer.front, b""), hello_hash(&plain.front, b""));
    }
}

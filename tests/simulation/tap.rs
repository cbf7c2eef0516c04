//! What can be seen on a wire without any key: hellos, proofs and records by their lengths.

/// One direction of a connection, as an onlooker follows it.
#[derive(Default)]
pub struct Tap {
    /// The listener proves itself in its hello; the dialler in bytes of their own behind it.
    dialler: bool,
    stage: Stage,
    rest: Vec<u8>,
    /// Bytes so far.
    pub count: u64,
    /// The first of them, to be replayed.
    pub first: Vec<u8>,
    /// When the hello was whole.
    pub hello_at: Option<u64>,
    /// When the first record was whole, and how many bytes that took.
    pub proof_at: Option<(u64, u64)>,
    /// When the second record was whole.
    pub second_at: Option<u64>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Hello,
    Proof,
    Records,
}

/// KE3 of OPAQUE.
const PROOF_BYTES: usize = 64;
const FIRST_MAX: usize = 8_192;

impl Tap {
    pub fn new(dialler: bool) -> Self {
        Self { dialler, ..Self::default() }
    }

    /// Follows bytes; gives the ciphertexts of the records that they complete.
    pub fn follow(&mut self, now: u64, bytes: &[u8]) -> Vec<Vec<u8>> {
        let room = FIRST_MAX - self.first.len().min(FIRST_MAX);
        self.first.extend(bytes.iter().take(room));
        self.rest.extend(bytes);
        let mut records = Vec::new();
        let mut at = 0;
        while let Some(len) = self.next_len(at).filter(|len| self.rest.len() - at >= *len) {
            let piece = &self.rest[at..at + len];
            at += len;
            self.count += len as u64;
            match self.stage {
                Stage::Hello => {
                    self.hello_at = Some(now);
                    self.stage = if self.dialler { Stage::Proof } else { Stage::Records };
                }
                Stage::Proof => self.stage = Stage::Records,
                Stage::Records => {
                    if self.proof_at.is_some() {
                        self.second_at.get_or_insert(now);
                    }
                    self.proof_at.get_or_insert((now, self.count));
                    records.push(piece[4..len - 32].to_vec());
                }
            }
        }
        self.rest.drain(..at);
        records
    }

    /// The length of what comes there; `None` while that cannot be told.
    fn next_len(&self, at: usize) -> Option<usize> {
        let rest = &self.rest[at..];
        let number = |bytes: &[u8]| bytes.iter().fold(0, |n, byte| (n << 8) | usize::from(*byte));
        match self.stage {
            // magic[4] ‖ len:u16 ‖ body[len]
            Stage::Hello => rest.get(4..6).map(|len| 6 + number(len)),
            Stage::Proof => Some(PROOF_BYTES),
            // len:u24 ‖ flags:u8 ‖ ct[len] ‖ tag[32]
            Stage::Records => rest.get(..3).map(|len| 4 + number(len) + 32),
        }
    }
}

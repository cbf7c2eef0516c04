//! A file from one node to another in a conversation: the cores, their bytes carried by hand, and
//! a disk that is none.

use files::disk::{
    Done, Index, IndexDone, Job, Looked, Part, Piece, Placed, Read, ReadDone, Ready, Room, Source,
    Write, WriteDone,
};
use files::news;
use hallway::conn::{NetInput, NetOutput};
use hallway::limits::{
    CHUNK_BYTES, FILE_GOT_PAUSE, FILE_READ_BYTES, FILE_RECORD_BYTES, READ_BYTES_PER_TURN,
};
use hallway::message::files::{Chunk, Entry, Kind};
use hallway::text::{EntryPath, FileName};
use hallway::tree::{ChunkHash, FileHash};
use node_server::node::{Command, Input, Output};

use crate::talk::{End, Talk};
use crate::works::gauged;

const MIB: usize = 16;
const NAME: &str = "large";
/// Hashing the file is the work of threads of its own, which are not counted here.
const HASH: [u8; 32] = [7; 32];

/// Both sides: in turns that cost nothing else, so that the window is soon at its largest.
fn moved(counts_sender: bool) -> usize {
    let Talk { mut ann, mut bob, call } = Talk::new();
    let mut disk = Disk::default();
    let send = news::Command::Send(call.link(), Source::Path(NAME.into()));
    ann.turn(Input::Command(Command::Files(send)));
    while carry(&mut ann, &mut bob, &mut disk, counts_sender)
        | carry(&mut bob, &mut ann, &mut disk, !counts_sender)
        // While the window is small, a little later: then little is acknowledged, too.
        || counted(!counts_sender, || bob.later(FILE_GOT_PAUSE))
    {}
    assert_eq!((disk.read, disk.is_stored), (MIB * CHUNK_BYTES, true));
    MIB
}

/// What one has for its disk and for the other; `false` when there was nothing. All turns of one
/// side are counted, or none.
fn carry(from: &mut End, to: &mut End, disk: &mut Disk, counts_from: bool) -> bool {
    let turn = |end: &mut End, counts: bool, input: Input<'_>| counted(counts, || end.turn(input));
    let mut sent = Vec::new();
    let outputs: Vec<Output> = from.outputs.drain(..).collect();
    let is_any = !outputs.is_empty();
    for output in outputs {
        match output {
            Output::Net(_, NetOutput::Send(bytes)) => sent.extend(bytes),
            Output::Disk(job) => {
                if let Some(done) = disk.answer(job) {
                    turn(from, counts_from, Input::Disk(done));
                }
            }
            _ => {}
        }
    }
    for piece in sent.chunks(READ_BYTES_PER_TURN) {
        let input = Input::Net(to.conn, NetInput::Received(piece));
        turn(to, !counts_from, input);
    }
    is_any
}

fn counted<T>(counts: bool, work: impl FnOnce() -> T) -> T {
    if counts { gauged(work) } else { work() }
}

/// Answers at once, for both.
#[derive(Default)]
struct Disk {
    read: usize,
    is_stored: bool,
}

impl Disk {
    fn answer(&mut self, job: Job) -> Option<Done> {
        let name = || FileName::of(NAME);
        Some(match job {
            Job::Read(Read::Look(id, _)) => {
                let bytes = Some((MIB * CHUNK_BYTES) as u64);
                let (kind, modified) = (Kind::File, 0);
                let looked = Looked { name: name(), kind, entries: 1, bytes, modified };
                Done::Read(ReadDone::Looked(id, Ok(looked)))
            }
            Job::Read(Read::Next(id)) => Done::Read(ReadDone::Parts(id, self.parts())),
            Job::Write(Write::Look(id, ..)) => {
                Done::Write(WriteDone::Looked(id, Ok(Room { free: 1 << 40, here: 0 })))
            }
            Job::Write(Write::Open(id, ..) | Write::Check(id)) => {
                Done::Write(WriteDone::Ready(id, Ok(Ready::Here(None, 0))))
            }
            Job::Write(Write::From(id, ..)) => {
                Done::Write(WriteDone::Wrote(id, Ok(()), Vec::new()))
            }
            Job::Write(Write::Put(id, pieces)) => {
                let memory = pieces.into_iter().find_map(|piece| match piece {
                    Piece::Chunk(bytes, _) => Some(bytes),
                    Piece::Entry(_) => None,
                });
                Done::Write(WriteDone::Wrote(id, Ok(()), memory.unwrap_or_default()))
            }
            Job::Write(Write::Store(id, _)) => {
                self.is_stored = true;
                let hash = Some(FileHash(HASH));
                let placed = Placed { name: name(), path: None, hash, stamp: None };
                Done::Write(WriteDone::Stored(id, Ok(placed)))
            }
            Job::Index(Index::Find(id, _)) => Done::Index(IndexDone::Found(id, None)),
            Job::Read(Read::Begin(..) | Read::Forget(_))
            | Job::Write(Write::Abandon(..))
            | Job::Index(_) => return None,
        })
    }

    /// What one read brings.
    fn parts(&mut self) -> Vec<Part> {
        let mut parts = Vec::new();
        let total = MIB * CHUNK_BYTES;
        if self.read == 0 {
            parts.push(Part::From(0, 0));
            parts.push(Part::Entry(Entry {
                number: 0,
                path: EntryPath::of([NAME]).unwrap(),
                kind: Kind::File,
                bytes: Some(total as u64),
                modified: 0,
                executable: false,
            }));
        }
        for _ in 0..FILE_READ_BYTES / FILE_RECORD_BYTES {
            parts.push(Part::Bytes(vec![7; FILE_RECORD_BYTES]));
            self.read += FILE_RECORD_BYTES;
            if self.read.is_multiple_of(CHUNK_BYTES) {
                let last = self.read == total;
                parts.push(Part::Chunk(Chunk { number: 0, hash: ChunkHash(HASH), last }));
            }
        }
        if self.read == total {
            let hash = Some(FileHash(HASH));
            parts.push(Part::End { entries: 1, bytes: total as u64, hash });
        }
        parts
    }
}

/// A mebibyte is sealed and sent, what comes back about it is read.
pub(crate) fn send() -> usize {
    moved(true)
}

/// It is opened and given to the disk, and acknowledged.
pub(crate) fn receive() -> usize {
    moved(false)
}

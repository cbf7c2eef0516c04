//! What is sent: looked at, read, hashed.

mod passing;
pub(super) mod reading;
mod stream;
pub(super) mod walk;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use hallway::limits::{FILE_READ_BYTES, STREAM_MESSAGE_WEIGHT};
use hallway::message::files::{Have, Kind, Skipped, Why};
use hallway::text::{EntryPath, FileName};

use self::passing::{Passed, Passing};
use self::reading::Reading;
use self::stream::{Room, Step, Stream};
use self::walk::Walk;
use crate::disk::{Looked, Part, Read, ReadDone, Source, Stamp, TransferId};

/// What is sent by the transfers of a node, read step by step.
///
/// Links are not followed, a file that is not the same any more at its end is an error, and
/// nothing of this program's own data is sent.
pub struct Sources {
    private: PathBuf,
    stdin: Option<Box<dyn io::Read + Send>>,
    transfers: BTreeMap<TransferId, Transfer>,
}

struct Transfer {
    origin: Origin,
    stage: Stage,
}

/// Where it comes from.
enum Origin {
    File {
        path: PathBuf,
        name: FileName,
        stamp: Stamp,
    },
    Folder {
        path: PathBuf,
        room: Room,
    },
    /// Gone once it has been read from.
    Stdin {
        name: FileName,
        stream: Option<Box<dyn io::Read + Send>>,
    },
}

/// How far it is.
enum Stage {
    /// Nothing is wanted, or nothing more comes.
    Idle,
    /// The stream is wanted; some of it may be there already.
    Asked(Option<Have>),
    Passing(Box<Passing>),
    Moving(Box<Stream>),
}

impl Sources {
    /// No transfers yet. Whatever lies in `private`, the data directory, is never sent.
    pub fn new(private: PathBuf) -> Self {
        Self::with_stdin(private, Box::new(io::stdin()))
    }

    /// The same with another standard input.
    pub fn with_stdin(private: PathBuf, stdin: Box<dyn io::Read + Send>) -> Self {
        let private = private.canonicalize().unwrap_or(private);
        Self { private, stdin: Some(stdin), transfers: BTreeMap::new() }
    }

    /// Does one job.
    pub fn run(&mut self, job: Read) -> Option<ReadDone> {
        match job {
            Read::Look(id, source) => {
                let looked = self.look(source).map(|(looked, origin)| {
                    self.transfers.insert(id, Transfer { origin, stage: Stage::Idle });
                    looked
                });
                Some(ReadDone::Looked(id, looked))
            }
            Read::Begin(id, have) => {
                if let Some(transfer) = self.transfers.get_mut(&id) {
                    transfer.stage = Stage::Asked(have);
                }
                None
            }
            Read::Next(id) => {
                let parts = match self.transfers.get_mut(&id) {
                    Some(transfer) => transfer.next(&self.private),
                    None => vec![Part::Failed(Why::Gone)],
                };
                Some(ReadDone::Parts(id, parts))
            }
            Read::Forget(id) => {
                self.transfers.remove(&id);
                None
            }
        }
    }

    fn look(&mut self, source: Source) -> Result<(Looked, Origin), Why> {
        let is_shared = matches!(source, Source::Shared(_));
        let path = match source {
            Source::Path(path) | Source::Shared(path) => path,
            Source::Stdin(name) => {
                let stream = self.stdin.take();
                let (kind, entries, bytes) = (Kind::File, 1, None);
                let looked = Looked { name: name.clone(), kind, entries, bytes, modified: 0 };
                return Ok((looked, Origin::Stdin { name, stream }));
            }
        };
        let (whole, name) = place_of(&path).map_err(|error| walk::why(&error))?;
        if is_shared && whole != path {
            return Err(Why::Gone);
        }
        let path = whole;
        if path.starts_with(&self.private) {
            return Err(Why::Unreadable);
        }
        let about = path.symlink_metadata().map_err(|error| walk::why(&error))?;
        let stamp = Stamp::of(&about);
        let modified = stamp.modified_seconds();
        if about.is_file() {
            let (kind, entries, bytes) = (Kind::File, 1, Some(stamp.size));
            let looked = Looked { name: name.clone(), kind, entries, bytes, modified };
            Ok((looked, Origin::File { path, name, stamp }))
        } else if about.is_dir() {
            let (entries, bytes) = walk::count(Walk::folder(&path, &self.private)?)?;
            let looked = Looked { name, kind: Kind::Folder, entries, bytes: Some(bytes), modified };
            Ok((looked, Origin::Folder { path, room: Room { entries, bytes } }))
        } else {
            Err(Why::NotAFile)
        }
    }
}

/// Where a file or folder is, links on the way to it resolved, but not itself; and its name.
pub(super) fn place_of(path: &Path) -> io::Result<(PathBuf, FileName)> {
    let whole = match (path.file_name(), path.parent()) {
        (Some(name), Some(parent)) => {
            let here = parent.as_os_str().is_empty();
            let parent = if here { Path::new(".") } else { parent };
            parent.canonicalize()?.join(name)
        }
        // `.` and `..` and their like: no link can have such a name.
        _ => path.canonicalize()?,
    };
    let name = whole.file_name().map_or("/".into(), |name| name.to_string_lossy().into_owned());
    Ok((whole, FileName::of(&name)))
}

impl Origin {
    /// The stream from its beginning.
    fn stream(&mut self, private: &Path) -> Result<Box<Stream>, Why> {
        let stream = match self {
            Self::File { path, name, stamp } => {
                Stream::file(Walk::file(path, alone(name)?)?, *stamp)
            }
            Self::Folder { path, room } => Stream::folder(Walk::folder(path, private)?, *room),
            Self::Stdin { name, stream } => {
                // What was read once does not come again.
                let reading = Reading::stream(stream.take().ok_or(Why::Gone)?)?;
                Stream::of_input(alone(name)?, reading)
            }
        };
        Ok(Box::new(stream))
    }
}

impl Transfer {
    /// The next parts; never none.
    fn next(&mut self, private: &Path) -> Vec<Part> {
        let mut parts = Vec::new();
        let moved = match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Idle => Err(Why::Gone),
            Stage::Asked(have) => self.begin(have, private, &mut parts),
            Stage::Passing(passing) => self.pass(passing, private, &mut parts),
            Stage::Moving(stream) => Ok(fill(stream, &mut parts)),
        };
        match moved {
            Ok(stage) => self.stage = stage,
            Err(why) => parts.push(Part::Failed(why)),
        }
        parts
    }

    fn begin(
        &mut self,
        have: Option<Have>,
        private: &Path,
        parts: &mut Vec<Part>,
    ) -> Result<Stage, Why> {
        let stream = self.origin.stream(private)?;
        match (have, &self.origin) {
            (Some(have), Origin::File { .. } | Origin::Folder { .. }) => {
                self.pass(Passing::new(stream, have), private, parts)
            }
            _ => {
                parts.push(Part::From(0, 0));
                Ok(fill(stream, parts))
            }
        }
    }

    fn pass(
        &mut self,
        passing: Box<Passing>,
        private: &Path,
        parts: &mut Vec<Part>,
    ) -> Result<Stage, Why> {
        let (bytes, passed) = passing.go_on();
        parts.push(Part::Passed(bytes));
        match passed {
            Passed::On(passing) => Ok(Stage::Passing(passing)),
            Passed::Same(stream, have) => {
                parts.push(Part::From(have.entries, have.chunks));
                parts.extend(stream.current().cloned().map(Part::Entry));
                Ok(fill(stream, parts))
            }
            Passed::Different => self.begin(None, private, parts),
        }
    }
}

/// As much of a stream as goes at once. An entry and its first bytes are not parted: so a small
/// file that turns out to be broken is left out as if it had not been begun.
fn fill(mut stream: Box<Stream>, parts: &mut Vec<Part>) -> Stage {
    let mut weight = 0;
    let mut begun = None;
    while weight < FILE_READ_BYTES as u64 {
        match stream.next() {
            Step::Entry(entry) => {
                weight += if entry.kind == Kind::Folder { STREAM_MESSAGE_WEIGHT } else { 0 };
                begun = Some(parts.len());
                parts.push(Part::Entry(entry));
            }
            Step::Bytes(bytes, chunk) => {
                weight += STREAM_MESSAGE_WEIGHT + bytes.len() as u64;
                parts.extend((!bytes.is_empty()).then_some(Part::Bytes(bytes)));
                parts.extend(chunk.map(Part::Chunk));
                if stream.is_input() {
                    // More of it may be long in coming.
                    break;
                }
            }
            Step::LeftOut(path, why) => {
                weight += STREAM_MESSAGE_WEIGHT;
                parts.push(Part::Skipped(Skipped { number: 0, path, why }));
            }
            Step::Broken(path, why) => {
                let Some(at) = begun.take() else {
                    parts.push(Part::Failed(why));
                    return Stage::Idle;
                };
                parts.truncate(at);
                parts.push(Part::Skipped(Skipped { number: 0, path, why }));
            }
            Step::End => {
                let (entries, bytes) = (stream.entries, stream.bytes);
                parts.push(Part::End { entries, bytes, hash: stream.hash_alone() });
                return Stage::Idle;
            }
            Step::Lost(why) => {
                parts.push(Part::Failed(why));
                return Stage::Idle;
            }
        }
    }
    Stage::Moving(stream)
}

fn alone(name: &FileName) -> Result<EntryPath, Why> {
    EntryPath::of([name.as_str()]).map_err(|_| Why::TooDeep)
}

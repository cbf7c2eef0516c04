//! A sender and a receiver without a wire between them.

use std::fs;
use std::path::{Path, PathBuf};

use files::disk::{
    Arriving, Keep, Looked, Part, Piece, Placed, Read, ReadDone, Ready, Source, Target, TransferId,
    Trouble, Write, WriteDone,
};
use files::shell::{Place, Sources, Store};
use hallway::message::files::{Have, Why};
use hallway::tree::FileHash;

pub(crate) const ID: TransferId = TransferId(7);
pub(crate) const CHUNK: usize = hallway::limits::CHUNK_BYTES;

/// Folders that are gone at the end: what is sent, where it goes, and the data directory.
pub(crate) struct Folders {
    pub(crate) all: tempfile::TempDir,
    pub(crate) from: PathBuf,
    pub(crate) to: PathBuf,
    pub(crate) data: PathBuf,
}

impl Folders {
    pub(crate) fn new() -> Self {
        // In memory where that can be had: what is stored is synced.
        let all = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let [from, to, data] = ["from", "to", "data"].map(|name| all.path().join(name));
        for path in [&from, &to, &data] {
            fs::create_dir(path).unwrap();
        }
        Self { all, from, to, data }
    }

    pub(crate) fn sources(&self) -> Sources {
        Sources::new(self.data.clone())
    }

    pub(crate) fn store(&self) -> Store {
        Store::at(Place::Folder(self.to.clone()))
    }

    /// Names in the folder that things go to, in order.
    pub(crate) fn arrived(&self) -> Vec<String> {
        names(&self.to)
    }
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Bytes that differ from place to place.
pub(crate) fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| u8::try_from((at * 31 + at / 251) % 256).unwrap()).collect()
}

pub(crate) fn look(sources: &mut Sources, path: &Path) -> Result<Looked, Why> {
    match sources.run(Read::Look(ID, Source::Path(path.to_owned()))) {
        Some(ReadDone::Looked(ID, looked)) => looked,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn begin(sources: &mut Sources, have: Option<Have>) {
    assert_eq!(sources.run(Read::Begin(ID, have)), None);
}

pub(crate) fn next(sources: &mut Sources) -> Vec<Part> {
    match sources.run(Read::Next(ID)) {
        Some(ReadDone::Parts(ID, parts)) => {
            assert!(!parts.is_empty());
            parts
        }
        other => panic!("{other:?}"),
    }
}

/// The rest of a stream.
pub(crate) fn rest(sources: &mut Sources) -> Vec<Part> {
    let mut all = Vec::new();
    while !matches!(all.last(), Some(Part::End { .. } | Part::Failed(_))) {
        all.extend(next(sources));
    }
    all
}

/// All of the stream of one path.
pub(crate) fn stream(folders: &Folders, path: &Path) -> Vec<Part> {
    let mut sources = folders.sources();
    look(&mut sources, path).unwrap();
    begin(&mut sources, None);
    rest(&mut sources)
}

pub(crate) fn arriving(looked: &Looked) -> Arriving {
    let Looked { name, kind, entries, bytes, .. } = looked.clone();
    Arriving { from: "5EED".to_owned(), name, kind, entries, bytes }
}

/// Parts as the receiver has them: bytes up to the end of their chunk.
#[derive(Default)]
pub(crate) struct Joiner(Vec<u8>);

impl Joiner {
    pub(crate) fn piece(&mut self, part: Part) -> Option<Piece> {
        match part {
            Part::Entry(entry) => Some(Piece::Entry(entry)),
            Part::Bytes(bytes) => {
                self.0.extend(bytes);
                None
            }
            Part::Chunk(chunk) => Some(Piece::Chunk(std::mem::take(&mut self.0), chunk)),
            _ => None,
        }
    }

    pub(crate) fn pieces(parts: Vec<Part>) -> Vec<Piece> {
        let mut joiner = Self::default();
        parts.into_iter().filter_map(|part| joiner.piece(part)).collect()
    }
}

/// Opens, and looks through all that is there.
pub(crate) fn open(store: &mut Store, arriving: &Arriving) -> Result<Option<Have>, Trouble> {
    let mut job = Write::Open(ID, arriving.clone(), Target::Downloads);
    loop {
        match store.run(job) {
            Some(WriteDone::Ready(ID, Ok(Ready::Here(have, _)))) => return Ok(have),
            Some(WriteDone::Ready(ID, Ok(Ready::Checking(_)))) => job = Write::Check(ID),
            Some(WriteDone::Ready(ID, Err(trouble))) => return Err(trouble),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn wrote(store: &mut Store, job: Write) -> Result<(), Trouble> {
    match store.run(job) {
        Some(WriteDone::Wrote(ID, done, _)) => done,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn put(store: &mut Store, piece: Piece) -> Result<(), Trouble> {
    wrote(store, Write::Put(ID, vec![piece]))
}

pub(crate) fn finish(store: &mut Store) -> Result<Placed, Trouble> {
    finish_as(store, None)
}

/// The same for who was promised a hash.
pub(crate) fn finish_as(store: &mut Store, hash: Option<FileHash>) -> Result<Placed, Trouble> {
    match store.run(Write::Store(ID, hash)) {
        Some(WriteDone::Stored(ID, done)) => done,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn abandon(store: &mut Store, keep: Keep) {
    assert_eq!(store.run(Write::Abandon(ID, keep)), None);
}

/// What came of a connection.
pub(crate) struct Ended {
    /// Nothing when it was cut.
    pub(crate) placed: Option<Placed>,
    /// Chunks that came, but empty ones.
    pub(crate) chunks: usize,
    /// Where the stream began.
    pub(crate) from: (u64, u64),
}

/// Sends until the end, or until so many pieces have come.
pub(crate) fn send(
    sources: &mut Sources,
    store: &mut Store,
    arriving: &Arriving,
    cut: usize,
) -> Ended {
    let have = open(store, arriving).unwrap();
    begin(sources, have);
    let mut joiner = Joiner::default();
    let mut ended = Ended { placed: None, chunks: 0, from: (0, 0) };
    let mut pieces = 0;
    loop {
        for part in next(sources) {
            match part {
                Part::From(entries, chunks) => {
                    ended.from = (entries, chunks);
                    wrote(store, Write::From(ID, entries, chunks)).unwrap();
                }
                Part::End { hash, .. } => {
                    let placed = finish(store).unwrap();
                    assert_eq!(placed.hash, hash);
                    return Ended { placed: Some(placed), ..ended };
                }
                Part::Failed(why) => panic!("{why:?}"),
                part => {
                    let Some(piece) = joiner.piece(part) else { continue };
                    if pieces == cut {
                        return ended;
                    }
                    pieces += 1;
                    let has_bytes = matches!(&piece, Piece::Chunk(bytes, _) if !bytes.is_empty());
                    ended.chunks += usize::from(has_bytes);
                    put(store, piece).unwrap();
                }
            }
        }
    }
}

/// Sends all of a path.
pub(crate) fn send_all(folders: &Folders, path: &Path) -> Placed {
    let mut sources = folders.sources();
    let arriving = arriving(&look(&mut sources, path).unwrap());
    send(&mut sources, &mut folders.store(), &arriving, usize::MAX).placed.unwrap()
}

/// All that is in a folder: paths, bytes of files, seconds of their times, who may run them.
pub(crate) fn tree(folder: &Path) -> Vec<(String, Option<Vec<u8>>, i64, bool)> {
    use std::os::unix::fs::MetadataExt as _;
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for name in names(&inner) {
            let path = inner.join(name);
            let about = path.symlink_metadata().unwrap();
            let bytes = about.is_file().then(|| fs::read(&path).unwrap());
            let is_executable = about.is_file() && about.mode() & 0o100 != 0;
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            found.push((name, bytes, about.mtime(), is_executable));
            folders.extend(about.is_dir().then_some(path));
        }
    }
    found
}

//! What is shared, and which content is known to be here.

mod book;
mod known;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use hallway::limits::{FILE_CHECK_BYTES, SHARED_MAX};
use hallway::message::files::{Item, Kind, Why};
use hallway::text::FileName;

use self::book::{Book, Known};
use self::known::KnownFiles;
use super::source::place_of;
use super::source::reading::Reading;
use super::source::walk::{self, Walk};
use super::system;
use crate::disk::{Index, IndexDone, Share, Stamp, Trouble};

/// What is shared, and which content is known. Others can name what is shared, and nothing else:
/// a name leads to the path that was shared under it.
pub struct Indexer {
    /// Where it is kept, and the folder around it, which is never shared.
    file: PathBuf,
    /// How that file was when it was read or written last.
    file_stamp: Option<Stamp>,
    private: PathBuf,
    shared: Vec<Shared>,
    known: KnownFiles,
    /// Files whose hash is wanted, and the one that is read.
    wanted: VecDeque<PathBuf>,
    hashing: Option<Hashing>,
    /// Whether it differs from what is on the disk.
    is_changed: bool,
    /// What there is to say with the next answer.
    trouble: Option<Trouble>,
}

struct Shared {
    name: FileName,
    path: PathBuf,
    /// Nothing before it was looked at; an error when it cannot be sent now.
    now: Option<Result<Now, Why>>,
}

impl Shared {
    fn now(&self) -> Option<&Now> {
        self.now.as_ref()?.as_ref().ok()
    }
}

/// How something shared was when it was looked at.
#[derive(Clone, Copy)]
struct Now {
    kind: Kind,
    stamp: Stamp,
    entries: u64,
    bytes: u64,
}

struct Hashing {
    path: PathBuf,
    stamp: Stamp,
    reading: Reading,
}

/// What came of a turn of the indexer.
#[derive(Debug)]
pub struct Turn {
    /// Something to tell.
    pub done: Option<IndexDone>,
    /// Whether there is more to do: another turn, without a job, is wanted.
    pub more: bool,
}

impl Indexer {
    /// The index kept in the data directory. One that cannot be read is begun anew, and said so
    /// with the first answer.
    pub fn open(data_dir: &Path) -> Self {
        let file = data_dir.join("shared-files");
        let mut indexer = Self {
            file,
            file_stamp: None,
            private: data_dir.canonicalize().unwrap_or_else(|_| data_dir.to_owned()),
            shared: Vec::new(),
            known: KnownFiles::default(),
            wanted: VecDeque::new(),
            hashing: None,
            is_changed: false,
            trouble: None,
        };
        indexer.read();
        indexer
    }

    /// Takes what another program of this user has put on the disk since: `client share` beside a
    /// node that runs.
    fn read(&mut self) {
        let stamp = self.file.symlink_metadata().ok().map(|about| Stamp::of(&about));
        if stamp == self.file_stamp {
            return;
        }
        self.file_stamp = stamp;
        let (book, words) = Book::read(&self.file);
        book.known.into_iter().for_each(|(path, of)| self.known.add(path, of));
        let before = std::mem::take(&mut self.shared);
        let shared = book.shared.into_iter().map(|(name, path)| {
            let known = before.iter().find(|shared| shared.path == path);
            let now = known.and_then(|shared| shared.now);
            Shared { name, path, now }
        });
        self.shared = shared.collect();
        let trouble = words.map(|words| Trouble { why: Why::Disk, words });
        self.trouble = trouble.or(self.trouble.take());
    }

    /// Does one job; without one, hashes a little, or puts on the disk what has changed.
    pub fn turn(&mut self, job: Option<Index>) -> Turn {
        let done = match job {
            Some(job) => self.run(job),
            None => self.step(),
        };
        let more = self.hashing.is_some() || !self.wanted.is_empty() || self.is_changed;
        Turn { done, more }
    }

    fn run(&mut self, job: Index) -> Option<IndexDone> {
        self.read();
        match job {
            Index::Share(path) => {
                if let Err((why, reason)) = self.share(&path) {
                    let words = format!("{} is not shared: {reason}", path.display());
                    self.trouble = Some(Trouble { why, words });
                }
                Some(self.changed())
            }
            Index::Unshare(name) => {
                let before = self.shared.len();
                self.shared.retain(|shared| name.as_ref().is_some_and(|name| *name != shared.name));
                if let Some(name) = name.filter(|_| self.shared.len() == before) {
                    let words = format!("{name} is not shared");
                    self.trouble = Some(Trouble { why: Why::Gone, words });
                }
                Some(self.changed())
            }
            Index::Survey => {
                self.survey();
                Some(IndexDone::Shares(self.shares(), self.trouble.take()))
            }
            Index::Find(id, hash) => Some(IndexDone::Found(id, self.known.find(&hash))),
            Index::Remember(path, stamp, hash) => {
                self.known.add(path, Known { stamp, hash });
                self.is_changed = true;
                None
            }
        }
    }

    fn changed(&mut self) -> IndexDone {
        self.save();
        IndexDone::Changed(self.shares(), self.trouble.take())
    }

    fn share(&mut self, path: &Path) -> Result<(), (Why, &'static str)> {
        let gone = (Why::Gone, "it is not there");
        let (path, name) = place_of(path).map_err(|_| gone)?;
        if path.starts_with(&self.private) {
            return Err((Why::Unreadable, "your identity is kept there"));
        }
        let reasons = [
            (Why::NotAFile, "it is neither a file nor a folder"),
            (Why::TooDeep, "it holds too many files"),
            gone,
        ];
        let now = now(&path, &self.private).map_err(|why| {
            let known = reasons.into_iter().find(|(known, _)| *known == why);
            known.unwrap_or((why, "it cannot be read"))
        })?;
        // To look at it can take long.
        self.read();
        if let Some(shared) = self.shared.iter_mut().find(|shared| shared.path == path) {
            shared.now = Some(Ok(now));
        } else if self.shared.len() == SHARED_MAX {
            return Err((Why::TooMany, "too much is shared already"));
        } else {
            let name = self.free_name(name);
            self.shared.push(Shared { name, path, now: Some(Ok(now)) });
        }
        self.want_hashes();
        Ok(())
    }

    fn free_name(&self, name: FileName) -> FileName {
        let is_free = |name: &FileName| self.shared.iter().all(|shared| shared.name != *name);
        // One of so many is free, as fewer are shared.
        let mut numbered = (2..).map(|number| name.numbered(number));
        if is_free(&name) { name } else { numbered.find(is_free).unwrap_or(name) }
    }

    fn survey(&mut self) {
        for shared in &mut self.shared {
            shared.now = None;
        }
        self.look_at_new();
    }

    /// Looks at what nobody has looked at yet.
    fn look_at_new(&mut self) {
        for shared in self.shared.iter_mut().filter(|shared| shared.now.is_none()) {
            shared.now = Some(now(&shared.path, &self.private));
        }
        self.want_hashes();
    }

    fn want_hashes(&mut self) {
        let files = self.shared.iter().filter_map(|shared| Some((shared, shared.now()?)));
        let files = files.filter(|(_, now)| now.kind == Kind::File);
        let unknown =
            files.filter(|(shared, now)| self.known.hash(&shared.path, &now.stamp).is_none());
        self.wanted = unknown.map(|(shared, _)| shared.path.clone()).collect();
        // What is read already need not be begun anew; if it changes, that will be noticed.
        if let Some(hashing) = &self.hashing {
            self.wanted.retain(|path| *path != hashing.path);
        }
    }

    fn shares(&mut self) -> Vec<Share> {
        self.look_at_new();
        let shares = self.shared.iter().filter_map(|shared| {
            let now = shared.now()?;
            let item = Item {
                name: shared.name.clone(),
                kind: now.kind,
                entries: now.entries,
                bytes: now.bytes,
                modified: now.stamp.modified_seconds(),
                hash: self.known.hash(&shared.path, &now.stamp),
            };
            Some(Share { item, path: shared.path.clone() })
        });
        let mut shares: Vec<Share> = shares.collect();
        shares.sort_unstable_by(|one, other| one.item.name.cmp(&other.item.name));
        shares
    }

    /// A little of what there is to do.
    fn step(&mut self) -> Option<IndexDone> {
        if self.is_changed {
            self.read();
            self.save();
            return None;
        }
        if self.hashing.is_none() {
            let path = self.wanted.pop_front()?;
            // What cannot be read stays without a hash; it is tried again when it is looked at.
            let (dir, name) = system::open_parent(&path).ok()?;
            let (reading, stamp, _) = Reading::open(&dir, name.as_ref()).ok()?;
            self.hashing = Some(Hashing { path, stamp, reading });
        }
        let mut hashing = self.hashing.take()?;
        let end = hashing.reading.bytes() + FILE_CHECK_BYTES as u64;
        while hashing.reading.bytes() < end {
            let (_, chunk) = hashing.reading.next().ok()?;
            if chunk.is_some_and(|chunk| chunk.last) {
                let Hashing { path, stamp, reading } = hashing;
                let hash = reading.hash()?;
                // First what others know: this is newer.
                self.read();
                self.known.add(path, Known { stamp, hash });
                self.is_changed = true;
                return Some(IndexDone::Hashed(self.shares(), self.trouble.take()));
            }
        }
        self.hashing = Some(hashing);
        None
    }

    fn save(&mut self) {
        self.is_changed = false;
        let shared = self.shared.iter().map(|shared| (shared.name.clone(), shared.path.clone()));
        let book = Book { shared: shared.collect(), known: self.known.all() };
        if let Err(error) = book.write(&self.file) {
            let words = format!("what is shared could not be kept: {error}");
            self.trouble = Some(Trouble { why: Why::Disk, words });
        }
        self.file_stamp = self.file.symlink_metadata().ok().map(|about| Stamp::of(&about));
    }
}

/// How something is now, if it is still where it was, without links on the way.
fn now(path: &Path, private: &Path) -> Result<Now, Why> {
    let (whole, _) = place_of(path).map_err(|error| walk::why(&error))?;
    let about = path.symlink_metadata().map_err(|error| walk::why(&error))?;
    let stamp = Stamp::of(&about);
    if whole != *path || !about.is_file() && !about.is_dir() {
        return Err(Why::NotAFile);
    }
    if about.is_file() {
        return Ok(Now { kind: Kind::File, stamp, entries: 1, bytes: stamp.size });
    }
    let (entries, bytes) = walk::count(Walk::folder(path, private)?)?;
    Ok(Now { kind: Kind::Folder, stamp, entries, bytes })
}

//! The disk: threads that read, write and keep the index, and the structs that do each job.
//!
//! The only part of this crate that touches the machine. [`Disk`] is what a loop holds; what the
//! threads do is in [`Sources`], [`Store`] and [`Indexer`], which tests call without any thread.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod downloads;
mod index;
mod sandbox;
mod source;
mod store;
mod system;
mod thread;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use hallway::message::files::Why;
use mio::Waker;

use self::thread::Thread;
use crate::disk::{
    Done, Index, IndexDone, Job, Read, ReadDone, Source, Target, TransferId, Trouble, Write,
    WriteDone,
};

pub use self::downloads::download_dir;
pub use self::index::{Indexer, Turn};
pub use self::sandbox::{Sandbox, probe};
pub use self::source::Sources;
pub use self::store::{Place, Store};

/// Where the disk threads work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// What is received goes here: see [`download_dir`]. Made when it is first needed.
    pub download_dir: PathBuf,
    /// The index is kept here. Nothing in here is ever sent: the identity is here, too.
    pub data_dir: PathBuf,
}

/// The threads of one node that read, write and keep the index; each wakes the loop.
///
/// One thread reads, one writes into the download folder, one keeps the index. A folder that
/// somebody chose, standard output and standard input have threads of their own while they are
/// used: a writing thread may write nowhere else (see [`Sandbox`]), and a pipe can make one wait.
///
/// Jobs that a thread has no room for wait here; how many there are is bounded by what the core
/// asks: a job or two for each transfer.
pub struct Disk {
    waker: Arc<Waker>,
    setup: Setup,
    sandbox: Arc<OnceLock<Sandbox>>,
    reader: Thread<Read, ReadDone>,
    /// The one transfer that standard input belongs to, and its thread.
    stdin: Option<(TransferId, Thread<Read, ReadDone>)>,
    writers: BTreeMap<Place, Thread<Write, WriteDone>>,
    /// Where what is received goes, unless it is the download folder.
    elsewhere: BTreeMap<TransferId, Place>,
    indexer: Thread<Option<Index>, Turn>,
    /// Whether the index has been put on the disk for the last time.
    is_ending: bool,
    /// Answers about jobs that no thread could be had for.
    refused: (VecDeque<ReadDone>, VecDeque<WriteDone>),
}

impl Disk {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(waker: Arc<Waker>, setup: Setup) -> io::Result<Self> {
        let sandbox = Arc::new(OnceLock::new());
        let mut sources = Sources::new(setup.data_dir.clone());
        let reader = Thread::start(&waker, "read", move |job| sources.run(job))?;
        let mut indexer = Indexer::open(&setup.data_dir);
        let indexer =
            Thread::start(&waker, "index", move |job: Option<Index>| Some(indexer.turn(job)))?;
        let mut disk = Self {
            waker,
            setup,
            sandbox,
            reader,
            stdin: None,
            writers: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            indexer,
            is_ending: false,
            refused: (VecDeque::new(), VecDeque::new()),
        };
        disk.writer(&disk.downloads())?;
        Ok(disk)
    }

    /// How well the threads that write are confined; `None` before the first of them has written.
    pub fn sandbox(&self) -> Option<Sandbox> {
        self.sandbox.get().copied()
    }

    /// Hands a job to its thread.
    pub fn submit(&mut self, job: Job) {
        match job {
            Job::Read(job) => self.submit_read(job),
            Job::Write(job) => self.submit_write(job),
            Job::Index(job) => self.submit_index(job),
        }
    }

    /// What one of the threads has done, if it has: ask until there is nothing after each turn of
    /// the loop.
    pub fn try_done(&mut self) -> Option<Done> {
        let read = self.try_read().map(Done::Read);
        let written = || self.try_write().map(Done::Write);
        let done = read.or_else(written);
        done.or_else(|| self.try_index().map(Done::Index))
    }

    /// Hands a job to the thread that reads.
    pub fn submit_read(&mut self, job: Read) {
        if let Read::Look(id, Source::Stdin(_)) = job {
            let started = match self.stdin {
                // There is only one, and what was read from it does not come again.
                Some(_) => Err(Why::Gone),
                None => self.stdin_thread().map_err(|_| Why::Disk),
            };
            match started {
                Ok(thread) => self.stdin = Some((id, thread)),
                Err(why) => return self.refused.0.push_back(ReadDone::Looked(id, Err(why))),
            }
        }
        match &mut self.stdin {
            Some((owner, thread)) if *owner == job.transfer() => thread.submit(job),
            _ => self.reader.submit(job),
        }
    }

    /// What the thread that reads has found, if it has: ask until there is nothing after each turn
    /// of the loop.
    pub fn try_read(&mut self) -> Option<ReadDone> {
        let stdin = self.stdin.as_mut().and_then(|(_, thread)| thread.try_result());
        stdin.or_else(|| self.reader.try_result()).or_else(|| self.refused.0.pop_front())
    }

    /// Hands a job to the thread that writes where this transfer goes.
    pub fn submit_write(&mut self, job: Write) {
        let id = job.transfer();
        let elsewhere = match &job {
            Write::Look(_, _, target) | Write::Open(_, _, target) => match target {
                Target::Downloads => None,
                Target::Folder(path) => Some(Place::Folder(path.clone())),
                Target::Stdout => Some(Place::Stdout),
            },
            Write::Check(_)
            | Write::From(..)
            | Write::Put(..)
            | Write::Store(..)
            | Write::Abandon(..) => self.elsewhere.remove(&id),
        };
        let is_look = matches!(job, Write::Look(..));
        let is_open = !is_look && !matches!(job, Write::Abandon(..));
        let place = elsewhere.clone().unwrap_or_else(|| self.downloads());
        match self.writer(&place) {
            Ok(thread) => thread.submit(job),
            Err(error) => {
                let words = format!("no thread to write it: {error}");
                let trouble = Trouble { why: Why::Disk, words };
                return self.refused.1.push_back(if is_look {
                    WriteDone::Looked(id, Err(trouble))
                } else {
                    WriteDone::Ready(id, Err(trouble))
                });
            }
        }
        if let Some(place) = elsewhere.filter(|_| is_open) {
            self.elsewhere.insert(id, place);
        }
    }

    /// What a thread that writes has done, if it has: ask until there is nothing after each turn of
    /// the loop.
    pub fn try_write(&mut self) -> Option<WriteDone> {
        let done = self.writers.values_mut().find_map(Thread::try_result);
        if let Some(WriteDone::Stored(id, Ok(_))) = &done {
            self.elsewhere.remove(id);
        }
        if done.is_none() {
            self.end_unused_writers();
        }
        done.or_else(|| self.refused.1.pop_front())
    }

    /// Ends the threads for places that nothing goes to any more.
    fn end_unused_writers(&mut self) {
        let downloads = self.downloads();
        self.writers.retain(|place, thread| {
            let is_used = self.elsewhere.values().any(|used| used == place);
            *place == downloads || is_used || !thread.is_idle()
        });
    }

    /// Hands a job to the thread that keeps the index.
    pub fn submit_index(&mut self, job: Index) {
        self.indexer.submit(Some(job));
    }

    /// What the thread that keeps the index has found, if it has: ask until there is nothing after
    /// each turn of the loop.
    pub fn try_index(&mut self) -> Option<IndexDone> {
        loop {
            let turn = self.indexer.try_result()?;
            if turn.more && self.indexer.is_idle() {
                self.indexer.submit(None);
            }
            if turn.done.is_some() {
                return turn.done;
            }
        }
    }

    fn stdin_thread(&self) -> io::Result<Thread<Read, ReadDone>> {
        let mut sources = Sources::new(self.setup.data_dir.clone());
        Thread::start(&self.waker, "stdin", move |job| sources.run(job))
    }

    /// Whether all that was to be written is: ask before the program ends, when nothing more is
    /// wanted of the answers.
    pub fn is_settled(&mut self) -> bool {
        for writer in self.writers.values_mut() {
            while writer.try_result().is_some() {}
        }
        // One turn more puts on the disk what has changed; hashing goes on in the next run.
        while let Some(turn) = self.indexer.try_result() {
            if turn.more && !std::mem::replace(&mut self.is_ending, true) {
                self.indexer.submit(None);
            }
        }
        self.writers.values().all(Thread::is_idle) && self.indexer.is_idle()
    }

    fn downloads(&self) -> Place {
        Place::Folder(self.setup.download_dir.clone())
    }

    /// The thread that writes to that place, started when it is not there.
    fn writer(&mut self, place: &Place) -> io::Result<&mut Thread<Write, WriteDone>> {
        if !self.writers.contains_key(place) {
            let mut store = Store::at(place.clone());
            let sandbox = Arc::clone(&self.sandbox);
            let thread = Thread::start(&self.waker, "write", move |job| {
                match store.confine(&job) {
                    // The first to be set stays: all threads are confined alike.
                    Ok(Some(confined)) => drop(sandbox.set(confined)),
                    Ok(None) => {}
                    Err((id, trouble)) => return Some(WriteDone::Ready(id, Err(trouble))),
                }
                store.run(job)
            })?;
            self.writers.insert(place.clone(), thread);
        }
        self.writers.get_mut(place).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

//! A file, or standard input, on its way out: its bytes, the hashes of its chunks, its end.

use std::fs::File;
use std::io::{self, Read, Take};
use std::path::Path;

use cap_std::fs::Dir;
use hallway::limits::{CHUNK_BYTES, FILE_RECORD_BYTES};
use hallway::message::files::{Chunk, Why};
use hallway::tree::{ChunkHasher, FileHash, Tree};

use super::walk::why;
use crate::disk::Stamp;
use crate::shell::system;

/// Something that is read from its beginning to its end.
pub(in crate::shell) struct Reading {
    input: Input,
    /// Read already, and not handed out: nothing of it when the end is reached. So who is handed a
    /// record knows whether it is the last.
    held: Vec<u8>,
    chunk: ChunkHasher,
    in_chunk: usize,
    tree: Tree,
    bytes: u64,
}

enum Input {
    /// As far as it was long when it was opened: a file that is written to has no end.
    File(Take<File>, Stamp),
    Stream(Box<dyn Read + Send>),
}

impl Reading {
    /// Opens a file beneath that folder: not what a link points to, and without waiting for the
    /// other end of a pipe.
    ///
    /// # Errors
    /// When it cannot be opened, or is not a regular file.
    pub(in crate::shell) fn open(dir: &Dir, path: &Path) -> Result<(Self, Stamp, bool), Why> {
        let opened = dir.open_with(path, &system::reading());
        let file = opened.map_err(|error| why(&error))?.into_std();
        let about = file.metadata().map_err(|error| why(&error))?;
        if !about.is_file() {
            return Err(Why::NotAFile);
        }
        let stamp = Stamp::of(&about);
        let reading = Self::of(Input::File(file.take(stamp.size), stamp))?;
        Ok((reading, stamp, system::is_executable(&about)))
    }

    /// Reads a stream, which may make the thread wait.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn stream(stream: Box<dyn Read + Send>) -> Result<Self, Why> {
        Self::of(Input::Stream(stream))
    }

    fn of(input: Input) -> Result<Self, Why> {
        let mut reading = Self {
            input,
            held: Vec::new(),
            chunk: ChunkHasher::new(0),
            in_chunk: 0,
            tree: Tree::default(),
            bytes: 0,
        };
        reading.held = reading.record()?;
        Ok(reading)
    }

    /// The next bytes, at most a record's, and the end of their chunk if it is reached. No bytes
    /// only where the file is empty. Not to be called after the last chunk.
    ///
    /// # Errors
    /// When it cannot be read, or is not the same any more.
    pub(in crate::shell) fn next(&mut self) -> Result<(Vec<u8>, Option<Chunk>), Why> {
        let ahead = self.record()?;
        let bytes = std::mem::replace(&mut self.held, ahead);
        self.chunk.push(&bytes);
        self.in_chunk += bytes.len();
        self.bytes += bytes.len() as u64;
        let last = self.held.is_empty();
        if !last && self.in_chunk < CHUNK_BYTES {
            return Ok((bytes, None));
        }
        if last {
            self.check_the_end()?;
        }
        let index = self.tree.chunks();
        let hash = self.chunk.finish(last && index == 0);
        self.tree.push(hash);
        self.chunk = ChunkHasher::new(index + 1);
        self.in_chunk = 0;
        // The number is filled in by whoever sends it.
        Ok((bytes, Some(Chunk { number: 0, hash, last })))
    }

    /// Bytes handed out.
    pub(in crate::shell) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What the chunks handed out come to.
    pub(in crate::shell) fn hash(&self) -> Option<FileHash> {
        self.tree.file_hash()
    }

    /// As many bytes as a record holds; fewer at the end.
    fn record(&mut self) -> Result<Vec<u8>, Why> {
        let most = match &self.input {
            Input::File(file, _) => usize::try_from(file.limit()).unwrap_or(usize::MAX),
            Input::Stream(_) => usize::MAX,
        };
        // Not by `read_to_end`, which asks three times for as much.
        let mut bytes = vec![0; most.min(FILE_RECORD_BYTES)];
        let mut length = 0;
        while let Some(rest @ [_, ..]) = bytes.get_mut(length..) {
            let read = match &mut self.input {
                Input::File(file, _) => file.read(rest),
                Input::Stream(stream) => stream.read(rest),
            };
            match read {
                Ok(0) => {
                    // A terminal would go on after its end.
                    if let Input::Stream(stream) = &mut self.input {
                        *stream = Box::new(io::empty());
                    }
                    break;
                }
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Why::Unreadable),
            }
        }
        if matches!(self.input, Input::File(..)) && length < bytes.len() {
            // It was cut short. It may grow again before its end is looked at, and the chunks
            // behind would begin anywhere.
            return Err(Why::Changed);
        }
        bytes.truncate(length);
        Ok(bytes)
    }

    fn check_the_end(&self) -> Result<(), Why> {
        let Input::File(file, stamp) = &self.input else { return Ok(()) };
        let about = file.get_ref().metadata().map_err(|error| why(&error))?;
        let same = Stamp::of(&about) == *stamp && self.bytes == stamp.size;
        if same { Ok(()) } else { Err(Why::Changed) }
    }
}

#[cfg(test)]
mod tests {
    use cap_std::ambient_authority;

    use super::*;

    #[test]
    fn a_file_that_is_cut_short_and_grows_again_while_it_is_read_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, vec![7; 2 * CHUNK_BYTES]).unwrap();
        let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        let (mut reading, ..) = Reading::open(&dir, "file".as_ref()).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_len(FILE_RECORD_BYTES as u64 + 1).unwrap();
        let mut end = reading.next().err();
        file.set_len(2 * CHUNK_BYTES as u64).unwrap();
        while end.is_none() {
            end = reading.next().err();
        }
        assert_eq!(end, Some(Why::Changed));
    }
}

//! Which runs of our programs on this machine have announced themselves: who was killed could not
//! say goodbye, so the next one does it for them.
//!
//! Each run has a file in the data directory, named like its UDN and locked as long as it lives. A
//! file that nobody holds a lock on belongs to a run that has ended. Nothing here is fatal: on a
//! disk that cannot be written, ghosts stay in the lists of others until they expire.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use ssdp::target::Udn;

use crate::limits::EARLIER_RUNS_MAX;

/// A run that is announced; dropped when it has said goodbye itself.
#[derive(Debug)]
pub struct Run {
    path: PathBuf,
    /// Locked: the system lets go of it however the program ends.
    _file: File,
}

impl Run {
    /// Notes, in `folder`, that the run with this name is announced.
    ///
    /// # Errors
    /// When the disk does not do what it should.
    pub fn begin(folder: &Path, udn: &Udn) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        // Locked before it has its name: a program that starts in between would take it for ended.
        let unfinished = folder.join(format!("{UNFINISHED}{}", udn.bare()));
        let file = OpenOptions::new().write(true).create_new(true).open(&unfinished)?;
        let path = folder.join(udn.bare());
        let named = file.try_lock().map_err(io::Error::from);
        if let Err(error) = named.and_then(|()| fs::rename(&unfinished, &path)) {
            // Where nothing can be locked, as on some network disks, each start would leave one.
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
        Ok(Self { path, _file: file })
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // What stays behind gets a second goodbye at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

/// The runs in `folder` that ended without a goodbye; they are forgotten by that. At most
/// [`EARLIER_RUNS_MAX`].
pub fn take_ended(folder: &Path) -> Vec<Udn> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut ended = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let bare = name.strip_prefix(UNFINISHED).unwrap_or(name);
        let Some(udn) = Udn::parse(bare).filter(|_| bare.len() == UUID_BYTES) else { continue };
        let is_ours = File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
        if is_ours && fs::remove_file(&path).is_ok() && name == bare {
            ended.push(udn);
        }
    }
    ended.truncate(EARLIER_RUNS_MAX);
    ended
}

/// What the name of a file begins with before it is locked.
const UNFINISHED: &str = ".";
/// Length of a UUID as text.
const UUID_BYTES: usize = 36;

#[cfg(test)]
mod tests {
    use super::*;

    fn udn(number: u8) -> Udn {
        Udn::random([number; 16])
    }

    /// A run that was killed: its lock is gone, its file is not.
    fn killed(folder: &Path, number: u8) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(udn(number).bare()), "").unwrap();
    }

    #[test]
    fn a_run_that_was_killed_is_taken_once_and_one_that_lives_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("announced");
        let living = Run::begin(&folder, &udn(1)).unwrap();
        killed(&folder, 2);
        assert_eq!(take_ended(&folder), [udn(2)]);
        assert_eq!(take_ended(&folder), []);
        drop(living);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }

    #[test]
    fn many_that_were_killed_are_all_forgotten_and_a_few_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        (0..40).for_each(|number| killed(folder.path(), number));
        assert_eq!(take_ended(folder.path()).len(), EARLIER_RUNS_MAX);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_not_ours_is_left_alone_and_what_was_never_announced_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        fs::write(folder.path().join(format!(".{}", udn(3).bare())), "").unwrap();
        assert_eq!(take_ended(folder.path()), []);
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().collect();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].file_name(), "notes.txt");
    }

    #[test]
    fn a_run_that_cannot_be_noted_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let in_the_way = folder.path().join(udn(1).bare());
        fs::create_dir(&in_the_way).unwrap();
        assert!(Run::begin(folder.path(), &udn(1)).is_err());
        fs::remove_dir(in_the_way).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_disk_that_cannot_be_used_is_an_error_and_nothing_worse() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(Run::begin(&file.join("announced"), &udn(1)).is_err());
        assert_eq!(take_ended(&file.join("announced")), []);
    }
}

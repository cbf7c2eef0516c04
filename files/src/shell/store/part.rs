//! A part: a hidden folder for something that has not come to its end.
//!
//! `.NAME.PIECE.hallway-part`, PIECE telling the sender, with the file `state` and with `data`,
//! which is the file or the folder itself.

use std::fs::File;
use std::io;
use std::path::Path;

use cap_std::fs::{Dir, DirBuilder};
use hallway::limits::{PART_DAYS_MAX, PART_FROM_CHARS_MAX, SAME_PARTS_MAX};
use hallway::message::files::Kind;

use super::PART_ENDING;
use super::ledger::{Found, Ledger};
use crate::disk::Arriving;
use crate::shell::system;

/// An open part, which no other transfer has.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) dir: Dir,
    pub(super) ledger: Ledger,
}

impl Part {
    /// The part of this that is there, if it is not in use; else a new one. Also says whether there
    /// was one.
    pub(super) fn open(base: &Dir, arriving: &Arriving) -> io::Result<(Self, bool)> {
        let mut free = None;
        for number in 1..=SAME_PARTS_MAX {
            let name = name_of(arriving, number);
            match system::open_dir(base, &name) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    free.get_or_insert(name);
                }
                // A file, a link, another user's: it stays what it is.
                Err(_) => {}
                Ok(dir) if !system::is_ours(&dir) => {}
                Ok(dir) => match Ledger::open(&dir, arriving) {
                    Found::Same(ledger) => return Ok((Self { name, dir, ledger }, true)),
                    Found::Other => {}
                    Found::Damaged => {
                        base.remove_dir_all(&name)?;
                        free.get_or_insert(name);
                    }
                },
            }
        }
        let name = free.ok_or(io::ErrorKind::AlreadyExists)?;
        Ok((Self::create(base, name, arriving)?, false))
    }

    fn create(base: &Dir, name: String, arriving: &Arriving) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        // Until it is verified it is nobody else's to see.
        #[cfg(unix)]
        cap_std::fs::DirBuilderExt::mode(&mut builder, 0o700);
        base.create_dir_with(&name, &builder)?;
        let dir = system::open_dir(base, &name)?;
        let ledger = Ledger::create(&dir, arriving)?;
        if arriving.kind == Kind::Folder {
            dir.create_dir(DATA)?;
        }
        Ok(Self { name, dir, ledger })
    }

    /// Throws away what has come, and begins anew.
    pub(super) fn clear(&mut self, kind: Kind) -> io::Result<()> {
        self.ledger.clear()?;
        match self.dir.symlink_metadata(DATA) {
            Ok(about) if about.is_dir() => self.dir.remove_dir_all(DATA)?,
            Ok(_) => self.dir.remove_file(DATA)?,
            Err(_) => {}
        }
        match kind {
            Kind::File => Ok(()),
            Kind::Folder => self.dir.create_dir(DATA),
        }
    }

    /// Where the entries of a folder go.
    pub(super) fn data_dir(&self) -> io::Result<Dir> {
        system::open_dir(&self.dir, DATA)
    }

    /// Bytes that were written into it, by what `state` says and the last file's length.
    pub(super) fn bytes(&self, kind: Kind) -> u64 {
        if kind == Kind::File {
            return self.dir.symlink_metadata(DATA).map_or(0, |about| about.len());
        }
        let mut items = self.ledger.items();
        let (mut whole, mut last) = (0_u64, 0);
        while let Some(item) = items.next::<super::ledger::Item>() {
            whole = whole.saturating_add(last);
            last = item.entry.bytes.unwrap_or(0);
        }
        whole
    }
}

/// The part of this, to look at it; `None` when there is none, or it is in use.
pub(super) fn find(base: &Dir, arriving: &Arriving) -> Option<Part> {
    (1..=SAME_PARTS_MAX).find_map(|number| {
        let name = name_of(arriving, number);
        let dir = system::open_dir(base, &name).ok().filter(system::is_ours)?;
        match Ledger::open(&dir, arriving) {
            Found::Same(ledger) => Some(Part { name, dir, ledger }),
            Found::Other | Found::Damaged => None,
        }
    })
}

/// Removes parts that nobody came back for.
pub(super) fn remove_old(base: &Dir) {
    let Ok(entries) = base.entries() else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| is_name(name)) else { continue };
        let Ok(dir) = system::open_dir(base, name) else { continue };
        if system::is_ours(&dir) && is_old(&dir) {
            // What cannot be removed is tried again at the next start.
            let _ = base.remove_dir_all(name);
        }
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(PART_ENDING)
}

/// Whether nothing in it has changed for long.
fn is_old(dir: &Dir) -> bool {
    let limit = std::time::Duration::from_secs(PART_DAYS_MAX * 24 * 60 * 60);
    let changed = [".", "state", DATA].map(|name| dir.symlink_metadata(name)?.modified());
    changed
        .into_iter()
        .flatten()
        .all(|changed| changed.into_std().elapsed().is_ok_and(|age| age > limit))
}

fn name_of(arriving: &Arriving, number: u32) -> String {
    // Nothing but letters and digits: it becomes part of a path.
    let from = arriving.from.chars().filter(char::is_ascii_alphanumeric).take(PART_FROM_CHARS_MAX);
    let from: String = from.collect();
    let again = if number > 1 { format!("-{number}") } else { String::new() };
    format!(".{}.{from}{again}{PART_ENDING}", arriving.name)
}

/// Opens a file that is there, to read and to write.
pub(super) fn open_to_write(dir: &Dir, path: &Path) -> io::Result<File> {
    let file = dir.open_with(path, system::writing().read(true))?.into_std();
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// The file or folder itself.
pub(super) const DATA: &str = "data";

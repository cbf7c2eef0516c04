//! What lies in a folder that is sent, in the same order each time, links not followed.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use hallway::limits;
use hallway::message::files::{Kind, Why};
use hallway::text::EntryPath;
use walkdir::{DirEntry, WalkDir};

use crate::shell::store::PART_ENDING;
use crate::shell::system;

/// What is met on the way.
pub(in crate::shell) enum Met {
    /// A file or a folder: where it is, and what it is called in the stream.
    Found(PathBuf, EntryPath, Kind),
    /// Something that is left out.
    LeftOut(EntryPath, Why),
    /// The way itself is gone.
    Lost(Why),
}

/// A way through a folder, or past one file.
pub(in crate::shell) struct Walk {
    root: PathBuf,
    /// Nothing in here is sent.
    private: PathBuf,
    way: Way,
}

enum Way {
    File(Option<EntryPath>),
    Folder(walkdir::IntoIter),
}

impl Walk {
    /// A way past this one file.
    pub(in crate::shell) fn file(path: PathBuf, entry: EntryPath) -> Self {
        Self { root: path, private: PathBuf::new(), way: Way::File(Some(entry)) }
    }

    /// A way through this folder.
    pub(in crate::shell) fn folder(root: PathBuf, private: PathBuf) -> Self {
        let way = WalkDir::new(&root).min_depth(1).follow_root_links(false).sort_by_file_name();
        Self { root, private, way: Way::Folder(way.into_iter()) }
    }

    /// What comes next.
    pub(in crate::shell) fn next(&mut self) -> Option<Met> {
        let way = match &mut self.way {
            Way::File(entry) => {
                return entry.take().map(|path| Met::Found(self.root.clone(), path, Kind::File));
            }
            Way::Folder(way) => way,
        };
        let met = match way.next()? {
            Ok(met) => met,
            Err(error) => {
                let why = error.io_error().map_or(Why::Unreadable, why);
                let named = error.path().and_then(|path| nearest(&self.root, path));
                return Some(named.map_or(Met::Lost(why), |path| Met::LeftOut(path, why)));
            }
        };
        let is_folder = met.file_type().is_dir();
        let path = entry_path(&self.root, met.path());
        let refused = match &path {
            None => Some(Why::TooDeep),
            Some(_) => refused(&met, &self.private),
        };
        match (path, refused) {
            (Some(path), None) => {
                let kind = if is_folder { Kind::Folder } else { Kind::File };
                Some(Met::Found(met.into_path(), path, kind))
            }
            (path, why) => {
                if is_folder {
                    way.skip_current_dir();
                }
                let why = why.unwrap_or(Why::TooDeep);
                let named = path.or_else(|| nearest(&self.root, met.path()));
                Some(named.map_or(Met::Lost(why), |path| Met::LeftOut(path, why)))
            }
        }
    }
}

/// What is never sent: what is neither file nor folder, our own secrets, half of what somebody
/// else is sending here.
fn refused(met: &DirEntry, private: &Path) -> Option<Why> {
    let kind = met.file_type();
    if met.path() == private {
        Some(Why::Unreadable)
    } else if !kind.is_dir() && !kind.is_file() || is_part(met.file_name()) {
        Some(Why::NotAFile)
    } else {
        None
    }
}

fn is_part(name: &OsStr) -> bool {
    name.as_encoded_bytes().ends_with(PART_ENDING.as_bytes())
}

/// What a path is called in the stream; `None` when it is too deep or too long.
fn entry_path(root: &Path, path: &Path) -> Option<EntryPath> {
    let names: Vec<_> = path.strip_prefix(root).ok()?.iter().map(OsStr::to_string_lossy).collect();
    EntryPath::of(names.iter().map(AsRef::as_ref)).ok()
}

/// The same of the deepest folder on the way to it that can be named; `None` at the root.
fn nearest(root: &Path, path: &Path) -> Option<EntryPath> {
    path.ancestors().take_while(|path| *path != root).find_map(|path| entry_path(root, path))
}

/// Why something that the system refuses is not sent.
pub(in crate::shell) fn why(error: &io::Error) -> Why {
    match error.kind() {
        io::ErrorKind::NotFound => Why::Gone,
        _ if system::is_link(error) => Why::NotAFile,
        _ => Why::Unreadable,
    }
}

/// Files and folders on a way, and bytes of all files.
///
/// # Errors
/// When it cannot be gone, or has more than [`limits::ENTRIES_MAX`].
pub(in crate::shell) fn count(mut walk: Walk) -> Result<(u64, u64), Why> {
    let (mut entries, mut bytes) = (0, 0);
    while let Some(met) = walk.next() {
        match met {
            Met::LeftOut(..) => {}
            Met::Lost(why) => return Err(why),
            Met::Found(path, _, kind) => {
                // What has gone in this moment is not counted, as it will not be sent.
                let Ok(about) = path.symlink_metadata() else { continue };
                entries += 1;
                bytes += if kind == Kind::File { about.len() } else { 0 };
                if entries > limits::ENTRIES_MAX {
                    return Err(Why::TooDeep);
                }
            }
        }
    }
    Ok((entries, bytes))
}

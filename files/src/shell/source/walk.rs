//! What lies in a folder that is sent, in the same order each time, links not followed.
//!
//! Everything is opened beneath the folder's handle: a folder that is replaced by a link while the
//! way goes on leads nowhere.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::vec::IntoIter;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use hallway::limits;
use hallway::message::files::{Kind, Why};
use hallway::text::EntryPath;

use crate::shell::store::PART_ENDING;
use crate::shell::system;

/// What is met on the way.
pub(in crate::shell) enum Met {
    /// A file or a folder: where it is beneath the walk's folder, and what it is called in the
    /// stream.
    Found(PathBuf, EntryPath, Kind),
    /// Something that is left out.
    LeftOut(EntryPath, Why),
}

/// A way through a folder, or past one file.
pub(in crate::shell) struct Walk {
    /// Everything is beneath this.
    pub(in crate::shell) dir: Dir,
    root: PathBuf,
    /// Nothing in here is sent.
    private: PathBuf,
    /// Folders that are not through, from the outermost.
    levels: Vec<Level>,
    /// What is met before anything else.
    first: Option<Met>,
}

struct Level {
    path: PathBuf,
    /// Names, and what they are if that can be sent.
    rest: IntoIter<(OsString, Option<Kind>)>,
}

impl Walk {
    /// A way past this one file.
    ///
    /// # Errors
    /// When its folder cannot be opened.
    pub(in crate::shell) fn file(path: &Path, entry: EntryPath) -> Result<Self, Why> {
        let (dir, name) = system::open_parent(path).map_err(|error| why(&error))?;
        let first = Some(Met::Found(name.into(), entry, Kind::File));
        let (root, private) = (PathBuf::new(), PathBuf::new());
        Ok(Self { dir, root, private, levels: Vec::new(), first })
    }

    /// A way through this folder, past `private`.
    ///
    /// # Errors
    /// When it cannot be opened, or is no folder.
    pub(in crate::shell) fn folder(root: &Path, private: &Path) -> Result<Self, Why> {
        let opened = match system::open_parent(root) {
            Ok((parent, name)) => system::open_dir(&parent, name),
            Err(_) if root.parent().is_none() => Dir::open_ambient_dir(root, ambient_authority()),
            Err(error) => Err(error),
        };
        let dir = opened.map_err(|error| why(&error))?;
        let rest = list(&dir, ".".as_ref()).map_err(|error| why(&error))?;
        let levels = vec![Level { path: PathBuf::new(), rest }];
        let (root, private) = (root.to_owned(), private.to_owned());
        Ok(Self { dir, root, private, levels, first: None })
    }

    /// What comes next.
    pub(in crate::shell) fn next(&mut self) -> Option<Met> {
        if let Some(met) = self.first.take() {
            return Some(met);
        }
        let (path, kind) = loop {
            let level = self.levels.last_mut()?;
            match level.rest.next() {
                Some((name, kind)) => break (level.path.join(name), kind),
                None => self.levels.pop(),
            };
        };
        let Some(entry) = entry_path(&path) else {
            // The deepest folder on the way to it that can be named.
            let named = path.ancestors().find_map(entry_path)?;
            return Some(Met::LeftOut(named, Why::TooDeep));
        };
        Some(match kind {
            _ if self.root.join(&path) == self.private => Met::LeftOut(entry, Why::Unreadable),
            None => Met::LeftOut(entry, Why::NotAFile),
            Some(Kind::File) => Met::Found(path, entry, Kind::File),
            Some(Kind::Folder) => {
                match list(&self.dir, &path) {
                    Ok(rest) => self.levels.push(Level { path: path.clone(), rest }),
                    Err(error) => return Some(Met::LeftOut(entry, why(&error))),
                }
                Met::Found(path, entry, Kind::Folder)
            }
        })
    }
}

/// What is in a folder, by name.
fn list(dir: &Dir, path: &Path) -> io::Result<IntoIter<(OsString, Option<Kind>)>> {
    let mut names = Vec::new();
    for entry in dir.read_dir(path)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        // Links and devices are not sent, nor half of what somebody else is sending here.
        let kind = match (kind.is_file(), kind.is_dir()) {
            (true, _) => Some(Kind::File),
            (_, true) if !name.as_encoded_bytes().ends_with(PART_ENDING.as_bytes()) => {
                Some(Kind::Folder)
            }
            _ => None,
        };
        names.push((name, kind));
    }
    names.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    Ok(names.into_iter())
}

/// What a path beneath the root is called in the stream; `None` when it is too deep or too long.
fn entry_path(path: &Path) -> Option<EntryPath> {
    let names: Vec<_> = path.iter().map(OsStr::to_string_lossy).collect();
    EntryPath::of(names.iter().map(AsRef::as_ref)).ok()
}

/// Why something that the system refuses is not sent.
pub(in crate::shell) fn why(error: &io::Error) -> Why {
    if error.kind() == io::ErrorKind::NotFound {
        Why::Gone
    } else if system::is_link(error) {
        Why::NotAFile
    } else {
        Why::Unreadable
    }
}

/// Files and folders on a way, and bytes of all files.
///
/// # Errors
/// When there are more than [`limits::ENTRIES_MAX`], or more bytes than can be counted: files with
/// holes can say any size.
pub(in crate::shell) fn count(mut walk: Walk) -> Result<(u64, u64), Why> {
    let (mut entries, mut bytes) = (0, 0_u64);
    while let Some(met) = walk.next() {
        let Met::Found(path, _, kind) = met else { continue };
        // What has gone in this moment is not counted, as it will not be sent.
        let Ok(about) = system::about(&walk.dir, &path) else { continue };
        entries += 1;
        let more = if kind == Kind::File { about.len() } else { 0 };
        bytes = bytes.checked_add(more).ok_or(Why::TooDeep)?;
        if entries > limits::ENTRIES_MAX {
            return Err(Why::TooDeep);
        }
    }
    Ok((entries, bytes))
}

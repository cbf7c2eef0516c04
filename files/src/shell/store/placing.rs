//! What is whole goes into its place: on the disk for good, under a name that nobody has.

use cap_std::fs::{Dir, OpenOptions};
use hallway::limits::SAME_NAMES_MAX;
use hallway::message::files::Kind;
use hallway::text::FileName;

use super::fault::Fault;
use super::filling::{Filling, set_modified};
use super::ledger::Item;
use super::part::{DATA, open_to_write};
use super::places::Places;
use crate::disk::Stamp;
use crate::shell::system;

/// Moves what a part holds into its place, and removes the part.
///
/// Who is told "stored" can rely on it over a power cut: the bytes are on the disk before the name
/// is, and both before this returns. A file is synced alone; of a folder the whole file system is,
/// once, which takes less than thousands of files one by one.
///
/// Gives its name there, and how a file was before anybody could come upon it and change it.
pub(super) fn place(
    base: &Dir,
    filling: Filling,
    name: &FileName,
) -> Result<(FileName, Option<Stamp>), Fault> {
    if filling.current.is_some() {
        return Err(Fault::Stream("a file ended before its last chunk"));
    }
    let stamp = match filling.kind {
        Kind::File if filling.prefix.reached() != (1, 0) => {
            return Err(Fault::Stream("no file came"));
        }
        Kind::File => {
            let file = open_to_write(&filling.data, DATA.as_ref())?;
            file.sync_all()?;
            Some(Stamp::of(&file.metadata()?))
        }
        Kind::Folder => {
            set_folder_times(&filling);
            system::sync_around(&filling.data)?;
            None
        }
    };
    let placed = move_in(base, &filling.part.dir, name)?;
    system::sync_dir(base)?;
    let part = filling.part.name;
    // What stays of it is removed with the old parts: what was received is in its place.
    let _ = base.remove_dir_all(part);
    Ok((placed, stamp))
}

fn move_in(base: &Dir, part: &Dir, name: &FileName) -> Result<FileName, Fault> {
    for number in 1..=SAME_NAMES_MAX {
        let name = if number > 1 { name.numbered(number) } else { name.clone() };
        match system::move_in(part, DATA, base, name.as_str()) {
            Ok(()) => return Ok(name),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(std::io::Error::from(std::io::ErrorKind::AlreadyExists).into())
}

/// Now that nothing more comes into them.
fn set_folder_times(filling: &Filling) {
    let mut places = Places::default();
    let mut items = filling.part.ledger.items();
    while let Some(item) = items.next::<Item>() {
        let Ok(path) = places.path_of(&item) else { return };
        if item.entry.kind == Kind::Folder
            && let Ok(folder) = filling.data.open_with(path, OpenOptions::new().read(true))
        {
            set_modified(&folder.into_std(), &item.entry);
        }
    }
}

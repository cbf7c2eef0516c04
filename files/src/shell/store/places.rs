//! Which folder of what is received is which on the disk: names can be taken there.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cap_std::fs::Dir;
use hallway::limits::{SAME_NAMES_MAX, SAME_NAMES_OFTEN};
use hallway::message::files::{Entry, Kind};
use hallway::text::FileName;

use super::fault::Fault;
use super::ledger::Item;

/// The folders that lead to what came last. A sender goes through a folder from above, so those
/// that lead to the next entry are always among them.
#[derive(Clone, Default)]
pub(super) struct Places {
    way: Vec<(FileName, PathBuf)>,
    /// The numbers given last to names that came often, in each of those folders and at the top.
    numbers: Vec<BTreeMap<FileName, u32>>,
}

impl Places {
    /// Where the folder of this entry is, seen from `data`; empty at the top.
    ///
    /// # Errors
    /// When that folder has not come.
    pub(super) fn folder_of(&mut self, entry: &Entry) -> Result<PathBuf, Fault> {
        let names = entry.path.names();
        let (_, above) = names.split_last().ok_or(Fault::Stream("an entry has no name"))?;
        self.way.truncate(above.len());
        self.numbers.resize_with(above.len() + 1, BTreeMap::new);
        if !self.way.iter().map(|(name, _)| name).eq(above) {
            return Err(Fault::Stream("an entry came before its folder"));
        }
        Ok(self.way.last().map(|(_, path)| path.clone()).unwrap_or_default())
    }

    /// Where an item of `state` is; a folder is remembered.
    pub(super) fn path_of(&mut self, item: &Item) -> Result<PathBuf, Fault> {
        let folder = self.folder_of(&item.entry)?;
        let on_disk = item.name().ok_or(Fault::Stream("an entry has no name"))?;
        let path = folder.join(on_disk.as_str());
        if let (Kind::Folder, Some(name)) = (item.entry.kind, item.entry.path.names().last()) {
            self.way.push((name.clone(), path.clone()));
        }
        Ok(path)
    }

    /// The entry with a number that makes its name a free one: two names can become the same when
    /// they are put right, and some disks do not tell `a` from `A`.
    pub(super) fn numbered(&mut self, data: &Dir, entry: Entry) -> Result<Item, Fault> {
        let folder = self.folder_of(&entry)?;
        let mut item = Item { entry, number: 1 };
        let wanted = item.name().ok_or(Fault::Stream("an entry has no name"))?;
        let last = self.numbers.last().and_then(|numbers| numbers.get(&wanted));
        item.number = last.map_or(1, |last| last + 1);
        while item.number <= SAME_NAMES_MAX {
            let name = item.name().ok_or(Fault::Stream("an entry has no name"))?;
            match data.symlink_metadata(folder.join(name.as_str())) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    if let Some(numbers) = self.numbers.last_mut()
                        && item.number >= SAME_NAMES_OFTEN
                    {
                        numbers.insert(wanted, item.number);
                    }
                    return Ok(item);
                }
                Err(error) => return Err(error.into()),
                Ok(_) => item.number += 1,
            }
        }
        Err(Fault::Stream("too many entries of one name"))
    }
}

//! What is received into one folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use hallway::message::files::Kind;
use hallway::tree::FileHash;

use super::checking::{Checked, Checking};
use super::fault::Fault;
use super::filling::Filling;
use super::part::{self, Part};
use super::placing;
use crate::disk::{Arriving, Keep, Piece, Placed, Ready, Room, TransferId, Trouble};
use crate::shell::system;

/// A folder, and the transfers that go into it.
pub(super) struct Shelf {
    path: PathBuf,
    base: Option<Dir>,
    transfers: BTreeMap<TransferId, Transfer>,
}

struct Transfer {
    arriving: Arriving,
    /// What its part is called.
    part: String,
    stage: Stage,
}

enum Stage {
    Checking(Checking),
    Filling(Filling),
    /// It has left its part.
    Placed,
    /// A step failed: what was said then is said again.
    Failed(Trouble),
}

impl Shelf {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, base: None, transfers: BTreeMap::new() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder, made if it is not there and there is room: an empty one is of no use.
    pub(super) fn prepare(&mut self, arriving: &Arriving) -> Result<(), Trouble> {
        self.make(arriving).map_err(|fault| self.trouble(arriving, &fault))
    }

    fn make(&mut self, arriving: &Arriving) -> Result<(), Fault> {
        // Nobody may have looked at this place before. To count what is here can take long.
        let free = self.free()?;
        let takes = |room: Room| room.takes(arriving.bytes);
        if !takes(Room { free, here: 0 }) && !takes(self.room(arriving)?) {
            return Err(Fault::NoRoom(free));
        }
        Ok(std::fs::create_dir_all(&self.path)?)
    }

    pub(super) fn look(&mut self, arriving: &Arriving) -> Result<Room, Trouble> {
        self.room(arriving).map_err(|fault| self.trouble(arriving, &fault))
    }

    fn free(&self) -> Result<u64, Fault> {
        // The folder is made when something is taken: its place is there before.
        let there = self.path.ancestors().find(|path| path.exists());
        Ok(system::free_bytes(there.unwrap_or(Path::new(".")))?)
    }

    fn room(&mut self, arriving: &Arriving) -> Result<Room, Fault> {
        let free = self.free()?;
        if !self.path.exists() {
            return Ok(Room { free, here: 0 });
        }
        let here = part::find(self.base()?, arriving);
        let here = here.map_or(0, |part| part.bytes(arriving.kind));
        Ok(Room { free, here: here.min(arriving.bytes.unwrap_or(here)) })
    }

    pub(super) fn open(&mut self, id: TransferId, arriving: Arriving) -> Result<Ready, Trouble> {
        self.transfers.remove(&id);
        let kind = arriving.kind;
        let open = |shelf: &mut Self| -> Result<(String, Stage), Fault> {
            shelf.make(&arriving)?;
            let (part, was_there) = Part::open(shelf.base()?, &arriving)?;
            let name = part.name.clone();
            let has_data = kind == Kind::File || part.data_dir().is_ok();
            let stage = if was_there && has_data {
                Stage::Checking(Checking::new(part, kind)?)
            } else {
                Stage::Filling(Filling::empty(part, kind)?)
            };
            Ok((name, stage))
        };
        let (part, stage) = open(self).map_err(|fault| self.trouble(&arriving, &fault))?;
        let is_new = matches!(stage, Stage::Filling(_));
        self.transfers.insert(id, Transfer { arriving, part, stage });
        if is_new { Ok(Ready::Here(None, 0)) } else { self.check(id) }
    }

    pub(super) fn check(&mut self, id: TransferId) -> Result<Ready, Trouble> {
        self.step(id, |stage| match stage {
            Stage::Checking(checking) => Ok(match checking.go_on()? {
                Checked::On(checking, bytes) => (Stage::Checking(checking), Ready::Checking(bytes)),
                Checked::Done(filling, Some((have, bytes))) => {
                    (Stage::Filling(filling), Ready::Here(Some(have), bytes))
                }
                Checked::Done(filling, None) => (Stage::Filling(filling), Ready::Here(None, 0)),
            }),
            stage @ (Stage::Filling(_) | Stage::Placed | Stage::Failed(_)) => {
                Ok((stage, Ready::Here(None, 0)))
            }
        })
    }

    pub(super) fn from(&mut self, id: TransferId, at: (u64, u64)) -> Result<(), Trouble> {
        let kind = self.transfers.get(&id).map_or(Kind::File, |transfer| transfer.arriving.kind);
        self.step(id, |stage| {
            let part = match stage {
                Stage::Filling(filling) if filling.prefix.reached() == at => {
                    return Ok((Stage::Filling(filling), ()));
                }
                Stage::Filling(filling) => filling.part,
                Stage::Checking(checking) => checking.into_part(),
                Stage::Placed | Stage::Failed(_) => return Err(Fault::Changed),
            };
            match at {
                (0, 0) => Ok((Stage::Filling(Filling::empty(part, kind)?), ())),
                _ => Err(Fault::Stream("it begins where nothing is")),
            }
        })
    }

    pub(super) fn put(&mut self, id: TransferId, pieces: &[Piece]) -> Result<(), Trouble> {
        self.step(id, |stage| {
            let Stage::Filling(mut filling) = stage else {
                return Err(Fault::Stream("it came before it was wanted"));
            };
            pieces.iter().try_for_each(|piece| filling.put(piece))?;
            Ok((Stage::Filling(filling), ()))
        })
    }

    pub(super) fn store(
        &mut self,
        id: TransferId,
        promised: Option<FileHash>,
    ) -> Result<Placed, Trouble> {
        let wanted = self.transfers.get(&id).map(|transfer| transfer.arriving.name.clone());
        let base = self.base().and_then(|base| Ok(base.try_clone()?));
        let (name, hash, stamp) = self.step(id, |stage| {
            let (Stage::Filling(filling), Some(wanted)) = (stage, wanted) else {
                return Err(Fault::Stream("it came before it was wanted"));
            };
            let hash = filling.hash.filter(|_| filling.kind == Kind::File);
            if promised.is_some() && hash != promised {
                return Err(Fault::Stream("it is not what was promised"));
            }
            let (name, stamp) = placing::place(&base?, filling, &wanted)?;
            Ok((Stage::Placed, (name, hash, stamp)))
        })?;
        self.transfers.remove(&id);
        let path = Some(self.path.join(name.as_str()));
        Ok(Placed { name, path, hash, stamp })
    }

    pub(super) fn abandon(&mut self, id: TransferId, keep: Keep) {
        let Some(transfer) = self.transfers.remove(&id) else { return };
        let is_empty = matches!(&transfer.stage, Stage::Filling(filling)
            if filling.prefix.reached() == (0, 0));
        let name = transfer.part.clone();
        drop(transfer);
        if (is_empty || keep == Keep::Nothing)
            && let Ok(base) = self.base()
        {
            // What stays is removed with the old parts.
            let _ = base.remove_dir_all(name);
        }
    }

    /// Does a step with a transfer, which has failed for good when that fails.
    fn step<T>(
        &mut self,
        id: TransferId,
        step: impl FnOnce(Stage) -> Result<(Stage, T), Fault>,
    ) -> Result<T, Trouble> {
        let Some(mut transfer) = self.transfers.remove(&id) else { return Err(super::not_open()) };
        let done = match transfer.stage {
            Stage::Failed(trouble) => Err(trouble),
            stage @ (Stage::Checking(_) | Stage::Filling(_) | Stage::Placed) => {
                step(stage).map_err(|fault| self.trouble(&transfer.arriving, &fault))
            }
        };
        let (stage, done) = match done {
            Ok((stage, done)) => (stage, Ok(done)),
            Err(trouble) => (Stage::Failed(trouble.clone()), Err(trouble)),
        };
        transfer.stage = stage;
        self.transfers.insert(id, transfer);
        done
    }

    /// The open folder.
    fn base(&mut self) -> Result<&Dir, Fault> {
        if self.base.is_none() {
            let base = Dir::open_ambient_dir(&self.path, ambient_authority())?;
            part::remove_old(&base);
            self.base = Some(base);
        }
        self.base.as_ref().ok_or(Fault::Changed)
    }

    fn trouble(&self, arriving: &Arriving, fault: &Fault) -> Trouble {
        fault.trouble(arriving.name.as_str(), &self.path.display().to_string())
    }
}

//! What a user keeps between runs: an identity and pins, in the data directory.

use std::path::{Path, PathBuf};

use super::clock;
use super::disk::{self, DiskError, DiskErrorKind};
use crate::identity::Identity;
use crate::keyfile::{self, NotAKeyFile};
use crate::limits;
use crate::limits::KEY_FILE_BYTES_MAX;
use crate::pins::Pins;
use crate::text::Name;

/// The data directory of one user.
pub struct Home {
    dir: PathBuf,
    identity_file: &'static str,
}

/// The data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// A file or folder cannot be read or written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The identity file holds something else.
    #[error("{0}: {1}")]
    Key(PathBuf, NotAKeyFile),
}

impl Home {
    /// Opens, or makes, the directory of a person: `chosen`, or the platform's place.
    ///
    /// # Errors
    /// When it cannot be made or entered.
    pub fn of_person(chosen: Option<&Path>) -> Result<Self, HomeError> {
        Ok(Self { dir: disk::data_dir(chosen)?, identity_file: "identity.key" })
    }

    /// The same for a community: it has an identity of its own, beside that of whoever runs it.
    ///
    /// # Errors
    /// When it cannot be made or entered.
    pub fn of_community(chosen: Option<&Path>) -> Result<Self, HomeError> {
        Ok(Self { dir: disk::data_dir(chosen)?, identity_file: "community.key" })
    }

    /// The data directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The identity kept here; a new one at the first time.
    ///
    /// # Errors
    /// When the file cannot be read or written, others can read it, or it is damaged. It is never
    /// replaced.
    pub fn identity(&self) -> Result<Identity, HomeError> {
        let path = self.dir.join(self.identity_file);
        match disk::read_private(&path, KEY_FILE_BYTES_MAX) {
            Err(DiskError { kind: DiskErrorKind::Missing, .. }) => {
                let identity = Identity::from_seed(&clock::seed());
                disk::write_atomic(&path, keyfile::encode(&identity).as_bytes())?;
            }
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
        // Read again after writing: of two programs that start at once, both take what stays.
        let bytes = disk::read_private(&path, KEY_FILE_BYTES_MAX)?;
        keyfile::decode(&bytes).map_err(|error| HomeError::Key(path, error))
    }

    /// Everybody who is known.
    ///
    /// # Errors
    /// When the file is there and cannot be read, or others can write it.
    pub fn pins(&self) -> Result<Pins, HomeError> {
        match disk::read_private(&self.pin_file(), limits::PIN_FILE_BYTES_MAX) {
            Ok(bytes) => Ok(Pins::read(&String::from_utf8_lossy(&bytes))),
            Err(DiskError { kind: DiskErrorKind::Missing, .. }) => Ok(Pins::default()),
            Err(error) => Err(error.into()),
        }
    }

    /// Adds a pin; on the disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember(&self, line: &str) -> Result<(), DiskError> {
        disk::append(&self.pin_file(), line)
    }

    fn pin_file(&self) -> PathBuf {
        self.dir.join("known-peers")
    }

    /// Where runs that are announced on the network are noted.
    pub fn announced_dir(&self) -> PathBuf {
        self.dir.join("announced")
    }

    /// Where the lines typed at prompts are kept.
    pub fn history_file(&self) -> PathBuf {
        self.dir.join("history")
    }
}

/// A name for who runs this program: the user name, made legal.
pub fn user_name() -> Name {
    #[cfg(unix)]
    if let Ok(Some(user)) = nix::unistd::User::from_uid(nix::unistd::Uid::current()) {
        return Name::suggest(&user.name);
    }
    let variable =
        ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    Name::suggest(&variable.unwrap_or_default())
}

/// A name for this machine, made legal.
pub fn host_name() -> Name {
    #[cfg(unix)]
    let host = nix::unistd::gethostname().ok().and_then(|host| host.into_string().ok());
    #[cfg(not(unix))]
    let host = std::env::var("COMPUTERNAME").ok();
    Name::suggest(&host.unwrap_or_else(|| "hallway".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_is_made_once_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::of_person(Some(folder.path())).unwrap();
        let first = home.identity().unwrap().public();
        assert_eq!(home.identity().unwrap().public(), first);
        let community = Home::of_community(Some(folder.path())).unwrap();
        assert_ne!(community.identity().unwrap().public(), first);
    }

    #[test]
    fn a_damaged_identity_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::of_person(Some(folder.path())).unwrap();
        let path = folder.path().join("identity.key");
        disk::write_atomic(&path, b"not a key").unwrap();
        assert!(matches!(home.identity(), Err(HomeError::Key(..))));
        assert_eq!(std::fs::read(&path).unwrap(), b"not a key");
    }
}

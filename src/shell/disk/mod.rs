//! Files: the data directory, whole files replaced at once, lines appended, secrets read.

mod error;
#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::limits::PASSWORD_BYTES_MAX;
use crate::secret::Secret;

pub use self::error::{DiskError, DiskErrorKind};

/// The folder of this user's keys and pins, made if it is not there; only its owner may enter.
/// `chosen` is what `--data-dir` says, else it is the platform's place.
///
/// # Errors
/// When there is no such place, or it cannot be made.
pub fn data_dir(chosen: Option<&Path>) -> Result<PathBuf, DiskError> {
    let dir = match chosen {
        Some(chosen) => chosen.to_owned(),
        None => platform_dir(|name| std::env::var_os(name).map(PathBuf::from))
            .ok_or_else(|| DiskErrorKind::NoHome.at(Path::new("hallway")))?,
    };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(&dir) {
        Ok(()) => Ok(dir),
        // A file of that name.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(DiskErrorKind::NotAFile.at(&dir))
        }
        Err(error) => Err(DiskErrorKind::from(error).at(&dir)),
    }
}

fn platform_dir(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    // An unset home must not become a folder under whatever directory we happen to be in; the XDG
    // specification, too, tells to ignore relative paths.
    let absolute = |name| variable(name).filter(|path| path.is_absolute());
    let base = if cfg!(windows) {
        absolute("APPDATA")?
    } else if cfg!(target_os = "macos") {
        absolute("HOME")?.join("Library/Application Support")
    } else {
        absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")))?
    };
    Some(base.join("hallway"))
}

/// Replaces a file by these bytes, or leaves it as it was: never half of each, whatever happens.
/// Only its owner may read it. On the disk when this returns.
///
/// # Errors
/// When it cannot be written; the old content is then still there.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let write = || {
        let (temporary, mut file) = create_beside(path)?;
        let written = file
            .write_all(bytes)
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            // Best effort: the first error is the one to tell.
            let _ = fs::remove_file(&temporary);
        }
        written?;
        sync_dir(path)
    };
    write().map_err(|error| DiskErrorKind::from(error).at(path))
}

/// A new file in the same folder, for its owner only; renaming works only within a file system.
fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let mut number = 0_u32;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}-{number}.tmp", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&name) {
            Ok(file) => return Ok((name.into(), file)),
            // Another thread's, or left by a dead process that had our number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1000 => {
                number += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Makes a new name in a folder last over a power cut.
fn sync_dir(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        File::open(dir.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// Adds one line to a file, which is made if it is not there; only its owner may read it. On the
/// disk when this returns. What another instance appends at the same time is not torn.
///
/// # Errors
/// When it cannot be written.
///
/// # Panics
/// When `line` contains a line end: it would be two.
pub fn append(path: &Path, line: &str) -> Result<(), DiskError> {
    assert!(!line.contains(['\n', '\r']), "one line was to be appended");
    let write = || {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;

        let mut whole = String::with_capacity(line.len() + 2);
        let mut last = [b'\n'];
        if file.seek(SeekFrom::End(-1)).is_ok() {
            file.read_exact(&mut last)?;
        } else {
            // Empty, so perhaps new.
            sync_dir(path)?;
        }
        if last != [b'\n'] {
            // A crash tore the last line: it must not take ours with it.
            whole.push('\n');
        }
        whole.push_str(line);
        whole.push('\n');
        file.write_all(whole.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error| DiskErrorKind::from(error).at(path))
}

/// Reads a file that only its owner may read or change: a key.
///
/// # Errors
/// When others may, when it is not a regular file of ours, or larger than `max_bytes`.
pub fn read_private(path: &Path, max_bytes: usize) -> Result<Zeroizing<Vec<u8>>, DiskError> {
    let read = || {
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            // Opening a named pipe would wait for its other end.
            let flags = nix::fcntl::OFlag::O_NONBLOCK.bits();
            std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
        }
        let file = options.open(path)?;
        // Asked of the open file: the name may mean another one a moment later.
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(DiskErrorKind::NotAFile);
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            if about.uid() != nix::unistd::geteuid().as_raw() {
                return Err(DiskErrorKind::NotOurs);
            }
            if about.mode() & 0o077 != 0 {
                return Err(DiskErrorKind::TooPermissive);
            }
        }
        read_at_most(file, max_bytes)
    };
    read().map_err(|kind| kind.at(path))
}

/// Reads a password, to the end of the file, which may be `/dev/stdin` or a pipe; one trailing
/// line end is dropped.
///
/// # Errors
/// When it cannot be read, is empty, not UTF-8, or longer than [`PASSWORD_BYTES_MAX`].
pub fn read_password_file(path: &Path) -> Result<Secret, DiskError> {
    let read = || {
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(DiskErrorKind::NotAFile);
        }
        // The line end does not count.
        let bytes = read_at_most(file, PASSWORD_BYTES_MAX + 2)?;
        let text = str::from_utf8(&bytes).map_err(|_| DiskErrorKind::NoPassword)?;
        let password = Secret::new(text).ok_or(DiskErrorKind::NoPassword)?;
        if text.trim_end_matches(['\r', '\n']).len() > PASSWORD_BYTES_MAX {
            return Err(DiskErrorKind::TooLarge);
        }
        Ok(password)
    };
    read().map_err(|kind| kind.at(path))
}

fn read_at_most(mut file: File, max_bytes: usize) -> Result<Zeroizing<Vec<u8>>, DiskErrorKind> {
    // Reserved once, and filled without the help of `read_to_end`, which reads through buffers of
    // its own and leaves copies of a secret behind.
    let mut bytes = Zeroizing::new(vec![0; max_bytes + 1]);
    let mut filled = 0;
    while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
        match file.read(room) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    if filled > max_bytes {
        return Err(DiskErrorKind::TooLarge);
    }
    bytes.truncate(filled);
    Ok(bytes)
}

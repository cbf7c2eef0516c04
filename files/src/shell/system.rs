//! What std does not offer, or not alike on all systems.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};

use crate::disk::Stamp;

/// A path of the bytes that one was made of.
pub(super) fn path_of(bytes: Vec<u8>) -> PathBuf {
    #[cfg(unix)]
    {
        let path: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(bytes);
        path.into()
    }
    #[cfg(not(unix))]
    {
        String::from_utf8_lossy(&bytes).into_owned().into()
    }
}

impl Stamp {
    pub(super) fn of(about: &Metadata) -> Self {
        #[cfg(unix)]
        let file = {
            use std::os::unix::fs::MetadataExt as _;
            (about.dev(), about.ino())
        };
        #[cfg(not(unix))]
        let file = (0, 0);
        let modified = about.modified().map_or(0, |time| since_1970(time, Duration::as_nanos));
        Self { file, size: about.len(), modified }
    }

    /// In seconds.
    pub(super) fn modified_seconds(&self) -> i64 {
        self.modified.div_euclid(1_000_000_000)
    }
}

/// A time as a number, negative before 1970; what does not fit is as near as it gets.
fn since_1970(time: SystemTime, unit: impl Fn(&Duration) -> u128) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(unit(&after)).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(unit(&before.duration())).map_or(i64::MIN, |nanos| -nanos),
    }
}

/// The time, in seconds since 1970.
pub(super) fn seconds_now() -> i64 {
    since_1970(SystemTime::now(), |age| age.as_secs().into())
}

/// The time of so many seconds since 1970, if a disk can say it.
pub(super) fn time_of(seconds: i64) -> Option<SystemTime> {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if !DISK_SECONDS.contains(&seconds) {
        None
    } else if seconds < 0 {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    }
}

/// What ext4 can say: years 1901 to 2446. Some others can say more, and some programs then fall
/// over what they read.
const DISK_SECONDS: std::ops::Range<i64> = -(1 << 31)..(1 << 31) + 3 * (1 << 32);

/// What there is to know of something beneath a folder; of a link, of itself.
pub(super) fn about(dir: &Dir, path: &Path) -> io::Result<Metadata> {
    // Not by cap-std's own, which stumbles over the earliest of all times.
    let mut options = reading();
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NOFOLLOW | OFlags::PATH).bits().cast_signed();
        cap_std::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    dir.open_with(path, &options)?.into_std().metadata()
}

/// Whether its owner may run it.
pub(super) fn is_executable(about: &Metadata) -> bool {
    #[cfg(unix)]
    {
        std::os::unix::fs::MetadataExt::mode(about) & 0o100 != 0
    }
    #[cfg(not(unix))]
    {
        let _ = about;
        false
    }
}

/// Options for a file that is read, not followed if it is a link, not waited for if it is a pipe.
pub(super) fn reading() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    no_waiting_no_links(&mut options);
    options
}

/// The same for a file that is written.
pub(super) fn writing() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    no_waiting_no_links(&mut options);
    options
}

fn no_waiting_no_links(options: &mut OpenOptions) {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        cap_std::fs::OpenOptionsExt::custom_flags(options, flags);
    }
    #[cfg(not(unix))]
    let _ = options;
}

/// Whether that was refused because it is a link.
pub(super) fn is_link(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}

/// The open folder that something is in, and its name there. No link on the way is followed: the
/// path was resolved before, and who owns a folder on it may have put a link there since.
pub(super) fn open_parent(path: &Path) -> io::Result<(Dir, &OsStr)> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::NotFound.into());
    };
    let root = parent.ancestors().last().unwrap_or(parent);
    let mut dir = Dir::open_ambient_dir(root, ambient_authority())?;
    for name in parent.strip_prefix(root).unwrap_or(parent) {
        dir = open_to_pass(&dir, name)?;
    }
    Ok((dir, name))
}

/// Opens a folder in a folder, not a link to one, to open what is in it: it need not be readable
/// where the system can do that.
fn open_to_pass(within: &Dir, name: &OsStr) -> io::Result<Dir> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::PATH;
        let opened = rustix::fs::openat(within, name, flags, Mode::empty())?;
        Ok(Dir::from_std_file(File::from(opened)))
    }
    #[cfg(not(target_os = "linux"))]
    open_dir(within, name)
}

/// Opens a folder in a folder, if it is one and not a link to one.
pub(super) fn open_dir(within: &Dir, name: impl AsRef<Path>) -> io::Result<Dir> {
    #[cfg(unix)]
    {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
        let opened = rustix::fs::openat(within, name.as_ref(), flags, Mode::empty())?;
        Ok(Dir::from_std_file(File::from(opened)))
    }
    #[cfg(not(unix))]
    within.open_dir(name)
}

/// Whether a folder belongs to this user: in a folder that all may write to, what another one has
/// made is not gone on with.
pub(super) fn is_ours(dir: &Dir) -> bool {
    #[cfg(unix)]
    {
        let owner = dir.dir_metadata().map(|about| cap_std::fs::MetadataExt::uid(&about));
        owner.is_ok_and(|owner| owner == rustix::process::geteuid().as_raw())
    }
    #[cfg(not(unix))]
    {
        let _ = dir;
        true
    }
}

/// Moves `name` from one folder into another under a new name, unless that is taken.
///
/// # Errors
/// `AlreadyExists`, and whatever else the system says.
pub(super) fn move_in(from: &Dir, name: &str, into: &Dir, new: &str) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        use rustix::fs::{RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(from, name, into, new, RenameFlags::NOREPLACE) {
            // NFS and some others have no such thing.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            moved => return moved.map_err(Into::into),
        }
    }
    move_in_by_reserving(from, name, into, new)
}

/// The same where a move always overwrites: a new and empty thing of that name keeps its place
/// until it is overwritten.
fn move_in_by_reserving(from: &Dir, name: &str, into: &Dir, new: &str) -> io::Result<()> {
    if from.symlink_metadata(name)?.is_dir() {
        into.create_dir(new)?;
    } else {
        into.open_with(new, OpenOptions::new().write(true).create_new(true))?;
    }
    from.rename(name, into, new)
}

/// Bytes that this user can still write in the file system of an open folder or file.
pub(super) fn free_bytes(path: &Path) -> io::Result<u64> {
    #[cfg(unix)]
    {
        let about = rustix::fs::statvfs(path)?;
        Ok(about.f_bavail.saturating_mul(about.f_frsize))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        Ok(u64::MAX)
    }
}

/// Has the system put everything of a file system on its disk.
pub(super) fn sync_around(dir: &Dir) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::fs::syncfs(dir)?;
    let _ = dir;
    Ok(())
}

/// Makes new names in a folder last over a power cut.
pub(super) fn sync_dir(dir: &Dir) -> io::Result<()> {
    if cfg!(unix) {
        // Opened anew: what paths are looked up in can be a handle for nothing else.
        open_dir(dir, ".")?.into_std_file().sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_moved_in_overwrites_nothing_on_any_file_system() {
        for by in [move_in, move_in_by_reserving] {
            let folder = tempfile::tempdir().unwrap();
            let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
            dir.write("new", "new").unwrap();
            dir.write("taken", "old").unwrap();
            dir.symlink("nowhere", "link").unwrap();
            dir.create_dir("folder").unwrap();
            for taken in ["taken", "link", "folder"] {
                let error = by(&dir, "new", &dir, taken).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::AlreadyExists, "{taken}");
            }
            assert_eq!(dir.read("taken").unwrap(), b"old");
            by(&dir, "new", &dir, "free").unwrap();
            assert_eq!(dir.read("free").unwrap(), b"new");
            by(&dir, "folder", &dir, "moved").unwrap();
            assert!(dir.metadata("moved").unwrap().is_dir());
        }
    }

    #[test]
    fn times_before_and_after_1970_keep_their_seconds() {
        for seconds in [-1_000_000_i64, -1, 0, 1, 1_700_000_000] {
            let time = time_of(seconds).unwrap();
            let modified = since_1970(time, Duration::as_nanos);
            let stamp = Stamp { file: (0, 0), size: 0, modified };
            assert_eq!(stamp.modified_seconds(), seconds);
        }
        for seconds in [i64::MIN, i64::MIN + 1, 1 << 40, i64::MAX] {
            assert_eq!(time_of(seconds), None);
        }
    }
}

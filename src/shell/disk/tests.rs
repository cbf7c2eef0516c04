//! Real files in temporary folders.

use super::*;

fn names(dir: &Path) -> Vec<String> {
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string();
    fs::read_dir(dir).unwrap().map(|entry| name(entry).unwrap()).collect()
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_file_is_replaced_whole_and_nothing_else_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    write_atomic(&path, b"first and longer").unwrap();
    write_atomic(&path, b"second").unwrap();
    assert_eq!(**read_private(&path, 6).unwrap(), *b"second");
    assert_eq!(names(dir.path()), ["key"]);
    #[cfg(unix)]
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_failed_replacement_leaves_the_old_content_and_no_rubbish() {
    let dir = tempfile::tempdir().unwrap();
    // A folder that is not empty cannot be renamed over: the failure comes last of all.
    let path = dir.path().join("key");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("old"), b"old").unwrap();
    assert!(write_atomic(&path, b"new").is_err());
    assert_eq!(fs::read(path.join("old")).unwrap(), b"old");
    assert_eq!(names(dir.path()), ["key"]);
}

#[test]
#[cfg(unix)]
fn a_key_that_others_can_read_or_change_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    write_atomic(&path, b"secret").unwrap();
    for open in [0o644, 0o640, 0o604, 0o620, 0o602, 0o601] {
        set_mode(&path, open);
        let error = read_private(&path, 100).unwrap_err();
        assert_eq!(error, DiskErrorKind::TooPermissive.at(&path), "{open:o}");
    }
    set_mode(&path, 0o400);
    assert!(read_private(&path, 100).is_ok());
    assert!(error_text(&path, 1).contains("too large"), "{}", error_text(&path, 1));
}

#[cfg(unix)]
fn error_text(path: &Path, max_bytes: usize) -> String {
    read_private(path, max_bytes).unwrap_err().to_string()
}

#[test]
fn what_is_missing_too_large_or_no_file_is_refused_as_that() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let kind = |path: &Path| read_private(path, 5).unwrap_err().kind;
    assert_eq!(kind(&path), DiskErrorKind::Missing);
    write_atomic(&path, b"12345").unwrap();
    assert!(read_private(&path, 5).is_ok());
    write_atomic(&path, b"123456").unwrap();
    assert_eq!(kind(&path), DiskErrorKind::TooLarge);
    #[cfg(unix)]
    {
        assert_eq!(kind(dir.path()), DiskErrorKind::NotAFile);
        assert_eq!(kind(Path::new("/dev/zero")), DiskErrorKind::NotAFile);
        let pipe = dir.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(kind(&pipe), DiskErrorKind::NotAFile);
    }
}

#[test]
fn lines_are_appended_and_a_torn_one_does_not_take_the_next_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pins");
    append(&path, "one").unwrap();
    append(&path, "two").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    fs::write(&path, "one\ntw").unwrap();
    append(&path, "three").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntw\nthree\n");
}

#[test]
fn the_data_directory_is_made_for_its_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a/hallway");
    assert_eq!(data_dir(Some(&path)).unwrap(), path);
    assert_eq!(data_dir(Some(&path)).unwrap(), path, "the second time");
    #[cfg(unix)]
    assert_eq!(mode(&path), 0o700);
    fs::write(dir.path().join("file"), b"").unwrap();
    let error = data_dir(Some(&dir.path().join("file"))).unwrap_err();
    assert_eq!(error.kind, DiskErrorKind::NotAFile);
}

#[test]
#[cfg(all(unix, not(target_os = "macos")))]
fn the_platform_directory_follows_xdg_and_ignores_relative_paths() {
    let place = |xdg: Option<&str>, home: Option<&str>| {
        platform_dir(|name| match name {
            "XDG_DATA_HOME" => xdg.map(PathBuf::from),
            "HOME" => home.map(PathBuf::from),
            _ => None,
        })
    };
    assert_eq!(place(Some("/x"), Some("/h")), Some("/x/hallway".into()));
    assert_eq!(place(Some("x"), Some("/h")), Some("/h/.local/share/hallway".into()));
    assert_eq!(place(None, Some("")), None);
}

#[test]
fn a_password_file_is_read_to_its_limit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("password");
    write_atomic(&path, b"tall frog\n").unwrap();
    assert_eq!(read_password_file(&path).unwrap().reveal(), "tall frog");
    let mut longest = vec![b'x'; PASSWORD_BYTES_MAX];
    longest.push(b'\n');
    write_atomic(&path, &longest).unwrap();
    assert!(read_password_file(&path).is_ok());
    let kind = |bytes: &[u8]| {
        write_atomic(&path, bytes).unwrap();
        read_password_file(&path).err().unwrap().kind
    };
    assert_eq!(kind(&[b'x'; PASSWORD_BYTES_MAX + 1]), DiskErrorKind::TooLarge);
    assert_eq!(kind(b"\n"), DiskErrorKind::NoPassword);
    assert_eq!(kind(b"\xff\xfe"), DiskErrorKind::NoPassword);
}

//! Paths of this machine as people type them: `~`, and what Tab makes of a beginning.

use std::env::home_dir;
use std::fs::{DirEntry, metadata, read_dir};
use std::path::{Path, PathBuf};

use crate::limits::FOLDER_READ_MAX;
use crate::text::shown;

/// The path with the home folder for `~` at its beginning.
pub fn expanded(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// What a path that begins like this can become; folders end with `/`. Hidden ones only where the
/// beginning is hidden, too, and nothing whose name could not be shown as it is.
pub(super) fn beginning_with(typed: &str, only_folders: bool) -> Vec<String> {
    if typed == "~" {
        return vec!["~/".into()];
    }
    let (folder, beginning) = match typed.rfind('/') {
        Some(slash) => typed.split_at(slash + 1),
        None => ("", typed),
    };
    let place = if folder.is_empty() { PathBuf::from(".") } else { expanded(Path::new(folder)) };
    let Ok(entries) = read_dir(&place) else { return Vec::new() };
    let names = entries.take(FOLDER_READ_MAX).flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let is_meant = name.starts_with(beginning)
            && (beginning.starts_with('.') || !name.starts_with('.'))
            && shown(&name) == name;
        let is_folder = is_meant && is_folder(&entry);
        let end = if is_folder { "/" } else { "" };
        (is_meant && (is_folder || !only_folders)).then(|| format!("{folder}{name}{end}"))
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// Whether it is a folder, or a link that leads to one.
fn is_folder(entry: &DirEntry) -> bool {
    match entry.file_type() {
        Ok(kind) if kind.is_symlink() => metadata(entry.path()).is_ok_and(|found| found.is_dir()),
        kind => kind.is_ok_and(|kind| kind.is_dir()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["notes.txt", "my file.txt", ".hidden", "evil\u{202e}.txt", "two\nlines"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        std::fs::create_dir(folder.path().join("more")).unwrap();
        std::os::unix::fs::symlink("more", folder.path().join("link")).unwrap();
        folder
    }

    fn names(folder: &tempfile::TempDir, beginning: &str, only_folders: bool) -> Vec<String> {
        let root = format!("{}/", folder.path().display());
        let found = beginning_with(&format!("{root}{beginning}"), only_folders);
        found.iter().map(|path| path.strip_prefix(&root).unwrap().to_owned()).collect()
    }

    #[test]
    fn what_is_visible_and_can_be_shown_is_completed() {
        let folder = folder();
        assert_eq!(names(&folder, "", false), ["link/", "more/", "my file.txt", "notes.txt"]);
        assert_eq!(names(&folder, "m", false), ["more/", "my file.txt"]);
        assert_eq!(names(&folder, ".h", false), [".hidden"]);
        assert_eq!(names(&folder, "", true), ["link/", "more/"]);
        assert!(names(&folder, "x", false).is_empty());
        assert!(names(&folder, "no/such/", false).is_empty());
    }

    #[test]
    fn the_home_folder_is_written_with_a_tilde() {
        let home = home_dir().unwrap();
        assert_eq!(expanded(Path::new("~")), home);
        assert_eq!(expanded(Path::new("~/a b")), home.join("a b"));
        for other in ["~al/a", "a/~", "/a"] {
            assert_eq!(expanded(Path::new(other)), Path::new(other));
        }
        assert_eq!(beginning_with("~", false), ["~/"]);
    }
}

//! The lines typed earlier, in a file: one a line, newest last.
//!
//! Not rustyline's own file: it changes the umask of the whole process for a moment, gives up at
//! the first line that is not UTF-8, and would show control characters of a tampered file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::limits::{HISTORY_BYTES_MAX, HISTORY_LINES_MAX};

/// The history file. Whatever fails with it fails silently: a chat without it is still a chat.
pub(super) struct HistoryFile {
    path: PathBuf,
}

impl HistoryFile {
    /// Reads the newest lines of the file at `path`, oldest first, leaving out what nobody can have
    /// typed. A file that has grown far beyond the limit is cut.
    pub(super) fn open(path: PathBuf) -> (Self, Vec<String>) {
        let file = Self { path };
        let Ok(bytes) = file.read() else { return (file, Vec::new()) };
        let all: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        let valid = all.iter().filter_map(|line| str::from_utf8(line).ok()).filter(|l| keeps(l));
        let mut lines: Vec<String> = valid.map(str::to_owned).collect();
        lines.drain(..lines.len().saturating_sub(HISTORY_LINES_MAX));
        if all.len() > 2 * HISTORY_LINES_MAX || bytes.len() as u64 >= HISTORY_BYTES_MAX {
            let _ = file.rewrite(&lines);
        }
        (file, lines)
    }

    /// Adds one line, if a file of lines can hold it: a pasted block stays in memory only.
    pub(super) fn append(&self, line: &str) {
        if keeps(line) {
            // One write: several programs may share the file.
            let _ = options()
                .append(true)
                .open(&self.path)
                .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
        }
    }

    fn read(&self) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.path)?;
        // A history says more than its owner may want; so does one copied here with other rights.
        let _ = file.set_permissions(PermissionsExt::from_mode(0o600));
        let too_long = file.metadata()?.len().saturating_sub(HISTORY_BYTES_MAX);
        file.seek(SeekFrom::Start(too_long))?;
        let mut bytes = Vec::new();
        file.take(HISTORY_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn rewrite(&self, lines: &[String]) -> io::Result<()> {
        let fresh = with_ending(&self.path, ".new");
        let mut text = lines.join("\n");
        text.push('\n');
        options().write(true).truncate(true).open(&fresh)?.write_all(text.as_bytes())?;
        std::fs::rename(&fresh, &self.path)
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).mode(0o600);
    options
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn keeps(line: &str) -> bool {
    !line.trim().is_empty() && !line.starts_with(' ') && !line.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_in_order_and_the_file_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        let (file, lines) = HistoryFile::open(path.clone());
        assert!(lines.is_empty());
        for line in ["one", " hidden", "two\nlines", "\u{1b}[2J", "drei \u{fc}"] {
            file.append(line);
        }
        assert_eq!(HistoryFile::open(path.clone()).1, ["one", "drei \u{fc}"]);
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_gives_its_good_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        std::fs::write(&path, b"good\n\xff\xfe\nbad\x1b[31m\n\ntail").unwrap();
        assert_eq!(HistoryFile::open(path).1, ["good", "tail"]);
    }

    #[test]
    fn a_file_that_has_grown_is_cut_to_its_newest_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        let long: String = (0..3 * HISTORY_LINES_MAX).map(|n| format!("line {n}\n")).collect();
        std::fs::write(&path, &long).unwrap();
        let (_, lines) = HistoryFile::open(path.clone());
        assert_eq!(lines.len(), HISTORY_LINES_MAX);
        assert_eq!(lines.last().unwrap(), &format!("line {}", 3 * HISTORY_LINES_MAX - 1));
        assert_eq!(std::fs::read_to_string(path).unwrap().lines().count(), HISTORY_LINES_MAX);
    }

    #[test]
    fn an_unwritable_place_is_no_error() {
        let (file, lines) = HistoryFile::open(PathBuf::from("/proc/no/such/history"));
        file.append("one");
        assert!(lines.is_empty());
    }
}

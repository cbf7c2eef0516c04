//! Passwords that nobody has to type: from a file or from the environment.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::limits::PASSWORD_BYTES_MAX;
use crate::secret::Secret;

/// Why a password given beforehand cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordTrouble {
    /// The file is not there, or this user may not read it.
    #[error("cannot read the password file {0}: is the path right, and may you read it?")]
    Unreadable(PathBuf),
    /// The file holds nothing, or only a line end.
    #[error("the password file {0} is empty: write the password into its first line")]
    EmptyFile(PathBuf),
    /// The file is no password file.
    #[error(
        "the password file {0} is longer than {PASSWORD_BYTES_MAX} bytes: is it the right one?"
    )]
    FileTooLong(PathBuf),
    /// The file, or the variable, is no text.
    #[error("the password in {0} is not UTF-8 text: save it as UTF-8")]
    NotText(String),
    /// The variable is set to nothing.
    #[error("the variable {0} is empty: set it to the password, or unset it to be asked")]
    EmptyVariable(String),
    /// The variable holds no password.
    #[error("the variable {0} is longer than {PASSWORD_BYTES_MAX} bytes: is it the right text?")]
    VariableTooLong(String),
}

/// A password from `file` or, without one, from the first of the variables `env_names` that is set.
/// One trailing line end is dropped, no more. `None` when neither is given.
///
/// The variable stays in the environment: taking it out needs `unsafe` in this edition, because
/// another thread may be reading. So does any process of the same user read it; a file is better.
///
/// # Errors
/// When a password was given but is empty, too long, not text or not readable: never silently none.
pub fn password_from(
    file: Option<&Path>,
    env_names: &[&str],
) -> Result<Option<Secret>, PasswordTrouble> {
    if let Some(path) = file {
        return from_file(path).map(Some);
    }
    for name in env_names {
        if let Some(value) = std::env::var_os(name) {
            let value =
                value.into_string().map_err(|_| PasswordTrouble::NotText((*name).into()))?;
            return from_variable(name, Zeroizing::new(value)).map(Some);
        }
    }
    Ok(None)
}

fn from_file(path: &Path) -> Result<Secret, PasswordTrouble> {
    // Reserved once, with room for a line end and one byte too many: growing would leave copies.
    let most = PASSWORD_BYTES_MAX + 2;
    let mut bytes = Zeroizing::new(Vec::with_capacity(most + 1));
    let read = File::open(path).and_then(|file| file.take(most as u64 + 1).read_to_end(&mut bytes));
    if read.is_err() {
        return Err(PasswordTrouble::Unreadable(path.into()));
    }
    if bytes.len() > most {
        return Err(PasswordTrouble::FileTooLong(path.into()));
    }
    let text =
        str::from_utf8(&bytes).map_err(|_| PasswordTrouble::NotText(path.display().to_string()))?;
    let secret = Secret::new(text).ok_or_else(|| PasswordTrouble::EmptyFile(path.into()))?;
    if without_line_end(text).len() > PASSWORD_BYTES_MAX {
        return Err(PasswordTrouble::FileTooLong(path.into()));
    }
    Ok(secret)
}

fn from_variable(name: &str, value: Zeroizing<String>) -> Result<Secret, PasswordTrouble> {
    if without_line_end(&value).len() > PASSWORD_BYTES_MAX {
        return Err(PasswordTrouble::VariableTooLong(name.into()));
    }
    Secret::new(&value).ok_or_else(|| PasswordTrouble::EmptyVariable(name.into()))
}

fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_with(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    fn trouble(bytes: &[u8]) -> PasswordTrouble {
        let (_folder, path) = file_with(bytes);
        password_from(Some(&path), &[]).err().unwrap()
    }

    #[test]
    fn a_file_wins_over_the_environment_and_loses_one_line_end() {
        let (_folder, path) = file_with(b" frog pond \n");
        // Cargo sets this one for every test.
        let secret = password_from(Some(&path), &["CARGO_PKG_NAME"]).unwrap().unwrap();
        assert_eq!(secret.reveal(), " frog pond ");
    }

    #[test]
    fn the_first_variable_that_is_set_is_taken() {
        let secret =
            password_from(None, &["HALLWAY_NO_SUCH_VARIABLE", "CARGO_PKG_NAME"]).unwrap().unwrap();
        assert_eq!(secret.reveal(), std::env::var("CARGO_PKG_NAME").unwrap());
        assert!(password_from(None, &["HALLWAY_NO_SUCH_VARIABLE"]).unwrap().is_none());
    }

    #[test]
    fn nothing_given_is_not_the_same_as_an_empty_password() {
        assert!(password_from(None, &[]).unwrap().is_none());
        assert!(matches!(trouble(b""), PasswordTrouble::EmptyFile(_)));
        assert!(matches!(trouble(b"\r\n"), PasswordTrouble::EmptyFile(_)));
        let empty = from_variable("X", Zeroizing::new(String::new())).err().unwrap();
        assert_eq!(empty, PasswordTrouble::EmptyVariable("X".into()));
    }

    #[test]
    fn what_is_no_password_is_refused_in_words() {
        let longest = [b'a'; PASSWORD_BYTES_MAX];
        let (_folder, path) = file_with(&[&longest[..], b"\r\n"].concat());
        assert!(password_from(Some(&path), &[]).unwrap().is_some());
        let longer = [&longest[..], b"a"].concat();
        assert!(matches!(trouble(&longer), PasswordTrouble::FileTooLong(_)));
        assert!(matches!(trouble(&[b'a'; 9000]), PasswordTrouble::FileTooLong(_)));
        assert!(matches!(trouble(b"\xff\xfe"), PasswordTrouble::NotText(_)));
        let missing = password_from(Some(Path::new("/no/such/file")), &[]).err().unwrap();
        assert_eq!(
            missing.to_string(),
            "cannot read the password file /no/such/file: is the path right, and may you read it?"
        );
    }
}

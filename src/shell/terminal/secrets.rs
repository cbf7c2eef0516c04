//! Passwords that nobody has to type: from a file or from the environment.

use std::path::Path;

use zeroize::Zeroizing;

use crate::limits::PASSWORD_BYTES_MAX;
use crate::secret::Secret;
use crate::shell::disk::{self, DiskError};

/// Why a password given beforehand cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordTrouble {
    /// The file cannot be used.
    #[error("password file {0}")]
    File(#[from] DiskError),
    /// The variable is no text.
    #[error("the password in {0} is not UTF-8 text")]
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
        return Ok(Some(disk::read_password_file(path)?));
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
    use std::path::PathBuf;

    fn file_with(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, bytes).unwrap();
        (folder, path)
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
        let (_folder, path) = file_with(b"\n");
        assert!(matches!(password_from(Some(&path), &[]), Err(PasswordTrouble::File(_))));
        let empty = from_variable("X", Zeroizing::new(String::new())).err().unwrap();
        assert_eq!(empty, PasswordTrouble::EmptyVariable("X".into()));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let missing = password_from(Some(Path::new("/no/such/file")), &[]).err().unwrap();
        assert_eq!(
            missing.to_string(),
            "password file /no/such/file: it does not exist: check the name"
        );
    }

    #[test]
    fn a_variable_that_is_too_long_is_refused() {
        let long = Zeroizing::new("a".repeat(PASSWORD_BYTES_MAX + 1));
        let trouble = from_variable("X", long).err().unwrap();
        assert_eq!(trouble, PasswordTrouble::VariableTooLong("X".into()));
    }
}

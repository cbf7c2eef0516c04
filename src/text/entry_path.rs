//! Where something lies inside a folder that is sent.

use std::fmt;

use thiserror::Error;

use crate::limits;
use crate::text::FileName;

/// The way from the folder that is sent to one of its entries: legal names, from the top.
///
/// It cannot lead out of the folder, whatever the sender wrote.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryPath(Vec<FileName>);

/// A path that nobody's folder has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PathError {
    /// No component.
    #[error("a path without a name")]
    Empty,
    /// More than [`limits::DEPTH_MAX`] components.
    #[error("more than {} folders inside each other", limits::DEPTH_MAX)]
    TooDeep,
    /// More than [`limits::PATH_BYTES_MAX`] bytes.
    #[error("a path of more than {} bytes", limits::PATH_BYTES_MAX)]
    TooLong,
}

impl EntryPath {
    /// The path of these components, each put right by [`FileName::of`].
    ///
    /// # Errors
    /// None, too many, or too long together.
    pub fn of<'a>(components: impl IntoIterator<Item = &'a str>) -> Result<Self, PathError> {
        let mut names = Vec::new();
        let mut bytes = 0;
        for component in components {
            if names.len() == limits::DEPTH_MAX {
                return Err(PathError::TooDeep);
            }
            let name = FileName::of(component);
            bytes += name.as_str().len() + "/".len();
            if bytes > limits::PATH_BYTES_MAX {
                return Err(PathError::TooLong);
            }
            names.push(name);
        }
        if names.is_empty() { Err(PathError::Empty) } else { Ok(Self(names)) }
    }

    /// Its names, from the top.
    pub fn names(&self) -> &[FileName] {
        &self.0
    }
}

impl fmt::Display for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("/")?;
            }
            write!(f, "{name}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_component_leads_up_or_away() {
        let path = EntryPath::of(["..", "a/../../etc", "C:\\x", ".ssh", "nul"]).unwrap();
        assert_eq!(path.to_string(), "_/etc/x/_ssh/_nul");
    }

    #[test]
    fn depth_and_length_are_bounded_exactly() {
        assert_eq!(EntryPath::of([]), Err(PathError::Empty));
        assert!(EntryPath::of(["d"; limits::DEPTH_MAX]).is_ok());
        assert_eq!(EntryPath::of(["d"; limits::DEPTH_MAX + 1]), Err(PathError::TooDeep));
        let name = "n".repeat(127);
        assert!(EntryPath::of(vec![name.as_str(); 16]).is_ok());
        assert_eq!(EntryPath::of(vec![name.as_str(); 17]), Err(PathError::TooLong));
    }
}

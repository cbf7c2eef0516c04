//! Where what is received goes unless somebody says otherwise.

use std::path::{Path, PathBuf};

/// The download folder of this user, or one in the data directory.
pub fn download_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("downloads")
}

//! Where what is received goes unless somebody says otherwise.

use std::path::{Path, PathBuf};

/// The download folder of this user, which need not be there: what the desktop calls so
/// (`XDG_DOWNLOAD_DIR`, as a variable or in `user-dirs.dirs`), else `Downloads` in the home
/// directory, else `downloads` in the data directory.
pub fn download_dir(data_dir: &Path) -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    found(variable, |path| std::fs::read_to_string(path).ok())
        .unwrap_or_else(|| data_dir.join("downloads"))
}

fn found(
    variable: impl Fn(&str) -> Option<PathBuf>,
    read: impl Fn(&Path) -> Option<String>,
) -> Option<PathBuf> {
    // Relative paths are to be ignored, says the specification.
    let absolute = |name| variable(name).filter(|path| path.is_absolute());
    if let Some(named) = absolute("XDG_DOWNLOAD_DIR") {
        return Some(named);
    }
    let home = absolute(if cfg!(windows) { "USERPROFILE" } else { "HOME" })?;
    let config = absolute("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
    let named = read(&config.join("user-dirs.dirs")).and_then(|text| named(&text, &home));
    Some(named.unwrap_or_else(|| home.join("Downloads")))
}

/// The line `XDG_DOWNLOAD_DIR="$HOME/Downloads"`. The home directory itself means that there is
/// none.
fn named(text: &str, home: &Path) -> Option<PathBuf> {
    let mut lines = text.lines().rev();
    let value = lines.find_map(|line| line.trim().strip_prefix("XDG_DOWNLOAD_DIR="))?;
    let value = value.trim_matches('"');
    let path = match value.strip_prefix("$HOME") {
        Some(rest) => home.join(rest.trim_start_matches('/')),
        None => PathBuf::from(value),
    };
    (path.is_absolute() && path != home).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)], file: Option<&str>) -> Option<PathBuf> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| PathBuf::from(value))
        };
        found(variable, |path| {
            assert_eq!(path, Path::new("/home/k/.config/user-dirs.dirs"));
            file.map(str::to_owned)
        })
    }

    #[test]
    #[cfg(unix)]
    fn the_folder_is_the_desktops_or_downloads_at_home() {
        let home = ("HOME", "/home/k");
        let file = "# comment\nXDG_DOWNLOAD_DIR=\"$HOME/Herunter geladen\"\nXDG_MUSIC_DIR=\"/m\"";
        for (variables, file, expected) in [
            (&[("XDG_DOWNLOAD_DIR", "/d"), home][..], Some(file), Some("/d")),
            (&[("XDG_DOWNLOAD_DIR", "d"), home], None, Some("/home/k/Downloads")),
            (&[home], Some(file), Some("/home/k/Herunter geladen")),
            (&[home], Some("XDG_DOWNLOAD_DIR=\"/data\""), Some("/data")),
            (&[home], Some("XDG_DOWNLOAD_DIR=\"$HOME/\""), Some("/home/k/Downloads")),
            (&[home], Some("XDG_DOWNLOAD_DIR=\"data\""), Some("/home/k/Downloads")),
            (&[home], None, Some("/home/k/Downloads")),
            (&[], None, None),
        ] {
            assert_eq!(
                with(variables, file),
                expected.map(PathBuf::from),
                "{variables:?} {file:?}"
            );
        }
    }
}

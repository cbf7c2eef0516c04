//! The files of this repository, as text, for the tests of documentation and form.
#![allow(
    dead_code,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "each test uses a part of it"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust source, sorted by path.
pub(crate) fn rust_files() -> Vec<(PathBuf, String)> {
    files_ending(".rs")
}

/// Every document.
pub(crate) fn documents() -> Vec<(PathBuf, String)> {
    files_ending(".md")
}

fn files_ending(end: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    collect(&root(), end, &mut found);
    found.sort();
    assert!(found.len() > 5, "the sources are not here");
    found
}

fn collect(folder: &Path, end: &str, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            // What is built, and what is not ours to look at.
            if name != "target" && !name.starts_with('.') {
                collect(&path, end, found);
            }
        } else if name.ends_with(end) {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
}

/// Everything between single backticks.
pub(crate) fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    let outside_fences = text.split("```").step_by(2);
    outside_fences.flat_map(|part| part.split('`').skip(1).step_by(2))
}

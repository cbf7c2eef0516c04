//! The form of the sources: sizes, heads, and what may be named only where it belongs.
// A test is a program: it reads files, and a failed helper is a failed test.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

#[path = "support/sources.rs"]
mod sources;

use sources::{root, rust_files};

const COLUMNS_MAX: usize = 100;
const LINES_MAX: usize = 400;
const TEST_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

/// A source with its path inside the repository.
struct Source {
    path: String,
    text: String,
}

fn all() -> Vec<Source> {
    let inside = |path: &std::path::Path| {
        path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/")
    };
    rust_files().into_iter().map(|(path, text)| Source { path: inside(&path), text }).collect()
}

impl Source {
    /// Whether it is no part of a program: a test, a bench, an example.
    fn is_test(&self) -> bool {
        let folders = ["tests/", "benches/", "examples/", "fuzz/"];
        folders.iter().any(|folder| {
            self.path.starts_with(folder) || self.path.contains(&format!("/{folder}"))
        }) || self.path.ends_with("tests.rs")
    }

    /// The part before the unit tests.
    fn program(&self) -> &str {
        self.text.split("#[cfg(test)]\nmod tests {").next().unwrap()
    }
}

/// Fails with everything that was found at once.
fn none(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

#[test]
fn every_file_begins_by_saying_what_it_is() {
    let silent = all().into_iter().filter(|source| !source.text.starts_with("//!"));
    none("no `//!` at the head", silent.map(|source| source.path).collect());
}

#[test]
fn no_line_is_longer_than_a_screen() {
    let mut found = Vec::new();
    for source in all() {
        for (at, line) in source.text.lines().enumerate() {
            if line.chars().count() > COLUMNS_MAX {
                found.push(format!("{}:{}", source.path, at + 1));
            }
        }
    }
    none("more than 100 columns", found);
}

#[test]
fn no_file_is_longer_than_one_thing_takes() {
    let mut found = Vec::new();
    for source in all() {
        let lines = source.text.lines().count();
        if lines > if source.is_test() { TEST_LINES_MAX } else { LINES_MAX } {
            found.push(format!("{}: {lines} lines", source.path));
        }
    }
    none("too long", found);
}

/// Names and lengths of the functions of a source: from `fn` to the brace in the same column.
fn functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let words = line.trim_start();
        let indent = line.len() - words.len();
        let is_function = words.starts_with("fn ")
            || words.starts_with("const fn ")
            || words.starts_with("pub") && words.split('(').next().unwrap().contains(" fn ")
            || words.starts_with("pub(") && words.contains(") fn ");
        if !is_function || words.ends_with([';', '}']) {
            continue;
        }
        let end = format!("{}}}", " ".repeat(indent));
        let length = lines[at..].iter().position(|line| **line == end);
        found.push((at + 1, length.map_or(1, |length| length + 1)));
    }
    found
}

#[test]
fn functions_are_measured_from_their_name_to_their_brace() {
    let text = "fn one() {\n    two();\n}\n\nimpl X {\n    pub(crate) fn three() {}\n\n    \
                pub fn four(\n        self,\n    ) {\n        five\n    }\n}\n";
    assert_eq!(functions(text), [(1, 3), (8, 5)]);
}

#[test]
fn no_function_is_longer_than_a_screen() {
    let mut found = Vec::new();
    let mut seen = 0;
    for source in all() {
        for (at, length) in functions(&source.text) {
            seen += 1;
            if length > FUNCTION_LINES_MAX {
                found.push(format!("{}:{at}: {length} lines", source.path));
            }
        }
    }
    assert!(seen > 500, "only {seen} functions seen");
    none("too long", found);
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not find itself.
    let words = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["X", "XX"],
        ["todo", "!("],
        ["unimplemented", "!("],
        ["#[ig", "nore"],
        ["dbg", "!("],
        ["thread::sl", "eep("],
    ];
    let mut found = Vec::new();
    for source in all() {
        for word in words.map(|parts| parts.concat()) {
            if source.text.contains(&word) {
                found.push(format!("{}: {word}", source.path));
            }
        }
    }
    none("left for later", found);
}

#[test]
fn only_the_shell_and_the_loops_may_touch_the_machine() {
    let loops = [
        "src/shell/mod.rs",
        "ssdp/src/shell/mod.rs",
        "discovery/src/shell/mod.rs",
        "files/src/shell/mod.rs",
        "community-server/src/run.rs",
        "node-server/src/run.rs",
        "node-server/src/machine.rs",
        "client/src/run.rs",
        "client/src/bars.rs",
        "client/src/tasks/files.rs",
        "client/src/tasks/mod.rs",
        "client/src/demo.rs",
    ];
    let allowance = ["clippy::disall", "owed"].concat();
    let programs: Vec<Source> = all().into_iter().filter(|source| !source.is_test()).collect();
    let found = programs
        .iter()
        .filter(|source| source.program().contains(&allowance))
        .map(|source| source.path.as_str());
    let mut found: Vec<&str> = found.collect();
    found.sort_unstable();
    let mut expected = loops.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected, "these opt out of clippy.toml");
}

#[test]
fn every_crate_forbids_unsafe_code() {
    let heads = ["/src/lib.rs", "/src/main.rs"];
    for source in all() {
        let path = format!("/{}", source.path);
        if heads.iter().any(|head| path.ends_with(head)) {
            assert!(source.text.contains("#![forbid(unsafe_code)]"), "{}", source.path);
        }
    }
}

/// Each crate, and the only places that name it.
const HOMES: [(&str, &[&str]); 18] = [
    ("opaque_ke", &["src/handshake/opaque.rs", "src/handshake/stretch.rs"]),
    ("sha2", &["src/handshake/opaque.rs"]),
    ("generic_array", &["src/handshake/stretch.rs"]),
    ("argon2", &["src/handshake/stretch.rs"]),
    ("rand_core", &["src/seeds.rs", "src/passphrase.rs"]),
    ("chacha20", &["src/record/cipher.rs"]),
    (
        "blake3",
        &[
            "src/record/cipher.rs",
            "src/handshake/",
            "src/identity.rs",
            "src/seeds.rs",
            "src/tree.rs",
            "src/prefix.rs",
        ],
    ),
    ("ed25519_dalek", &["src/identity.rs"]),
    ("getrandom", &["src/shell/clock.rs"]),
    ("mio", &["src/shell/", "ssdp/src/shell/", "files/src/shell/"]),
    ("socket2", &["src/shell/net/", "ssdp/src/shell/"]),
    ("rustyline", &["src/shell/terminal/"]),
    ("rpassword", &["src/shell/terminal/"]),
    ("signal_hook", &["src/shell/signals.rs"]),
    ("nix", &["src/shell/", "ssdp/src/shell/"]),
    ("rustix", &["ssdp/src/shell/", "files/src/shell/"]),
    ("cap_std", &["files/src/shell/"]),
    ("landlock", &["files/src/shell/sandbox.rs"]),
];

#[test]
fn every_crate_is_named_only_where_it_belongs() {
    let mut found = Vec::new();
    for source in all().iter().filter(|source| !source.is_test()) {
        for (name, homes) in HOMES {
            let is_named = source.program().lines().any(|line| {
                let code = line.trim_start();
                !code.starts_with("//") && names(code, name)
            });
            if is_named && !homes.iter().any(|home| source.path.starts_with(home)) {
                found.push(format!("{}: {name}", source.path));
            }
        }
    }
    none("named outside its place", found);
}

/// Whether a line of code goes into the crate of that name.
fn names(code: &str, name: &str) -> bool {
    let path = format!("{name}::");
    code.match_indices(&path).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

#[test]
fn every_dependency_says_what_it_is_for_and_has_its_row() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let map = std::fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let (_, table) = manifest.split_once("[workspace.dependencies]").unwrap();
    let (table, _) = table.split_once("\n[").unwrap();
    let ours =
        ["hallway", "ssdp", "discovery", "files", "community-server", "node-server", "client"];
    let mut said = false;
    for line in table.lines() {
        let name = line.split(" = ").next().unwrap();
        match line.chars().next() {
            Some('#') => said = true,
            None => said = false,
            Some(first) if first.is_alphabetic() && line.contains(" = ") => {
                assert!(said || ours.contains(&name), "{name} does not say what it is for");
                let short = name.strip_prefix("unicode").unwrap_or(name);
                assert!(ours.contains(&name) || map.contains(short), "{name} has no row");
            }
            Some(_) => {}
        }
    }
}

//! `examples/terminal_echo.rs`, the program that tests of the terminal run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use super::pty::Pty;

/// The example, built: `cargo test --test terminal` alone would leave an old one, or none.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "hallway", "--example", "terminal_echo"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "the example is built");
        let this = std::env::current_exe().unwrap();
        this.parent().unwrap().parent().unwrap().join("examples/terminal_echo")
    })
}

/// A folder with a FIFO; writing to it makes the program go on where it waits.
pub struct Control(TempDir);

impl Control {
    /// A new folder.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mode = nix::sys::stat::Mode::S_IRWXU;
        nix::unistd::mkfifo(&folder.path().join("control"), mode).unwrap();
        Self(folder)
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Lets the program go on.
    pub fn go_on(&self) {
        std::fs::write(self.path("control"), "go").unwrap();
    }

    /// The program on a terminal, with its history in the folder.
    pub fn spawn(&self, args: &[&str], env: &[(&str, &str)]) -> Pty {
        let (control, history) = (self.path("control"), self.path("history"));
        let mut all = vec![("CONTROL", control.as_str()), ("HISTORY", history.as_str())];
        all.extend(env);
        Pty::spawn(program(), args, &all)
    }

    /// The program on a rich terminal, waiting for the first line.
    pub fn rich(&self) -> Pty {
        let pty = self.spawn(&[], &[]);
        pty.wait_for_text("style Rich");
        pty.wait_for_cursor_line("> ");
        pty
    }
}

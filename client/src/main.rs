//! The client: see `client --help`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use hallway::shell::options::command_line;

fn main() -> ExitCode {
    let exit = match command_line() {
        Ok(options) => client::run::run(&options),
        Err(exit) => exit,
    };
    ExitCode::from(exit as u8)
}

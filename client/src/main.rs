//! The client: see `client --help`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let exit = client::run::run(&client::options::Options::parse());
    ExitCode::from(exit as u8)
}

//! A node alone: see `node-server --help`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let exit = node_server::run::run(node_server::options::Options::parse());
    ExitCode::from(exit as u8)
}

//! The community server: see `community-server --help`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let exit = community_server::run::run(&community_server::options::Options::parse());
    ExitCode::from(exit as u8)
}

//! Load on a community: members that really log in, from one loop, to the real program in a process
//! of its own; and the same bytes to a floor without cryptography. `cargo bench --bench load`.
//!
//! `-- --members N` takes one size, `--rounds N` that many runs of each, `--beside-irc` also puts
//! IRC servers beside it. The load is on one core, the server on another: the first two that it may
//! use. The password is stretched once and remembered, as on a reconnect. Then: two who talk, on
//! both cores, while ten thousand arrive, members that never read, silent connections, a flood of
//! first messages.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    missing_docs,
    reason = "a program that measures: it starts processes, and stops at the first surprise"
)]

mod crowd;
#[path = "../support/driven.rs"]
mod driven;
mod hostile;
mod irc;
#[path = "../support/ircd.rs"]
mod ircd;
mod member;
mod plain;
#[path = "../support/process.rs"]
mod process;
mod scale;
mod server;
#[path = "../support/table.rs"]
mod table;
mod talk;
mod trouble;

use std::env;
use std::process::ExitCode;

use clap::Parser as _;
use hallway::shell::hardening::raise_descriptor_limit;
use hallway::shell::options::command_line;

use ircd::Ircd;
use process::{Cores, move_to};
use server::Kind;

/// Says to a process that was started by this one what it is.
const ROLE: &str = "HALLWAY_LOAD_ROLE";

/// Load on a community.
#[derive(clap::Parser)]
struct Plan {
    /// Members of the community; several sizes may be given [default: 1000 and 5000]
    #[arg(long)]
    members: Vec<usize>,
    /// How often everything is measured
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only what depends on the size
    #[arg(long)]
    no_trouble: bool,
    /// Only the conversation during a storm, and the strangers at the door
    #[arg(long)]
    no_scale: bool,
    /// Also those IRC servers that are here
    #[arg(long)]
    beside_irc: bool,
    /// What cargo says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match env::var(ROLE).as_deref() {
        Ok("community") => {
            let exit = match command_line() {
                Ok(options) => community_server::run::run(&options),
                Err(exit) => exit,
            };
            ExitCode::from(exit as u8)
        }
        Ok("talk") => {
            talk::talk(env::args().nth(1).unwrap().parse().unwrap());
            ExitCode::SUCCESS
        }
        Ok(_) => {
            plain::serve(&command_line().unwrap_or_else(|_| panic!("its own command line")));
            ExitCode::SUCCESS
        }
        Err(_) => {
            measure(&Plan::parse());
            ExitCode::SUCCESS
        }
    }
}

fn measure(plan: &Plan) {
    raise_descriptor_limit();
    move_to(Cores::Asking);
    let sizes = if plan.members.is_empty() { &[1_000, 5_000] } else { plan.members.as_slice() };
    let mut kinds = vec![Kind::Community, Kind::Floor];
    if plan.beside_irc {
        kinds.extend(Ircd::ALL.map(Kind::Irc));
    }
    for members in sizes.iter().filter(|_| !plan.no_scale) {
        scale::measure(*members, plan.rounds, &kinds);
    }
    if !plan.no_trouble {
        trouble::measure();
    }
}

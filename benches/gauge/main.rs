//! What things cost, counted and not timed: the same on a busy machine. `cargo bench --bench
//! gauge` counts instructions and allocations of single pieces of work with valgrind, beside the
//! committed counts in `counts.txt`, and fails when something has grown by more than a tenth,
//! is less than half, or is not in the file.
//!
//! `-- --write` commits new counts, `-- --profile NAME` says which functions they are spent in,
//! `-- --heap [N]` who holds the memory of N idle members, `-- --idle` how often idle programs
//! wake up. `HALLWAY_GAUGE_ROLE` says to a process that was started by this one what it is.
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

mod announcing;
mod counted;
mod hall;
mod heap;
mod idle;
mod list;
mod login;
mod moving;
mod table;
mod talk;
mod works;

use std::env;
use std::process::{Command, ExitCode};

use clap::Parser as _;
use hallway::shell::options::command_line;

/// Says to a process that was started by this one what it is.
const ROLE: &str = "HALLWAY_GAUGE_ROLE";

/// What things cost, counted and not timed.
#[derive(clap::Parser)]
struct Plan {
    /// Only works whose name has this in it
    #[arg(long, default_value = "")]
    only: String,
    /// Write the counts to `counts.txt`
    #[arg(long, conflicts_with = "only")]
    write: bool,
    /// The functions that one work is spent in
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Who holds the memory of so many idle members
    #[arg(long, value_name = "MEMBERS", num_args = 0..=1, default_missing_value = "10000")]
    heap: Option<usize>,
    /// How often idle programs wake up
    #[arg(long)]
    idle: bool,
    /// What cargo says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let Ok(role) = env::var(ROLE) else { return measure(&Plan::parse()) };
    let exit = match role.as_str() {
        "features" => works::say_features(),
        "argon2" => works::stretch(),
        "heap" => heap::fill(env::args().nth(1).unwrap().parse().unwrap()),
        "community" => command_line().map_or_else(|exit| exit, |o| community_server::run::run(&o)),
        "node" => command_line().map_or_else(|exit| exit, node_server::run::run),
        "client" => command_line().map_or_else(|exit| exit, |o| client::run::run(&o)),
        name => works::run(name),
    };
    ExitCode::from(exit as u8)
}

fn measure(plan: &Plan) -> ExitCode {
    if let Some(members) = plan.heap {
        heap::show(members);
    } else if plan.idle {
        idle::show();
    } else if let Some(name) = &plan.profile {
        counted::profile(name);
    } else {
        return table::show(&plan.only, plan.write);
    }
    ExitCode::SUCCESS
}

/// Another program that runs this one in a role, or this one alone.
fn in_role(role: &str, around: &[&str]) -> Command {
    let this = env::current_exe().unwrap();
    let mut command = match around {
        [] => Command::new(this),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(this);
            command
        }
    };
    command.env(ROLE, role);
    command
}

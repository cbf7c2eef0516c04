//! The command line of a community server.

use std::path::PathBuf;

use hallway::limits::{GUESS_BURST, MEMBERS_DEFAULT, MEMBERS_MAX};
use hallway::shell::net::ListenAddr;
use hallway::shell::options::{Common, listen_addr};
use hallway::text::Name;

/// Where a community listens unless told otherwise.
pub const PORT: u16 = 5000;

/// A community server: the list of who is online, behind one password.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "community-server", version, about, max_term_width = 80)]
pub struct Options {
    /// Where to listen [default: all addresses, IPv6 and IPv4, port 5000]
    #[arg(long, value_name = "ADDR:PORT", value_parser = listen_addr)]
    pub listen: Option<ListenAddr>,
    /// Name of the community [default: this machine's name]
    #[arg(long, value_name = "TEXT", value_parser = Name::parse)]
    pub name: Option<Name>,
    /// File with the community password [or HALLWAY_COMMUNITY_PASSWORD]
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// How many members at most
    #[arg(long, value_name = "N", default_value_t = MEMBERS_DEFAULT, value_parser = members)]
    pub max_members: usize,
    /// Wrong passwords that one address may try in a row
    #[arg(long, value_name = "N", default_value_t = GUESS_BURST)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub guesses_per_source: u32,
    /// Flags of every program.
    #[command(flatten)]
    pub common: Common,
}

fn members(typed: &str) -> Result<usize, String> {
    let number = typed.parse().ok().filter(|number| (1..=MEMBERS_MAX).contains(number));
    number.ok_or_else(|| format!("a number from 1 to {MEMBERS_MAX}"))
}

//! The command line of a node; `client` takes the same flags.

use std::path::PathBuf;

use hallway::place::Place;
use hallway::shell::net::ListenAddr;
use hallway::shell::options::{Common, listen_addr};
use hallway::text::Name;

/// Where a node listens unless told otherwise; the next ports are tried when it is taken.
pub const PORT: u16 = 5460;
/// Where a community listens unless told otherwise.
pub const COMMUNITY_PORT: u16 = 5000;

/// Flags of a node.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct NodeOptions {
    /// Where to listen [default: all addresses, port 5460 or the next free one]
    #[arg(long, value_name = "ADDR:PORT", value_parser = listen_addr)]
    pub listen: Option<ListenAddr>,
    /// Your name [default: your user name]
    #[arg(long, value_name = "NAME", value_parser = Name::parse, global = true)]
    pub name: Option<Name>,
    /// File with the password [or HALLWAY_PASSWORD]
    #[arg(long, value_name = "FILE", global = true)]
    pub password_file: Option<PathBuf>,
    /// Community to join
    #[arg(long, value_name = "HOST:PORT", value_parser = community_place)]
    pub community: Option<Place>,
    /// File with the community's password [or HALLWAY_COMMUNITY_PASSWORD]
    #[arg(long, value_name = "FILE", global = true)]
    pub community_password_file: Option<PathBuf>,
    /// Whether to take calls [default: ask on a terminal, all without one]
    #[arg(long, value_enum, value_name = "POLICY")]
    pub calls: Option<CallsFlag>,
    /// Whether to take files [default: ask on a terminal, none without one]
    #[arg(long, value_enum, value_name = "POLICY")]
    pub files: Option<FilesFlag>,
    /// Take nothing larger, such as 500MB or 2GiB
    #[arg(long, value_name = "SIZE", value_parser = file_size)]
    pub files_max: Option<u64>,
    /// Where files go [default: the platform's folder for downloads]
    #[arg(long, value_name = "DIR", global = true)]
    pub download_dir: Option<PathBuf>,
    /// Wrong passwords that one address may try in a row
    #[arg(long, value_name = "N", default_value_t = hallway::limits::GUESS_BURST)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub guesses_per_source: u32,
}

/// What to do with callers, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum CallsFlag {
    /// Ask for each call.
    Ask,
    /// Take every call: the password was proved.
    All,
    /// Take none.
    None,
}

/// What to do with files that are offered, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FilesFlag {
    /// Ask for each.
    Ask,
    /// Take all: the password was proved.
    All,
    /// Take none.
    None,
}

/// A node alone: a person's listening end.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "node-server", version, about, max_term_width = 80)]
pub struct Options {
    /// Flags of a node.
    #[command(flatten)]
    pub node: NodeOptions,
    /// Answer each line with the same line
    #[arg(long)]
    pub echo: bool,
    /// Flags of every program.
    #[command(flatten)]
    pub common: Common,
}

/// Reads a number of bytes.
fn file_size(typed: &str) -> Result<u64, String> {
    typed.parse::<bytesize::ByteSize>().map(|size| size.as_u64())
}

/// Reads the place of a community.
///
/// # Errors
/// As [`Place::parse`].
pub fn community_place(typed: &str) -> Result<Place, hallway::place::PlaceError> {
    Place::parse(typed, COMMUNITY_PORT)
}

/// Reads the place of a node.
///
/// # Errors
/// As [`Place::parse`].
pub fn node_place(typed: &str) -> Result<Place, hallway::place::PlaceError> {
    Place::parse(typed, PORT)
}

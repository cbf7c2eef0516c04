//! The command line of the client.

use hallway::place::Place;
use hallway::shell::options::Common;
use node_server::options::{NodeOptions, community_place, node_place};

/// Talk to people on your network: a menu, with a node built in.
#[derive(Clone, Debug, clap::Parser)]
#[command(
    name = "client",
    version,
    about,
    max_term_width = 80,
    args_conflicts_with_subcommands = true
)]
pub struct Options {
    /// What to do; without it, the menu.
    #[command(subcommand)]
    pub task: Option<Task>,
    /// Flags of the built-in node.
    #[command(flatten)]
    pub node: NodeOptions,
    /// Flags of every program.
    #[command(flatten)]
    pub common: Common,
}

/// One task, for scripts and for the impatient.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Task {
    /// A community, an echo node and you, all in this process: try it alone
    Demo,
    /// Who is in a community
    List {
        /// Where it is
        #[arg(value_name = "HOST:PORT", value_parser = community_place)]
        place: Place,
        /// Go on and tell who comes and goes
        #[arg(long)]
        watch: bool,
    },
    /// A conversation: standard input is what you say, standard output what they say
    Chat {
        /// Where their node is
        #[arg(value_name = "HOST:PORT", value_parser = node_place)]
        place: Place,
    },
    /// From now on NAME (or HOST:PORT, for a community) has this identity
    Trust {
        /// Whose identity has changed
        who: String,
        /// The new fingerprint, as it was shown
        fingerprint: String,
    },
}

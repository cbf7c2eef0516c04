//! The command line of the client.

use std::path::PathBuf;

use hallway::place::Place;
use hallway::shell::options::Common;
use node_server::options::{NodeOptions, community_place, node_place};
use ssdp::target::Target;

use crate::{discover, doctor};

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
    /// Who is on this network: people and communities, one a line
    Discover {
        /// End after so many seconds; 0 goes on until interrupted
        #[arg(long, value_name = "N", default_value_t = discover::SECONDS)]
        seconds: u32,
        /// Search for UPnP devices of this type instead, such as ssdp:all or upnp:rootdevice
        #[arg(long = "type", value_name = "ST", value_parser = search_target)]
        target: Option<Target>,
    },
    /// Why others are not seen: tries what there is to try and names the likely cause
    Doctor {
        /// Also try whether this node can be called
        #[arg(value_name = "HOST:PORT", value_parser = node_place)]
        place: Option<Place>,
        /// Listen and search for so many seconds
        #[arg(long, value_name = "N", default_value_t = doctor::SECONDS)]
        #[arg(value_parser = clap::value_parser!(u32).range(1..))]
        seconds: u32,
    },
    /// Offer files and folders to somebody, and wait until they are there and verified
    Send {
        /// Where their node is
        #[arg(value_name = "HOST:PORT", value_parser = node_place)]
        place: Place,
        /// What to send; - is standard input
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
        /// What standard input is to be called there
        #[arg(long = "as", value_name = "NAME", allow_hyphen_values = true)]
        named: Option<String>,
    },
    /// Fetch what somebody shares, by name or by hash
    Get {
        /// Where their node is
        #[arg(value_name = "HOST:PORT", value_parser = node_place)]
        place: Place,
        /// What to fetch, as `client files` tells it
        #[arg(value_name = "FILE", required = true)]
        names: Vec<String>,
        /// Where to: a folder, or - for standard output [default: as --download-dir]
        #[arg(short, long, value_name = "DIR", allow_hyphen_values = true)]
        output: Option<PathBuf>,
    },
    /// What somebody shares, one a line
    Files {
        /// Where their node is
        #[arg(value_name = "HOST:PORT", value_parser = node_place)]
        place: Place,
    },
    /// Let those who may call you fetch files and folders
    Share {
        /// What
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
    },
    /// Share something no more
    Unshare {
        /// What, as `client shared` tells it; all for all of it
        #[arg(value_name = "NAME|all", required = true)]
        names: Vec<String>,
    },
    /// What you share, one a line
    Shared,
    /// From now on NAME (or HOST:PORT, for a community) has this identity
    Trust {
        /// Whose identity has changed
        who: String,
        /// The new fingerprint, as it was shown
        fingerprint: String,
    },
}

impl Task {
    /// Whether it reads standard input.
    pub(crate) fn reads_input(&self) -> bool {
        match self {
            Self::Demo | Self::Chat { .. } => true,
            Self::List { .. }
            | Self::Send { .. }
            | Self::Get { .. }
            | Self::Files { .. }
            | Self::Share { .. }
            | Self::Unshare { .. }
            | Self::Shared
            | Self::Discover { .. }
            | Self::Doctor { .. }
            | Self::Trust { .. } => false,
        }
    }
}

/// Reads what is searched for (ST).
fn search_target(typed: &str) -> Result<Target, &'static str> {
    let other = |target: &Target| matches!(target, Target::Other(_));
    Target::parse(typed).filter(|target| !other(target)).ok_or(
        "write ssdp:all, upnp:rootdevice, uuid:UUID, urn:DOMAIN:device:KIND:VERSION, or the same \
         with service",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_device_can_answer_is_not_searched_for() {
        for good in ["ssdp:all", "upnp:rootdevice", "uuid:1", "urn:a:device:B:1"] {
            assert!(search_target(good).is_ok(), "{good}");
        }
        for wrong in ["", "all", "SSDP:ALL", "urn:a:device:B", "urn:a:device:B:0", "a\nb"] {
            assert!(search_target(wrong).is_err(), "{wrong}");
        }
    }
}

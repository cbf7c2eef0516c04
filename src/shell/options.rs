//! The flags that all programs share, and the words of their values.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;

use super::net::ListenAddr;
use crate::log::Level;
use crate::reason::Exit;
use crate::text::shown;

/// Reads the command line of this process.
///
/// A script may have put there what came from outside, and an error quotes it: so it is shown
/// through the filter, without the colours it would have.
///
/// # Errors
/// With the exit code, after having said what there is to say: an error, the help, the version.
pub fn command_line<T: clap::Parser>() -> Result<T, Exit> {
    T::try_parse().map_err(|error| {
        if !error.use_stderr() {
            // Nobody reads it: nothing to be done about.
            let _ = error.print();
            return Exit::Done;
        }
        let text = error.render().to_string();
        let rows: Vec<String> = text.trim_end().lines().map(shown).collect();
        let _ = writeln!(io::stderr(), "{}", rows.join("\n"));
        Exit::Usage
    })
}

/// Flags of every program.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Common {
    /// Folder for identity, pins and history [default: the platform's data directory + /hallway]
    #[arg(long, value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// Events as JSON, one object a line, on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// No line editing: nothing but plain lines is ever written to the terminal
    #[arg(long, global = true)]
    pub plain: bool,
    /// What to tell: error, warn, info or debug [default: info on a terminal, warn without one]
    #[arg(long, value_name = "LEVEL", global = true)]
    pub log: Option<LevelFlag>,
    /// Neither announce this program on the network nor look for others
    #[arg(long, global = true)]
    pub no_discovery: bool,
    /// Use this network interface and no other for finding people; may be repeated
    #[arg(long, value_name = "NAME", global = true)]
    pub interface: Vec<String>,
}

impl Common {
    /// What to tell: everything that concerns a person who watches, little to a log file.
    pub fn level(&self, interactive: bool) -> Level {
        let default = if interactive { Level::Info } else { Level::Warn };
        self.log.map_or(default, |LevelFlag(level)| level)
    }
}

/// A level as clap reads it.
#[derive(Clone, Copy, Debug)]
pub struct LevelFlag(pub Level);

impl std::str::FromStr for LevelFlag {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        word.parse().map(Self)
    }
}

/// Reads `ADDR:PORT`, `:PORT` or `PORT`; the last two listen on all addresses.
///
/// # Errors
/// A sentence that says what is understood.
pub fn listen_addr(typed: &str) -> Result<ListenAddr, String> {
    let bare = typed.strip_prefix(':').unwrap_or(typed);
    if let Ok(port) = bare.parse::<u16>() {
        return Ok(ListenAddr { ip: None, port });
    }
    typed
        .parse::<SocketAddr>()
        .map(ListenAddr::from)
        .map_err(|_| "write ADDR:PORT, such as 0.0.0.0:5000 or [::]:5000".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_listens_everywhere() {
        for typed in ["5000", ":5000", "[::]:5000"] {
            let at = listen_addr(typed).unwrap();
            assert_eq!((at.ip, at.port), (None, 5000), "{typed}");
        }
        let at = listen_addr("127.0.0.1:0").unwrap();
        assert_eq!((at.ip, at.port), (Some("127.0.0.1".parse().unwrap()), 0));
        for wrong in ["", "host:1", "1.2.3.4", "70000"] {
            assert!(listen_addr(wrong).is_err(), "{wrong}");
        }
    }
}

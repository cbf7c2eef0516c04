//! How much a program tells of what it does.

use std::str::FromStr;

/// How much something matters; `--log LEVEL` shows that level and those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Must be shown: answers, and what a person has to do something about.
    Error,
    /// Worth a look: wrong passwords, doubled identities.
    #[default]
    Warn,
    /// Who comes and goes.
    Info,
    /// Every refused stranger.
    Debug,
}

impl FromStr for Level {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "error" => Ok(Self::Error),
            "warn" => Ok(Self::Warn),
            "info" => Ok(Self::Info),
            "debug" => Ok(Self::Debug),
            _ => Err("one of: error, warn, info, debug"),
        }
    }
}

//! What a community is set up with.

use hallway::guess::GuessLimits;
use hallway::handshake::answering::Door;
use hallway::handshake::auth::Me;
use hallway::handshake::hello::Service;
use hallway::handshake::opaque::PasswordRecord;
use hallway::handshake::stretch::Profile;

/// What a community is made of.
pub struct Config {
    /// Name and identity.
    pub me: Me,
    /// The community password, as OPAQUE keeps it.
    pub record: PasswordRecord,
    /// The profile that it was registered with.
    pub profile: Profile,
    /// How many members at most.
    pub members_max: usize,
    /// How much guessing is allowed.
    pub guesses: GuessLimits,
}

impl Config {
    /// What the lobby answers strangers with.
    pub(crate) fn door(&self) -> Door<'_> {
        Door {
            services: &[Service::Community],
            record: &self.record,
            profile: self.profile,
            me: &self.me,
        }
    }
}

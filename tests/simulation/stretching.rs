//! The slow step of a handshake, made fast: a small profile where the library has one, and a memory
//! of results everywhere.

use hallway::handshake::opaque::{PasswordRecord, Rejected, StretchJob, Stretched};
use hallway::handshake::stretch::{Profile, Stretcher};
use hallway::secret::Secret;
use hallway::seeds::Seeds;

use crate::host::HostId;

#[cfg(debug_assertions)]
const PROFILE: Profile = Profile::Test;
/// Released programs have no other. Listeners register from few seeds, so that every result is
/// remembered after a while, and a long run of the simulation does not spend its time here.
#[cfg(not(debug_assertions))]
const PROFILE: Profile = Profile::Rfc9106Second;

thread_local! {
    /// One for each listener, since the memory of one is small.
    static STRETCHERS: [Stretcher; MACHINES_MAX] = std::array::from_fn(|_| Stretcher::new(PROFILE));
}

const MACHINES_MAX: usize = 16;

/// The profile of everybody.
pub fn profile() -> Profile {
    PROFILE
}

/// The slow step of whoever dials that listener.
pub fn stretch(listener: HostId, job: StretchJob) -> Result<Stretched, Rejected> {
    STRETCHERS.with(|stretchers| job.run(&stretchers[listener]))
}

/// As a listener registers its password when it starts. Its keys are one of two sets, in turns.
pub fn register(host: HostId, password: &str, identity: [u8; 32], run: u32) -> PasswordRecord {
    let mut seed = identity;
    seed[0] ^= u8::from(run.is_multiple_of(2));
    let mut seeds = Seeds::new(seed);
    let password = Secret::new(password).unwrap();
    let register = |stretcher: &Stretcher| {
        PasswordRecord::register(&password, identity, stretcher, &mut seeds).unwrap()
    };
    STRETCHERS.with(|stretchers| stretchers.get(host).map(register)).unwrap()
}

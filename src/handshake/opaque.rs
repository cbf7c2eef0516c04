//! OPAQUE-3DH (RFC 9807) over ristretto255 and SHA-512, as both sides use it.
//!
//! Thin over `opaque-ke`: what is decided here is the suite, the identifiers and the context.

use opaque_ke::errors::{InternalError, ProtocolError};
use opaque_ke::{
    CipherSuite, ClientLogin, ClientLoginFinishParameters, ClientRegistration,
    ClientRegistrationFinishParameters, CredentialFinalization, CredentialRequest,
    CredentialResponse, Identifiers, Ristretto255, ServerLogin, ServerLoginParameters,
    ServerRegistration, ServerSetup, TripleDh,
};
use zeroize::Zeroizing;

use super::hello::{KE1_BYTES, KE2_BYTES, KE3_BYTES};
use super::stretch::Stretcher;
use crate::secret::Secret;
use crate::seeds::{SeedRng, Seeds};

/// The suite of RFC 9807's first recommended configuration, with our own key stretching.
struct Suite;

impl CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, sha2::Sha512>;
    type Ksf = Stretcher;
}

/// OPAQUE's `credential_identifier`: a listener has one record.
const CREDENTIAL: &[u8] = b"hallway";
/// OPAQUE's client identifier: who knows the password is a member; which one, signatures tell.
const MEMBER: &[u8] = b"member";

/// What both sides know after OPAQUE, and nobody else: 64 bytes.
pub(super) type SessionKey = Zeroizing<[u8; 64]>;

/// OPAQUE did not come to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// One value for all that the other side can cause: a wrong password, another listener than the
    /// envelope was made for, a changed hello and a forged message look the same on purpose.
    Mismatch,
    /// This machine refused the memory for Argon2; nothing is known of the password.
    NoMemory,
}

impl From<ProtocolError> for Rejected {
    fn from(error: ProtocolError) -> Self {
        // Our stretcher fails for no other reason: its parameters are constants.
        let no_memory = matches!(error, ProtocolError::LibraryError(InternalError::KsfError));
        if no_memory { Self::NoMemory } else { Self::Mismatch }
    }
}

/// What a listener keeps of its password: the OPAQUE record, not the password.
pub struct PasswordRecord {
    setup: ServerSetup<Suite>,
    record: ServerRegistration<Suite>,
    identity: [u8; 32],
}

/// `Identifiers` of RFC 9807, section 4: the envelope binds the listener's identity key.
fn identifiers(identity: &[u8; 32]) -> Identifiers<'_> {
    Identifiers { client: Some(MEMBER), server: Some(identity) }
}

impl PasswordRecord {
    /// Registers the password with ourselves, in memory. Takes one run of Argon2.
    ///
    /// # Errors
    /// Only when the machine refuses the memory for Argon2.
    pub fn register(
        password: &Secret,
        identity: [u8; 32],
        stretcher: &Stretcher,
        seeds: &mut Seeds,
    ) -> Result<Self, Rejected> {
        let mut rng = seeds.rng();
        let setup = ServerSetup::<Suite>::new(&mut rng);
        let start = ClientRegistration::<Suite>::start(&mut rng, password.bytes())?;
        let answer = ServerRegistration::<Suite>::start(&setup, start.message, CREDENTIAL)?;
        let names = identifiers(&identity);
        let params = ClientRegistrationFinishParameters::new(names, Some(stretcher));
        let upload =
            start.state.finish(&mut rng, password.bytes(), answer.message, params)?.message;
        Ok(Self { setup, record: ServerRegistration::finish(upload), identity })
    }

    /// KE1 in, KE2 out. `context` is the hash of both hellos.
    ///
    /// # Errors
    /// When KE1 is not a point of the group.
    pub(super) fn answer(
        &self,
        ke1: &[u8; KE1_BYTES],
        context: [u8; 32],
        seeds: &mut Seeds,
    ) -> Result<(AwaitedProof, [u8; KE2_BYTES]), Rejected> {
        let request = CredentialRequest::deserialize(ke1)?;
        let params = ServerLoginParameters {
            context: Some(&context),
            identifiers: identifiers(&self.identity),
        };
        let record = Some(self.record.clone());
        let start = ServerLogin::<Suite>::start(
            &mut seeds.rng(),
            &self.setup,
            record,
            request,
            CREDENTIAL,
            params,
        )?;
        let ke2 =
            start.message.serialize().as_slice().try_into().map_err(|_| Rejected::Mismatch)?;
        Ok((AwaitedProof { login: start.state, context, identity: self.identity }, ke2))
    }
}

/// The listener waits for KE3.
pub(super) struct AwaitedProof {
    login: ServerLogin<Suite>,
    context: [u8; 32],
    identity: [u8; 32],
}

impl AwaitedProof {
    /// # Errors
    /// When KE3 is not the one of somebody who knows the password.
    pub(super) fn check(self, ke3: &[u8; KE3_BYTES]) -> Result<SessionKey, Rejected> {
        let proof = CredentialFinalization::deserialize(ke3)?;
        let params = ServerLoginParameters {
            context: Some(&self.context),
            identifiers: identifiers(&self.identity),
        };
        let done = self.login.finish(proof, params)?;
        session_key(done.session_key.as_slice())
    }
}

/// The dialler waits for KE2.
pub(super) struct AwaitedAnswer {
    login: ClientLogin<Suite>,
    password: Secret,
}

impl AwaitedAnswer {
    /// # Errors
    /// When the password is longer than the group's hash takes (65,535 bytes).
    pub(super) fn start(
        password: Secret,
        seeds: &mut Seeds,
    ) -> Result<(Self, [u8; KE1_BYTES]), Rejected> {
        let start = ClientLogin::<Suite>::start(&mut seeds.rng(), password.bytes())?;
        let ke1 =
            start.message.serialize().as_slice().try_into().map_err(|_| Rejected::Mismatch)?;
        Ok((Self { login: start.state, password }, ke1))
    }

    /// Everything that is left for the dialler to compute, ready to be carried to another thread.
    pub(super) fn job(
        self,
        ke2: [u8; KE2_BYTES],
        context: [u8; 32],
        identity: [u8; 32],
        seeds: &mut Seeds,
    ) -> StretchJob {
        let Self { login, password } = self;
        StretchJob { login, password, ke2, context, identity, rng: seeds.rng() }
    }
}

/// The dialler's slow step: stretch the password, open the envelope, prove to know it. Run it where
/// it may take a tenth of a second, then hand the result back.
pub struct StretchJob {
    login: ClientLogin<Suite>,
    password: Secret,
    ke2: [u8; KE2_BYTES],
    context: [u8; 32],
    identity: [u8; 32],
    rng: SeedRng,
}

/// What the slow step brought.
pub struct Stretched {
    pub(super) ke3: [u8; KE3_BYTES],
    pub(super) session_key: SessionKey,
}

impl StretchJob {
    /// Runs Argon2, unless the stretcher remembers the result.
    ///
    /// # Errors
    /// Wrong password, or not the listener it claims to be: nothing tells which. Or no memory.
    pub fn run(mut self, stretcher: &Stretcher) -> Result<Stretched, Rejected> {
        let answer = CredentialResponse::deserialize(&self.ke2)?;
        let params = ClientLoginFinishParameters::new(
            Some(&self.context),
            identifiers(&self.identity),
            Some(stretcher),
        );
        let done = self.login.finish(&mut self.rng, self.password.bytes(), answer, params)?;
        let ke3 = done.message.serialize().as_slice().try_into().map_err(|_| Rejected::Mismatch)?;
        Ok(Stretched { ke3, session_key: session_key(done.session_key.as_slice())? })
    }
}

fn session_key(bytes: &[u8]) -> Result<SessionKey, Rejected> {
    let mut key = Zeroizing::new([0; 64]);
    if bytes.len() != key.len() {
        return Err(Rejected::Mismatch);
    }
    key.copy_from_slice(bytes);
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::super::stretch::Profile;
    use super::*;

    fn login(typed: &str, context: [u8; 32], identity: [u8; 32]) -> Result<bool, Rejected> {
        let mut seeds = Seeds::new([1; 32]);
        let stretcher = Stretcher::new(Profile::Test);
        let right = Secret::new("correct horse").unwrap();
        let record = PasswordRecord::register(&right, [9; 32], &stretcher, &mut seeds)?;
        let typed = Secret::new(typed).unwrap();
        let (dialler, ke1) = AwaitedAnswer::start(typed, &mut seeds)?;
        let (listener, ke2) = record.answer(&ke1, [5; 32], &mut seeds)?;
        let done = dialler.job(ke2, context, identity, &mut seeds).run(&stretcher)?;
        let key = listener.check(&done.ke3)?;
        Ok(*key == *done.session_key)
    }

    #[test]
    fn the_right_password_gives_both_sides_one_key() {
        assert_eq!(login("correct horse", [5; 32], [9; 32]), Ok(true));
    }

    #[test]
    fn a_wrong_password_context_or_listener_give_one_and_the_same_error() {
        assert_eq!(login("wrong horse", [5; 32], [9; 32]), Err(Rejected::Mismatch));
        assert_eq!(login("correct horse", [6; 32], [9; 32]), Err(Rejected::Mismatch));
        assert_eq!(login("correct horse", [5; 32], [8; 32]), Err(Rejected::Mismatch));
    }

    #[test]
    fn a_machine_without_memory_is_not_taken_for_a_wrong_password() {
        let mut seeds = Seeds::new([1; 32]);
        let password = || Secret::new("correct horse").unwrap();
        let able = Stretcher::new(Profile::Test);
        let unable = Stretcher::new(Profile::Unable);
        let record = PasswordRecord::register(&password(), [9; 32], &unable, &mut seeds);
        assert_eq!(record.err(), Some(Rejected::NoMemory));

        let record = PasswordRecord::register(&password(), [9; 32], &able, &mut seeds).unwrap();
        let (dialler, ke1) = AwaitedAnswer::start(password(), &mut seeds).unwrap();
        let (_, ke2) = record.answer(&ke1, [5; 32], &mut seeds).unwrap();
        let done = dialler.job(ke2, [5; 32], [9; 32], &mut seeds).run(&unable);
        assert_eq!(done.err(), Some(Rejected::NoMemory));
    }

    #[test]
    fn a_first_message_that_is_no_point_is_refused() {
        let mut seeds = Seeds::new([1; 32]);
        let stretcher = Stretcher::new(Profile::Test);
        let password = Secret::new("x").unwrap();
        let record = PasswordRecord::register(&password, [9; 32], &stretcher, &mut seeds).unwrap();
        assert!(record.answer(&[0xff; KE1_BYTES], [0; 32], &mut seeds).is_err());
        assert!(record.answer(&[0; KE1_BYTES], [0; 32], &mut seeds).is_err());
    }
}

//! `opaque-ke` against the vectors of RFC 9807, with the suite we use but for the key stretching,
//! which those vectors leave out.
//!
//! The random values of a vector are fed to the crate through a scripted generator, in the order
//! in which `opaque-ke` 4.0.1 draws them. All inputs and outputs of the vectors are covered; of the
//! intermediate values those that are no part of a message stay inside the crate.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::VecDeque;

use opaque_ke::ksf::Identity;
use opaque_ke::{
    CipherSuite, ClientLogin, ClientLoginFinishParameters, ClientRegistration,
    ClientRegistrationFinishParameters, Identifiers, Ristretto255, ServerLogin,
    ServerLoginParameters, ServerRegistration, ServerSetup, TripleDh,
};
use rand_core::{CryptoRng, RngCore};
use serde_json::Value;
use sha2::{Digest, Sha256};

const JSON: &str = include_str!("vectors/rfc9807.json");
/// SHA-256 of that file: the numbers are the RFC's and nobody's to change.
const JSON_SHA256: &str = "378b2a219fb81c6b324f4089b4c014d8a0ea6a46f59444528a303256fccb6332";

/// As in `src/handshake/opaque.rs`, without Argon2.
struct Suite;

impl CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, sha2::Sha512>;
    type Ksf = Identity;
}

/// Gives exactly the bytes it was told, and panics when asked for more.
struct Scripted(VecDeque<u8>);

impl Scripted {
    fn new(draws: &[&[u8]]) -> Self {
        Self(draws.concat().into())
    }
}

impl Drop for Scripted {
    /// What was drawn is all that was scripted: otherwise a value went to the wrong place.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.0.is_empty(), "{} scripted bytes were not drawn", self.0.len());
        }
    }
}

impl RngCore for Scripted {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        dest.fill_with(|| self.0.pop_front().unwrap());
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(dest);
        Ok(())
    }
}

impl CryptoRng for Scripted {}

/// A vector whose fields are asked for by the names they have in the RFC.
struct Vector<'a>(&'a Value);

impl Vector<'_> {
    fn find(&self, name: &str) -> Option<Vec<u8>> {
        let hex = self.0[name].as_str()?;
        assert!(hex.len().is_multiple_of(2), "{name}");
        let digits = hex.as_bytes().chunks(2);
        Some(
            digits
                .map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap())
                .collect(),
        )
    }

    fn get(&self, name: &str) -> Vec<u8> {
        self.find(name).unwrap_or_else(|| panic!("the vector has no {name}"))
    }

    /// A scalar as the crate draws it: 64 bytes, little-endian, reduced by the group's order. Those
    /// of the vectors are below it already.
    fn scalar_draw(&self, name: &str) -> Vec<u8> {
        [self.get(name), vec![0; 32]].concat()
    }

    fn check(&self, name: &str, got: &[u8]) {
        assert_eq!(got, self.get(name), "{name} of {}", self.0["name"]);
    }
}

/// oprf_seed ‖ server_private_key ‖ a public key for unknown clients, which there are none of.
fn server_setup(vector: &Vector<'_>) -> ServerSetup<Suite> {
    let bytes =
        ["oprf_seed", "server_private_key", "server_public_key"].map(|name| vector.get(name));
    let setup = ServerSetup::deserialize(&bytes.concat()).unwrap();
    vector.check("server_public_key", &setup.keypair().public().serialize());
    setup
}

fn register(
    vector: &Vector<'_>,
    setup: &ServerSetup<Suite>,
    identifiers: Identifiers<'_>,
) -> ServerRegistration<Suite> {
    let password = vector.get("password");
    let mut rng = Scripted::new(&[&vector.scalar_draw("blind_registration")]);
    let client = ClientRegistration::<Suite>::start(&mut rng, &password).unwrap();
    vector.check("registration_request", &client.message.serialize());

    let credential = vector.get("credential_identifier");
    let answer = ServerRegistration::start(setup, client.message, &credential).unwrap();
    vector.check("registration_response", &answer.message.serialize());

    let mut rng = Scripted::new(&[&vector.get("envelope_nonce")]);
    let params = ClientRegistrationFinishParameters::new(identifiers, None);
    let done = client.state.finish(&mut rng, &password, answer.message, params).unwrap();
    vector.check("registration_upload", &done.message.serialize());
    vector.check("export_key", &done.export_key);
    ServerRegistration::finish(done.message)
}

fn log_in(
    vector: &Vector<'_>,
    setup: &ServerSetup<Suite>,
    record: ServerRegistration<Suite>,
    identifiers: Identifiers<'_>,
) {
    let (password, context) = (vector.get("password"), vector.get("context"));
    let mut rng = Scripted::new(&[
        &vector.scalar_draw("blind_login"),
        &vector.get("client_keyshare_seed"),
        &vector.get("client_nonce"),
    ]);
    let client = ClientLogin::<Suite>::start(&mut rng, &password).unwrap();
    vector.check("KE1", &client.message.serialize());

    let mut rng = Scripted::new(&[
        // Always drawn: the masking key of a record for a client that does not exist.
        &[0; 64],
        &vector.get("masking_nonce"),
        &vector.get("server_keyshare_seed"),
        &vector.get("server_nonce"),
    ]);
    let params = || ServerLoginParameters { context: Some(&context), identifiers };
    let credential = vector.get("credential_identifier");
    let server =
        ServerLogin::start(&mut rng, setup, Some(record), client.message, &credential, params())
            .unwrap();
    vector.check("KE2", &server.message.serialize());

    let mut rng = Scripted::new(&[]);
    let finish = ClientLoginFinishParameters::new(Some(&context), identifiers, None);
    let done = client.state.finish(&mut rng, &password, server.message, finish).unwrap();
    vector.check("KE3", &done.message.serialize());
    vector.check("session_key", &done.session_key);
    vector.check("export_key", &done.export_key);

    let session_key = server.state.finish(done.message, params()).unwrap().session_key;
    vector.check("session_key", &session_key);
}

#[test]
fn the_vectors_are_frozen() {
    let hash = Sha256::digest(JSON.replace('\r', ""));
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, JSON_SHA256);
}

#[test]
fn registration_and_login_give_every_message_and_key_of_rfc_9807() {
    let file: Value = serde_json::from_str(JSON).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 2);
    for vector in vectors.iter().map(Vector) {
        let (client, server) = (vector.find("client_identity"), vector.find("server_identity"));
        let identifiers = Identifiers { client: client.as_deref(), server: server.as_deref() };
        let setup = server_setup(&vector);
        let record = register(&vector, &setup, identifiers);
        log_in(&vector, &setup, record, identifiers);
    }
}

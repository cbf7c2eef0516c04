//! One whole handshake, frozen: `tests/vectors/handshake.json`, whose bytes were made by an
//! independent program (`handshake.py` beside it) from OPAQUE's messages and session key. Those are
//! ours; that OPAQUE itself is right is checked against RFC 9807 in `tests/rfc9807.rs`.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::answering::{AnswerStep, Answering, Door};
use super::auth::{Instance, Me};
use super::dialling::{DialStep, Dialling, Wanted};
use super::hello::{self, KE1_BYTES, KE2_BYTES, KE3_BYTES, Service};
use super::opaque::PasswordRecord;
use super::schedule::Keys;
use super::stretch::{Profile, Stretcher};
use crate::guess::{GuessLimits, Guesses, Source};
use crate::identity::Identity;
use crate::labels;
use crate::message::{Message, Say};
use crate::record::{DirectionKeys, Opener, RecordKind};
use crate::secret::Secret;
use crate::seeds::Seeds;
use crate::text::{Line, Name};
use crate::time::Millis;

const JSON: &str = include_str!("../../tests/vectors/handshake.json");
/// SHA-256 of that file. To change it is to change the protocol.
const JSON_SHA256: &str = "ddc91383c0d6101db9ec5e4768b1f5ad2b0f1041a53171dd470f6500a9a7cc05";
const NOW: Millis = Millis(0);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(value: &Value) -> Vec<u8> {
    let hex = value.as_str().unwrap_or_else(|| panic!("no hex: {value}"));
    (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

fn me(person: &Value) -> Me {
    Me {
        name: Name::parse(person["name"].as_str().unwrap()).unwrap(),
        identity: Identity::from_seed(&array(&person["identity_seed"])),
        instance: Instance(array(&person["instance"])),
    }
}

fn say(person: &Value) -> Message {
    let line = Line::split(person["says"].as_str().unwrap()).remove(0);
    Message::Say(Say { number: 1, line })
}

/// Everything that travelled, and the secret below it.
struct Transcript {
    session_key: Vec<u8>,
    client_hello: Vec<u8>,
    server_hello: Vec<u8>,
    ke3: Vec<u8>,
    dialler_records: Vec<u8>,
    listener_records: Vec<u8>,
}

/// The handshake of the file's inputs, and one line each way.
fn handshake(inputs: &Value) -> Transcript {
    let (dialler, listener) = (&inputs["dialler"], &inputs["listener"]);
    let (ann, bob) = (me(dialler), me(listener));
    let mut ann_seeds = Seeds::new(array(&dialler["seed"]));
    let mut bob_seeds = Seeds::new(array(&listener["seed"]));
    let password = || Secret::new(inputs["password"].as_str().unwrap()).unwrap();
    let stretcher = Stretcher::new(Profile::Test);
    let identity = bob.identity.public();
    let record =
        PasswordRecord::register(&password(), identity.0, &stretcher, &mut bob_seeds).unwrap();

    let (service, profile) = (Service::Chat, Profile::Test);
    let wanted = Wanted { service, password: password(), identity: Some(identity), profile };
    let (dialling, client_hello) = Dialling::start(wanted, NOW, &mut ann_seeds).unwrap();
    let door = Door { services: &[service], record: &record, profile, me: &bob };
    let mut guesses = Guesses::new(GuessLimits::default());
    let answering = Answering::new(Source::of([10, 0, 0, 1].into()), NOW);
    let AnswerStep::Wait(answering, server_hello) =
        answering.received(NOW, &client_hello, &door, &mut guesses, &mut bob_seeds)
    else {
        panic!("no answer");
    };
    let DialStep::Stretch(dialling, job) = dialling.received(&server_hello, &ann, &mut ann_seeds)
    else {
        panic!("nothing to stretch");
    };
    let done = job.run(&stretcher).unwrap();
    let session_key = done.session_key.to_vec();
    let (dialling, proof) = dialling.stretched(Ok(done), &ann, NOW).unwrap();
    let (ke3, auth) = proof.split_at(KE3_BYTES);
    let AnswerStep::Open(mut answered, _, _, mut listener_records) =
        answering.received(NOW, &proof, &door, &mut guesses, &mut bob_seeds)
    else {
        panic!("the dialler is not in");
    };
    let DialStep::Open(mut dialled, _) = dialling.received(&listener_records, &ann, &mut ann_seeds)
    else {
        panic!("the listener is not believed");
    };
    let mut dialler_records = auth.to_vec();
    dialled.send(NOW, &say(dialler), &mut dialler_records).unwrap();
    answered.send(NOW, &say(listener), &mut listener_records).unwrap();
    Transcript {
        session_key,
        client_hello,
        server_hello,
        ke3: ke3.to_vec(),
        dialler_records,
        listener_records,
    }
}

#[test]
fn the_transcript_is_frozen() {
    let unix = JSON.replace('\r', "");
    assert_eq!(hex(&Sha256::digest(unix)), JSON_SHA256);
}

#[test]
fn every_byte_of_the_handshake_is_the_one_that_the_independent_program_made() {
    let file: Value = serde_json::from_str(JSON).unwrap();
    let ours = handshake(&file["inputs"]);
    let (_, ke1) = ours.client_hello.split_last_chunk::<KE1_BYTES>().unwrap();
    let (_, ke2) = ours.server_hello.split_last_chunk::<KE2_BYTES>().unwrap();
    let opaque = serde_json::json!({
        "ke1": hex(ke1),
        "ke2": hex(ke2),
        "ke3": hex(&ours.ke3),
        "session_key": hex(&ours.session_key),
    });
    assert_eq!(file["opaque"], opaque, "the latter is\n{opaque:#}");

    let wire = &file["wire"];
    assert_eq!(wire["client_hello"], hex(&ours.client_hello));
    assert_eq!(wire["server_hello"], hex(&ours.server_hello));
    let both = |one: &str, two: &str| [bytes(&wire[one]), bytes(&wire[two])].concat();
    assert_eq!(hex(&both("dialler_auth", "dialler_say")), hex(&ours.dialler_records));
    assert_eq!(hex(&both("listener_auth", "listener_say")), hex(&ours.listener_records));
}

#[test]
fn every_key_of_the_handshake_is_the_one_that_the_independent_program_derived() {
    let file: Value = serde_json::from_str(JSON).unwrap();
    let (opaque, wire, derived) = (&file["opaque"], &file["wire"], &file["derived"]);
    let (client_hello, server_hello) = (bytes(&wire["client_hello"]), bytes(&wire["server_hello"]));
    let (front, _) = client_hello.split_last_chunk::<KE1_BYTES>().unwrap();
    let (server_front, _) = server_hello.split_last_chunk::<KE2_BYTES>().unwrap();
    assert_eq!(derived["hello_hash"], hex(&hello::hello_hash(front, server_front)));

    let session_key = zeroize::Zeroizing::new(array(&opaque["session_key"]));
    let ke3 = bytes(&opaque["ke3"]);
    let keys = Keys::derive(&session_key, &client_hello, &server_hello, &ke3);
    assert_eq!(derived["exporter"], hex(&keys.exporter.0));
    let master = bytes(&derived["master"]);
    assert_eq!(derived["exporter"], hex(&blake3::derive_key(labels::EXPORTER, &master)));

    // Keys of a direction do not show themselves: both sets must open the same records.
    for (side, ours) in
        [("dialler", keys.dialler_to_listener), ("listener", keys.listener_to_dialler)]
    {
        let cipher = array(&derived[format!("{side}_cipher")]);
        let mac = array(&derived[format!("{side}_mac")]);
        for keys in [ours, DirectionKeys::new(cipher, mac)] {
            let mut opener = Opener::new(keys);
            for record in ["auth", "say"] {
                opener.push(&bytes(&wire[format!("{side}_{record}")]));
                let (kind, payload) = opener.next().unwrap().unwrap();
                assert_eq!(kind, RecordKind::Message);
                assert_eq!(file["messages"][format!("{side}_{record}")], hex(payload));
                assert!(Message::decode(payload).is_ok());
            }
        }
    }
}

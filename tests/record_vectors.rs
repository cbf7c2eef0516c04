//! The record layer against `vectors/record.json`, made by an independent program.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use hallway::record::{DirectionKeys, Opener, RecordError, RecordKind, Sealer};
use hallway::time::Millis;
use serde_json::Value;
use sha2::{Digest, Sha256};

const RECORD_JSON: &str = include_str!("vectors/record.json");
/// SHA-256 of that file. To change it is to change the protocol.
const RECORD_JSON_SHA256: &str = "3b9a7f62ca4e383835ec1f28364c1c62cec725816a737edb24e3220705f6ae5c";

fn vectors() -> Value {
    serde_json::from_str(RECORD_JSON).unwrap()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    let hex = value.as_str().unwrap();
    assert!(hex.len().is_multiple_of(2));
    (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn kind(value: &Value) -> RecordKind {
    match value.as_str().unwrap() {
        "message" => RecordKind::Message,
        "key-update" => RecordKind::KeyUpdate,
        "close" => RecordKind::Close,
        "bulk" => RecordKind::Bulk,
        other => panic!("unknown kind {other}"),
    }
}

fn keys(cipher: &Value, mac: &Value) -> DirectionKeys {
    DirectionKeys::new(bytes(cipher).try_into().unwrap(), bytes(mac).try_into().unwrap())
}

fn opener(vector: &Value) -> Opener {
    let mut opener = Opener::new(keys(&vector["cipher"], &vector["mac"]));
    opener.allow_bulk();
    opener
}

fn payload(record: &Value) -> Vec<u8> {
    let pattern = &record["payload_pattern"];
    if pattern.is_null() {
        return bytes(&record["payload"]);
    }
    let seed = pattern["seed"].as_u64().unwrap();
    (0..pattern["length"].as_u64().unwrap()).map(|i| ((seed + 31 * i) % 256) as u8).collect()
}

fn assert_wire_is(record: &Value, wire: &[u8], place: &str) {
    if record["wire"].is_null() {
        assert_eq!(record["wire_bytes"].as_u64(), Some(wire.len() as u64), "{place}");
        assert_eq!(record["wire_sha256"], hex(&Sha256::digest(wire)), "{place}");
    } else {
        assert_eq!(record["wire"], hex(wire), "{place}");
    }
}

/// Seals all the records of a stream and returns each one's wire bytes.
fn sealed(stream: &Value) -> Vec<Vec<u8>> {
    let mut sealer = Sealer::new(keys(&stream["cipher"], &stream["mac"]), Millis(0));
    list(stream, "records")
        .iter()
        .map(|record| {
            let mut wire = Vec::new();
            sealer.seal(Millis(0), kind(&record["kind"]), &payload(record), &mut wire).unwrap();
            wire
        })
        .collect()
}

#[test]
fn the_vectors_are_frozen() {
    let unix = RECORD_JSON.replace('\r', "");
    assert_eq!(hex(&Sha256::digest(unix)), RECORD_JSON_SHA256);
}

#[test]
fn every_record_is_sealed_to_the_same_bytes() {
    let vectors = vectors();
    let mut seen = 0;
    for stream in list(&vectors, "streams") {
        for (index, wire) in sealed(stream).iter().enumerate() {
            let record = &stream["records"][index];
            assert_wire_is(record, wire, &format!("{} record {index}", stream["name"]));
            assert_eq!(u64::from(wire[3]), record["epoch_parity"].as_u64().unwrap());
            seen += 1;
        }
    }
    assert_eq!(seen, 46);
}

#[test]
fn every_record_is_opened_to_the_same_payload() {
    let vectors = vectors();
    for stream in list(&vectors, "streams") {
        let mut opener = opener(stream);
        let mut sealed = sealed(stream).into_iter();
        for (index, record) in list(stream, "records").iter().enumerate() {
            // The one given as a hash is checked against it above; the others come from the file.
            let ours = sealed.next().unwrap();
            let wire = if record["wire"].is_null() { ours } else { bytes(&record["wire"]) };
            opener.push(&wire);
            let expected = payload(record);
            let expected = match kind(&record["kind"]) {
                RecordKind::KeyUpdate => None,
                kind @ (RecordKind::Message | RecordKind::Close | RecordKind::Bulk) => {
                    Some((kind, expected.as_slice()))
                }
            };
            let place = format!("{} record {index}", stream["name"]);
            assert_eq!(opener.next(), Ok(expected), "{place}");
            if expected.is_some() {
                assert_eq!(opener.next(), Ok(None), "{place}");
            }
            assert_eq!(opener.opened(), index as u64 + 1, "{place}");
        }
    }
}

#[test]
fn the_keys_after_a_key_update_are_those_derived() {
    let vectors = vectors();
    let mut seen = 0;
    for stream in list(&vectors, "streams") {
        let records = list(stream, "records");
        for (index, update) in records.iter().enumerate() {
            if update["next_cipher"].is_null() || records.len() == index + 1 {
                continue;
            }
            // A fresh sealer with the derived keys writes the same, but for the parity it starts
            // with: so only epochs of even parity can be compared.
            let next = &records[index + 1];
            if next["epoch_parity"] != 0 {
                continue;
            }
            let mut sealer =
                Sealer::new(keys(&update["next_cipher"], &update["next_mac"]), Millis(0));
            let mut wire = Vec::new();
            sealer.seal(Millis(0), kind(&next["kind"]), &payload(next), &mut wire).unwrap();
            assert_wire_is(next, &wire, &format!("{} after record {index}", stream["name"]));
            seen += 1;
        }
    }
    assert_eq!(seen, 2);
}

#[test]
fn malformed_records_with_a_right_tag_are_refused() {
    let vectors = vectors();
    let refused = list(&vectors, "refused");
    assert_eq!(refused.len(), 16);
    for vector in refused {
        let expected = match vector["error"].as_str().unwrap() {
            "forged" => RecordError::Forged,
            "too-long" => RecordError::TooLong,
            other => panic!("unknown error {other}"),
        };
        let mut opener = opener(vector);
        opener.push(&bytes(&vector["wire"]));
        assert_eq!(opener.next(), Err(expected), "{}", vector["name"]);
        assert_eq!(opener.opened(), 0, "{}", vector["name"]);
        assert_eq!(opener.next(), Err(expected), "{}", vector["name"]);
    }
}

#[test]
fn any_padding_is_accepted() {
    let vectors = vectors();
    let accepted = list(&vectors, "accepted");
    assert_eq!(accepted.len(), 5);
    for vector in accepted {
        let mut opener = opener(vector);
        opener.push(&bytes(&vector["wire"]));
        let expected = payload(vector);
        assert_eq!(
            opener.next(),
            Ok(Some((kind(&vector["kind"]), expected.as_slice()))),
            "{}",
            vector["name"]
        );
        assert_eq!(opener.next(), Ok(None));
    }
}

//! The parts our cryptography is made of, against the vectors of their standards, used as we use
//! them.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use serde_json::Value;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    assert!(digits.len().is_multiple_of(2));
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// ChaCha20 with the key of RFC 8439's examples, from block 1 as they have it: block 0 is skipped.
fn chacha20_from_block_1(nonce: &str, data: &[u8]) -> Vec<u8> {
    let key: [u8; 32] = bytes("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
        .try_into()
        .unwrap();
    let nonce: [u8; 12] = bytes(nonce).try_into().unwrap();
    let mut blocks = vec![0; 64];
    blocks.extend_from_slice(data);
    ChaCha20::new((&key).into(), (&nonce).into()).apply_keystream(&mut blocks);
    blocks.split_off(64)
}

/// RFC 8439 section 2.3.2, "Test Vector for the ChaCha20 Block Function": the serialized block.
#[test]
fn chacha20_makes_the_key_stream_of_rfc_8439() {
    let block = chacha20_from_block_1("000000090000004a00000000", &[0; 64]);
    let expected = bytes(
        "10 f1 e7 e4 d1 3b 59 15 50 0f dd 1f a3 20 71 c4
         c7 d1 f4 c7 33 c0 68 03 04 22 aa 9a c3 d4 6c 4e
         d2 82 64 46 07 9f aa 09 14 c2 d7 05 d9 8b 02 a2
         b5 12 9c d1 de 16 4e b9 cb d0 83 e8 a2 50 3c 4e",
    );
    assert_eq!(block, expected);
}

/// RFC 8439 section 2.4.2, "Example and Test Vector for the ChaCha20 Cipher".
#[test]
fn chacha20_encrypts_the_sunscreen_of_rfc_8439() {
    let plaintext = b"Ladies and Gentlemen of the class of '99: If I could offer you \
        only one tip for the future, sunscreen would be it.";
    let expected = bytes(
        "6e 2e 35 9a 25 68 f9 80 41 ba 07 28 dd 0d 69 81
         e9 7e 7a ec 1d 43 60 c2 0a 27 af cc fd 9f ae 0b
         f9 1b 65 c5 52 47 33 ab 8f 59 3d ab cd 62 b3 57
         16 39 d6 24 e6 51 52 ab 8f 53 0c 35 9f 08 61 d8
         07 ca 0d bf 50 0d 6a 61 56 a3 8e 08 8a 22 b6 5e
         52 bc 51 4d 16 cc f8 06 81 8c e9 1a b7 79 37 36
         5a f9 0b bf 74 a3 5b e6 b4 0b 8e ed f2 78 5e 42
         87 4d",
    );
    assert_eq!(chacha20_from_block_1("000000000000004a00000000", plaintext), expected);
    assert_eq!(chacha20_from_block_1("000000000000004a00000000", &expected), plaintext);
}

/// BLAKE3's own test vectors; source and licence stand in the file.
#[test]
fn blake3_gives_its_official_outputs_in_all_three_modes() {
    let vectors: Value = serde_json::from_str(include_str!("vectors/blake3.json")).unwrap();
    let key: [u8; 32] = vectors["key"].as_str().unwrap().as_bytes().try_into().unwrap();
    let context = vectors["context_string"].as_str().unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 9);
    for case in cases {
        let length = case["input_len"].as_u64().unwrap();
        let input: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        let expected = |mode: &str| bytes(case[mode].as_str().unwrap());
        assert_eq!(blake3::hash(&input).as_bytes().as_slice(), expected("hash"), "{length}");
        assert_eq!(
            blake3::keyed_hash(&key, &input).as_bytes().as_slice(),
            expected("keyed_hash"),
            "{length}"
        );
        assert_eq!(
            blake3::derive_key(context, &input).as_slice(),
            expected("derive_key"),
            "{length}"
        );
    }
}

/// RFC 9106 section 5.3, "Argon2id Test Vectors", with its secret and associated data.
#[test]
fn argon2id_gives_the_tag_of_rfc_9106() {
    let params = ParamsBuilder::new()
        .m_cost(32)
        .t_cost(3)
        .p_cost(4)
        .data(AssociatedData::new(&[0x04; 12]).unwrap())
        .build()
        .unwrap();
    let secret = [0x03; 8];
    let argon2 =
        Argon2::new_with_secret(&secret, Algorithm::Argon2id, Version::V0x13, params).unwrap();
    let mut tag = [0; 32];
    argon2.hash_password_into(&[0x01; 32], &[0x02; 16], &mut tag).unwrap();
    let expected = bytes(
        "0d 64 0d f5 8d 78 76 6c 08 c0 37 a3 4a 8b 53 c9
         d0 1e f0 45 2d 75 b6 5e b5 25 20 e9 6b 01 e6 59",
    );
    assert_eq!(tag.as_slice(), expected);
}

//! What must hold of the record layer for any payloads, any cutting and any tampering.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use hallway::record::{DirectionKeys, Opener, RecordError, RecordKind, Sealer};
use hallway::time::Millis;
use proptest::collection::vec;
use proptest::prelude::*;

/// One thing sealed or opened.
type Piece = (RecordKind, Vec<u8>);

fn sealer() -> Sealer {
    Sealer::new(DirectionKeys::new([1; 32], [2; 32]), Millis(0))
}

fn opener() -> Opener {
    Opener::new(DirectionKeys::new([1; 32], [2; 32]))
}

/// Each piece sealed in order, as the bytes of its record.
fn seal(sealer: &mut Sealer, pieces: &[Piece]) -> Vec<Vec<u8>> {
    pieces
        .iter()
        .map(|(kind, payload)| {
            let mut wire = Vec::new();
            sealer.seal(Millis(0), *kind, payload, &mut wire).unwrap();
            wire
        })
        .collect()
}

/// Everything an opener delivers, and the error that ended it, if one did.
fn drain(opener: &mut Opener, got: &mut Vec<Piece>) -> Option<RecordError> {
    loop {
        match opener.next() {
            Ok(Some((kind, payload))) => got.push((kind, payload.to_vec())),
            Ok(None) => return None,
            Err(error) => {
                assert_eq!(opener.next(), Err(error), "an error is for ever");
                return Some(error);
            }
        }
    }
}

fn open(stream: &[u8]) -> (Vec<Piece>, Option<RecordError>) {
    let mut opener = opener();
    let mut got = Vec::new();
    opener.push(stream);
    let error = drain(&mut opener, &mut got);
    (got, error)
}

/// What an opener delivers of these pieces: all but the key updates.
fn delivered(pieces: &[Piece]) -> Vec<Piece> {
    pieces.iter().filter(|(kind, _)| *kind != RecordKind::KeyUpdate).cloned().collect()
}

fn message() -> impl Strategy<Value = Piece> {
    vec(any::<u8>(), 0..200).prop_map(|payload| (RecordKind::Message, payload))
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        4 => message(),
        1 => vec(any::<u8>(), 0..4_000).prop_map(|payload| (RecordKind::Message, payload)),
        1 => vec(any::<u8>(), 0..20).prop_map(|payload| (RecordKind::Close, payload)),
        2 => vec(any::<u8>(), 0..4_000).prop_map(|payload| (RecordKind::Bulk, payload)),
        1 => Just((RecordKind::KeyUpdate, Vec::new())),
    ]
}

/// Enough good records that a length changed upwards, to at most 4,096, finds its bytes.
fn filler() -> Vec<Piece> {
    vec![(RecordKind::Message, vec![9; 4_000]); 2]
}

proptest! {
    #[test]
    fn any_cutting_of_the_stream_gives_the_same_records(
        pieces in vec(piece(), 1..8),
        sizes in vec(1usize..700, 1..40),
    ) {
        let stream = seal(&mut sealer(), &pieces).concat();
        let mut opener = opener();
        let mut got = Vec::new();
        let mut rest = stream.as_slice();
        for size in sizes.iter().cycle() {
            let (chunk, later) = rest.split_at((*size).min(rest.len()));
            opener.push(chunk);
            prop_assert_eq!(drain(&mut opener, &mut got), None);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(got, delivered(&pieces));
        prop_assert_eq!(opener.opened(), pieces.len() as u64);
    }

    #[test]
    fn a_flipped_bit_ends_the_stream_before_its_record(
        mut pieces in vec(piece(), 1..6),
        index in any::<prop::sample::Index>(),
        bit in any::<prop::sample::Index>(),
    ) {
        let broken = index.index(pieces.len());
        pieces.extend(filler());
        let mut wires = seal(&mut sealer(), &pieces);
        let bit = bit.index(wires[broken].len() * 8);
        wires[broken][bit / 8] ^= 1 << (bit % 8);
        let (got, error) = open(&wires.concat());
        prop_assert_eq!(got, delivered(&pieces[..broken]));
        prop_assert!(error.is_some());
    }

    #[test]
    fn a_cut_stream_delivers_what_was_whole_and_waits(
        pieces in vec(piece(), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let wires = seal(&mut sealer(), &pieces);
        let stream = wires.concat();
        let cut = cut.index(stream.len());
        let mut end = 0;
        let whole = wires
            .iter()
            .take_while(|wire| {
                end += wire.len();
                end <= cut
            })
            .count();
        let (got, error) = open(&stream[..cut]);
        prop_assert_eq!(got, delivered(&pieces[..whole]));
        prop_assert_eq!(error, None);
    }

    #[test]
    fn a_dropped_record_ends_the_stream(
        pieces in vec(piece(), 2..8),
        index in any::<prop::sample::Index>(),
    ) {
        // The last one missing is a cut stream, which is another matter.
        let dropped = index.index(pieces.len() - 1);
        let mut wires = seal(&mut sealer(), &pieces);
        wires.remove(dropped);
        wires.extend(seal(&mut sealer(), &filler()));
        let (got, error) = open(&wires.concat());
        prop_assert_eq!(got, delivered(&pieces[..dropped]));
        prop_assert_eq!(error, Some(RecordError::Forged));
    }

    #[test]
    fn a_repeated_record_ends_the_stream(
        pieces in vec(piece(), 1..8),
        index in any::<prop::sample::Index>(),
        later in any::<prop::sample::Index>(),
    ) {
        let repeated = index.index(pieces.len());
        // Its copy comes at once, or after some others.
        let place = repeated + 1 + later.index(pieces.len() - repeated);
        let mut wires = seal(&mut sealer(), &pieces);
        wires.insert(place, wires[repeated].clone());
        let (got, error) = open(&wires.concat());
        prop_assert_eq!(got, delivered(&pieces[..place]));
        prop_assert_eq!(error, Some(RecordError::Forged));
    }

    #[test]
    fn two_swapped_records_end_the_stream_at_the_first(
        pieces in vec(piece(), 2..8),
        one in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
    ) {
        let first = one.index(pieces.len() - 1);
        let second = first + 1 + other.index(pieces.len() - first - 1);
        let mut wires = seal(&mut sealer(), &pieces);
        wires.swap(first, second);
        let (got, error) = open(&wires.concat());
        prop_assert_eq!(got, delivered(&pieces[..first]));
        prop_assert_eq!(error, Some(RecordError::Forged));
    }

    #[test]
    fn a_reflected_record_is_refused(
        piece in piece(),
        other_cipher in any::<[u8; 32]>(),
        other_mac in any::<[u8; 32]>(),
    ) {
        prop_assume!(other_mac != [2; 32]);
        // We sealed it; our own opener has the keys of the other direction.
        let wire = seal(&mut sealer(), &[piece]).concat();
        let mut ours = Opener::new(DirectionKeys::new(other_cipher, other_mac));
        ours.push(&wire);
        prop_assert_eq!(ours.next(), Err(RecordError::Forged));
    }

    #[test]
    fn arbitrary_bytes_deliver_nothing(noise in vec(any::<u8>(), 0..9_000)) {
        let (got, _) = open(&noise);
        prop_assert_eq!(got, Vec::new());
    }

    #[test]
    fn a_line_of_chat_hides_its_length(one in vec(any::<u8>(), 1..=61)) {
        let wire = seal(&mut sealer(), &[(RecordKind::Message, one.clone())]).concat();
        prop_assert_eq!(wire.len(), 4 + 64 + 32);
        let wire = seal(&mut sealer(), &[(RecordKind::Close, one)]).concat();
        prop_assert_eq!(wire.len(), 4 + 64 + 32);
    }

    #[test]
    fn the_same_payload_never_has_the_same_ciphertext_again(
        payload in vec(any::<u8>(), 0..200),
        rekeys in vec(any::<bool>(), 20),
    ) {
        let mut sealer = sealer();
        let mut seen = std::collections::BTreeSet::new();
        for rekey in rekeys {
            if rekey {
                seal(&mut sealer, &[(RecordKind::KeyUpdate, Vec::new())]);
            }
            let wire = seal(&mut sealer, &[(RecordKind::Message, payload.clone())]).concat();
            // Ciphertext and tag each by itself: flags and lengths are no part of the claim.
            let (_, body) = wire.split_at(4);
            let (ciphertext, tag) = body.split_at(body.len() - 32);
            prop_assert!(seen.insert(ciphertext.to_vec()));
            prop_assert!(seen.insert(tag.to_vec()));
        }
    }

    #[test]
    fn two_connections_never_share_a_ciphertext(
        payload in vec(any::<u8>(), 0..200),
        cipher in any::<[u8; 32]>(),
    ) {
        prop_assume!(cipher != [1; 32]);
        let one = seal(&mut sealer(), &[(RecordKind::Message, payload.clone())]).concat();
        let mut other = Sealer::new(DirectionKeys::new(cipher, [2; 32]), Millis(0));
        let other = seal(&mut other, &[(RecordKind::Message, payload)]).concat();
        prop_assert_ne!(&one[4..68], &other[4..68]);
    }
}

#[test]
fn every_single_bit_of_a_record_counts() {
    for kind in [RecordKind::Message, RecordKind::KeyUpdate, RecordKind::Close, RecordKind::Bulk] {
        let payload = if kind == RecordKind::KeyUpdate { Vec::new() } else { b"hello".to_vec() };
        let before = (RecordKind::Message, b"before".to_vec());
        let mut pieces = vec![before.clone(), (kind, payload)];
        pieces.extend(filler());
        let wires = seal(&mut sealer(), &pieces);
        for bit in 0..wires[1].len() * 8 {
            let mut wires = wires.clone();
            wires[1][bit / 8] ^= 1 << (bit % 8);
            let (got, error) = open(&wires.concat());
            assert_eq!(got, std::slice::from_ref(&before), "{kind:?}, bit {bit}");
            assert!(error.is_some(), "{kind:?}, bit {bit}");
        }
    }
}

#[test]
fn every_truncation_of_a_record_delivers_nothing_of_it() {
    let before = (RecordKind::Message, b"before".to_vec());
    let pieces = [before.clone(), (RecordKind::Message, b"hello".to_vec())];
    let wires = seal(&mut sealer(), &pieces);
    for length in 0..wires[1].len() {
        let stream = [wires[0].as_slice(), &wires[1][..length]].concat();
        assert_eq!(open(&stream), (vec![before.clone()], None), "{length}");
    }
}

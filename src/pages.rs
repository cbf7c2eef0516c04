//! Lists as messages that each fit a record.
//!
//! Of a community's list each item is encoded once and none is copied: it tells thousands of
//! thousands. What comes out is byte for byte what [`Message::encode`] makes of the same page.

use minicbor::encode::Error as EncodeError;
use minicbor::{Encode, Encoder};

use crate::limits;
#[cfg(doc)]
use crate::message::Message;
use crate::message::files::{Item, Listing};
use crate::message::{Change, Member};

/// What surrounds the items: two arrays, a map, keys, a number, a boolean, and the record's own
/// three.
const FRAME_BYTES: usize = 64;

/// A list of members; also an empty one is one message.
pub fn members<'a>(members: impl IntoIterator<Item = &'a Member>) -> Vec<Vec<u8>> {
    let bodies = bodies(members);
    let count = bodies.len();
    let message = |(at, body): (usize, Body)| {
        // [20, {0: [member, …], 1: last}]
        framed(
            &body,
            |e| e.array(2)?.u8(20)?.map(2)?.u8(0)?.ok(),
            |e| e.u8(1)?.bool(at == count)?.ok(),
        )
    };
    (1..).zip(bodies).map(message).collect()
}

/// Changes, in order; none of them are no message.
pub fn changes<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Vec<Vec<u8>> {
    let bodies = bodies(changes).into_iter().filter(|body| body.count > 0);
    // [21, [change, …]]
    bodies.map(|body| framed(&body, |e| e.array(2)?.u8(21)?.ok(), |_| Ok(()))).collect()
}

/// The first page of these things that are shared: as many of them as fit.
pub fn listing<'a>(request: u64, items: impl IntoIterator<Item = &'a Item>) -> Listing {
    let mut page = Listing { request, items: Vec::new(), last: true };
    let mut bytes = Vec::new();
    for item in items {
        let _: Written = minicbor::encode(item, &mut bytes);
        if bytes.len() + FRAME_BYTES > limits::MESSAGE_RECORD_BYTES_MAX {
            page.last = false;
            break;
        }
        page.items.push(item.clone());
    }
    page
}

/// The items of one page, encoded.
#[derive(Default)]
struct Body {
    count: u64,
    bytes: Vec<u8>,
}

/// Writing into a `Vec` cannot fail; this error has no values.
type Written = Result<(), EncodeError<std::convert::Infallible>>;

fn bodies<T: Encode<()>>(items: impl IntoIterator<Item = T>) -> Vec<Body> {
    let mut full = Vec::new();
    let mut page = Body::default();
    for item in items {
        let before = page.bytes.len();
        let _: Written = minicbor::encode(item, &mut page.bytes);
        if page.bytes.len() + FRAME_BYTES > limits::LIST_RECORD_BYTES_MAX && page.count > 0 {
            let bytes = page.bytes.split_off(before);
            full.push(std::mem::replace(&mut page, Body { count: 0, bytes }));
        }
        page.count += 1;
    }
    full.push(page);
    full
}

fn framed(
    body: &Body,
    head: impl FnOnce(&mut Encoder<Vec<u8>>) -> Written,
    tail: impl FnOnce(&mut Encoder<Vec<u8>>) -> Written,
) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::with_capacity(body.bytes.len() + 16));
    let _: Written = head(&mut encoder);
    let _: Written = encoder.array(body.count).map(|_| ());
    encoder.writer_mut().extend_from_slice(&body.bytes);
    let _: Written = tail(&mut encoder);
    encoder.into_writer()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::examples::{longest_item, longest_member, longest_name, member, name};
    use crate::message::files::{Files, Kind};
    use crate::message::{Message, Page, State};
    use crate::record::{DirectionKeys, Opener, RecordKind, Sealer};
    use crate::text::FileName;
    use crate::time::Millis;

    /// The message, which must fit a record and be what it would be on its own.
    fn decoded(bytes: &[u8]) -> Message {
        let keys = || DirectionKeys::new([1; 32], [2; 32]);
        let mut wire = Vec::new();
        let mut sealer = Sealer::new(keys(), Millis(0));
        sealer.seal(Millis(0), RecordKind::Message, bytes, &mut wire).unwrap();
        let mut opener = Opener::new(keys());
        opener.allow_lists();
        opener.push(&wire);
        let (_, payload) = opener.next().unwrap().unwrap();
        let message = Message::decode(payload).unwrap();
        assert_eq!(message.encode(), bytes);
        message
    }

    fn decoded_members(messages: &[Vec<u8>]) -> Vec<Page> {
        let page = |bytes: &Vec<u8>| {
            let Message::Members(page) = decoded(bytes) else { panic!("no page of a list") };
            page
        };
        messages.iter().map(page).collect()
    }

    fn decoded_changes(messages: &[Vec<u8>]) -> Vec<Change> {
        let page = |bytes: &Vec<u8>| {
            let Message::Changes(changes) = decoded(bytes) else { panic!("no changes") };
            changes
        };
        messages.iter().flat_map(page).collect()
    }

    #[test]
    fn pages_of_the_longest_members_fit_their_records_and_lose_nobody() {
        for count in [0, 1, 2, 10, 11, 12, 13, 14, 15, 30, 100, 1000] {
            let listed = vec![longest_member(); count];
            let pages = decoded_members(&members(&listed));
            let (last, others) = pages.split_last().unwrap();
            assert!(last.last && others.iter().all(|page| !page.last));
            assert!(count == 0 || pages.iter().all(|page| !page.members.is_empty()));
            let all: Vec<Member> = pages.into_iter().flat_map(|page| page.members).collect();
            assert_eq!(all, listed);
        }
    }

    #[test]
    fn an_empty_list_is_said_as_one_and_no_change_is_not_said() {
        assert_eq!(decoded_members(&members([])), [Page { members: Vec::new(), last: true }]);
        assert!(changes([]).is_empty());
    }

    #[test]
    fn pages_of_short_changes_fit_their_records_too() {
        // Small items fill a page to the last byte that is allowed, for one of these lengths.
        for length in 1..=limits::NAME_CHARS_MAX {
            let left = vec![Change::Left(name(&"a".repeat(length))); 2000];
            assert_eq!(decoded_changes(&changes(&left)), left, "names of {length} characters");
        }
    }

    #[test]
    fn pages_are_nearly_full() {
        // Otherwise a list of 1,000 costs more records than it must.
        let messages = members(&vec![longest_member(); 1000]);
        let (_, but_the_last) = messages.split_last().unwrap();
        let one_more = minicbor::to_vec(longest_member()).unwrap().len();
        for page in but_the_last {
            let room = limits::LIST_RECORD_BYTES_MAX - 3 - page.len();
            assert!(room < one_more + 64, "{room} bytes are left");
        }
    }

    /// All pages of what is shared, each of which must fit its record.
    fn listings(shared: &[Item]) -> Vec<Vec<Item>> {
        let mut pages: Vec<Vec<Item>> = Vec::new();
        loop {
            let rest = &shared[pages.iter().map(Vec::len).sum()..];
            let page = listing(u64::MAX, rest);
            let bytes = Message::Files(Files::Listing(page.clone())).encode();
            assert!(bytes.len() <= limits::MESSAGE_RECORD_BYTES_MAX - 3, "{} bytes", bytes.len());
            assert_eq!(page.last, page.items.len() == rest.len());
            assert!(page.last || !page.items.is_empty());
            pages.push(page.items);
            if page.last {
                return pages;
            }
        }
    }

    #[test]
    fn sixteen_of_the_longest_things_that_are_shared_fit_a_record() {
        let shared = vec![longest_item(); limits::SHARED_MAX];
        let pages = listings(&shared);
        assert_eq!(pages.concat(), shared);
        let (last, full) = pages.split_last().unwrap();
        assert!(full.iter().all(|page| page.len() == 16));
        assert!((1..=16).contains(&last.len()));
        assert_eq!(listings(&[]), [Vec::new()]);
    }

    #[test]
    fn pages_of_short_things_that_are_shared_fit_their_records_too() {
        for length in 1..=limits::FILE_NAME_BYTES_MAX {
            let name = FileName::of(&"a".repeat(length));
            let item =
                Item { name, kind: Kind::File, entries: 1, bytes: 1, modified: 0, hash: None };
            let shared = vec![item; 500];
            assert_eq!(listings(&shared).concat(), shared, "names of {length} bytes");
        }
    }

    fn some_change() -> impl Strategy<Value = Change> {
        let letters = "[a-z]{1,32}";
        let state = prop_oneof![Just(State::Available), Just(State::InChat)];
        prop_oneof![
            Just(Change::Joined(longest_member())),
            Just(Change::Joined(member())),
            Just(Change::Left(longest_name())),
            letters.prop_map(|letters| Change::Left(name(&letters))),
            (letters, state).prop_map(|(letters, state)| Change::State(name(&letters), state)),
        ]
    }

    proptest! {
        #[test]
        fn pages_of_any_changes_fit_their_records(all in vec(some_change(), 0..80)) {
            prop_assert_eq!(decoded_changes(&changes(&all)), all);
        }
    }
}

//! The messages inside records, as a peer may send them.

use hallway::limits::{ADDRESSES_MAX, DEPTH_MAX, MESSAGE_RECORD_BYTES_MAX, PATH_BYTES_MAX};
use hallway::message::files::{Files, Wanted};
use hallway::message::{Addresses, Change, Member, Message};
use hallway::pages;
use hallway::text::{EntryPath, Line, Name};

use super::text::{file_name, is_harmless, is_line};

/// Whether it is a message.
pub fn check(bytes: &[u8]) -> bool {
    let Ok(message) = Message::decode(bytes) else { return false };
    let encoded = message.encode();
    assert_eq!(Message::decode(&encoded).as_ref().ok(), Some(&message), "encoded and read again");
    // Only the filter and what puts names right make longer what came; each has its own limit.
    let is_line = matches!(message, Message::Say(_) | Message::Notice(_));
    let is_named = matches!(message, Message::Files(_));
    assert!(is_line || is_named || message == Message::Skipped || encoded.len() <= bytes.len());
    let is_list = matches!(message, Message::Files(Files::Listing(_)));
    let is_short = bytes.len() <= MESSAGE_RECORD_BYTES_MAX && !is_list;
    assert!(!is_short || encoded.len() < MESSAGE_RECORD_BYTES_MAX);
    said(&message);
    true
}

/// Everything in a message keeps its own rules.
fn said(message: &Message) {
    match message {
        Message::Auth(auth) => name(&auth.name),
        Message::Join(join) => addresses(&join.addresses),
        Message::NameTaken(free) => name(free),
        Message::Members(page) => {
            page.members.iter().for_each(member);
            let again = pages::members(&page.members);
            assert_eq!(listed(&again), page.members, "paged again");
        }
        Message::Changes(changes) => {
            changes.iter().for_each(change);
            assert_eq!(changed(&pages::changes(changes)), *changes, "paged again");
        }
        Message::Notice(said) => line(said),
        Message::Say(say) => line(&say.line),
        Message::Files(about) => files(about),
        Message::Watch
        | Message::State(_)
        | Message::Accepted
        | Message::Shown(_)
        | Message::Skipped => {}
    }
}

fn name(name: &Name) {
    assert_eq!(Name::parse(name.as_str()).as_ref(), Ok(name));
    assert!(is_harmless(name.as_str()));
}

/// Every name is one that may be created, and no path leads away.
fn files(files: &Files) {
    match files {
        Files::Offer(offer) => file_name(&offer.name),
        Files::Entry(entry) => path(&entry.path),
        Files::Skipped(skipped) => path(&skipped.path),
        Files::Stored(stored) => file_name(&stored.name),
        Files::List(list) => list.after.iter().for_each(file_name),
        Files::Listing(listing) => listing.items.iter().for_each(|item| file_name(&item.name)),
        Files::Get(get) => {
            if let Wanted::Name(name) = &get.what {
                file_name(name);
            }
        }
        Files::Take(_)
        | Files::Refuse(_)
        | Files::From(_)
        | Files::Chunk(_)
        | Files::Sent(_)
        | Files::Got(_)
        | Files::Withdraw(_)
        | Files::NotThere(_) => {}
    }
}

fn path(path: &EntryPath) {
    path.names().iter().for_each(file_name);
    assert!((1..=DEPTH_MAX).contains(&path.names().len()));
    assert!(path.to_string().len() < PATH_BYTES_MAX);
}

fn line(line: &Line) {
    assert!(is_line(line.as_str()), "{line:?}");
}

fn addresses(addresses: &Addresses) {
    assert!(addresses.iter().count() <= ADDRESSES_MAX);
}

fn member(member: &Member) {
    name(&member.name);
    addresses(&member.addresses);
}

fn change(change: &Change) {
    match change {
        Change::Joined(joined) => member(joined),
        Change::Left(gone) | Change::State(gone, _) => name(gone),
    }
}

/// A page that fits a record.
fn page(bytes: &[u8]) -> Message {
    assert!(bytes.len() < MESSAGE_RECORD_BYTES_MAX);
    Message::decode(bytes).expect("a page is a message")
}

fn listed(messages: &[Vec<u8>]) -> Vec<Member> {
    let page = |bytes: &Vec<u8>| match page(bytes) {
        Message::Members(page) => page.members,
        other => panic!("{other:?} is no list"),
    };
    messages.iter().flat_map(page).collect()
}

fn changed(messages: &[Vec<u8>]) -> Vec<Change> {
    let page = |bytes: &Vec<u8>| match page(bytes) {
        Message::Changes(changes) => changes,
        other => panic!("{other:?} are no changes"),
    };
    messages.iter().flat_map(page).collect()
}

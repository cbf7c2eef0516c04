//! What is told about files, in words for people. Names passed the filter when they became names.

use std::path::Path;

use files::disk::Room;
use files::news::{About, News, Progress, Stage, Way};
use files::transfers::Transfers;
use hallway::log::Level;
use hallway::message::files::{Item, Kind};
use hallway::text::{padded, shown};
use hallway::tree::FileHash;
use indicatif::DecimalBytes;

use crate::file_failures::{failed, not_there, reason};

/// How much it matters to somebody who only reads a log.
pub fn level(news: &News) -> Level {
    match news {
        News::Moved(_, _, Stage::Stalled) => Level::Warn,
        News::Moved(..)
        | News::Asked(_)
        | News::Begun(..)
        | News::Done(..)
        | News::HadAlready(..)
        | News::Skipped(..)
        | News::SkippedMore(..) => Level::Info,
        // What somebody has asked for is told.
        News::Listed(..) | News::Looking(_) | News::Shares(..) => Level::Warn,
        News::Offered(..) | News::Failed(..) | News::Interrupted(..) | News::NotThere(..) => {
            Level::Warn
        }
    }
}

/// The words; `None` where there are none: how far a transfer is, people ask for or see.
pub fn words(news: &News) -> Option<String> {
    let text = match news {
        News::Offered(about, room) => offered(about, room),
        News::Asked(about) => format!("waiting for {} to accept {}", about.peer, about.name),
        News::Begun(about, progress) => begun(about, progress),
        News::Moved(about, _, Stage::Stalled) => stalled(about),
        News::Moved(..) => return None,
        News::Done(about, name, path, _) => done(about, name.as_str(), path.as_deref()),
        News::HadAlready(about, Some(path)) => {
            format!("{} is here already, as {}", about.name, shown_path(path))
        }
        News::HadAlready(about, None) => format!("{} has {} already", about.peer, about.name),
        News::Failed(about, failure) => failed(about, failure),
        News::Interrupted(about, progress) => format!(
            "{}: {} was interrupted{}; it goes on when you and {} are connected again",
            about.id.0,
            about.name,
            part_of(progress, about),
            about.peer
        ),
        News::Skipped(about, path, why) => {
            format!("{}: left out {path}: {}", about.name, reason(*why))
        }
        News::SkippedMore(about, more) => left_out(about, *more),
        News::Listed(_, peer, items) => listed(peer, items),
        News::NotThere(_, peer, wanted, failure) => not_there(peer, wanted.as_ref(), failure),
        News::Looking(path) => format!("looking at what is in {}", shown_path(path)),
        News::Shares(items, trouble) => {
            let trouble = trouble.iter().map(|words| format!("\n  {words}"));
            shares(items) + &trouble.collect::<String>()
        }
    };
    Some(text)
}

/// A number of bytes.
pub fn size(bytes: u64) -> String {
    DecimalBytes(bytes).to_string()
}

/// How large something is.
fn extent(kind: Kind, entries: u64, bytes: Option<u64>) -> String {
    let bytes = bytes.map_or_else(|| "size not known".into(), size);
    match kind {
        Kind::File => bytes,
        Kind::Folder if entries == 1 => format!("a folder with 1 entry, {bytes}"),
        Kind::Folder => format!("a folder with {entries} entries, {bytes}"),
    }
}

fn offered(about: &About, room: &Result<Room, String>) -> String {
    let number = about.id.0;
    let extent = extent(about.kind, about.entries, about.bytes);
    let (extent, accept) = match room {
        Err(words) => (format!("{extent})\n  {words}"), format!("accept {number}, ")),
        Ok(room) => {
            let here = match room.here {
                0 => String::new(),
                here => format!(", {} of it here already", size(here)),
            };
            let (only, accept) = match room.takes(about.bytes) {
                true => ("", format!("accept {number}, ")),
                // It stays possible: there may be more room by then.
                false => ("only ", String::new()),
            };
            (format!("{extent}{here}; {only}{} free here)", size(room.free)), accept)
        }
    };
    format!(
        "{} offers {} ({extent}\n  {accept}accept {number} FOLDER, or deny {number}?",
        about.peer, about.name
    )
}

fn stalled(about: &About) -> String {
    let About { id, peer, name, way, bytes, .. } = about;
    // Only what comes from standard input is sent and has no size.
    let input = match (way, bytes) {
        (Way::Out, None) => "more of the input, or for ",
        (Way::Out, Some(_)) | (Way::In, _) => "",
    };
    format!("{}: {name} does not move at the moment; waiting for {input}{peer}", id.0)
}

fn begun(about: &About, progress: &Progress) -> String {
    let from = match share(progress.before, about.bytes) {
        Some(part) if progress.before > 0 => format!(", from {part} on"),
        _ => String::new(),
    };
    let About { id, peer, name, .. } = about;
    match about.way {
        Way::Out => format!("{}: {peer} takes {name}{from}", id.0),
        Way::In => format!("{}: {name} is coming from {peer}{from}", id.0),
    }
}

fn done(about: &About, stored: &str, path: Option<&Path>) -> String {
    let About { peer, name, .. } = about;
    match (about.way, path) {
        (Way::Out, _) if stored == name.as_str() => format!("{peer} has {name}, verified"),
        (Way::Out, _) => format!("{peer} has {name}, verified; stored there as {stored}"),
        (Way::In, Some(path)) => format!("{name} is here, verified: {}", shown_path(path)),
        (Way::In, None) => format!("{name} is here, verified"),
    }
}

/// What was left out and not named.
pub(crate) fn left_out(about: &About, more: u64) -> String {
    format!("{}: left out {more} more", about.name)
}

/// How far something was when it was interrupted.
pub(crate) fn part_of(progress: &Progress, about: &About) -> String {
    share(progress.done, about.bytes).map(|part| format!(" at {part}")).unwrap_or_default()
}

/// What tells a content from others, for people.
pub(crate) fn short(hash: &FileHash) -> String {
    hash.to_string().chars().take(8).collect()
}

/// How much of it that is.
pub fn share(done: u64, of: Option<u64>) -> Option<String> {
    let of = of.filter(|of| *of > 0)?;
    Some(format!("{}%", u128::from(done.min(of)) * 100 / u128::from(of)))
}

/// How far a transfer is, as a line of talk.
pub fn moved(about: &About, progress: &Progress) -> String {
    let whole = about.bytes.map(|bytes| format!(" of {}", size(bytes))).unwrap_or_default();
    let part = share(progress.done, about.bytes).map(|part| format!(" ({part})"));
    let About { id, peer, name, .. } = about;
    let way = preposition(about.way);
    let done = size(progress.done);
    format!("{}: {name} {way} {peer}: {done}{whole}{}", id.0, part.unwrap_or_default())
}

fn preposition(way: Way) -> &'static str {
    match way {
        Way::Out => "to",
        Way::In => "from",
    }
}

/// One transfer, as a row of a list.
pub fn row(about: &About, progress: &Progress, stage: Stage) -> String {
    let way = preposition(about.way);
    let state = match stage {
        Stage::Looking => "looking",
        Stage::Asking => "not answered yet",
        Stage::Checking => "checking what is there",
        Stage::Moving => "moving",
        Stage::Stalled => "stalled",
        Stage::Waiting => "waiting to meet again",
    };
    let part = share(progress.done, about.bytes).unwrap_or_else(|| size(progress.done));
    let extent = extent(about.kind, about.entries, about.bytes);
    format!("{:>4}  {part:>4}  {} {way} {}: {state} ({extent})", about.id.0, about.name, about.peer)
}

/// All transfers, as rows.
pub fn transfers(node: &Transfers) -> String {
    let row = |(about, progress, stage)| row(&about, &progress, stage);
    let rows: Vec<String> = node.list().map(row).collect();
    if rows.is_empty() {
        "nothing is sent or received at the moment".into()
    } else {
        rows.join("\n")
    }
}

/// Something that is offered here, as a row.
pub fn offer_row(about: &About) -> String {
    let extent = extent(about.kind, about.entries, about.bytes);
    format!("{:>4}  {} from {} ({extent})", about.id.0, about.name, about.peer)
}

fn listed(peer: &str, items: &[Item]) -> String {
    if items.is_empty() {
        return format!("{peer} shares nothing");
    }
    let rows: String = items.iter().map(|item| format!("\n{}", item_row(item))).collect();
    format!("{peer} shares:{rows}\n  /get @{peer} FILE fetches one")
}

/// What is shared here.
pub fn shares(items: &[Item]) -> String {
    if items.is_empty() {
        return "you share nothing; /share PATH does".into();
    }
    let rows: String = items.iter().map(|item| format!("\n{}", item_row(item))).collect();
    format!("You share with everybody who may call you:{rows}")
}

/// Something shared, as a row.
pub fn item_row(item: &Item) -> String {
    let name = match item.kind {
        Kind::File => item.name.to_string(),
        Kind::Folder => format!("{}/", item.name),
    };
    let hash = item.hash.as_ref().map(short);
    let bytes = padded(&size(item.bytes), 10);
    format!("  {bytes}  {}  {name}", padded(hash.as_deref().unwrap_or(""), 8))
}

/// A path of this machine, safe to show.
pub fn shown_path(path: &Path) -> String {
    shown(&path.to_string_lossy())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use files::disk::TransferId;
    use hallway::text::FileName;

    pub(crate) fn about(way: Way) -> About {
        About {
            id: TransferId(3),
            way,
            peer: "katie".into(),
            name: FileName::of("notes.pdf"),
            kind: Kind::File,
            entries: 1,
            bytes: Some(2_000),
        }
    }

    #[test]
    fn an_offer_says_how_much_there_is_and_how_to_answer() {
        let offer = |room| words(&News::Offered(about(Way::In), room)).unwrap();
        let text = offer(Ok(Room { free: 5_000_000, here: 500 }));
        for word in ["katie", "notes.pdf", "2.00 kB", "500 B of it", "; 5.00 MB free", "deny 3"] {
            assert!(text.contains(word), "{word}: {text}");
        }
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        let text = offer(Ok(Room { free: 1_000, here: 500 }));
        let asks = "accept 3 FOLDER, or deny 3?";
        assert!(text.ends_with(&format!("; only 1.00 kB free here)\n  {asks}")), "{text}");
        let text = offer(Err("/x: not permitted".into()));
        let said = "katie offers notes.pdf (2.00 kB)\n  /x: not permitted\n  ";
        assert_eq!(text, format!("{said}accept 3, {asks}"));
    }

    #[test]
    fn how_much_is_done_is_told_of_what_has_a_size() {
        assert_eq!(share(999, Some(1_000)).unwrap(), "99%");
        assert_eq!(share(u64::MAX, Some(u64::MAX)).unwrap(), "100%");
        assert_eq!(share(5, Some(0)), None);
        assert_eq!(share(5, None), None);
        let row =
            row(&about(Way::Out), &Progress { done: 1_000, ..Progress::default() }, Stage::Moving);
        assert!(row.contains(" 50%") && row.contains("to katie"), "{row}");
    }
}

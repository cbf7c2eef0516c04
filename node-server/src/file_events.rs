//! What is told about files, for `--json`.

use files::news::{About, Failure, News, Stage, Way};
use hallway::event::{Event, FileEvent, ItemEvent};
use hallway::message::files::{Item, Why};

use crate::file_failures::{NO_FILE, not_there, own_reason, reason};
use crate::file_words::left_out;

/// The event, where there is one.
pub(crate) fn event(news: &News) -> Option<Event> {
    let event = match news {
        News::Offered(about, Ok(room)) => Event::FileOffer(FileEvent {
            free: Some(room.free),
            done: (room.here > 0).then_some(room.here),
            ..file(about)
        }),
        News::Offered(about, Err(words)) => Event::FileOffer(FileEvent {
            reason: Some("trouble"),
            text: Some(words.clone()),
            ..file(about)
        }),
        News::Asked(about) => {
            Event::FileProgress(FileEvent { state: Some("asking"), ..file(about) })
        }
        News::Begun(about, progress) => Event::FileProgress(FileEvent {
            done: Some(progress.done),
            state: Some("begun"),
            ..file(about)
        }),
        News::Moved(about, progress, stage) => Event::FileProgress(FileEvent {
            done: Some(progress.done),
            state: Some(state(*stage)),
            ..file(about)
        }),
        News::Interrupted(about, progress) => Event::FileProgress(FileEvent {
            done: Some(progress.done),
            state: Some("waiting"),
            ..file(about)
        }),
        News::Done(about, stored, path, hash) => Event::FileDone(FileEvent {
            stored: Some(stored.to_string()),
            path: path.as_ref().map(|path| path.to_string_lossy().into_owned()),
            hash: hash.map(|hash| hash.to_string()),
            ..file(about)
        }),
        News::HadAlready(about, path) => Event::FileDone(FileEvent {
            had: true,
            path: path.as_ref().map(|path| path.to_string_lossy().into_owned()),
            ..file(about)
        }),
        News::Failed(about, failure) => Event::FileFailed(failed(about, failure)),
        News::Skipped(about, path, why) => Event::Warning {
            kind: "file-skipped",
            text: format!("{}: left out {path}: {}", about.name, reason(*why)),
        },
        News::SkippedMore(about, more) => {
            Event::Warning { kind: "file-skipped", text: left_out(about, *more) }
        }
        News::NotThere(_, peer, wanted, failure) => Event::Error {
            kind: reasons(failure).1,
            text: not_there(peer, wanted.as_ref(), failure),
        },
        News::Listed(..) | News::Looking(_) | News::Shares(..) => return None,
    };
    Some(event)
}

/// Something that is shared, as an event; `None` as the peer when it is us.
pub fn item(peer: Option<&str>, item: &Item) -> Event {
    Event::File(ItemEvent {
        peer: peer.map(str::to_owned),
        name: item.name.to_string(),
        kind: item.kind.word(),
        entries: item.entries,
        bytes: item.bytes,
        modified: item.modified,
        hash: item.hash.map(|hash| hash.to_string()),
    })
}

fn file(about: &About) -> FileEvent {
    FileEvent {
        id: about.id.0,
        way: match about.way {
            Way::Out => "out",
            Way::In => "in",
        },
        peer: about.peer.clone(),
        name: about.name.to_string(),
        kind: about.kind.word(),
        entries: about.entries,
        bytes: about.bytes,
        ..FileEvent::default()
    }
}

fn failed(about: &About, failure: &Failure) -> FileEvent {
    let (whose, why, text) = reasons(failure);
    FileEvent { whose: Some(whose), reason: Some(why), text: Some(text), ..file(about) }
}

/// Whose doing it is, the word that scripts may rely on, and words for people.
fn reasons(failure: &Failure) -> (&'static str, &'static str, String) {
    match failure {
        Failure::There(why) => ("there", kind(*why), reason(*why).to_owned()),
        Failure::Here(why) => ("here", kind(*why), own_reason(*why).to_owned()),
        Failure::Trouble(words) => ("here", "trouble", words.clone()),
        Failure::NoFile => ("here", kind(Why::NotAFile), NO_FILE.into()),
        Failure::Unanswered => ("here", "no-answer", "nobody has answered".into()),
        Failure::Withdrawn => ("there", "withdrawn", "the offer was taken back".into()),
        Failure::Left => ("there", "left", "they have gone, and it was not answered".into()),
        Failure::Ended(_) => ("here", "ended", "the program ended before it was over".into()),
    }
}

fn state(stage: Stage) -> &'static str {
    match stage {
        Stage::Looking => "looking",
        Stage::Asking => "asking",
        Stage::Checking => "checking",
        Stage::Moving => "moving",
        Stage::Stalled => "stalled",
        Stage::Waiting => "waiting",
    }
}

/// The word for a reason that scripts may rely on.
fn kind(why: Why) -> &'static str {
    match why {
        Why::Denied => "denied",
        Why::Policy => "policy",
        Why::TooLarge => "too-large",
        Why::NoRoom => "no-room",
        Why::Have => "have",
        Why::TooMany => "too-many",
        Why::Stopped => "stopped",
        Why::Disk => "disk",
        Why::Damaged => "damaged",
        Why::Changed => "changed",
        Why::Gone => "not-there",
        Why::Unreadable => "unreadable",
        Why::NotAFile => "not-a-file",
        Why::TooDeep => "too-deep",
        Why::Other => "other",
    }
}

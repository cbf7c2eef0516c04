//! Why a transfer or a wish has come to nothing, in words for people.

use files::disk::TransferId;
use files::news::{About, Failure, Way};
use hallway::limits::PART_DAYS_MAX;
use hallway::message::files::{Wanted, Why};

use crate::file_words::{part_of, short};

/// A transfer that is over, and not there.
pub(crate) fn failed(about: &About, failure: &Failure) -> String {
    let About { id: TransferId(id), peer, name, way, .. } = about;
    let what = match way {
        Way::Out => format!("{id}: {name} is not sent to {peer}"),
        Way::In => format!("{id}: {name} is not fetched from {peer}"),
    };
    match (failure, way) {
        (Failure::Here(Why::Denied), Way::In) => format!("you did not take {name}"),
        (Failure::There(Why::Denied), Way::Out) => format!("{peer} does not take {name}"),
        (Failure::Withdrawn, _) => format!("{id}: {peer} does not offer {name} any more"),
        (Failure::Left, _) => format!("{id}: {peer} has gone, and {name} was not answered"),
        (Failure::Unanswered, Way::In) => format!("{id}: {name} of {peer} was not answered"),
        (Failure::Ended(progress), _) if progress.done > 0 => {
            let at = part_of(progress, about);
            let place = match way {
                Way::Out => "there",
                Way::In => "here",
            };
            format!(
                "{id}: {name} was interrupted{at}; what is {place} is kept for {PART_DAYS_MAX} \
                 days, and goes on when the same is sent again"
            )
        }
        (
            Failure::There(_)
            | Failure::Here(_)
            | Failure::Trouble(_)
            | Failure::NoFile
            | Failure::Unanswered
            | Failure::Ended(_),
            _,
        ) => what + &because(peer, failure),
    }
}

/// Why something is not there, to be put behind what that is.
fn because(peer: &str, failure: &Failure) -> String {
    match failure {
        Failure::There(why) => format!(". {peer}: {}", reason(*why)),
        Failure::Here(why) => format!(": {}", own_reason(*why)),
        Failure::Trouble(words) => format!(": {words}"),
        Failure::NoFile => format!(": {NO_FILE}; -o FOLDER puts it into one"),
        Failure::Unanswered => ": nobody there has answered".to_owned(),
        Failure::Withdrawn => format!(": {peer} does not offer it any more"),
        Failure::Left => format!(": {peer} has gone before it answered"),
        Failure::Ended(_) => ": it had not begun".to_owned(),
    }
}

/// Why a folder does not come there.
pub(crate) const NO_FILE: &str = "a folder cannot go to standard output";

/// What was asked for and is not to be had.
pub(crate) fn not_there(peer: &str, wanted: Option<&Wanted>, failure: &Failure) -> String {
    let what = match wanted {
        None => format!("what {peer} shares is not known"),
        Some(Wanted::Name(name)) => format!("{name} is not fetched"),
        Some(Wanted::Hash(hash)) => format!("what has the hash {} is not fetched", short(hash)),
    };
    what + &because(peer, failure)
}

/// A reason, as a sentence of whose it is.
pub(crate) fn reason(why: Why) -> &'static str {
    match why {
        Why::Denied => "it was not accepted",
        Why::Policy => "no files are taken (--files all takes them)",
        Why::TooLarge => "it is larger than what is taken (--files-max)",
        Why::NoRoom => "the disk has no room for it",
        Why::Have => "it is there already",
        Why::TooMany => "there are too many transfers; try again later",
        Why::Stopped => "it was stopped",
        Why::Disk => "the disk failed",
        Why::Damaged => "what came is not what was sent",
        Why::Changed => "it changed while it was sent; send it again",
        Why::Gone => "there is no such file or folder",
        Why::Unreadable => "it may not be read",
        Why::NotAFile => "it is neither a file nor a folder",
        Why::TooDeep => "it has too many entries, or folders too deep inside each other",
        Why::Other => "for a reason that this version does not know",
    }
}

/// The same when it is this node that does not take it: a limit is said to be ours.
pub(crate) fn own_reason(why: Why) -> &'static str {
    match why {
        Why::TooLarge => "it is larger than you take (--files-max)",
        Why::NoRoom => "your disk has no room for it",
        Why::TooMany => "you have too many transfers; try again later",
        Why::Disk => "your disk failed",
        Why::Denied
        | Why::Policy
        | Why::Have
        | Why::Stopped
        | Why::Damaged
        | Why::Changed
        | Why::Gone
        | Why::Unreadable
        | Why::NotAFile
        | Why::TooDeep
        | Why::Other => reason(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use files::news::Progress;
    use hallway::text::FileName;

    use crate::file_words::tests::about;

    #[test]
    fn what_was_asked_and_not_answered_is_not_said_to_be_missing() {
        let wanted = Wanted::Name(FileName::of("notes.pdf"));
        let told = |wanted| not_there("katie", wanted, &Failure::Left);
        let gone = "katie has gone before it answered";
        assert_eq!(told(Some(&wanted)), format!("notes.pdf is not fetched: {gone}"));
        assert_eq!(told(None), format!("what katie shares is not known: {gone}"));
        let missing = not_there("katie", Some(&wanted), &Failure::There(Why::Gone));
        let words = "notes.pdf is not fetched. katie: there is no such file or folder";
        assert_eq!(missing, words);
    }

    #[test]
    fn a_failure_says_whose_it_is() {
        let there = failed(&about(Way::Out), &Failure::There(Why::NoRoom));
        assert!(there.contains("not sent to katie. katie: the disk"), "{there}");
        let full = failed(&about(Way::In), &Failure::Here(Why::NoRoom));
        assert_eq!(full, "3: notes.pdf is not fetched from katie: your disk has no room for it");
        let wanted = Wanted::Name(FileName::of("notes.pdf"));
        let large = not_there("katie", Some(&wanted), &Failure::Here(Why::TooLarge));
        let ours = "notes.pdf is not fetched: it is larger than you take (--files-max)";
        assert_eq!(large, ours);
        let here = failed(&about(Way::In), &Failure::Trouble("x is full".into()));
        assert!(here.ends_with("from katie: x is full"));
        let left = failed(&about(Way::In), &Failure::Left);
        assert_eq!(left, "3: katie has gone, and notes.pdf was not answered");
    }

    #[test]
    fn what_is_cut_by_the_end_of_the_program_does_not_go_on_by_itself() {
        let ended = |way, done| {
            let progress = Progress { done, ..Progress::default() };
            failed(&about(way), &Failure::Ended(progress))
        };
        let kept = "what is here is kept for 30 days, and goes on when the same is sent again";
        let cut = format!("3: notes.pdf was interrupted at 50%; {kept}");
        assert_eq!(ended(Way::In, 1_000), cut);
        assert_eq!(ended(Way::Out, 1_000), cut.replace("is here", "is there"));
        assert_eq!(ended(Way::Out, 0), "3: notes.pdf is not sent to katie: it had not begun");
        let offer = failed(&about(Way::In), &Failure::Unanswered);
        assert_eq!(offer, "3: notes.pdf of katie was not answered");
    }
}

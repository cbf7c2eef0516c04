//! What Tab completes: words, and paths of this machine.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rustyline::completion::Pair;

use crate::complete::{Behind, Words, escaped, last_word};
use crate::limits::{COMPLETION_COLUMNS_MAX, COMPLETIONS_MAX, COMPLETIONS_SHOWN_MAX};
use crate::shell::paths;
use crate::text::columns;

/// The words, replaced as a whole by the program.
#[derive(Default)]
pub(super) struct Completions(Mutex<Words>);

impl Completions {
    pub(super) fn set(&self, mut words: Words) {
        tidy(&mut words.anywhere);
        for (_, behind) in &mut words.behind {
            if let Behind::Names(names) = behind {
                tidy(names);
            }
        }
        *self.lock() = words;
    }

    /// Where the word before the cursor begins, in bytes, and what it can become. Small and capital
    /// letters count as the same only where nothing fits exactly.
    pub(super) fn matching(&self, before: &str) -> (usize, Vec<Pair>) {
        // The program must not wait for the lock while a folder is read.
        let behind = self.lock().behind(before).cloned();
        let Some(behind) = behind else {
            let start = before.rfind(char::is_whitespace).map_or(0, |at| {
                at + before.get(at..).and_then(|s| s.chars().next()).map_or(0, char::len_utf8)
            });
            let word = before.get(start..).unwrap_or_default();
            let found = few(fitting(&self.lock().anywhere, word), word);
            let pair = |word: String| Pair { display: word.clone(), replacement: word };
            return (start, found.into_iter().map(pair).collect());
        };
        let (start, word) = last_word(before);
        let found = match behind {
            Behind::Names(names) => fitting(&names, &word),
            Behind::Paths => paths::beginning_with(&word, false),
            Behind::Folders => paths::beginning_with(&word, true),
        };
        let pair = |path: String| Pair { display: last_name(&path), replacement: escaped(&path) };
        (start, few(found, &word).into_iter().map(pair).collect())
    }

    fn lock(&self) -> MutexGuard<'_, Words> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// They are shown and put into the line; the real filter is where they come from.
fn tidy(words: &mut Vec<String>) {
    words.retain(|word| !word.is_empty() && !word.contains(char::is_control));
    words.truncate(COMPLETIONS_MAX);
    words.sort();
    words.dedup();
}

fn fitting(words: &[String], word: &str) -> Vec<String> {
    let found: Vec<String> =
        words.iter().filter(|known| known.starts_with(word)).cloned().collect();
    if !found.is_empty() {
        return found;
    }
    let small = word.to_lowercase();
    words.iter().filter(|known| known.to_lowercase().starts_with(&small)).cloned().collect()
}

/// If they are too many to show: as far as they agree, if that is any farther than `word`.
fn few(found: Vec<String>, word: &str) -> Vec<String> {
    if found.len() <= COMPLETIONS_SHOWN_MAX {
        return found;
    }
    let common = common_start(&found);
    if common.len() > word.len() { vec![common] } else { Vec::new() }
}

/// Of a path, what is shown in the list: its last name, as much of it as there is room for.
fn last_name(path: &str) -> String {
    let start = path.trim_end_matches('/').rfind('/').map_or(0, |slash| slash + 1);
    let name = path.get(start..).unwrap_or_default();
    if columns(name) <= COMPLETION_COLUMNS_MAX {
        return name.to_owned();
    }
    let mut short = String::new();
    for c in name.chars() {
        short.push(c);
        if columns(&short) >= COMPLETION_COLUMNS_MAX {
            short.pop();
            break;
        }
    }
    short + "…"
}

fn common_start(words: &[String]) -> String {
    let mut common = words.first().cloned().unwrap_or_default();
    for word in words {
        let same = common.chars().zip(word.chars()).take_while(|(a, b)| a == b);
        let length = same.map(|(a, _)| a.len_utf8()).sum();
        common.truncate(length);
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completions(anywhere: &[&str], behind: &[(&str, Behind)]) -> Completions {
        let completions = Completions::default();
        completions.set(Words {
            anywhere: anywhere.iter().map(|word| (*word).to_owned()).collect(),
            behind: behind.iter().map(|(text, what)| ((*text).to_owned(), what.clone())).collect(),
        });
        completions
    }

    /// What is put into the line.
    fn put(completions: &Completions, before: &str) -> (usize, Vec<String>) {
        let (start, found) = completions.matching(before);
        (start, found.into_iter().map(|pair| pair.replacement).collect())
    }

    #[test]
    fn the_word_before_the_cursor_is_completed() {
        let completions = completions(&["katie", "karl", "/quit", "\u{1b}evil"], &[]);
        assert_eq!(put(&completions, "hello ka"), (6, vec!["karl".into(), "katie".into()]));
        assert_eq!(put(&completions, "/q"), (0, vec!["/quit".into()]));
        assert_eq!(put(&completions, "a\u{2003}KAT"), (4, vec!["katie".into()]));
        assert_eq!(put(&completions, "x"), (0, vec![]));
        assert_eq!(put(&completions, "").1.len(), 3);
    }

    #[test]
    fn too_many_words_are_completed_as_far_as_they_agree() {
        let many: Vec<String> = (100..200).map(|number| format!("student-{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let completions = completions(&many, &[]);
        assert_eq!(put(&completions, "stu"), (0, vec!["student-1".into()]));
        assert_eq!(put(&completions, "student-1"), (0, vec![]));
        assert_eq!(put(&completions, "student-15").1.len(), 10);
    }

    #[test]
    fn names_of_files_are_completed_where_they_are_meant_and_read_back_whole() {
        let names = vec!["my notes.txt".into(), "my list.txt".into(), "x\u{7}".into()];
        let completions = completions(&["@katie"], &[("/get ", Behind::Names(names))]);
        let both = vec!["my\\ list.txt".to_owned(), "my\\ notes.txt".to_owned()];
        assert_eq!(put(&completions, "/get m"), (5, both.clone()));
        assert_eq!(put(&completions, "/get \"my "), (5, both));
        assert_eq!(put(&completions, "/get MY\\ N"), (5, vec!["my\\ notes.txt".into()]));
        assert_eq!(put(&completions, "/get @k"), (5, vec!["@katie".into()]));
        assert_eq!(put(&completions, "my"), (0, vec![]));
    }

    #[test]
    fn a_folder_with_too_many_files_is_completed_as_far_as_they_agree() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..=COMPLETIONS_SHOWN_MAX {
            std::fs::write(folder.path().join(format!("a photo {number:03}.jpg")), "").unwrap();
        }
        let completions = completions(&[], &[("/send ", Behind::Paths)]);
        let root = folder.path().display();
        let before = format!("/send {root}/");
        assert_eq!(put(&completions, &before), (6, vec![format!("{root}/a\\ photo\\ 0")]));
        let before = format!("/send {root}/a\\ photo\\ 00");
        let (start, found) = completions.matching(&before);
        assert_eq!((start, found.len()), (6, 10));
        assert_eq!(found[9].display, "a photo 009.jpg");
        assert_eq!(found[9].replacement, format!("{root}/a\\ photo\\ 009.jpg"));
    }

    #[test]
    fn a_long_name_is_listed_short() {
        let long = last_name(&format!("a/{}/", "x".repeat(100)));
        assert_eq!((columns(&long), long.ends_with('…')), (COMPLETION_COLUMNS_MAX, true));
        assert_eq!(last_name("a/b/c/"), "c/");
    }
}

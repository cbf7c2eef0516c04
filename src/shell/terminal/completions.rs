//! Words that Tab completes.

use std::sync::{Mutex, PoisonError};

use crate::limits::{COMPLETIONS_MAX, COMPLETIONS_SHOWN_MAX};

/// The words, replaced as a whole by the program.
#[derive(Default)]
pub(super) struct Completions(Mutex<Vec<String>>);

impl Completions {
    pub(super) fn set(&self, mut words: Vec<String>) {
        // They are shown and put into the line; the real filter is where they come from.
        words.retain(|word| !word.is_empty() && !word.contains(char::is_control));
        words.truncate(COMPLETIONS_MAX);
        words.sort();
        words.dedup();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }

    /// Where the word before the cursor begins, in bytes, and what it can become. Small and capital
    /// letters count as the same only where nothing fits exactly.
    pub(super) fn matching(&self, before: &str) -> (usize, Vec<String>) {
        let start = before.rfind(char::is_whitespace).map_or(0, |at| {
            at + before.get(at..).and_then(|s| s.chars().next()).map_or(0, char::len_utf8)
        });
        let word = before.get(start..).unwrap_or_default();
        let words = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<String> =
            words.iter().filter(|known| known.starts_with(word)).cloned().collect();
        if found.is_empty() {
            let small = word.to_lowercase();
            let fits = |known: &&String| known.to_lowercase().starts_with(&small);
            found = words.iter().filter(fits).cloned().collect();
        }
        if found.len() > COMPLETIONS_SHOWN_MAX {
            // Too many to show: as far as they agree, if that is any farther.
            let common = common_start(&found);
            found = if common.len() > word.len() { vec![common] } else { Vec::new() };
        }
        (start, found)
    }
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

    fn completions(words: &[&str]) -> Completions {
        let completions = Completions::default();
        completions.set(words.iter().map(|word| (*word).to_owned()).collect());
        completions
    }

    #[test]
    fn the_word_before_the_cursor_is_completed() {
        let completions = completions(&["katie", "karl", "/quit", "\u{1b}evil"]);
        assert_eq!(completions.matching("hello ka"), (6, vec!["karl".into(), "katie".into()]));
        assert_eq!(completions.matching("/q"), (0, vec!["/quit".into()]));
        assert_eq!(completions.matching("a\u{2003}KAT"), (4, vec!["katie".into()]));
        assert_eq!(completions.matching("x"), (0, vec![]));
        assert_eq!(completions.matching("").1.len(), 3);
    }

    #[test]
    fn too_many_words_are_completed_as_far_as_they_agree() {
        let many: Vec<String> = (100..200).map(|number| format!("student-{number}")).collect();
        let completions = Completions::default();
        completions.set(many);
        assert_eq!(completions.matching("stu"), (0, vec!["student-1".into()]));
        assert_eq!(completions.matching("student-1"), (0, vec![]));
        assert_eq!(completions.matching("student-15").1.len(), 10);
    }
}

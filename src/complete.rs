//! What Tab completes, as a value: which words, and where paths of this machine are meant.
//!
//! Names of files are put into a line as a shell would want them, with `\` before what divides
//! words, so that whoever reads the line gets them back whole.

/// Everything that can be completed at the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Anywhere in a line.
    pub anywhere: Vec<String>,
    /// Behind these beginnings of a line (the longest that fits counts), unless the word begins
    /// with `@`. An empty beginning is that of every line.
    pub behind: Vec<(String, Behind)>,
}

/// What is completed behind some beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behind {
    /// Files and folders of this machine.
    Paths,
    /// Folders of this machine.
    Folders,
    /// These names.
    Names(Vec<String>),
}

impl Words {
    /// What completes the word at the end of `before`, unless a word for anywhere does.
    pub fn behind(&self, before: &str) -> Option<&Behind> {
        let before = before.trim_start();
        if before.rsplit(char::is_whitespace).next().is_some_and(|word| word.starts_with('@')) {
            return None;
        }
        let fitting = self.behind.iter().filter(|(beginning, _)| before.starts_with(beginning));
        fitting.max_by_key(|(beginning, _)| beginning.len()).map(|(_, behind)| behind)
    }
}

/// A name or path as one word of a line.
pub fn escaped(path: &str) -> String {
    let mut word = String::with_capacity(path.len());
    for (at, c) in path.chars().enumerate() {
        // A shell takes `#` at the beginning of a word for a comment.
        if matches!(c, ' ' | '\t' | '\'' | '"' | '\\') || (c == '#' && at == 0) {
            word.push('\\');
        }
        word.push(c);
    }
    word
}

/// The word at the end of `before`: where it begins, in bytes, and what it says so far, without `\`
/// and quotes.
pub fn last_word(before: &str) -> (usize, String) {
    let (mut start, mut word) = (0, String::new());
    let mut quote = None;
    let mut chars = before.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (None, ' ' | '\t') => {
                start = at + c.len_utf8();
                word.clear();
            }
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => word.extend(chars.next().map(|(_, c)| c)),
            (_, c) => word.push(c),
        }
    }
    (start, word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_beginning_counts_and_a_name_with_an_at_is_none() {
        let words = Words {
            anywhere: Vec::new(),
            behind: vec![
                ("/send ".into(), Behind::Paths),
                ("accept 3 ".into(), Behind::Folders),
                ("".into(), Behind::Names(vec!["a".into()])),
            ],
        };
        assert_eq!(words.behind("/send a b"), Some(&Behind::Paths));
        assert_eq!(words.behind("  /send "), Some(&Behind::Paths));
        assert_eq!(words.behind("/send @ka"), None);
        assert_eq!(words.behind("/send @katie "), Some(&Behind::Paths));
        assert_eq!(words.behind("accept 3 "), Some(&Behind::Folders));
        assert_eq!(words.behind("/sen"), Some(&Behind::Names(vec!["a".into()])));
        assert_eq!(Words::default().behind("/send "), None);
    }

    #[test]
    fn what_was_escaped_is_read_back_as_one_word() {
        for name in ["a.txt", "my file.txt", "it's", "\"x\"", r"a\b", "#1 of it", "tab\there", "é"]
        {
            let line = format!("/send {}", escaped(name));
            assert_eq!(last_word(&line), (6, name.to_owned()), "{line}");
        }
        assert_eq!(escaped("a#b"), "a#b");
    }

    #[test]
    fn a_word_may_be_half_typed_in_every_way() {
        assert_eq!(last_word(""), (0, String::new()));
        assert_eq!(last_word("/send "), (6, String::new()));
        assert_eq!(last_word("/send a\\ "), (6, "a ".into()));
        assert_eq!(last_word("/send \"my fi"), (6, "my fi".into()));
        assert_eq!(last_word("/send 'my fi"), (6, "my fi".into()));
        assert_eq!(last_word("/send 'a\\"), (6, "a\\".into()));
        assert_eq!(last_word("/send \"a\\\"b"), (6, "a\"b".into()));
        assert_eq!(last_word("/send a\\"), (6, "a".into()));
        assert_eq!(last_word("é "), (3, String::new()));
    }
}

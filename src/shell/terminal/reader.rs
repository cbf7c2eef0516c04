//! Plain and pipe style: lines from standard input, read one at a time and only when asked.

use std::io::{self, BufRead, ErrorKind, Read};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::desk::Desk;
use super::{Style, Typed, restore};
use crate::limits::INPUT_LINE_BYTES_MAX;
use crate::secret::Secret;

/// The thread: answers each question from standard input.
pub(super) fn run(desk: &Arc<Desk>) {
    let mut lines = Lines::new(io::stdin().lock());
    while let Some(question) = desk.next_question() {
        let typed = match (question.secret, desk.style) {
            (true, Style::Plain) => {
                let modes = restore::quiet();
                desk.push_prompt(&question);
                let typed = hidden();
                if let Some(modes) = modes {
                    restore::loud(&modes);
                }
                typed
            }
            (true, Style::Rich | Style::Pipe) => lines.next().map_or(Typed::End, |line| {
                let line = Zeroizing::new(line);
                let text = Zeroizing::new(String::from_utf8_lossy(&line).into_owned());
                Typed::Secret(Secret::new(&text))
            }),
            (false, _) => lines.next().map_or(Typed::End, |line| {
                Typed::Line(String::from_utf8_lossy(&line).into_owned())
            }),
        };
        desk.push_typed(typed);
    }
}

/// A secret from a person, without echo. rpassword reads the terminal itself, key by key, so it
/// neither misses what was typed ahead nor takes more than its line.
fn hidden() -> Typed {
    match rpassword::read_password() {
        Ok(text) => Typed::Secret(Secret::new(&Zeroizing::new(text))),
        // It has also raised SIGINT, as Ctrl-C on a plain line does.
        Err(error) if error.kind() == ErrorKind::Interrupted => Typed::Interrupt,
        Err(_) => Typed::End,
    }
}

/// Lines without their ends; too long ones in pieces.
struct Lines<R> {
    input: R,
    /// The beginning of a character that was cut in two.
    carry: Vec<u8>,
    /// The last piece ended without a line end.
    cut: bool,
}

impl<R: BufRead> Lines<R> {
    fn new(input: R) -> Self {
        Self { input, carry: Vec::new(), cut: false }
    }

    /// `None` at the end of input, and when it cannot be read any more. On a terminal more may
    /// follow.
    fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let mut line = std::mem::take(&mut self.carry);
            let room = (INPUT_LINE_BYTES_MAX - line.len()) as u64;
            self.input.by_ref().take(room).read_until(b'\n', &mut line).ok()?;
            if line.is_empty() {
                return None;
            }
            let rest_of_cut = std::mem::replace(&mut self.cut, false);
            if line.last() == Some(&b'\n') {
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                if line.is_empty() && rest_of_cut {
                    // Only the end of a line whose pieces have been given.
                    continue;
                }
            } else if line.len() == INPUT_LINE_BYTES_MAX {
                self.cut = true;
                self.carry = line.split_off(whole_characters(&line));
            }
            return Some(line);
        }
    }
}

/// How many bytes of `line` end with a whole character.
fn whole_characters(line: &[u8]) -> usize {
    let tail = line.len().saturating_sub(3);
    for (at, byte) in line.iter().enumerate().skip(tail) {
        let length = match byte {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => 1,
        };
        if at + length > line.len() {
            return at;
        }
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Lines::new(bytes);
        std::iter::from_fn(|| lines.next()).collect()
    }

    #[test]
    fn lines_lose_their_ends_and_the_last_needs_none() {
        assert_eq!(all(b"one\ntwo\r\n\n last"), [&b"one"[..], b"two", b"", b" last"]);
        assert!(all(b"").is_empty());
    }

    #[test]
    fn a_line_beyond_the_limit_is_cut_and_no_line_is_added() {
        let most = vec![b'a'; INPUT_LINE_BYTES_MAX];
        let pieces = all(&[&most[..], b"\nnext\n"].concat());
        assert_eq!(pieces.len(), 2);
        assert_eq!(pieces[1], b"next");
        let pieces = all(&[&most[..], b"bc\n\nnext"].concat());
        let sizes: Vec<usize> = pieces.iter().map(Vec::len).collect();
        assert_eq!(sizes, [INPUT_LINE_BYTES_MAX, 2, 0, 4]);
    }

    #[test]
    fn a_cut_does_not_split_a_character() {
        for before in 0..4 {
            let text = "a".repeat(INPUT_LINE_BYTES_MAX - before) + "\u{1F438}\u{e9}z";
            let pieces = all(text.as_bytes());
            assert_eq!(pieces.concat(), text.as_bytes());
            for piece in pieces {
                assert!(str::from_utf8(&piece).is_ok(), "{before}");
            }
        }
    }

    #[test]
    fn invalid_bytes_at_the_cut_are_kept_too() {
        let text = [&vec![b'a'; INPUT_LINE_BYTES_MAX - 1][..], b"\xff\xfe\xf0"].concat();
        assert_eq!(all(&text).concat(), text);
    }
}

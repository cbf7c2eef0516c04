//! Every call of a round: what was said, what was shown to the other side, what came back.

use std::collections::BTreeMap;

use serde_json::Value;

/// How a call must have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Must {
    /// All lines were shown, all came back, the exit code is 0: nothing disturbed it.
    ComeBack,
    /// All lines were shown, the exit code is 0: nobody waited for what came back.
    BeShown,
    /// Somebody was killed, frozen or cut off, or left: it is over, and lines that were said and
    /// not confirmed are named.
    BeNamed,
    /// The caller was killed, unless it was over before.
    Nothing,
}

/// A call that is over, as the caller knows it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) said: Vec<String>,
    pub(crate) heard: Vec<String>,
    pub(crate) unsent: Vec<String>,
    pub(crate) code: i32,
    pub(crate) must: Must,
}

/// All calls of a round.
#[derive(Default)]
pub(crate) struct Calls {
    /// By the first word of each line, which is the call's alone.
    calls: BTreeMap<String, Call>,
    /// What the called have shown.
    shown: BTreeMap<String, Vec<String>>,
}

impl Calls {
    pub(crate) fn add(&mut self, key: String, call: Call) {
        self.calls.insert(key, call);
    }

    /// Notes what a node has shown. Under `--json`, showing is telling an event.
    pub(crate) fn note(&mut self, events: &[Value]) {
        for event in events.iter().filter(|event| event["event"] == "message") {
            let text = event["text"].as_str().unwrap();
            let key = text.split(' ').next().unwrap();
            self.shown.entry(key.to_owned()).or_default().push(text.to_owned());
        }
    }

    /// Whether every call was as it must be.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (key, call) in &self.calls {
            let shown = self.shown.get(key).map_or(&[][..], Vec::as_slice);
            call.check(shown).map_err(|what| format!("{what}: {}", call.tell(key, shown)))?;
        }
        match self.shown.keys().find(|key| !self.calls.contains_key(*key)) {
            None => Ok(()),
            Some(key) => Err(format!("a line that nobody said, beginning with {key}")),
        }
    }

    /// The round is over, and so are all its calls.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

impl Call {
    /// It in short: each line by its number.
    fn tell(&self, key: &str, shown: &[String]) -> String {
        fn numbers(lines: &[String]) -> Vec<&str> {
            lines.iter().map(|line| line.split(' ').nth(1).unwrap_or(line)).collect()
        }
        format!(
            "call {key} must {:?}, exit code {}, {} said, shown {:?}, came back {:?}, unsent {:?}",
            self.must,
            self.code,
            self.said.len(),
            numbers(shown),
            numbers(&self.heard),
            numbers(&self.unsent),
        )
    }

    fn check(&self, shown: &[String]) -> Result<(), &'static str> {
        let is = |right: bool, wrong| if right { Ok(()) } else { Err(wrong) };
        is(self.said.starts_with(shown), "shown out of order, twice or with a gap")?;
        is(shown.starts_with(&self.heard), "another line came back, or not in order")?;
        let first = self.said.iter().position(|line| self.unsent.first() == Some(line));
        let confirmed = first.unwrap_or(0);
        is(self.said[confirmed..].starts_with(&self.unsent), "not the last lines are named")?;
        is(shown.len() >= confirmed, "confirmed and not shown")?;
        let is_over = matches!((self.code, self.unsent.len()), (0, 0) | (4, _));
        match self.must {
            Must::ComeBack => is(self.heard == self.said && self.code == 0, "not all came back"),
            Must::BeShown => is(shown == self.said && self.code == 0, "not all was shown"),
            Must::BeNamed => is(is_over, "it did not end as it must"),
            Must::Nothing => is(is_over || self.code == -9, "it did not end, and was not killed"),
        }
    }
}

//! The stream of a transfer to somebody, part by part.

use hallway::message::files::{self, Files, From, Sent};
use hallway::time::Millis;

use super::{Sending, State};
use crate::desk::{Desk, Spot};
use crate::disk::Part;
use crate::flow::Window;
use crate::news::{Failure, News, Progress};

impl Sending {
    /// Sends the next part, when there is one; `false` when there is not.
    pub(crate) fn step(&mut self, now: Millis, window: &mut Window, desk: &mut Desk) -> bool {
        let (State::Beginning(spot, supply) | State::Streaming(spot, supply)) = &mut self.state
        else {
            return false;
        };
        let Some(part) = supply.pop() else { return false };
        let spot = *spot;
        if !matches!(part, Part::End { .. } | Part::Failed(_)) {
            supply.refill(self.about.id, desk);
        }
        self.pace.moved(now);
        self.send(now, spot, part, window, desk);
        true
    }

    fn send(&mut self, now: Millis, spot: Spot, part: Part, window: &mut Window, desk: &mut Desk) {
        let number = spot.number;
        let message = match part {
            Part::Passed(bytes) => {
                self.progress.done += bytes;
                return;
            }
            Part::From(entries, chunks) => {
                self.begin(entries, chunks, desk);
                Files::From(From { number, entries, chunks })
            }
            Part::Entry(entry) => {
                self.progress.entries += 1;
                Files::Entry(files::Entry { number, ..entry })
            }
            Part::Bytes(bytes) => {
                self.sent += bytes.len() as u64;
                window.sent(now, bytes.len() as u64);
                desk.bulk(spot, bytes);
                return;
            }
            Part::Chunk(chunk) => Files::Chunk(files::Chunk { number, ..chunk }),
            Part::Skipped(skipped) => {
                let (path, why) = (skipped.path.clone(), skipped.why);
                self.left_out.tell(&self.about, path, why, desk);
                Files::Skipped(files::Skipped { number, ..skipped })
            }
            Part::End { entries, bytes, hash } => {
                self.hash = hash;
                self.is_unconfirmed = true;
                self.left_out.end(&self.about, desk);
                self.state = State::Sent(spot);
                Files::Sent(Sent { number, entries, bytes })
            }
            Part::Failed(why) => {
                self.fail(Failure::Here(why), Some(why), desk);
                return;
            }
        };
        let weight = message.weight();
        if weight > 0 {
            window.sent(now, weight);
        }
        desk.say(spot.link, message);
    }

    /// The stream begins there.
    fn begin(&mut self, entries: u64, chunks: u64, desk: &mut Desk) {
        let before = if (entries, chunks) == (0, 0) { 0 } else { self.progress.done };
        self.progress = Progress { done: before, before, entries };
        if let State::Beginning(spot, supply) = &mut self.state {
            self.state = State::Streaming(*spot, std::mem::take(supply));
        }
        desk.news(News::Begun(self.about.clone(), self.progress));
    }
}

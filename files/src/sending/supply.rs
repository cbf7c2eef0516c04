//! What is read ahead of a transfer, so that the disk works while the network does.

use std::collections::VecDeque;

use hallway::limits;

use crate::desk::Desk;
use crate::disk::{Part, Read, TransferId};

/// What was read ahead.
#[derive(Debug, Default)]
pub(super) struct Supply {
    /// Reads under way.
    asked: usize,
    parts: VecDeque<Part>,
    /// The weight of all parts.
    weight: usize,
}

impl Supply {
    /// A read has brought these.
    pub(super) fn add(&mut self, parts: Vec<Part>) {
        self.asked = self.asked.saturating_sub(1);
        self.weight += parts.iter().map(weight).sum::<usize>();
        self.parts.extend(parts);
    }

    pub(super) fn pop(&mut self) -> Option<Part> {
        let part = self.parts.pop_front()?;
        self.weight -= weight(&part);
        Some(part)
    }

    /// Has more read, as long as little is here.
    pub(super) fn refill(&mut self, id: TransferId, desk: &mut Desk) {
        let has_ended = matches!(self.parts.back(), Some(Part::End { .. } | Part::Failed(_)));
        let most = limits::FILE_READS_MAX * limits::FILE_READ_BYTES;
        while !has_ended
            && self.asked < limits::FILE_READS_MAX
            && self.weight + self.asked * limits::FILE_READ_BYTES < most
        {
            self.asked += 1;
            desk.read(Read::Next(id));
        }
    }
}

fn weight(part: &Part) -> usize {
    if let Part::Bytes(bytes) = part { bytes.len() } else { limits::STREAM_MESSAGE_WEIGHT as usize }
}

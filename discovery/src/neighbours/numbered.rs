//! The numbers that a list was shown with: they stay what they are while neighbours come and go,
//! until the list is shown anew.

use ssdp::target::Udn;

use super::{Neighbour, Neighbours};
use crate::limits::NUMBERS_MAX;

/// Neighbours by the numbers they were shown with, from 1.
#[derive(Default)]
pub struct Numbered {
    shown: Vec<Udn>,
}

impl Numbered {
    /// Numbers everybody anew, in the order of [`Neighbours::all`].
    pub fn anew<'a>(&mut self, neighbours: &'a Neighbours) -> Vec<(usize, &'a Neighbour)> {
        let all = neighbours.all();
        self.shown = all.iter().map(|one| one.udn.clone()).collect();
        all.into_iter().enumerate().map(|(at, one)| (at + 1, one)).collect()
    }

    /// The number of somebody; who came since the list was shown gets the next one. `None` when
    /// there are too many to be told apart.
    pub fn number(&mut self, udn: &Udn) -> Option<usize> {
        let known = self.shown.iter().position(|shown| shown == udn);
        if known.is_none() && self.shown.len() < NUMBERS_MAX {
            self.shown.push(udn.clone());
            return Some(self.shown.len());
        }
        known.map(|at| at + 1)
    }

    /// Who was shown with that number; they may be gone.
    pub fn pick(&self, number: usize) -> Option<&Udn> {
        self.shown.get(number.checked_sub(1)?)
    }
}

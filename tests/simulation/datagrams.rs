//! UDP on the virtual LAN: datagrams are lost, doubled, late, cut short, and some get nowhere.
//!
//! Nobody in these histories speaks UDP yet. The SSDP engine joins here: what it sends goes through
//! [`Weather::carry`], each copy becomes an `Event` of the world at its time for each listener, and
//! `World::is_cut` says who is out of reach.

use crate::dice::Dice;

/// How bad the network is to datagrams. Chances are of a thousand.
#[derive(Clone, Copy)]
pub struct Weather {
    pub lost: u64,
    pub doubled: u64,
    pub cut_short: u64,
    /// Most milliseconds on the way; who is faster overtakes.
    pub delay: u64,
}

impl Weather {
    /// What becomes of one datagram on its way to one listener: each copy, with its delay.
    pub fn carry(self, bytes: &[u8], dice: &mut Dice) -> Vec<(u64, Vec<u8>)> {
        let copies =
            if dice.chance(self.lost) { 0 } else { 1 + u64::from(dice.chance(self.doubled)) };
        let mut copy = || {
            let mut bytes = bytes.to_vec();
            if dice.chance(self.cut_short) {
                bytes.truncate(dice.index(bytes.len().max(1)));
            }
            (1 + dice.below(self.delay), bytes)
        };
        (0..copies).map(|_| copy()).collect()
    }
}

#[test]
fn datagrams_are_lost_doubled_overtaken_and_cut_short_and_never_changed_otherwise() {
    let weather = Weather { lost: 200, doubled: 200, cut_short: 200, delay: 50 };
    let mut dice = Dice::new(1);
    let sent: Vec<u8> = (0..100).collect();
    let carried: Vec<_> = (0..1_000).map(|_| weather.carry(&sent, &mut dice)).collect();
    for copies in 0..3 {
        let count = carried.iter().filter(|got| got.len() == copies).count();
        assert!(count > 100, "{copies} copies: {count}");
    }
    let all: Vec<_> = carried.into_iter().flatten().collect();
    assert!(all.iter().all(|(delay, got)| (1..=50).contains(delay) && sent.starts_with(got)));
    assert!(all.iter().filter(|(_, got)| got.len() < sent.len()).count() > 100);
    assert!(all.windows(2).any(|two| two[0].0 > two[1].0 + 1), "one overtakes another");
}

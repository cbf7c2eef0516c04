//! Whether and when a lost community, or a node that files are exchanged with, is dialled again.

use hallway::limits;
use hallway::reason::{CloseReason, Ended, PeerFault};
use hallway::seeds::Seeds;
use hallway::time::Millis;

/// How long to wait after so many failures. Doubles from attempt to attempt; a random half of it
/// keeps a class from coming all at once.
pub fn pause(ended: &Ended, failures: u32, seeds: &mut Seeds) -> Millis {
    if let Ended::Busy { wait_ms } = ended {
        // Anybody can claim to be busy, for a month.
        let told = u64::from(*wait_ms).min(limits::REJOIN_LONGEST.0);
        return Millis(told + seeds.below(1_000));
    }
    let doubled = limits::REJOIN_FIRST.0 << failures.min(10);
    let whole = doubled.min(limits::REJOIN_LONGEST.0);
    Millis(whole / 2 + seeds.below(whole / 2 + 1))
}

/// Whether what happened may be over the next time, without anybody changing anything. After we
/// have been in, a fault may: it was the right program, and a forger on the way must not be able to
/// keep us out for good.
pub(crate) fn may_pass(ended: &Ended, was_in: bool) -> bool {
    match ended {
        Ended::Lost(_) | Ended::NotReached(_) | Ended::Busy { .. } | Ended::NoResources => true,
        Ended::Closed(reason) | Ended::ByUs(reason) => {
            matches!(reason, CloseReason::Bye | CloseReason::Full)
        }
        Ended::Fault(fault) => was_in || *fault == PeerFault::Silent,
        Ended::WrongPassword | Ended::OtherIdentity { .. } | Ended::PinBroken { .. } => false,
    }
}

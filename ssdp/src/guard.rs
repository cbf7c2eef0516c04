//! Whom we answer, and how often: nobody may have us send to a stranger, or more than our share.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::interface::{Interface, SSDP_PORT};
use crate::limits::{ANSWERS_GLOBAL, ANSWERS_PER_SOURCE, SOURCES_MAX};

/// What has been answered lately, over all and to whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    all: Bucket,
    sources: BTreeMap<IpAddr, Bucket>,
}

/// A token bucket: the moment at which it is full again says all about it.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    full_at: Duration,
}

impl Guard {
    /// Takes the right to send so many datagrams to a source, if there is one.
    pub(crate) fn admits(&mut self, now: Duration, source: IpAddr, datagrams: u32) -> bool {
        let known = self.sources.get(&source).copied().unwrap_or_default();
        let own = known.taking(now, datagrams, ANSWERS_PER_SOURCE);
        let all = self.all.taking(now, datagrams, ANSWERS_GLOBAL);
        let (Some(own), Some(all)) = (own, all) else { return false };
        self.all = all;
        // Only who is answered is remembered, so that a flood of sources costs no memory and no
        // search through it: the rate over all comes before.
        if self.sources.len() >= SOURCES_MAX && !self.sources.contains_key(&source) {
            self.forget_fullest();
        }
        self.sources.insert(source, own);
        true
    }

    fn forget_fullest(&mut self) {
        let fullest = self.sources.iter().min_by_key(|(_, bucket)| bucket.full_at);
        if let Some(source) = fullest.map(|(source, _)| *source) {
            self.sources.remove(&source);
        }
    }
}

impl Bucket {
    /// The bucket without so many tokens; `None` where it has not got them.
    fn taking(self, now: Duration, tokens: u32, (burst, per_second): (u32, u32)) -> Option<Self> {
        let span = |tokens: u32| Duration::from_secs(1) * tokens / per_second;
        let full_at = self.full_at.max(now) + span(tokens);
        (full_at <= now + span(burst)).then_some(Self { full_at })
    }
}

/// Whether an answer to this source can only go to one neighbour and not back to ourselves.
/// Another program of this machine has our address too, but another port.
pub(crate) fn is_answerable(interface: &Interface, source: SocketAddr) -> bool {
    let (ip, port) = (source.ip(), source.port());
    let is_ours = interface.has(ip) && (port == interface.own_port || port == SSDP_PORT);
    port != 0 && !is_ours && interface.is_on_link(ip)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::interface::Address;

    const NOW: Duration = Duration::from_secs(100);

    fn eth0() -> Interface {
        let address = |ip: &str, prefix| Address { ip: ip.parse().unwrap(), prefix };
        let addresses = vec![address("192.168.1.7", 24), address("fe80::7", 64)];
        Interface { index: 2, name: "eth0".into(), addresses, own_port: 50_000 }
    }

    #[test]
    fn only_a_neighbour_is_answered() {
        let answered = |source: &str| is_answerable(&eth0(), source.parse().unwrap());
        for source in ["192.168.1.9:1900", "192.168.1.9:40000", "192.168.1.7:40000"] {
            assert!(answered(source), "{source}");
        }
        assert!(answered("[fe80::9]:1900"));
        let strangers = ["203.0.113.7:1900", "192.168.2.9:40000", "[2001:db8::1]:1900"];
        let nobody = ["192.168.1.9:0", "192.168.1.255:1900", "192.168.1.0:5", "255.255.255.255:5"];
        let groups = ["239.255.255.250:1900", "[ff02::c]:1900", "0.0.0.0:5", "127.0.0.1:5"];
        let ours = ["192.168.1.7:1900", "192.168.1.7:50000", "[fe80::7]:50000"];
        for source in strangers.iter().chain(&nobody).chain(&groups).chain(&ours) {
            assert!(!answered(source), "{source}");
        }
    }

    #[test]
    fn a_source_has_its_burst_and_then_its_rate() {
        let mut guard = Guard::default();
        let source = IpAddr::from([10, 0, 0, 1]);
        let (burst, rate) = ANSWERS_PER_SOURCE;
        assert!(!guard.admits(NOW, source, burst + 1));
        assert!(guard.admits(NOW, source, burst));
        assert!(!guard.admits(NOW, source, 1));
        assert!(guard.admits(NOW, IpAddr::from([10, 0, 0, 2]), 1), "others are not held up");
        let second = NOW + Duration::from_secs(1);
        assert!(guard.admits(second, source, rate));
        assert!(!guard.admits(second, source, 1));
    }

    #[test]
    fn a_million_forged_sources_stay_within_the_rate_and_the_memory() {
        let mut guard = Guard::default();
        let mut admitted = 0_u32;
        for n in 0..1_000_000_u32 {
            // Ten seconds of 100,000 each.
            let now = NOW + Duration::from_micros(10) * n;
            admitted += u32::from(guard.admits(now, Ipv4Addr::from_bits(n).into(), 1));
            assert!(guard.sources.len() <= SOURCES_MAX);
        }
        let (burst, rate) = ANSWERS_GLOBAL;
        assert!(admitted > burst && admitted <= burst + 10 * rate, "{admitted}");
    }
}

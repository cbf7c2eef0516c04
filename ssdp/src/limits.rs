//! Every number with its reason. UDA is the UPnP Device Architecture 2.0.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Bytes of a datagram that are looked at; a longer one is dropped. Real messages have 300 to 600.
pub const DATAGRAM_BYTES_MAX: usize = 2048;
/// Header fields of one message; real ones have up to 15.
pub const HEADERS_MAX: usize = 32;
/// Bytes of a datagram that we send: UDA 1.1.2 has "perhaps as small as 512" for some receivers.
pub const SENT_BYTES_MAX: usize = 512;
/// Hops that our multicasts may take: the default of UDA 1.1.2.
pub const HOPS: u32 = 2;

/// How long an announcement holds: the least that UDA 1.2.2 recommends.
pub const MAX_AGE: Duration = Duration::from_secs(1800);
/// Least and most that is believed of what others say about that.
pub const MAX_AGE_HEARD: (Duration, Duration) =
    (Duration::from_secs(60), Duration::from_secs(86_400));
/// Devices remembered; of those that nobody has verified the one heard longest ago goes first.
pub const DEVICES_MAX: usize = 512;
/// Places (interface, family, address) remembered of one device.
pub const PLACES_MAX: usize = 4;
/// Unverified devices remembered from one address: a class behind one bridge has fewer, a flood more.
pub const DEVICES_PER_SOURCE_MAX: usize = 16;
/// Types remembered of one device.
pub const TARGETS_MAX: usize = 16;
/// Foreign header fields kept of one message, and bytes of each.
pub const EXTRA_HEADERS_MAX: usize = 8;
/// Bytes of one kept value; a longer one is not kept.
pub const VALUE_BYTES_MAX: usize = 256;

/// What SEARCHPORT.UPNP.ORG may say (UDA 1.2.2); we say nothing where our own port is another.
pub const SEARCH_PORTS: RangeInclusive<u16> = 49_152..=65_535;
/// The last second of the year 9999: no later one can be written as an HTTP-date.
pub const UNIX_MAX: u64 = 253_402_300_799;

/// MX is read as at most this (UDA 1.3.2: "should be 5 or less").
pub const MX_MAX: u32 = 5;
/// Answers waiting for their time; more searches than that are not answered.
pub const ANSWERS_PENDING_MAX: usize = 256;
/// Datagrams answered to one source in a burst, and earned again a second: a search for everything
/// takes four, and is sent up to three times.
pub const ANSWERS_PER_SOURCE: (u32, u32) = (16, 4);
/// The same over all sources: bounds what we can be made to send at 80 kB a second.
pub const ANSWERS_GLOBAL: (u32, u32) = (400, 200);
/// Sources whose rate is known; the fullest bucket is forgotten first.
pub const SOURCES_MAX: usize = 1024;

/// Longest wait before the first announcement: a room that gets its power back does not speak at
/// once (UDA 1.2.2).
pub const START_DELAY_MAX: Duration = Duration::from_millis(100);
/// How often the set is said at a start: UDA 1.2.2 allows no more.
pub const START_SETS: u32 = 3;
/// Least and most between two of these: "a few hundred milliseconds" (UDA 1.2.2).
pub const SET_GAP: RangeInclusive<Duration> =
    Duration::from_millis(200)..=Duration::from_millis(400);
/// Announcements of others in a second from which on our later sets wait: a room full of devices
/// is starting.
pub const BUSY_NOTIFIES: u32 = 50;
/// How long they wait.
pub const BUSY_DELAY: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(10);
/// When the set is said again, in hundredths of max-age: at random, and before half of it, so that
/// one whole set may be lost (UDA 1.2.2).
pub const REFRESH_PERCENT: RangeInclusive<u32> = 35..=47;
/// Least between two announcements of changed fields.
pub const EXTRA_GAP: Duration = Duration::from_secs(1);
/// Longest wait of an answer to a unicast search; it must come within a second (UDA 1.3.3).
pub const UNICAST_DELAY_MAX: Duration = Duration::from_millis(50);
/// How long having heard somebody's multicast counts as hearing them: longer than a network takes
/// to lose one, and shorter than a switch takes to forget a group.
pub const HEARD_FOR: Duration = Duration::from_secs(60);

/// A unicast search that checks whether a device is there goes out twice, this far apart: one lost
/// datagram must not end anybody.
pub const CHECK_REPEAT: Duration = Duration::from_millis(300);
/// How long the second one has to be answered: with the first wait, who left is gone in 0.8 s.
pub const CHECK_ANSWER: Duration = Duration::from_millis(500);
/// From the start of a check until what others say can start one of the same device again.
pub const CHECK_REST: Duration = Duration::from_secs(5);
/// Checks at one time. Each lasts 0.8 s and asks twice at each of [`PLACES_MAX`] places at most:
/// whatever is forged, we send no more than 640 datagrams a second for it.
pub const CHECKS_RUNNING_MAX: usize = 64;
/// Devices whose checks are remembered: those running, those resting (6 times as many), and
/// every device waiting for its turn.
pub const CHECKS_MAX: usize = 1024;

/// How long announcements are listened to before the first search: long enough that those who
/// start together do not search together.
pub const SEARCH_QUIET: RangeInclusive<Duration> =
    Duration::from_millis(50)..=Duration::from_millis(150);
/// When a search is repeated: longer than a burst of loss.
pub const SEARCH_REPEAT: RangeInclusive<Duration> =
    Duration::from_millis(400)..=Duration::from_millis(500);
/// How long after MX an answer still counts, before the search is tried from port 1900.
pub const SEARCH_GRACE: Duration = Duration::from_secs(1);
/// Between searches that nobody asked for, counted from the last announcement heard there. Drawn
/// anew for each, so that those who heard the same last one do not search together.
pub const SEARCH_REST: RangeInclusive<Duration> =
    Duration::from_secs(300)..=Duration::from_secs(330);
/// Between searches for the same that the program asks for.
pub const SEARCH_AGAIN: Duration = Duration::from_secs(2);
/// MX of our searches where nobody is known yet.
pub const SEARCH_MX_FIRST: u32 = 3;
/// MX of our searches, else one second for each so many devices known: 200 that answer within a
/// second overflow a usual receive buffer.
pub const SEARCH_MX: RangeInclusive<u32> = 2..=5;
/// See [`SEARCH_MX`].
pub const SEARCH_DEVICES_PER_MX: usize = 60;

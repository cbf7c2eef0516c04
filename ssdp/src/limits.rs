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
/// Places (interface, family, address) remembered of one device: two networks with IPv4, link-local
/// and routed IPv6 are six.
pub const PLACES_MAX: usize = 8;
/// Unverified devices remembered from one address: a class behind one bridge has fewer, a flood
/// more.
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
/// How long they wait: as long as all who were heard take at that rate, within these.
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
/// From the start of a check until what others say can start one of the same device again; one
/// more may come without that rest, for who has just moved or started and leaves.
pub const CHECK_REST: Duration = Duration::from_secs(5);
/// Checks at one time. Each lasts 0.8 s and asks twice at each of [`PLACES_MAX`] places at most:
/// whatever is forged, we send no more than 1,280 datagrams a second for it, and a class that
/// leaves is gone in a second or two.
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
/// How often everybody is searched for in a row: again while somebody new is found, since then
/// there is loss or a start of many. With 30 % loss each round misses one in three, and more rounds
/// than these were seen to find nobody else.
pub const SEARCH_ROUNDS_MAX: u32 = 4;
/// Answers a second when all who are known search in turn. 1,000 are 3.5 Mbit/s, which a wireless
/// network carries beside its work; 200 devices that search at once make 50 Mbit/s.
pub const SEARCH_ANSWERS_PER_SECOND: u32 = 1000;
/// The longest wait for one's turn.
pub const SEARCH_TURN_MAX: Duration = Duration::from_secs(60);
/// Between searches for the same that the program asks for.
pub const SEARCH_AGAIN: Duration = Duration::from_secs(2);
/// MX of our searches where nobody is known yet.
pub const SEARCH_MX_FIRST: u32 = 3;
/// MX of our searches, else one second for each so many devices known: 200 that answer within a
/// second overflow a usual receive buffer.
pub const SEARCH_MX: RangeInclusive<u32> = 2..=5;
/// See [`SEARCH_MX`].
pub const SEARCH_DEVICES_PER_MX: usize = 60;

/// Asked of the system for each socket: by default Linux holds some 180 datagrams of SSDP, and a
/// search among a thousand devices brings more in a moment.
pub const RECEIVE_BUFFER_BYTES: usize = 1 << 20;
/// The ports that UDA 1.3.2 leaves for SEARCHPORT.
pub const OWN_PORTS: RangeInclusive<u16> = 49_152..=65_535;
/// Ports tried at random until one is free for IPv4 and IPv6: even on a machine that uses half of
/// them all fail once in 65,000 times.
pub const OWN_PORT_TRIES: usize = 16;
/// Datagrams read between two looks at the clock: some milliseconds of work.
pub const DATAGRAMS_PER_TURN: usize = 256;
/// After a first change of interfaces more follow (address, route, IPv6): they are looked at
/// together.
pub const INTERFACES_SETTLE: Duration = Duration::from_millis(50);
/// Interfaces are listed at least this often, for systems that do not tell of changes.
pub const INTERFACES_EVERY: Duration = Duration::from_secs(5);
/// How long a program that announces nothing has port 1900 after a search from there: as long as
/// answers may take, which is [`MX_MAX`] and [`SEARCH_GRACE`]. Of the programs of a machine the
/// last to take the port gets all that is sent there, which those that announce something need.
pub const SSDP_PORT_KEPT: Duration = Duration::from_secs(6);
/// Sockets that could not be had, such as port 1900 held by another program, are tried again.
pub const SOCKETS_RETRY: Duration = Duration::from_secs(30);
/// An interface that has heard no multicast of others for this long joins its groups again:
/// switches that nobody asks to forget members do so after 260 s.
pub const REJOIN_AFTER: Duration = Duration::from_secs(120);
/// Commands that wait for the thread: as many as ask for every device in the list at once, and as
/// many more.
pub const COMMANDS_MAX: usize = 2 * DEVICES_MAX;
/// A new status is made at most this often while nothing but counts has changed.
pub const STATUS_EVERY: Duration = Duration::from_millis(200);

/// Bytes of a description that are read; real ones have 1 to 10 KiB.
pub const DESCRIPTION_BYTES_MAX: usize = 64 * 1024;
/// Elements and texts of a description; real ones have up to some hundred.
pub const DESCRIPTION_NODES_MAX: u32 = 4096;
/// Attributes of all its elements, counted by their `=`; real ones have up to ten. The reader
/// compares them pairwise, and hands namespaces down to each element: with thousands of them one
/// description of 64 KiB takes a minute.
pub const DESCRIPTION_ATTRIBUTES_MAX: usize = 256;
/// Bytes of the head of an answer that a description comes with; real ones have some hundred.
pub const FETCH_HEAD_BYTES_MAX: usize = 8 * 1024;
/// Time for one description, from the first packet to the last byte. UDA 2 gives a device 30 s;
/// who needs more than this is not waited for.
pub const FETCH_WAIT: Duration = Duration::from_secs(3);
/// Descriptions fetched at the same time.
pub const FETCHES_AT_ONCE: usize = 4;
/// Descriptions waiting to be fetched, or to be taken by whoever asked.
pub const FETCHES_WAITING_MAX: usize = 64;
/// Time between two fetches in the long run: forged announcements cannot make us send more requests
/// than that to a neighbour. [`FETCHES_WAITING_MAX`] may come in a burst.
pub const FETCH_INTERVAL: Duration = Duration::from_millis(250);

/// Connections to our description server; the one open longest is closed for a new one.
pub const HTTP_CONNECTIONS_MAX: usize = 32;
/// The same from one address: a browser opens up to six.
pub const HTTP_CONNECTIONS_PER_SOURCE_MAX: usize = 8;
/// Newcomers that may wait for our thread to take them.
pub const HTTP_BACKLOG: i32 = 128;
/// Bytes of a request, which has no body; browsers' have less than 1 KiB.
pub const HTTP_HEAD_BYTES_MAX: usize = 4096;
/// Header fields of a request; browsers send up to 20.
pub const HTTP_HEADERS_MAX: usize = 64;
/// How long one connection may take in all: pages are small and neighbours near.
pub const HTTP_WAIT: Duration = Duration::from_secs(3);
/// Bytes thrown away after the answer, until the other side closes: closing at once would take an
/// answer back that is still on its way (RFC 9112, 9.6).
pub const HTTP_LEFTOVER_BYTES_MAX: usize = 64 * 1024;
/// Pause in taking newcomers when the system gives no more descriptors.
pub const HTTP_ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Devices remembered of which it is not known what they are: real networks have fewer that are
/// not wanted, and a flood of forged ones costs no more than these.
pub const STRANGERS_MAX: usize = 64;
/// How long the rest of their announcements is waited for before they are asked: at random, for
/// many may have missed the same.
pub const STRANGER_QUIET: RangeInclusive<Duration> =
    Duration::from_millis(200)..=Duration::from_millis(700);
/// Between asking one and the next: where 200 start at once and a third is lost, each knows 60
/// such, who will say it again.
pub const STRANGER_GAP: RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_millis(300);
/// How often they are asked: with a third of all datagrams lost, one in sixty gives no answer.
pub const STRANGER_ASKS: u32 = 6;
/// Between two of these.
pub const STRANGER_REPEAT: Duration = Duration::from_millis(500);
/// How long they are then left alone: most are something else, and announce for years.
pub const STRANGER_REST: Duration = Duration::from_secs(300);

//! Every number with its reason.

use hallway::time::Millis;

/// People and communities in the table: as many devices as `ssdp` remembers.
pub const NEIGHBOURS_MAX: usize = ssdp::limits::DEVICES_MAX;
/// Numbers of one list as people see it, of those who have left since too; then newcomers wait for
/// the next list. Four digits.
pub const NUMBERS_MAX: usize = 9_999;
/// Bytes of a name in an announcement, which must not exceed 512 with all it has to say.
pub const HINT_NAME_BYTES_MAX: usize = 28;
/// Bytes of the whole field; a longer one is none of ours.
pub const HINT_BYTES_MAX: usize = 96;
/// Neighbours that others of the same identity are compared with, to see whether they are on one
/// machine: nobody has more programs open, and a flood of one identity must cost no time.
pub const TWINS_COMPARED_MAX: usize = 8;

/// Connections tried at once, only to see whether they come about.
pub const PROBES_MAX: usize = 4;
/// Connections tried in a row: a class that is listed for the first time waits for nothing.
pub const PROBES_BURST: u64 = 32;
/// Time between two of them in the long run: whoever forges announcements can have those who look
/// at a list try eight connections a second in all, which is no scan and no flood. Thirty
/// neighbours with three addresses each are still tried every [`PROBE_AGAIN`].
pub const PROBE_INTERVAL: Millis = Millis(125);
/// Below this are the services of machines, which nobody shall have us try. Who runs a node there
/// is listed like all others, but never marked.
pub const PROBE_PORT_MIN: u16 = 1024;
/// How long one is waited for: a neighbour answers within milliseconds, a lost packet is sent again
/// after a second.
pub const PROBE_WAIT: Millis = Millis(2_000);
/// Each waits at random up to this, so that a class that looks at once does not call in one moment.
pub const PROBE_JITTER: Millis = Millis(300);
/// How long a result holds while somebody looks at the list.
pub const PROBE_AGAIN: Millis = Millis(20_000);

/// Seconds that `client discover` looks: a search begins within 0.15 s, is repeated within 0.5 s,
/// answered within 3 s (MX) and, after 1 s more, sent from port 1900 and answered within 3 s again.
pub const LOOK_SECONDS: u32 = 8;
/// How long `client doctor` waits for what neighbours say of whether they hear us: a check lasts
/// 0.8 s.
pub const CHECKUP_ASKS: Millis = Millis(1_000);
/// Devices whose descriptions nobody had time for yet are asked about again.
pub const DEVICES_EVERY: Millis = Millis(500);

/// Runs without a goodbye that one is said for: each costs eight datagrams.
pub const EARLIER_RUNS_MAX: usize = 16;
/// Where the description is served, and how many ports after it are tried: beside those of nodes
/// (5460 and 40 more), so that one line opens a firewall for both.
pub const DESCRIPTION_PORTS: (u16, u16) = (5510, 40);

//! Every number with its reason. Units are in the names.

use crate::time::Millis;

// ---- before login ----------------------------------------------------------------------------

/// Bytes of a ClientHello or ServerHello, length field excluded: room for a post-quantum key (1,184
/// bytes) in an extension, and no more.
pub const HELLO_BYTES_MAX: usize = 2048;
/// Bytes a connection may send before it is authenticated: one hello, KE3 and the first record.
pub const PRE_AUTH_BYTES_MAX: usize = 4096;
/// A listener waits this long for a ClientHello: one packet, so only a dead or hostile line is
/// late.
pub const HELLO_WAIT: Millis = Millis(3_000);
/// A listener waits this long for KE3: the dialler's Argon2 takes 0.1 s, on a busy old machine
/// many.
pub const KE3_WAIT: Millis = Millis(20_000);
/// A dialler waits this long for each answer of the listener.
pub const ANSWER_WAIT: Millis = Millis(10_000);
/// Unauthenticated connections of one listener: bounds what a flood can hold (4 KiB each).
pub const HALF_OPEN_MAX: usize = 1024;
/// In a full house who waits for so long with its proof loses its place to a newcomer: an honest
/// program is faster unless its machine is very busy, and a flood pays a guess for each.
pub const PROOF_PATIENCE: Millis = Millis(3_000);
// So who has not said hello goes before who is quick at proving.
const _: () = assert!(HELLO_WAIT.0 + PROOF_PATIENCE.0 <= KE3_WAIT.0);
/// Unauthenticated connections from one address: a class behind one router arriving at once still
/// fits.
pub const HALF_OPEN_PER_SOURCE_MAX: usize = 64;
/// Wrong passwords that one address may try in a row. Log-ins under way do not count before they
/// fail.
pub const GUESS_BURST: u32 = 5;
/// One more try is earned in this time: about 2^13 a day from one address.
pub const GUESS_REFILL: Millis = Millis(10_000);
/// Wrong passwords in a burst from all addresses together where nobody has logged in; as many from
/// all where somebody has. Those who can be half-open at once do not overdraw a full
/// one.
pub const GUESS_GLOBAL_BURST: u32 = 1024;
/// One more of those is earned in this time: from both kinds together about 2^20 a day.
pub const GUESS_GLOBAL_REFILL: Millis = Millis(200);
/// Addresses remembered by the guess limit where nobody has logged in; the fullest bucket is
/// forgotten first.
pub const GUESS_SOURCES_MAX: usize = 4096;
/// Addresses that wait for a token of the common bucket: three minutes of what it earns.
pub const GUESS_LINE_MAX: usize = 1024;
/// A place in that line is kept for so long after its turn has come: a person who is told to come
/// back types the command again.
pub const GUESS_TURN: Millis = Millis(30_000);
/// Stretched passwords remembered for reconnecting.
pub const STRETCH_MEMO_MAX: usize = 64;

/// Bytes of an identity file that are read: it has about 160.
pub const KEY_FILE_BYTES_MAX: usize = 256;
/// Pins kept; the oldest is forgotten first. Far more people than anybody meets on a LAN.
pub const PINS_MAX: usize = 10_000;
/// Bytes of the pin file that are read: as many pins with the longest names.
pub const PIN_FILE_BYTES_MAX: usize = 2 << 20;

// ---- records ---------------------------------------------------------------------------------

/// Ciphertext bytes of a record that carries a message.
pub const MESSAGE_RECORD_BYTES_MAX: usize = 4096;
/// Ciphertext bytes of a record with a message from a community: BLAKE3 and ChaCha20 take sixteen
/// pieces of a list side by side, so that a byte costs three quarters of what it does in 4 KiB.
pub const LIST_RECORD_BYTES_MAX: usize = 16 * 1024;
/// Ciphertext bytes of any record: the authenticated input is then exactly 64 BLAKE3 chunks.
pub const RECORD_BYTES_MAX: usize = 65_536 - 12;
/// Inner bytes (type, padding length, payload, padding) that a record other than bulk is padded to:
/// powers of two hide the length of a line and waste at most half.
pub const PADDED_BYTES: [usize; 7] = [64, 128, 256, 512, 1024, 2048, MESSAGE_RECORD_BYTES_MAX];
/// Above those, to the next multiple of this: how long a list is is no secret to hide at the price
/// of half as much again.
pub const PADDED_STEP_BYTES: usize = 1024;
/// Records under one key before it is replaced.
pub const REKEY_RECORDS: u64 = 1 << 20;
/// Bytes under one key before it is replaced.
pub const REKEY_BYTES: u64 = 16 << 30;
/// Age of a key before it is replaced, at the next record sent.
pub const REKEY_AGE: Millis = Millis(10 * 60 * 1000);
/// Records in one direction of one connection, over all keys; then it must be made anew.
pub const RECORDS_MAX: u64 = 1 << 48;

// ---- text ------------------------------------------------------------------------------------

/// Characters of a name: fits a menu column on 80 columns.
pub const NAME_CHARS_MAX: usize = 32;
/// UTF-8 bytes of a name.
pub const NAME_BYTES_MAX: usize = 96;
/// UTF-8 bytes of one line of chat: fits one record of 4 KiB with all its fields.
pub const LINE_BYTES_MAX: usize = 3_800;
/// Combining marks after one base character: real scripts use up to four or so.
pub const COMBINING_MARKS_MAX: usize = 8;
/// Characters that are looked at for a good place to tear a line: a family of four with all its
/// joiners and skin tones, twice. What clings together for longer is torn.
pub const CLING_CHARS_MAX: usize = 32;
/// Below this a password is called short.
pub const PASSWORD_SHORT_CHARS: usize = 8;
/// Bytes of a password that are read from a file or a prompt.
pub const PASSWORD_BYTES_MAX: usize = 1024;

// ---- connections -----------------------------------------------------------------------------

/// Connections waiting to be accepted: a class arriving at once must not be turned away (ngircd's
/// 10 costs three orders of magnitude in a burst).
pub const LISTEN_BACKLOG: i32 = 1024;
/// Ports that are tried after the default one when it is taken: more nodes than one machine has.
pub const NEXT_PORTS: u16 = 40;
/// Events taken from the system at once; more wait for the next turn.
pub const EVENTS_PER_TURN: usize = 1024;
/// Bytes read from one connection before the others get their turn.
pub const READ_BYTES_PER_TURN: usize = 64 * 1024;
/// Bytes queued for one connection that does not read: then it is closed as too slow. Holds the
/// list of 19,000 members with the longest names and most addresses (about 6 MB).
pub const OUT_BYTES_MAX: usize = 8 << 20;
/// Bytes gathered for one connection before they are written without waiting for the end of the
/// loop's turn: many small updates go out as one write, a file does not wait.
pub const GATHER_BYTES_MAX: usize = 64 * 1024;
/// Bytes gathered for all connections together before they are written: telling a change to 19,000
/// must not hold 19,000 copies of it.
pub const GATHER_TOTAL_BYTES_MAX: usize = 1 << 20;
/// How long accepting pauses when this process has no descriptor left.
pub const ACCEPT_PAUSE: Millis = Millis(100);
/// How long a closing connection waits for the other side's last word, its own being sent.
pub const LINGER: Millis = Millis(1_000);
/// How long the goodbyes of a program that ends may take: it is to be gone within a second.
pub const GOODBYE_WAIT: Millis = Millis(800);
/// How long a closing connection may take to get its queue out: `OUT_BYTES_MAX` at 1 Mbit/s.
pub const FLUSH_MAX: Millis = Millis(30_000);
/// Silence before the first keep-alive probe of TCP.
pub const KEEPALIVE_IDLE_SECONDS: u64 = 10;
/// Time between probes.
pub const KEEPALIVE_INTERVAL_SECONDS: u64 = 5;
/// Probes without an answer before the connection counts as dead: 10 + 3 * 5 = 25 s, so that a
/// pulled cable is noticed within 30.
pub const KEEPALIVE_PROBES: u32 = 3;
/// Data sent and not acknowledged for this long means the same.
pub const UNACKNOWLEDGED_MAX: Millis = Millis(25_000);
/// One attempt to connect.
pub const CONNECT_WAIT: Millis = Millis(5_000);
/// Head start of one address before the next is tried beside it (RFC 8305, Connection Attempt
/// Delay).
pub const CONNECT_STAGGER: Millis = Millis(250);
/// Addresses of one member that are listed and tried.
pub const ADDRESSES_MAX: usize = 8;

/// How long a call rings before it counts as not answered.
pub const RING_WAIT: Millis = Millis(60_000);
/// Conversations of one node, ringing ones included: a person cannot follow more.
pub const CONVERSATIONS_MAX: usize = 64;
/// Lines said and not yet confirmed, in one conversation; then the sender is told to wait.
pub const UNCONFIRMED_LINES_MAX: usize = 1024;
/// A conversation that ends when all is confirmed waits so long for that: a living program confirms
/// at once, and keep-alive notices a dead line in the same time.
pub const CONFIRM_WAIT: Millis = Millis(30_000);
/// First pause before a lost community is dialled again; each failure doubles it.
pub const REJOIN_FIRST: Millis = Millis(1_000);
/// Longest pause between two attempts.
pub const REJOIN_LONGEST: Millis = Millis(30_000);
/// Changes of a community's list are gathered at least so long after the last were told: nobody
/// sees the delay, and who changes its state without end wakes the others fifty times a second.
pub const NEWS_PAUSE_MIN: Millis = Millis(20);
/// The same for each thousand who are told, which takes about a twentieth of this time: telling
/// leaves the processor to those who come in, and a class that arrives is told of in few writes.
pub const NEWS_PAUSE_PER_THOUSAND: Millis = Millis(200);
/// No more than this, however many there are.
pub const NEWS_PAUSE_MAX: Millis = Millis(2_000);
/// Newcomers who get the list in one turn of the community's loop: at 19,000 members 1.6 MB each,
/// so that everybody else waits 20 ms and not for all of a class.
pub const LISTS_PER_TURN: usize = 8;
/// Taken names remembered with the last number offered, so that no two people are offered the
/// same: those of a class or two.
pub const OFFERED_NAMES_MAX: usize = 128;
/// Members of a community unless its operator says otherwise.
pub const MEMBERS_DEFAULT: usize = 1_000;
/// Members a community can be told to take: one descriptor each, and 20,000 is what a process gets.
pub const MEMBERS_MAX: usize = 19_000;
/// Addresses remembered by the guess limit where somebody has logged in: all members of the largest
/// community.
pub const GUESS_PROVEN_MAX: usize = MEMBERS_MAX;
/// Slow jobs (0.1 s each) waiting for the worker thread: more would outwait `ANSWER_WAIT`.
pub const WORKER_JOBS_MAX: usize = 64;

// ---- files -----------------------------------------------------------------------------------

/// Bytes of a file's name: file systems take 255, and ours are sometimes longer for a while, by
/// what marks an unfinished file or a second one of that name.
pub const FILE_NAME_BYTES_MAX: usize = 180;
/// Bytes of an extension that stays when a name is shortened; what is longer is none.
pub const EXTENSION_BYTES_MAX: usize = 16;
/// Folders inside each other in what is sent: deeper than people nest, far from what a stack or
/// the 4,096 bytes of a path take.
pub const DEPTH_MAX: usize = 32;
/// Bytes of a path inside a folder that is sent.
pub const PATH_BYTES_MAX: usize = 2048;
/// Bytes of a chunk: what is verified before it is written, and at most sent twice. A power of two
/// times BLAKE3's own chunk, so that a chunk is a subtree of the file's hash.
pub const CHUNK_BYTES: usize = 1 << 20;
/// Bytes of a file in one record: 32 of them are a chunk, and hashes still run at full width.
pub const FILE_RECORD_BYTES: usize = CHUNK_BYTES / 32;
/// What a message of a stream of files counts when it is held back: about what it takes with its
/// padding and its tag.
pub const STREAM_MESSAGE_WEIGHT: u64 = 256;
/// Bytes of files under way at first, and at least: 10 ms at 100 Mbit/s, so that a line of chat
/// behind them is not late.
pub const FILE_WINDOW_MIN: u64 = 128 << 10;
/// Bytes of files under way at most: 17 ms at 1 Gbit/s, more than a local network needs; also what
/// a receiver may have to keep in memory.
pub const FILE_WINDOW_MAX: u64 = 2 << 20;
/// Bytes under way take so much longer than when nothing waits: then the window shrinks. Half of
/// what a line of chat may take.
pub const FILE_DELAY_MAX: Millis = Millis(20);
/// How long the smallest delay is believed. Then it is measured anew with the smallest window: a
/// queue that always stands would look like distance.
pub const FILE_DELAY_AGE: Millis = Millis(30_000);
/// What has come is acknowledged once in so long, or once it is so much: each acknowledgement
/// wakes the sender, and on a fast way there would be one for every record or two.
pub const FILE_GOT_PAUSE: Millis = Millis(1);
/// See [`FILE_GOT_PAUSE`].
pub const FILE_GOT_BYTES: u64 = 512 << 10;
/// Bytes received that are held back from the sender's window when the disk has not taken them.
pub const FILE_BACKLOG_BYTES: usize = 2 * CHUNK_BYTES;
/// Bytes that one read of a file brings: few enough that several transfers take turns, enough
/// that waking a thread for it costs nothing.
pub const FILE_READ_BYTES: usize = 16 * FILE_RECORD_BYTES;
/// Reads of one transfer under way or waiting to be sent: one is sent while the next is made.
pub const FILE_READS_MAX: usize = 2;
/// Bytes that are given to the disk at once: smaller ones wake its thread too often.
pub const FILE_WRITE_BYTES: usize = CHUNK_BYTES;
/// What an entry takes in memory until it is written, about, but for its path.
pub const ENTRY_HELD_BYTES: usize = 200;
/// What a name of a path takes in memory, about, but for its letters.
pub const NAME_HELD_BYTES: usize = 48;
/// Bytes of what is here already that are looked through at one go: a few milliseconds, in which
/// no other transfer moves.
pub const FILE_CHECK_BYTES: usize = 8 * CHUNK_BYTES;
/// A part that nobody came back for is removed after so many days: a month, so that holidays do
/// not cost a large file, and disks do not fill for ever.
pub const PART_DAYS_MAX: u64 = 30;
/// Parts of the same thing from the same sender side by side: it is rarely sent twice at a time.
pub const SAME_PARTS_MAX: u32 = 16;
/// Characters in the name of a part that tell the sender: the first of a fingerprint are enough
/// to tell two apart.
pub const PART_FROM_CHARS_MAX: usize = 16;
/// Numbers that are tried when a name is taken, before the person is told: nobody has so many.
pub const SAME_NAMES_MAX: u32 = 1_000;
/// From this number on the next of a name is remembered: few names come so often, and to look for
/// fewer numbers takes nothing.
pub const SAME_NAMES_OFTEN: u32 = 16;
/// Transfers of one node at a time, those that wait for an answer included.
pub const TRANSFERS_MAX: usize = 256;
/// Transfers offered on one connection and not answered: a person cannot be asked for more.
pub const OFFERS_MAX: usize = 32;
/// `OFFERS_MAX` offers withdrawn in so long on a connection, while a person was asked about them:
/// nobody is asked about more. A minute, which is what a person may need to answer as many.
pub const WITHDRAWN_AGE: Millis = Millis(60_000);
/// Transfers that move at a time in one direction of a connection, the others wait for their turn:
/// the receiver keeps a chunk of each in memory, the sender two reads.
pub const FILES_MOVING_MAX: usize = 4;
/// Files and folders in one transfer.
pub const ENTRIES_MAX: u64 = 1_000_000;
/// What is left out of a transfer is named up to so many, then only counted: more nobody reads.
pub const LEFT_OUT_TOLD: u64 = 10;
/// Whoever has nothing more to say waits so long for the answer to an offer: of a person who is at
/// their machine, or of one that has most of it and looks that through first, 90 GB at 150 MB/s.
pub const OFFER_WAIT: Millis = Millis(600_000);
/// Nothing of a transfer has moved for so long, with the connection alive: it has stalled.
pub const STALL_WAIT: Millis = Millis(15_000);
/// What is to be shared is looked through for so long before that is told: nobody wonders sooner.
pub const LOOK_TOLD: Millis = Millis(1_000);
/// How often the progress of a transfer is told.
pub const PROGRESS_PAUSE: Millis = Millis(250);
/// Without a connection for so long, a task about files gives up: longer than a router or a machine
/// takes to start anew. What has come is kept, and the same command goes on with it another day.
pub const ERRAND_PATIENCE: Millis = Millis(600_000);
/// Connections for files alone that others may have to a node: half of all it may have, so that
/// people can still call.
pub const VISITORS_MAX: usize = CONVERSATIONS_MAX / 2;
/// The same of one identity: a script that does several things at once.
pub const VISITS_MAX: usize = 8;
/// How long such a connection may stand with nothing going on.
pub const VISIT_IDLE_WAIT: Millis = Millis(60_000);
/// Things that a node shares.
pub const SHARED_MAX: usize = 1_000;
/// Files whose hash is remembered, with where they are; the oldest is forgotten first. About a
/// megabyte.
pub const KNOWN_FILES_MAX: usize = 10_000;
/// Bytes of the index: as many files with long paths. With longer ones the oldest are forgotten.
pub const INDEX_BYTES_MAX: u64 = 8 << 20;
/// How long what is shared is believed to be unchanged when others ask for it.
pub const SURVEY_PAUSE: Millis = Millis(1_000);
/// At least so many times what it took to look: large folders are not walked through all the time
/// for whoever asks again and again.
pub const SURVEY_REST: u64 = 4;
/// Things that another node shares and that are kept of its list.
pub const LISTED_MAX: usize = SHARED_MAX;

// ---- terminal --------------------------------------------------------------------------------

/// Signals kept for a loop that does not look: more than the first say nothing new.
pub const SIGNALS_MAX: usize = 8;
/// Lines waiting for a slow terminal; then they are counted instead, and the count is shown.
pub const SCREEN_LINES_MAX: usize = 1024;
/// How long a server waits, once, for whoever reads its output: a living reader makes room in
/// milliseconds, and nobody in a conversation notices a second.
pub const OUTPUT_WAIT: Millis = Millis(1_000);
/// Bytes that are written into a pipe with room without going by the printer: POSIX promises that a
/// pipe takes so many at once, if it takes any.
pub const PIPE_BYTES_AT_ONCE: usize = 512;
/// Entries of the line history.
pub const HISTORY_LINES_MAX: usize = 500;
/// Bytes of one line of input; a longer one is cut into pieces. No chat line comes near it, and a
/// file without line ends must not fill the memory.
pub const INPUT_LINE_BYTES_MAX: usize = 1 << 20;
/// Bytes of the history file that are read: 500 long lines; anything before them is forgotten.
pub const HISTORY_BYTES_MAX: u64 = 1 << 20;
/// Completions listed by Tab: two columns of names on 24 rows, so that the list is never paged.
pub const COMPLETIONS_SHOWN_MAX: usize = 40;
/// Columns of one of them, where it is the name of a file: so that two stand beside each other.
pub const COMPLETION_COLUMNS_MAX: usize = 36;
/// Entries of a folder that are looked through for a completion: a huge one makes Tab slow.
pub const FOLDER_READ_MAX: usize = 10_000;
/// In a conversation, one line for so many news of how far a transfer is: each ten seconds.
pub const PROGRESS_LINE_EACH: u32 = 40;
/// Transfers with one person that are told of one by one as long as they overlap; the rest of them
/// is told of together.
pub const TOLD_APART_MAX: usize = 3;
/// Words that can be completed: a community of 20,000 members would make each Tab slow to read.
pub const COMPLETIONS_MAX: usize = 4096;
/// How long an end of the program waits for a terminal that takes no output.
pub const FINISH_WAIT: Millis = Millis(500);
/// Milliseconds after Escape in which the rest of a key's sequence must come; slow links split
/// them.
pub const KEY_SEQUENCE_MS: u16 = 500;

//! Every number with its reason. Units are in the names.

/// Bytes of a file's name: file systems take 255, and ours are sometimes longer for a while, by
/// what marks an unfinished file or a second one of that name.
pub const NAME_BYTES_MAX: usize = 180;
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

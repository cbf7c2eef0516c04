//! Every domain-separation string, in one list: no two purposes share one.

/// First bytes of every hello; the last is the protocol's version.
pub const MAGIC: [u8; 4] = *b"HWY1";

/// `context` of the OPAQUE handshake: hash of everything in the two hellos but KE1 and KE2.
pub const HELLO_HASH: &str = "hallway 2026-11 v1 hello hash";
/// Transcript hash over both hellos, KE1, KE2 and KE3.
pub const TRANSCRIPT: &str = "hallway 2026-11 v1 transcript";
/// Master secret of a connection.
pub const MASTER: &str = "hallway 2026-11 v1 master";
/// Cipher key, dialler to listener.
pub const DIALLER_CIPHER: &str = "hallway 2026-11 v1 dialler to listener cipher";
/// Authentication key, dialler to listener.
pub const DIALLER_MAC: &str = "hallway 2026-11 v1 dialler to listener mac";
/// Cipher key, listener to dialler.
pub const LISTENER_CIPHER: &str = "hallway 2026-11 v1 listener to dialler cipher";
/// Authentication key, listener to dialler.
pub const LISTENER_MAC: &str = "hallway 2026-11 v1 listener to dialler mac";
/// What the identities sign.
pub const EXPORTER: &str = "hallway 2026-11 v1 exporter";
/// Next cipher key of a direction.
pub const REKEY_CIPHER: &str = "hallway 2026-11 v1 rekey cipher";
/// Next authentication key of a direction.
pub const REKEY_MAC: &str = "hallway 2026-11 v1 rekey mac";
/// The fingerprint that people compare.
pub const FINGERPRINT: &str = "hallway 2026-11 v1 fingerprint";
/// Key under which a stretched password is remembered in memory.
pub const STRETCH_MEMO: &str = "hallway 2026-11 v1 stretch memo";
/// What a beginning of a transfer of files comes to.
pub const FILE_PREFIX: &str = "hallway 2026-11 v1 file prefix";
/// Output of the seed generator.
pub const SEED_DRAW: &str = "hallway 2026-11 v1 seed draw";
/// Next state of the seed generator.
pub const SEED_STEP: &str = "hallway 2026-11 v1 seed step";

/// Prefix of the dialler's identity signature.
pub const SIGN_DIALLER: &[u8] = b"hallway/1 dialler identity\0";
/// Prefix of the listener's identity signature.
pub const SIGN_LISTENER: &[u8] = b"hallway/1 listener identity\0";

/// All derivation contexts, for the test that they differ.
pub const CONTEXTS: [&str; 15] = [
    HELLO_HASH,
    TRANSCRIPT,
    MASTER,
    DIALLER_CIPHER,
    DIALLER_MAC,
    LISTENER_CIPHER,
    LISTENER_MAC,
    EXPORTER,
    REKEY_CIPHER,
    REKEY_MAC,
    FINGERPRINT,
    STRETCH_MEMO,
    FILE_PREFIX,
    SEED_DRAW,
    SEED_STEP,
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_purposes_share_a_label() {
        let all: BTreeSet<&str> = CONTEXTS.into_iter().collect();
        assert_eq!(all.len(), CONTEXTS.len());
        assert_ne!(SIGN_DIALLER, SIGN_LISTENER);
    }
}

//! From OPAQUE's session key to the keys of the connection.

use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::hello::length_prefixed;
use super::opaque::SessionKey;
use crate::labels;
use crate::record::DirectionKeys;

/// All keys of one connection.
pub(super) struct Keys {
    pub(super) dialler_to_listener: DirectionKeys,
    pub(super) listener_to_dialler: DirectionKeys,
    pub(super) exporter: Exporter,
}

/// What the identities sign: it is different for every connection, so a signature cannot be carried
/// from one to another.
#[derive(ZeroizeOnDrop)]
pub(super) struct Exporter(pub(super) [u8; 32]);

impl Keys {
    /// `client_hello`, `server_hello` and `ke3` as they travelled.
    pub(super) fn derive(
        session_key: &SessionKey,
        client_hello: &[u8],
        server_hello: &[u8],
        ke3: &[u8],
    ) -> Self {
        // th = derive_key("transcript", lp(ClientHello) ‖ lp(ServerHello) ‖ lp(KE3))
        let mut transcript = blake3::Hasher::new_derive_key(labels::TRANSCRIPT);
        length_prefixed(&mut transcript, client_hello);
        length_prefixed(&mut transcript, server_hello);
        length_prefixed(&mut transcript, ke3);
        let th = transcript.finalize();

        // ms = derive_key("master", lp(session_key) ‖ lp(pq_ss or "") ‖ th)
        let mut master = blake3::Hasher::new_derive_key(labels::MASTER);
        length_prefixed(&mut master, session_key.as_slice());
        length_prefixed(&mut master, b"");
        master.update(th.as_bytes());
        let ms = Zeroizing::new(*master.finalize().as_bytes());
        zeroize::Zeroize::zeroize(&mut master);

        let key = |label| blake3::derive_key(label, &*ms);
        Self {
            dialler_to_listener: DirectionKeys::new(
                key(labels::DIALLER_CIPHER),
                key(labels::DIALLER_MAC),
            ),
            listener_to_dialler: DirectionKeys::new(
                key(labels::LISTENER_CIPHER),
                key(labels::LISTENER_MAC),
            ),
            exporter: Exporter(key(labels::EXPORTER)),
        }
    }
}

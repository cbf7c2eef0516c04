//! Who is it? Both sides sign the connection's exporter with their identity.
//!
//! The exporter stops relaying a signature into another connection, role and label stop reflecting
//! it, and naming both sides stops passing it off as meant for somebody else.

use minicbor::{Decode, Encode};

use super::schedule::Exporter;
use crate::identity::{Identity, PublicIdentity, SIGNATURE_BYTES};
use crate::labels;
use crate::text::Name;

/// Who we are, for every handshake of one run of a program.
pub struct Me {
    /// The name shown to others.
    pub name: Name,
    /// The key that proves us.
    pub identity: Identity,
    /// Tells this run from every other, also from one with a copied identity file.
    pub instance: Instance,
}

/// Eight random bytes drawn at a program's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct Instance(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 8]);

/// Who the other side has proved to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The name it gave itself.
    pub name: Name,
    /// The key it proved.
    pub identity: PublicIdentity,
    /// Which run of its program.
    pub instance: Instance,
}

/// The first record in each direction: name, key and signature.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Auth {
    /// Identity key.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub identity: [u8; 32],
    /// Which run of the program.
    #[n(1)]
    pub instance: Instance,
    /// Name.
    #[n(2)]
    pub name: Name,
    /// Signature over the connection's exporter, the role, both keys, the run and the name.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub signature: [u8; SIGNATURE_BYTES],
}

/// Which end of the connection signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Dialler,
    Listener,
}

impl Auth {
    /// Signs as `me`, in `role`, to the listener's or dialler's identity `other`.
    pub(super) fn sign(me: &Me, role: Role, exporter: &Exporter, other: PublicIdentity) -> Self {
        let identity = me.identity.public();
        let message = signed(role, exporter, other, identity, me.instance, &me.name);
        Self {
            identity: identity.0,
            instance: me.instance,
            name: me.name.clone(),
            signature: me.identity.sign(&message),
        }
    }

    /// The peer, if the signature was made for this connection, this role and for us (`me`).
    pub(super) fn verify(
        self,
        role: Role,
        exporter: &Exporter,
        me: PublicIdentity,
    ) -> Option<Peer> {
        let identity = PublicIdentity(self.identity);
        let message = signed(role, exporter, me, identity, self.instance, &self.name);
        identity.verify(&message, &self.signature).then_some(Peer {
            name: self.name,
            identity,
            instance: self.instance,
        })
    }
}

/// sig = Ed25519(label ‖ exporter ‖ role:u8 ‖ other_pk ‖ own_pk ‖ instance(8 bytes) ‖ name)
///
/// Everything but the name at the end has a fixed size, so no two inputs read the same.
fn signed(
    role: Role,
    exporter: &Exporter,
    other: PublicIdentity,
    own: PublicIdentity,
    instance: Instance,
    name: &Name,
) -> Vec<u8> {
    let (label, code) = match role {
        Role::Dialler => (labels::SIGN_DIALLER, 0),
        Role::Listener => (labels::SIGN_LISTENER, 1),
    };
    [label, &exporter.0, &[code], &other.0, &own.0, &instance.0, name.as_str().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn me(seed: u8, name: &str) -> Me {
        Me {
            name: Name::parse(name).unwrap(),
            identity: Identity::from_seed(&[seed; 32]),
            instance: Instance([seed; 8]),
        }
    }

    #[test]
    fn a_signature_holds_for_its_connection_role_partner_run_and_name_only() {
        let (ann, bob, eve) = (me(1, "ann"), me(2, "bob"), me(3, "eve"));
        let here = Exporter([5; 32]);
        let auth = || Auth::sign(&ann, Role::Dialler, &here, bob.identity.public());
        let bob_key = bob.identity.public();

        let peer = auth().verify(Role::Dialler, &here, bob_key).unwrap();
        assert_eq!((peer.name.as_str(), peer.identity), ("ann", ann.identity.public()));

        assert!(auth().verify(Role::Listener, &here, bob_key).is_none(), "reflected");
        assert!(auth().verify(Role::Dialler, &Exporter([6; 32]), bob_key).is_none(), "relayed");
        assert!(auth().verify(Role::Dialler, &here, eve.identity.public()).is_none(), "misbound");
        let renamed = Auth { name: eve.name.clone(), ..auth() };
        assert!(renamed.verify(Role::Dialler, &here, bob_key).is_none(), "renamed");
        let other_run = Auth { instance: Instance([9; 8]), ..auth() };
        assert!(other_run.verify(Role::Dialler, &here, bob_key).is_none(), "another run");
        let stolen = Auth { identity: eve.identity.public().0, ..auth() };
        assert!(stolen.verify(Role::Dialler, &here, bob_key).is_none(), "another key");
    }
}

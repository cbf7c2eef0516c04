#!/usr/bin/env python3
"""Makes the bytes in handshake.json: a second implementation of everything around OPAQUE.

Written from the descriptions in src/handshake and docs/protocol.cddl, sharing no code with them. It
takes the inputs and OPAQUE's part (KE1, KE2, KE3 and the session key, which the Rust test of
src/handshake/frozen_tests.rs prints when they are not the ones in the file) from handshake.json,
makes both hellos, all keys, both signatures and the first two records of each direction, reads them
back, and prints the whole file. The Rust test compares; CI needs no Python.

    python3 -m venv /tmp/vectors
    /tmp/vectors/bin/pip install blake3==1.0.11 cryptography==50.0.2 cbor2==6.2.1
    /tmp/vectors/bin/python tests/vectors/handshake.py tests/vectors/handshake.json > /tmp/new.json
    diff tests/vectors/handshake.json /tmp/new.json        # nothing

Whoever changes handshake.json changes the protocol.
"""

import json
import sys

import cbor2
from blake3 import blake3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LABEL = "hallway 2026-11 v1 "
SERVICE_CHAT, SUITE, PROFILE_TEST, STATUS_GO = 1, 1, 255, 0
AUTH, SAY = 0, 33
BUCKETS = [64, 128, 256, 512, 1024, 2048, 4096]


def derive_key(label, data):
    return blake3(data, derive_key_context=LABEL + label).digest()


def lp(data):
    return len(data).to_bytes(4, "big") + data


def with_head(front, rest):
    """magic, length of all that follows, and what precedes OPAQUE's part."""
    return b"HWY1" + (len(front) + rest).to_bytes(2, "big") + front


def chacha20(key, seq, data):
    counter_and_nonce = bytes(4) + bytes(4) + seq.to_bytes(8, "little")
    return Cipher(ChaCha20(key, counter_and_nonce), mode=None).encryptor().update(data)


def seal(keys, seq, payload):
    """A message record: type 0, padded to the next bucket; flags 0, the first key epoch."""
    pad = next(bucket for bucket in BUCKETS if bucket >= 3 + len(payload)) - 3 - len(payload)
    inner = bytes([0]) + pad.to_bytes(2, "big") + payload + bytes(pad)
    ct = chacha20(keys[0], seq, inner)
    head = len(ct).to_bytes(3, "big") + bytes([0])
    return head + ct + blake3(ct + head + seq.to_bytes(8, "little"), key=keys[1]).digest()


def unseal(keys, seq, wire):
    head, ct, tag = wire[:4], wire[4:-32], wire[-32:]
    assert blake3(ct + head + seq.to_bytes(8, "little"), key=keys[1]).digest() == tag
    inner = chacha20(keys[0], seq, ct)
    return inner[3:len(inner) - int.from_bytes(inner[1:3], "big")]


class Person:
    def __init__(self, given):
        self.key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(given["identity_seed"]))
        self.public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.instance = bytes.fromhex(given["instance"])
        self.name = given["name"]
        self.says = given["says"]

    def signed(self, role, exporter, other):
        label = [b"hallway/1 dialler identity\0", b"hallway/1 listener identity\0"][role]
        return (label + exporter + bytes([role]) + other.public + self.public + self.instance
                + self.name.encode())

    def auth(self, role, exporter, other):
        signature = self.key.sign(self.signed(role, exporter, other))
        return cbor2.dumps(
            [AUTH, {0: self.public, 1: self.instance, 2: self.name, 3: signature}])

    def say(self):
        return cbor2.dumps([SAY, {0: 1, 1: self.says}])


def check_auth(payload, person, role, exporter, other):
    number, fields = cbor2.loads(payload)
    assert number == AUTH and fields[0] == person.public and fields[2] == person.name
    person.key.public_key().verify(fields[3], person.signed(role, exporter, other))


def main():
    file = json.load(open(sys.argv[1]))
    ann, bob = Person(file["inputs"]["dialler"]), Person(file["inputs"]["listener"])
    opaque = {name: bytes.fromhex(value) for name, value in file["opaque"].items()}

    selector = bob.public[:16]
    client_front = with_head(
        bytes([1, SUITE, SERVICE_CHAT]) + selector + bytes([1, PROFILE_TEST]) + bytes(2), 96)
    server_front = with_head(
        bytes([STATUS_GO, SUITE, PROFILE_TEST]) + bob.public + bytes(2), 320)
    client_hello, server_hello = client_front + opaque["ke1"], server_front + opaque["ke2"]

    hello_hash = derive_key("hello hash", lp(client_front) + lp(server_front))
    transcript = derive_key("transcript", lp(client_hello) + lp(server_hello) + lp(opaque["ke3"]))
    master = derive_key("master", lp(opaque["session_key"]) + lp(b"") + transcript)
    exporter = derive_key("exporter", master)
    to_listener = [derive_key(f"dialler to listener {part}", master) for part in ("cipher", "mac")]
    to_dialler = [derive_key(f"listener to dialler {part}", master) for part in ("cipher", "mac")]

    messages = {
        "dialler_auth": ann.auth(0, exporter, bob),
        "dialler_say": ann.say(),
        "listener_auth": bob.auth(1, exporter, ann),
        "listener_say": bob.say(),
    }
    wire = {"client_hello": client_hello, "server_hello": server_hello}
    for name, payload in messages.items():
        keys = to_listener if name.startswith("dialler") else to_dialler
        seq = 0 if name.endswith("auth") else 1
        wire[name] = seal(keys, seq, payload)
        assert unseal(keys, seq, wire[name]) == payload
    check_auth(messages["dialler_auth"], ann, 0, exporter, bob)
    check_auth(messages["listener_auth"], bob, 1, exporter, ann)

    derived = {
        "hello_hash": hello_hash, "transcript": transcript, "master": master, "exporter": exporter,
        "dialler_cipher": to_listener[0], "dialler_mac": to_listener[1],
        "listener_cipher": to_dialler[0], "listener_mac": to_dialler[1],
    }
    for part, values in [("derived", derived), ("messages", messages), ("wire", wire)]:
        file[part] = {name: value.hex() for name, value in values.items()}
    print(json.dumps(file, indent=1))


if __name__ == "__main__":
    main()

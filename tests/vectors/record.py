#!/usr/bin/env python3
"""Makes record.json: what the record layer must write and read, from an independent program.

This is a second implementation of the format in src/record/mod.rs, written from its description and
sharing no code with it. The JSON it prints is checked in and frozen: the Rust tests read it, they
never write it. Anything that changes it changes the protocol.

    python3 -m venv /tmp/vectors
    /tmp/vectors/bin/pip install blake3==1.0.11 cryptography==50.0.2
    /tmp/vectors/bin/python tests/vectors/record.py > tests/vectors/record.json
"""

import json
from hashlib import sha256

from blake3 import blake3
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

MESSAGE, KEY_UPDATE, CLOSE, BULK = range(4)
NAMES = ["message", "key-update", "close", "bulk"]
BUCKETS = [64, 128, 256, 512, 1024, 2048, 4096]
REKEY_CIPHER = "hallway 2026-11 v1 rekey cipher"
REKEY_MAC = "hallway 2026-11 v1 rekey mac"


def chacha20(key, seq, data):
    # The library's 16 bytes are the block counter, u32 LE, then the nonce of RFC 8439.
    nonce = (0).to_bytes(4, "little") + seq.to_bytes(8, "little")
    counter = (0).to_bytes(4, "little")
    return Cipher(ChaCha20(key, counter + nonce), mode=None).encryptor().update(data)


def seal_inner(keys, parity_flags, seq, inner):
    cipher_key, mac_key = keys
    length = len(inner).to_bytes(3, "big")
    flags = bytes([parity_flags])
    ct = chacha20(cipher_key, seq, inner)
    tag = blake3(ct + length + flags + seq.to_bytes(8, "little"), key=mac_key).digest()
    return length + flags + ct + tag


def inner_of(kind, payload, pad=None):
    if pad is None:
        bare = 3 + len(payload)
        pad = 0 if kind == BULK else next(b for b in BUCKETS if b >= bare) - bare
    return bytes([kind]) + pad.to_bytes(2, "big") + payload + bytes(pad)


def rekeyed(keys):
    return (
        blake3(keys[0], derive_key_context=REKEY_CIPHER).digest(),
        blake3(keys[1], derive_key_context=REKEY_MAC).digest(),
    )


def keys_of(name):
    """Keys that look like keys; any would do."""
    return (
        sha256(b"record vector cipher " + name.encode()).digest(),
        sha256(b"record vector mac " + name.encode()).digest(),
    )


def pattern(length, seed):
    return bytes((seed + 31 * i) % 256 for i in range(length))


def stream(name, pieces):
    """pieces: (kind, payload length). After a key update the keys, the parity and seq change."""
    keys, parity, seq = keys_of(name), 0, 0
    start = keys
    records = []
    for number, (kind, length) in enumerate(pieces):
        payload = pattern(length, number)
        wire = seal_inner(keys, parity, seq, inner_of(kind, payload))
        record = {"kind": NAMES[kind], "epoch_parity": parity, "seq": seq}
        # The longest would fill the file: its payload is a rule, its wire a hash.
        if length <= 5000:
            record |= {"payload": payload.hex(), "wire": wire.hex()}
        else:
            record |= {
                "payload_pattern": {"length": length, "seed": number},
                "wire_bytes": len(wire),
                "wire_sha256": sha256(wire).hexdigest(),
            }
        seq += 1
        if kind == KEY_UPDATE:
            keys, parity, seq = rekeyed(keys), parity ^ 1, 0
            record |= {"next_cipher": keys[0].hex(), "next_mac": keys[1].hex()}
        records.append(record)
    return {"name": name, "cipher": start[0].hex(), "mac": start[1].hex(), "records": records}


def single(name, inner, flags=0, seq=0, prefix=b"", **more):
    keys = keys_of(name)
    wire = prefix or seal_inner(keys, flags, seq, inner)
    return {"name": name, "cipher": keys[0].hex(), "mac": keys[1].hex(), "wire": wire.hex()} | more


def refused():
    """Records with a right tag, which only whoever holds the keys can make, and still wrong."""
    hello = inner_of(MESSAGE, b"hello")
    bulk_size = bytes([MESSAGE]) + bytes(2) + bytes(4094)
    forged = {"error": "forged"}
    return [
        single("unknown type 4", bytes([4]) + hello[1:], **forged),
        single("unknown type 255", bytes([255]) + hello[1:], **forged),
        single("padding one longer than the record", bytes([MESSAGE, 0, 62]) + bytes(61), **forged),
        single("padding of 65535", bytes([MESSAGE, 255, 255]) + bytes(61), **forged),
        single("last padding byte not zero", hello[:-1] + b"\x01", **forged),
        single("first padding byte not zero", hello[:8] + b"\x80" + hello[9:], **forged),
        single("key update with a payload", inner_of(KEY_UPDATE, b"x"), **forged),
        single("message of a bulk record's size", bulk_size, **forged),
        single("close of a bulk record's size", bytes([CLOSE]) + bulk_size[1:], **forged),
        single("wrong epoch parity", hello, flags=1, **forged),
        single("unknown flag, parity right", hello, flags=0x80, **forged),
        single("unknown flag next to parity", hello, flags=0x02, **forged),
        single("sequence starts at 1", hello, seq=1, **forged),
        single("two inner bytes", bytes(2), **forged),
        single("no inner bytes", b"", **forged),
        single("65525 bytes", b"", prefix=(65525).to_bytes(3, "big") + b"\0", error="too-long"),
    ]


def accepted():
    """Unusual, and right: a receiver takes any padding."""
    return [
        single("no padding", inner_of(MESSAGE, b"hello", 0), kind="message",
               payload=b"hello".hex()),
        single("one bucket too many", inner_of(MESSAGE, b"hello", 120), kind="message",
               payload=b"hello".hex()),
        single("padded bulk", inner_of(BULK, b"hello", 1000), kind="bulk", payload=b"hello".hex()),
        single("three inner bytes", bytes([BULK, 0, 0]), kind="bulk", payload=""),
        single("message of 4096 bytes, all padding", inner_of(MESSAGE, b"", 4093), kind="message",
               payload=""),
    ]


def main():
    print(json.dumps({
        "about": "Made by record.py; see there. Opened with bulk allowed. Hex throughout.",
        "streams": [
            stream("sizes around every padding step", [
                (MESSAGE, n) for b in BUCKETS for n in (b - 4, b - 3, b - 2) if n <= 4093
            ] + [(MESSAGE, 0), (MESSAGE, 1), (CLOSE, 9)]),
            stream("dialler to listener", [
                (MESSAGE, 5), (BULK, 100), (MESSAGE, 5), (KEY_UPDATE, 0), (MESSAGE, 5), (BULK, 0),
                (KEY_UPDATE, 0), (MESSAGE, 62), (MESSAGE, 5), (KEY_UPDATE, 0), (CLOSE, 0),
            ]),
            stream("listener to dialler", [
                (KEY_UPDATE, 0), (KEY_UPDATE, 0), (MESSAGE, 200), (CLOSE, 300),
            ]),
            stream("bulk", [
                (BULK, 1), (BULK, 61), (BULK, 62), (BULK, 1021), (BULK, 4093), (BULK, 4094),
                (BULK, 65521), (MESSAGE, 3),
            ]),
        ],
        "refused": refused(),
        "accepted": accepted(),
    }, indent=1))


if __name__ == "__main__":
    main()

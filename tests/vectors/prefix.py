#!/usr/bin/env python3
"""Makes prefix.json: what a beginning of a transfer comes to, step by step, from an independent
program, written from docs/PROTOCOL.md, section 20. The JSON is checked in and frozen.

    python3 -m venv /tmp/vectors
    /tmp/vectors/bin/pip install blake3==1.0.11
    /tmp/vectors/bin/python tests/vectors/prefix.py > tests/vectors/prefix.json
"""

import json

from blake3 import blake3

LABEL = "hallway 2026-11 v1 file prefix"
FILE, FOLDER = 0, 1


def head(major, value):
    """The head of a CBOR item, as short as it can be."""
    if value < 24:
        return bytes([major << 5 | value])
    size = next(size for size in (1, 2, 4, 8) if value < 256**size)
    return bytes([major << 5 | 23 + size.bit_length()]) + value.to_bytes(size, "big")


def text(value):
    return head(3, len(value.encode())) + value.encode()


def entry(path, kind, size, modified, executable):
    names = path.split("/")
    fields = [head(0, 0), head(4, len(names)) + b"".join(map(text, names)), head(0, kind)]
    fields.append(None if size is None else head(0, size))
    fields.append(head(0, modified) if modified >= 0 else head(1, -1 - modified))
    fields.append(bytes([0xF5 if executable else 0xF4]))
    known = [(number, field) for number, field in enumerate(fields) if field is not None]
    return kind, head(5, len(known)) + b"".join(head(0, n) + field for n, field in known)


def lp(data):
    return len(data).to_bytes(4, "big") + data


def steps():
    """Every step with what is reached by it. Files that become whole have one chunk here: then
    their hash is that of the chunk."""
    whole, entries, open_entry, chunks = b"", 0, None, []
    script = [
        entry("photos", FOLDER, None, 1_800_000_000, False),
        entry("photos/sea.jpg", FILE, 9, 0, False),
        (1, True),
        entry("photos/Straße", FILE, None, -1, True),
        (2, False),
        (3, False),
        entry("photos/empty", FOLDER, None, 2**40, False),
        entry("photos/" + "x" * 180, FILE, 2**64 - 1, 1, False),
        (4, True),
        entry("photos/hill.jpg", FILE, 70_000_000, 24, False),
        (5, False),
        (6, False),
    ]
    for first, second in script:
        if isinstance(second, bytes):
            said = {"entry": second.hex()}
            open_entry, chunks = second, []
            if first == FOLDER:
                whole, entries = whole + lp(second), entries + 1
        else:
            hash_of_chunk, last = bytes([first] * 32), second
            said = {"chunk": hash_of_chunk.hex(), "last": last}
            chunks.append(hash_of_chunk)
            if last:
                whole, entries = whole + lp(open_entry) + hash_of_chunk, entries + 1
                open_entry, chunks = None, []
        over = whole + (lp(open_entry) + b"".join(chunks) if chunks else b"")
        digest = blake3(over, derive_key_context=LABEL).hexdigest()
        yield said | {"entries": entries, "chunks": len(chunks), "digest": digest}


print("[\n" + ",\n".join(map(json.dumps, steps())) + "\n]")

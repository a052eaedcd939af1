"""
Entries: what the tree has a leaf for, one for each recorded event.

An entry is a record of digests and identity, not the event. It commits to everything that
was recorded, so no byte of that can change unnoticed, and whoever holds the event and the
entry can compare them with `sha256sum` and a text editor:

    epcis-repo/entry/v1
    salt 000102030405060708090a0b0c0d0e0f
    position 17
    recorded 1763683200000000
    type ObjectEvent
    data <SHA-256 of the stored data>
    document <SHA-256 of the captured document, or - where there was none>
    event urn:uuid:9a1c…

Why a salt? An inclusion proof shows the leaf hash of a neighbour, perhaps another partner's
event. Serials, places and times are guessable, and without a salt so would the leaf be: one
could hash a guess and see whether it was right. With 16 random bytes in each entry, which
only those see who may see the event, a leaf hash says nothing about what it is of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from epcis_repo.ledger.errors import MalformedEvidenceError
from epcis_repo.ledger.tree import HASH_SIZE

SALT_SIZE = 16

# There is one text for each entry and one entry for each text. The event's identity stands
# last, since it is the one value that others choose: whatever it holds ends nothing.
_ENTRY = re.compile(
    rb"epcis-repo/entry/v1\n"
    rb"salt (?P<salt>[0-9a-f]{32})\n"
    rb"position (?P<position>[1-9][0-9]{0,18})\n"
    rb"recorded (?P<record_time>0|-?[1-9][0-9]{0,18})\n"
    rb"type (?P<type>[!-~]+)\n"
    rb"data (?P<data>[0-9a-f]{64})\n"
    rb"document (?P<document>[0-9a-f]{64}|-)\n"
    rb"event (?P<event_id>.*)\n",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """
    The record of an event that the tree commits to.

    `position` counts from 1, as in the log; the index of the leaf is one less. `record_time`
    is in microseconds since 1970. `document_sha256` is None for an event that came in none.
    """

    salt: bytes
    position: int
    record_time: int
    type: str
    event_id: str
    data_sha256: bytes
    document_sha256: bytes | None

    @property
    def index(self) -> int:
        """The index of the entry's leaf."""
        return self.position - 1


def render_entry(entry: Entry) -> bytes:
    """Return the bytes that are hashed into the leaf."""
    assert len(entry.salt) == SALT_SIZE
    assert entry.position >= 1
    assert re.fullmatch("[!-~]+", entry.type)
    assert len(entry.data_sha256) == HASH_SIZE
    document = entry.document_sha256
    assert document is None or len(document) == HASH_SIZE
    return (
        f"epcis-repo/entry/v1\nsalt {entry.salt.hex()}\nposition {entry.position}\n"
        f"recorded {entry.record_time}\ntype {entry.type}\ndata {entry.data_sha256.hex()}\n"
        f"document {'-' if document is None else document.hex()}\nevent {entry.event_id}\n"
    ).encode()


def parse_entry(data: bytes) -> Entry:
    """Return the entry whose bytes these are."""
    match = _ENTRY.fullmatch(data)
    if match is None:
        raise MalformedEvidenceError("entry", "not in the form of epcis-repo/entry/v1")
    try:
        event_type, event_id = match["type"].decode(), match["event_id"].decode()
    except UnicodeDecodeError as error:
        raise MalformedEvidenceError("entry", "not UTF-8") from error
    document = match["document"]
    return Entry(
        salt=bytes.fromhex(match["salt"].decode()),
        position=int(match["position"]),
        record_time=int(match["record_time"]),
        type=event_type,
        event_id=event_id,
        data_sha256=bytes.fromhex(match["data"].decode()),
        document_sha256=None if document == b"-" else bytes.fromhex(document.decode()),
    )

"""Entries: what is committed to for each event."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.ledger import (
    SALT_SIZE,
    Entry,
    MalformedEvidenceError,
    leaf_hash,
    parse_entry,
    render_entry,
)

ENTRY = Entry(
    salt=bytes(range(16)),
    position=17,
    record_time=1_763_683_200_000_000,
    type="ObjectEvent",
    event_id="urn:uuid:9a1c7b0e-2f4d-4c55-8a3b-0d6e5f7a8b9c",
    data_sha256=bytes(range(32)),
    document_sha256=bytes(range(32, 64)),
)

TEXT = b"""\
epcis-repo/entry/v1
salt 000102030405060708090a0b0c0d0e0f
position 17
recorded 1763683200000000
type ObjectEvent
data 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
document 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f
event urn:uuid:9a1c7b0e-2f4d-4c55-8a3b-0d6e5f7a8b9c
"""

digests = st.binary(min_size=32, max_size=32)
entries = st.builds(
    Entry,
    salt=st.binary(min_size=SALT_SIZE, max_size=SALT_SIZE),
    position=st.integers(1, 2**63 - 1),
    record_time=st.integers(-(2**62), 2**62),
    type=st.sampled_from(["ObjectEvent", "AggregationEvent", "hold.Placed"]),
    event_id=st.text() | st.just("a\nevent b\n"),
    data_sha256=digests,
    document_sha256=st.none() | digests,
)


def test_is_text_that_a_person_can_read() -> None:
    """
    The bytes are what the evidence of other years says they are: they never change.
    """
    assert render_entry(ENTRY) == TEXT
    assert parse_entry(TEXT) == ENTRY


@given(entries)
def test_round_trips(entry: Entry) -> None:
    """
    What is rendered parses back to the same entry, so no two entries share their bytes.
    """
    assert parse_entry(render_entry(entry)) == entry


@given(entries)
def test_has_its_position_as_leaf(entry: Entry) -> None:
    """
    Positions count from 1, leaves from 0.
    """
    assert entry.index == entry.position - 1


def test_changes_with_every_byte() -> None:
    """
    Bytes that differ at all are another entry, or none.
    """
    for at in range(len(TEXT)):
        for value in range(256):
            changed = TEXT[:at] + bytes([value]) + TEXT[at + 1 :]
            try:
                same = parse_entry(changed) == ENTRY
            except MalformedEvidenceError:
                same = False
            assert same == (changed == TEXT)


def test_is_hidden_by_its_salt() -> None:
    """
    Who knows all of an entry but its salt cannot tell whether a leaf hash is of it.
    """
    guess = replace(ENTRY, salt=bytes(SALT_SIZE))

    assert leaf_hash(render_entry(guess)) != leaf_hash(render_entry(ENTRY))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(TEXT[:-1], id="no last newline"),
        pytest.param(TEXT.replace(b"v1", b"v2"), id="another version"),
        pytest.param(TEXT.replace(b"0f\npos", b"0F\npos"), id="upper case"),
        pytest.param(TEXT.replace(b"0f\npos", b"\npos"), id="a short salt"),
        pytest.param(TEXT.replace(b"17", b"017"), id="leading zero"),
        pytest.param(TEXT.replace(b"17\n", b"0\n"), id="position 0"),
        pytest.param(TEXT.replace(b"recorded 1", b"recorded -0"), id="minus zero"),
        pytest.param(TEXT.replace(b"recorded 1", b"recorded +1"), id="plus"),
        pytest.param(TEXT.replace(b"ObjectEvent", b"Object Event"), id="a type of two words"),
        pytest.param(TEXT.replace(b"ObjectEvent", b""), id="no type"),
        pytest.param(TEXT.replace(b"ObjectEvent", b"Object\x1cEvent"), id="a control character"),
        pytest.param(TEXT.replace(b"data 00", b"data "), id="a short digest"),
        pytest.param(TEXT.replace(b"document 2", b"document -"), id="a digest after a dash"),
        pytest.param(TEXT.replace(b"\n", b"\r\n"), id="carriage returns"),
        pytest.param(TEXT.replace(b"urn", b"\xff"), id="not UTF-8"),
        pytest.param(b"\n" + TEXT, id="a leading newline"),
    ],
)
def test_refuses(data: bytes) -> None:
    """
    There is one spelling of an entry, and nothing else is one.
    """
    with pytest.raises(MalformedEvidenceError, match="entry"):
        parse_entry(data)

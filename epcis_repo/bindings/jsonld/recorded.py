"""
Documents of events as the log keeps them, put together without reading any of them.

The log has an event as JSON-LD already (`render_event`). What it is answered with besides, its
recordTime and perhaps an eventID, stands behind its first members, which every event has; the
prefixes that it uses are declared by the document instead. It is what reading and writing it
would give, in a hundredth of the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import orjson

from epcis_repo.bindings.jsonld.writing import SCHEMA_VERSION, JsonLdWriter
from epcis_repo.bindings.names import STANDARD_PREFIXES, declarable
from epcis_repo.model.documents import Document, QueryResults
from epcis_repo.model.times import Timestamp

_WITH_PREFIXES, _BEHIND_PREFIXES = b'{"@context":', b'},"type":"'
# In this order; a time has no quote in it, whatever it looks like.
_BEFORE_OFFSET, _EVENT_ID = b'","eventTimeZoneOffset":"', b',"eventID":"'
# No text within a document has these quotes in it, and behind the date nothing has that name.
_CREATION_DATE, _NO_DATE = b'"creationDate":"', "no date"


class Piece(NamedTuple):
    """An event as it stands in an answer, and the prefixes that the document has to declare."""

    text: bytes
    prefixes: Mapping[str, str]


class Joined(NamedTuple):
    """A document, and the prefixes of extensions that it declares."""

    body: bytes
    prefixes: Mapping[str, str]


def piece_of(data: bytes, event_id: str, record_time: str) -> Piece | None:
    """
    Return an event that the log has as `data`, with its eventID and its recordTime.

    None where a document would not declare its prefixes as they are: then it has to be read.
    """
    prefixes: Mapping[str, str] = {}
    if data.startswith(_WITH_PREFIXES):
        end = data.index(_BEHIND_PREFIXES) + 1
        declared = _prefixes(data[len(_WITH_PREFIXES) : end])
        if declared is None:
            return None
        prefixes = declared
        data = b"{" + data[end + 1 :]
    time_end = data.index(_BEFORE_OFFSET)
    offset_end = data.index(b'"', time_end + len(_BEFORE_OFFSET)) + 1
    texts = [data[:time_end], b'","recordTime":"', record_time.encode(), data[time_end:offset_end]]
    if not data.startswith(_EVENT_ID, offset_end):
        texts += b',"eventID":', orjson.dumps(event_id)
    return Piece(b"".join([*texts, data[offset_end:]]), prefixes)


def join_pieces(
    pieces: Sequence[Piece], *, query_name: str, creation_date: Timestamp
) -> Joined | None:
    """
    Return the answer to a query with these events in it.

    None where their prefixes do not go together: then the events have to be read.
    """
    prefixes: dict[str, str] = {}
    for piece in pieces:
        own = piece.prefixes
        if own and any(prefixes.get(name, own[name]) != own[name] for name in own):
            return None
        prefixes |= own
    if len(set(prefixes.values())) < len(prefixes):
        return None
    before_date, before_events, behind = _around(query_name, tuple(prefixes.items()))
    before = b"".join((before_date, creation_date.text.encode(), before_events))
    events = b",".join([piece.text for piece in pieces])
    return Joined(b"".join((before, events, behind)), prefixes)


@lru_cache(maxsize=1_000)
def _around(query_name: str, prefixes: tuple[tuple[str, str], ...]) -> tuple[bytes, bytes, bytes]:
    """Return what stands before the date of an answer, between that and its events, and behind."""
    namespaces = dict(prefixes)
    document = Document(
        events=(),
        schema_version=SCHEMA_VERSION,
        creation_date=Timestamp(_NO_DATE, 0),
        namespaces=namespaces,
        query_results=QueryResults(query_name=query_name),
    )
    before, behind = JsonLdWriter(namespaces).around(document)
    before_date, name, before_events = before.rpartition(_CREATION_DATE)
    return before_date + name, before_events.removeprefix(_NO_DATE.encode()), behind


# Partners have their extensions, and declare them alike with every event.
@lru_cache(maxsize=1_000)
def _prefixes(text: bytes) -> dict[str, str] | None:
    """Return the prefixes of an event, None where a document would not declare them like that."""
    own: dict[str, str] = orjson.loads(text)
    return own if declarable(own) == own and STANDARD_PREFIXES.keys().isdisjoint(own) else None

"""
Documents of events as the log keeps them, put together without reading any of them.

The log has an event as JSON-LD already (`render_event`). What it is answered with besides, its
recordTime and perhaps an eventID, stands behind its first members, which every event has; the
prefixes that it uses are declared by the document instead. It is what reading and writing it
would give, in a hundredth of the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import orjson

from epcis_repo.bindings.jsonld.writing import JsonLdWriter
from epcis_repo.bindings.names import STANDARD_PREFIXES, declarable
from epcis_repo.model.documents import Document

_WITH_PREFIXES, _BEHIND_PREFIXES = b'{"@context":', b'},"type":"'
# In this order; a time has no quote in it, whatever it looks like.
_BEFORE_OFFSET, _EVENT_ID = b'","eventTimeZoneOffset":"', b',"eventID":"'


Recorded = tuple[bytes, str, bytes]
"""An event as the log has it, its eventID, and its recordTime as it is written."""


class Joined(NamedTuple):
    """A document, and the prefixes of extensions that it declares."""

    body: bytes
    prefixes: Mapping[str, str]


def join_recorded(document: Document, events: Sequence[Recorded]) -> Joined | None:
    """
    Return `document` with these events in it.

    None where their prefixes do not go together: then the events have to be read.
    """
    prefixes: dict[str, str] = {}
    texts: list[bytes] = []
    for recorded, event_id, record_time in events:
        data = recorded
        if data.startswith(_WITH_PREFIXES):
            end = data.index(_BEHIND_PREFIXES) + 1
            own = _prefixes(data[len(_WITH_PREFIXES) : end])
            if own is None or any(prefixes.get(name, own[name]) != own[name] for name in own):
                return None
            prefixes |= own
            data = b"{" + data[end + 1 :]
        time_end = data.index(_BEFORE_OFFSET)
        offset_end = data.index(b'"', time_end + len(_BEFORE_OFFSET)) + 1
        texts += data[:time_end], b'","recordTime":"', record_time, data[time_end:offset_end]
        if not data.startswith(_EVENT_ID, offset_end):
            texts += b',"eventID":', orjson.dumps(event_id)
        texts += data[offset_end:], b","
    if len(set(prefixes.values())) < len(prefixes):
        return None
    document = replace(document, events=(), namespaces=prefixes)
    before, behind = JsonLdWriter(prefixes).around(document)
    return Joined(b"".join([before, *texts[:-1], behind]), prefixes)


# Partners have their extensions, and declare them alike with every event.
@lru_cache(maxsize=1_000)
def _prefixes(text: bytes) -> dict[str, str] | None:
    """Return the prefixes of an event, None where a document would not declare them like that."""
    own: dict[str, str] = orjson.loads(text)
    return own if declarable(own) == own and STANDARD_PREFIXES.keys().isdisjoint(own) else None

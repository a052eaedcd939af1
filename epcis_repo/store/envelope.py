"""
Events that carry their own tags.

The log finds events by their tags and does not tell which an event has. What is captured tells
it by its content; an event of another kind has them in its data, in a line of JSON before what
it says. So they are committed to with the rest of it, and whoever reads it has them.
"""

from __future__ import annotations

import json
from dataclasses import replace

from epcis_repo.store.contract import EventData, RecordedEvent


def enveloped(event: EventData) -> EventData:
    """Return the event with its tags before its data."""
    line = json.dumps({"tags": list(event.tags)}, separators=(",", ":"))
    return replace(event, data=b"%b\n%b" % (line.encode(), event.data))


def opened(event: RecordedEvent) -> tuple[tuple[str, ...], bytes]:
    """Return the tags and the data of what was recorded so; `ValueError` for anything else."""
    line, end, data = event.data.partition(b"\n")
    match json.loads(line):
        case {"tags": [*tags], **others} if end and not others:
            if all(isinstance(tag, str) for tag in tags):
                return tuple(tags), data
    raise ValueError(f"no tags stand before the data of event {event.event_id}")

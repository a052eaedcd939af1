"""Documents in which good events and bad ones are mixed, and what must become of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

JSON = "application/json"
XML = "application/xml"
CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
PACK = "urn:epc:id:sgtin:030001.0012345.{}"
TAKEN, GIVEN = "urn:x:taken", "urn:x:given"


def event(number: int, **members: Any) -> dict[str, Any]:
    """An ObjectEvent under an eventID of its own."""
    value = {
        "type": "ObjectEvent",
        "eventTime": f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z",
        "eventTimeZoneOffset": "+00:00",
        "eventID": f"urn:x:{number}",
        "epcList": [PACK.format(number)],
        "action": "OBSERVE",
    }
    return value | members


def as_json(events: Iterable[dict[str, Any]]) -> bytes:
    """The document with these events, as JSON-LD."""
    value = {
        "@context": [CONTEXT],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-01-01T00:00:00Z",
        "epcisBody": {"eventList": list(events)},
    }
    return json.dumps(value).encode()


def as_xml(events: Iterable[dict[str, Any]]) -> bytes:
    """The document with these events, as XML."""
    texts = []
    for value in events:
        epcs = "".join(f"<epc>{epc}</epc>" for epc in value["epcList"])
        texts.append(
            f"<ObjectEvent><eventTime>{value['eventTime']}</eventTime><eventTimeZoneOffset>"
            f"{value['eventTimeZoneOffset']}</eventTimeZoneOffset><eventID>{value['eventID']}"
            f"</eventID><epcList>{epcs}</epcList><action>{value['action']}</action></ObjectEvent>\n"
        )
    return (
        '<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0" '
        'creationDate="2026-01-01T00:00:00Z">\n'
        f"<EPCISBody><EventList>{''.join(texts)}</EventList></EPCISBody></e:EPCISDocument>"
    ).encode()


FORMATS: dict[str, Callable[[Iterable[dict[str, Any]]], bytes]] = {JSON: as_json, XML: as_xml}

# What an event of each kind has that others have not. The log has an event TAKEN, and each
# document one GIVEN, before all others.
MEMBERS: dict[str, dict[str, Any]] = {
    "good": {},
    "no such action": {"action": "LOOK"},
    "no time": {"eventTime": "yesterday"},
    "no EPC": {"epcList": ["urn:epc:id:sscc:1"]},
    "no eventID": {"eventID": "not a URI"},
    "two faults": {"action": "LOOK", "eventTime": "yesterday"},
    "taken": {"eventID": TAKEN},
    "given": {"eventID": GIVEN},
}
# What is wrong under an eventID that is taken is told in another way than what is not valid.
BY_NAME = ("taken", "given")


@dataclass(frozen=True)
class Mixture:
    """The kinds of the events of a document, in order; the first is always the GIVEN one."""

    kinds: Sequence[str]

    def events(self) -> list[dict[str, Any]]:
        """The events of the document."""
        first = event(0, eventID=GIVEN)
        return [first, *(event(n, **MEMBERS[kind]) for n, kind in enumerate(self.kinds, 1))]

    def mended(self) -> list[dict[str, Any]]:
        """The same with every fault mended."""
        return [event(0, eventID=GIVEN), *(event(n) for n in range(1, len(self.kinds) + 1))]

    @property
    def good(self) -> list[str]:
        """The eventIDs of those that must be recorded."""
        good = [f"urn:x:{n}" for n, kind in enumerate(self.kinds, 1) if kind == "good"]
        return [GIVEN, *good]

    @property
    def bad(self) -> dict[int, str]:
        """The kinds of those that must not be, by their number in the document."""
        return {n: kind for n, kind in enumerate(self.kinds, 2) if kind != "good"}


mixtures = st.lists(st.sampled_from([*MEMBERS, *["good"] * 5]), max_size=12).map(Mixture)

"""
Custody of a thing: who owned it, who had it, where it was, and what of that does not fit.

It is folded from the thing's story, so what happened to a container counts for what was in it.
Parties are compared by their GLN, whether it is that of a party or of a place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from epcis_repo.errors import IdentifierError, ScanError
from epcis_repo.gs1 import Identifier, Level, canonical_key, cbv, parse_identifier
from epcis_repo.model.times import utc_text
from epcis_repo.operations.history import history
from epcis_repo.operations.naming import identifier_value
from epcis_repo.projections.custody import Custody, Finding, Gap, Handling, Named, Period, fold
from epcis_repo.projections.story import Entry
from epcis_repo.store import EventStore

# What is said of a finding to a person; `first` and `second` are the parties of it.
SENTENCES = {
    Gap.SHIPPED_NEVER_RECEIVED: "shipped by {first} to {second}, never received",
    Gap.RECEIVED_NEVER_SHIPPED: "received by {second}, never shipped by {first}",
    Gap.RECEIVED_BY_ANOTHER: "shipped to {first}, received by {second}",
    Gap.TWO_HOLDERS: "{first} and {second} both have it",
}
_GLN_SCHEMES = ("urn:epc:id:sgln:", "urn:epc:id:pgln:")


@dataclass(frozen=True, slots=True)
class CustodyOf:
    """The custody of a thing; what was recorded in the years that are `archived` is not in it."""

    epc: str
    as_of: int | None
    known_at: int | None
    custody: Custody
    archived: tuple[int, ...]


async def custody(
    store: EventStore,
    identifier: Identifier,
    *,
    as_of: int | None = None,
    known_at: int | None = None,
) -> CustodyOf:
    """
    Return the custody of a thing until `as_of`, as was known at `known_at` (microseconds).

    Raises `NotFoundError` when no event names it, and `ScanError` for a class: of its things each
    may be in other hands.
    """
    if identifier.level is Level.CLASS:
        raise ScanError(f"{identifier.key} is a class of things; custody is that of one of them")
    story = await history(store, identifier, as_of=as_of, known_at=known_at)
    return CustodyOf(
        epc=story.names[identifier.key],
        as_of=as_of,
        known_at=known_at,
        custody=fold(handlings(story.entries)),
        archived=story.archived,
    )


def handlings(entries: Iterable[Entry]) -> list[Handling]:
    """Return what the events of a story that stand say of custody."""
    return [_handling(entry) for entry in entries if entry.stands]


def custody_value(found: CustodyOf) -> dict[str, Any]:
    """Return the custody of a thing as JSON (`schemas/custody.schema.json`)."""
    custody = found.custody
    return {
        "id": identifier_value(found.epc),
        "as_of": None if found.as_of is None else utc_text(found.as_of),
        "known_at": None if found.known_at is None else utc_text(found.known_at),
        "owners": [_period_value(period) for period in custody.owners],
        "possessors": [_period_value(period) for period in custody.possessors],
        "places": [_period_value(period) for period in custody.places],
        "findings": [_finding_value(finding) for finding in custody.findings],
        "archived_years": list(found.archived),
    }


def _period_value(period: Period) -> dict[str, Any]:
    return {
        "who": period.who.text,
        "from": None if period.begins is None else utc_text(period.begins),
        "to": None if period.ends is None else utc_text(period.ends),
        "from_event_id": period.begun_by,
        "to_event_id": period.ended_by,
    }


def _finding_value(finding: Finding) -> dict[str, Any]:
    parties = {"first": finding.first, "second": finding.second}
    texts = {name: party and party.text for name, party in parties.items()}
    said = {name: text or "somebody unknown" for name, text in texts.items()}
    return {
        "finding": finding.gap,
        "sentence": SENTENCES[finding.gap].format(**said),
        **texts,
        "event_time": utc_text(finding.time),
        "event_id": finding.event_id,
    }


def _handling(entry: Entry) -> Handling:
    said = entry.said
    places = [place for place in (said.read_point, said.biz_location) if place is not None]
    return Handling(
        time=said.event_time,
        event_id=entry.event_id,
        step=entry.step,
        places=tuple(Named(_key(place), place) for place in places),
        sources=_parties(entry.header.get("sourceList"), "source"),
        destinations=_parties(entry.header.get("destinationList"), "destination"),
    )


def _parties(ends: Sequence[Mapping[str, Any]] | None, name: str) -> dict[str, Named]:
    return {
        cbv.bare_word(cbv.SOURCE_DEST_TYPE, end["type"]): Named(_key(end[name]), end[name])
        for end in ends or ()
    }


# Few parties and places are named, over and over: in the life of each serial of a lot.
@lru_cache(maxsize=16_384)
def _key(text: str) -> str:
    """Return what a party or place is compared by."""
    try:
        key = canonical_key(text)
        identifier = parse_identifier(key)
    except (IdentifierError, ScanError):
        return text
    is_gln = identifier.scheme.urn_prefix in _GLN_SCHEMES and identifier.serial is None
    # One GLN may be written as that of a place and as that of a party.
    return identifier.value if is_gln else key

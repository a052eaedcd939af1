"""
Corrections: which events were declared in error, why, and which are true instead.

A declaration strikes its event out of every fold from the position on at which it was recorded
(EPCIS 2.0, §7.4.1.2); corrective events are events like any other, and stand by themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

import orjson

from epcis_repo.model.found_by import Link, link_tag, reference_key
from epcis_repo.store import Reading, load_statements

STATEMENTS = load_statements("epcis_repo.projections", "corrections.sql")


class Declaration(NamedTuple):
    """
    That the event of an eventID was in error; `declared_at` as its sender wrote it.

    It was known here from `position` on, which was recorded at `record_time`.
    """

    event_id: str
    position: int
    record_time: int
    declared_at: str
    reason: str | None
    corrective_event_ids: tuple[str, ...]


class Corrections:
    """What is known of the corrections of some events, and of what they correct themselves."""

    def __init__(self, declarations: Collection[Declaration]) -> None:
        self._of: defaultdict[str, list[Declaration]] = defaultdict(list)
        self._by: defaultdict[str, list[str]] = defaultdict(list)
        for declaration in sorted(set(declarations), key=lambda known: known.position):
            self._of[declaration.event_id].append(declaration)
            for corrective in map(reference_key, declaration.corrective_event_ids):
                if declaration.event_id not in self._by[corrective]:
                    self._by[corrective].append(declaration.event_id)

    def of(self, event_id: str) -> tuple[Declaration, ...]:
        """Return the declarations that an event was in error, the first first."""
        return tuple(self._of.get(event_id, ()))

    def by(self, event_id: str) -> tuple[str, ...]:
        """Return the eventIDs instead of which an event is true."""
        # Hardly any event is one, and to find out how its name is spelt takes longer.
        return tuple(self._by.get(reference_key(event_id), ())) if self._by else ()


async def corrections(session: Reading, event_ids: Collection[str], *, until: int) -> Corrections:
    """Return what is known of the corrections of these events, as far as position `until`."""
    if not event_ids:
        return Corrections(())
    tags = sorted({link_tag(Link.CORRECTIVE_EVENT, event_id) for event_id in event_ids})
    rows = await session.fetch(
        STATEMENTS["select_corrections"], session.part, sorted(event_ids), tags, until
    )
    return Corrections({_declaration(*row) for row in rows})


def _declaration(event_id: str, position: int, record_time: int, header: bytes) -> Declaration:
    said = orjson.loads(header)["errorDeclaration"]
    return Declaration(
        event_id=event_id,
        position=position,
        record_time=record_time,
        declared_at=said["declarationTime"],
        reason=said.get("reason"),
        corrective_event_ids=tuple(said.get("correctiveEventIDs") or ()),
    )

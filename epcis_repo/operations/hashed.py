"""Asking for events by their event hash (CBV 2.0, §8.9), whatever eventID they have."""

from __future__ import annotations

from epcis_repo.bindings.jsonld import parse_event
from epcis_repo.model.event_hash import event_hash, sha_256_in
from epcis_repo.projections.event_hashes import positions_with_hash
from epcis_repo.query import EventRow, select_event, select_events_at
from epcis_repo.store import EventStore


async def rows_with_hash(store: EventStore, digest: bytes) -> list[EventRow]:
    """
    Return the events that have this hash, and the declarations that they were in error.

    A declaration repeats its event, so it has the same hash; under the same eventID it counts also
    where it does not.
    """
    positions = await positions_with_hash(store, digest)
    found: dict[int, EventRow] = {}
    async with store.reading() as session:
        for row in await select_events_at(session, positions):
            event = parse_event(row.data)
            # The index knows how a hash begins; this is the whole of it.
            if sha_256_in(event_hash(event)) != digest:
                continue
            found[row.position] = row
            if event.error_declaration is None:
                for other in await select_event(session, row.event_id):
                    if parse_event(other.data).error_declaration is not None:
                        found[other.position] = other
    return [found[position] for position in sorted(found)]

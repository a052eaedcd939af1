"""What a thing or a lot was made of, and what was made of it, as of two clocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from epcis_repo.gs1 import Identifier
from epcis_repo.model.times import utc_text
from epcis_repo.operations.history import not_found
from epcis_repo.operations.naming import identifier_value, names_of
from epcis_repo.projections.event_index import STATEMENTS
from epcis_repo.projections.lineage import Lineage, Lineages, Making, Relative
from epcis_repo.projections.lives import Lives
from epcis_repo.projections.story import MOMENT_MAX
from epcis_repo.store import EventStore, log
from epcis_repo.store.archived import archived_years


@dataclass(frozen=True, slots=True)
class LineageOf:
    """The lineage of a thing; what was recorded in the years that are `archived` is not in it."""

    identifier: Identifier
    as_of: int | None
    known_at: int | None
    lineage: Lineage
    names: Mapping[str, str]
    archived: tuple[int, ...]


async def lineage(
    store: EventStore,
    identifier: Identifier,
    *,
    as_of: int | None = None,
    known_at: int | None = None,
) -> LineageOf:
    """
    Return the lineage of a thing or class until `as_of`, as was known at `known_at`.

    Raises `NotFoundError` when no event names it, and `QueryTooLargeError` where too much was made
    of it to be told at once.
    """
    key = identifier.key
    moment = MOMENT_MAX if as_of is None else as_of
    async with store.reading(long=True) as session:
        away = await archived_years(session)
        until = await (log.head(session) if known_at is None else log.head_at(session, known_at))
        if not await session.fetch(STATEMENTS["select_named"], session.part, key, until, moment):
            raise not_found(key, as_of=as_of, known_at=known_at, archived=away)
        found = await Lineages(session, until=until, moment=moment).of(key)
        own = await Lives(session, until).company_prefixes([key])
    return LineageOf(
        identifier=identifier,
        as_of=as_of,
        known_at=known_at,
        lineage=found,
        names=names_of({**found.company_prefixes, **own}),
        archived=tuple(year.year for year in away),
    )


def lineage_value(found: LineageOf) -> dict[str, Any]:
    """Return a lineage as JSON (`schemas/lineage.schema.json`)."""
    return {
        "id": identifier_value(found.names[found.identifier.key]),
        "as_of": None if found.as_of is None else utc_text(found.as_of),
        "known_at": None if found.known_at is None else utc_text(found.known_at),
        "back": _relatives_value(found.lineage.back, found.names),
        "forward": _relatives_value(found.lineage.forward, found.names),
        "makings": [_making_value(making) for making in found.lineage.makings],
        "archived_years": list(found.archived),
    }


def _relatives_value(
    relatives: Iterable[Relative], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    return [
        {
            "epc": names[relative.key],
            "generation": relative.generation,
            "making": relative.making,
        }
        for relative in relatives
    ]


def _making_value(making: Making) -> dict[str, Any]:
    return {
        "transformation_id": making.transformation_id,
        "biz_transaction": making.biz_transaction,
        "inputs": len(making.inputs),
        "outputs": len(making.outputs),
        "events": [
            {"event_id": said.event_id, "event_time": utc_text(said.event_time)}
            for said in sorted(making.said.values(), key=lambda said: said.event_time)
        ],
    }

"""
Years of the log that are archived: taken out, into a file, and not brought back yet.

What partners reported in such a year is not here, nor are the tags of it. What is ours stays:
receipts, conflicts, decisions. `archived_event` has the position and the identity of each event
that is away, so that no identity is taken again and a check of the log knows what it must miss.

That a year was archived, or attached again, is an event of the log, which stays itself. So which
years are away is folded from those; there is no second truth to keep.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

import orjson

from epcis_repo.errors import ArchivedError
from epcis_repo.store.contract import EventData, EventStore, Reading
from epcis_repo.store.envelope import enveloped
from epcis_repo.store.statements import load_statements

STATEMENTS = load_statements("epcis_repo.store", "archived.sql")

YEAR_ARCHIVED = "YearArchived"
YEAR_ATTACHED = "YearAttached"


@dataclass(frozen=True, slots=True)
class ArchivedYear:
    """
    A year that is away: how many events, the first and the last of their positions (0 without).

    `sha256` is over `archived_event`, so that nobody can have more miss than was archived.
    """

    year: int
    events: int
    first: int
    last: int
    sha256: str

    def archived(self, *, after: int, file_sha256: str) -> EventData:
        """Return the event by which it is archived, which follows position `after`."""
        value = {
            "year": self.year,
            "events": self.events,
            "firstPosition": self.first,
            "lastPosition": self.last,
            "sha256": self.sha256,
            "fileSha256": file_sha256,
        }
        identity = f"year {self.year} archived after {after}"
        return enveloped(EventData(YEAR_ARCHIVED, identity, orjson.dumps(value)))

    def attached(self, *, after: int) -> EventData:
        """Return the event by which it is attached again, which follows position `after`."""
        identity = f"year {self.year} attached after {after}"
        data = orjson.dumps({"year": self.year})
        return enveloped(EventData(YEAR_ATTACHED, identity, data))


async def archived_years(session: Reading) -> tuple[ArchivedYear, ...]:
    """Return the years that are away, in order."""
    _, away = await head_and_archived_years(session)
    return away


async def head_and_archived_years(session: Reading) -> tuple[int, tuple[ArchivedYear, ...]]:
    """Return the position of the last event, and the years that are away, in order: one look."""
    types = YEAR_ARCHIVED, YEAR_ATTACHED
    head, away = 0, dict[int, ArchivedYear]()
    rows = await session.fetch(STATEMENTS["select_decided"], session.part, *types)
    for position, kind, data in sorted(map(tuple, rows)):
        if not kind:
            head = position
            continue
        # The line before it has its tags, of which there are none.
        value = orjson.loads(data.partition(b"\n")[2])
        year = value["year"]
        away.pop(year, None)
        if kind == YEAR_ARCHIVED:
            positions = value["firstPosition"], value["lastPosition"]
            away[year] = ArchivedYear(year, value["events"], *positions, value["sha256"])
    return head, tuple(away[year] for year in sorted(away))


async def archived_positions(session: Reading, after: int, until: int) -> set[int]:
    """Return where events are away, past a position up to another."""
    values = session.part, after, until
    rows = await session.fetch(STATEMENTS["select_positions"], *values)
    return {position for (position,) in rows}


async def refuse_archived(session: Reading, event_id: str) -> None:
    """Raise `ArchivedError` for an event that is recorded, and away."""
    values = session.part, [event_id]
    for (position,) in await session.fetch(STATEMENTS["select_archived"], *values):
        years = await archived_years(session)
        of = [away for away in years if away.first <= position <= away.last]
        raise ArchivedError(f"event {event_id} is recorded in {named(of)}, which is archived")


def named(years: Iterable[ArchivedYear]) -> str:
    """Return years as a sentence names them."""
    return ", ".join(str(away.year) for away in years)


async def years_away(store: EventStore, before: Iterable[ArchivedYear]) -> tuple[int, ...]:
    """
    Return which years may not be in an answer that was just read; `before` were away in its view.

    Of a year that was archived meanwhile nobody knows whether it was still there, since tables
    come and go for every view at once.
    """
    async with store.reading(snapshot=False) as session:
        now = await archived_years(session)
    return tuple(sorted({away.year for away in (*before, *now)}))


class IdentitiesHash:
    """The hash over what `archived_event` has of a year, in order of position."""

    def __init__(self) -> None:
        self._hash = sha256()
        self.events = 0
        self.first = 0
        self.last = 0

    def add(self, position: int, event_id: str) -> None:
        """Add the next."""
        self._hash.update(orjson.dumps([position, event_id], option=orjson.OPT_APPEND_NEWLINE))
        self.events += 1
        self.first = self.first or position
        self.last = position

    def of_year(self, year: int) -> ArchivedYear:
        """Return what was added as that of a year."""
        return ArchivedYear(year, self.events, self.first, self.last, self._hash.hexdigest())

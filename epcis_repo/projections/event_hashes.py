"""
Which events have which event hash (CBV 2.0, §8.9): what follows the log, some way behind it.

To compute a hash takes as long as much of a capture, and hardly anybody asks for one. So it is done
behind the captures, by whoever serves, in pages of some events, each added by a transaction of its
own; and who asks goes through what is left to be done himself, before he is answered. The rows are
those of all events as far as the last of them, so they say themselves how far that is.

A row has the first eight bytes of the hash: the event that it leads to has all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from epcis_repo.errors import EpcisError, StoreUnavailableError
from epcis_repo.model.event_hash import event_hash, sha_256_in
from epcis_repo.model.events import EVENT_TYPES
from epcis_repo.projections.logged import LoggedEvent, logged
from epcis_repo.store import (
    EventStore,
    Query,
    QueryItem,
    Reading,
    RecordedEvent,
    Writing,
    load_schema,
    load_statements,
)
from epcis_repo.store.log import head, read

STATEMENTS = load_statements("epcis_repo.projections", "event_hashes.sql")
SCHEMA = load_schema("epcis_repo.projections", "event_hashes", folded=True)
TABLES = ("event_hash",)

_EPCIS_EVENTS = Query((QueryItem(types=tuple(EVENT_TYPES)),))
# So many positions, as a power of two, are a stretch of the log.
_STRETCH_BITS = 18
# So many events are gone through at a time: some hundredths of a second.
_PAGE = 250
_LOOK_SECONDS = 1.0
_BUSY_SECONDS = 5.0


class Row(NamedTuple):
    """Where an event stands, when it was recorded, and how its hash begins."""

    position: int
    record_time: int
    hash: int


class Page(NamedTuple):
    """The rows of all events after a position, as far as another."""

    after: int
    until: int
    rows: Sequence[Row]


def row_of(item: LoggedEvent) -> Row:
    """Return the row of an event."""
    digest = sha_256_in(event_hash(item.event, what=item.what))
    assert digest is not None
    return Row(item.position, item.record_time, _beginning(digest))


async def project(session: Writing, rows: Sequence[Row]) -> None:
    """Add the rows of some events; nothing ever changes one."""
    whole = [(session.part, *row) for row in rows]
    await session.insert("event_hash", ("part", *Row._fields), whole)


async def last_hashed(session: Reading) -> int:
    """Return the position of the last event that has a row, 0 where none has."""
    rows = await session.fetch(STATEMENTS["select_last_hashed"], session.part)
    return int(rows[0][0]) if rows else 0


async def positions_with_hash(store: EventStore, digest: bytes) -> list[int]:
    """Return where all events stand that have this hash, and perhaps some that have not."""
    wanted, found = _beginning(digest), set[int]()
    async with store.reading(snapshot=False) as session:
        # What is captured while we look is not waited for: that might go on for ever.
        after, until = await last_hashed(session), await head(session)
    while after < until and (page := await _next_page(store, after)) is not None:
        found |= {row.position for row in page.rows if row.hash == wanted}
        # Where nothing can be written, reading goes on; somebody else adds them later.
        with suppress(StoreUnavailableError):
            await store.write(_add, page)
        after = page.until
    async with store.reading() as session:
        stretches = list(range((await head(session) >> _STRETCH_BITS) + 1))
        statement = STATEMENTS["select_with_hash"]
        rows = await session.fetch(statement, session.part, stretches, wanted)
    return sorted(found | {position for (position,) in rows})


async def keep_hashed(store: EventStore) -> None:
    """
    Add what is missing, now and in future, until cancelled.

    While others capture, a page in some seconds; then all that is left.
    """
    head_before = 0
    while True:
        rest = _LOOK_SECONDS
        with suppress(StoreUnavailableError):
            if store.distress() is None:
                async with store.reading(snapshot=False) as session:
                    position, after = await head(session), await last_hashed(session)
                is_idle, head_before = position == head_before, position
                page = await _next_page(store, after)
                # Where another process is ahead, it is left to that.
                if page is not None and await store.write(_add, page):
                    rest = 0 if is_idle else _BUSY_SECONDS
        await asyncio.sleep(rest)


async def _next_page(store: EventStore, after: int) -> Page | None:
    async with store.reading(long=True) as session:
        events = [event async for event in read(session, _EPCIS_EVENTS, after=after, limit=_PAGE)]
    if not events:
        return None
    return Page(after, events[-1].position, await asyncio.to_thread(_rows_of, events))


def _rows_of(events: Sequence[RecordedEvent]) -> list[Row]:
    rows = []
    for event in events:
        # What somebody has altered has no hash any more; `epcis-repo fsck` names it.
        with suppress(EpcisError, ValueError):
            rows.append(row_of(logged(event)))
    return rows


async def _add(session: Writing, pages: Sequence[Page]) -> list[bool]:
    """Add the rows of each page that goes on from those that are there; answer whether any did."""
    added = []
    for page in pages:
        last = await last_hashed(session)
        # Another request, or another process, may have come with the same, or have begun anew.
        rows = [row for row in page.rows if row.position > last] if page.after <= last else []
        await project(session, rows)
        added.append(bool(rows))
    return added


def _beginning(digest: bytes) -> int:
    return int.from_bytes(digest[:8], signed=True)

"""
What there is to tell a subscriber next: the log past where he is, asked by his query.

- A stream goes on behind the last event that was looked at, whatever time it is.
- By the clock there are runs. One that is due takes all of the log that is there by then, page by
  page if need be, through restarts. The next one that is due begins when all of it was delivered.
- So nothing is told twice and nothing is left out by two record times that are equal: positions
  count, and the record time that a subscriber sees is told for his information.
- What his format has no place for is told behind the rest, by name.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from epcis_repo.errors import ArchivedError, QueryTooComplexError, QueryTooLargeError
from epcis_repo.model.times import parse_timestamp
from epcis_repo.operations.problems import Problem, as_problem, problem
from epcis_repo.query import EventQuery, EventRow, looks_long, select_events_at, select_page
from epcis_repo.query.paging import Cursor, cursor_of
from epcis_repo.store import EventStore, Reading
from epcis_repo.store.log import head, head_at
from epcis_repo.subscriptions.message import fit_of
from epcis_repo.subscriptions.outbox import Content, Progress, Step
from epcis_repo.subscriptions.rules import Subscription

# So many bytes of events go in one delivery, if not a single one has more.
_BATCH_SIZE_MAX = 1 << 20
_PAGE = 500


async def next_step(
    store: EventStore, subscription: Subscription, before: Progress, *, now: int
) -> Step | None:
    """Return how a subscription comes further at `now`, None where it does not."""
    query = subscription.event_query()
    async with store.reading(snapshot=False, long=looks_long(query)) as session:
        if subscription.is_stream:
            return await _further(session, subscription, query, before, now=now)
        if not before.run_until and now < before.due:
            return None
        return await _run(session, subscription, query, before, now=now)


async def rows_of(store: EventStore, content: Content) -> list[EventRow]:
    """Return the events that are to be told; `ArchivedError` where one of them is away."""
    if not content.positions:
        return []
    async with store.reading(snapshot=False) as session:
        rows = {row.position: row for row in await select_events_at(session, content.positions)}
    if len(rows) < len(content.positions):
        raise ArchivedError("an event that is to be delivered is in a year that is archived")
    return [rows[position] for position in content.positions]


async def _further(
    session: Reading, subscription: Subscription, query: EventQuery, before: Progress, *, now: int
) -> Step | None:
    after, until = await _after(session, subscription, before), await head(session)
    if after >= until:
        return None
    rows, cursor = await _page(session, query, Cursor(until=until), after=after)
    return Step(
        before,
        position=until if cursor is None else cursor.position,
        run_until=0,
        run_page="",
        due=before.due,
        min_record_time=max(before.min_record_time, *(row.record_time for row in rows), 0),
        contents=await _contents(subscription, rows, before.batch_max),
        now=now,
    )


async def _run(
    session: Reading, subscription: Subscription, query: EventQuery, before: Progress, *, now: int
) -> Step:
    after, until = await _after(session, subscription, before), before.run_until
    begun, cursor = before.min_record_time, _cursor_in(before.run_page)
    if not until:
        begun, until = now, await head(session)
    given = cursor.given
    contents: list[Content] = []
    try:
        rows, following = await _page(session, query, cursor._replace(until=until), after=after)
        contents += await _contents(subscription, rows, before.batch_max)
        given += len(rows)
    except (QueryTooLargeError, QueryTooComplexError) as error:
        # EPCIS 2.0, §8.2.7: he is told why, and goes on behind it: next time there would be more.
        contents = [_told_as_problem(subscription, as_problem(error))]
        following, given = None, 1
    if following is not None:
        page = json.dumps(following)
        return Step(before, before.position, until, page, before.due, begun, contents, now)
    if not given and subscription.report_if_empty:
        contents = [Content()]
    times = subscription.times()
    assert times is not None
    # What was missed while nobody was there is made good by this run.
    due = times.next_after(now)
    assert due is not None
    return Step(before, max(until, before.position), 0, "", due, begun, contents, now)


async def _after(session: Reading, subscription: Subscription, before: Progress) -> int:
    """Return the position past which there may be events for a subscriber."""
    if subscription.initial_record_time is None:
        return before.position
    initial = parse_timestamp(subscription.initial_record_time).microseconds
    return max(before.position, await head_at(session, initial - 1))


def _cursor_in(page: str) -> Cursor:
    return Cursor(*json.loads(page)) if page else Cursor()


async def _page(
    session: Reading, query: EventQuery, cursor: Cursor, *, after: int
) -> tuple[list[EventRow], Cursor | None]:
    limits = replace(query.limits, per_page=_PAGE)
    query = replace(query, cursor=cursor, limits=limits)
    rows, token = await select_page(session, query, after=after)
    following = None if token is None else cursor_of(token, query.fingerprint)
    if query.order.is_of_capture:
        # What was captured since the end was looked up is for the next time.
        rows = [row for row in rows if row.position <= cursor.until]
        if following is not None and following.position >= cursor.until:
            following = None
    return rows, following


async def _contents(
    subscription: Subscription, rows: Sequence[EventRow], batch_max: int
) -> list[Content]:
    """Return what is delivered of some events: batches, and behind each what it cannot say."""
    contents: list[Content] = []
    for batch in _batches(rows, batch_max):
        kept, lost = batch, None
        if subscription.form != "json-ld":  # which has a place for everything
            # Others are served while it is tried out.
            kept, lost = await asyncio.to_thread(fit_of, subscription, batch)
        if kept:
            contents.append(Content(tuple(row.position for row in kept)))
        if lost is not None:
            title = "Events say more than can be told"
            value = problem(500, "ImplementationException", title, lost)
            contents.append(_told_as_problem(subscription, value))
    return contents


def _batches(rows: Sequence[EventRow], batch_max: int) -> Iterator[Sequence[EventRow]]:
    """Yield events in batches, each of so many of them and so many bytes at most."""
    batch: list[EventRow] = []
    size = 0
    for row in rows:
        if batch and (len(batch) >= batch_max or size + len(row.data) > _BATCH_SIZE_MAX):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += len(row.data)
    if batch:
        yield batch


def _told_as_problem(subscription: Subscription, value: Problem) -> Content:
    about = {
        "queryName": subscription.query_name,
        "subscriptionID": subscription.subscription_id,
    }
    return Content(problem=value | about)

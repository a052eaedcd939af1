"""
What is on its way to subscribers, and how far each subscription has come: kept with the log.

- A delivery is here, with its name, before it is attempted for the first time, and goes when it
  was taken; in between, whoever attempts it does so under that name.
- A subscription comes further in the same transaction in which its deliveries are put here, and
  only from where it was: of two who would bring it further, one does.
- Every change is made in the writer's turn, so whoever is told that he may attempt a delivery has
  seen all decisions: one that was ended before is not attempted any more.
- A name may be given back and taken again: which subscription is meant is told by where in the log
  it began, `since`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from epcis_repo.named_queries.events import NamedQueryDeleted
from epcis_repo.named_queries.events import tag_of as query_tag
from epcis_repo.store import (
    EventStore,
    Query,
    QueryItem,
    Reading,
    Writing,
    load_schema,
    load_statements,
)
from epcis_repo.store.log import read

STATEMENTS = load_statements("epcis_repo.subscriptions", "outbox.sql")
SCHEMA = load_schema("epcis_repo.subscriptions", "outbox")

BATCH_MAX = 100
# Halves of a delivery, and halves of those, come between it and the next.
_BETWEEN = 1 << 20


class Progress(NamedTuple):
    """How far a subscription has come; times in microseconds, `run_page` empty without a run."""

    subscription_id: str
    since: int
    position: int
    run_until: int
    run_page: str
    due: int
    min_record_time: int
    last_notified: int | None
    last_number: int
    batch_max: int
    signature_token: str | None


@dataclass(frozen=True, slots=True)
class Content:
    """What a delivery is of: the events at some positions, in order, or a problem document."""

    positions: tuple[int, ...] = ()
    problem: Mapping[str, Any] | None = None

    def text(self) -> str:
        return json.dumps({"positions": self.positions, "problem": self.problem})


class Delivery(NamedTuple):
    """A delivery, and what became of it so far."""

    subscription_id: str
    number: int
    delivery_id: str
    created: int
    content_text: str
    attempts: int
    due: int
    failure: str | None
    is_dead: int
    leased_by: str | None
    leased_until: int

    @property
    def content(self) -> Content:
        value = json.loads(self.content_text)
        return Content(tuple(value["positions"]), value["problem"])


class Step(NamedTuple):
    """A subscription comes from `before` to another place, with what is to be delivered of that."""

    before: Progress
    position: int
    run_until: int
    run_page: str
    due: int
    min_record_time: int
    contents: Sequence[Content]
    now: int


class Lease(NamedTuple):
    """Who wants to attempt a delivery, and until when."""

    progress: Progress
    query_name: str
    number: int
    owner: str
    until: int
    now: int


class Failed(NamedTuple):
    """An attempt that came to nothing."""

    delivery: Delivery
    due: int
    failure: str


class Taken(NamedTuple):
    """An attempt that went well."""

    delivery: Delivery
    now: int


async def progress_of(session: Reading, subscription_id: str) -> Progress | None:
    """Return how far a subscription has come, None where it has ended."""
    rows = await session.fetch(STATEMENTS["select_progress"], session.part, subscription_id)
    return Progress(*rows[0]) if rows else None


async def first_delivery(session: Reading, subscription_id: str) -> Delivery | None:
    """Return the delivery of a subscription that is on its way."""
    rows = await session.fetch(STATEMENTS["select_first"], session.part, subscription_id)
    return Delivery(*rows[0]) if rows else None


async def deliveries_after(
    session: Reading, subscription_id: str, number: int, *, limit: int
) -> list[Delivery]:
    """Return what is on its way or was given up, past a place among all of that."""
    place = subscription_id, number, limit
    rows = await session.fetch(STATEMENTS["select_deliveries"], session.part, *place)
    return [Delivery(*row) for row in rows]


async def delivery_named(session: Reading, delivery_id: str) -> Delivery | None:
    """Return a delivery that is on its way or was given up, None where there is none."""
    rows = await session.fetch(STATEMENTS["select_delivery"], session.part, delivery_id)
    return Delivery(*rows[0]) if rows else None


async def beginnings(session: Reading) -> dict[str, int]:
    """Return where in the log the subscriptions began that something is kept of, by name."""
    rows = await session.fetch(STATEMENTS["select_beginnings"], session.part)
    return dict(rows)


async def begin(
    session: Writing,
    subscription_id: str,
    *,
    since: int,
    position: int,
    due: int,
    min_record_time: int,
    signature_token: str | None,
) -> None:
    """Have a subscription begin behind `position`; `since` is where it was decided on."""
    await end(session, subscription_id)
    values = since, position, due, min_record_time, BATCH_MAX, signature_token
    await session.execute(STATEMENTS["insert_progress"], session.part, subscription_id, *values)


async def end(session: Writing, subscription_id: str) -> None:
    """Forget a subscription, and what was on its way to it."""
    for statement in ("delete_deliveries", "delete_progress"):
        await session.execute(STATEMENTS[statement], session.part, subscription_id)


async def forget(store: EventStore, subscription_id: str, *, position: int) -> None:
    """Forget a subscription that had ended when the log ended at `position`."""
    await store.write(_forget, (subscription_id, position))


async def _forget(session: Writing, ended: Sequence[tuple[str, int]]) -> list[None]:
    for subscription_id, position in ended:
        progress = await progress_of(session, subscription_id)
        # Somebody may have begun another of that name meanwhile.
        if progress is not None and progress.since <= position:
            await end(session, subscription_id)
    return [None] * len(ended)


async def advance(store: EventStore, step: Step) -> bool:
    """Bring a subscription further; False when somebody else has done so, or it has ended."""
    return await store.write(_advance, step)


async def _advance(session: Writing, steps: Sequence[Step]) -> list[bool]:
    answers = []
    for step in steps:
        before = step.before
        rows = await session.fetch(
            STATEMENTS["advance"],
            session.part,
            before.subscription_id,
            before.since,
            before.position,
            before.run_page,
            before.due,
            before.last_number,
            step.position,
            step.run_until,
            step.run_page,
            step.due,
            step.min_record_time,
            before.last_number + len(step.contents) * _BETWEEN,
        )
        if rows:
            for place, content in enumerate(step.contents, 1):
                number = before.last_number + place * _BETWEEN
                await _insert(session, before.subscription_id, number, step.now, content)
        answers.append(bool(rows))
    return answers


async def _insert(
    session: Writing,
    subscription_id: str,
    number: int,
    created: int,
    content: Content,
    *,
    due: int | None = None,
) -> None:
    values: dict[str, Any] = {
        "part": session.part,
        "subscription_id": subscription_id,
        "number": number,
        "delivery_id": str(uuid.uuid4()),
        "created": created,
        "content": content.text(),
        "attempts": 0,
        "due": created if due is None else due,
        "is_dead": 0,
        "leased_until": 0,
    }
    await session.insert("delivery", tuple(values), [tuple(values.values())])


async def lease(store: EventStore, wanted: Lease) -> Delivery | None:
    """Return a delivery that is to be attempted now, None where it is not ours to attempt."""
    return await store.write(_lease, wanted)


async def _lease(session: Writing, wanted: Sequence[Lease]) -> list[Delivery | None]:
    answers: list[Delivery | None] = []
    for item in wanted:
        subscription_id, since = item.progress.subscription_id, item.progress.since
        rows: list[tuple[Any, ...]] = []
        if not await query_is_gone(session, item.query_name, since):
            rows = await session.fetch(
                STATEMENTS["lease"],
                session.part,
                subscription_id,
                since,
                item.number,
                item.owner,
                item.until,
                item.now,
            )
        answers.append(Delivery(*rows[0]) if rows else None)
    return answers


async def query_is_gone(session: Reading, query_name: str, since: int) -> bool:
    """Whether the query was deleted after somebody had subscribed to it."""
    deleted = Query((QueryItem((NamedQueryDeleted.TOPIC,), (query_tag(query_name),)),))
    return [event async for event in read(session, deleted, after=since, limit=1)] != []


async def taken(store: EventStore, item: Taken) -> None:
    """Note that a delivery was taken; by whomever it was brought."""
    await store.write(_taken, item)


async def _taken(session: Writing, items: Sequence[Taken]) -> list[None]:
    for item in items:
        delivery = item.delivery
        keys = session.part, delivery.subscription_id
        gone = await session.fetch(STATEMENTS["delete_delivery"], *keys, delivery.delivery_id)
        if gone:
            await session.execute(STATEMENTS["notified"], *keys, item.now)
    return [None] * len(items)


async def failed(store: EventStore, item: Failed) -> None:
    """Note that an attempt came to nothing."""
    await store.write(_failed, item)


async def _failed(session: Writing, items: Sequence[Failed]) -> list[None]:
    for item in items:
        await session.execute(
            STATEMENTS["failed"], session.part, *_leased(item.delivery), item.due, item.failure
        )
    return [None] * len(items)


async def halve(store: EventStore, delivery: Delivery) -> None:
    """Have a delivery go as two, each with half of its events and a name of its own."""
    await store.write(_halve, delivery)


async def _halve(session: Writing, items: Sequence[Delivery]) -> list[None]:
    for delivery in items:
        positions = delivery.content.positions
        middle = len(positions) // 2
        first, second = Content(positions[:middle]), Content(positions[middle:])
        values = *_leased(delivery), str(uuid.uuid4()), first.text()
        rows = await session.fetch(STATEMENTS["halved"], session.part, *values)
        for number, created, due in rows:
            after = await _number_after(session, delivery.subscription_id, number)
            between = (number + after) // 2
            await _insert(session, delivery.subscription_id, between, created, second, due=due)
            keys = session.part, delivery.subscription_id
            await session.execute(STATEMENTS["lessen_batches"], *keys, middle)
    return [None] * len(items)


async def _number_after(session: Reading, subscription_id: str, number: int) -> int:
    values = session.part, subscription_id, number
    rows = await session.fetch(STATEMENTS["select_next_number"], *values)
    next_whole = (number // _BETWEEN + 1) * _BETWEEN
    return min(next_whole, rows[0][0]) if rows else next_whole


async def dead_lettered(session: Writing, delivery: Delivery, failure: str) -> None:
    """Keep a delivery as one that was given up."""
    values = delivery.subscription_id, delivery.delivery_id, failure
    await session.execute(STATEMENTS["dead_lettered"], session.part, *values)


async def replayed(session: Writing, delivery: Delivery, *, attempts: int, now: int) -> None:
    """Have a delivery that was given up attempted again, as if after so many attempts."""
    values = delivery.subscription_id, delivery.delivery_id, attempts, now
    await session.execute(STATEMENTS["replayed"], session.part, *values)


def _leased(delivery: Delivery) -> tuple[str, str, str | None]:
    return delivery.subscription_id, delivery.delivery_id, delivery.leased_by

"""Events that mean nothing, and what tests of the log do with them in one line."""

from collections.abc import Sequence

from epcis_repo.store import AppendCondition, EventData, EventStore, Query, Reading, RecordedEvent
from epcis_repo.store.documents import kept, pieces
from epcis_repo.store.log import EVERYTHING, append, read

NOW = 1_780_000_000_000_000


def facts(*names: str, type: str = "Noted", tags: Sequence[str] = ()) -> list[EventData]:  # noqa: A002 - the log's word
    """One event for each name, which is its identity and its content."""
    return [EventData(type, name, name.encode(), tags) for name in names]


async def record(
    store: EventStore,
    events: Sequence[EventData],
    condition: AppendCondition | None = None,
    *,
    now: int = NOW,
) -> list[RecordedEvent]:
    """Append `events` in a transaction of their own."""
    async with store.writing() as session:
        return await append(session, events, condition, now=now)


async def all_of(
    store: EventStore, query: Query = EVERYTHING, *, after: int = 0, limit: int | None = None
) -> list[RecordedEvent]:
    """Everything that a reading gives."""
    async with store.reading() as session:
        return [event async for event in read(session, query, after=after, limit=limit)]


async def names_of(
    store: EventStore, query: Query = EVERYTHING, *, after: int = 0, limit: int | None = None
) -> list[str]:
    """The identities of what a reading gives."""
    return [event.event_id for event in await all_of(store, query, after=after, limit=limit)]


async def whole(session: Reading, digest: str) -> tuple[bytes, str]:
    """All bytes of a document that was kept, and its media type."""
    document = await kept(session, digest)
    return b"".join([piece async for piece in pieces(session, document)]), document.media_type

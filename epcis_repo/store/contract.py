"""
What a store promises, and the values that go in and out of its log (`log.py`).

- Positions are gapless from 1, in commit order: who reads past the last position he saw
  misses nothing.
- Recorded events, their tags and kept documents never change; the database itself refuses.
- What `writing()` did is durable when it has ended, and there whole or not at all.
- Record times never decrease with the position, whatever the clock does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

from epcis_repo.errors import EpcisError, StoreUnavailableError
from epcis_repo.store.schema import Schema

T = TypeVar("T")
R = TypeVar("R")


BATCH_SIZE = 1 << 20
"""About so many bytes of rows are in memory at a time, of those that are streamed."""


@dataclass(frozen=True, slots=True)
class EventData:
    """
    An event on its way into the store. `event_id` is its identity: no two events share one.

    `tags` are what it can be found by; `roles` are more of them, each with the number of the
    role in which the event names it, from 1.
    """

    type: str
    event_id: str
    data: bytes
    tags: Sequence[str] = ()
    roles: Mapping[int, Sequence[str]] = field(default_factory=dict)

    def tags_by_role(self) -> Mapping[int, Sequence[str]]:
        """Return all tags by role; those without one have the role 0."""
        return {0: self.tags, **self.roles} if self.tags else self.roles


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as the store keeps it. `record_time` is in microseconds since 1970 (UTC)."""

    position: int
    record_time: int
    type: str
    event_id: str
    data: bytes


class Tags(NamedTuple):
    """The tags by which an event is found, in one role; none of them twice."""

    position: int
    role: int
    tags: Collection[str]


@dataclass(frozen=True, slots=True)
class QueryItem:
    """Matches an event of any of `types` (all, where none is named) that has all of `tags`."""

    types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """Matches an event that any of `items` matches; every event, where there is none."""

    items: tuple[QueryItem, ...] = ()


@dataclass(frozen=True, slots=True)
class AppendCondition:
    """Refuses an append when an event past position `after` matches."""

    fail_if_events_match: Query
    after: int = 0


class Reading(Protocol):
    """
    A consistent view of the database: what commits meanwhile is not seen.

    Statements are written in PostgreSQL's SQL, with `$1` for values and `= any($1)` for
    lists, which are sequences of one type. `part` is the log that this store serves; it
    leads every key, so it is a value of every statement. `dialect` is `sqlite` or `postgresql`.
    """

    part: int
    dialect: str

    async def fetch(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return all rows of a statement."""
        ...

    def stream(self, statement: str, *values: Any) -> AsyncIterator[Sequence[tuple[Any, ...]]]:
        """Yield the rows of a statement in batches of about a megabyte. It takes a snapshot."""
        ...

    async def damage(self) -> Sequence[str]:
        """Return what the database finds wrong with its own structure, when it is asked."""
        ...

    async def columns(self, table: str) -> tuple[str, ...]:
        """Return the names of the columns of a table, none where there is no such table."""
        ...


class Writing(Reading, Protocol):
    """
    The one database transaction that may write at this time.

    It commits when its context ends, and leaves no trace when that ends with an error.
    """

    async def execute(self, statement: str, *values: Any) -> None:
        """Run a statement that has no rows to give."""
        ...

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Insert rows, each with a value for each column, as fast as the database takes them."""
        ...

    async def insert_tags(self, bucket: int, tags: Sequence[Tags]) -> None:
        """
        Insert a row into `event_tag` for each of `tags`.

        The one insert that has a row for every serial, so each database has its own fastest way.
        """
        ...

    async def analyze(self, tables: Sequence[str]) -> None:
        """Have the rows of `tables` counted anew, where the choice of plans depends on it."""
        ...


Work = Callable[[Writing, Sequence[T]], Awaitable[Sequence[R | EpcisError]]]
"""
What is done with items that are written together: an answer for each, or why it is refused.

It decides on all before it writes any, so that a refusal leaves nothing behind; or it has one
item alone, and raises what its answer is, so that all is taken back. It waits for nothing but
its session: no other task may be needed for it to go on.
"""


Look = Callable[[Reading, Sequence[T]], Awaitable[Sequence[R]]]
"""
What is looked up for items together, each by a few rows at most: an answer for each of them.

It waits for nothing but its session, and what it finds for one does not depend on the others.
"""


class EventStore(Protocol):
    """
    A log with the read models beside it, in one database.

    It knows how to open transactions and to run statements; what the log does with them is
    told once, in `log.py`. All stores keep one test suite.
    """

    async def prepare(self, schemas: Sequence[Schema]) -> None:
        """
        Create what is not there yet: the log, and the tables of `schemas`.

        Raises `SchemaVersionError` for a log with events that is of another version.
        """
        ...

    def reading(
        self, *, snapshot: bool = True, long: bool = False
    ) -> AbstractAsyncContextManager[Reading]:
        """
        Open a view. Without `snapshot` each statement sees what is committed when it runs,
        which is enough for one statement and cheaper; `long` keeps a reading that takes more
        than a moment from holding up others.
        """
        ...

    def writing(self) -> AbstractAsyncContextManager[Writing]:
        """Wait for one's turn and open the transaction."""
        ...

    def altering(self, *, turns: bool = True) -> AbstractAsyncContextManager[Writing]:
        """
        As `writing`, also where no log is there yet; tables may be made and dropped in it.

        Without `turns` others may go on writing meanwhile: for tables of which nobody knows yet.
        """
        ...

    def distress(self) -> StoreUnavailableError | None:
        """Return why nothing can be written at present, None where nothing is known against it."""
        ...

    async def write(self, work: Work[T, R], item: T) -> R:
        """
        Have `work` done with `item`, together with what others wait to have done with theirs.

        Returns or raises the item's own answer once it is durable. Raises `StoreBusyError`
        when too many wait.
        """
        ...

    async def look(self, look: Look[T, R], item: T) -> R:
        """
        Have `look` answer for `item`, together with what others have it look up at this time.

        All that was committed before the call is seen.
        """
        ...

    def make_way(self) -> None:
        """
        Wait a moment at most, while somebody in this process computes who has the write lock.

        For a thread that computes for long, between one piece and the next: who has the write
        lock then lets go of it sooner, and all who wait for it have it sooner.
        """
        ...

    async def close(self) -> None:
        """Let go of connections and files. The store cannot be used afterwards."""
        ...

"""What a store promises, asked of both: the same tests on an SQLite file and on PostgreSQL."""

import asyncio
import os
import pwd
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest

from epcis_repo.errors import (
    AppendConditionFailed,
    DuplicateEventError,
    NotFoundError,
    SchemaVersionError,
    SettingsError,
    StoreError,
    StoreUnavailableError,
)
from epcis_repo.projections import SCHEMAS
from epcis_repo.store import (
    AppendCondition,
    EventData,
    EventStore,
    Query,
    QueryItem,
    Writing,
    open_store,
)
from epcis_repo.store.documents import PIECE_SIZE, keep, kept
from epcis_repo.store.log import append, head, head_at, read
from epcis_repo.store.sqlite import SQLiteEventStore
from tests.store.facts import NOW, all_of, facts, names_of, record, whole

ROOT = Path(__file__).parent.parent.parent


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[EventStore]:
    """Another store object over the same database."""
    store = open_store(url)
    try:
        yield store
    finally:
        await store.close()


async def write_on(store: EventStore, writer: str, count: int) -> None:
    """Append `count` times two events, as fast as it goes."""
    for number in range(count):
        await record(store, facts(f"{writer}-{number}a", f"{writer}-{number}b"))


def assert_whole(names: list[str], writers: list[str], count: int) -> None:
    """Nothing is missing, the two of one append stand together, each writer's are in order."""
    for writer in writers:
        mine = [name for name in names if name.startswith(f"{writer}-")]
        assert mine == [f"{writer}-{number}{ab}" for number in range(count) for ab in "ab"]
    for first, second in zip(names[::2], names[1::2], strict=True):
        assert first.removesuffix("a") == second.removesuffix("b")


class TestPositions:
    async def test_are_gapless_from_one_in_commit_order(self, log_store: EventStore) -> None:
        """
        The log numbers what it records 1, 2, 3 …, and tells the writer so.
        """
        first = await record(log_store, facts("a", "b"))
        second = await record(log_store, facts("c"))

        assert [(e.position, e.event_id) for e in first + second] == [(1, "a"), (2, "b"), (3, "c")]
        assert await all_of(log_store) == first + second
        async with log_store.reading() as session:
            assert await head(session) == 3

    async def test_begin_with_an_empty_log(self, log_store: EventStore) -> None:
        """
        A log in which nothing is recorded ends at 0.
        """
        async with log_store.reading() as session:
            assert await head(session) == 0
            assert await head_at(session, NOW) == 0
        assert await all_of(log_store) == []

    async def test_stay_when_nothing_is_appended(self, log_store: EventStore) -> None:
        """
        An append of no events records nothing, not even a time.
        """
        await record(log_store, facts("a"), now=NOW)
        assert await record(log_store, [], now=NOW + 60) == []

        [again] = await record(log_store, facts("b"), now=NOW + 30)

        assert (again.position, again.record_time) == (2, NOW + 30)

    async def test_are_gapless_under_concurrent_writers(self, log_store: EventStore) -> None:
        """
        Eight writers at once take turns; each append stands together.
        """
        writers = list("stuvwxyz")

        await asyncio.gather(*(write_on(log_store, writer, 8) for writer in writers))

        recorded = await all_of(log_store)
        assert [event.position for event in recorded] == list(range(1, 129))
        assert_whole([event.event_id for event in recorded], writers, 8)

    async def test_are_gapless_under_writers_of_several_stores(
        self, log_store: EventStore, store_url: str
    ) -> None:
        """
        Store objects that know nothing of each other take turns all the same.
        """
        async with opened(store_url) as second, opened(store_url) as third:
            stores = {"x": log_store, "y": second, "z": third}
            await asyncio.gather(*(write_on(store, name, 8) for name, store in stores.items()))

        recorded = await all_of(log_store)
        assert [event.position for event in recorded] == list(range(1, 49))
        assert_whole([event.event_id for event in recorded], list(stores), 8)

    async def test_are_gapless_under_writers_of_several_processes(
        self, log_store: EventStore, store_url: str
    ) -> None:
        """
        Processes take turns through the database alone.
        """
        script = (
            "import asyncio, sys\n"
            "from tests.store.test_contract import open_store, write_on\n"
            "asyncio.run(write_on(open_store(sys.argv[1]), sys.argv[2], 10))\n"
        )

        processes = [
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", script, store_url, name), cwd=ROOT
            )
            for name in "xyz"
        ]
        codes = [await process.wait() for process in processes]

        recorded = await all_of(log_store)
        assert codes == [0, 0, 0]
        assert [event.position for event in recorded] == list(range(1, 61))
        assert_whole([event.event_id for event in recorded], list("xyz"), 10)

    async def test_let_a_follower_miss_nothing(self, log_store: EventStore, store_url: str) -> None:
        """
        Who reads past the last position he saw, while others write, sees every event once.
        """
        seen: list[int] = []

        async def follow(store: EventStore) -> None:
            while len(seen) < 80:
                last = seen[-1] if seen else 0
                seen.extend([event.position for event in await all_of(store, after=last)])
                await asyncio.sleep(0)

        async with opened(store_url) as other:
            async with asyncio.timeout(30):
                await asyncio.gather(
                    follow(other), *(write_on(log_store, writer, 10) for writer in "wxyz")
                )

        assert seen == list(range(1, 81))


class TestTransactions:
    async def test_that_fail_leave_no_trace_and_no_gap(self, log_store: EventStore) -> None:
        """
        What was written before an error is gone, and its positions are given to others.
        """

        async def fail_after_writing() -> None:
            async with log_store.writing() as session:
                await append(session, facts("lost", tags=["t"]), now=NOW + 50)
                await keep(session, [("d", b"lost", "text/plain")])
                raise RuntimeError

        await record(log_store, facts("a"))
        with pytest.raises(RuntimeError):
            await fail_after_writing()
        [b] = await record(log_store, facts("b"))

        assert (b.position, b.record_time) == (2, NOW)
        assert await names_of(log_store) == ["a", "b"]
        assert await names_of(log_store, Query((QueryItem(tags=("t",)),))) == []
        async with log_store.reading() as session:
            with pytest.raises(NotFoundError):
                await kept(session, "d")

    async def test_that_fail_in_the_database_leave_no_trace(self, log_store: EventStore) -> None:
        """
        A statement that the database refuses undoes the whole transaction.
        """

        async def fail_in_the_database() -> None:
            async with log_store.writing() as session:
                await append(session, facts("lost"), now=NOW)
                await session.fetch("SELECT 1 FROM no_such_table")

        with pytest.raises((apsw.SQLError, asyncpg.UndefinedTableError)):
            await fail_in_the_database()
        await record(log_store, facts("a"))

        assert await names_of(log_store) == ["a"]

    async def test_of_a_writer_who_is_cancelled_are_undone(self, log_store: EventStore) -> None:
        """
        A request that is cancelled while it writes leaves nothing, not even its turn.
        """
        wrote = asyncio.Event()

        async def write_and_wait() -> None:
            async with log_store.writing() as session:
                await append(session, facts("lost"), now=NOW)
                wrote.set()
                await asyncio.sleep(60)

        task = asyncio.create_task(write_and_wait())
        await wrote.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(10):
            [a] = await record(log_store, facts("a"))

        assert a.position == 1
        assert await names_of(log_store) == ["a"]

    async def test_of_a_writer_who_is_cancelled_while_he_waits_never_begin(
        self, log_store: EventStore, store_url: str
    ) -> None:
        """
        A writer that is cancelled before its turn, here while another process has it, opens none.
        """
        async with opened(store_url) as other:
            async with other.writing() as session:
                task = asyncio.create_task(record(log_store, facts("lost")))
                await asyncio.sleep(0.2)
                task.cancel()
                await asyncio.sleep(0.1)
                await append(session, facts("a"), now=NOW)
            with pytest.raises(asyncio.CancelledError):
                await task
            async with asyncio.timeout(10):
                await record(other, facts("b"))
        await record(log_store, facts("c"))

        assert await names_of(log_store) == ["a", "b", "c"]

    async def test_of_a_writer_who_is_cancelled_twice_are_undone(
        self, log_store: EventStore
    ) -> None:
        """
        Who cancels again, because the first time seemed to take long, changes nothing.
        """
        for number in range(16):
            wrote = asyncio.Event()

            async def write_and_wait(number: int = number, wrote: asyncio.Event = wrote) -> None:
                async with log_store.writing() as session:
                    await append(session, facts(f"lost {number}"), now=NOW)
                    wrote.set()
                    await asyncio.sleep(60)

            task = asyncio.create_task(write_and_wait())
            await wrote.wait()
            task.cancel()
            for _ in range(number % 8):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            async with asyncio.timeout(10):
                [recorded] = await record(log_store, facts(f"{number}"))

            assert recorded.position == number + 1

    async def test_cancelled_at_any_moment_are_whole_or_not_there(
        self, log_store: EventStore
    ) -> None:
        """
        Wherever the cancellation strikes, there are both events or none, and the next writes.
        """
        cancelled = 0
        for number in range(60):
            task = asyncio.create_task(record(log_store, facts(f"{number}a", f"{number}b")))
            await asyncio.sleep(number * 0.000_05)
            task.cancel()
            [outcome] = await asyncio.gather(task, return_exceptions=True)
            assert isinstance(outcome, list | asyncio.CancelledError)
            cancelled += isinstance(outcome, asyncio.CancelledError)
            async with asyncio.timeout(10):
                await record(log_store, facts(f"{number}c"))

        recorded = await all_of(log_store)
        names = [event.event_id for event in recorded]
        assert cancelled
        assert [event.position for event in recorded] == list(range(1, len(names) + 1))
        for number in range(60):
            assert (f"{number}a" in names) == (f"{number}b" in names)
            assert f"{number}c" in names

    async def test_survive_the_store_that_wrote_them(
        self, log_store: EventStore, store_url: str
    ) -> None:
        """
        Another store over the same database sees all, and continues where the first ended.
        """
        first = await record(log_store, facts("a", "b", tags=["t"]))
        async with log_store.writing() as session:
            await keep(session, [(digest_of(b"bytes"), b"bytes", "text/plain")])
        await log_store.close()

        async with opened(store_url) as again:
            await again.prepare(())
            [c] = await record(again, facts("c"))
            assert await all_of(again) == [*first, c]
            assert await names_of(again, Query((QueryItem(tags=("t",)),))) == ["a", "b"]
            async with again.reading() as session:
                found = await whole(session, digest_of(b"bytes"))
        assert found == (b"bytes", "text/plain")
        assert c.position == 3


class TestIdentities:
    async def test_are_taken_once(self, log_store: EventStore) -> None:
        """
        An event whose identity is taken is refused, and all that came with it.
        """
        await record(log_store, facts("a"))

        with pytest.raises(DuplicateEventError):
            await record(log_store, facts("b", "a", "c"))

        assert await names_of(log_store) == ["a"]

    async def test_are_taken_once_within_an_append(self, log_store: EventStore) -> None:
        """
        Two events of one append cannot share an identity either.
        """
        with pytest.raises(DuplicateEventError):
            await record(log_store, facts("a", "a"))

        assert await names_of(log_store) == []


def query(*items: tuple[str, str]) -> Query:
    """A query of items, each of types and tags as words: ("Made Moved", "x y")."""
    return Query(tuple(QueryItem(tuple(t.split()), tuple(g.split())) for t, g in items))


QUERIES = {
    "everything": (query(), "a b c d e"),
    "an item that asks for nothing": (query(("", "")), "a b c d e"),
    "a type": (query(("Made", "")), "a b"),
    "types are ORed": (query(("Made Sent", "")), "a b e"),
    "a tag": (query(("", "x")), "a c e"),
    "tags are ANDed": (query(("", "x y")), "a e"),
    "tags in any order": (query(("", "y x")), "a e"),
    "a tag twice": (query(("", "x x")), "a c e"),
    "type and tag": (query(("Made Moved", "x")), "a c"),
    "items are ORed": (query(("Made", "y"), ("Moved", "")), "a b c d"),
    "an event of two items comes once": (query(("Made", ""), ("", "x")), "a b c e"),
    "everything or something": (query(("", ""), ("Made", "x")), "a b c d e"),
    "an unknown tag": (query(("", "z")), ""),
    "an unknown type": (query(("Lost", "")), ""),
    "one tag that it has and one that it has not": (query(("", "x z")), ""),
    "tags have a case": (query(("", "X")), ""),
    "no pattern": (query(("", "%")), ""),
}


@pytest.fixture
async def five(log_store: EventStore) -> EventStore:
    """A log of five events of three types with tags."""
    events = [
        EventData("Made", "a", b"1", ("x", "y")),
        EventData("Made", "b", b"2", ("y",)),
        EventData("Moved", "c", b"3", ("x",)),
        EventData("Moved", "d", b"4"),
        EventData("Sent", "e", b"5", ["y", "x", "y"]),
    ]
    await record(log_store, events[:3])
    await record(log_store, events[3:])
    return log_store


class TestQueries:
    async def test_match(self, five: EventStore, subtests: pytest.Subtests) -> None:
        """
        A query gives the events that any of its items matches, in order of position.
        """
        for name, (asked, expected) in QUERIES.items():
            with subtests.test(name):
                assert await names_of(five, asked) == expected.split()

    async def test_are_conditions_of_an_append(
        self, five: EventStore, subtests: pytest.Subtests
    ) -> None:
        """
        An append is refused just when its condition's query matches past its position.
        """
        for name, (asked, expected) in QUERIES.items():
            last = max(("abcde".index(letter) + 1 for letter in expected.split()), default=0)
            with subtests.test(name):
                for after in range(last):
                    with pytest.raises(AppendConditionFailed):
                        await record(five, facts("new"), AppendCondition(asked, after=after))
                # Nothing to append, so that the next row meets the same log.
                assert await record(five, [], AppendCondition(asked, after=last)) == []

        assert await names_of(five) == list("abcde")

    async def test_go_forward_from_a_position(
        self, five: EventStore, subtests: pytest.Subtests
    ) -> None:
        """
        `after` is exclusive and `limit` cuts, both of what matches.
        """
        for after, limit, expected in [
            (0, None, "a c e"),
            (1, None, "c e"),
            (2, None, "c e"),
            (5, None, ""),
            (99, None, ""),
            (0, 2, "a c"),
            (1, 1, "c"),
            (0, 0, ""),
            (0, 99, "a c e"),
        ]:
            with subtests.test(f"after {after}, limit {limit}"):
                found = await names_of(five, query(("", "x")), after=after, limit=limit)
                assert found == expected.split()

    async def test_go_past_a_page(self, log_store: EventStore) -> None:
        """
        A long answer is whole, wherever its end falls.
        """
        names = [f"{number}" for number in range(2500)]
        await record(log_store, facts(*names, tags=["t"]))

        for count in (999, 1000, 1001, 2000, 2500):
            assert await names_of(log_store, limit=count) == names[:count]
            assert await names_of(log_store, query(("", "t")), after=2500 - count) == names[-count:]


class TestRecordTimes:
    async def test_never_decrease(self, log_store: EventStore, store_url: str) -> None:
        """
        When the clock is set back, what is recorded then gets the time of what came before.
        """
        await record(log_store, facts("a"), now=NOW)
        await record(log_store, facts("b"), now=NOW - 3_600_000_000)
        async with opened(store_url) as other:
            await record(other, facts("c"), now=NOW - 1)
            await record(other, facts("d"), now=NOW + 1)

        times = [event.record_time for event in await all_of(log_store)]
        assert times == [NOW, NOW, NOW, NOW + 1]

    async def test_say_where_the_log_ended(self, log_store: EventStore) -> None:
        """
        The head at a moment is the last position recorded then or before.
        """
        await record(log_store, facts("a", "b"), now=NOW)
        await record(log_store, facts("c"), now=NOW + 5)
        await record(log_store, facts("d"), now=NOW + 99)

        moments = (0, NOW - 1, NOW, NOW + 4, NOW + 5, NOW + 99, 2**62)
        async with log_store.reading() as session:
            heads = [await head_at(session, moment) for moment in moments]

        assert heads == [0, 0, 2, 2, 3, 4, 4]


class TestReading:
    async def test_does_not_see_what_commits_meanwhile(self, log_store: EventStore) -> None:
        """
        Every statement of a reading sees the log as its first one did.
        """
        await record(log_store, facts("a"))

        async with log_store.reading() as session:
            before = await head(session)
            await record(log_store, facts("b"))
            after = await head(session)
            names = [event.event_id async for event in read(session)]

        assert (before, after, names) == (1, 1, ["a"])
        assert await names_of(log_store) == ["a", "b"]

    async def test_without_a_snapshot_sees_it(self, log_store: EventStore) -> None:
        """
        Without `snapshot` each statement sees what is committed when it runs.
        """
        await record(log_store, facts("a"))

        async with log_store.reading(snapshot=False) as session:
            before = await head(session)
            await record(log_store, facts("b"))
            after = await head(session)

        assert (before, after) == (1, 2)

    async def test_goes_on_while_someone_writes(self, log_store: EventStore) -> None:
        """
        Readers wait for no writer, and see nothing of what is not committed.
        """
        await record(log_store, facts("a"))

        async with log_store.writing() as session:
            await append(session, facts("b"), now=NOW)
            async with asyncio.timeout(5):
                assert await names_of(log_store) == ["a"]
            assert [event.event_id async for event in read(session)] == ["a", "b"]

        assert await names_of(log_store) == ["a", "b"]

    async def test_that_takes_long_holds_up_nobody(self, log_store: EventStore) -> None:
        """
        While a long reading runs, the event loop turns and others read and write.
        """
        slow = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000)"
            " SELECT max(i) FROM n"
        )
        order: list[str] = []

        async def read_long() -> None:
            async with log_store.reading(long=True) as session:
                await session.fetch(slow)
            order.append("long")

        task = asyncio.create_task(read_long())
        await asyncio.sleep(0.02)
        await record(log_store, facts("a"))
        assert await names_of(log_store) == ["a"]
        order.append("short")
        await task

        assert order == ["short", "long"]

    async def test_that_is_cancelled_leaves_a_store_that_works(self, log_store: EventStore) -> None:
        """
        A long reading that nobody waits for any more spoils no connection.
        """
        slow = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)"
            " SELECT max(i) FROM n"
        )

        async def read_long() -> None:
            async with log_store.reading(long=True) as session:
                await session.fetch(slow)

        tasks = [asyncio.create_task(read_long()) for _ in range(6)]
        await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        await record(log_store, facts("a"))

        assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 6
        for _ in range(8):
            async with log_store.reading(long=True) as session:
                assert await head(session) == 1


def digest_of(body: bytes) -> str:
    return sha256(body).hexdigest()


class TestDocuments:
    async def test_are_kept_to_the_byte(self, log_store: EventStore) -> None:
        """
        What was kept comes back as it was, whatever bytes it has.
        """
        body = bytes(range(256)) * 4000

        async with log_store.writing() as session:
            await keep(session, [(digest_of(body), body, "application/xml; charset=latin-1")])
            await keep(session, [(digest_of(b""), b"", "text/plain")])

        async with log_store.reading() as session:
            assert await whole(session, digest_of(body)) == (
                body,
                "application/xml; charset=latin-1",
            )
            assert await whole(session, digest_of(b"")) == (b"", "text/plain")

    async def test_are_kept_once(self, log_store: EventStore) -> None:
        """
        A document that comes again changes nothing.
        """
        for media_type in ("text/xml", "application/xml"):
            async with log_store.writing() as session:
                await keep(session, [(digest_of(b"body"), b"body", media_type)])

        async with log_store.reading() as session:
            assert await whole(session, digest_of(b"body")) == (b"body", "text/xml")
            assert len(await session.fetch("SELECT digest FROM document")) == 1

    async def test_that_were_never_kept_are_not_found(self, log_store: EventStore) -> None:
        """
        The error names what was asked for.
        """
        async with log_store.reading() as session:
            with pytest.raises(NotFoundError, match="abc"):
                await kept(session, "abc")


# What nobody may do, whoever he is. A tag may be added: that is named by the integrity check. The
# log holds the event `a`, with a tag, and a document `d`,
# in four pieces.
FORBIDDEN = {
    "update an event": "UPDATE events SET data = 'x'",
    "update an event's time": "UPDATE events SET record_time = 0 WHERE position = 1",
    "delete an event": "DELETE FROM events WHERE position = 1",
    "delete all events": "DELETE FROM events",
    "insert below the head": (
        "INSERT INTO events (part, position, record_time, type, event_id, data)"
        f" VALUES (1, 0, {NOW}, 'T', 'x', 'x')"
    ),
    "update a tag": "UPDATE event_tag SET tag = 'x'",
    "delete a tag": "DELETE FROM event_tag",
    "hide a bucket of tags": "DELETE FROM tag_bucket",
    "show another bucket": "UPDATE tag_bucket SET bucket = 9",
    "update a document": "UPDATE document SET body = 'x'",
    "delete a document": "DELETE FROM document",
    "update a piece of a document": "UPDATE document_piece SET body = 'x'",
    "delete a piece of a document": "DELETE FROM document_piece",
    "add a piece to a document": (
        "INSERT INTO document_piece (part, digest, number, body) VALUES (1, 'd', 9, 'x')"
    ),
    "move the head back": "UPDATE log_head SET head = 0",
    "set the clock back": "UPDATE log_head SET record_time = 0",
    "take the head away": "UPDATE log_head SET part = 2",
    "delete the head": "DELETE FROM log_head",
}
FORBIDDEN_SQLITE = {
    "replace an event": (
        "INSERT OR REPLACE INTO events (part, position, record_time, type, event_id, data)"
        " VALUES (1, 1, 0, 'T', 'a', 'x')"
    ),
    "replace an event at another place": (
        "INSERT OR REPLACE INTO events (part, position, record_time, type, event_id, data)"
        " VALUES (1, 3, 0, 'T', 'a', 'x')"
    ),
    "replace an event by an update": "UPDATE OR REPLACE events SET event_id = 'b'",
    "replace a document": (
        "REPLACE INTO document (part, digest, media_type, size, body) VALUES (1, 'd', 'x', 1, 'x')"
    ),
    "replace a document's media type": (
        "REPLACE INTO document (part, digest, media_type, size, body)"
        " VALUES (1, 'd', 'x', 1, 'body')"
    ),
    "replace a piece of a document": (
        "REPLACE INTO document_piece (part, digest, number, body) VALUES (1, 'd', 2, 'x')"
    ),
    "replace a piece of a document by its number": (
        "REPLACE INTO document_piece (rowid, part, digest, number, body) VALUES (1, 1, 'e', 2, 'x')"
    ),
    "replace the head": (
        "REPLACE INTO log_head (part, head, record_time, bucket, bucket_tags)"
        " VALUES (1, 0, 0, 0, 0)"
    ),
    "upsert an event": (
        "INSERT INTO events (part, position, record_time, type, event_id, data)"
        " VALUES (1, 1, 0, 'T', 'a', 'x') ON CONFLICT DO UPDATE SET data = 'x'"
    ),
}
FORBIDDEN_POSTGRES = {
    "truncate the events": "TRUNCATE events",
    "truncate the tags": "TRUNCATE event_tag CASCADE",
    "truncate the buckets": "TRUNCATE tag_bucket",
    "truncate the documents": "TRUNCATE document",
    "truncate the pieces of documents": "TRUNCATE document_piece",
    "truncate the head": "TRUNCATE log_head",
    "upsert an event": (
        "INSERT INTO events_2026 (part, position, record_time, type, event_id, data)"
        f" VALUES (1, 1, {NOW}, 'T', 'a', 'x')"
        " ON CONFLICT (part, position) DO UPDATE SET data = 'x'"
    ),
    "update an event of a year": "UPDATE events_2026 SET data = 'x'",
    "delete an event of a year": "DELETE FROM events_2026",
    "truncate a year": "TRUNCATE events_2026",
    "insert an event into a year": (
        "INSERT INTO events_2026 (part, position, record_time, type, event_id, data)"
        f" VALUES (1, 0, {NOW}, 'T', 'x', 'x')"
    ),
    "upsert a document": (
        "INSERT INTO document (part, digest, media_type, size, body) VALUES (1, 'd', 'x', 1, 'x')"
        " ON CONFLICT (part, digest) DO UPDATE SET body = 'x'"
    ),
}


async def contents_of(store: EventStore) -> list[list[tuple[Any, ...]]]:
    """All that the log keeps."""
    async with store.reading() as session:
        return [
            sorted(tuple(row) for row in await session.fetch(statement))
            for statement in (
                "SELECT part, position, record_time, type, event_id, data FROM events",
                "SELECT part, bucket, tag, position, role FROM event_tag",
                "SELECT part, bucket FROM tag_bucket",
                "SELECT part, digest, media_type, size, body FROM document",
                "SELECT part, digest, number, body FROM document_piece",
                "SELECT part, head, record_time, bucket FROM log_head",
            )
        ]


class TestTheDatabaseItself:
    async def fill(self, store: EventStore) -> None:
        await store.prepare(())
        async with store.writing() as session:
            await append(session, facts("a", "b", tags=["t"]), now=NOW)
            await keep(session, [("d", b"body" * PIECE_SIZE, "text/plain")])

    @pytest.mark.parametrize("library", [sqlite3, apsw], ids=["sqlite3", "apsw"])
    async def test_refuses_in_sqlite(
        self, sqlite_url: str, library: Any, subtests: pytest.Subtests
    ) -> None:
        """
        A stranger with the file in hand cannot change what is recorded.
        """
        async with opened(sqlite_url) as store:
            await self.fill(store)
            before = await contents_of(store)

            for name, deed in (FORBIDDEN | FORBIDDEN_SQLITE).items():
                connect = getattr(library, "connect", None) or library.Connection
                connection = connect(sqlite_url.removeprefix("sqlite:///"))
                with subtests.test(name):
                    with pytest.raises((sqlite3.IntegrityError, apsw.ConstraintError)):
                        connection.execute(deed)
                    assert await contents_of(store) == before
                connection.close()

            await record(store, facts("c"))

    async def test_refuses_in_postgresql(
        self, postgres_url: str, subtests: pytest.Subtests
    ) -> None:
        """
        A stranger who may do everything in the database cannot change what is recorded.
        """
        async with opened(postgres_url) as store:
            await self.fill(store)
            before = await contents_of(store)
            connection = await asyncpg.connect(postgres_url)

            for name, deed in (FORBIDDEN | FORBIDDEN_POSTGRES).items():
                with subtests.test(name):
                    with pytest.raises(asyncpg.RaiseError):
                        await connection.execute(deed)
                    assert await contents_of(store) == before
            await connection.close()

            await record(store, facts("c"))

    async def test_refuses_us_too(self, log_store: EventStore) -> None:
        """
        The guards hold for the store's own connection.
        """

        async def forge(session: Writing) -> None:
            await session.execute("UPDATE events SET type = 'x'")

        await record(log_store, facts("a"))

        with pytest.raises((apsw.ConstraintError, asyncpg.RaiseError)):
            async with log_store.writing() as session:
                await forge(session)

        assert [event.type for event in await all_of(log_store)] == ["Noted"]


class TestDurability:
    async def test_waits_for_the_disk_in_sqlite(self, sqlite_url: str) -> None:
        """
        The writer's connection has a write-ahead log and syncs it at every commit.
        """
        async with opened(sqlite_url) as store, store.writing() as session:
            assert await session.fetch("PRAGMA synchronous") == [(2,)]
            assert await session.fetch("PRAGMA journal_mode") == [("wal",)]

    async def test_waits_for_the_disk_in_postgresql(self, postgres_url: str) -> None:
        """
        The writer's commits wait for the disk even where the database's default is not to.
        """
        await execute(postgres_url, "ALTER DATABASE {} SET synchronous_commit = off")
        async with opened(postgres_url) as store:
            await store.prepare(())
            async with store.writing() as session:
                assert await session.fetch("SHOW synchronous_commit") == [("on",)]

    async def test_takes_turns_at_any_default_isolation(self, postgres_url: str) -> None:
        """
        Writers do not lean on the isolation level that a database happens to have.
        """
        await execute(
            postgres_url, "ALTER DATABASE {} SET default_transaction_isolation = 'serializable'"
        )
        async with opened(postgres_url) as store:
            await store.prepare(())

            await asyncio.gather(*(write_on(store, writer, 3) for writer in "vwxyz"))

            assert_whole(await names_of(store), list("vwxyz"), 3)


async def execute(url: str, statement: str) -> None:
    """Run a statement about the database itself, whose name goes where `{}` stands."""
    connection = await asyncpg.connect(url)
    try:
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(statement.format(f'"{name}"'))
    finally:
        await connection.close()


class TestPreparing:
    async def test_twice_changes_nothing(self, log_store: EventStore) -> None:
        """
        What is there stays as it is.
        """
        await log_store.prepare(SCHEMAS)
        await record(log_store, facts("a"))

        await log_store.prepare(SCHEMAS)

        assert await names_of(log_store) == ["a"]

    async def test_by_several_at_once(self, store_url: str) -> None:
        """
        Processes that start together on an empty database all find a log.
        """
        script = (
            "import asyncio, sys\n"
            "from tests.store.test_contract import SCHEMAS, open_store, write_on\n"
            "async def main():\n"
            "    store = open_store(sys.argv[1])\n"
            "    await store.prepare(SCHEMAS)\n"
            "    await write_on(store, sys.argv[2], 2)\n"
            "asyncio.run(main())\n"
        )

        processes = [
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", script, store_url, name), cwd=ROOT
            )
            for name in "vwxyz"
        ]
        codes = [await process.wait() for process in processes]

        assert codes == [0] * 5
        async with opened(store_url) as store:
            assert_whole(await names_of(store), list("vwxyz"), 2)

    async def test_by_many_stores_at_once(self, store_url: str) -> None:
        """
        Stores that make the same tables at the same moment do not stumble over one another.
        """
        async with AsyncExitStack() as stack:
            stores = [await stack.enter_async_context(opened(store_url)) for _ in range(8)]
            for store in stores:
                # Connected before, so that they really begin together.
                async with store.reading(snapshot=False) as session:
                    await session.fetch("SELECT 1")

            await asyncio.gather(*(store.prepare(SCHEMAS) for store in stores))

            await record(stores[0], facts("a"))
            assert await names_of(stores[-1]) == ["a"]

    async def test_waits_for_a_writer(self, log_store: EventStore, store_url: str) -> None:
        """
        A process that starts while another writes holds nothing that the other still needs, and
        then looks at what there is now.
        """
        async with opened(store_url) as other:
            async with asyncio.timeout(10), log_store.writing() as session:
                await keep(session, [("d", b"body", "text/plain")])
                preparing = asyncio.create_task(other.prepare(SCHEMAS))
                await asyncio.sleep(0.3)
                await append(session, facts("a", tags=["t"]), now=NOW)
            with pytest.raises(SchemaVersionError, match="epcis-repo migrate"):
                await preparing

            assert await names_of(other) == ["a"]


# Runs as somebody who may do little: root may write everywhere.
AS_NOBODY = """
import asyncio, os, sys
sys.path[:] = sys.argv[2].split(os.pathsep)
from epcis_repo.errors import StoreUnavailableError
from epcis_repo.store import open_store
async def main():
    await open_store("sqlite:///" + sys.argv[1]).prepare(())
os.setgid(int(sys.argv[3]))
os.setuid(int(sys.argv[4]))
try:
    asyncio.run(main())
except StoreUnavailableError as error:
    print(error)
"""


def said_to_nobody(path: Path) -> str:
    """What the store says to a user without rights who opens the database at `path`."""
    nobody = pwd.getpwnam("nobody")
    completed = subprocess.run(
        [
            *(sys.executable, "-c", AS_NOBODY, str(path), os.pathsep.join([str(ROOT), *sys.path])),
            *(str(nobody.pw_gid), str(nobody.pw_uid)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


class TestUnavailable:
    @pytest.mark.parametrize(
        ("name", "advice"),
        [
            pytest.param("folder", "it is a folder: name a file in it", id="a folder"),
            pytest.param("none/epcis.db", "does not exist: create it", id="in no folder"),
            pytest.param("text.txt", "no SQLite database: name another", id="another kind of file"),
            pytest.param("text.txt/epcis.db", "is a file", id="in a file"),
        ],
    )
    def test_sqlite_says_what_to_do(self, tmp_path: Path, name: str, advice: str) -> None:
        """
        Each reason why a file cannot be used has its own advice; nothing is touched.
        """
        (tmp_path / "folder").mkdir()
        (tmp_path / "text.txt").write_text("my diary, which is no database at all\n" * 30)

        with pytest.raises(StoreUnavailableError, match=advice) as caught:
            open_store(f"sqlite:///{tmp_path / name}")

        assert str(tmp_path / name) in str(caught.value)
        assert (tmp_path / "text.txt").read_text().startswith("my diary")
        assert {path.name for path in tmp_path.iterdir()} == {"folder", "text.txt"}

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
    @pytest.mark.parametrize(
        ("mode_of_folder", "mode_of_file"),
        [
            pytest.param(0o755, None, id="a folder that he may not write"),
            pytest.param(0o700, None, id="a folder that he may not even see"),
            pytest.param(0o755, 0o644, id="a file that he may only read"),
            pytest.param(0o755, 0o600, id="a file that he may not read"),
        ],
    )
    async def test_sqlite_says_who_may_not(
        self, tmp_path: Path, mode_of_folder: int, mode_of_file: int | None
    ) -> None:
        """
        A user without the right to write is told about the right, not shown a traceback.
        """
        for parent in (tmp_path, *tmp_path.parents[:-2]):
            parent.chmod(0o755)
        path = tmp_path / "epcis.db"
        if mode_of_file is not None:
            async with opened(f"sqlite:///{path}") as store:
                await store.prepare(())
            path.chmod(mode_of_file)
        tmp_path.chmod(mode_of_folder)

        said = said_to_nobody(path)

        assert str(path) in said
        assert "may write the file and the folder" in said

    async def test_sqlite_says_when_another_process_writes_for_too_long(
        self, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A writer does not wait for ever for the turn of another process.
        """
        monkeypatch.setattr("epcis_repo.store.sqlite._BUSY_SECONDS_MAX", 0.05)
        async with opened(sqlite_url) as store, opened(sqlite_url) as other:
            await store.prepare(())

            async with other.writing():
                with pytest.raises(StoreUnavailableError, match="another process has been writing"):
                    await record(store, facts("a"))

            await record(store, facts("a"))

    async def test_sqlite_says_when_the_file_is_damaged(self, sqlite_url: str) -> None:
        """
        A file that was overwritten is reported as damaged, with where to go from there.
        """
        path = Path(sqlite_url.removeprefix("sqlite:///"))
        async with opened(sqlite_url) as store:
            await store.prepare(())
            await record(store, [EventData("T", f"{n}", b"x" * 5000) for n in range(50)])
        damaged = bytearray(path.read_bytes())
        damaged[4096:] = b"\xff" * len(damaged[4096:])
        path.write_bytes(damaged)

        with pytest.raises(StoreUnavailableError, match=r"damaged.*backup"):
            async with opened(sqlite_url) as store:
                await all_of(store)

    @pytest.mark.parametrize(
        "url",
        [
            pytest.param("postgresql://postgres@127.0.0.1:1/epcis", id="nobody listens"),
            pytest.param("postgresql://postgres@/epcis?host=/nowhere", id="no such socket"),
            pytest.param("postgresql://postgres:secret@host.invalid/epcis", id="no such host"),
            pytest.param("postgresql://postgres@localhost:99999999/epcis", id="no such port"),
        ],
    )
    async def test_postgresql_says_what_to_do(self, url: str) -> None:
        """
        A server that cannot be reached is named, without the password, with what to try.
        """
        async with opened(url) as store:
            with pytest.raises(StoreUnavailableError, match="pg_isready") as caught:
                await store.prepare(())

        assert "/epcis" in str(caught.value)
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize(
        "url",
        [
            pytest.param("postgresql://postgres@localhost:port/epcis", id="a port that is a word"),
            pytest.param("postgresql://u@h/epcis?sslmode=maybe", id="an unknown option value"),
            pytest.param("postgresql://[::1/epcis", id="a bracket left open"),
        ],
    )
    async def test_postgresql_refuses_a_wrong_address(self, url: str) -> None:
        """
        An address that cannot be read is a wrong setting, and the message shows the form.
        """
        with pytest.raises(SettingsError, match="postgresql://user@host/database"):
            async with opened(url) as store:
                await store.prepare(())

    async def test_postgresql_says_that_there_is_no_such_database(self, postgres_url: str) -> None:
        """
        The name of the missing database is part of the message.
        """
        base, _, query = postgres_url.partition("?")
        url = base.rpartition("/")[0] + "/not_there" + (f"?{query}" if query else "")

        async with opened(url) as store:
            with pytest.raises(StoreUnavailableError, match="not_there"):
                await store.prepare(())

    async def test_postgresql_that_goes_away_is_reported_and_comes_back(
        self, postgres_url: str
    ) -> None:
        """
        Connections that the server cut fail once, as unavailable, and then there are new ones.
        """
        async with opened(postgres_url) as store:
            await store.prepare(())

            async def write_while_the_server_ends_the_session() -> None:
                async with store.writing() as session:
                    [(pid,)] = await session.fetch("SELECT pg_backend_pid()")
                    await execute(postgres_url, f"SELECT pg_terminate_backend({pid}) -- {{}}")
                    await append(session, facts("a"), now=NOW)

            with pytest.raises(StoreUnavailableError):
                await write_while_the_server_ends_the_session()

            await record(store, facts("b"))

            assert await names_of(store) == ["b"]

    async def test_postgresql_reports_a_wrong_call_as_what_it_is(self, postgres_url: str) -> None:
        """
        A value that is of no use to a statement is our mistake, not the server's absence.
        """
        async with opened(postgres_url) as store:
            await store.prepare(())
            async with store.reading() as session:
                with pytest.raises(asyncpg.DataError, match="invalid input"):
                    await session.fetch("SELECT 1 FROM events WHERE position = $1", "one")

    @pytest.mark.parametrize(
        "url", ["", "epcis.db", "sqlite://", "sqlite:///", "mysql://host/db", "postgresql:/x"]
    )
    def test_an_address_of_no_store_is_refused(self, url: str) -> None:
        """
        What names no database is refused with the two forms that do.
        """
        with pytest.raises(SettingsError, match=r"sqlite:///path.*postgresql://"):
            open_store(url)

    def test_errors_are_of_the_store(self) -> None:
        """
        Whoever handles the store's errors handles these.
        """
        assert issubclass(StoreUnavailableError, StoreError)


class TestTheSQLiteFile:
    def test_is_opened_by_its_path(self, tmp_path: Path) -> None:
        """
        Characters that mean something in a URI are part of a file's name.
        """
        path = tmp_path / "a?mode=ro#100%.db"

        SQLiteEventStore(path)

        assert path.exists()

"""Where tags go, how many buckets become few, and that no tag is lost or doubled by it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count, pairwise
from math import log
from random import Random
from typing import Any

import apsw
import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epcis_repo.errors import StoreFullError, StoreUnavailableError
from epcis_repo.store import (
    EventData,
    EventStore,
    Writing,
    buckets,
    distress,
    merging,
    open_store,
)
from epcis_repo.store.archived import ArchivedYear
from epcis_repo.store.log import append
from epcis_repo.store.merging import Bucket, Merge, due, keep_merged, merge_all, merge_slice, parts
from epcis_repo.store.partitions import buckets_of, year_of_bucket
from epcis_repo.store.sqlite import SQLiteEventStore
from tests.conftest import FreshStores
from tests.store.facts import record

FEW = st.integers(0, 12)


def in_year(year: int) -> int:
    """A moment in a year, in microseconds."""
    return int(datetime(year, 7, 1, tzinfo=UTC).timestamp()) * 1_000_000


def named(name: str, tags: int) -> EventData:
    """An event with so many tags, some of which others have, in two roles."""
    of_both = [f"{number * 61 % 97:02}" for number in range(tags % 7, tags % 7 + tags)]
    return EventData("Noted", name, b"", roles={1: of_both[::2], 2: of_both[1::2]})


Tagged = Counter[tuple[str, int, int]]


async def tagged(store: EventStore) -> Tagged:
    """All that is found by a tag, and how often."""
    async with store.reading() as session:
        statement = "SELECT tag, position, role FROM tagged WHERE part = $1"
        return Counter(map(tuple, await session.fetch(statement, session.part)))


def tags_of(events: Sequence[EventData]) -> Tagged:
    """What should be found by a tag when just these events were appended."""
    return Counter(
        (tag, position, role)
        for position, event in enumerate(events, 1)
        for role, tags in event.tags_by_role().items()
        for tag in tags
    )


async def looked_into(store: EventStore) -> list[Bucket]:
    """The buckets that are looked into, in order."""
    async with store.reading() as session:
        rows = await session.fetch(buckets.STATEMENTS["select_buckets"], session.part)
    return sorted(Bucket(*row) for row in rows)


async def sizes(store: EventStore) -> dict[int, int]:
    """How many tags are in each bucket."""
    async with store.reading() as session:
        statement = "SELECT bucket, count(*) FROM event_tag WHERE part = $1 GROUP BY bucket"
        return dict(await session.fetch(statement, session.part))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few tags are many."""
    monkeypatch.setattr(buckets, "BUCKET_TAGS", 6)
    monkeypatch.setattr(buckets, "RUN_TAGS", 4)
    monkeypatch.setattr(merging, "RUN_TAGS", 4)
    monkeypatch.setattr(merging, "BUCKETS_MERGED", 3)
    monkeypatch.setattr(merging, "SLICE_TAGS", 6)


class TestWhereTagsGo:
    async def test_few_share_the_open_bucket_until_it_is_full(self, log_store: EventStore) -> None:
        """
        The append that goes beyond still goes there; then the bucket is closed with its number.
        """
        for number in range(4):
            await record(log_store, [named(f"e{number}", 3)])

        first, second = await looked_into(log_store)
        assert (first.tags, second.tags) == (6, 0)
        assert await sizes(log_store) == {first.bucket: 6, second.bucket: 6}

    async def test_many_are_a_bucket_of_their_own(self, log_store: EventStore) -> None:
        """
        The open bucket stays open beside it.
        """
        for number, tags in enumerate((2, 9, 3)):
            await record(log_store, [named(f"e{number}", tags)])

        shared, run = await looked_into(log_store)
        assert (shared.tags, run.tags) == (0, 9)
        assert await sizes(log_store) == {shared.bucket: 5, run.bucket: 9}

    @pytest.mark.parametrize("years", [(1970, 1971), (2026, 2027), (2026, 2061)])
    async def test_buckets_of_a_year_lie_together(
        self, log_store: EventStore, years: tuple[int, int]
    ) -> None:
        """
        When the year of record time turns a bucket begins, however few tags are in the last one.
        """
        first, second = years
        for number, (year, tags) in enumerate([(first, 2), (first, 8), (second, 1), (second, 8)]):
            await record(log_store, [named(f"e{number}", tags)], now=in_year(year))

        found = await looked_into(log_store)
        assert [year_of_bucket(item.bucket) for item in found] == [first, first, second, second]
        assert [item.tags for item in found] == [2, 8, 0, 8]
        assert all(item.bucket - buckets_of(first).start in (1, 2) for item in found[:2])
        assert all(item.bucket in buckets_of(second) for item in found[2:])

    async def test_a_clock_that_is_set_back_begins_no_earlier_year(
        self, log_store: EventStore
    ) -> None:
        """
        The year is that of the record time, which never goes back.
        """
        await record(log_store, [named("a", 1)], now=in_year(2027))
        await record(log_store, [named("b", 8)], now=in_year(2026))

        found = await looked_into(log_store)
        assert [year_of_bucket(item.bucket) for item in found] == [2027, 2027]


def closed(*tags: int, year: int = 2026) -> list[Bucket]:
    """Closed buckets of these sizes."""
    numbers = count(buckets_of(year).start + 1)
    return [Bucket(bucket, size, None) for bucket, size in zip(numbers, tags, strict=False)]


class TestWhatIsDue:
    def test_is_nothing_while_buckets_are_few(self) -> None:
        """
        Two of a tier, one of another, the open one, and those of other years, stay as they are.
        """
        found = [*closed(4, 11, 12, 0), *closed(4, 4, year=2027)]

        assert due(found, open_bucket=found[3].bucket) is None

    def test_is_the_oldest_of_a_tier_that_has_enough(self) -> None:
        """
        What is above or below stands aside.
        """
        found = closed(5, 40, 5, 13, 5, 5)

        merge = due(found, open_bucket=0)

        assert merge == Merge(15, tuple(found[number].bucket for number in (0, 2, 4)), None)

    def test_is_what_has_begun(self) -> None:
        """
        Neither its sources nor its target are merged otherwise meanwhile.
        """
        a, b, c, target, e, f = closed(5, 5, 5, 15, 15, 15)
        begun = [Bucket(item.bucket, item.tags, target.bucket) for item in (b, c)]

        merge = due([a, *begun, target, e, f], open_bucket=0)

        assert merge == Merge(10, (b.bucket, c.bucket), target.bucket)

    def test_is_the_smaller_before_the_larger(self) -> None:
        """
        Also before a larger one that has begun.
        """
        large, target, *small = closed(500, 1500, 5, 5, 5)
        begun = Bucket(large.bucket, large.tags, target.bucket)

        merge = due([begun, target, *small], open_bucket=0)

        assert merge is not None
        assert merge.sources == tuple(item.bucket for item in small)

    @given(appended=st.lists(st.tuples(st.integers(2026, 2028), st.integers(4, 400))))
    def test_leaves_few_buckets(self, appended: list[tuple[int, int]]) -> None:
        """
        Whatever was appended: in each year no tier has as many as are merged, no tag is in none
        or moved to another year, and each has moved once for each tier at most.
        """
        there: list[Bucket] = []
        numbers = {year: iter(buckets_of(year)) for year in (2026, 2027, 2028)}
        moved: Counter[int] = Counter()
        for year, tags in appended:
            there.append(Bucket(next(numbers[year]), tags, None))
            while (merge := due(there, open_bucket=0)) is not None:
                year = year_of_bucket(merge.sources[0])
                assert {year_of_bucket(source) for source in merge.sources} == {year}
                there = [item for item in there if item.bucket not in merge.sources]
                there.append(Bucket(next(numbers[year]), merge.tags, None))
                moved[year] += merge.tags

        for year in numbers:
            ours = [item.tags for item in there if year_of_bucket(item.bucket) == year]
            total = sum(tags for of, tags in appended if of == year)
            tiers = [merging._tier(tags) for tags in ours]
            assert sum(ours) == total
            assert all(number < 3 for number in Counter(tiers).values())
            assert moved[year] <= total * max(tiers, default=0)

    def test_leaves_few_of_thousands(self) -> None:
        """
        There are two of each tier at most, and tiers are as many as the logarithm has it.
        """
        chances = Random(1)
        numbers = iter(buckets_of(2026))
        there: list[Bucket] = []
        total = 0
        for _ in range(3_000):
            tags = chances.randint(4, 400)
            total += tags
            there.append(Bucket(next(numbers), tags, None))
            while (merge := due(there, open_bucket=0)) is not None:
                there = [item for item in there if item.bucket not in merge.sources]
                there.append(Bucket(next(numbers), merge.tags, None))
            assert len(there) <= 2 * (1 + log(total / 4, 3))


Step = int | str
steps = st.lists(FEW | st.sampled_from(["slice", "cut", "year", "again"]), max_size=30)


class CutError(Exception):
    """A transaction is cut short."""


async def cut(store: EventStore) -> None:
    """Do a slice, and have it cut short before it is committed."""
    with suppress(CutError):
        async with store.writing() as session:
            await merge_slice(session, [False])
            raise CutError


class TestMerging:
    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(story=steps)
    async def test_keeps_every_tag_once(self, fresh_store: FreshStores, story: list[Step]) -> None:
        """
        Appends, slices, slices that are cut short, and years that turn, in any order: after each,
        whoever asks finds every tag that was appended, once, and in the end buckets are few.
        """
        async with fresh_store() as store:
            events: list[EventData] = []
            year = 2026
            for step in story:
                match step:
                    case "slice":
                        await store.write(merge_slice, False)
                    case "cut":
                        await cut(store)
                    case "year":
                        year += 1
                    case "again":
                        await merge_all(store)
                    case int():
                        events.append(named(f"e{len(events)}", step))
                        await record(store, events[-1:], now=in_year(year))
                assert await tagged(store) == tags_of(events)
            await merge_all(store)

            found = await looked_into(store)
            assert await tagged(store) == tags_of(events)
            assert all(item.merged_into is None for item in found)
            tiers = Counter(
                (year_of_bucket(item.bucket), merging._tier(item.tags)) for item in found
            )
            # The open one stands beside them.
            assert all(number <= 2 for number in tiers.values())
            in_buckets = await sizes(store)
            for item in found:
                assert in_buckets.get(item.bucket, 0) == item.tags or item.tags == 0

    async def test_is_done_in_slices(self, log_store: EventStore) -> None:
        """
        No transaction moves more tags than a slice has, whether all of one bucket stand before
        those of the next or not.
        """
        for number, first in enumerate("aab"):
            tags = tuple(f"{first}{n:02}{number}" for n in range(11))
            await record(log_store, [EventData("Noted", f"e{number}", b"", tags)])
        sources = await sizes(log_store)

        left = [33]
        while await log_store.write(merge_slice, False):
            there = await sizes(log_store)
            left.append(sum(there.get(source, 0) for source in sources))

        moved = [before - after for before, after in pairwise(left)]
        assert max(moved) <= 6
        assert sum(moved) == 33

    async def test_never_crosses_a_year(self, log_store: EventStore) -> None:
        """
        Two years have their own buckets, also when together there are enough for a merge.
        """
        for number, year in enumerate((2026, 2026, 2027, 2027, 2027)):
            await record(log_store, [named(f"e{number}", 8)], now=in_year(year))

        await merge_all(log_store)

        found = await looked_into(log_store)
        assert [year_of_bucket(item.bucket) for item in found] == [2026, 2027]
        assert [item.tags for item in found] == [16, 24]

    async def test_leaves_an_archived_year_alone(self, log_store: EventStore) -> None:
        """
        What comes back of it comes back to the buckets that it was in.
        """
        for number, year in enumerate((2026, 2026, 2026, 2027, 2027, 2027)):
            await record(log_store, [named(f"e{number}", 8)], now=in_year(year))
        away = ArchivedYear(2026, 3, 1, 3, "")
        await record(log_store, [away.archived(after=6, file_sha256="")], now=in_year(2027))

        await merge_all(log_store)
        while_away = await looked_into(log_store)
        await record(log_store, [away.attached(after=7)], now=in_year(2027))
        await merge_all(log_store)

        years = [year_of_bucket(item.bucket) for item in while_away if item.tags]
        assert years == [2026, 2026, 2026, 2027]
        years = [year_of_bucket(item.bucket) for item in await looked_into(log_store) if item.tags]
        assert years == [2026, 2027]

    async def test_is_shared_by_processes(self, store_url: str) -> None:
        """
        Two that merge at once, beside one that appends, do each slice once.
        """
        stores = [open_store(store_url) for _ in range(3)]
        events = [named(f"e{number}", 9) for number in range(20)]
        await stores[0].prepare(())
        for event in events[:10]:
            await record(stores[0], [event])

        async def appending() -> None:
            for event in events[10:]:
                await record(stores[2], [event])

        await asyncio.gather(*map(merge_all, stores[:2]), appending())
        await merge_all(stores[0])

        assert await tagged(stores[0]) == tags_of(events)
        assert len(await looked_into(stores[0])) <= 5
        for store in stores:
            await store.close()

    async def test_shows_readers_each_tag_once_at_any_moment(
        self, log_store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Who asks while captures and merges go on finds all that was appended before, and nothing
        twice.
        """
        monkeypatch.setattr(merging, "_SHARE", 1)
        monkeypatch.setattr(merging, "_BUCKETS_MANY", 1)
        monkeypatch.setattr(merging, "_LOOK_SECONDS", 0.001)
        events = [named(f"e{number}", 3 + number % 9) for number in range(60)]
        appended = 0
        looks = halfway = 0

        async def reading() -> None:
            nonlocal looks, halfway
            while appended < len(events):
                before = tags_of(events[:appended])
                found = await tagged(log_store)
                assert set(found.values()) <= {1}
                assert before <= found
                looks += 1
                halfway += any(item.merged_into for item in await looked_into(log_store))
                await asyncio.sleep(0)

        async def appending() -> None:
            nonlocal appended
            for number, event in enumerate(events, 1):
                await log_store.write(appended_alone, event)
                appended = number
                await asyncio.sleep(0.002)

        merger = asyncio.create_task(keep_merged(log_store))
        await asyncio.gather(reading(), appending())
        merger.cancel()
        await asyncio.wait([merger])

        assert merger.cancelled()
        assert looks > halfway > 10
        await merge_all(log_store)
        assert await tagged(log_store) == tags_of(events)


async def appended_alone(session: Writing, events: Sequence[EventData]) -> list[None]:
    """Append what came together."""
    await append(session, events, now=in_year(2026))
    return [None] * len(events)


class TestInTheBackground:
    def test_has_the_more_of_the_time_the_more_buckets_there_are(self) -> None:
        """
        A tenth part and less of the time with few, a third with eighty and with any more; and a
        third of a log at rest.
        """
        divided = [parts(buckets) for buckets in (1, 8, 27, 80, 1_000_000)]
        assert parts(8, at_rest=True) == 3
        assert divided == sorted(divided, reverse=True)
        assert divided[1] >= 30
        assert divided[2] >= 6
        assert divided[-2:] == [3, 3]

    async def test_merges_what_is_there_and_what_comes(
        self, log_store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        It goes on where a process before has left it, and looks again when nothing is due.
        """
        monkeypatch.setattr(merging, "_LOOK_SECONDS", 0.01)
        events = [named(f"e{number}", 8) for number in range(6)]
        for event in events[:3]:
            await record(log_store, [event])
        await log_store.write(merge_slice, False)

        merger = asyncio.create_task(keep_merged(log_store))
        for expected in (1, 2):
            while len(await looked_into(log_store)) > expected:
                assert not merger.done()
                await asyncio.sleep(0.01)
            if expected == 1:
                for event in events[3:]:
                    await record(log_store, [event])
        merger.cancel()
        await asyncio.wait([merger])

        assert await tagged(log_store) == tags_of(events)

    async def test_leaves_one_of_a_tier_once_nothing_comes(
        self, log_store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Two of a tier are too few to be merged while there are captures, and are when there are
        none.
        """
        monkeypatch.setattr(merging, "_LOOK_SECONDS", 0.01)
        for number in range(2):
            await record(log_store, [named(f"e{number}", 8)])
        two = await looked_into(log_store)
        assert not await log_store.write(merge_slice, False)

        merger = asyncio.create_task(keep_merged(log_store))
        while len(await looked_into(log_store)) >= len(two):
            assert not merger.done()
            await asyncio.sleep(0.01)
        merger.cancel()
        await asyncio.wait([merger])

        assert [item.tags for item in await looked_into(log_store)] == [16]

    def test_takes_a_log_to_be_at_rest_that_is_where_it_was_a_while_ago(self) -> None:
        """
        However often it looks: two looks between two captures do not tell.
        """
        rest = merging._Rest()
        looks = [(7, 0.0), (7, 0.5), (8, 1.2), (8, 2.1), (8, 2.2), (9, 2.3)]
        assert [rest.is_at(*look) for look in looks] == [False, False, False, False, True, False]

    async def test_waits_until_something_can_be_written(
        self, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        While the disk is full it leaves it alone, and is still there when there is room.
        """
        monkeypatch.setattr(merging, "_LOOK_SECONDS", 0.001)
        monkeypatch.setattr(distress, "RETRY_SECONDS", 0.0)
        store = open_store(sqlite_url)
        assert isinstance(store, SQLiteEventStore)
        await store.prepare(())
        for number in range(3):
            await record(store, [named(f"e{number}", 8)])
        [(pages,)] = store._writer.execute("PRAGMA page_count").fetchall()
        store._writer.execute(f"PRAGMA max_page_count = {pages}").fetchall()
        with pytest.raises(StoreFullError):
            await record(store, [EventData("Noted", "large", bytes(1_000_000))])

        merger = asyncio.create_task(keep_merged(store))
        await asyncio.sleep(0.05)
        untouched = await looked_into(store)
        store._writer.execute("PRAGMA max_page_count = 100000").fetchall()
        await record(store, [named("small", 1)])
        while len(await looked_into(store)) > 2:
            assert not merger.done()
            await asyncio.sleep(0.01)

        assert [item.merged_into for item in untouched] == [None, None, None]
        merger.cancel()
        await asyncio.wait([merger])
        await store.close()

    async def test_comes_again_when_another_was_in_the_way(
        self, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        That the database is locked is told to those who capture, and is no reason to give up.
        """
        monkeypatch.setattr(merging, "_LOOK_SECONDS", 0.001)
        store = open_store(sqlite_url)
        assert isinstance(store, SQLiteEventStore)
        await store.prepare(())
        for number in range(3):
            await record(store, [named(f"e{number}", 8)])
        store._writer.execute("PRAGMA busy_timeout = 1").fetchall()
        other = apsw.Connection(sqlite_url.removeprefix("sqlite:///"))
        other.execute("BEGIN IMMEDIATE")

        merger = asyncio.create_task(keep_merged(store))
        with pytest.raises(StoreUnavailableError):
            await record(store, [named("small", 1)])
        await asyncio.sleep(0.05)
        untouched = await looked_into(store)
        other.execute("ROLLBACK")
        while len(await looked_into(store)) > 1:
            assert not merger.done()
            await asyncio.sleep(0.01)

        assert [item.merged_into for item in untouched] == [None, None, None]
        merger.cancel()
        await asyncio.wait([merger])
        other.close()
        await store.close()


# What nobody may do while buckets 1 to 3 become number 4, and a slice of the tags has moved; 5 is
# the open one.
FORBIDDEN = {
    "change a tag on its way": "UPDATE event_tag SET bucket = {4}, tag = 'x' WHERE bucket = {1}",
    "change a position on the way": (
        "UPDATE event_tag SET bucket = {4}, position = position + 100 WHERE bucket = {1}"
    ),
    "change a role on the way": (
        "UPDATE event_tag SET bucket = {4}, role = role + 2 WHERE bucket = {1}"
    ),
    "change the part on the way": "UPDATE event_tag SET bucket = {4}, part = 2 WHERE bucket = {1}",
    "move tags to where nobody looks": "UPDATE event_tag SET bucket = {9} WHERE bucket = {1}",
    "move tags to a bucket beside": "UPDATE event_tag SET bucket = {2} WHERE bucket = {1}",
    "move tags to the open bucket": "UPDATE event_tag SET bucket = {5} WHERE bucket = {1}",
    "move tags out of the open bucket": "UPDATE event_tag SET bucket = {4} WHERE bucket = {5}",
    "move tags back": "UPDATE event_tag SET bucket = {1} WHERE bucket = {4}",
    "delete tags that have moved": "DELETE FROM event_tag WHERE bucket = {4}",
    "hide what is left in a bucket": "DELETE FROM tag_bucket WHERE bucket = {1}",
    "hide what has moved": "DELETE FROM tag_bucket WHERE bucket = {4}",
    "give a bucket another number": "UPDATE tag_bucket SET bucket = {9} WHERE bucket = {1}",
    "give a bucket to another part": "UPDATE tag_bucket SET part = 2 WHERE bucket = {1}",
    "merge into what nobody looks into": (
        "UPDATE tag_bucket SET merged_into = {9} WHERE bucket = {1}"
    ),
    "merge the open bucket": "UPDATE tag_bucket SET merged_into = {4} WHERE bucket = {5}",
    "merge a bucket into itself": "UPDATE tag_bucket SET merged_into = {4} WHERE bucket = {4}",
    "merge into another year": (
        "UPDATE tag_bucket SET merged_into = {4} + 1048576 WHERE bucket = {1}"
    ),
}
FORBIDDEN_SQLITE = {
    "replace a bucket": (
        "REPLACE INTO tag_bucket (part, bucket, tags, merged_into) VALUES (1, {5}, 0, {4})"
    ),
    "move a tag to where nobody looks, whatever is in the way": (
        "UPDATE OR REPLACE event_tag SET bucket = {9} WHERE bucket = {1}"
    ),
}


class TestTheDatabaseItself:
    async def begin(self, store: EventStore) -> Callable[[str], str]:
        """Have a merge be under way, and return what puts its buckets into a statement."""
        await store.prepare(())
        for number, tags in enumerate((8, 8, 8)):
            await record(store, [named(f"e{number}", tags)])
        await store.write(merge_slice, False)
        await record(store, [named("open", 2)])
        found = await looked_into(store)
        first = found[0].bucket
        assert [item.bucket - first for item in found] == [0, 1, 2, 3, 4]
        assert [item.merged_into for item in found] == [*[first + 3] * 3, None, None]
        # The place of a number is the number: nothing stands at 0.
        numbers = [0, *range(first, first + 9)]
        return lambda deed: deed.format(*numbers)

    async def state(self, store: EventStore) -> object:
        return await looked_into(store), await sizes(store), await tagged(store)

    @pytest.mark.parametrize("library", [sqlite3, apsw], ids=["sqlite3", "apsw"])
    async def test_refuses_in_sqlite(
        self, sqlite_url: str, library: Any, subtests: pytest.Subtests
    ) -> None:
        """
        A stranger with the file in hand can move tags, but neither change nor hide any.
        """
        store = open_store(sqlite_url)
        spelt = await self.begin(store)
        before = await self.state(store)

        for name, deed in (FORBIDDEN | FORBIDDEN_SQLITE).items():
            connect = getattr(library, "connect", None) or library.Connection
            connection = connect(sqlite_url.removeprefix("sqlite:///"))
            with subtests.test(name):
                with pytest.raises((sqlite3.IntegrityError, apsw.ConstraintError)):
                    connection.execute(spelt(deed))
                assert await self.state(store) == before
            connection.close()

        await merge_all(store)
        assert len(await looked_into(store)) == 2
        await store.close()

    async def test_refuses_in_postgresql(
        self, postgres_url: str, subtests: pytest.Subtests
    ) -> None:
        """
        A stranger who may do everything in the database can move tags, but neither change nor
        hide any; nor can he in the table of a year.
        """
        store = open_store(postgres_url)
        spelt = await self.begin(store)
        before = await self.state(store)
        connection = await asyncpg.connect(postgres_url)

        deeds = {name: spelt(deed) for name, deed in FORBIDDEN.items()}
        deeds |= {
            f"{name}, in its year": deed.replace("event_tag", "event_tag_2026")
            for name, deed in deeds.items()
            if "event_tag" in deed
        }
        for name, deed in deeds.items():
            with subtests.test(name):
                with pytest.raises(asyncpg.RaiseError):
                    await connection.execute(deed)
                assert await self.state(store) == before
        await connection.close()

        await merge_all(store)
        assert len(await looked_into(store)) == 2
        await store.close()

    async def test_keeps_a_bucket_that_is_still_empty(self, log_store: EventStore) -> None:
        """
        What is open has to be looked into before something is in it.
        """
        await record(log_store, [named("open", 0)])

        async def hide() -> None:
            async with log_store.writing() as session:
                await session.execute("DELETE FROM tag_bucket")

        with pytest.raises((apsw.ConstraintError, asyncpg.RaiseError)):
            await hide()

        assert len(await looked_into(log_store)) == 1

    async def test_refuses_a_way_round(self, log_store: EventStore) -> None:
        """
        A bucket that was listed as being merged into nothing can take tags, and gives them to
        nobody.
        """
        await self.begin(log_store)
        before = await self.state(log_store)
        first = (await looked_into(log_store))[0].bucket
        listed, hidden = first + 7, first + 8
        columns = ("part", "bucket", "tags", "merged_into")
        merge = "UPDATE tag_bucket SET merged_into = $2 WHERE bucket = $1"
        move = "UPDATE event_tag SET bucket = $2 WHERE bucket = $1"
        taken = []

        async def go_round() -> None:
            async with log_store.writing() as session:
                await session.insert("tag_bucket", columns, [(session.part, listed, 0, hidden)])
                await session.execute(merge, first, listed)
                await session.execute(move, first, listed)
                taken.append(
                    await session.fetch("SELECT 1 FROM event_tag WHERE bucket = $1", listed)
                )
                await session.execute(move, listed, hidden)

        with pytest.raises((apsw.ConstraintError, asyncpg.RaiseError)):
            await go_round()

        assert any(taken)
        assert await self.state(log_store) == before

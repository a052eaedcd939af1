"""What the baselines are measured on."""

from __future__ import annotations

from benchmarks.documents import rendered
from benchmarks.places import take
from benchmarks.raw import TAG_COLUMNS, bare, log_read, tag_rows
from epcis_repo.demo import generate_lot
from epcis_repo.store import EventStore


class TestBareTable:
    async def test_takes_the_rows_of_the_log_and_refuses_nothing(self, store: EventStore) -> None:
        """
        It has the columns of its model, and none of the triggers that guard what is recorded.
        """
        await take(store, rendered(generate_lot(seed=1, units=30)))
        rows = await tag_rows(store)
        async with store.altering() as session:
            await session.execute(bare("event_tag"))

        async with store.writing() as session:
            await session.insert("bare_event_tag", TAG_COLUMNS, rows)

        async with store.reading() as session:
            columns = await session.columns("event_tag")
            assert await session.columns("bare_event_tag") == columns == TAG_COLUMNS
            [(count,)] = await session.fetch("SELECT count(*) FROM bare_event_tag")
        assert count == len(rows) > 60


class TestLogRead:
    async def test_reads_all_of_it(self, store: EventStore) -> None:
        """
        The bytes that are read are those of every event, receipts included.
        """
        await take(store, rendered(generate_lot(seed=1, units=3_000)))

        async with store.reading() as session:
            [(size,)] = await session.fetch("SELECT sum(length(data)) FROM events")
        assert await log_read(store) == size

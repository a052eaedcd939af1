"""A rebuild makes the read models anew beside whoever captures and reads."""

from __future__ import annotations

import asyncio

import pytest

from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.projections import rebuild, runner
from epcis_repo.store import EventStore
from tests.operations.reports import PACK, commissioned, report, shipped, story_of


async def test_goes_on_beside_captures(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What is captured between two of its pages is there afterwards, once; and every answer that is
    given meanwhile has all that was acknowledged.
    """
    monkeypatch.setattr(runner, "_BATCH", 1)
    await report(store, commissioned(1, PACK))
    for hour in range(23):
        await report(store, shipped(2 + hour, PACK))

    task = asyncio.create_task(rebuild(store))
    before = captured = 24
    while not task.done() and captured < 60:
        await report(store, shipped(2 + captured, PACK))
        captured += 1
        assert len((await story_of(store, PACK)).entries) == captured
    await task

    assert captured > before + 1
    assert len((await story_of(store, PACK)).entries) == captured
    assert (await check_integrity(store, None)).altered == 0


async def test_takes_away_what_is_of_no_event(store: EventStore) -> None:
    """
    Rows before the log begins and after it ends are gone, as are altered ones.
    """
    await report(store, commissioned(1, PACK), shipped(2, PACK))
    async with store.writing() as session:
        for place in (-5, 0, 3, 99):
            await session.execute(
                "INSERT INTO event_index (part, position, event_id, type, event_time, record_time,"
                " empties, declares_error) SELECT $1, $2, 'x', 'ObjectEvent', 0, max(record_time),"
                " 0, 0 FROM events WHERE part = $1",
                session.part,
                place,
            )
        await session.execute(
            "UPDATE event_index SET biz_step = 'x' WHERE part = $1 AND position = 1", session.part
        )
    assert (await check_integrity(store, None)).altered

    assert await rebuild(store) == 2

    assert (await check_integrity(store, None)).altered == 0
    async with store.reading() as session:
        rows = await session.fetch(
            "SELECT position FROM event_index WHERE part = $1 ORDER BY position", session.part
        )
    assert [position for (position,) in rows] == [1, 2]

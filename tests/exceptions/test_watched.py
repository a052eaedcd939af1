"""What who follows the log has in mind of exceptions, and how little he reads for it."""

from __future__ import annotations

from typing import Any

from epcis_repo.exceptions import Watched, raise_findings
from epcis_repo.gs1 import parse_identifier
from epcis_repo.store import EventStore, Reading
from tests.exceptions.test_operations import decided, lost, opened
from tests.operations.reports import NOW, OTHER_PACK, PACK, commissioned, report


class Counted:
    """A view of the log that remembers what was asked."""

    def __init__(self, session: Reading) -> None:
        self._session = session
        self.part, self.dialect = session.part, session.dialect
        self.asked: list[tuple[Any, ...]] = []

    async def fetch(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        self.asked.append(values)
        return await self._session.fetch(statement, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


async def looked(store: EventStore, watched: Watched) -> tuple[int, int]:
    """How many statements it takes to catch up, and how many exceptions are read."""
    async with store.reading() as session:
        counted = Counted(session)
        await watched.catch_up(counted)
    tags = [value for values in counted.asked for value in values if isinstance(value, list)]
    return len(counted.asked), sum(map(len, tags))


async def test_takes_a_look_at_each_kind_of_decision(store: EventStore) -> None:
    """
    However many exceptions there are: read are those on which anything was decided since.
    """
    watched = Watched()
    nothing = await looked(store, watched)
    await lost(store, PACK)
    [found] = await raise_findings(store, [parse_identifier(PACK)], by="Ann", now=NOW)
    for _ in range(9):
        await opened(store)
    begun = await looked(store, watched)
    await report(store, commissioned(5, OTHER_PACK))
    idle = await looked(store, watched)

    await decided(store, found.case.exception_id, "begin")
    one = await looked(store, watched)

    assert nothing == idle == (5, 0)
    assert begun == (6, 10)
    assert one == (6, 1)

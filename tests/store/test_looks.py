"""Look-ups that come together go together, and each has its own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from epcis_repo.errors import StoreUnavailableError
from epcis_repo.store import EventStore, Reading, open_store
from epcis_repo.store.log import append, head
from tests.store.facts import NOW, facts

AT_ONCE = 20


class Doubling:
    """A look-up that answers with the double, but not of 13, and notes who came together."""

    def __init__(self) -> None:
        self.groups: list[Sequence[int]] = []

    async def look(self, session: Reading, items: Sequence[int]) -> list[int]:
        self.groups.append(items)
        await head(session)
        if 13 in items:
            raise ValueError(13)
        return [2 * item for item in items]


async def heads(session: Reading, asked: Sequence[None]) -> list[int]:
    """Where the log ends, for each."""
    return [await head(session)] * len(asked)


class TestLookUps:
    async def test_have_their_own_answers(self, log_store: EventStore) -> None:
        """
        Whoever asks at the same time gets the answer to what he asked.
        """
        doubling = Doubling()

        found = await asyncio.gather(*(log_store.look(doubling.look, n) for n in range(10)))

        assert found == [2 * n for n in range(10)]

    async def test_of_a_crowd_share_a_round_trip(self, postgres_url: str) -> None:
        """
        Where a database is a round trip away, those who come while one is under way go together.
        """
        store, doubling = open_store(postgres_url), Doubling()
        await store.prepare(())

        await asyncio.gather(*(store.look(doubling.look, 2 * n) for n in range(AT_ONCE)))
        await store.close()

        assert len(doubling.groups) <= 3

    async def test_see_what_was_committed_before(self, log_store: EventStore) -> None:
        """
        An answer is never older than the question, however many ask meanwhile.
        """

        async def ask_on() -> None:
            for _ in range(20):
                await log_store.look(heads, None)

        async def append_and_ask() -> None:
            for number in range(1, 6):
                async with log_store.writing() as session:
                    await append(session, facts(str(number)), now=NOW)
                assert await log_store.look(heads, None) == number

        await asyncio.gather(append_and_ask(), *(ask_on() for _ in range(4)))

    async def test_that_fail_fail_alone(self, log_store: EventStore) -> None:
        """
        What is wrong with one question is not told to those who came with it.
        """
        doubling = Doubling()

        found = await asyncio.gather(
            *(log_store.look(doubling.look, n) for n in (12, 13, 14)), return_exceptions=True
        )

        assert found[::2] == [24, 28]
        assert isinstance(found[1], ValueError)

    async def test_of_a_database_that_is_not_there_are_told_so(self) -> None:
        """
        Where nothing can be read, each is told why.
        """
        store = open_store("postgresql://nobody@/nothing?host=/nowhere")

        with pytest.raises(StoreUnavailableError):
            await store.look(heads, None)
        await store.close()

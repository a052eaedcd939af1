"""Who writes when: those that wait together share a transaction, and nothing else."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from epcis_repo.errors import EpcisError, NotFoundError, StoreBusyError
from epcis_repo.store import EventStore, Writing, open_store
from epcis_repo.store.contract import Work
from epcis_repo.store.log import append
from epcis_repo.store.sequencer import Sequencer, Transact
from tests.store.facts import NOW, facts, names_of


class Notes:
    """A work that records a fact for each item, and remembers in which groups they came."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []

    async def __call__(self, session: Writing, items: Sequence[str]) -> Sequence[str | EpcisError]:
        self.groups.append(list(items))
        if "poison" in items:
            raise RuntimeError("one of them upset the transaction")
        accepted = [item for item in items if item != "refused"]
        await append(session, facts(*accepted), now=NOW)
        return [NotFoundError("refused") if item == "refused" else f"did {item}" for item in items]


def in_one_transaction(store: EventStore) -> Transact:
    """What does a work in one transaction of the store."""

    async def transact(work: Work[Any, Any], items: Sequence[Any]) -> Sequence[Any]:
        async with store.writing() as session:
            return await work(session, items)

    return transact


class TestGroups:
    async def test_those_who_wait_go_together(self, log_store: EventStore) -> None:
        """
        What comes while a group is being committed shares the next transaction.
        """
        notes = Notes()
        answers = await asyncio.gather(*(log_store.write(notes, f"n{i}") for i in range(20)))

        assert answers == [f"did n{i}" for i in range(20)]
        assert await names_of(log_store) == [f"n{i}" for i in range(20)]
        assert len(notes.groups) < 20

    async def test_a_crowd_goes_together_from_the_first(self, log_store: EventStore) -> None:
        """
        Those who are a few steps behind the first are let in before the transaction begins.
        """
        notes = Notes()

        async def come(number: int) -> None:
            for _ in range(number % 3):
                await asyncio.sleep(0)
            await log_store.write(notes, f"n{number}")

        await asyncio.gather(*map(come, range(12)))

        assert [len(group) for group in notes.groups] == [12]

    async def test_one_that_is_refused_takes_no_neighbour_with_it(
        self, log_store: EventStore
    ) -> None:
        """
        Each has its own answer, and what was accepted is there.
        """
        notes = Notes()
        answers = await asyncio.gather(
            *(log_store.write(notes, item) for item in ("a", "refused", "b")),
            return_exceptions=True,
        )

        assert answers[0::2] == ["did a", "did b"]
        assert isinstance(answers[1], NotFoundError)
        assert sorted(await names_of(log_store)) == ["a", "b"]

    async def test_one_that_breaks_the_transaction_breaks_only_its_own(
        self, log_store: EventStore
    ) -> None:
        """
        After an error that nobody expected each gets a transaction to itself.
        """
        notes = Notes()
        answers = await asyncio.gather(
            *(log_store.write(notes, item) for item in ("a", "b", "poison", "c")),
            return_exceptions=True,
        )

        assert [answers[0], answers[1], answers[3]] == ["did a", "did b", "did c"]
        assert isinstance(answers[2], RuntimeError)
        assert sorted(await names_of(log_store)) == ["a", "b", "c"]

    async def test_an_answer_is_given_after_the_commit(self, log_store: EventStore) -> None:
        """
        Whoever has an answer finds his event in the log.
        """
        notes = Notes()

        async def write_and_look(item: str) -> bool:
            await log_store.write(notes, item)
            return item in await names_of(log_store)

        assert all(await asyncio.gather(*(write_and_look(f"n{i}") for i in range(10))))

    async def test_who_goes_away_holds_up_nobody(self, log_store: EventStore) -> None:
        """
        A request that is cancelled while it waits leaves the others their answers.
        """
        notes = Notes()
        tasks = [asyncio.create_task(log_store.write(notes, f"n{i}")) for i in range(5)]
        await asyncio.sleep(0)
        tasks[2].cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)

        assert isinstance(answers[2], asyncio.CancelledError)
        assert [answers[i] for i in (0, 1, 3, 4)] == [f"did n{i}" for i in (0, 1, 3, 4)]


class TestQueue:
    async def test_sends_away_who_would_wait_too_long(self, log_store: EventStore) -> None:
        """
        Beyond what may wait, the answer is at once that there is no room.
        """
        sequencer = Sequencer(in_one_transaction(log_store), waiting_max=3, group_max=2)
        notes = Notes()
        answers = await asyncio.gather(
            *(sequencer.write(notes, f"n{i}") for i in range(5)), return_exceptions=True
        )

        assert answers[:3] == ["did n0", "did n1", "did n2"]
        assert all(isinstance(answer, StoreBusyError) for answer in answers[3:])
        assert await names_of(log_store) == ["n0", "n1", "n2"]

    async def test_keeps_groups_within_their_bound(self, log_store: EventStore) -> None:
        """
        A long queue is written in groups, in the order in which it came.
        """
        sequencer = Sequencer(in_one_transaction(log_store), group_max=4)
        notes = Notes()
        await asyncio.gather(*(sequencer.write(notes, f"n{i}") for i in range(10)))

        assert [len(group) for group in notes.groups] == [4, 4, 2]
        assert await names_of(log_store) == [f"n{i}" for i in range(10)]


@pytest.mark.parametrize("count", [1, 7])
async def test_closing_waits_for_what_waits(store_url: str, count: int) -> None:
    """
    A store that is closed first writes what it was given.
    """
    store = open_store(store_url)
    await store.prepare(())
    waiting = asyncio.gather(*(store.write(Notes(), f"n{i}") for i in range(count)))
    await asyncio.sleep(0)
    await store.close()
    await waiting

    again = open_store(store_url)
    assert len(await names_of(again)) == count
    await again.close()

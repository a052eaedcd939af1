"""Slices on a store, awaited, decide what they decide in the library's own application."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from eventsourcing.dcb.application import DCBApplication
from eventsourcing.persistence import IntegrityError
from eventsourcing.utils import get_topic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epcis_repo.errors import AppendConditionFailed, EpcisError
from epcis_repo.recorders import factory
from epcis_repo.recorders.dcb import dcb_event
from epcis_repo.recorders.decisions import (
    Decision,
    DecisionMapper,
    Selector,
    Slice,
    decide,
    do,
    event,
)
from epcis_repo.store import EventStore, open_store
from tests.conftest import FreshStores
from tests.store.facts import NOW, all_of


class HeldError(EpcisError):
    """The lot is held already."""


class NotHeldError(EpcisError):
    """The lot is not held."""


@dataclass(frozen=True)
class HoldBegun(Decision):
    lot: str
    reason: str


@dataclass(frozen=True)
class HoldEnded(Decision):
    lot: str


@dataclass(frozen=True)
class HoldReviewed(Decision):
    lot: str


class PlaceHold(Slice[Decision]):
    def __init__(self, lot: str, reason: str = "broken seal") -> None:
        self.lot, self.reason, self.held = lot, reason, False

    def consistency_boundary(self) -> Selector:
        return Selector((HoldBegun, HoldEnded), (f"lot {self.lot}",))

    @event(HoldBegun)
    def _(self) -> None:
        self.held = True

    @event(HoldEnded)
    def _(self) -> None:
        self.held = False

    def execute(self) -> None:
        if self.held:
            raise HeldError(self.lot)
        tags = (f"lot {self.lot}", "hold")
        self.trigger_event(HoldBegun, tags, lot=self.lot, reason=self.reason)


class ReleaseHolds(Slice[Decision]):
    """Decides on several lots at once: all of them are held, or none is released."""

    def __init__(self, *lots: str) -> None:
        self.lots, self.held = lots, set[str]()

    def consistency_boundary(self) -> list[Selector]:
        return [Selector((HoldBegun, HoldEnded), (f"lot {lot}",)) for lot in self.lots]

    @event(HoldBegun)
    def _(self, lot: str) -> None:
        self.held.add(lot)

    @event(HoldEnded)
    def _(self, lot: str) -> None:
        self.held.discard(lot)

    def execute(self) -> None:
        for lot in self.lots:
            if lot not in self.held:
                raise NotHeldError(lot)
            self.trigger_event(HoldEnded, (f"lot {lot}",), lot=lot)


class ReviewOnce(Slice[Decision]):
    """Looks at nothing before it decides: the condition alone refuses a second review."""

    def __init__(self, lot: str) -> None:
        self.lot = lot

    def consistency_boundary(self) -> Selector:
        return Selector((HoldReviewed,), (f"lot {self.lot}",))

    def execute(self) -> None:
        self.trigger_event(HoldReviewed, (f"lot {self.lot}",), lot=self.lot)


class LookOnly(Slice[Decision]):
    """Decides nothing."""

    def consistency_boundary(self) -> Selector:
        return Selector()


COMMANDS: dict[str, Callable[[], Slice[Decision]]] = {
    "place L1": lambda: PlaceHold("L1"),
    "place L2": lambda: PlaceHold("L2"),
    "release L1": lambda: ReleaseHolds("L1"),
    "release both": lambda: ReleaseHolds("L1", "L2"),
    "review L1": lambda: ReviewOnce("L1"),
    "look": LookOnly,
}
LIBRARY = {"MAPPER_TOPIC": get_topic(DecisionMapper)}


def refusal(error: Exception) -> str:
    """Why a slice was refused, in one word for the library's and ours."""
    if isinstance(error, AppendConditionFailed | IntegrityError):
        return "another was first"
    return type(error).__name__


class TestDo:
    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.lists(st.sampled_from(sorted(COMMANDS)), max_size=10))
    async def test_decides_as_the_library_does(
        self, fresh_store: FreshStores, story: list[str]
    ) -> None:
        """
        The same slices are refused, and the same decisions recorded with the same tags.
        """
        application = DCBApplication(LIBRARY)
        async with fresh_store() as store:
            for command in story:
                expected = found = "done"
                try:
                    application.do(COMMANDS[command]())
                except (EpcisError, IntegrityError) as error:
                    expected = refusal(error)
                try:
                    await do(store, COMMANDS[command](), now=NOW)
                except EpcisError as error:
                    found = refusal(error)
                assert found == expected

            recorded = [dcb_event(event) for event in await all_of(store)]
        assert recorded == [event.event for event in application.recorder.read()]

    async def test_of_eight_at_once_one_is_done(self, store: EventStore) -> None:
        """
        Those who have all seen the lot free hold it once.
        """
        for number in range(10):
            slices = (do(store, PlaceHold(f"{number}"), now=NOW) for _ in range(8))
            answers = await asyncio.gather(*slices, return_exceptions=True)

            assert sum(isinstance(answer, PlaceHold) for answer in answers) == 1
        assert len(await all_of(store)) == 10


class TestDecide:
    async def test_looks_again_when_another_was_first(self, store: EventStore) -> None:
        """
        Whoever comes too late decides on what is there then, and says so.
        """
        for number in range(10):
            slices = (decide(store, lambda: PlaceHold(f"{number}"), now=NOW) for _ in range(8))  # noqa: B023 - awaited below
            answers = await asyncio.gather(*slices, return_exceptions=True)

            assert sum(isinstance(answer, PlaceHold) for answer in answers) == 1
            assert sum(isinstance(answer, HeldError) for answer in answers) == 7

    async def test_gives_up_what_looks_at_nothing(self, store: EventStore) -> None:
        """
        A slice that would decide the same for ever is refused once.
        """
        await decide(store, lambda: ReviewOnce("L1"), now=NOW)

        with pytest.raises(AppendConditionFailed):
            await decide(store, lambda: ReviewOnce("L1"), now=NOW)


class TestTheLibrary:
    def test_runs_the_same_slices_on_the_same_log(self, store_url: str) -> None:
        """
        What the library's application decides on our log is decided for those who await, too.
        """
        env = {"PERSISTENCE_MODULE": factory.__name__, "EPCIS_REPO_DB": store_url, **LIBRARY}
        with DCBApplication(env) as application:
            application.do(PlaceHold("L1"))
            with pytest.raises(HeldError):
                application.do(PlaceHold("L1"))

        async def release() -> None:
            store = open_store(store_url)
            await do(store, ReleaseHolds("L1"), now=NOW)
            await store.close()

        asyncio.run(release())
        with DCBApplication(env) as application:
            application.do(PlaceHold("L1"))

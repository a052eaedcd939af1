"""The events of one tag are found at once, and are what any other way finds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epcis_repo.query import (
    EventRow,
    of_one_tag,
    page_of_one_tag,
    parse_query,
    select_events_at,
    select_page,
)
from epcis_repo.store import EventStore
from tests.conftest import FreshStores
from tests.operations.reports import named, observed, packed, report

UNIT = "urn:epc:id:sgtin:030001.0012345.{}"
CASE = "urn:epc:id:sscc:030001.{:011}"
THINGS = [UNIT.format(n) for n in range(3)] + [CASE.format(n) for n in range(2)]

Answer = tuple[list[EventRow], str | None]


async def at_once(
    store: EventStore, *asked: tuple[str, str], known: Sequence[EventRow] = ()
) -> Answer | None:
    """What is found at once."""
    rows = {row.position: row for row in known}
    return await page_of_one_tag(store, parse_query(asked), rows)


async def found(store: EventStore, *asked: tuple[str, str]) -> Answer:
    """The same, found in parts."""
    async with store.reading(snapshot=False) as session:
        return await select_page(session, parse_query(asked))


async def fill(store: EventStore, events: Sequence[tuple[int, int]]) -> None:
    """Report events of a thing each, and of what it is packed into if that is something else."""
    await report(
        store,
        *(
            named(
                f"urn:x:{n}",
                observed(n, THINGS[child])
                if parent == child
                else packed(n, THINGS[parent], THINGS[child]),
            )
            for n, (child, parent) in enumerate(events)
        ),
    )


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    events=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), min_size=1, max_size=12),
    per_page=st.integers(1, 5),
    few=st.sampled_from([1, 2, 3, 512]),
    parameter=st.sampled_from(["epc", "anyEPC", "parentID"]),
)
async def test_is_what_any_other_way_finds(
    fresh_store: FreshStores,
    events: list[tuple[int, int]],
    per_page: int,
    few: int,
    parameter: str,
) -> None:
    """
    Whatever is asked by however many at a time, and whatever is known already, each has the pages
    that he would have alone; or is told that they are to be found otherwise, when they are many.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of_one_tag, "FEW_MAX", few)
        async with fresh_store() as store:
            await fill(store, events)
            questions = [
                [(f"MATCH_{parameter}", thing), ("perPage", str(per_page))] for thing in THINGS
            ]
            known: list[EventRow] = []
            while questions:
                expected = [await found(store, *question) for question in questions]
                answers = await asyncio.gather(
                    *(at_once(store, *question, known=known[::2]) for question in questions)
                )
                for answer, page in zip(answers, expected, strict=True):
                    assert answer in (None, page)
                    if few == 512:
                        assert answer == page
                known += [row for rows, _ in expected for row in rows]
                questions = [
                    [*question[:2], ("nextPageToken", token)]
                    for question, (_, token) in zip(questions, expected, strict=True)
                    if token is not None
                ]


class TestWhatIsKnown:
    async def test_is_not_read(self, store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Of events that somebody has, none is read again.
        """
        read: list[int] = []

        async def noted(session: Any, positions: Sequence[int]) -> list[EventRow]:
            read.extend(positions)
            return await select_events_at(session, positions)

        monkeypatch.setattr(of_one_tag, "select_events_at", noted)
        await fill(store, [(0, 0), (0, 3), (1, 1)])
        rows, _ = await found(store, ("MATCH_anyEPC", THINGS[0]))

        answer = await at_once(store, ("MATCH_anyEPC", THINGS[0]), known=rows[:1])

        assert answer == (rows, None)
        assert read == [rows[1].position]


class TestIsNotFor:
    @pytest.mark.parametrize(
        "asked",
        [
            pytest.param({"MATCH_epc": f"{THINGS[0]}|{THINGS[1]}"}, id="two things"),
            pytest.param({"MATCH_epc": THINGS[0], "EQ_action": "ADD"}, id="something more"),
            pytest.param({"MATCH_epc": THINGS[0], "orderBy": "eventTime"}, id="another order"),
            pytest.param({"MATCH_epc": THINGS[0], "maxEventCount": "9"}, id="what is counted"),
            pytest.param({"MATCH_epc": "urn:epc:idpat:sgtin:030001.0012345.*"}, id="a pattern"),
            pytest.param({"EQ_action": "OBSERVE"}, id="no thing"),
            pytest.param({"EQ_bizLocation": "urn:x:place"}, id="what has to be looked into"),
        ],
    )
    async def test_what_one_tag_does_not_say(
        self, store: EventStore, asked: dict[str, str]
    ) -> None:
        """
        Any other query is left to be answered otherwise.
        """
        assert await at_once(store, *asked.items()) is None

    async def test_more_than_a_few(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Not all events of what has very many are looked up; its neighbours are found all the same.
        """
        monkeypatch.setattr(of_one_tag, "FEW_MAX", 4)
        await fill(store, [(0, 0)] * 9 + [(1, 1)] * 2)

        many, few = await asyncio.gather(
            *(at_once(store, ("MATCH_epc", thing)) for thing in THINGS[:2])
        )

        assert many is None
        assert few is not None
        assert [row.event_id for row in few[0]] == ["urn:x:9", "urn:x:10"]


async def test_a_page_of_large_events_is_short(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A page ends before it is full where its events are very large, and the next goes on from there.
    """
    monkeypatch.setattr(of_one_tag, "READ_TOGETHER", 2)
    monkeypatch.setattr(of_one_tag, "PAGE_SIZE_MAX", 1)
    await fill(store, [(0, 0)] * 5)
    pages: list[list[str]] = []
    more: list[tuple[str, str]] = []
    while True:
        page = await at_once(store, ("MATCH_epc", THINGS[0]), *more)
        assert page is not None
        pages.append([row.event_id for row in page[0]])
        if page[1] is None:
            break
        more = [("nextPageToken", page[1])]

    assert pages == [["urn:x:0", "urn:x:1"], ["urn:x:2", "urn:x:3"], ["urn:x:4"]]

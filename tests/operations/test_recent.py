"""Events that were read before: they are found as if they had been read now."""

from __future__ import annotations

import pytest

from epcis_repo.bindings.spelling import CbvXmlFormat
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.operations import recent
from epcis_repo.operations.events import events
from epcis_repo.operations.recent import RecentEvents
from epcis_repo.query import EventRow
from epcis_repo.store import EventStore
from tests.operations.reports import CASE, NOW, OTHER_PACK, PACK, observed, packed, report

AS_CAPTURED = (EpcFormat.NEVER_TRANSLATES, CbvXmlFormat.NO_PREFERENCE)
AS_LINKS = (EpcFormat.ALWAYS_DIGITAL_LINK, CbvXmlFormat.NO_PREFERENCE)
AS_URNS = (EpcFormat.ALWAYS_URN, CbvXmlFormat.NO_PREFERENCE)


def row(position: int, size: int = 10) -> EventRow:
    """An event as it is read, of some size."""
    return EventRow(position, f"urn:x:{position}", NOW, b"x" * size)


async def body(store: EventStore, epc: str, known: RecentEvents | None, *, links: bool) -> bytes:
    """What is answered to who asks for the events of a thing."""
    page = await events(store, [("MATCH_anyEPC", epc)], now=NOW, recent=known)
    joined = page.as_recorded(*(AS_LINKS if links else AS_CAPTURED))
    assert joined is not None
    return joined.body


async def test_answers_are_those_of_who_remembers_nothing(store: EventStore) -> None:
    """
    Whatever is remembered, an answer has the same bytes, in each spelling, also when more was
    captured since.
    """
    known = RecentEvents()
    for hour in range(3):
        await report(store, packed(hour, CASE, PACK, OTHER_PACK), observed(hour + 0.5, PACK))
        for epc in (PACK, OTHER_PACK, CASE):
            for links in (False, True):
                answer = await body(store, epc, known, links=links)

                assert answer == await body(store, epc, None, links=links)


class TestMemory:
    def test_is_of_what_was_read_last(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        When there are too many bytes, what was read first is forgotten.
        """
        monkeypatch.setattr(recent, "_SIZE_MAX", 30)
        known = RecentEvents()

        known.remember(row(n) for n in (1, 2, 3))
        known.remember([row(2), row(4)])

        assert set(known.rows) == {2, 3, 4}

    def test_has_no_place_for_what_is_very_long(self) -> None:
        """
        An event of a lot with all its serials does not take the place of a thousand others.
        """
        known = RecentEvents()

        known.remember([row(1), row(2, size=1 << 20)])

        assert set(known.rows) == {1}

    async def test_is_of_few_spellings(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Events are spelt once for all who want them alike, and not in every way there is.
        """
        spelt: list[tuple[int, EpcFormat]] = []
        make = recent._piece

        def noted(row: EventRow, epcs: EpcFormat, words: CbvXmlFormat) -> object:
            spelt.append((row.position, epcs))
            return make(row, epcs, words)

        monkeypatch.setattr(recent, "_piece", noted)
        await report(store, observed(1, PACK))
        known = RecentEvents()
        page = await events(store, [("MATCH_anyEPC", PACK)], now=NOW, recent=known)
        for asked in (AS_LINKS, AS_LINKS, AS_URNS, AS_LINKS, AS_CAPTURED, AS_URNS, AS_LINKS):
            page.as_recorded(*asked)

        [position] = known.rows
        order = [AS_LINKS, AS_URNS, AS_CAPTURED, AS_LINKS]
        assert spelt == [(position, epcs) for epcs, _ in order]

    async def test_keeps_nothing_of_what_it_has_forgotten(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        With an event go its spellings.
        """
        await report(store, observed(1, PACK))
        known = RecentEvents()
        page = await events(store, [("MATCH_anyEPC", PACK)], now=NOW, recent=known)
        page.as_recorded(*AS_LINKS)

        monkeypatch.setattr(recent, "_SIZE_MAX", 10)
        known.remember([row(99)])

        assert not any(known._pieces.values())

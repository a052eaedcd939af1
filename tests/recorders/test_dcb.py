"""The recorder by type and tags: what is ours about it."""

from __future__ import annotations

import asyncio

import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.persistence import IntegrityError

from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.evidence.tags import CAPTURED_TYPES
from epcis_repo.recorders import dcb
from epcis_repo.recorders.dcb import LogDCBRecorder
from epcis_repo.recorders.sync_log import SyncLog
from epcis_repo.store import open_store
from epcis_repo.store.log import append
from tests.operations.reports import CASE, PACK, PLANT, commissioned, key, packed, report
from tests.store.facts import NOW, facts


async def store_with(url: str, *names: str) -> None:
    """Append facts past the recorder, as nobody should."""
    store = open_store(url)
    async with store.writing() as session:
        await append(session, facts(*names), now=NOW)
    await store.close()


async def captured_at(url: str) -> None:
    """Capture two events, which brings a receipt after them."""
    store = open_store(url)
    await report(store, commissioned(1, PACK), packed(2, CASE, PACK))
    await store.close()


class TestReading:
    def test_gives_what_is_captured_with_its_tags(self, log: SyncLog, store_url: str) -> None:
        """
        EPCIS events have the EPCs that they name as tags, receipts what they are found by.
        """
        asyncio.run(captured_at(store_url))

        found = [event.event for event in LogDCBRecorder(log).read()]

        of_class = "of " + key(PACK).removesuffix("A1")
        read_in_the_plant = f"read {key(PLANT)}"
        assert [(event.type, event.tags) for event in found[:2]] == [
            ("ObjectEvent", [key(PACK), of_class, "lot L1", read_in_the_plant]),
            ("AggregationEvent", [key(CASE), key(PACK), of_class]),
        ]
        assert found[2].type == "DocumentCaptured"
        assert [tag.split()[0] for tag in found[2].tags] == ["capture", "document"]

    def test_finds_every_event_by_the_tags_that_it_gives(
        self, log: SyncLog, store_url: str
    ) -> None:
        """
        The tags that an event is given with are those that it was recorded with.
        """
        asyncio.run(captured_at(store_url))
        recorder = LogDCBRecorder(log)
        recorder.append([DCBEvent("Noted", b"{}\n{}", ["x", "é\n", "y", "x"])])

        found = list(recorder.read())

        assert len(found) == 4
        for event in found:
            asked = DCBQuery([DCBQueryItem([event.event.type], event.event.tags)])
            assert event in list(recorder.read(asked))

    def test_goes_page_by_page_as_far_as_the_head_was(
        self, log: SyncLog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        What is appended while somebody reads is not part of his answer.
        """
        monkeypatch.setattr(dcb, "_PAGE", 2)
        recorder = LogDCBRecorder(log)
        recorder.append([DCBEvent("Noted", b"%d" % number) for number in range(5)])

        answer = recorder.read()
        first = next(answer)
        recorder.append([DCBEvent("Noted", b"late")])

        assert [event.position for event in (first, *answer)] == [1, 2, 3, 4, 5]
        assert answer.head == 5

    def test_says_of_what_the_tags_are_not_known(self, log: SyncLog, store_url: str) -> None:
        """
        An event that somebody recorded without its tags is not passed off as one that has none.
        """
        asyncio.run(store_with(store_url, '{"tags":[]}'))

        with pytest.raises(ValueError, match="no tags stand before the data"):
            list(LogDCBRecorder(log).read())


class TestAppending:
    @pytest.mark.parametrize("kind", sorted(CAPTURED_TYPES))
    def test_refuses_what_only_a_capture_records(self, log: SyncLog, kind: str) -> None:
        """
        An EPCIS event that no capture brings would be missing in every read model.
        """
        with pytest.raises(TypeError, match="by a capture only"):
            LogDCBRecorder(log).append([DCBEvent(kind, b"{}")])

        assert LogDCBRecorder(log).read().head is None

    @pytest.mark.parametrize("kind", ["", "two words", "é", "a\nb"])
    def test_refuses_a_type_that_no_entry_of_the_tree_can_name(
        self, log: SyncLog, kind: str
    ) -> None:
        """
        A type is a word of visible ASCII characters.
        """
        with pytest.raises(TypeError, match="visible ASCII"):
            LogDCBRecorder(log).append([DCBEvent(kind, b"")])

    def test_refuses_a_condition_by_what_is_captured(self, log: SyncLog, store_url: str) -> None:
        """
        A decision may depend on what partners have reported.
        """
        recorder = LogDCBRecorder(log)
        about = DCBQuery([DCBQueryItem(tags=[key(PACK)])])
        recorder.append([DCBEvent("Held", b"", [key(PACK)])], DCBAppendCondition(about))

        asyncio.run(captured_at(store_url))

        with pytest.raises(IntegrityError):
            recorder.append(
                [DCBEvent("Released", b"", [key(PACK)])], DCBAppendCondition(about, after=1)
            )

    def test_leaves_a_log_that_is_intact(self, log: SyncLog, store_url: str) -> None:
        """
        Each event has its leaf, beside those of captures before and after it.
        """
        LogDCBRecorder(log).append([DCBEvent("Held", b"1", ["x"]), DCBEvent("Held", b"2")])
        asyncio.run(captured_at(store_url))
        LogDCBRecorder(log).append([DCBEvent("Held", b"3", ["x"])])

        async def check() -> None:
            store = open_store(store_url)
            integrity = await check_integrity(store, None)
            await store.close()
            assert (integrity.events, integrity.alterations) == (6, ())

        asyncio.run(check())

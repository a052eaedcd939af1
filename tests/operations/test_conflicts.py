"""The same eventID again: the same event in other words, or a conflict that is kept."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from epcis_repo.bindings import RENDERERS
from epcis_repo.errors import DuplicateEventError, QueryParameterError
from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.model.documents import Document
from epcis_repo.model.event_hash import event_hash
from epcis_repo.model.events import Event
from epcis_repo.model.times import Timestamp
from epcis_repo.operations import conflicts as module
from epcis_repo.operations.capture import capture
from epcis_repo.operations.conflicts import conflicts
from epcis_repo.operations.receipts import Receipt
from epcis_repo.store import EventStore
from epcis_repo.store.log import head
from tests.evidence.logs import alter
from tests.operations.reports import (
    CASE,
    NOW,
    OTHER_PACK,
    PACK,
    at,
    commissioned,
    declared_in_error,
    document,
    named,
    packed,
    report,
    shipped,
)
from tests.store.facts import whole

FIRST = named("urn:x:1", commissioned(1, PACK))
OTHER = named("urn:x:1", shipped(2, PACK))
MEDIA_TYPES = {"json-ld": "application/ld+json", "xml-2.0": "application/xml"}


async def listed(store: EventStore, **asked: Any) -> list[dict[str, Any]]:
    page = await conflicts(store, **asked)
    return [found.value() for found in page.conflicts]


async def send(store: EventStore, form: str, *events: Event) -> Receipt:
    created = Timestamp("2026-01-01T00:00:00Z", at(0))
    whole = Document(events=events, schema_version="2.0", creation_date=created)
    return await capture(store, RENDERERS[form](whole), MEDIA_TYPES[form], now=NOW)


class TestTheSameEvent:
    @pytest.mark.parametrize("forms", [("json-ld", "xml-2.0"), ("xml-2.0", "json-ld")])
    @pytest.mark.parametrize(
        "event",
        [
            pytest.param(FIRST, id="commissioning"),
            pytest.param(named("urn:x:2", packed(2, CASE, PACK, OTHER_PACK)), id="packing"),
            pytest.param(
                declared_in_error(FIRST, reason="incorrect_data"), id="declaration of an error"
            ),
        ],
    )
    async def test_in_another_format_is_no_other(
        self, store: EventStore, forms: tuple[str, str], event: Event
    ) -> None:
        """
        Sent as XML and as JSON-LD, an event is recorded once, and nothing contradicts it.
        """
        first = await send(store, forms[0], event)

        again = await send(store, forms[1], event)

        assert (first.recorded, again.recorded) == (1, 0)
        assert again.event_ids == first.event_ids
        assert await listed(store) == []

    @pytest.mark.parametrize(
        "again",
        [
            pytest.param(
                replace(
                    FIRST,
                    event_time=Timestamp("2026-01-01T02:00:00+01:00", at(1)),
                ),
                id="another zone of the moment",
            ),
            pytest.param(
                replace(FIRST, biz_step="urn:epcglobal:cbv:bizstep:commissioning"), id="a URN"
            ),
            pytest.param(
                named("urn:x:1", commissioned(1, "https://id.gs1.org/01/00300010123455/21/A1")),
                id="a Digital Link",
            ),
        ],
    )
    async def test_in_other_words_is_no_other(self, store: EventStore, again: Event) -> None:
        """
        What has one event hash says one thing, and the first who said it is quoted.
        """
        await report(store, FIRST)

        receipt = await report(store, again)

        assert (receipt.events, receipt.recorded, receipt.repeated) == (1, 0, False)
        assert await listed(store) == []

    async def test_in_other_words_may_come_together(self, store: EventStore) -> None:
        """
        In one document, and in documents that come at one moment, the first counts.
        """
        other_words = replace(FIRST, biz_step="urn:epcglobal:cbv:bizstep:commissioning")

        receipts = await asyncio.gather(
            report(store, FIRST, other_words, note="a"), report(store, other_words, note="b")
        )

        assert [receipt.recorded for receipt in receipts] == [1, 0]


class TestOtherContent:
    async def test_is_refused_and_kept(self, store: EventStore) -> None:
        """
        The recorded event stands; what contradicts it is found with its document.
        """
        await report(store, FIRST)
        body = document(shipped(3, OTHER_PACK), OTHER)

        with pytest.raises(DuplicateEventError) as caught:
            await capture(store, body, "application/ld+json", now=NOW)

        assert caught.value.event_id == "urn:x:1"
        [found] = await listed(store)
        assert (found["eventID"], found["eventNumber"]) == ("urn:x:1", 2)
        assert found["recordedHash"] == event_hash(FIRST)
        assert found["sentHash"] == event_hash(OTHER)
        async with store.reading() as session:
            assert await whole(session, found["document"]) == (body, "application/ld+json")

    async def test_is_found_once(self, store: EventStore) -> None:
        """
        Who sends the same again gets the same answer, and the log learns nothing from it.
        """
        await report(store, FIRST)
        for _ in range(2):
            with pytest.raises(DuplicateEventError) as caught:
                await report(store, OTHER)
            assert caught.value.event_id == "urn:x:1"
        async with store.reading() as session:
            assert await head(session) == 3

        answers = await asyncio.gather(
            *(report(store, OTHER, note="urn:x:new") for _ in range(3)), return_exceptions=True
        )

        assert {getattr(answer, "event_id", None) for answer in answers} == {"urn:x:1"}
        assert len(await listed(store)) == 2

    async def test_of_several_events_is_found_for_each(self, store: EventStore) -> None:
        """
        Everything that a document contradicts is listed, and it is asked for by eventID.
        """
        await report(store, FIRST, named("urn:x:2", packed(2, CASE, PACK)))

        with pytest.raises(DuplicateEventError):
            await report(store, OTHER, named("urn:x:2", packed(2, CASE, OTHER_PACK)))

        assert [c["eventID"] for c in await listed(store)] == ["urn:x:1", "urn:x:2"]
        [only] = await listed(store, event_id="urn:x:2")
        assert only["eventNumber"] == 2
        assert await listed(store, event_id="urn:x:3") == []

    async def test_of_a_neighbour_is_a_conflict(self, store: EventStore) -> None:
        """
        Of two that come at one moment the first is recorded, the other found in conflict.
        """
        answers = await asyncio.gather(
            report(store, FIRST), report(store, OTHER), return_exceptions=True
        )

        assert [type(answer) for answer in answers] == [Receipt, DuplicateEventError]
        assert [c["sentHash"] for c in await listed(store)] == [event_hash(OTHER)]

    async def test_within_a_document_is_only_refused(self, store: EventStore) -> None:
        """
        A document that contradicts itself contradicts nothing that is recorded.
        """
        with pytest.raises(DuplicateEventError):
            await report(store, FIRST, OTHER)

        assert await listed(store) == []


class TestErrorDeclaration:
    async def test_is_neither_a_repetition_nor_a_conflict(self, store: EventStore) -> None:
        """
        It bears the eventID of its event and is recorded beside it, once.
        """
        await report(store, FIRST)

        receipts = [await report(store, declared_in_error(FIRST), note=n) for n in ("a", "b")]

        assert [receipt.recorded for receipt in receipts] == [1, 0]
        assert await listed(store) == []

    async def test_for_another_reason_at_the_same_moment_is_a_conflict(
        self, store: EventStore
    ) -> None:
        """
        The event hash leaves the declaration out, but not every declaration is the same.
        """
        await report(store, FIRST, declared_in_error(FIRST, reason="did_not_occur"))

        with pytest.raises(DuplicateEventError):
            await report(store, declared_in_error(FIRST, reason="incorrect_data"))

        assert [c["eventID"] for c in await listed(store)] == ["urn:x:1"]


class TestPages:
    async def test_follow_each_other(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Each conflict is on one page, in the order in which they were found.
        """
        monkeypatch.setattr(module, "PAGE_SIZE", 2)
        await report(store, *(named(f"urn:x:{n}", commissioned(n, PACK)) for n in range(5)))
        with pytest.raises(DuplicateEventError):
            await report(store, *(named(f"urn:x:{n}", shipped(n, PACK)) for n in range(5)))
        found, token = [], None

        for size in (2, 2, 1):
            page = await conflicts(store, token=token)
            assert len(page.conflicts) == size
            found += [c.conflict.event_id for c in page.conflicts]
            token = page.next_page_token

        assert token is None
        assert found == [f"urn:x:{n}" for n in range(5)]

    @pytest.mark.parametrize("token", ["", "x", "-1", "٣", "9" * 30])
    async def test_have_tokens_of_ours(self, store: EventStore, token: str) -> None:
        """
        What is no token of a page before is refused.
        """
        with pytest.raises(QueryParameterError):
            await conflicts(store, token=token)


class TestEvidence:
    async def test_covers_conflicts(self, store: EventStore) -> None:
        """
        A finding is an event of the log, committed to by the tree as any other.
        """
        await report(store, FIRST)
        with pytest.raises(DuplicateEventError):
            await report(store, OTHER)

        found = await check_integrity(store, None)

        assert (found.events, found.altered) == (3, 0), found.alterations

    async def test_covers_the_document_of_a_conflict(
        self, store: EventStore, store_url: str
    ) -> None:
        """
        What was refused cannot be changed afterwards, no more than what was recorded.
        """
        await report(store, FIRST)
        with pytest.raises(DuplicateEventError):
            await report(store, OTHER)
        [conflict] = await listed(store)
        await alter(
            store_url, "UPDATE document SET body = $1 WHERE digest = $2", b"x", conflict["document"]
        )

        [found] = (await check_integrity(store, None)).alterations

        assert (found.place, found.differs) == (f"document {conflict['document']}", ("bytes",))
        assert found.position == conflict["position"]

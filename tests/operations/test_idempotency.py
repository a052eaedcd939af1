"""Requests under a key of their own: done once, answered as often as they come."""

from __future__ import annotations

import asyncio

import pytest

from epcis_repo.errors import (
    DuplicateEventError,
    IdempotencyKeyError,
    KeyReusedError,
    ValidationError,
)
from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.operations.capture import capture
from epcis_repo.operations.idempotency import IdempotencyKey, idempotency_key
from epcis_repo.operations.receipts import Receipt
from epcis_repo.store import EventStore
from epcis_repo.store.log import head
from tests.operations.reports import JSON_LD, NOW, PACK, commissioned, document, named, shipped

BODY = document(commissioned(1, PACK))
OTHER_BODY = document(shipped(2, PACK))
KEY = IdempotencyKey("capture", "8e03978e-40d5-43dd-bc93-6894a57f9324")


async def send(
    store: EventStore, body: bytes = BODY, key: IdempotencyKey | None = KEY, *, now: int = NOW
) -> Receipt:
    return await capture(store, body, JSON_LD, now=now, key=key)


async def head_of(store: EventStore) -> int:
    async with store.reading() as session:
        return await head(session)


class TestTheSameRequest:
    async def test_is_answered_as_it_was(self, store: EventStore) -> None:
        """
        The same bytes under the same key: nothing more is recorded, and the answer is the first.
        """
        first = await send(store)
        before = await head_of(store)

        again = await send(store, now=NOW + 10_000_000)

        assert (first.replayed, again.replayed) == (False, True)
        assert again.value() == first.value()
        assert await head_of(store) == before

    async def test_is_done_once_though_it_comes_many_times_at_once(self, store: EventStore) -> None:
        """
        A hundred keys, each six times and all together: a hundred effects, five hundred replays.
        """
        bodies = [document(commissioned(1, PACK), note=f"urn:x:{n}") for n in range(100)]

        answers = await asyncio.gather(
            *(
                send(store, body, IdempotencyKey("capture", str(number)))
                for _ in range(6)
                for number, body in enumerate(bodies)
            )
        )

        assert sum(answer.replayed for answer in answers) == 500
        assert len({answer.capture_id for answer in answers}) == 100
        assert await head_of(store) == 200

    async def test_whose_document_was_known_is_answered_as_it_was(self, store: EventStore) -> None:
        """
        What a key got for an answer is kept, also where there was nothing new to record.
        """
        await send(store, key=None)

        first = await send(store)
        again = await send(store)
        other = await send(store, key=None)

        assert (first.repeated, first.replayed) == (True, False)
        assert again.replayed
        assert again.value() == first.value()
        assert (other.repeated, other.replayed) == (True, False)


class TestAnotherRequest:
    @pytest.mark.parametrize("known", [False, True], ids=["new document", "known document"])
    async def test_under_the_same_key_is_refused(self, store: EventStore, known: bool) -> None:
        """
        A key is of one body; nothing of the other is recorded, whatever the first one's answer.
        """
        if known:
            await send(store, key=None)
        await send(store)
        before = await head_of(store)

        with pytest.raises(KeyReusedError) as caught:
            await send(store, OTHER_BODY)

        assert caught.value.key == KEY.key
        assert await head_of(store) == before
        assert not (await send(store, OTHER_BODY, key=None)).repeated

    async def test_that_comes_together_is_refused_alone(self, store: EventStore) -> None:
        """
        Of two bodies under one key at the same moment, one is recorded.
        """
        answers = await asyncio.gather(
            send(store), send(store, OTHER_BODY), send(store), return_exceptions=True
        )

        assert [type(answer) for answer in answers] == [Receipt, KeyReusedError, Receipt]

    @pytest.mark.parametrize(
        "other",
        [
            IdempotencyKey("events", KEY.key),
            IdempotencyKey(KEY.endpoint, KEY.key, owner="somebody"),
            IdempotencyKey(KEY.endpoint, KEY.key.upper()),
        ],
    )
    async def test_may_have_the_key_elsewhere(
        self, store: EventStore, other: IdempotencyKey
    ) -> None:
        """
        Each endpoint and each owner has keys of its own, and a key is what it is to the letter.
        """
        await send(store)

        assert not (await send(store, OTHER_BODY, other)).replayed


class TestRefused:
    async def test_may_come_under_its_key_again(self, store: EventStore) -> None:
        """
        What is not valid or in conflict has used no key: put right, it is recorded under it.
        """
        with pytest.raises(ValidationError):
            await send(store, b"{}")
        await send(store, document(named("urn:x:1", commissioned(1, PACK))), None)
        with pytest.raises(DuplicateEventError):
            await send(store, document(named("urn:x:1", shipped(2, PACK))))

        assert not (await send(store)).replayed


class TestEvidence:
    async def test_covers_keys(self, store: EventStore) -> None:
        """
        An answer to a key is of the log like all else: the integrity check derives its tags.
        """
        await send(store, key=None)
        await send(store)
        await send(store, OTHER_BODY, IdempotencyKey("capture", "other"))

        found = await check_integrity(store, None)

        assert found.altered == 0, found.alterations


class TestKey:
    @pytest.mark.parametrize("text", ["a", "8e03978e-40d5", '"quoted"', "~" * 255])
    def test_is_visible_ascii(self, text: str) -> None:
        """
        A key is kept as it was sent.
        """
        assert idempotency_key(text, endpoint="capture").key == text

    @pytest.mark.parametrize("text", ["", " ", "a b", "é", "\n", "a\n", "~" * 256])
    def test_is_nothing_else(self, text: str) -> None:
        """
        What could be read in two ways, or is too long to keep, is no key.
        """
        with pytest.raises(IdempotencyKeyError):
            idempotency_key(text, endpoint="capture")

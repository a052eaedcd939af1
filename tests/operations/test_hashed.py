"""Events by their event hash: all that have it and nothing else, however far the index has come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epcis_repo.bindings import RENDERERS
from epcis_repo.errors import NotFoundError, StoreFullError
from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.model.documents import Document
from epcis_repo.model.event_hash import event_hash
from epcis_repo.model.events import Event
from epcis_repo.model.times import Timestamp
from epcis_repo.operations.capture import capture
from epcis_repo.operations.events import event
from epcis_repo.projections import event_hashes, rebuild
from epcis_repo.projections.event_hashes import keep_hashed, last_hashed
from epcis_repo.store import EventStore, log, open_store
from epcis_repo.upkeep.versions import prepare
from tests.conftest import FreshStores, new_part
from tests.evidence.logs import alter
from tests.operations.reports import (
    CASE,
    NOW,
    OTHER_PACK,
    PACK,
    at,
    commissioned,
    declared_in_error,
    named,
    packed,
    report,
    shipped,
)
from tests.operations.sayings import MEDIA_TYPES
from tests.projections.strategies import worlds

FIRST = named("urn:x:1", commissioned(1, PACK))
SECOND = named("urn:x:2", shipped(2, PACK))
NONE = "ni:///sha-256;" + "0" * 64 + "?ver=CBV2.0"


async def found(store: EventStore, event_id: str) -> list[str | None]:
    """The eventIDs of what an eventID or a hash finds, in the order of the log."""
    answer = await event(store, event_id, now=NOW)
    return [item.event_id for item in answer.events or ()]


async def indexed(store: EventStore) -> int:
    """How many events have a row in the index."""
    async with store.reading() as session:
        [(count,)] = await session.fetch(
            "SELECT count(*) FROM event_hash WHERE part = $1", session.part
        )
    return int(count)


async def send(store: EventStore, form: str, events: Sequence[Event]) -> None:
    created = Timestamp("2026-01-01T00:00:00Z", at(0))
    whole = Document(events=tuple(events), schema_version="2.0", creation_date=created)
    await capture(store, RENDERERS[form](whole), MEDIA_TYPES[form], now=NOW)


class TestLookUp:
    async def test_finds_an_event_by_its_hash(self, store: EventStore) -> None:
        """
        Whatever eventID its sender gave it, or none; and another event by its own.
        """
        await report(store, FIRST, SECOND, packed(3, CASE, PACK))

        assert await found(store, event_hash(FIRST)) == ["urn:x:1"]
        assert await found(store, event_hash(SECOND)) == ["urn:x:2"]
        assert len(await found(store, event_hash(packed(3, CASE, PACK)))) == 1

    @settings(
        max_examples=20,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(
        world=worlds(distinct_times=True),
        form=st.sampled_from(["json-ld", "xml-2.0"]),
        page=st.integers(1, 4),
        asks_between=st.booleans(),
    )
    async def test_finds_what_was_captured_in_any_format(
        self,
        fresh_store: FreshStores,
        world: list[list[Event]],
        form: str,
        page: int,
        asks_between: bool,
    ) -> None:
        """
        Each event by the hash that is computed of what was sent, and with it nothing but the
        declarations that it was in error; whatever was asked before.
        """
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(event_hashes, "_PAGE", page)
            async with fresh_store() as store:
                for document in world:
                    await send(store, form, document)
                    if asks_between:
                        with pytest.raises(NotFoundError):
                            await found(store, NONE)

                sent = [item for document in world for item in document]
                by_hash: dict[str, list[str | None]] = {}
                for item in sent:
                    by_hash.setdefault(event_hash(item), []).append(item.event_id)
                for hashed, event_ids in by_hash.items():
                    assert await found(store, hashed) == event_ids
                assert await indexed(store) == (len(sent) if by_hash or asks_between else 0)

    async def test_finds_what_came_without_an_event_id(self, store: EventStore) -> None:
        """
        The hash is all that its sender can ask with.
        """
        for form in ("json-ld", "xml-2.0", "xml-1.2"):
            await send(store, form, [commissioned(1, PACK), packed(2, CASE, PACK)])

        assert len(await found(store, event_hash(packed(2, CASE, PACK)))) == 3

    async def test_finds_all_that_have_it(self, store: EventStore) -> None:
        """
        Who reports the same twice under two eventIDs is shown both.
        """
        again = replace(FIRST, event_id="urn:x:again")
        await report(store, FIRST)
        await report(store, again)

        assert await found(store, event_hash(FIRST)) == ["urn:x:1", "urn:x:again"]

    async def test_finds_declarations_with_their_event(self, store: EventStore) -> None:
        """
        As by its eventID, an event comes with the declarations that it was in error, also where
        they do not repeat it word for word.
        """
        unlike = declared_in_error(replace(FIRST, disposition="inactive"), hour=50)
        await report(store, FIRST, declared_in_error(FIRST))
        await report(store, unlike)

        assert await found(store, event_hash(FIRST)) == ["urn:x:1"] * 3
        assert await found(store, event_hash(unlike)) == ["urn:x:1"]

    async def test_finds_what_has_it_as_its_event_id(self, store: EventStore) -> None:
        """
        A hash that somebody has given as an eventID, rightly or not, is one.
        """
        hashed = event_hash(FIRST)
        await report(store, named(hashed, FIRST), named("urn:x:2", replace(FIRST)))
        await report(store, named(event_hash(SECOND), packed(4, CASE, OTHER_PACK)))

        assert await found(store, hashed) == [hashed, "urn:x:2"]
        assert await found(store, event_hash(SECOND)) == [event_hash(SECOND)]

    @pytest.mark.parametrize(
        ("spell", "is_known"),
        [
            pytest.param(lambda text: text, True, id="as it is"),
            pytest.param(lambda text: text.partition("?")[0], True, id="without a version"),
            pytest.param(
                lambda text: text[:14] + text[14:78].upper() + text[78:], True, id="upper"
            ),
            pytest.param(lambda text: text.replace("CBV2.0", "CBV2.1"), False, id="other version"),
            pytest.param(lambda text: text.replace("sha-256", "sha-512"), False, id="algorithm"),
            pytest.param(lambda text: text[:14] + "0" + text[15:], False, id="other digit"),
            pytest.param(lambda text: text[:70] + "00" + text[72:], False, id="digits at the end"),
            pytest.param(lambda text: text[:70], False, id="cut short"),
        ],
    )
    async def test_takes_nothing_else_for_it(
        self, store: EventStore, spell: type[str], is_known: bool
    ) -> None:
        """
        A hash of another kind, or another hash by a digit, names no event.
        """
        await report(store, FIRST)
        asked = spell(event_hash(FIRST))

        if is_known:
            assert await found(store, asked) == ["urn:x:1"]
        else:
            with pytest.raises(NotFoundError):
                await found(store, asked)


class TestIndex:
    async def test_is_not_written_by_a_capture(self, store: EventStore) -> None:
        """
        Nobody who captures waits for a hash that nobody has asked for.
        """
        await report(store, FIRST)

        assert await indexed(store) == 0

    async def test_is_written_behind_the_captures(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        What runs beside a server adds all that is missing, and what comes afterwards.
        """
        monkeypatch.setattr(event_hashes, "_LOOK_SECONDS", 0.001)
        monkeypatch.setattr(event_hashes, "_BUSY_SECONDS", 0.001)
        monkeypatch.setattr(event_hashes, "_PAGE", 2)
        await report(store, *(named(f"urn:x:{n}", commissioned(n, PACK)) for n in range(7)))

        # Two, as there are of two processes that serve one store.
        working = [asyncio.create_task(keep_hashed(store)) for _ in range(2)]
        await until(store, 7)
        await report(store, named("urn:x:later", shipped(9, PACK)))
        await until(store, 8)
        for task in working:
            task.cancel()
        await asyncio.wait(working)

        assert (await check_integrity(store, None)).altered == 0

    async def test_is_written_while_others_capture_and_ask(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Whoever asks at any time finds all that was acknowledged before.
        """
        monkeypatch.setattr(event_hashes, "_LOOK_SECONDS", 0.001)
        monkeypatch.setattr(event_hashes, "_BUSY_SECONDS", 0.001)
        monkeypatch.setattr(event_hashes, "_PAGE", 3)
        working = asyncio.create_task(keep_hashed(store))

        async def one(number: int) -> None:
            item = named(f"urn:x:{number}", commissioned(number, f"{PACK}{number}"))
            await report(store, item, note=f"urn:x:document:{number}")
            assert await found(store, event_hash(item)) == [f"urn:x:{number}"]

        await asyncio.gather(*(one(number) for number in range(20)))
        working.cancel()
        await asyncio.wait([working])

        assert (await check_integrity(store, None)).altered == 0

    async def test_is_made_anew(self, store: EventStore, store_url: str) -> None:
        """
        A row that is wrong hides an event; the check names it, and a rebuild mends it.
        """
        await report(store, FIRST, SECOND)
        await found(store, event_hash(FIRST))
        async with store.writing() as session:
            await session.execute(
                "UPDATE event_hash SET hash = 5 WHERE part = $1 AND position = 1", session.part
            )

        [alteration] = (await check_integrity(store, None)).alterations
        with pytest.raises(NotFoundError):
            await found(store, event_hash(FIRST))
        await rebuild(store)

        assert (alteration.place, alteration.differs, alteration.position) == (
            "event_hash",
            ("hash",),
            1,
        )
        assert await found(store, event_hash(FIRST)) == ["urn:x:1"]
        assert (await check_integrity(store, None)).altered == 0

    async def test_goes_on_from_what_is_there(self, store: EventStore) -> None:
        """
        Rows that somebody has computed in the meantime are not added behind a gap.
        """
        await report(store, FIRST, SECOND)
        page = await event_hashes._next_page(store, 1)
        assert page is not None

        added = await store.write(event_hashes._add, page)

        assert (added, await indexed(store)) == (False, 0)
        assert await found(store, event_hash(FIRST)) == ["urn:x:1"]

    async def test_may_be_behind_or_gone(self, store: EventStore) -> None:
        """
        As far as it has not come, nothing is wrong with it, and answers are complete.
        """
        await report(store, FIRST)
        await found(store, event_hash(FIRST))
        await report(store, SECOND)
        assert (await check_integrity(store, None)).altered == 0

        async with store.writing() as session:
            await session.execute("DELETE FROM event_hash WHERE part = $1", session.part)

        assert (await check_integrity(store, None)).altered == 0
        assert await found(store, event_hash(FIRST)) == ["urn:x:1"]
        assert await found(store, event_hash(SECOND)) == ["urn:x:2"]

    async def test_is_not_needed_where_nothing_can_be_written(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        On a full disk reading goes on, this too.
        """
        await report(store, FIRST)

        async def full(*_: object) -> None:
            raise StoreFullError("no room")

        monkeypatch.setattr(store, "write", full)

        assert await found(store, event_hash(FIRST)) == ["urn:x:1"]
        assert await indexed(store) == 0

    async def test_goes_past_what_was_altered(self, store: EventStore, store_url: str) -> None:
        """
        An event that is none any more has no hash, and hides no other.
        """
        await report(store, FIRST, SECOND)
        async with store.reading() as session:
            part = session.part
        await alter(
            store_url, "UPDATE events SET data = $1 WHERE part = $2 AND position = 1", b"?", part
        )

        assert await found(store, event_hash(SECOND)) == ["urn:x:2"]

    async def test_is_that_of_one_part(self, store: EventStore, store_url: str) -> None:
        """
        What another tenant has captured is not found.
        """
        other = open_store(store_url, part=new_part())
        await prepare(other)
        await report(other, named("urn:x:theirs", replace(FIRST)))
        await report(store, FIRST)

        assert await found(store, event_hash(FIRST)) == ["urn:x:1"]
        assert await found(other, event_hash(FIRST)) == ["urn:x:theirs"]
        await other.close()


async def until(store: EventStore, count: int) -> None:
    """Wait until so many events are in the index."""
    deadline = time.monotonic() + 20
    while await indexed(store) < count:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    async with store.reading() as session:
        assert await last_hashed(session) <= await log.head(session)

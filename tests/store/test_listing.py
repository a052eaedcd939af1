"""Tags in their order: each once, whatever has it, and without going through all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from epcis_repo.store import EventData, EventStore, Reading
from epcis_repo.store.listing import tags_between
from epcis_repo.store.log import append
from tests.store.facts import NOW

THINGS, CLASSES = 5, 1


async def appended(store: EventStore, *tags_by_role: Mapping[int, Sequence[str]]) -> None:
    """Append an event for each of these."""
    async with store.writing() as session:
        [(head,)] = await session.fetch("SELECT head FROM log_head WHERE part = $1", session.part)
        events = [
            EventData("Noted", f"urn:x:{head + number}", b"{}", roles=roles)
            for number, roles in enumerate(tags_by_role, 1)
        ]
        await append(session, events, now=NOW)


async def listed(
    session: Reading, after: str = "", before: str = "~", limit: int = 100
) -> list[str]:
    found = await tags_between(session, after, before, roles=[THINGS], limit=limit)
    return [tag for tag, position in found if position is not None]


class TestTags:
    async def test_come_once_and_in_order(self, log_store: EventStore) -> None:
        """
        However many events have a tag, and in whichever order they came.
        """
        await appended(log_store, *({THINGS: [tag]} for tag in "cabbageface"))

        async with log_store.reading() as session:
            assert await listed(session) == sorted(set("cabbageface"))

    async def test_lie_between_two(self, log_store: EventStore) -> None:
        """
        Past the one and before the other, as many as are asked for.
        """
        await appended(log_store, {THINGS: list("abcdefg")})

        async with log_store.reading() as session:
            assert await listed(session, "b", "f") == ["c", "d", "e"]
            assert await listed(session, "b", limit=2) == ["c", "d"]
            assert await listed(session, "g") == []

    async def test_of_other_roles_are_told(self, log_store: EventStore) -> None:
        """
        A tag that no event has in one of the roles comes without a place, so that who asks sees
        how far it is.
        """
        await appended(log_store, {CLASSES: ["a", "b"]}, {THINGS: ["b"]}, {CLASSES: ["c"]})

        async with log_store.reading() as session:
            found = await tags_between(session, "", "~", roles=[THINGS], limit=9)

        assert found == [("a", None), ("b", 2), ("c", None)]

    async def test_of_every_bucket_are_there(self, log_store: EventStore) -> None:
        """
        Those that share a bucket, and those that are a bucket of their own.
        """
        many = [f"b{number:05}" for number in range(20_000)]
        await appended(log_store, {THINGS: ["a", "b00001x", "z"]})
        await appended(log_store, {THINGS: many})
        await appended(log_store, {THINGS: ["a", "c"]})

        async with log_store.reading() as session:
            [(buckets,)] = await session.fetch("SELECT count(*) FROM tag_bucket")
            assert buckets == 2
            assert await listed(session, limit=4) == ["a", "b00000", "b00001", "b00001x"]
            assert await listed(session, "b19998") == ["b19999", "c", "z"]

    async def test_of_another_log_are_not_there(self, log_store: EventStore) -> None:
        """
        A part lists its own tags alone.
        """
        await appended(log_store, {THINGS: ["a"]})

        async with log_store.reading() as session:
            session.part = session.part + 1
            assert await listed(session) == []

"""The tree over the log: what it is, that it grows with the log, and when it refuses to."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epcis_repo.evidence.errors import TreeError
from epcis_repo.evidence.operations import prepare, tile
from epcis_repo.evidence.tree import (
    STATEMENTS,
    catch_up,
    entry_of,
    extend,
    node_reader,
    tree_size,
)
from epcis_repo.ledger import HashReader, leaf_hash, parse_entry, render_entry, root_hash
from epcis_repo.store import EventStore, open_store
from epcis_repo.store.log import append
from tests.conftest import FreshStores
from tests.evidence.logs import alter, capture, entries, record
from tests.ledger.reference import ReferenceTree
from tests.operations.reports import commissioned, report
from tests.store.facts import NOW, facts

some = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


async def root(store: EventStore) -> tuple[int, bytes]:
    """Size and root hash of the stored tree."""
    async with store.reading() as session:
        size = await tree_size(session)

        def prove(read: HashReader) -> bytes:
            return root_hash(read, size)

        return size, prove(await node_reader(session, prove, size))


class TestExtend:
    @some
    @given(st.lists(st.integers(1, 40) | st.integers(200, 600), max_size=6))
    async def test_gives_the_tree_of_all_entries(
        self, fresh_store: FreshStores, sizes: Sequence[int]
    ) -> None:
        """
        In batches of any size, the tree is that of RFC 6962 over the entries of all events.
        """
        async with fresh_store() as store:
            await prepare(store)
            for batch, size in enumerate(sizes):
                await record(store, *(f"{batch}-{number}" for number in range(size)))

            found = await entries(store)
            assert len(found) == sum(sizes)
            assert await root(store) == (len(found), ReferenceTree(found).root(len(found)))

    async def test_keeps_one_row_for_each_tile(self, store: EventStore) -> None:
        """
        A tile that grows is the same tile, wider; a full one has its root in the tile above.
        """
        for batch in range(6):
            await record(store, *(f"{batch}-{number}" for number in range(100)))

        async with store.reading() as session:
            rows = await session.fetch(
                "SELECT level, idx, width FROM tile WHERE part = $1 ORDER BY level, idx",
                session.part,
            )
        assert [tuple(row) for row in rows] == [(0, 0, 256), (0, 1, 256), (0, 2, 88), (1, 0, 2)]

    async def test_commits_to_all_of_an_event(self, store: EventStore) -> None:
        """
        An entry has the position, time, type, identity and data of its event, and its document.
        """
        receipt = await report(store, commissioned(1, "urn:epc:id:sgtin:030001.0012345.1"))
        async with store.writing() as session:
            await catch_up(session)

        first, last = map(parse_entry, await entries(store))

        assert (first.position, first.type) == (1, "ObjectEvent")
        assert first.event_id == receipt.event_ids[0]
        assert first.document_sha256 == bytes.fromhex(receipt.document)
        assert last.event_id == f"capture {receipt.capture_id}"
        assert last.document_sha256 is None
        assert len({first.salt, last.salt}) == 2

    async def test_draws_salts_where_it_is_told_to(self, store: EventStore) -> None:
        """
        Each event has its own sixteen bytes of what is drawn.
        """
        async with store.writing() as session:
            recorded = await append(session, facts("a", "b"), now=NOW)
            await extend(session, recorded, salts=lambda size: bytes(range(size)))

        salts = [parse_entry(entry).salt for entry in await entries(store)]
        assert salts == [bytes(range(16)), bytes(range(16, 32))]

    async def test_of_nothing_does_nothing(self, store: EventStore) -> None:
        """
        Where nothing was appended, nothing grows.
        """
        async with store.writing() as session:
            await extend(session, [])

        assert (await root(store))[0] == 0

    @pytest.mark.parametrize("size", [1, 255, 256, 257, 512])
    async def test_refuses_a_gap(self, store: EventStore, size: int) -> None:
        """
        Events that do not follow the last leaf are refused, whatever the shape of the edge.
        """
        await record(store, *map(str, range(size)))

        async def forget_one() -> None:
            async with store.writing() as session:
                await append(session, facts("forgotten"), now=NOW)
                await extend(session, await append(session, facts("next"), now=NOW))

        with pytest.raises(TreeError, match=f"the tree has {size} leaves"):
            await forget_one()

        assert (await root(store))[0] == size

    async def test_refuses_what_is_in_the_tree(self, store: EventStore) -> None:
        """
        No event has a second leaf.
        """
        recorded = await record(store, "a", "b")

        with pytest.raises(TreeError):
            async with store.writing() as session:
                await extend(session, recorded)

    async def test_refuses_events_out_of_order(self, store: EventStore) -> None:
        """
        Leaves are in order of position.
        """

        async def leave_one_out() -> None:
            async with store.writing() as session:
                recorded = await append(session, facts("a", "b", "c"), now=NOW)
                await extend(session, [recorded[0], recorded[2]])

        with pytest.raises(TreeError, match="position 2, not with 3"):
            await leave_one_out()

    async def test_leaves_no_trace_of_what_is_not_recorded(self, store: EventStore) -> None:
        """
        A transaction that fails takes back its leaves too.
        """
        await record(store, "a")
        before = await root(store)

        async def fail() -> None:
            async with store.writing() as session:
                await extend(session, await append(session, facts("b"), now=NOW))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()

        assert await root(store) == before


class TestCatchUp:
    async def test_covers_a_log_that_had_no_tree(self, store: EventStore, store_url: str) -> None:
        """
        A log from before there were trees gets one when it is opened, with all documents.
        """
        receipt = await report(
            store, *(commissioned(1, f"urn:epc:id:sgtin:030001.0012345.{n}") for n in range(3_000))
        )
        async with store.reading() as session:
            part = session.part
        for table in ("tile", "leaf"):
            await alter(store_url, f"DELETE FROM {table} WHERE part = $1", part)

        again = open_store(store_url)
        await prepare(again)
        await again.close()

        found = await entries(store)
        assert await root(store) == (3_001, ReferenceTree(found).root(3_001))
        documents = {parse_entry(entry).document_sha256 for entry in found[:3_000]}
        assert documents == {bytes.fromhex(receipt.document)}

    async def test_goes_on_after_a_restart(self, store: EventStore, store_url: str) -> None:
        """
        Another process extends the same tree.
        """
        await capture(store, 0, 3)
        again = open_store(store_url)
        await prepare(again)
        await capture(again, 3, 3)
        await again.close()
        await capture(store, 6, 3)

        found = await entries(store)
        assert await root(store) == (12, ReferenceTree(found).root(12))


class TestTile:
    async def test_is_served_in_every_width_that_it_has_had(self, store: EventStore) -> None:
        """
        Whoever has a wider tile has the narrower.
        """
        await record(store, *map(str, range(300)))
        leaves = [leaf_hash(entry) for entry in await entries(store)]

        assert await tile(store, "tile/0/000") == b"".join(leaves[:256])
        assert await tile(store, "tile/0/001.p/44") == b"".join(leaves[256:])
        assert await tile(store, "tile/0/001.p/7") == b"".join(leaves[256:263])
        assert len(await tile(store, "tile/1/000.p/1")) == 32


class TestEntry:
    async def test_can_be_made_again(self, store: EventStore) -> None:
        """
        What is stored of an event is all that its entry takes.
        """
        [recorded] = await record(store, "a")
        async with store.reading() as session:
            [row] = await session.fetch(STATEMENTS["select_entry"], session.part, "a")

        [entry] = await entries(store)

        assert render_entry(entry_of(recorded, row[5], row[6])) == entry

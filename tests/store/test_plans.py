"""Every statement that answers somebody finds its rows by an index, on both databases."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from epcis_repo.capture_jobs import operations
from epcis_repo.evidence import tree
from epcis_repo.evidence.operations import prepare
from epcis_repo.findings import reading as findings
from epcis_repo.holds import reading as holds
from epcis_repo.model.what import Role
from epcis_repo.operations import capture
from epcis_repo.projections import (
    corrections,
    event_hashes,
    event_index,
    lineage,
    lot_story,
    stated,
    stories,
    thing_story,
)
from epcis_repo.projections.derived import READ_MODELS, select_rows
from epcis_repo.query import select
from epcis_repo.reconciliation import reading as reconciliation
from epcis_repo.store import (
    EventStore,
    Query,
    QueryItem,
    archived,
    buckets,
    listing,
    log,
    open_store,
)
from epcis_repo.store.partitions import buckets_of
from epcis_repo.store.sqlite import spelt_for_sqlite
from tests.operations.reports import commissioned, packed, report, unpacked
from tests.plans import postgresql_plan, reads_all_of_an_index
from tests.store.facts import NOW

EPCS = ["01/00300010123455/21/1", "01/00300010123455/21/2"]
BUCKET = buckets_of(2026).start + 1

# Values for the statements of each module, after the part. Those that are None are never run
# alone: they are pieces of the statement that reads the log.
VALUES: dict[str, tuple[Mapping[str, str], dict[str, Sequence[Any] | None]]] = {
    "log": (
        log.STATEMENTS,
        {
            "select_head": [],
            "select_head_at": [NOW],
            "select_whole_type": ["HoldPlaced", 9],
            "select_document": ["digest"],
            "select_piece": ["digest", 2],
            "select_events": None,
            "select_tagged": None,
            "select_of_type": None,
            "select_all": None,
            "select_kept": [["a", "b"]],
        },
    ),
    "buckets": (
        buckets.STATEMENTS,
        {
            "select_open": [],
            "select_last": [1, 9],
            "select_buckets": [],
            "select_tag_before_last": [BUCKET, 9],
            "select_tag_after": [BUCKET, EPCS[0], 1, 1, 9],
            "delete_bucket": [BUCKET],
        },
    ),
    "listing": (
        listing.STATEMENTS,
        {"select_tags_between": ["01/", "02/", 5, [4, 5, 6, 7, 8]]},
    ),
    "capture": (
        capture._STATEMENTS,
        {
            "select_recorded": [["a", "b"]],
            "select_receipts": [["document a", "document b"]],
            "select_before": [["document a", "document b"], "ReactionSet", 7],
        },
    ),
    "capture_jobs": (
        operations.STATEMENTS,
        {
            "select_beginnings": ["DocumentCaptured", 9, 31],
            "select_lives": [["capture a", "capture b"]],
        },
    ),
    "evidence": (
        tree.STATEMENTS,
        {
            "select_last_tile": [],
            "select_tiles": [[0, 1], [0, 1]],
            "select_entry": ["urn:x:1"],
            "select_entries": [0, 9],
            "select_leaves": [0, 9],
            "select_copies": [[1, 2]],
            "select_tags": [1, EPCS[0], 1, 1, 9],
            "select_buckets": [],
        },
    ),
    "archived": (
        archived.STATEMENTS,
        {
            "select_decided": ["YearArchived", "YearAttached"],
            "select_positions": [0, 9],
            "select_archived": [["a", "b"]],
            "select_identities": [0, 9, 9],
            "delete_archived": [0, 9],
        },
    ),
    "event_hashes": (
        event_hashes.STATEMENTS,
        {"select_last_hashed": [], "select_with_hash": [[0, 1], 5]},
    ),
    "stated": (
        stated.STATEMENTS,
        {"select_stated": [["masterdata a", "masterdata b"], 9, stated.MASTER_DATA_RECEIVED]},
    ),
    "select": (
        select.STATEMENTS,
        {"select_event": ["urn:x:1"], "select_rows": [[1, 2]], "select_positions": [[1, 2]]},
    ),
    "corrections": (
        corrections.STATEMENTS,
        {"select_corrections": [["a", "b"], ["instead a", "instead b"], 9]},
    ),
    "lineage": (lineage.STATEMENTS, {"select_made": [EPCS, 9, NOW, ["repackaging"]]}),
    "lot_story": (
        lot_story.STATEMENTS,
        {
            "select_naming": [EPCS, 9, NOW],
            "select_headers_at": [[1, 2]],
            "select_lot": ["lot L1", "of 01/00300010123455/21/", 9, NOW],
        },
    ),
    "thing_story": (
        thing_story.STATEMENTS,
        {
            "select_moves": [EPCS[0], 9, NOW, Role.CHILD, 1, 9],
            "select_told": [EPCS, 9, *[value for epc in 4 * EPCS for value in (epc, 0, NOW)]],
        },
    ),
    "stories": (
        stories.STATEMENTS,
        {"select_named": [EPCS, 9], "select_told": [[1, 2]]},
    ),
    "reconciliation": (
        reconciliation.STATEMENTS,
        {"select_referring": ["for urn:x:1", 9, NOW], "select_at": [[1, 2]]},
    ),
    "findings": (
        findings.STATEMENTS,
        {
            "select_mates": ["lot L1", "of 01/00300010123455/21/", 9, NOW],
            "select_stated_between": ["masterdata 01/", "masterdata 010", 9],
        },
    ),
    "holds": (
        holds.STATEMENTS,
        {
            "select_held": [["held a", "held b"], 9],
            "select_placed": ["HoldPlaced", 5, 9, 31],
            "select_at": [[1, 2]],
            "select_lives": [["hold a", "hold b"], 9],
        },
    ),
    "event_index": (
        event_index.STATEMENTS,
        {
            "select_said": [EPCS, 9],
            "select_said_beside": [EPCS, 9],
            "select_named": [EPCS[0], 9, NOW],
            "select_between": ["01/00300010123455/21/", "01/00300010123455/210"],
            "select_packed": [EPCS, ["AggregationEvent"], Role.PARENT, 9],
        },
    ),
}
# A part has one head, and few buckets.
FEW_ROWS = {
    "log: select_head",
    "buckets: select_open",
    "buckets: select_buckets",
    "evidence: select_buckets",
}
READS = {
    "everything": Query(),
    "a tag": Query((QueryItem(tags=("x",)),)),
    "two tags": Query((QueryItem(tags=("x", "y")),)),
    "a type": Query((QueryItem(types=("Noted",)),)),
    "a type and a tag": Query((QueryItem(types=("Noted", "Sent"), tags=("x",)),)),
    "two items": Query((QueryItem(tags=("x",)), QueryItem(types=("Noted",)))),
}


def statements() -> dict[str, tuple[str, Sequence[Any]]]:
    """Each statement with its values, by where it is from."""
    found: dict[str, tuple[str, Sequence[Any]]] = {}
    for module, (texts, values) in VALUES.items():
        for name, given in values.items():
            if given is not None:
                found[f"{module}: {name}"] = (texts[name], [1, *given])
    for table in READ_MODELS:
        found[f"derived: {table}"] = (select_rows(table), [1, 0, 9, 9])
    for name, query in READS.items():
        found[f"read: {name}"] = log._select_events(1, query, 5, 10)
    return found


@pytest.mark.parametrize("module", VALUES)
def test_no_statement_is_forgotten(module: str) -> None:
    """
    Whatever reads or deletes is among those whose plan is looked at.
    """
    texts, values = VALUES[module]

    assert {name for name in texts if name.startswith(("select", "delete"))} == values.keys()


async def fill(store: EventStore, cases: int = 20) -> None:
    """Capture a few documents, as it happens in a first hour, and leave it at that."""
    await prepare(store)
    for number in range(cases):
        packs = [f"urn:epc:id:sgtin:030001.0012345.{number}x{n}" for n in range(100)]
        case = f"urn:epc:id:sscc:030001.{number:011}"
        await report(store, commissioned(1, *packs), packed(2, case, *packs), unpacked(3, case))


async def test_sqlite_searches(sqlite_url: str, subtests: pytest.Subtests) -> None:
    """
    No table is scanned, and no index is entered by the part alone, which all rows share.
    """
    store = open_store(sqlite_url)
    await fill(store)
    for name, (statement, values) in statements().items():
        async with store.reading() as session:
            rows = await session.fetch(f"EXPLAIN QUERY PLAN {spelt_for_sqlite(statement)}", *values)
        plan = "\n".join(row[3] for row in rows)
        with subtests.test(name):
            assert "SEARCH" in plan
            assert not re.search(r"SCAN (?!carray|found|moves|asked|(8 )?CONSTANT)", plan), plan
            # Of buckets there are few, and all of them are looked into. A part has one head.
            plan = re.sub(r"SEARCH (b|log_head) USING PRIMARY KEY \(part=\?\)", "", plan)
            if name not in FEW_ROWS:
                assert "(part=?)" not in plan, plan
    await store.close()


# Tables of which a first hour has a few rows, or none.
MORE_ROWS = (
    "INSERT INTO tile SELECT 1, 1, n, 1, '' FROM generate_series(1000, 1999) n",
    "INSERT INTO document SELECT 1, n::text, '', 0, '' FROM generate_series(1, 1000) n",
    "INSERT INTO archived_event SELECT 1, -n, n::text FROM generate_series(1, 1000) n",
    "ANALYZE",
)


async def test_postgresql_searches(postgres_url: str, subtests: pytest.Subtests) -> None:
    """
    No table is read from end to end, nor an index from where the part begins to where it ends.
    """
    store = open_store(postgres_url)
    await fill(store)
    async with store.writing() as session:
        for statement in MORE_ROWS:
            await session.execute(statement)
    for name, (statement, values) in statements().items():
        plan = await postgresql_plan(store, statement, *values, as_if_large=True)
        with subtests.test(name):
            assert "Index Cond" in plan, plan
            assert "Seq Scan" not in plan, plan
            if name not in FEW_ROWS:
                assert not reads_all_of_an_index(plan), plan
    await store.close()


async def test_postgresql_searches_for_many(postgres_url: str, subtests: pytest.Subtests) -> None:
    """
    A hundred rows of a few thousand, which is what a case brings, are found by index as well.
    """
    store = open_store(postgres_url)
    await fill(store, cases=60)
    packs = [f"01/00300010123455/21/7x{n}" for n in range(100)]
    for name in ("event_index: select_said", "event_index: select_packed"):
        statement, (_, _, *values) = statements()[name]
        plan = await postgresql_plan(store, statement, 1, packs, *values)
        with subtests.test(name):
            assert re.search(r" on event_tag_2026 .*\n +Index Cond: .*tag = ANY", plan), plan
    await store.close()

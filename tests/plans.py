"""Whether statements find their rows by an index, as the databases themselves explain them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from epcis_repo.store import EventStore
from epcis_repo.store.sqlite import spelt_for_sqlite

Asked = Mapping[str, tuple[str, tuple[Any, ...]]]
"""Statements by name, each with its values after the part."""


async def sqlite_searches(store: EventStore, asked: Asked, subtests: pytest.Subtests) -> None:
    """Fail for each statement that scans a table."""
    async with store.reading() as session:
        for name, (statement, values) in asked.items():
            explained = f"EXPLAIN QUERY PLAN {spelt_for_sqlite(statement)}"
            rows = await session.fetch(explained, session.part, *values)
            plan = "\n".join(row[3] for row in rows)
            with subtests.test(name):
                assert "SEARCH" in plan
                assert not re.search(r"SCAN (?!carray)", plan), plan


async def postgresql_searches(store: EventStore, asked: Asked, subtests: pytest.Subtests) -> None:
    """Fail for each statement that reads a table from end to end, or all of an index."""
    async with store.writing() as session:
        part = session.part
        # Else it depends on the moment whether PostgreSQL has counted the tables of its own accord.
        await session.execute("ANALYZE")
    for name, (statement, values) in asked.items():
        plan = await postgresql_plan(store, statement, part, *values, as_if_large=True)
        with subtests.test(name):
            assert "Index Cond" in plan, plan
            assert "Seq Scan" not in plan, plan
            assert not reads_all_of_an_index(plan), plan


async def postgresql_plan(
    store: EventStore, statement: str, *values: object, as_if_large: bool = False
) -> str:
    """
    Return how the store has PostgreSQL go about a statement: in the same way for any values.

    Of a small table all rows are read as fast as some. Where it is looked at as if it were large,
    each of them costs as much as many of a large one's would.
    """
    given = ", ".join(_literal(value) for value in values)
    async with store.writing() as session:
        if as_if_large:
            await session.execute("SET LOCAL cpu_index_tuple_cost = 100")
        await session.execute(f"PREPARE asked AS {statement}")
        rows = await session.fetch(f"EXPLAIN EXECUTE asked({given})")
        await session.execute("DEALLOCATE asked")
    return "\n".join(row[0] for row in rows)


def reads_all_of_an_index(plan: str) -> bool:
    """Whether an index is entered by the part alone, which all rows share."""
    # Years in which nothing was recorded are empty: every way into them is the same.
    plan = re.sub(r"_20(?!26)\d\d .*\n +Index Cond: \(part = \$?\d+\)", "", plan)
    # Of buckets there are few, and all of them are looked into. A part has one head.
    few = r"(tag_bucket_key on tag_bucket b|log_head_key on log_head)"
    plan = re.sub(few + r".*\n +Index Cond: \(part = \$?\d+\)", "", plan)
    return re.search(r"Index Cond: \(part = \$?\d+\)\n", f"{plan}\n") is not None


def _literal(value: object) -> str:
    """Return a value as SQL has it, of whatever type it is meant to be."""
    match value:
        case None:
            return "NULL"
        case bytes():
            text = f"\\x{value.hex()}"
        case list() | tuple() | set():
            text = "{" + ",".join(json.dumps(str(item), ensure_ascii=False) for item in value) + "}"
        case _:
            text = str(value)
    return "'" + text.replace("'", "''") + "'"

"""Whether statements find their rows by an index, as the databases themselves explain them."""

from __future__ import annotations

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
    for name, (statement, values) in asked.items():
        async with store.writing() as session:
            await session.execute("SET LOCAL enable_seqscan = off")
            await session.execute("SET LOCAL cpu_index_tuple_cost = 1")
            rows = await session.fetch(f"EXPLAIN {statement}", session.part, *values)
        plan = "\n".join(row[0] for row in rows)
        # Years in which nothing was recorded are empty: every way into them is the same.
        plan = re.sub(r"_20(?!26)\d\d .*\n +Index Cond: \(part = \d+\)", "", plan)
        plan = re.sub(r"tag_bucket_key on tag_bucket b.*\n +Index Cond: \(part = \d+\)", "", plan)
        with subtests.test(name):
            assert "Index Cond" in plan, plan
            assert "Seq Scan" not in plan, plan
            assert not re.search(r"Index Cond: \(part = \d+\)\n", f"{plan}\n"), plan

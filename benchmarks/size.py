"""
What is on the disk of each thing that an event names, in all and by table, its indexes included.

The baseline is the documents as they were sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from benchmarks.amounts import Amounts
from benchmarks.documents import document_of, names_in, rendered
from benchmarks.figures import Figure
from benchmarks.places import Place, take
from epcis_repo.demo import generate_small_documents
from epcis_repo.model import Document
from epcis_repo.store import EventStore

# By dialect: every table of ours with its indexes, and the database.
_TABLES = {
    "sqlite": """
        SELECT s.tbl_name, sum(d.pgsize) FROM dbstat d JOIN sqlite_schema s ON s.name = d.name
        GROUP BY s.tbl_name
    """,
    "postgresql": """
        SELECT relname, pg_total_relation_size(oid) FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    """,
}
_DATABASE = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
    "postgresql": "SELECT pg_database_size(current_database())",
}
WHOLE = "whole database"
REST = "the rest"
# A table with less of the whole than this is part of the rest.
_SHARE_MIN = 0.01


async def measure(place: Place, amounts: Amounts) -> list[Figure]:
    """Return the bytes for each EPC row, after a lot and after documents of one event."""
    small = list(generate_small_documents(seed=1, count=amounts.small))
    figures = []
    for what, documents in (
        (f"{max(amounts.events):,} events a document", [document_of(max(amounts.events), seed=1)]),
        ("one event a document", small),
    ):
        figures += await _figures(place, what, documents)
    return figures


async def _figures(place: Place, what: str, documents: Sequence[Document]) -> list[Figure]:
    rows = sum(map(names_in, documents))
    events = sum(len(document.events or ()) for document in documents)
    sent = 0
    async with place.opened() as store:
        before = await sizes(store)
        for document in documents:
            body = rendered(document)
            sent += len(body)
            await take(store, body)
        grown = await sizes(store)
    grown.subtract(before)
    whole = grown.pop(WHOLE)
    large = {table: size for table, size in grown.items() if size >= _SHARE_MIN * whole}
    rest = {REST: whole - sum(large.values())}
    by_size = dict(sorted(large.items(), key=lambda item: -item[1]))
    return [
        Figure(
            store=place.name,
            what=f"size, {what}: {table}",
            ours=size / rows,
            raw=sent / rows,
            unit="B/EPC row",
            note=f"{size / events:,.0f} B/event",
        )
        for table, size in ({WHOLE: whole} | by_size | rest).items()
    ]


async def sizes(store: EventStore) -> Counter[str]:
    """Return the bytes of each table with its indexes, and those of the whole database."""
    async with store.reading() as session:
        tables = await session.fetch(_TABLES[session.dialect])
        [(whole,)] = await session.fetch(_DATABASE[session.dialect])
    return Counter({table: int(size) for table, size in tables} | {WHOLE: int(whole)})

"""
The event store: an append-only log, in the terms of a dynamic consistency boundary.

An event has a type and tags; a query asks for types and tags; an append may carry the condition
that no event which matches a query has been recorded. `contract.py` says what a store promises,
`log.py` what the log does, `buckets.py` where tags go and `merging.py` how few buckets become of
many, `documents.py` what is kept beside it, `sequencer.py` who writes when, `distress.py` when
nobody does; `schema.py` and `migrations.py` bring tables to their version, `durability.py` says
whether a database keeps what it has acknowledged; `sqlite.py` and `postgres.py` run the statements
and do not know each other; `partitions.py` keeps years apart on PostgreSQL, `archived.py` knows
which are away; `open_store` chooses by address. Knows nothing of EPCIS.
"""

from epcis_repo.store.contract import (
    AppendCondition,
    EventData,
    EventStore,
    Query,
    QueryItem,
    Reading,
    RecordedEvent,
    Work,
    Writing,
)
from epcis_repo.store.opening import open_store
from epcis_repo.store.schema import Schema, load_schema
from epcis_repo.store.statements import load_statements

__all__ = [
    "AppendCondition",
    "EventData",
    "EventStore",
    "Query",
    "QueryItem",
    "Reading",
    "RecordedEvent",
    "Schema",
    "Work",
    "Writing",
    "load_schema",
    "load_statements",
    "open_store",
]

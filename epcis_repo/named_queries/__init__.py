"""
Named queries (EPCIS 2.0, §12.8): created with their parameters, listed, got and deleted by name.

A named query is a decision with a lifecycle: `events.py` is what is recorded of it, `rules.py`
decides, pure, and `operations.py` has the decisions made and read on the log. There is no read
model: names are few, and their decisions are found by tag.
"""

from epcis_repo.named_queries.errors import QueryNameTakenError, QueryValidationError
from epcis_repo.named_queries.operations import (
    create_query,
    delete_query,
    named_queries,
    named_query,
)
from epcis_repo.named_queries.rules import NamedQuery, definition

__all__ = [
    "NamedQuery",
    "QueryNameTakenError",
    "QueryValidationError",
    "create_query",
    "definition",
    "delete_query",
    "named_queries",
    "named_query",
]

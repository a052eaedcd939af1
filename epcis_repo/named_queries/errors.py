"""
What can be wrong with a named query, besides its parameters and that there is none.

    EpcisError
    ├── InputError
    │   └── QueryValidationError    what was sent is no definition of a query
    └── QueryNameTakenError         another query has the name
"""

from __future__ import annotations

from epcis_repo.errors import EpcisError, InputError


class QueryValidationError(InputError):
    """What was sent is not a name and a query."""


class QueryNameTakenError(EpcisError):
    """A query of that name is there already."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"there is a query named {name!r} already; a query never changes: delete it and "
            "create the new one, or give another name"
        )
        self.name = name

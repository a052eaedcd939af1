"""What is recorded of named queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from epcis_repo.recorders.decisions import Decision


@dataclass(frozen=True)
class NamedQueryCreated(Decision):
    """A query got a name; `query` is the JSON object of its parameters, as it was given."""

    name: str
    query: dict[str, Any]


@dataclass(frozen=True)
class NamedQueryDeleted(Decision):
    """A query lost its name, which is free again."""

    name: str


def tag_of(name: str) -> str:
    """Return what the decisions on a name are found by."""
    # No URI has a blank in it, so no partner's identifier can be taken for this tag.
    return f"query {name}"

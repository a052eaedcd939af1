"""What may become of a named query. Pure: decisions in, decisions out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from epcis_repo.bindings.json_loader import load_json
from epcis_repo.errors import NotFoundError, QueryParameterError, ValidationError
from epcis_repo.named_queries.errors import QueryNameTakenError, QueryValidationError
from epcis_repo.named_queries.events import NamedQueryCreated, NamedQueryDeleted, tag_of
from epcis_repo.query import EventQuery, parse_json_query
from epcis_repo.recorders.decisions import Decision, Selector, Slice, event

# EPCIS 2.0, §8.2.7: these are there from the beginning, and stay.
PREDEFINED = ("SimpleEventQuery", "SimpleMasterDataQuery")

_NAME_LENGTH_MAX = 200
NAME_EXPECTED = (
    f"1 to {_NAME_LENGTH_MAX} printable characters, no slash, no blank at either end, not only dots"
)


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A query and its name; `query` is the JSON object of its parameters, as it was given."""

    name: str
    query: Mapping[str, Any]

    def value(self) -> dict[str, Any]:
        """Return it as EPCIS 2.0, §12.8 has it."""
        return {"name": self.name, "query": self.query}

    def event_query(self, page: Iterable[tuple[str, str]] = ()) -> EventQuery:
        """Return what it asks; `page` says, as in a URL, which page of the answer is meant."""
        return parse_json_query(self.query, page)


def is_name(text: str) -> bool:
    """Whether a query may have the name: it is a segment of a path."""
    return (
        len(text) <= _NAME_LENGTH_MAX
        and text.isprintable()
        and "/" not in text
        and text == text.strip()
        and text.strip(".") != ""
    )


def definition(body: bytes) -> NamedQuery:
    """
    Return the query that a JSON object defines, before `check`.

    Raises `QueryValidationError` for what is not a name and an object.
    """
    try:
        value = load_json(body)
        plain = json.loads(body, parse_float=_double)
    except (ValidationError, ValueError) as error:
        raise QueryValidationError(f"a query is a JSON object: {error}") from None
    match value:
        case {"name": str(), "query": dict(), **others} if not others:
            return NamedQuery(plain["name"], plain["query"])
    raise QueryValidationError(
        'a query is defined by {"name": …, "query": …}, a text and the object of its parameters, '
        "and nothing else"
    )


def _double(text: str) -> float:
    # A decision is kept as plain JSON, whose numbers the next reader may take for doubles.
    number = float(text)
    if Decimal(repr(number)) != Decimal(text):
        raise ValueError(f"{text[:80]} is a number with more digits than a double has")
    return number


def check(named: NamedQuery) -> None:
    """Raise `QueryParameterError` for a name that no path can have, or parameters of no query."""
    if not is_name(named.name):
        raise QueryParameterError("name", expected=NAME_EXPECTED, found=named.name)
    named.event_query()


def standing(decisions: Iterable[Decision]) -> dict[str, NamedQuery]:
    """Return the queries that there are after these decisions, by name."""
    found: dict[str, NamedQuery] = {}
    for decision in decisions:
        match decision:
            case NamedQueryCreated(name=name, query=query):
                found[name] = NamedQuery(name, query)
            case NamedQueryDeleted(name=name):
                del found[name]
    return found


def about(*names: str) -> list[Selector]:
    """Return what selects the decisions on these names, and where none is given, on all."""
    types = (NamedQueryCreated, NamedQueryDeleted)
    return [Selector(types, (tag_of(name),)) for name in names] or [Selector(types)]


class CreateQuery(Slice[Decision]):
    """Gives a name to a query, unless another query has it."""

    def __init__(self, named: NamedQuery) -> None:
        """`named` was checked."""
        self.named = named
        self.taken = named.name in PREDEFINED

    def consistency_boundary(self) -> list[Selector]:
        """See `Perspective.consistency_boundary`."""
        return about(self.named.name)

    @event(NamedQueryCreated)
    def _(self) -> None:
        self.taken = True

    @event(NamedQueryDeleted)
    def _(self) -> None:
        self.taken = False

    def execute(self) -> None:
        """Decide; `QueryNameTakenError` when it cannot be."""
        name, query = self.named.name, dict(self.named.query)
        if self.taken:
            raise QueryNameTakenError(name)
        self.trigger_event(NamedQueryCreated, (tag_of(name),), name=name, query=query)


class DeleteQuery(Slice[Decision]):
    """Takes the name of a query away."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.there = False

    def consistency_boundary(self) -> list[Selector]:
        """See `Perspective.consistency_boundary`."""
        return about(self.name)

    @event(NamedQueryCreated)
    def _(self) -> None:
        self.there = True

    @event(NamedQueryDeleted)
    def _(self) -> None:
        self.there = False

    def execute(self) -> None:
        """Decide; `NotFoundError` when there is no such query."""
        if not self.there:
            raise no_query(self.name)
        self.trigger_event(NamedQueryDeleted, (tag_of(self.name),), name=self.name)


def no_query(name: str) -> NotFoundError:
    """Return what is raised for a name that no query has."""
    return NotFoundError(f"there is no query named {name!r}")

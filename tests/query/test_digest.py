"""The whole query language: of each of its names what it finds and what not, against the oracle."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from epcis_repo.bindings import parse_document
from epcis_repo.bindings.jsonld import render_event
from epcis_repo.errors import QueryParameterError
from epcis_repo.operations.capture import capture
from epcis_repo.query import PARAMETERS, EventQuery, parse_json_query, parse_query
from epcis_repo.store import EventStore
from tests.operations.reports import JSON_LD, NOW
from tests.query.asking import PREFIXES, found, posted, record
from tests.query.digest import (
    BY_MASTER_DATA,
    CASES,
    CHILDREN,
    CITY,
    DESCRIBED,
    EVENTS,
    NAMES,
    master_data_holds,
)
from tests.query.oracle import answer
from tests.rest.documents import CONTEXT

ALL = "".join(EVENTS)
RECORDED = [
    {**said, "eventID": f"urn:x:{letter}", "recordTime": "2026-06-01T00:00:00Z"}
    for letter, said in EVENTS.items()
]


def family_of(name: str) -> str:
    """The name of a parameter as `NAMES` has it: without what is somebody's own."""
    for namespace in ("ex:", "https://ns.example."):
        before, found_it, _ = name.partition(namespace)
        if found_it and "ATTR_" not in before:
            return before
    return name


def document(events: list[dict[str, Any]], **header: Any) -> bytes:
    return json.dumps(
        {
            "@context": [CONTEXT, PREFIXES],
            "type": "EPCISDocument",
            "schemaVersion": "2.0",
            "creationDate": "2026-01-01T00:00:00Z",
            **header,
            "epcisBody": {"eventList": events},
        }
    ).encode()


def described() -> bytes:
    """A document that says of all that the full event names where it is."""
    elements = [
        {
            "id": thing,
            "attributes": [{"id": CITY, "attribute": "Bonn"}],
            **({"children": CHILDREN[thing]} if thing in CHILDREN else {}),
        }
        for thing in DESCRIBED
    ]
    vocabulary = {"type": "urn:example:vtype", "vocabularyElementList": elements}
    return document([], epcisHeader={"epcisMasterData": {"vocabularyList": [vocabulary]}})


@pytest.fixture
async def four(store: EventStore) -> EventStore:
    """A store with the events of the digest, and what is said of what they name."""
    await capture(store, described(), JSON_LD, now=NOW)
    # As they are, with fields of others wherever the language looks for them.
    read = parse_document(document(RECORDED), JSON_LD)
    await record(store, [(e, render_event(e, read.namespaces)) for e in read.events or ()])
    return store


async def letters(store: EventStore, query: Any) -> str:
    return "".join((event.event_id or "")[-1] for event in await found(store, query))


class TestEveryName:
    @pytest.mark.parametrize("name", NAMES)
    def test_finds_something_and_leaves_something_out(self, name: str) -> None:
        """
        Each parameter of the language has a case that finds, and one that does not.
        """
        found_by = [expected for asked, _, expected in CASES if family_of(asked) == name]
        found_by += [expected for asked, _, expected in BY_MASTER_DATA if asked == name]

        assert any(found_by), "no case finds anything"
        assert any(len(expected) < len(ALL) for expected in found_by), "each finds everything"

    def test_is_in_the_list(self) -> None:
        """
        What is understood has a row here, so that whoever adds a parameter writes cases for it.
        """
        assert set(PARAMETERS) <= set(NAMES)

    @pytest.mark.parametrize("name", NAMES)
    def test_is_understood(self, name: str) -> None:
        """
        No name of the language is refused as one that nobody knows, whatever its value.
        """
        whole = f"{name}ex:field" if name.endswith("_") else name

        query = parse_json_query({"@context": [PREFIXES], whole: _some_value(whole)})

        assert [predicate.parameter for predicate in query.predicates] == [whole]

    @pytest.mark.parametrize("name", NAMES)
    def test_refuses_what_is_of_no_type_that_it_has(self, name: str) -> None:
        """
        A value that the parameter cannot have is refused by its name, with what was expected.
        """
        whole = f"{name}ex:field" if name.endswith("_") else name
        values: list[Any] = [{"a": 1}, [["a"]], [{}]]
        for value in values:
            with pytest.raises(QueryParameterError) as refused:
                parse_json_query({"@context": [PREFIXES], whole: value})
            assert refused.value.parameter == whole
            assert refused.value.expected

    @pytest.mark.parametrize("name", [n for n in NAMES if n.lower().endswith("time")])
    @pytest.mark.parametrize(
        "value",
        ["2026-01-15T00:00:00", "2026-01-15", "2026-01-15T00:00:00+25:00", "now", "5", "a|b"],
    )
    def test_of_a_time_wants_a_zone(self, name: str, value: str) -> None:
        """
        A time without a zone, or none at all, is refused, posted and in a URL.
        """
        asked: list[Callable[[], EventQuery]] = [
            lambda: parse_query([(name, value)]),
            lambda: parse_json_query({name: value}),
        ]
        for ask in asked:
            with pytest.raises(QueryParameterError, match="zone") as refused:
                ask()
            assert refused.value.parameter == name


def _some_value(name: str) -> Any:
    values: dict[str, list[Any]] = defaultdict(list)
    for asked, value, expected in (*CASES, *BY_MASTER_DATA):
        if expected and value is not False:
            values[family_of(asked)].append(value)
    return values[family_of(name)][0]


async def test_finds_what_it_names(four: EventStore, subtests: pytest.Subtests) -> None:
    """
    Posted or in a URL, each case finds the events that have what it asks for, and no other.
    """
    for name, value, expected in (*CASES, *BY_MASTER_DATA):
        with subtests.test(f"{name} {json.dumps(value)}"):
            assert await letters(four, posted(**{name: value})) == expected
            in_url = parse_query([(name, _in_url(value))], prefixes=PREFIXES)
            assert await letters(four, in_url) == expected


def _in_url(value: Any) -> str:
    if isinstance(value, list):
        return "|".join(map(_in_url, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_the_oracle_finds_the_same(subtests: pytest.Subtests) -> None:
    """
    The slow evaluation of each case, which knows nothing of the tables of ours, agrees.
    """
    for name, value, expected in CASES:
        with subtests.test(f"{name} {json.dumps(value)}"):
            places = answer(RECORDED, {name: value}, PREFIXES, within=CHILDREN)
            assert "".join(ALL[place] for place in places) == expected


def test_a_look_at_master_data_finds_the_same(subtests: pytest.Subtests) -> None:
    """
    So does a look at what is said of each thing that an event names.
    """
    for name, value, expected in BY_MASTER_DATA:
        with subtests.test(f"{name} {json.dumps(value)}"):
            holds = [master_data_holds(event, name, value) for event in RECORDED]
            assert "".join(x for x, it in zip(ALL, holds, strict=True) if it) == expected

"""Which queries may have a name, and which names they may have."""

from __future__ import annotations

from typing import Any

import pytest

from epcis_repo.errors import QueryParameterError
from epcis_repo.named_queries.rules import NamedQuery, check
from epcis_repo.query import parse_query

EPC = "urn:epc:id:sgtin:030001.0012345.A1"


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        pytest.param({}, [], id="everything"),
        pytest.param({"EQ_bizStep": ["shipping"]}, [("EQ_bizStep", "shipping")], id="a list"),
        pytest.param({"EQ_bizStep": "shipping"}, [("EQ_bizStep", "shipping")], id="one of a list"),
        pytest.param(
            {"EQ_action": ["ADD", "DELETE"], "MATCH_anyEPC": [EPC]},
            [("EQ_action", "ADD|DELETE"), ("MATCH_anyEPC", EPC)],
            id="two parameters",
        ),
        pytest.param(
            {"GE_eventTime": "2026-01-31T12:00:00+01:00"},
            [("GE_eventTime", "2026-01-31T12:00:00+01:00")],
            id="a time",
        ),
        pytest.param(
            {"GE_value_CEL": 2.5, "EQ_quantity": [3, 4.0], "maxEventCount": 7},
            [("GE_value_CEL", "2.5"), ("EQ_quantity", "3|4"), ("maxEventCount", "7")],
            id="numbers",
        ),
        pytest.param({"EXISTS_errorDeclaration": 1}, [("EXISTS_errorDeclaration", "true")]),
        pytest.param({"EXISTS_errorDeclaration": None}, [("EXISTS_errorDeclaration", "")]),
        pytest.param({"EQ_action": []}, [], id="none of nothing"),
    ],
)
def test_a_query_has_the_parameters_of_a_url(
    query: dict[str, Any], parameters: list[tuple[str, str]]
) -> None:
    """
    What JSON says in a body is what a URL says in its query.
    """
    named = NamedQuery("a", query)

    check(named)

    assert named.event_query() == parse_query(parameters)


def test_a_query_declares_its_prefixes() -> None:
    """
    The `@context` of a query says what the prefixes in the names of its parameters mean.
    """
    context = ["https://ref.gs1.org/standards/epcis/epcis-context.jsonld", {"ex": "urn:x:"}]
    named = NamedQuery("a", {"@context": context, "EXISTS_ex:grade": 1})

    assert named.event_query() == parse_query(
        [("EXISTS_ex:grade", "true")], prefixes={"ex": "urn:x:"}
    )


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        pytest.param({"EQ_bizStpe": ["shipping"]}, "EQ_bizStpe", id="an unknown parameter"),
        pytest.param({"GE_eventTime": "yesterday"}, "GE_eventTime", id="no time"),
        pytest.param({"GE_eventTime": 5}, "GE_eventTime", id="a number for a time"),
        pytest.param({"EQ_action": ["ADD", "EAT"]}, "EQ_action", id="no action"),
        pytest.param({"EXISTS_ex:grade": 1}, "EXISTS_ex:grade", id="an unknown prefix"),
        pytest.param({"EQ_quantity": ["3"]}, "EQ_quantity", id="a text for a number"),
        pytest.param({"EQ_action": ["ADD|DELETE"]}, "EQ_action", id="a list within a text"),
        pytest.param({"EQ_action": None}, "EQ_action", id="null"),
        pytest.param({"EQ_action": {"is": "ADD"}}, "EQ_action", id="an object"),
        pytest.param({"EQ_action": [["ADD"]]}, "EQ_action", id="a list in a list"),
        pytest.param({"EQ_eventID": [float("nan")]}, "EQ_eventID", id="no number"),
        pytest.param({"MATCH_anyEPC": ["urn:epc:id:sgtin:1"]}, "MATCH_anyEPC", id="no EPC"),
        pytest.param({"perPage": 5}, "perPage", id="the length of a page"),
        pytest.param({"nextPageToken": "x"}, "nextPageToken", id="a page"),
    ],
)
def test_what_cannot_be_asked_gets_no_name(query: dict[str, Any], parameter: str) -> None:
    """
    A query is checked when it is created, and refused with the parameter's name.
    """
    with pytest.raises(QueryParameterError) as caught:
        check(NamedQuery("a", query))

    assert caught.value.parameter == parameter


@pytest.mark.parametrize("name", ["a", "Shipped this week", "é…", "v1.2", "x" * 200, "simple"])
def test_a_name_may_be(name: str) -> None:
    """
    Whatever can stand in a path may be a name.
    """
    check(NamedQuery(name, {}))


@pytest.mark.parametrize(
    "name",
    ["", " ", " a", "a ", "a/b", ".", "..", "x" * 201, "a\nb", "a\x00", "\ud800"],
)
def test_a_name_may_not_be(name: str) -> None:
    """
    What no path has as it is, or no database takes, is refused as a name.
    """
    with pytest.raises(QueryParameterError, match=r"^name: "):
        check(NamedQuery(name, {}))

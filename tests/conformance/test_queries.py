"""What the conformance document asks of queries (branch 2), over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from epcis_repo.query import PARAMETERS
from tests.conformance.rows import holds
from tests.rest.documents import CASE, JSON, PALLET, UNIT, document, event, packing
from tests.rest.serving import captured, events_of, problem, serving

GLN = "urn:epc:id:sgln:0300010.00001.0"
LOT = "urn:epc:class:lgtin:030001.0012345.A1"
OTHER_LOT = "urn:epc:class:lgtin:030001.0012345.B1"
BIG_LOT = "urn:epc:class:lgtin:030001.0099999.A1"
# By eventID: `urn:x:` and the letter.
EVENTS = {
    "a": event(1, bizStep="shipping", readPoint={"id": GLN}, **{"ex:order": 3}),
    "b": event(2, action="ADD", bizStep="commissioning", **{"ex:order": 1}),
    "c": packing(PALLET.format(1), CASE.format(1), UNIT.format(3), **{"ex:order": 2}),
    "d": {
        "type": "TransformationEvent",
        "eventTime": "2026-03-01T00:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "inputEPCList": [UNIT.format(4)],
        "inputQuantityList": [{"epcClass": LOT, "quantity": 2}],
        "outputEPCList": [UNIT.format(5)],
        "outputQuantityList": [{"epcClass": BIG_LOT, "quantity": 2}],
    },
    "e": event(6, epcList=None, quantityList=[{"epcClass": OTHER_LOT, "quantity": 3}]),
}
ALL = "".join(EVENTS)
CUSTOM = {"GS1-Extensions": "ex=https://ex.com/"}


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A repository with five events, and a query that has a name."""
    with serving(f"sqlite:///{tmp_path_factory.mktemp('five') / 'epcis.db'}") as client:
        named = [value | {"eventID": f"urn:x:{letter}"} for letter, value in EVENTS.items()]
        body = document(*named).replace(b'jsonld"]', b'jsonld", {"ex": "https://ex.com/"}]')
        captured(client, body)
        define(client, "all", {})
        yield client


def define(client: TestClient, name: str, query: dict[str, Any]) -> None:
    answer = client.post("/epcis/queries", json={"name": name, "query": query})
    assert answer.status_code == 201, answer.text


def found(
    client: TestClient, *asked: tuple[str, str], headers: dict[str, str] | None = None
) -> str:
    """The letters of the events that a query finds, in their order."""
    answer = client.get("/epcis/events", params=list(asked), headers=headers)
    return "".join(value["eventID"].removeprefix("urn:x:") for value in events_of(answer))


def refused(client: TestClient, query: str) -> None:
    problem(client.get(f"/epcis/events?{query}"), 400, "QueryParameterException")


class TestVersions:
    @holds("M21", "M22")
    def test_are_told(self, five: TestClient) -> None:
        """
        Whoever asks for the options learns which version of the standard this is, and of ours.
        """
        headers = five.options("/epcis").headers

        assert headers["GS1-EPCIS-Version"] == "2.0.0"
        assert headers["GS1-EPCIS-Min"] <= "1.1" < headers["GS1-EPCIS-Max"]
        assert headers["GS1-Vendor-Version"]


class TestParameters:
    @holds("M19", "M37")
    @pytest.mark.parametrize("name", PARAMETERS)
    def test_are_all_understood(self, five: TestClient, name: str) -> None:
        """
        No parameter of SimpleEventQuery is unknown: what is refused is refused for its value.
        """
        answer = five.get("/epcis/events", params={name: "\x7f"})

        if answer.status_code != 200:
            detail = problem(answer, 400, "QueryParameterException")["detail"]
            assert detail.startswith(f"{name}:")
            assert "a parameter of SimpleEventQuery" not in detail

    @holds("M37")
    def test_may_be_polled_by_name(self, five: TestClient) -> None:
        """
        A query that has a name gives what its parameters give.
        """
        define(five, "polled", {"EQ_bizStep": ["shipping"]})

        [value] = events_of(five.get("/epcis/queries/polled/events"))

        assert value["eventID"] == "urn:x:a"

    @holds("M23", "M67")
    @pytest.mark.parametrize("name", ["EQ_bizStep", "GE_eventTime", "MATCH_epc", "eventType"])
    def test_that_are_empty_are_absent(self, five: TestClient, name: str) -> None:
        """
        An empty value asks for nothing.
        """
        assert found(five, (name, "")) == ALL
        assert found(five, (name, ""), ("EQ_action", "ADD")) == "bc"

    @holds("M25")
    def test_that_nobody_knows_are_refused(self, five: TestClient) -> None:
        """
        In a URL, and in a query that is to have a name.
        """
        refused(five, "EQ_bizStpe=shipping")
        answer = five.post("/epcis/queries", json={"name": "x", "query": {"EQ_bizStpe": ["a"]}})
        problem(answer, 400, "QueryParameterException")

    @holds("M26")
    def test_that_come_twice_are_refused(self, five: TestClient) -> None:
        """
        Of two values there is no telling which is meant.
        """
        refused(five, "EQ_action=ADD&EQ_action=OBSERVE")

    @holds("M27", "M65")
    @pytest.mark.parametrize(
        "query",
        [
            "EQ_action=ADD|LOOK",
            "eventType=Surprise",
            "GE_eventTime=yesterday",
            "GE_eventTime=2026-13-01T00:00:00Z",
            "MATCH_epc=nonsense",
            "orderBy=eventTime&eventCountLimit=x",
            "orderBy=eventTime&eventCountLimit=0",
            "maxEventCount=-1",
            "GE_quantity=many",
        ],
    )
    def test_of_another_type_are_refused(self, five: TestClient, query: str) -> None:
        """
        A value that the parameter cannot have is told by its name.
        """
        refused(five, query)

    @holds("M39")
    def test_of_actions_are_three(self, five: TestClient) -> None:
        """
        ADD, OBSERVE and DELETE, and no other.
        """
        assert found(five, ("EQ_action", "ADD|OBSERVE")) == "abce"
        refused(five, "EQ_action=FOO")

    @holds("M66")
    def test_of_times_have_a_zone(self, five: TestClient) -> None:
        """
        A time without one is refused, for every parameter that is a time.
        """
        for name in ("GE_eventTime", "LT_eventTime", "GE_recordTime", "LT_recordTime"):
            refused(five, f"{name}=2026-01-01T00:00:00")
        assert found(five, ("GE_eventTime", "2026-02-28T19:00:00-05:00")) == "d"


class TestOrder:
    @holds("M40")
    @pytest.mark.parametrize(
        ("by", "expected"),
        [("eventTime", "debca"), ("recordTime", "edcba"), ("ex:order", "acb")],
    )
    def test_is_by_time_or_by_a_field(self, five: TestClient, by: str, expected: str) -> None:
        """
        By either time, or by an extension; what has none of it comes last.
        """
        letters = found(five, ("orderBy", by), headers=CUSTOM)

        assert letters.startswith(expected)
        assert sorted(letters) == sorted(ALL)

    @holds("M40")
    def test_is_by_nothing_else(self, five: TestClient) -> None:
        """
        A field of the standard's is no order.
        """
        refused(five, "orderBy=bizStep")

    @holds("M41")
    def test_goes_one_way_or_the_other(self, five: TestClient) -> None:
        """
        Ascending or descending.
        """
        up, down = (
            found(five, ("orderBy", "eventTime"), ("orderDirection", way))
            for way in ("ASC", "DESC")
        )

        assert up == down[::-1] == "acbed"
        refused(five, "orderBy=eventTime&orderDirection=UP")


class TestLimits:
    @holds("M42", "M43")
    def test_exclude_each_other(self, five: TestClient) -> None:
        """
        Who wants the first of them says in which order, and does not refuse the others.
        """
        assert found(five, ("orderBy", "eventTime"), ("eventCountLimit", "2")) == "de"
        refused(five, "eventCountLimit=2")
        refused(five, "orderBy=eventTime&eventCountLimit=2&maxEventCount=2")

    @holds("M44")
    def test_refuse_what_is_too_much(self, five: TestClient) -> None:
        """
        As many as are allowed are answered, and one more is too large an answer.
        """
        answer = five.get("/epcis/events?maxEventCount=4")

        problem(answer, 413, "QueryTooLargeException")
        assert found(five, ("maxEventCount", "5")) == ALL


class TestAnswers:
    @holds("M33", "M35")
    def test_bear_the_name_of_their_query(self, five: TestClient) -> None:
        """
        What is polled says which query it answers, and no subscription.
        """
        for path, name in (
            ("/epcis/queries/all/events", "all"),
            ("/epcis/events", "SimpleEventQuery"),
        ):
            results = five.get(path).json()["epcisBody"]["queryResults"]
            assert results["queryName"] == name
            assert "subscriptionID" not in results


class TestMatch:
    @holds("M117")
    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            ("MATCH_epc", UNIT.format(1), "a"),
            ("MATCH_epc", f"{UNIT.format(1)}|{UNIT.format(2)}", "ab"),
            ("MATCH_epc", "urn:epc:idpat:sgtin:030001.0012345.*", "abc"),
            ("MATCH_epc", "urn:epc:idpat:sgtin:030001.*.*", "abc"),
            ("MATCH_epc", UNIT.format(4), ""),
            ("MATCH_parentID", PALLET.format(1), "c"),
            ("MATCH_parentID", "urn:epc:idpat:sscc:030001.*", "c"),
            ("MATCH_inputEPC", UNIT.format(4), "d"),
            ("MATCH_inputEPC", UNIT.format(5), ""),
            ("MATCH_outputEPC", UNIT.format(5), "d"),
            ("MATCH_anyEPC", UNIT.format(5), "d"),
            ("MATCH_anyEPC", PALLET.format(1), "c"),
            ("MATCH_anyEPC", "urn:epc:idpat:sgtin:030001.0012345.*", "abcd"),
        ],
    )
    def test_of_things_is_by_list_and_pattern(
        self, five: TestClient, name: str, value: str, expected: str
    ) -> None:
        """
        A list of EPCs and patterns finds every event that names one, in the role asked for.
        """
        assert found(five, (name, value)) == expected

    @holds("M118")
    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            ("MATCH_epcClass", OTHER_LOT, "e"),
            ("MATCH_epcClass", LOT, ""),
            ("MATCH_epcClass", "urn:epc:class:lgtin:030001.0012345.*", "e"),
            ("MATCH_inputEPCClass", LOT, "d"),
            ("MATCH_inputEPCClass", BIG_LOT, ""),
            ("MATCH_outputEPCClass", BIG_LOT, "d"),
            ("MATCH_anyEPCClass", "urn:epc:class:lgtin:030001.0012345.*", "de"),
            ("MATCH_anyEPCClass", "urn:epc:class:lgtin:030001.*.*", "de"),
            ("MATCH_anyEPCClass", "urn:epc:class:lgtin:030001.0012399.*", ""),
        ],
    )
    def test_of_classes_is_by_component(
        self, five: TestClient, name: str, value: str, expected: str
    ) -> None:
        """
        Each component of a pattern is that of the class, or a star.
        """
        assert found(five, (name, value)) == expected


@holds("M6")
@pytest.mark.parametrize(
    "path",
    [
        "/epcis/events",
        "/epcis/events/urn:x:a",
        "/epcis/queries/all/events",
        f"/epcis/epcs/{UNIT.format(1)}/events",
        "/epcis/bizSteps/shipping/events",
        "/epcis/eventTypes/ObjectEvent/events",
        f"/epcis/readPoints/{quote(GLN, safe='')}/events",
    ],
)
def test_every_answer_says_when_it_was_recorded(five: TestClient, path: str) -> None:
    """
    Whichever way an event is asked for, it has its recordTime, in JSON and in XML.
    """
    values = events_of(five.get(path, headers={"Accept": JSON}))

    assert values
    assert all("recordTime" in value for value in values)
    xml = five.get(path, headers={"Accept": "application/xml"}).content
    assert xml.count(b"<recordTime>") == len(values)

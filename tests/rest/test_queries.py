"""Asking for events: every parameter, what is refused, and page after page."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from starlette.testclient import TestClient

from epcis_repo.model.times import parse_timestamp
from tests.conformance.rows import holds
from tests.rest.documents import CASE, PALLET, UNIT, document, event, packing
from tests.rest.serving import captured, events_of, problem, serving

LINK = "https://example.com/01/00300010123455/21/2"
LOT = "urn:epc:class:lgtin:030001.0012345.A123"

# By eventID: `urn:x:` and the letter.
EVENTS = {
    "a": event(1, bizStep="shipping", disposition="in_transit"),
    "b": event(2, action="ADD", bizStep="https://example.com/steps/own", epcList=[LINK]),
    "c": packing(PALLET.format(0), CASE.format(1), UNIT.format(3), disposition="in_progress"),
    "d": {
        "type": "TransformationEvent",
        "eventTime": "2026-03-01T12:00:00.5+02:00",
        "eventTimeZoneOffset": "+02:00",
        "inputEPCList": [UNIT.format(4)],
        "outputEPCList": [UNIT.format(5)],
        "bizStep": "commissioning",
    },
    "e": {
        "type": "TransactionEvent",
        "eventTime": "2026-03-02T00:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "action": "DELETE",
        "bizTransactionList": [{"type": "po", "bizTransaction": "urn:x:po:1"}],
        "parentID": PALLET.format(1),
        "epcList": [UNIT.format(2)],
    },
    "f": event(
        6,
        type="AssociationEvent",
        epcList=None,
        parentID="urn:epc:id:grai:030001.123456.1",
        childEPCs=[UNIT.format(6)],
        eventTime="2026-04-01T00:00:00Z",
    ),
    "g": event(7, epcList=None, quantityList=[{"epcClass": LOT, "quantity": 3}]),
}
ALL = "".join(EVENTS)

# Some parameters with a value, and the events that match; `tests/query` has them all.
FILTERS = [
    ("eventType", "ObjectEvent", "abg"),
    ("eventType", "AggregationEvent|AssociationEvent", "cf"),
    ("eventType", "TransformationEvent", "d"),
    ("GE_eventTime", "2026-03-01T10:00:00.5Z", "def"),
    ("GE_eventTime", "2026-03-01T10:00:00.500001Z", "ef"),
    ("LT_eventTime", "2026-03-01T10:00:00.5Z", "abcg"),
    ("LT_eventTime", "2026-03-01T12:00:00.500001+02:00", "abcdg"),
    ("GE_recordTime", "2020-01-01T00:00:00Z", ALL),
    ("GE_recordTime", "2999-01-01T00:00:00Z", ""),
    ("LT_recordTime", "2020-01-01T00:00:00Z", ""),
    ("LT_recordTime", "2999-01-01T00:00:00Z", ALL),
    ("EQ_action", "ADD", "bc"),
    ("EQ_action", "DELETE|OBSERVE", "aefg"),
    ("EQ_bizStep", "shipping", "a"),
    ("EQ_bizStep", "urn:epcglobal:cbv:bizstep:shipping", "a"),
    ("EQ_bizStep", "https://ref.gs1.org/cbv/BizStep-shipping", "a"),
    ("EQ_bizStep", "shipping|commissioning", "ad"),
    ("EQ_bizStep", "https://example.com/steps/own", "b"),
    ("EQ_bizStep", "receiving", ""),
    ("EQ_bizStep", "SHIPPING", ""),
    ("EQ_disposition", "in_transit", "a"),
    ("EQ_disposition", "urn:epcglobal:cbv:disp:in_progress|in_transit", "ac"),
    ("EQ_disposition", "https://ref.gs1.org/cbv/Disp-in_transit", "a"),
    ("EQ_disposition", "recalled", ""),
    ("EQ_eventID", "urn:x:a", "a"),
    ("EQ_eventID", "urn:x:a|urn:x:g|urn:x:z", "ag"),
    ("EQ_eventID", "urn:x:z", ""),
    ("MATCH_anyEPC", UNIT.format(1), "a"),
    ("MATCH_anyEPC", UNIT.format(2), "be"),
    ("MATCH_anyEPC", "https://id.gs1.org/01/00300010123455/21/2", "be"),
    ("MATCH_anyEPC", LINK, "be"),
    ("MATCH_anyEPC", f"{UNIT.format(1)}|{LINK}", "abe"),
    ("MATCH_anyEPC", UNIT.format(3), "c"),
    ("MATCH_anyEPC", PALLET.format(0), "c"),
    ("MATCH_anyEPC", PALLET.format(1), "e"),
    ("MATCH_anyEPC", UNIT.format(4), "d"),
    ("MATCH_anyEPC", UNIT.format(5), "d"),
    ("MATCH_anyEPC", "urn:epc:id:grai:030001.123456.1", "f"),
    ("MATCH_anyEPC", "urn:epc:idpat:sgtin:030001.0012345.*", "abcdef"),
    ("MATCH_anyEPC", "urn:epc:idpat:sgtin:030001.1012345.*", "c"),
    ("MATCH_anyEPC", f"urn:epc:idpat:sgtin:030001.1012345.*|{UNIT.format(1)}", "ac"),
    ("MATCH_anyEPC", UNIT.format(99), ""),
]


@pytest.fixture(scope="module")
def seven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serving(f"sqlite:///{tmp_path_factory.mktemp('seven') / 'epcis.db'}") as client:
        capture_seven(client)
        yield client


def capture_seven(client: TestClient) -> None:
    captured(client, document(*(e | {"eventID": f"urn:x:{name}"} for name, e in EVENTS.items())))


def letters(client: TestClient, *parameters: tuple[str, str]) -> str:
    answer = client.get("/epcis/events", params=list(parameters))
    return "".join(found["eventID"].removeprefix("urn:x:") for found in events_of(answer))


class TestFilter:
    @pytest.mark.parametrize(
        ("name", "value", "expected"), [pytest.param(*row, id="=".join(row[:2])) for row in FILTERS]
    )
    def test_finds_what_it_names(
        self, seven: TestClient, name: str, value: str, expected: str
    ) -> None:
        """
        A parameter finds the events that it describes, in order of capture, and no others.
        """
        assert letters(seven, (name, value)) == expected

    def test_is_the_same_on_every_store(self, client: TestClient) -> None:
        """
        Every parameter finds the same, wherever the log is.
        """
        capture_seven(client)

        found = {row: letters(client, row[:2]) for row in FILTERS}

        assert found == {row: row[2] for row in FILTERS}

    def test_all_must_hold(self, seven: TestClient) -> None:
        """
        Parameters narrow one another.
        """
        assert letters(seven, ("eventType", "ObjectEvent"), ("EQ_action", "ADD")) == "b"
        assert letters(seven, ("EQ_bizStep", "shipping"), ("EQ_action", "ADD")) == ""

    def test_without_any_finds_everything(self, seven: TestClient) -> None:
        """
        No parameter, every event.
        """
        assert letters(seven) == ALL

    def test_of_an_epc_in_the_path_narrows(self, seven: TestClient) -> None:
        """
        The path of an EPC is one parameter more, and cannot be given twice.
        """
        path = f"/epcis/epcs/{quote(LINK, safe='')}/events"

        assert [e["eventID"] for e in events_of(seven.get(f"{path}?EQ_action=ADD"))] == ["urn:x:b"]
        problem(seven.get(f"{path}?MATCH_anyEPC={UNIT.format(1)}"), 400, "QueryParameterException")

    @pytest.mark.parametrize(
        ("query", "name"),
        [
            pytest.param("EQ_bizstep=shipping", "EQ_bizstep", id="misspelt"),
            pytest.param("EQ_nothing=1", "EQ_nothing", id="unknown"),
            pytest.param("=1", "", id="nameless"),
            pytest.param("EQ_action=ADD&EQ_action=DELETE", "EQ_action", id="repeated"),
            pytest.param("perPage=1&perPage=1", "perPage", id="repeated perPage"),
            pytest.param("EQ_action=LOOK", "EQ_action", id="no action"),
            pytest.param("EQ_action=ADD|", "EQ_action", id="empty member"),
            pytest.param("EQ_ex:a=1", "EQ_ex:a", id="a prefix that nobody declared"),
            pytest.param("orderBy=bizStep", "orderBy", id="no order"),
            pytest.param("eventCountLimit=3", "eventCountLimit", id="a limit without an order"),
            pytest.param("EQ_bizStep=a%00", "EQ_bizStep", id="NUL"),
            pytest.param("EQ_eventID=%00", "EQ_eventID", id="NUL eventID"),
            pytest.param("eventType=Surprise", "eventType", id="no type"),
            pytest.param("GE_eventTime=2026-01-01", "GE_eventTime", id="a date"),
            pytest.param("GE_eventTime=2026-01-01T00:00:00", "GE_eventTime", id="no zone"),
            pytest.param("LT_recordTime=now", "LT_recordTime", id="no time"),
            pytest.param("MATCH_anyEPC=foo", "MATCH_anyEPC", id="no EPC"),
            pytest.param("MATCH_anyEPC=(01)00300010123456(21)1", "MATCH_anyEPC", id="check digit"),
            pytest.param("perPage=0", "perPage", id="perPage 0"),
            pytest.param("perPage=-1", "perPage", id="perPage negative"),
            pytest.param("perPage=many", "perPage", id="perPage no number"),
            pytest.param("perPage=%D9%A3", "perPage", id="perPage in other digits"),
            pytest.param("nextPageToken=", "nextPageToken", id="no token"),
            pytest.param("nextPageToken=nonsense", "nextPageToken", id="made up"),
            pytest.param("nextPageToken=%FF%00", "nextPageToken", id="bytes"),
        ],
    )
    def test_is_refused_by_name(self, seven: TestClient, query: str, name: str) -> None:
        """
        What is unknown, repeated or of the wrong type is refused, with the parameter's name.
        """
        value = problem(seven.get(f"/epcis/events?{query}"), 400, "QueryParameterException")

        assert value["detail"].startswith(f"{name}:")

    def test_may_name_what_a_header_declares(self, seven: TestClient) -> None:
        """
        The prefixes in the names of parameters are declared by a header.
        """
        headers = {"GS1-Extensions": "mine=https://example.com/steps/,ex=urn:x:"}

        asked = {"EQ_bizStep": "mine:own"}
        answer = seven.get("/epcis/events", params=asked, headers=headers)
        assert [found["eventID"] for found in events_of(answer)] == ["urn:x:b"]
        asked = {"EXISTS_ex:a": "true"}
        assert events_of(seven.get("/epcis/events", params=asked, headers=headers)) == []
        problem(seven.get("/epcis/events", params=asked), 400, "QueryParameterException")

    def test_refuses_more_events_than_are_allowed(self, seven: TestClient) -> None:
        """
        As many events as are allowed are answered, and one more is too large an answer.
        """
        answer = seven.get(f"/epcis/events?maxEventCount={len(ALL)}")
        assert len(events_of(answer)) == len(ALL)

        refused = seven.get(f"/epcis/events?maxEventCount={len(ALL) - 1}")
        problem(refused, 413, "QueryTooLargeException")

    def test_plus_of_a_zone_needs_no_escape(self, seven: TestClient) -> None:
        """
        The plus of an offset means a plus, though a query string makes it a blank.
        """
        answer = seven.get("/epcis/events?GE_eventTime=2026-03-02T01:00:00+01:00")

        assert len(events_of(answer)) == 2


class TestPage:
    @holds("R14")
    def test_never_skips_or_repeats_while_others_capture(self, client: TestClient) -> None:
        """
        Following the links gives every event once, in order, those captured meanwhile last.
        """
        captured(client, document(*(event(n, eventID=f"urn:x:{n}") for n in range(1, 8))))
        seen, path = [], "/epcis/events?perPage=3&EQ_action=OBSERVE"
        for extra in range(8, 20):
            answer = client.get(path)
            page = events_of(answer)
            assert len(page) <= 3
            seen += [found["eventID"] for found in page]
            if "Link" not in answer.headers:
                break
            # One that happened long before the others, and one that the query leaves out.
            early = event(extra, eventID=f"urn:x:{extra}", eventTime="2000-01-01T00:00:00Z")
            captured(client, document(early, event(extra, action="ADD")))
            path = answer.headers["Link"].partition("<")[2].partition(">")[0]

        assert seen == [f"urn:x:{n}" for n in range(1, 10)]

    @holds("R14")
    def test_the_last_has_no_link(self, seven: TestClient) -> None:
        """
        A page that is just full is the last when nothing comes after it.
        """
        last = seven.get(f"/epcis/events?perPage={len(ALL)}")
        other = seven.get(f"/epcis/events?perPage={len(ALL) - 1}")

        assert "Link" not in last.headers
        assert "GS1-Next-Page-Token-Expires" not in last.headers
        assert "Link" in other.headers
        expires = other.headers["GS1-Next-Page-Token-Expires"]
        assert parse_timestamp(expires).text == expires

    @pytest.mark.parametrize("safe", ["", "/:"], ids=["escaped", "as it is"])
    def test_link_of_an_epc_leads_on(self, seven: TestClient, safe: str) -> None:
        """
        The link is usable as it is, also where the path has a Digital Link in it.
        """
        first = seven.get(f"/epcis/epcs/{quote(LINK, safe=safe)}/events?perPage=1")
        target, _, relation = first.headers["Link"].partition("; ")

        second = seven.get(target.strip("<>"))

        assert relation == 'rel="next"'
        assert [e["eventID"] for e in events_of(first) + events_of(second)] == [
            "urn:x:b",
            "urn:x:e",
        ]
        assert "Link" not in second.headers

    def test_token_belongs_to_its_parameters(self, seven: TestClient) -> None:
        """
        A token with other parameters than it was given with is refused.
        """
        link = seven.get("/epcis/events?perPage=2&EQ_action=OBSERVE").headers["Link"]
        asked = dict(parse_qsl(urlsplit(link.partition("<")[2].partition(">")[0]).query))
        assert seven.get("/epcis/events", params=asked).status_code == 200

        for other in ({"EQ_action": "ADD"}, {"EQ_bizStep": "shipping"}, {"perPage": "3"}):
            value = problem(seven.get("/epcis/events", params=asked | other), 400)
            assert value["detail"].startswith("nextPageToken:")

    def test_is_not_larger_than_the_largest(self, seven: TestClient) -> None:
        """
        A page larger than any is cut to the largest, and leading zeros mean nothing.
        """
        for size in ("9" * 30, "000000000000007"):
            assert len(events_of(seven.get(f"/epcis/events?perPage={size}"))) == len(ALL)

"""The top-level resources: which values there are of each, spelt as asked, and their events."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from epcis_repo.gs1.cbv import BIZ_STEP, DISPOSITION
from tests.conformance.rows import holds
from tests.rest.documents import CASE, CONTEXT, PALLET, UNIT, XML, document, event, packing
from tests.rest.serving import captured, events_of, problem, serving

GATE = "urn:epc:id:sgln:0300010.00001.0"
GATE_LINK = "https://id.gs1.org/414/0300010000015"
HALL = "https://example.com/414/0300010000022"
LINK = "https://example.com/01/00300010123455/21/2"
OWN_STEP, OWN_DISPOSITION = "https://example.com/steps/own", "urn:example:disp:own"
LOT = "urn:epc:class:lgtin:030001.0012345.A123"

EVENTS = (
    event(1, bizStep="shipping", readPoint={"id": GATE}, bizLocation={"id": GATE}),
    event(2, epcList=[LINK], bizStep=OWN_STEP, readPoint={"id": HALL}),
    packing(PALLET.format(0), CASE.format(1), UNIT.format(3), bizLocation={"id": HALL}),
    event(
        4,
        type="TransformationEvent",
        epcList=None,
        action=None,
        inputEPCList=[UNIT.format(4)],
        outputEPCList=["urn:example:thing:5"],
        disposition=OWN_DISPOSITION,
    ),
    event(6, epcList=None, quantityList=[{"epcClass": LOT, "quantity": 3}]),
)
GTIN = "https://id.gs1.org/01/00300010123455/21"
AS_LINKS = [
    "https://id.gs1.org/00/403000112345678901",
    f"{GTIN}/1",
    f"{GTIN}/2",
    f"{GTIN}/3",
    f"{GTIN}/4",
    "https://id.gs1.org/01/10300010123452/21/1",
    "urn:example:thing:5",
]
PATHS = ("eventTypes", "epcs", "bizSteps", "bizLocations", "readPoints", "dispositions")


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serving(f"sqlite:///{tmp_path_factory.mktemp('five') / 'epcis.db'}") as client:
        del client.headers["GS1-EPC-Format"]
        captured(client, document(*EVENTS))
        yield client


def members(client: TestClient, path: str, **headers: str) -> list[str]:
    """All members of a list, from page to page."""
    found: list[str] = []
    while True:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = client.get(path, headers=names)
        assert answer.status_code == 200, answer.text
        value = answer.json()
        assert value["type"] == "Collection"
        assert CONTEXT in value["@context"]
        found += value["member"]
        if "next" not in answer.links:
            return found
        assert answer.headers["GS1-Next-Page-Token-Expires"]
        path = answer.links["next"]["url"]


class TestValues:
    def test_of_types_are_those_of_the_standard(self, five: TestClient) -> None:
        """
        There are five types of events, and no others come in.
        """
        assert members(five, "/epcis/eventTypes") == [
            *("ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent"),
            "AssociationEvent",
        ]

    @holds("R19")
    def test_of_steps_are_the_standards_and_custom_ones(self, five: TestClient) -> None:
        """
        Each word of the CBV is there whether an event has it or not, then those of others.
        """
        assert members(five, "/epcis/bizSteps?perPage=100") == [*BIZ_STEP.words, OWN_STEP]
        assert members(five, "/epcis/dispositions") == [*DISPOSITION.words, OWN_DISPOSITION]

    def test_of_things_are_what_events_name(self, five: TestClient) -> None:
        """
        Parents, children, objects, inputs and outputs are, each once; classes are not.
        """
        assert members(five, "/epcis/epcs") == AS_LINKS

    def test_of_places_are_those_of_all_events(self, five: TestClient) -> None:
        """
        A place that is both in one event, or each in another, is in both lists.
        """
        hall = "https://id.gs1.org/414/0300010000022"

        assert members(five, "/epcis/readPoints") == [GATE_LINK, hall]
        assert members(five, "/epcis/bizLocations") == [GATE_LINK, hall]

    def test_of_places_are_not_mixed_up(self, client: TestClient) -> None:
        """
        What is only one of the two is listed as that alone.
        """
        captured(client, document(event(1, readPoint={"id": GATE}, bizLocation={"id": HALL})))

        [read], [then] = (members(client, f"/epcis/{p}") for p in ("readPoints", "bizLocations"))
        assert (read, then) == (GATE, HALL)

    @pytest.mark.parametrize(
        ("epc_format", "first", "link", "gate"),
        [
            ("No_Preference", f"{GTIN}/1", f"{GTIN}/2", GATE_LINK),
            ("Always_GS1_Digital_Link", f"{GTIN}/1", f"{GTIN}/2", GATE_LINK),
            ("Always_EPC_URN", UNIT.format(1), UNIT.format(2), GATE),
            ("Never_Translates", UNIT.format(1), LINK, GATE),
        ],
    )
    def test_are_spelt_as_asked(
        self, client: TestClient, epc_format: str, first: str, link: str, gate: str
    ) -> None:
        """
        Things and places come as Digital Links unless something else is asked for.
        """
        captured(client, document(*EVENTS))

        headers = {"GS1-EPC-Format": epc_format}
        answer = client.get("/epcis/epcs", headers=headers)

        found = answer.json()["member"]
        assert len(found) == len(AS_LINKS)
        assert found[1:3] == [first, link]
        assert answer.headers["GS1-EPC-Format"] == epc_format
        places = client.get("/epcis/readPoints", headers=headers).json()["member"]
        assert places[0] == gate

    def test_have_the_prefixes_of_the_client(self, five: TestClient) -> None:
        """
        A URI that begins as a prefix of the request says is shortened by it.
        """
        extensions = {"GS1_Extensions": "own=https://example.com/steps/"}

        found = members(five, "/epcis/bizSteps?perPage=100", **extensions)
        answer = five.get("/epcis/bizSteps", headers={"GS1-Extensions": "own=urn:x:"})

        assert found[-1] == "own:own"
        assert answer.json()["@context"] == [CONTEXT, {"own": "urn:x:"}]
        assert answer.headers["GS1-Extensions"] == "own=urn:x:"

    @pytest.mark.parametrize("name", PATHS)
    @pytest.mark.parametrize("size", [1, 2, 3])
    def test_are_the_same_page_by_page(self, client: TestClient, name: str, size: int) -> None:
        """
        However short the pages are, each value comes once, and in the same order.
        """
        captured(client, document(*EVENTS))
        whole = members(client, f"/epcis/{name}?perPage=1000")

        assert members(client, f"/epcis/{name}?perPage={size}") == whole
        assert len(set(whole)) == len(whole)

    def test_that_are_no_plain_text_are_there(self, client: TestClient) -> None:
        """
        A place whose name no index takes is listed as it was captured.
        """
        odd = "https://example.com/places/" + "x" * 400
        captured(client, document(event(1, readPoint={"id": odd})))

        assert members(client, "/epcis/readPoints") == [odd]

    def test_that_come_meanwhile_shift_nothing(self, client: TestClient) -> None:
        """
        Who turns the pages meets every value that was there, whatever is captured meanwhile.
        """
        captured(client, document(*(event(n) for n in range(10, 20))))
        first = client.get("/epcis/epcs?perPage=5")
        captured(client, document(*(event(n) for n in (1, 2, 100, 19))))

        rest = members(client, first.links["next"]["url"])

        assert {UNIT.format(n) for n in range(10, 20)} <= {*first.json()["member"], *rest}

    @pytest.mark.parametrize("name", PATHS)
    @pytest.mark.parametrize(
        "query", ["perPage=0", "perPage=x", "nextPageToken=%00", "nextPageToken=AA==", "EQ_a=b"]
    )
    def test_are_asked_for_in_known_words(self, five: TestClient, name: str, query: str) -> None:
        """
        A parameter that there is not, or a value that there cannot be, is told.
        """
        problem(five.get(f"/epcis/{name}?{query}"), 400, "QueryParameterException")

    @pytest.mark.parametrize("name", PATHS)
    def test_have_no_form_in_xml(self, five: TestClient, name: str) -> None:
        """
        The standard has lists in JSON alone.
        """
        problem(five.get(f"/epcis/{name}", headers={"Accept": XML}), 406, "NotAcceptableException")


# A value in any spelling, and the numbers of the events that have it.
SPELLINGS = [
    ("eventTypes", "ObjectEvent", [0, 1, 4]),
    ("eventTypes", "TransactionEvent", []),
    ("epcs", UNIT.format(1), [0]),
    ("epcs", f"{GTIN}/1", [0]),
    ("epcs", LINK, [1]),
    ("epcs", UNIT.format(2), [1]),
    ("epcs", PALLET.format(0), [2]),
    ("epcs", "urn:example:thing:5", [3]),
    ("bizSteps", "shipping", [0]),
    ("bizSteps", "urn:epcglobal:cbv:bizstep:shipping", [0]),
    ("bizSteps", "https://ref.gs1.org/cbv/BizStep-shipping", [0]),
    ("bizSteps", "receiving", []),
    ("bizSteps", OWN_STEP, [1]),
    ("bizLocations", HALL, [2]),
    ("bizLocations", "urn:epc:id:sgln:0300010.00002.0", [2]),
    ("readPoints", GATE, [0]),
    ("dispositions", OWN_DISPOSITION, [3]),
    ("dispositions", "recalled", []),
]
UNKNOWN = [
    ("eventTypes", "urn:example:type"),
    ("epcs", UNIT.format(99)),
    ("epcs", LOT),
    ("bizSteps", "urn:example:step"),
    ("bizLocations", "urn:example:place"),
    ("readPoints", "urn:example:place"),
    ("dispositions", "urn:example:disp"),
]
WRONG = [("epcs", "nonsense"), ("eventTypes", "Surprise"), ("epcs", "(01)00300010123456(21)1")]


class TestOneValue:
    @holds("R20")
    @pytest.mark.parametrize(("name", "value", "numbers"), SPELLINGS)
    def test_leads_to_its_events(
        self, five: TestClient, name: str, value: str, numbers: list[int]
    ) -> None:
        """
        Any spelling leads to what there is below, and to the events that have the value.
        """
        path = f"/epcis/{name}/{quote(value, safe='')}"

        below, found = five.get(path), events_of(five.get(f"{path}/events"))

        assert below.json()["member"] == ["events"]
        assert [e["eventTime"] for e in found] == [EVENTS[n]["eventTime"] for n in numbers]
        assert five.options(path).status_code == five.options(f"{path}/events").status_code == 204

    @holds("R27")
    @pytest.mark.parametrize(("name", "value"), UNKNOWN)
    def test_that_nobody_has_is_not_found(self, five: TestClient, name: str, value: str) -> None:
        """
        What no event has, and the standard has not either, is not there, nor are its events.
        """
        path = f"/epcis/{name}/{quote(value, safe='')}"

        for answer in (five.get(path), five.get(f"{path}/events"), five.options(path)):
            problem(answer, 404, "NoSuchResourceException")

    @pytest.mark.parametrize(("name", "value"), WRONG)
    def test_that_none_can_have_is_refused(self, five: TestClient, name: str, value: str) -> None:
        """
        What is no such value at all is told as any wrong parameter is.
        """
        path = f"/epcis/{name}/{quote(value, safe='')}"

        for answer in (five.get(path), five.get(f"{path}/events")):
            problem(answer, 400, "QueryParameterException")

    def test_is_there_when_the_query_leaves_nothing(self, five: TestClient) -> None:
        """
        A value that events have is known, even if none of them is as the query asks.
        """
        answer = five.get(f"/epcis/epcs/{UNIT.format(1)}/events?EQ_bizStep=receiving")

        assert events_of(answer) == []

    def test_may_be_written_with_a_prefix(self, five: TestClient) -> None:
        """
        A value that a list has shortened is understood with the same header.
        """
        headers = {"GS1-Extensions": "own=https://example.com/steps/,id=https://id.gs1.org/01/"}

        for path in ("bizSteps/own:own", "epcs/id:00300010123455%2F21%2F2"):
            answer = five.get(f"/epcis/{path}/events", headers=headers)
            assert [found["eventTime"] for found in events_of(answer)] == [EVENTS[1]["eventTime"]]

    @pytest.mark.parametrize("name", PATHS)
    def test_has_no_parameter(self, five: TestClient, name: str) -> None:
        """
        What there is below a value is not asked for in pages.
        """
        value = {"eventTypes": "ObjectEvent", "bizSteps": "shipping", "dispositions": "active"}

        path = f"/epcis/{name}/{value.get(name, GATE if name != 'epcs' else UNIT.format(1))}"

        problem(five.get(f"{path}?perPage=1"), 400, "QueryParameterException")


@holds("R2")
def test_the_root_names_all_nine(five: TestClient) -> None:
    """
    The root of the interface lists what there is, with and without a slash behind it.
    """
    for path in ("/epcis", "/epcis/"):
        assert sorted(members(five, path)) == sorted([*PATHS, "events", "capture", "queries"])

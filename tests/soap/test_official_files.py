"""The official WSDL and schemas: what they describe is what is here, and what is sent is valid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from lxml import etree
from starlette.testclient import TestClient
from zeep import Client

from epcis_repo.bindings.soap import OPERATIONS, parse_message, render_wsdl
from epcis_repo.soap import respond
from epcis_repo.store import EventStore
from tests.conformance.rows import holds
from tests.operations.reports import NOW, PACK, commissioned, packed, report
from tests.operations.sayings import HALL, PLANT, element, places, product, say, saying
from tests.rest.documents import UNIT, document, event
from tests.rest.serving import captured, serving
from tests.shared_data import shared
from tests.soap.envelopes import (
    FORMS,
    MASTER_DATA,
    answered,
    envelope,
    ids_of,
    param,
    poll,
    strings,
    subscribing,
    unsubscribing,
)
from tests.soap.offline import Offline
from tests.validation.judges import official_xml_schema

WSDL = {"w": "http://schemas.xmlsoap.org/wsdl/"}
SCHEMAS = {
    "1.2": "xsd-1.2/EPCglobal-epcis-query-1_2",
    "2.0": "xsd-2.0/EPCglobal-epcis-query-2_0",
}
_BOTH = param("includeAttributes", "true", "xsd:boolean") + param("includeChildren", "true")


def official_wsdl() -> bytes:
    return shared("gs1/wsdl/EPCglobal-epcis-query-2_0.wsdl").read_bytes()


def described(wsdl: bytes) -> dict[str, tuple[str, str, set[str]]]:
    """What each operation of a WSDL is asked with, what answers, and the exceptions it may have."""
    root: Any = etree.fromstring(wsdl)
    elements = {
        f"impl:{message.get('name')}": str(message.find("w:part", WSDL).get("element"))
        for message in root.iterfind("w:message", WSDL)
    }
    return {
        operation.get("name"): (
            elements[operation.find("w:input", WSDL).get("message")],
            elements[operation.find("w:output", WSDL).get("message")],
            {elements[fault.get("message")] for fault in operation.iterfind("w:fault", WSDL)},
        )
        for operation in root.iterfind("w:portType/w:operation", WSDL)
    }


class TestDescription:
    @holds("M68")
    def test_says_what_the_official_one_does(self) -> None:
        """
        Our WSDL has the operations of the official one, with the same elements and exceptions,
        and the same names for service, port, port type and binding.
        """
        ours = render_wsdl("2.0", address="http://a/soap", schemas="")

        assert described(ours) == described(official_wsdl())
        assert names_in(ours) == names_in(official_wsdl())


def names_in(wsdl: bytes) -> list[tuple[str, str]]:
    """The names of the target, the service, its port, the port type and the binding of a WSDL."""
    root: Any = etree.fromstring(wsdl)
    paths = ("w:portType", "w:binding", "w:service", "w:service/w:port")
    names = [(path, str(root.find(path, WSDL).get("name"))) for path in paths]
    return [("targetNamespace", str(root.get("targetNamespace"))), *names]


def requests(version: str) -> dict[str, bytes]:
    """A request for each operation and each way of answering it, in the order of being sent."""
    return {
        "GetQueryNames": envelope("<q:GetQueryNames/>", version),
        "GetStandardVersion": envelope("<q:GetStandardVersion/>", version),
        "GetVendorVersion": envelope("<q:GetVendorVersion/>", version),
        "Poll": poll(param("EQ_action", strings("ADD"), "q:ArrayOfString"), version=version),
        "Poll for nothing": poll(param("EQ_action", strings("DELETE")), version=version),
        "Poll for master data": poll(_BOTH, query=MASTER_DATA, version=version),
        "Poll refused": poll(param("EQ_actoin", "ADD"), version=version),
        "Poll for too much": poll(param("maxEventCount", "0", "xsd:int"), version=version),
        "Poll by no name": poll(query="Nope", version=version),
        "Subscribe": subscribing(version),
        "Subscribe again": subscribing(version),
        "Subscribe to master data": subscribing(version, query=MASTER_DATA),
        "Subscribe from nowhere": subscribing(version, dest="nowhere"),
        "GetSubscriptionIDs": ids_of("SimpleEventQuery", version),
        "Unsubscribe": unsubscribing("S1", version),
        "Unsubscribe again": unsubscribing("S1", version),
    }


class TestMessages:
    @holds("M68")
    @pytest.mark.parametrize("version", FORMS)
    async def test_are_valid(self, store: EventStore, version: str) -> None:
        """
        The official schema of a version accepts what we accept, and all that we answer.
        """
        schema = official_xml_schema(SCHEMAS[version])
        await report(store, commissioned(1, PACK), packed(2, UNIT.format(9), PACK))
        await say(store, saying(product(), places(element(PLANT, HALL, name="Plant"))))
        answers = set[str]()

        for name, request in requests(version).items():
            schema.assertValid(parse_message(request).element)
            element_of_answer = answered((await respond(store, request, now=NOW)).body)
            detail = element_of_answer.find("detail")
            if detail is not None:
                [element_of_answer] = detail
            # By itself: what surrounds it is of another namespace.
            alone = etree.fromstring(etree.tostring(element_of_answer))
            assert schema.validate(alone), (name, schema.error_log)
            answers.add(etree.QName(alone).localname)

        assert {row.result for row in OPERATIONS.values()} <= answers
        assert len(answers) == len(OPERATIONS) + 7


class Official(Offline):
    """Reads the official files where the WSDL looks for them, and asks the application."""

    def load(self, url: str) -> bytes:
        name = url.rpartition("/")[2]
        folder = "gs1/wsdl" if name.endswith(".wsdl") else "gs1/xsd-2.0"
        return shared(f"{folder}/{name}").read_bytes()


class TestClientOfOthers:
    @pytest.fixture
    def service(self, sqlite_url: str, tmp_path: Any) -> Iterator[Any]:
        """What a client has that has read the official WSDL, and our address."""
        with serving(sqlite_url, key=tmp_path / "epcis.key") as client:
            captured(client, document(event(1), event(2, bizStep="shipping")))
            yield self._client(client)

    @staticmethod
    def _client(client: TestClient) -> Any:
        reader = Client(
            "http://gs1/WSDL/EPCglobal-epcis-query-2_0.wsdl", transport=Official(client)
        )
        binding = "{urn:epcglobal:epcis:wsdl:2}EPCISServiceBinding"
        return reader.create_service(binding, "http://testserver/soap")

    @holds("M68")
    def test_finds_its_way(self, service: Any) -> None:
        """
        Who was made for the official WSDL asks here, and understands the answers.
        """
        assert service.getStandardVersion() == "2.0"
        assert service.getQueryNames() == ["SimpleEventQuery", MASTER_DATA]
        asked = [{"name": "EQ_bizStep", "value": "shipping"}]
        results = service.poll(queryName="SimpleEventQuery", params={"param": asked})

        [found] = results.resultsBody.EventList._value_1
        [shipping] = found["ObjectEvent"]
        assert [epc._value_1 for epc in shipping.epcList.epc] == [UNIT.format(2)]

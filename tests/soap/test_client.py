"""
A SOAP client of others reads our WSDL, and runs every operation over HTTP with what it read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import etree
from starlette.testclient import TestClient
from zeep import Client
from zeep.exceptions import Fault
from zeep.xsd import AnyObject, Boolean, DateTime, Integer, String

from epcis_repo.bindings import RENDERERS
from epcis_repo.bindings.soap import OPERATIONS
from tests.conformance.rows import holds
from tests.operations.sayings import HALL, MDA, PLANT, element, places, saying
from tests.rest.documents import UNIT, commissioning, document, event
from tests.rest.serving import captured, serving
from tests.soap.envelopes import FORMS, QUERY
from tests.soap.offline import Offline

# Nobody is there, by RFC 5737.
NETWORK, NOWHERE = "203.0.113.0/24", "https://203.0.113.7/epcis"


class Partner:
    """Who has nothing but our WSDL of a version."""

    def __init__(self, client: TestClient, version: str) -> None:
        self.version = version
        self.client = Client(f"http://testserver/soap?wsdl={version}", transport=Offline(client))
        self.service = self.client.service
        self._strings = self.client.get_type(f"{{{QUERY[version]}}}ArrayOfString")
        self._void = self.client.get_type(f"{{{QUERY[version]}}}VoidHolder")

    def params(self, **values: Any) -> dict[str, Any]:
        """Parameters with values of the types that this client would declare."""
        return {
            "param": [{"name": name, "value": self._typed(value)} for name, value in values.items()]
        }

    def _typed(self, value: Any) -> Any:
        match value:
            case list():
                return AnyObject(self._strings, self._strings(string=value))
            case bool():
                return AnyObject(Boolean(), value)
            case int():
                return AnyObject(Integer(), value)
            case datetime():
                return AnyObject(DateTime(), value)
            case None:
                return AnyObject(self._void, self._void())
        return AnyObject(String(), value)

    def poll(self, query: str = "SimpleEventQuery", **values: Any) -> Any:
        return self.service.poll(queryName=query, params=self.params(**values))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of the application, which has two events and a place."""
    folder = tmp_path_factory.mktemp("soap")
    db = f"sqlite:///{folder / 'epcis.db'}"
    with serving(db, key=folder / "epcis.key", webhook_networks=[NETWORK]) as client:
        captured(client, document(commissioning(1, lot="L1", expiry="2027-12-31"), event(2)))
        said = saying(places(element(PLANT, HALL, name="Plant"), element(HALL, name="Hall")))
        captured(client, RENDERERS["json-ld"](said))
        yield client


@pytest.fixture(scope="module", params=FORMS)
def partner(request: pytest.FixtureRequest, served: TestClient) -> Partner:
    return Partner(served, request.param)


class TestOperations:
    @holds("M18", "M68")
    def test_are_all_described(self, partner: Partner) -> None:
        """
        The client finds the seven operations in the WSDL, and no other.
        """
        [service] = partner.client.wsdl.services.values()
        [port] = service.ports.values()

        assert set(port.binding.all()) == {row.name for row in OPERATIONS.values()}

    def test_tell_the_versions(self, partner: Partner) -> None:
        """
        getStandardVersion is the version of the WSDL, getVendorVersion is empty.
        """
        assert partner.service.getStandardVersion() == partner.version
        assert not partner.service.getVendorVersion()

    def test_tell_the_names_of_queries(self, partner: Partner) -> None:
        """
        getQueryNames has both predefined queries.
        """
        assert partner.service.getQueryNames() == ["SimpleEventQuery", "SimpleMasterDataQuery"]

    def test_find_events(self, partner: Partner) -> None:
        """
        poll finds the event that is asked for by lists, times, numbers and the void.
        """
        asked: dict[str, Any] = {
            "EQ_action": ["ADD"],
            "GE_eventTime": datetime(2026, 1, 1, tzinfo=UTC),
            "maxEventCount": 5,
            "orderBy": "eventTime",
            f"EXISTS_ILMD_{MDA}lotNumber": None,
        }

        results = partner.poll(**asked)

        assert results.queryName == "SimpleEventQuery"
        assert results.subscriptionID is None
        [found] = results.resultsBody.EventList._value_1
        assert found["ObjectEvent"].epcList.epc == [UNIT.format(1)]

    @holds("M68")
    def test_find_master_data(self, partner: Partner) -> None:
        """
        poll finds the places within a place, with their attributes and children.
        """
        results = partner.poll(
            "SimpleMasterDataQuery", includeAttributes=True, includeChildren=True, WD_name=[PLANT]
        )

        [vocabulary] = results.resultsBody.VocabularyList.Vocabulary
        found = {
            item.id: (item.attribute[0].id, item.children and item.children.id)
            for item in vocabulary.VocabularyElementList.VocabularyElement
        }
        assert found == {PLANT: (f"{MDA}name", [HALL]), HALL: (f"{MDA}name", None)}

    @holds("M18", "M68")
    def test_subscribe_and_unsubscribe(self, partner: Partner) -> None:
        """
        subscribe, getSubscriptionIDs and unsubscribe are of one subscription.
        """
        partner.service.subscribe(
            queryName="SimpleEventQuery",
            params=partner.params(EQ_bizStep=["shipping"]),
            dest=NOWHERE,
            controls={"schedule": {"hour": "2"}, "reportIfEmpty": False},
            subscriptionID="mine",
        )
        assert partner.service.getSubscriptionIDs("SimpleEventQuery") == ["mine"]

        partner.service.unsubscribe("mine")
        assert not partner.service.getSubscriptionIDs("SimpleEventQuery")


class TestFaults:
    @pytest.mark.parametrize(
        ("query", "values", "exception"),
        [
            pytest.param("Nope", {}, "NoSuchNameException", id="name"),
            pytest.param(
                "SimpleEventQuery", {"EQ_action": 5}, "QueryParameterException", id="parameter"
            ),
            pytest.param(
                "SimpleEventQuery", {"maxEventCount": 1}, "QueryTooLargeException", id="too large"
            ),
            pytest.param(
                "SimpleMasterDataQuery", {}, "QueryParameterException", id="required parameters"
            ),
        ],
    )
    def test_are_those_that_the_description_has(
        self, partner: Partner, query: str, values: dict[str, Any], exception: str
    ) -> None:
        """
        A fault has in its detail an element that the client knows by the WSDL, and can read.
        """
        with pytest.raises(Fault) as raised:
            partner.poll(query, **values)

        fault = raised.value
        assert fault.code == "soapenv:Client"
        known = partner.client.get_element(f"{{{QUERY[partner.version]}}}{exception}")
        [detail] = fault.detail
        assert etree.QName(detail) == known.qname
        assert known.parse(detail, partner.client.wsdl.types).reason == fault.message

    @holds("M20", "M45")
    def test_of_subscriptions(self, partner: Partner) -> None:
        """
        What cannot be subscribed to, delivered to, or is not there, is a fault.
        """
        with pytest.raises(Fault, match="SimpleMasterDataQuery") as raised:
            partner.service.subscribe(
                queryName="SimpleMasterDataQuery",
                params={},
                dest=NOWHERE,
                controls={"schedule": {"hour": "2"}, "reportIfEmpty": False},
                subscriptionID="mine",
            )
        assert etree.QName(raised.value.detail[0]).localname == "SubscribeNotPermittedException"
        with pytest.raises(Fault) as raised:
            partner.service.subscribe(
                queryName="SimpleEventQuery",
                params={},
                dest="https://127.0.0.1/inside",
                controls={"schedule": {"hour": "2"}, "reportIfEmpty": False},
                subscriptionID="mine",
            )
        assert etree.QName(raised.value.detail[0]).localname == "InvalidURIException"
        with pytest.raises(Fault) as raised:
            partner.service.unsubscribe("nobody's")
        assert etree.QName(raised.value.detail[0]).localname == "NoSuchSubscriptionException"

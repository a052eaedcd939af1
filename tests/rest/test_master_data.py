"""What partners said of products, places and parties, over HTTP."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from epcis_repo.bindings import RENDERERS
from epcis_repo.model.event_hash import event_hash
from tests.operations.reports import PACK, commissioned, declared_in_error, document, named
from tests.operations.sayings import HALL, MAKER, OFFICE, PLANT, element, places, product, saying
from tests.rest.documents import JSON, XML
from tests.rest.serving import SAMPLE, captured, events_of, must_be_valid, problem
from tests.shared_data import shared

GTIN = "(01)00300010123455"


class TestMasterData:
    def test_of_a_partner_s_shipment_is_answered(self, client: TestClient) -> None:
        """
        The published example says what its products are, and where its places.
        """
        captured(client, shared(SAMPLE).read_bytes(), XML)

        product_value = client.get("/masterdata/urn:epc:id:sgtin:030001.0012345.10000001001").json()
        place_value = client.get("/masterdata/urn:epc:id:sgln:030001.111111.0").json()

        for value in (product_value, place_value):
            must_be_valid(value, "masterdata")
        attributes = {a["id"]: a["attribute"] for a in product_value["in_force"][0]["attributes"]}
        assert attributes["urn:epcglobal:cbv:mda#additionalTradeItemIdentificationTypeCode"] == (
            "US_FDA_NDC"
        )
        assert place_value["in_force"][0]["vocabulary"].endswith(":Location")

    @pytest.mark.parametrize(
        "path",
        [
            pytest.param("(01)00300010123455", id="element string"),
            pytest.param("urn:epc:idpat:sgtin:0300010.012345.*", id="pattern"),
            pytest.param("https://id.gs1.org/01/00300010123455/21/A1", id="pasted link"),
            pytest.param(quote("https://id.gs1.org/01/00300010123455", safe=""), id="escaped link"),
            pytest.param("https://id.gs1.org/01/00300010123455/21/A1?17=281231", id="scanned link"),
        ],
    )
    def test_is_found_by_any_spelling(self, client: TestClient, path: str) -> None:
        """
        Whatever somebody has, pasted or escaped, is asked with.
        """
        captured(client, RENDERERS["json-ld"](saying(product())))

        value = client.get(f"/masterdata/{path}").json()

        must_be_valid(value, "masterdata")
        assert value["in_force"][0]["attributes"][0]["attribute"] == "Examplol"
        assert value["in_force"][0]["said_by"] == "414/0300010000091"

    def test_answers_as_of_a_moment(self, client: TestClient) -> None:
        """
        What was said first is what was true then, and stands among the earlier now.
        """
        for hour, name in enumerate(["Old", "New"], 1):
            captured(client, RENDERERS["json-ld"](saying(product(name), hour=24 * hour)))

        then = client.get(f"/masterdata/{GTIN}?as_of=2026-01-02").json()
        now = client.get(f"/masterdata/{GTIN}").json()

        for value, name, earlier in ((then, "Old", []), (now, "New", ["Old"])):
            must_be_valid(value, "masterdata")
            assert value["in_force"][0]["attributes"][0]["attribute"] == name
            assert [e["attributes"][0]["attribute"] for e in value["earlier"]] == earlier
            assert value["earlier_count"] == len(earlier)
        assert then["as_of"] == "2026-01-02T23:59:59.999999Z"

    def test_tells_what_a_place_is_in(self, client: TestClient) -> None:
        """
        Parents and children come with their level, as their senders write them.
        """
        hierarchy = places(element(OFFICE, PLANT), element(PLANT, HALL))
        captured(client, RENDERERS["json-ld"](saying(hierarchy)))

        value = client.get(f"/masterdata/{PLANT}").json()

        must_be_valid(value, "masterdata")
        assert value["parents"] == [{"id": OFFICE, "level": 1}]
        assert value["children"] == [{"id": HALL, "level": 1}]

    def test_that_nobody_sent_is_not_found(self, client: TestClient) -> None:
        """
        An identifier of which nothing was said is 404; what is no identifier is told so.
        """
        captured(client, RENDERERS["json-ld"](saying(product())))

        unknown = client.get(f"/masterdata/{MAKER}")
        earlier = client.get(f"/masterdata/{GTIN}?as_of=2020-01-01")
        nothing = client.get("/masterdata/Hall%207")

        assert "has master data of" in problem(unknown, 404, "NoSuchResourceException")["detail"]
        assert "by then" in problem(earlier, 404, "NoSuchResourceException")["detail"]
        problem(nothing, 400)

    def test_may_come_alone(self, client: TestClient) -> None:
        """
        A document of master data without events is captured, and captured again to no effect.
        """
        body = b"""<m:EPCISMasterDataDocument xmlns:m="urn:epcglobal:epcis-masterdata:xsd:2"
 schemaVersion="2.0" creationDate="2026-01-01T00:00:00Z"><EPCISBody><VocabularyList>
<Vocabulary type="urn:epcglobal:epcis:vtype:Location"><VocabularyElementList>
<VocabularyElement id="urn:epc:id:sgln:0300010.00001.0">
<attribute id="urn:epcglobal:cbv:mda#name">Plant</attribute></VocabularyElement>
</VocabularyElementList></Vocabulary></VocabularyList></EPCISBody></m:EPCISMasterDataDocument>"""

        first, again = captured(client, body, XML), captured(client, body + b"\n", XML)

        must_be_valid(first, "capture")
        assert (first["events"], first["masterData"]) == (0, 1)
        assert (again["events"], again["masterData"]) == (0, 0)
        assert client.get(f"/masterdata/{PLANT}").json()["in_force"]

    def test_is_no_single_event(self, client: TestClient) -> None:
        """
        Who sends it to where one event is expected is told that there is none.
        """
        body = RENDERERS["json-ld"](saying(product()))

        answer = client.post("/epcis/events", content=body, headers={"Content-Type": JSON})

        problem(answer, 400, "ValidationException")


class TestEventHash:
    @pytest.mark.parametrize("is_escaped", [True, False], ids=["escaped", "pasted"])
    def test_finds_its_event(self, client: TestClient, is_escaped: bool) -> None:
        """
        An event hash stands where an eventID would, with or without its question mark escaped.
        """
        event = named("urn:x:1", commissioned(1, PACK))
        captured(client, document(event, declared_in_error(event)))
        hashed = event_hash(event)

        answer = client.get(f"/epcis/events/{quote(hashed, safe='') if is_escaped else hashed}")

        assert [found["eventID"] for found in events_of(answer)] == ["urn:x:1", "urn:x:1"]
        assert sum("errorDeclaration" in found for found in events_of(answer)) == 1

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            pytest.param("CBV2.0", "CBV2.1", id="another version"),
            pytest.param("sha-256", "sha-384", id="another algorithm"),
            pytest.param("sha-256;", "sha-256;0", id="a digit too many"),
        ],
    )
    def test_of_another_kind_finds_nothing(self, client: TestClient, old: str, new: str) -> None:
        """
        It is an eventID that nobody has given.
        """
        event = named("urn:x:1", commissioned(1, PACK))
        captured(client, document(event))

        answer = client.get(f"/epcis/events/{event_hash(event).replace(old, new)}")

        problem(answer, 404, "NoSuchResourceException")

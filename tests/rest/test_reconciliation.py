"""The account of a lot, and what became of a shipment, over HTTP."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from epcis_repo.rest import reconciliation
from tests.operations.reports import (
    CASE,
    OTHER_PACK,
    PACK,
    commissioned,
    document,
    packed,
    received,
    shipped,
)
from tests.rest.serving import captured, must_be_valid, problem

LOT = "/reconciliation/lots/00300010123455/L1"
SHIPMENT = f"/reconciliation/shipments/{CASE}"
TEXT = {"Content-Type": "text/plain"}


def way(client: TestClient) -> None:
    """Two packs in a case that is shipped, of which one arrives."""
    captured(client, document(commissioned(1, PACK, OTHER_PACK), packed(2, CASE, PACK, OTHER_PACK)))
    captured(client, document(shipped(4, CASE), received(6, PACK)))


class TestALot:
    def test_is_accounted_for(self, client: TestClient) -> None:
        """
        The rows, what does not add up, and the serials of a row; on two clocks.
        """
        way(client)

        value = client.get(LOT).json()
        row = client.get(LOT, params={"row": "received"}).json()
        before = client.get(LOT, params={"as_of": "2026-01-01T03:00:00Z"}).json()

        for answer in (value, row, before):
            must_be_valid(answer, "lot-account")
        assert (value["commissioned"], value["rows"]["shipped_out"]) == (2, 1)
        assert [serial["epc"] for serial in value["serials"]] == [OTHER_PACK]
        assert [serial["epc"] for serial in row["serials"]] == [PACK]
        assert before["rows"]["in_stock"] == 2
        assert client.get("/reconciliation/lots/300010123455/L1").json() == value

    def test_comes_in_pages(self, client: TestClient) -> None:
        """
        The link leads to the next serials of the row.
        """
        captured(client, document(commissioned(1, PACK, OTHER_PACK)))

        first = client.get(LOT, params={"row": "in_stock", "perPage": 1})
        second = client.get(first.links["next"]["url"])

        serials = [answer.json()["serials"] for answer in (first, second)]
        assert [[serial["epc"] for serial in page] for page in serials] == [[PACK], [OTHER_PACK]]
        assert "next" not in second.links

    def test_is_refused_where_nothing_is_asked(self, client: TestClient) -> None:
        """
        A GTIN with a wrong check digit, a row that there is not, and a lot that nobody named.
        """
        way(client)

        problem(client.get("/reconciliation/lots/00300010123456/L1"), 400)
        refused = problem(client.get(f"{LOT}?row=stolen"), 400)
        assert "lost_or_stolen" in refused["detail"]
        problem(client.get(f"{LOT}?nextPageToken=1"), 400)
        problem(client.get(f"{LOT}?serial=1"), 400)
        problem(client.get("/reconciliation/lots/00300010123455/L2"), 404)


class TestAShipment:
    def test_is_as_shipped_and_received(self, client: TestClient) -> None:
        """
        Without scans it is what was received of what was shipped.
        """
        way(client)

        value = client.get(SHIPMENT).json()
        matched = client.get(SHIPMENT, params={"only": "matched"}).json()

        must_be_valid(value, "shipment-account")
        assert (value["received"]["matched"], value["scanned"]) == (1, None)
        assert [(thing["epc"], thing["container"]) for thing in value["things"]] == [
            (OTHER_PACK, CASE)
        ]
        assert [thing["epc"] for thing in matched["things"]] == [PACK]

    def test_is_held_against_scans(self, client: TestClient) -> None:
        """
        Lines and JSON say the same, are answered alike, and leave nothing behind.
        """
        way(client)
        scans = ["(01)00300010123455(21)A1", "(01)00300010123455(21)A9", "?"]
        head = client.get("/health").json()["head"]

        value = client.post(SHIPMENT, content="\n".join(scans), headers=TEXT).json()
        same = client.post(SHIPMENT, json=scans).json()

        must_be_valid(value, "shipment-account")
        assert value == same
        told = {thing["epc"]: thing["scanned"] for thing in value["things"]}
        assert told == {
            OTHER_PACK: "missing",
            OTHER_PACK.replace("A2", "A9"): "extra",
        }
        assert (value["scanned"]["scans"], value["scanned"]["unread_count"]) == (3, 1)
        assert client.get("/health").json()["head"] == head

    def test_may_be_a_paper(self, client: TestClient) -> None:
        """
        A transaction may be any URI, with slashes or escaped.
        """
        event = json.loads(document(shipped(4, CASE)))
        paper = "https://example.com/desadv/4711"
        shipping = event["epcisBody"]["eventList"][0]
        shipping["bizTransactionList"] = [{"type": "desadv", "bizTransaction": paper}]
        captured(client, json.dumps(event).encode())

        for text in (paper, quote(paper, safe="")):
            answer = client.get(f"/reconciliation/shipments/{text}").json()
            assert (answer["shipment"], answer["shipped"]["things"]) == (paper, 1)

    def test_takes_a_long_list(self, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A list of more than a megabyte is read from a file; one that is too long is refused.
        """
        way(client)
        scans = f"{PACK}\n" * 30_000

        value = client.post(SHIPMENT, content=scans, headers=TEXT).json()

        assert value["scanned"]["scans"] == 30_000
        monkeypatch.setattr(reconciliation, "_SCANS_SIZE_MAX", 1_000)
        problem(client.post(SHIPMENT, content=scans, headers=TEXT), 413)

    def test_is_refused_where_nothing_is_asked(self, client: TestClient) -> None:
        """
        Scans of another kind, no list of texts, a verdict that there is not, and nothing shipped.
        """
        way(client)

        problem(client.post(SHIPMENT, content="<a/>", headers={"Content-Type": "text/xml"}), 415)
        problem(client.post(SHIPMENT, json={"scans": []}), 400)
        problem(client.get(f"{SHIPMENT}?only=lost"), 400)
        problem(client.get(f"/reconciliation/shipments/{OTHER_PACK}x"), 404)
        problem(client.get("/reconciliation/shipments/PO%204711"), 404)

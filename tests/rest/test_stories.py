"""What became of things, over HTTP: custody, lineage, corrections."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from epcis_repo.findings import operations
from tests.operations.reports import (
    CASE,
    OTHER_CASE,
    OTHER_PACK,
    PACK,
    PALLET,
    commissioned,
    declared_in_error,
    document,
    named,
    packed,
    received,
    shipped,
    transformed,
)
from tests.operations.test_custody import BUYER, MAKER, sold
from tests.rest.serving import captured, must_be_valid, problem

WRONG = "urn:x:wrong"


def way(client: TestClient) -> None:
    """A pack in a case on a pallet that is sold, and a packing that was an error."""
    captured(client, document(commissioned(1, PACK), packed(2, CASE, PACK)))
    captured(client, document(packed(3, PALLET, CASE), sold(shipped(4, PALLET))))
    captured(client, document(received(6, PALLET)))


class TestCustody:
    def test_is_that_of_the_thing_in_any_spelling(self, client: TestClient) -> None:
        """
        Who asks for a pack is told of the pallet's transfer.
        """
        way(client)

        value = client.get(f"/custody/{PACK}").json()

        must_be_valid(value, "custody")
        assert [period["who"] for period in value["owners"]] == [MAKER, BUYER]
        assert client.get("/custody/(01)00300010123455(21)A1").json() == value

    def test_has_two_clocks(self, client: TestClient) -> None:
        """
        On its way it was shipped and not received; what is no parameter is refused by name.
        """
        way(client)

        value = client.get(f"/custody/{PACK}", params={"as_of": "2026-01-01T05:00:00Z"}).json()

        must_be_valid(value, "custody")
        assert [found["finding"] for found in value["findings"]] == ["shipped_never_received"]
        refused = problem(client.get(f"/custody/{PACK}?asof=2026-01-01"), 400)
        assert refused["detail"].startswith("asof:")
        problem(client.get(f"/custody/{PACK}?as_of=2025-01-01"), 404)


class TestLineage:
    def test_goes_both_ways(self, client: TestClient) -> None:
        """
        What was made of what is found from either end, as of any moment.
        """
        captured(client, document(transformed(1, [PACK], [OTHER_PACK])))

        made, source = (client.get(f"/lineage/{epc}").json() for epc in (OTHER_PACK, PACK))

        must_be_valid(made, "lineage")
        assert [relative["epc"] for relative in made["back"]] == [PACK]
        assert [relative["epc"] for relative in source["forward"]] == [OTHER_PACK]
        problem(client.get(f"/lineage/{PACK}?as_of=2025-01-01"), 404)


class TestFindings:
    def test_say_what_cannot_be_so(self, client: TestClient) -> None:
        """
        A pack in two cases at once is found with both events, as of when it was.
        """
        way(client)
        captured(client, document(named(WRONG, packed(3, OTHER_CASE, PACK))))

        value = client.get(f"/findings/{PACK}").json()
        before = client.get(f"/findings/{PACK}", params={"as_of": "2026-01-01T02:30:00Z"}).json()

        must_be_valid(value, "findings")
        must_be_valid(before, "findings")
        assert WRONG in [found["event_id"] for found in value["findings"]]
        assert {found["rule"] for found in value["findings"]} >= {"two-parents"}
        assert "two-parents" not in {found["rule"] for found in before["findings"]}
        problem(client.get(f"/findings/{OTHER_PACK}"), 404, "NoSuchResourceException")
        problem(client.get(f"/findings/{PACK}?perPage=1"), 400)

    def test_about_a_lot_come_in_pages(
        self, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A page is about some serials of the lot, and leads on to the next.
        """
        captured(client, document(commissioned(1, PACK, OTHER_PACK), commissioned(2, OTHER_PACK)))
        monkeypatch.setattr(operations, "THINGS_PER_PAGE", 1)

        first = client.get(f"/findings/{quote('(01)00300010123455(10)L1')}")
        second = client.get(first.links["next"]["url"])

        assert [first.json()["findings"], first.json()["things"]] == [[], 2]
        assert [found["rule"] for found in second.json()["findings"]] == ["commissioned-twice"]
        assert "next" not in second.links
        problem(client.get(f"/findings/{PACK}?nextPageToken=x"), 400)


class TestCorrections:
    def test_list_what_was_built_on_an_error(self, client: TestClient) -> None:
        """
        A packing that was no packing puts in doubt what the pallet went through.
        """
        way(client)
        wrong = named(WRONG, packed(2, OTHER_CASE, OTHER_PACK))
        captured(client, document(wrong, packed(3, PALLET, OTHER_CASE)))
        captured(client, document(declared_in_error(wrong, reason="did_not_occur")))

        value = client.get(f"/corrections/{quote(WRONG)}").json()

        must_be_valid(value, "correction")
        assert [known["reason"] for known in value["declarations"]] == ["did_not_occur"]
        assert {(doubt["epc"], doubt["because"]) for doubt in value["in_doubt"]} == {
            (OTHER_PACK, "not_in_container")
        }
        told = client.get(f"/history/{OTHER_PACK}").json()
        must_be_valid(told, "history")
        assert [len(entry["declarations"]) for entry in told["events"]] == [1, 1]

    def test_of_what_stands_are_not_found(self, client: TestClient) -> None:
        """
        What nobody declared in error is 404, and a clock that a correction has not is refused.
        """
        way(client)

        problem(client.get("/corrections/urn:x:none"), 404, "NoSuchResourceException")
        problem(client.get("/corrections/urn:x:none?as_of=2026-01-01"), 400)
        problem(client.get("/corrections/urn:x:none?nextPageToken=x"), 400)


class TestDiff:
    def test_is_text(self, client: TestClient) -> None:
        """
        Two moments of one clock are compared; a clock that is none, or said twice, is refused.
        """
        way(client)
        asked = {"by": "as_of", "from": "2026-01-01T03:30:00Z", "to": "2026-01-01T05:00:00Z"}

        answer = client.get(f"/diff/{PACK}", params=asked)

        assert answer.headers["Content-Type"].startswith("text/plain")
        assert "-lifecycle: packed\n" in answer.text
        assert "+lifecycle: shipped\n" in answer.text
        for wrong in ({"by": "time"}, {"as_of": "2026-01-01"}, {"to": "soon"}, {"from": ""}):
            problem(client.get(f"/diff/{PACK}", params=asked | wrong), 400)


class TestContents:
    def test_may_be_counted(self, client: TestClient) -> None:
        """
        How much of what is in a pallet, on both clocks.
        """
        way(client)

        value = client.get(f"/counts/{PALLET}").json()
        before = client.get(f"/counts/{PALLET}?as_of=2026-01-01T02:59:00Z")

        must_be_valid(value, "counts")
        must_be_valid(client.get(f"/contents/{PALLET}").json(), "contents")
        assert value["products"][-1]["class"] == "https://id.gs1.org/01/00300010123455"
        problem(before, 404)

    def test_may_be_had_leaf_by_leaf(self, client: TestClient) -> None:
        """
        A line for each pack; what is not there is said before any line is.
        """
        way(client)

        assert client.get(f"/leaves/{PALLET}").text == f"{PACK}\n"
        assert client.get(f"/leaves/{PACK}").text == ""
        problem(client.get(f"/leaves/{OTHER_CASE}"), 404, "NoSuchResourceException")
        problem(client.get(f"/leaves/{PALLET}?form=x"), 400)


class TestHistory:
    def test_of_a_lot_comes_in_pages(self, client: TestClient) -> None:
        """
        Page by page, each leading on to the next, on both clocks.
        """
        way(client)
        path = f"/history/{quote('(01)00300010123455(10)L1')}"
        whole = client.get(path).json()

        first = client.get(path, params={"perPage": "2", "known_at": "2999-01-01"})
        second = client.get(first.links["next"]["url"])

        for value in (whole, first.json(), second.json()):
            must_be_valid(value, "history")
            assert value["things"] == 1
        assert first.json()["events"] + second.json()["events"] == whole["events"][:4]
        problem(client.get(f"{path}?nextPageToken=x"), 400)
        problem(client.get(f"{path}?perPage=x"), 400)

    def test_of_a_lot_is_there_by_its_gtin_and_number(self, client: TestClient) -> None:
        """
        Who has the two apart gets the same, page by page and on both clocks.
        """
        way(client)
        whole = client.get(f"/history/{quote('(01)00300010123455(10)L1')}").json()

        first = client.get("/lots/00300010123455/L1", params={"perPage": "2"})
        second = client.get(first.links["next"]["url"])
        before = client.get("/lots/300010123455/L1", params={"as_of": "2026-01-01T01:00:00Z"})

        must_be_valid(first.json(), "history")
        assert first.json()["id"] == whole["id"]
        assert first.json()["events"] + second.json()["events"] == whole["events"][:4]
        assert before.json()["events"] == whole["events"][:1]
        problem(client.get("/lots/00300010123455/L2"), 404)
        problem(client.get("/lots/00300010123456/L1"), 400)

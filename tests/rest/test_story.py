"""The official US pharmaceutical example, from capture to answers, before and after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from tests.rest.documents import XML
from tests.rest.serving import SAMPLE, captured, events_of, must_be_valid, serving
from tests.shared_data import shared

UNIT = "urn:epc:id:sgtin:030001.0012345.11"
PALLET = "urn:epc:id:sscc:030001.41234567890"
CASE = "urn:epc:id:sgtin:030001.1012345.110"

UNIT_SPELLINGS = [
    pytest.param(UNIT, id="URN"),
    pytest.param("https://id.gs1.org/01/00300010123455/21/11", id="Digital Link"),
    pytest.param("https://example.com/x/01/00300010123455/21/11?17=250327", id="Digital Link else"),
    pytest.param("(01)00300010123455(21)11", id="element string"),
    pytest.param("(01)00300010123455(17)250327(10)A123(21)11", id="all on the pack"),
    pytest.param("]d201003000101234552111", id="scanned"),
    pytest.param("00300010123455 11", id="GTIN and serial"),
    pytest.param("300010123455/11", id="GTIN-12 and serial"),
]
PALLET_SPELLINGS = [
    pytest.param(PALLET, id="URN"),
    pytest.param("https://id.gs1.org/00/403000112345678901", id="Digital Link"),
    pytest.param("(00)403000112345678901", id="element string"),
    pytest.param("403000112345678901", id="SSCC digits"),
]


def ask_everything(client: TestClient) -> None:
    told = client.get(f"/history/{quote(UNIT, safe='')}").json()
    must_be_valid(told, "history")
    assert [(e["biz_step"], e["inferred_from"]) for e in told["events"]] == [
        ("commissioning", None),
        ("packing", None),
        ("packing", CASE),
        ("shipping", PALLET),
    ]
    assert told["state"]["lot"] == "A123"

    inside = client.get(f"/contents/{PALLET}").json()
    must_be_valid(inside, "contents")
    assert inside["levels"] == [3, 12]

    case = client.get(f"/contents/{CASE}", params={"as_of": "2023-03-28"}).json()
    must_be_valid(case, "contents")
    assert (case["levels"], case["parent"]) == ([4], None)
    assert client.get(f"/contents/{CASE}").json()["parent"] == PALLET

    path = "/verify/gtin/00300010123455/lot/{}/ser/11?exp=250327"
    good, bad = (client.get(path.format(lot)).json() for lot in ("A123", "A124"))
    must_be_valid(good, "verification")
    must_be_valid(bad, "verification")
    assert good["data"] == {"verified": True, "additionalInfo": "Expired"}
    assert bad["data"] == {
        "verified": False,
        "verificationFailureReason": "No_match_GTIN_Serial_Lot",
    }


class TestStory:
    def test_holds_before_and_after_a_restart(self, store_url: str) -> None:
        """
        Eight events tell of the unit, its case and its pallet, by whichever store, however often
        the repository starts.
        """
        with serving(store_url) as client:
            receipt = captured(client, shared(SAMPLE).read_bytes(), XML)
            must_be_valid(receipt, "capture")
            assert (receipt["events"], receipt["recorded"]) == (8, 8)
            ask_everything(client)

        with serving(store_url) as client:
            ask_everything(client)
            assert client.get(f"/epcis/capture/{receipt['captureID']}").json() == receipt


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serving(f"sqlite:///{tmp_path_factory.mktemp('sample') / 'epcis.db'}") as client:
        captured(client, shared(SAMPLE).read_bytes(), XML)
        yield client


class TestSpellings:
    @pytest.mark.parametrize("escaped", [True, False], ids=["escaped", "as it is"])
    @pytest.mark.parametrize("text", UNIT_SPELLINGS)
    def test_of_a_unit_tell_the_same_story(
        self, sample: TestClient, text: str, escaped: bool
    ) -> None:
        """
        However a unit is named, its history is the one of its URN, and so are its events.
        """
        path = quote(text, safe="" if escaped else "/:?=&()")

        assert sample.get(f"/history/{path}").json() == sample.get(f"/history/{UNIT}").json()
        if "?" not in path:
            found = events_of(sample.get(f"/epcis/epcs/{path}/events"))
            assert [event["bizStep"] for event in found] == ["commissioning", "packing"]

    @pytest.mark.parametrize("text", PALLET_SPELLINGS)
    def test_of_a_pallet_have_the_same_contents(self, sample: TestClient, text: str) -> None:
        """
        However a pallet is named, three cases and twelve units are in it.
        """
        answer = sample.get(f"/contents/{quote(text, safe='')}")

        assert answer.json()["levels"] == [3, 12]
        assert answer.json()["id"]["epc"] == PALLET

"""The official US pharmaceutical example at the command line."""

from __future__ import annotations

import pytest

from tests.cli.running import run
from tests.rest.serving import SAMPLE, must_be_valid
from tests.rest.test_story import CASE, PALLET, PALLET_SPELLINGS, UNIT, UNIT_SPELLINGS
from tests.shared_data import shared

PACK = "(01)00300010123455(21)11(10){}(17)250327"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> str:
    db = f"sqlite:///{tmp_path_factory.mktemp('sample') / 'epcis.db'}"
    assert run("capture", str(shared(SAMPLE)), db=db).code == 0
    return db


class TestStory:
    def test_holds_in_words(self, store_url: str) -> None:
        """
        A person reads eight events, four of them in a unit's life, three cases with twelve
        units, and that the unit is genuine and past its expiry. Each command starts anew.
        """
        captured = run("capture", str(shared(SAMPLE)), db=store_url)
        assert captured.code == 0
        assert captured.out.endswith(": 8 events\n")

        history = run("history", UNIT, db=store_url)
        assert (history.code, history.err) == (0, "")
        steps = [line for line in history.out.splitlines() if line.startswith("2023-")]
        assert len(steps) == 4
        assert ["inferred from" in step for step in steps] == [False, False, True, True]
        assert (CASE in steps[2], PALLET in steps[3]) == (True, True)

        contents = run("contents", PALLET, db=store_url)
        assert "3 at level 1, 12 at level 2" in contents.out
        earlier = run("contents", CASE, "--as-of", "2023-03-28", db=store_url)
        assert "in it: 4 at level 1\nit is in: nothing\n" in earlier.out

        good, bad = (run("verify", PACK.format(lot), db=store_url) for lot in ("A123", "A124"))
        assert (good.code, good.out) == (0, "Verified, but it is past its expiry.\n")
        assert (bad.code, bad.out.startswith("Not verified: the lot differs")) == (1, True)

    def test_holds_in_data(self, store_url: str) -> None:
        """
        A program reads the same from `--json`, as the schemas have it; words are elsewhere.
        """
        receipt = run("capture", str(shared(SAMPLE)), "--json", db=store_url).json
        must_be_valid(receipt, "capture")
        assert receipt["events"] == 8

        history = run("history", UNIT, "--json", db=store_url).json
        must_be_valid(history, "history")
        assert [(e["biz_step"], e["inferred_from"]) for e in history["events"]] == [
            ("commissioning", None),
            ("packing", None),
            ("packing", CASE),
            ("shipping", PALLET),
        ]

        contents = run("contents", PALLET, "--json", db=store_url).json
        must_be_valid(contents, "contents")
        assert contents["levels"] == [3, 12]
        earlier = run("contents", CASE, "--as-of", "2023-03-28", "--json", db=store_url).json
        assert (earlier["levels"], earlier["parent"]) == ([4], None)

        good, bad = (
            run("verify", PACK.format(lot), "--json", db=store_url) for lot in ("A123", "A124")
        )
        must_be_valid(good.json, "verification")
        must_be_valid(bad.json, "verification")
        assert (good.code, good.json["data"]) == (
            0,
            {"verified": True, "additionalInfo": "Expired"},
        )
        assert (bad.code, bad.json["data"]["verificationFailureReason"]) == (
            1,
            "No_match_GTIN_Serial_Lot",
        )
        assert "lot differs" in bad.err

        assert run("rebuild", "--json", db=store_url).json == {"events": 8}
        assert run("history", UNIT, "--json", db=store_url).json == history


class TestSpellings:
    @pytest.mark.parametrize("text", UNIT_SPELLINGS)
    def test_of_a_unit_tell_the_same_story(self, sample: str, text: str) -> None:
        """
        However a unit is named, its history is the one of its URN.
        """
        told = run("history", text, "--json", db=sample).json

        assert len(told["events"]) == 4
        assert told["id"]["epc"] == UNIT

    @pytest.mark.parametrize("text", PALLET_SPELLINGS)
    def test_of_a_pallet_have_the_same_contents(self, sample: str, text: str) -> None:
        """
        However a pallet is named, three cases and twelve units are in it.
        """
        assert run("contents", text, "--json", db=sample).json["levels"] == [3, 12]

    @pytest.mark.parametrize(
        "text",
        [
            PACK.format("A123"),
            "]d2010030001012345521" + "11\x1d10A123\x1d17250327",
            "010030001012345521" + "11{GS}17250327" + "10A123",
            "https://example.com/01/00300010123455/10/A123/21/11?17=250327",
        ],
        ids=["with brackets", "scanned", "without brackets", "Digital Link"],
    )
    def test_of_a_product_identifier_are_verified(self, sample: str, text: str) -> None:
        """
        However a pack is scanned, it is the same pack.
        """
        assert run("verify", text, db=sample).out == "Verified, but it is past its expiry.\n"

"""Holds and recalls at the command line."""

from __future__ import annotations

import json

import pytest

from tests.cli.running import run
from tests.operations.reports import CASE, OTHER_PACK, PACK, commissioned, document, packed, shipped
from tests.rest.serving import must_be_valid

LOT = "(01)00300010123455(10)L1"
WHY = ("--reason", "a complaint", "--by", "QA")


@pytest.fixture
def db(store_url: str) -> str:
    """A store with two packs, one of them in a case that was shipped."""
    body = document(commissioned(1, PACK, OTHER_PACK), packed(2, CASE, PACK), shipped(4, CASE))
    assert run("capture", "-", db=store_url, stdin=body).code == 0
    return store_url


class TestHold:
    def test_is_placed_listed_and_released(self, db: str) -> None:
        """
        A person holds a case, sees that its pack is held, and releases it with a reason.
        """
        placed = run("hold", CASE, *WHY, "--name", "H1", "--since", "2026-01-01", db=db)
        listed = run("holds", PACK, db=db)
        released = run("release", "H1", "--reason", "it was nothing", "--by", "QA", db=db)

        assert (placed.code, placed.err) == (0, "")
        assert placed.out.splitlines()[:2] == ["H1 hold", f"  {CASE}"]
        assert "container: 1" in listed.out
        assert "H1" in listed.out
        assert "it was nothing" in released.out
        assert "H1" not in run("holds", db=db).out
        assert "H1" in run("holds", "--all", db=db).out

    def test_is_placed_once(self, db: str) -> None:
        """
        The same command again places nothing, nor does one under the key of another.
        """
        first = run("hold", CASE, *WHY, "--json", db=db)
        again = run("hold", CASE, *WHY, "--json", db=db)
        keyed = [
            run("hold", PACK, *WHY, "--idempotency-key", "K1", "--json", db=db) for _ in range(2)
        ]
        other = run("hold", CASE, *WHY, "--idempotency-key", "K1", db=db)

        assert first.json == again.json
        assert keyed[0].json == keyed[1].json
        assert other.code == 5
        assert len(run("holds", "--json", db=db).json["holds"]) == 2

    def test_is_shown_by_its_name(self, db: str) -> None:
        """
        One hold is shown with its release, as known at a moment; with nothing else that is asked.
        """
        run("hold", CASE, *WHY, "--name", "H1", "--since", "2026-01-01", db=db)
        released = run("release", "H1", *WHY, "--json", db=db)

        assert run("holds", "--name", "H1", "--json", db=db).json == released.json
        assert "released, until" in run("holds", "--name", "H1", db=db).out
        assert run("holds", "--name", "H1", "--known-at", "2026-01-01", db=db).code == 4
        assert run("holds", "--name", "H2", db=db).code == 4
        assert run("holds", PACK, "--name", "H1", db=db).code == 2

    def test_is_listed_page_by_page(self, db: str) -> None:
        """
        A list says how to ask for what comes after it.
        """
        for number in range(3):
            run("hold", PACK, *WHY, "--name", f"H{number}", db=db)

        first = run("holds", "--per-page", "2", "--json", db=db)
        *_, token = first.err.split()
        second = run("holds", "--per-page", "2", "--after", token, "--json", db=db)

        found = [hold["hold_id"] for page in (first, second) for hold in page.json["holds"]]
        assert found == ["H0", "H1", "H2"]
        assert second.err == ""
        assert run("holds", "--after", "x", db=db).code == 2

    def test_is_data_for_programs(self, db: str) -> None:
        """
        The same as JSON, in the schemas of the interface.
        """
        placed = run("hold", LOT, PACK, *WHY, "--recall", "R1", "--class", "II", "--json", db=db)

        must_be_valid(placed.json, "hold")
        assert (placed.json["kind"], placed.json["recall_class"]) == ("recall", "II")
        must_be_valid(run("holds", "--json", db=db).json, "holds")
        released = run("release", "R1", *WHY, "--until", "2030-01-01", "--json", db=db)
        must_be_valid(released.json, "hold")
        assert released.json["release"]["until"] == "2030-01-01T23:59:59.999999Z"

    def test_is_refused_with_a_code(self, db: str) -> None:
        """
        What is wrong is 2 or 3, what is not there 4, what was decided before 5.
        """
        run("hold", PACK, *WHY, "--name", "H1", db=db)

        assert run("hold", "a pack", *WHY, db=db).code == 3
        assert run("hold", PACK, *WHY, "--class", "II", db=db).code == 3
        assert run("hold", PACK, *WHY, "--name", "H1", db=db).code == 5
        assert run("hold", PACK, *WHY, "--name", "H2", "--recall", "R2", db=db).code == 2
        assert run("hold", PACK, "--reason", "x", db=db).code == 2
        assert run("release", "H2", *WHY, db=db).code == 4
        assert run("release", "H1", *WHY, db=db).code == 0
        assert run("release", "H1", *WHY, db=db).code == 5
        assert run("holds", "a pack", db=db).code == 3
        assert run("holds", PACK, "--all", db=db).code == 2
        assert run("recall", "R9", db=db).code == 4


class TestRecall:
    def test_is_a_table_and_lines(self, db: str) -> None:
        """
        A person reads who has how many in which state; a program gets a line for each.
        """
        run("hold", LOT, *WHY, "--mock-recall", "M1", db=db)

        table = run("recall", "M1", db=db)
        lines = run("recall", "M1", "--units", db=db)

        assert table.out.splitlines()[0] == "M1 mock recall"
        assert "units: 2" in table.out
        assert any("shipped" in line.split() for line in table.out.splitlines())
        units = [json.loads(line) for line in lines.out.splitlines()]
        assert [unit["epc"] for unit in units] == [PACK, OTHER_PACK]
        must_be_valid(run("recall", "M1", "--json", "--as-of", "2026-01-02", db=db).json, "recall")

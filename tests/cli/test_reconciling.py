"""Whether what was said adds up, at the command line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.running import run
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
from tests.rest.served import served
from tests.rest.serving import must_be_valid

LOT = "(01)00300010123455(10)L1"
STRANGER = "urn:epc:id:sgtin:030001.0012345.A9"


def way(db: str) -> None:
    """Two packs in a case that is shipped, of which one arrives."""
    begun = document(commissioned(1, PACK, OTHER_PACK), packed(2, CASE, PACK, OTHER_PACK))
    for body in (begun, document(shipped(4, CASE), received(6, PACK))):
        assert run("capture", "-", db=db, stdin=body).code == 0


class TestReconcile:
    def test_accounts_for_a_lot(self, store_url: str) -> None:
        """
        A person reads the rows and what does not add up; a program the same.
        """
        way(store_url)

        ran = run("reconcile", LOT, db=store_url)
        value = run("reconcile", LOT, "--row", "received", "--json", db=store_url).json

        must_be_valid(value, "lot-account")
        assert (ran.code, ran.err) == (0, "")
        lines = [line.split() for line in ran.out.splitlines()]
        assert ["commissioned", "2"] in lines
        assert ["shipped", "out", "1"] in lines
        assert ["missing", "1"] in lines
        assert f"{OTHER_PACK}  shipped out" in ran.out
        assert [serial["epc"] for serial in value["serials"]] == [PACK]

    def test_accounts_for_a_shipment(self, store_url: str, tmp_path: Path) -> None:
        """
        A person reads it as shipped, received and scanned, from lines or from JSON.
        """
        way(store_url)
        scans = [PACK, STRANGER, "?"]
        (tmp_path / "scans.json").write_text(json.dumps(scans))

        lines = run(
            "reconcile", CASE, "--scans", "-", db=store_url, stdin="\n".join(scans).encode()
        )
        file = str(tmp_path / "scans.json")
        value = run("reconcile", CASE, "--scans", file, "--json", db=store_url).json

        must_be_valid(value, "shipment-account")
        assert lines.code == 0
        assert lines.err.startswith("scan 3: ")
        assert ["received", "1", "1", "1", "0", "0"] in [x.split() for x in lines.out.splitlines()]
        assert ["scanned", "2", "1", "1", "1", "0"] in [x.split() for x in lines.out.splitlines()]
        assert next(thing["epc"] for thing in value["things"]) == OTHER_PACK

    def test_says_what_comes_next(self, store_url: str) -> None:
        """
        What is left out is asked for by the token that is said.
        """
        way(store_url)
        asked = ("reconcile", "(00)003000100000000015", "--per-page", "1")

        first = run(*asked, "--only", "missing", "--as-of", "2026-01-01T05:00:00Z", db=store_url)
        token = first.err.split()[-1]
        more = (*asked, "--only", "missing", "--as-of", "2026-01-01T05:00:00Z", "--after", token)

        assert PACK in first.out
        assert OTHER_PACK in run(*more, db=store_url).out

    def test_tells_a_lot_from_a_shipment(self, store_url: str) -> None:
        """
        What can only be asked of the other is refused; what nobody shipped is not found.
        """
        way(store_url)

        assert run("reconcile", LOT, "--only", "missing", db=store_url).code == 2
        assert run("reconcile", CASE, "--row", "received", db=store_url).code == 2
        assert run("reconcile", "PO 4711", db=store_url).code == 4

    def test_says_the_same_of_a_server(self, sqlite_url: str, tmp_path: Path) -> None:
        """
        A server is sent the scans, and what it answers is what a store does.
        """
        way(sqlite_url)
        (tmp_path / "scans").write_text(f"{PACK}\n{STRANGER}\n")
        asked = ("reconcile", CASE, "--scans", str(tmp_path / "scans"), "--only", "extra", "--json")

        here = run(*asked, db=sqlite_url)
        with served(sqlite_url, tmp_path) as url:
            there = run(*asked, "--url", url)

        assert (there.code, there.out, there.err) == (here.code, here.out, here.err)
        assert STRANGER.rpartition(".")[2] in here.out

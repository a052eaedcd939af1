"""What became of things, at the command line: custody, lineage, corrections."""

from __future__ import annotations

from tests.cli.running import run
from tests.operations.reports import (
    CASE,
    PACK,
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
from tests.rest.serving import must_be_valid

WRONG = named("urn:x:wrong", packed(2, CASE, PACK))


def capture(db: str, *bodies: bytes) -> None:
    for body in bodies:
        assert run("capture", "-", db=db, stdin=body).code == 0


class TestCustody:
    def test_is_a_table_and_what_does_not_fit(self, store_url: str) -> None:
        """
        A person reads who owned it, who had it, where it was, and that it never arrived.
        """
        capture(store_url, document(commissioned(1, PACK), sold(shipped(4, PACK))))

        ran = run("custody", PACK, db=store_url)

        assert (ran.code, ran.err) == (0, "")
        assert f"shipped by {MAKER} to {BUYER}, never received\n" in ran.out
        assert [line.split()[:2] for line in ran.out.splitlines()[2:5]] == [
            *(["owned", "by"], ["with", MAKER]),
            ["at", "urn:epc:id:sgln:030001.000001.0"],
        ]

    def test_is_data_for_programs(self, store_url: str) -> None:
        """
        The same as JSON, on both clocks.
        """
        transfer = document(commissioned(1, PACK), sold(shipped(4, PACK)), received(5, PACK))
        capture(store_url, transfer)

        now = run("custody", PACK, "--json", db=store_url).json
        then = run("custody", PACK, "--as-of", "2026-01-01T04:30:00Z", "--json", db=store_url).json

        must_be_valid(now, "custody")
        must_be_valid(then, "custody")
        assert (now["findings"], len(then["findings"])) == ([], 1)
        assert run("custody", PACK, "--known-at", "2020-01-01", db=store_url).code == 4


class TestLineage:
    def test_is_a_list_by_generation(self, store_url: str) -> None:
        """
        A person reads what it was made of and what was made of it, further in the further away.
        """
        one, two, three = (f"urn:epc:id:sgtin:030001.0012345.{n}" for n in (1, 2, 3))
        capture(store_url, document(transformed(1, [one], [two]), transformed(2, [two], [three])))

        ran = run("lineage", one, db=store_url)

        assert ran.out.splitlines() == [
            one,
            "made of: nothing that is known",
            "made into",
            f"  {two}  2026-01-01T01:00:00.000Z",
            f"    {three}  2026-01-01T02:00:00.000Z",
        ]
        must_be_valid(run("lineage", two, "--json", db=store_url).json, "lineage")


class TestFindings:
    def test_say_what_is_wrong_and_what_to_do(self, store_url: str) -> None:
        """
        A person reads the rule, what it found, both events, and what to do; a program the same.
        """
        first = named("urn:x:first", commissioned(1, PACK))
        capture(store_url, document(first, named("urn:x:again", commissioned(2, PACK))))

        ran = run("findings", PACK, db=store_url)
        value = run("findings", PACK, "--json", db=store_url).json

        must_be_valid(value, "findings")
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.splitlines()[:3] == [
            PACK,
            "2026-01-01T02:00:00.000Z error commissioned-twice: commissioned once more",
            "  urn:x:again, contradicts urn:x:first",
        ]
        assert value["findings"][0]["what_to_do"] in ran.out

    def test_may_be_none(self, store_url: str) -> None:
        """
        Where nothing is wrong, it says so; of what was never named nothing can be said.
        """
        capture(store_url, document(commissioned(1, PACK)))

        assert run("findings", PACK, db=store_url).out == f"{PACK}\nnothing is found\n"
        assert run("findings", CASE, db=store_url).code == 4

    def test_about_a_lot_name_its_serials(self, store_url: str) -> None:
        """
        Of a lot it is told which of its serials a finding is about.
        """
        capture(store_url, document(commissioned(1, PACK), commissioned(2, PACK)))

        assert f"\n  {PACK}\n" in run("findings", "(01)00300010123455(10)L1", db=store_url).out


class TestCorrection:
    def test_says_why_and_what_is_in_doubt(self, store_url: str) -> None:
        """
        A person reads the reason, what is true instead, and what was built on the error.
        """
        declared = declared_in_error(
            WRONG, reason="incorrect_data", corrective_event_ids=("urn:x:right",)
        )
        capture(store_url, document(commissioned(1, PACK), WRONG, shipped(3, CASE)))
        capture(store_url, document(declared))

        ran = run("correction", "urn:x:wrong", db=store_url)
        value = run("correction", "urn:x:wrong", "--json", db=store_url).json

        assert "(incorrect_data)" in ran.out
        assert "true instead: urn:x:right (not recorded here)" in ran.out
        assert f"{PACK}  not in container {CASE}" in ran.out
        must_be_valid(value, "correction")
        assert run("correction", "urn:x:else", db=store_url).code == 4

    def test_of_what_nobody_built_on_says_so(self, store_url: str) -> None:
        """
        An error that changes nothing is told as one.
        """
        capture(store_url, document(WRONG), document(declared_in_error(WRONG)))

        assert "nothing was built on it\n" in run("correction", "urn:x:wrong", db=store_url).out


class TestDiff:
    def test_is_text(self, store_url: str) -> None:
        """
        What happened between two moments is told line by line; that nothing did, in words.
        """
        capture(store_url, document(commissioned(1, PACK), shipped(3, PACK)))
        moments = ("2026-01-01T02:00:00Z", "2026-01-01T04:00:00Z")

        ran = run("diff", PACK, *moments, "--by", "as_of", db=store_url)
        same = run("diff", PACK, "2998-01-01", "2999-01-01", db=store_url)
        twice = run("diff", PACK, *moments, "--known-at", "2026-01-01", db=store_url)

        assert "+lifecycle: shipped\n" in ran.out
        assert (same.out, same.err) == ("", "nothing differs\n")
        assert twice.code == 2


class TestContents:
    def test_may_be_counted_or_listed(self, store_url: str) -> None:
        """
        How much of what, in words and as data, and a line for each leaf.
        """
        capture(store_url, document(packed(1, CASE, PACK)))

        counted, listed = (run(name, CASE, db=store_url) for name in ("counts", "leaves"))
        value = run("counts", CASE, "--json", db=store_url).json

        assert "https://id.gs1.org/01/00300010123455  1" in counted.out
        must_be_valid(value, "counts")
        assert listed.out == f"{PACK}\n"
        assert run("leaves", PACK, "--known-at", "2020-01-01", db=store_url).code == 4


class TestHistory:
    def test_of_a_lot_comes_in_pages(self, store_url: str) -> None:
        """
        A lot has the number of its serials, each event how many it concerns, a page what is next.
        """
        capture(store_url, document(commissioned(1, PACK), packed(2, CASE, PACK), shipped(3, CASE)))
        lot = "(01)00300010123455(10)L1"

        first = run("history", lot, "--per-page", "2", db=store_url)
        token = first.err.split()[-1]
        second = run("history", lot, "--after", token, db=store_url)

        assert "serials: 1\n" in first.out
        assert "reported of 1" in first.out
        assert f"inferred from {CASE} of 1" in second.out
        assert second.err == ""

    def test_names_what_is_true_instead(self, store_url: str) -> None:
        """
        What was struck out says what stands in its place, and that what it stands for.
        """
        declared = declared_in_error(WRONG, corrective_event_ids=("urn:x:right",))
        capture(store_url, document(WRONG, declared, named("urn:x:right", packed(2, PACK, CASE))))

        out = run("history", PACK, db=store_url).out

        assert "declared in error, true instead: urn:x:right" in out
        assert "packing, instead of urn:x:wrong" in out

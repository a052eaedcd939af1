"""Exceptions at the command line."""

from __future__ import annotations

import pytest

from tests.cli.running import run
from tests.operations.reports import CASE, OTHER_PACK, PACK, commissioned, document, received
from tests.operations.test_custody import sold
from tests.rest.serving import must_be_valid

LOT = "(01)00300010123455(10)L1"
WHY = ("--reason", "two packs too few", "--by", "Ann")


@pytest.fixture
def db(store_url: str) -> str:
    """A store with two packs that were received, and shipped by nobody."""
    body = document(
        commissioned(1, PACK, OTHER_PACK), sold(received(4, PACK)), sold(received(5, OTHER_PACK))
    )
    assert run("capture", "-", db=store_url, stdin=body).code == 0
    return store_url


class TestException:
    def test_is_opened_listed_decided_on_and_shown(self, db: str) -> None:
        """
        A person opens an exception, sees it in the list, and takes it to its end.
        """
        opened = run(
            *("open-exception", CASE, *WHY, "--kind", "shortage", "--name", "E1"),
            *("--transaction", "urn:x:D1", "--due", "2020-01-01"),
            db=db,
        )
        listed = run("exceptions", "--overdue", "--state", "open", db=db)

        assert (opened.code, opened.err) == (0, "")
        assert opened.out.splitlines()[0] == "E1 data no product: shortage"
        assert f"thing: {CASE}" in opened.out
        assert "E1" in listed.out
        assert "(overdue)" in listed.out
        ways: list[tuple[str, ...]] = [
            ("begin",),
            ("explain", "--root-cause", "man"),
            ("plan_action", "--action", "corrective"),
            ("finish_action", "--number", "1"),
            ("amend", "--thing", PACK, "--event", "urn:x:1"),
            ("contain", "--hold", "H1"),
            ("resolve",),
            ("approve", "--by", "Bob"),
            ("check_action", "--number", "1", "--effective"),
            ("close", "--version", "10"),
        ]
        run("hold", CASE, *WHY, "--name", "H1", db=db)

        outs: list[str] = []
        for word, *more in ways:
            # Of an option that is there twice the last counts.
            decided = run("decide-exception", "E1", word, *WHY, *more, db=db)
            assert (decided.code, decided.err) == (0, "")
            outs.append(decided.out)
        shown = run("exception", "E1", db=db)
        assert shown.out == outs[-1]
        for text in (
            "closed, due",
            "root cause: man, by Ann",
            "action 1, corrective",
            "has helped",
            "hold: H1",
            "by Bob at",
            "owner: Ann",
        ):
            assert text in shown.out
        assert "E1" not in run("exceptions", "--state", "open", db=db).out
        assert "E1" in run("exceptions", PACK, db=db).out

    def test_is_opened_once_under_a_key(self, db: str) -> None:
        """
        The same command again has the same answer; another under its key is refused.
        """
        words = ("open-exception", CASE, *WHY, "--kind", "shortage", "--idempotency-key", "K1")

        first, again = (run(*words, "--json", db=db) for _ in range(2))
        other = run(*words, "--owner", "Bob", db=db)

        assert first.json == again.json
        assert other.code == 5
        assert len(run("exceptions", "--json", db=db).json["exceptions"]) == 1

    def test_is_data_for_programs(self, db: str) -> None:
        """
        The same as JSON, in the schemas of the interface.
        """
        name = ("--class", "data_issue", "--name", "E1")

        opened = run("open-exception", *WHY, *name, "--json", db=db)

        must_be_valid(opened.json, "exception")
        assert (opened.json["class"], opened.json["kind"]) == ("data_issue", None)
        decided = run("decide-exception", "E1", "begin", *WHY, "--json", db=db)
        must_be_valid(decided.json, "exception")
        assert run("exception", "E1", "--json", db=db).json == decided.json
        must_be_valid(run("exceptions", "--json", db=db).json, "exceptions")

    def test_is_raised_of_findings_once(self, db: str) -> None:
        """
        What is found of a lot is an exception for each cause; looked at again, nothing changes.
        """
        first = run("raise-exceptions", LOT, "--by", "Ann", db=db)
        again = run("raise-exceptions", LOT, "--by", "Ann", "--json", db=db)

        assert first.code == 0
        assert "received-not-shipped" in first.out
        assert "opened" in first.out
        must_be_valid(again.json, "exceptions-raised")
        assert {case["became"] for case in again.json["exceptions"]} == {"unchanged"}

    def test_is_refused_with_a_code(self, db: str) -> None:
        """
        What is wrong is 2 or 3, what is not there 4, what somebody has decided before 5.
        """
        run("open-exception", *WHY, "--kind", "damaged", "--name", "E1", db=db)

        assert run("open-exception", "a pack", *WHY, "--kind", "damaged", db=db).code == 3
        assert run("open-exception", *WHY, db=db).code == 3
        assert run("open-exception", *WHY, "--kind", "damaged", "--name", "E1", db=db).code == 5
        assert run("open-exception", *WHY, "--class", "none", db=db).code == 2
        assert run("open-exception", "--kind", "damaged", db=db).code == 2
        assert run("decide-exception", "E2", "begin", *WHY, db=db).code == 4
        assert run("decide-exception", "E1", "close", *WHY, db=db).code == 5
        assert run("decide-exception", "E1", "begin", *WHY, "--version", "2", db=db).code == 5
        assert run("decide-exception", "E1", "burn", *WHY, db=db).code == 3
        assert run("decide-exception", "E1", "begin", *WHY, "--owner", "Bob", db=db).code == 3
        assert run("exception", "E2", db=db).code == 4
        assert run("exceptions", "a pack", db=db).code == 2
        assert run("exceptions", "--kind", "?", db=db).code == 2
        assert run("raise-exceptions", "a pack", "--by", "Ann", db=db).code == 3
        assert run("raise-exceptions", "--by", "Ann", db=db).code == 3
        assert run("raise-exceptions", "--exception", "E2", "--by", "Ann", db=db).code == 4
        assert run("exceptions", "--as-of", "2026-01-01", db=db).code == 2
        assert run("decide-exception", "E1", "contain", "--hold", "H9", *WHY, db=db).code == 4
        assert run("raise-exceptions", CASE, "--by", "Ann", db=db).code == 4
        assert run("exceptions", "--state", "open", "--json", db=db).json["exceptions"] != []

"""Reactions, what they keep out, and allocations at the command line."""

from __future__ import annotations

import pytest

from tests.cli.running import run
from tests.operations.reports import OTHER_PACK, PACK, commissioned, named
from tests.reactions.sending import AGAIN, FIRST, MAKER, TWICE, body_of
from tests.rest.serving import must_be_valid

WHY = ("--reason", "agreed with partners", "--by", "QA")
OTHER = named("urn:x:other", commissioned(2, OTHER_PACK))


@pytest.fixture
def db(store_url: str) -> str:
    """A store with a pack."""
    assert run("capture", "-", db=store_url, stdin=body_of(FIRST)).code == 0
    return store_url


class TestReactions:
    def test_are_set_and_shown(self, db: str) -> None:
        """
        A reaction is set for a partner, shown with the rules of that store, and taken back.
        """
        everywhere = run("rules")
        set_so = run("set-reaction", TWICE, "reject", *WHY, "--partner", MAKER, db=db)
        shown = run("rules", "--set", "--json", db=db)
        back = run("set-reaction", TWICE, "default", *WHY, "--partner", MAKER, db=db)

        assert (everywhere.code, MAKER in everywhere.out) == (0, False)
        assert set_so.out.splitlines()[1] == f"  {MAKER}: reject, by QA: agreed with partners"
        must_be_valid(shown.json, "rules")
        [rule] = [each for each in shown.json["rules"] if each["rule"] == TWICE]
        assert [setting["reaction"] for setting in rule["reactions"]["set"]] == ["reject"]
        assert back.out == f"{TWICE}: raise, where nothing is set\n"
        assert run("set-reaction", "nobodys", "reject", *WHY, db=db).code == 4

    def test_refuse_what_breaks_the_rule(self, db: str) -> None:
        """
        A document that is refused ends with 3, and says which rule, what with, and what to do.
        """
        run("set-reaction", TWICE, "reject", *WHY, db=db)

        refused = run("capture", "-", db=db, stdin=body_of(AGAIN))
        found = run("found", "--rule", TWICE, db=db)

        assert refused.code == 3
        assert f"{PACK}: commissioned once more, by event urn:x:again" in refused.err
        assert "Hold all that has the serial" in refused.err
        assert f"{TWICE}, reject: commissioned once more" in found.out

    def test_keep_aside_until_somebody_decides(self, db: str) -> None:
        """
        What is kept aside is listed, and captured or dismissed by who says why.
        """
        run("set-reaction", TWICE, "quarantine", *WHY, db=db)
        kept = run("capture", "-", db=db, stdin=body_of(OTHER, AGAIN))
        also = run("capture", "-", db=db, stdin=body_of(named("urn:x:b", commissioned(6, PACK))))
        listed = run("quarantine", "--json", db=db)
        second, first = (each["capture_id"] for each in listed.json["quarantine"])

        released = run("release-quarantine", first, *WHY, db=db)
        dismissed = run("dismiss-quarantine", second, *WHY, db=db)

        assert (kept.code, also.code) == (3, 3)
        assert "2 of them kept aside" in kept.out
        must_be_valid(listed.json, "quarantine")
        assert "released by QA: agreed with partners" in released.out
        assert "dismissed by QA" in dismissed.out
        assert run("quarantine", db=db).out == "nothing is kept aside\n"
        assert "dismissed" in run("quarantine", second, db=db).out
        assert run("release-quarantine", second, *WHY, db=db).code == 5
        assert "urn:x:again" in run("history", PACK, "--json", db=db).out

    def test_judge_without_a_server(self, db: str) -> None:
        """
        What was captured is held against the rules by a command, to the end.
        """
        assert run("capture", "-", db=db, stdin=body_of(AGAIN)).code == 0
        before = run("found", db=db)

        judged = run("judge", db=db)
        after = run("found", PACK, "--json", db=db)

        assert before.out == "nothing was found\n"
        assert judged.code == 0
        must_be_valid(after.json, "findings-made")
        assert [finding["rule"] for finding in after.json["findings"]] == [TWICE]
        assert TWICE in run("exceptions", db=db).out


class TestAllocations:
    def test_are_made_listed_and_withdrawn(self, db: str) -> None:
        """
        Serials are allocated, listed and withdrawn with a reason; others are found meanwhile.
        """
        made = run("allocate", "00300010123455", "A2", "A9", *WHY, "--name", "B7", db=db)
        found = run("findings", PACK, db=db)
        listed = run("allocations", "00300010123455", "--json", db=db)
        withdrawn = run("withdraw-allocation", "B7", *WHY, db=db)

        assert "B7" in made.out
        assert "serial A1 was not allocated" in found.out
        must_be_valid(listed.json, "allocations")
        assert "by QA: agreed with partners" in withdrawn.out
        assert run("allocate", "1", "A2", "A9", *WHY, db=db).code == 3
        assert run("allocations", "1", db=db).code == 2

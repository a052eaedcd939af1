"""The rules about things: each finds what it is for, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from epcis_repo.findings import RULES, Finding, Hold, Known, SerialRange, ThingRule, judge
from epcis_repo.model.events import Event
from epcis_repo.validation import CATALOGUE
from tests.findings.cases import ALL, BOX, ROWS, Row, begun, under_names
from tests.findings.lives import lives_in, logged
from tests.operations.reports import (
    CASE,
    PACK,
    PALLET,
    at,
    declared_in_error,
    key,
    packed,
    shipped,
)


def sentences(finding: Finding) -> tuple[object, ...]:
    """A finding as it is told, without where its events stand."""
    names = {key: key for key in finding.others}
    return (
        finding.rule.id,
        finding.keys,
        finding.event,
        finding.contradicts,
        finding.sentence(names),
    )


row_ids = [f"{number}-{row.rule}" for number, row in enumerate(ROWS)]


def found(
    events: Sequence[Event], known: Known, *, now: float, recorded: float
) -> tuple[Finding, ...]:
    log = logged(under_names(events), recorded=at(recorded))
    return judge(lives_in(log, now=at(now)), known)


class TestRules:
    @pytest.mark.parametrize("row", ROWS, ids=row_ids)
    def test_find_what_breaks_them(self, row: Row) -> None:
        """
        What breaks a rule is found by it, and by no other.
        """
        findings = found(row.breaks, row.known, now=row.now, recorded=row.recorded)

        assert {finding.rule.id for finding in findings} == {row.rule}
        against = row.against if row.against is None else f"urn:x:{row.against}"
        names = {finding.contradicts and finding.contradicts.event_id for finding in findings}
        assert names <= {against, row.against}

    @pytest.mark.parametrize("row", ROWS, ids=row_ids)
    def test_find_nothing_next_to_it(self, row: Row) -> None:
        """
        What is nearly the same, and may be, is told of nothing.
        """
        known = row.known if row.known_better is None else row.known_better
        now = row.now if row.now_better is None else row.now_better

        assert found(row.keeps, known, now=now, recorded=row.recorded) == ()

    @pytest.mark.parametrize("row", ROWS, ids=row_ids)
    def test_do_not_look_at_the_order_of_arrival(self, row: Row) -> None:
        """
        The same events, the last first, give the same findings.
        """
        events = under_names(row.breaks)
        logs = [logged(told, recorded=at(row.recorded)) for told in (events, events[::-1])]
        first, second = (judge(lives_in(log, now=at(row.now)), row.known) for log in logs)

        assert [sentences(item) for item in first] == [sentences(item) for item in second]

    @pytest.mark.parametrize("row", ROWS, ids=row_ids)
    def test_find_nothing_in_what_is_declared_in_error(self, row: Row) -> None:
        """
        Once all of it is declared in error, there is nothing that could break a rule.
        """
        events = under_names(row.breaks)
        declared = [declared_in_error(event) for event in events]
        log = logged([*events, *declared], recorded=at(row.recorded))

        assert judge(lives_in(log, now=at(row.now)), row.known) == ()

    def test_see_a_wrong_lot_from_either_side(self) -> None:
        """
        A case that has a pack of another lot in it is told of, and so is the pack.
        """
        events = [begun(PACK), begun(BOX, lotNumber="L2"), packed(2, BOX, PACK)]

        findings = found(events, Known(), now=20, recorded=20)

        assert {(item.keys, item.others) for item in findings} == {
            ((key(PACK),), (key(BOX),)),
            ((key(BOX),), (key(PACK),)),
        }

    def test_have_a_container_on_hold_hold_what_is_in_it(self) -> None:
        """
        What is in a case that is on hold is shipped while on hold itself.
        """
        known = Known(holds=[Hold(key(CASE), "hold 7", at(2))])
        events = [ALL, packed(1.5, CASE, PACK), packed(1.6, PALLET, CASE), shipped(3, PALLET)]

        [finding] = found(events, known, now=20, recorded=20)

        assert finding.keys == (key(CASE), key(PACK))
        assert finding.contradicts is not None
        assert finding.contradicts.event_id == "hold 7"


class TestCatalogue:
    def test_has_a_test_for_every_rule(self) -> None:
        """
        Each rule has a row that breaks it.
        """
        assert {row.rule for row in ROWS} == {rule.id for rule in RULES}

    def test_numbers_and_names_each_rule_once(self) -> None:
        """
        A number and a name mean one rule, of documents or of things, and numbers go up.
        """
        numbers = [*(rule.number for rule in CATALOGUE), *(rule.number for rule in RULES)]
        names = [*(rule.id for rule in CATALOGUE), *(rule.id for rule in RULES)]

        assert numbers == sorted(set(numbers))
        assert len(set(names)) == len(names)

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
    def test_says_what_a_rule_is_and_what_to_do(self, rule: ThingRule) -> None:
        """
        A rule has a clause, a sentence that is to be true, and what to do where it is not.
        """
        assert rule.clause
        for sentence in (rule.what, rule.what_to_do):
            assert re.fullmatch(r"[A-Z].*\.", sentence)


class TestSerialRange:
    @pytest.mark.parametrize(
        ("serial", "is_in"),
        [("9", False), ("10", True), ("0010", True), ("99", True), ("100", False), ("A", False)],
    )
    def test_of_numbers_goes_by_their_value(self, serial: str, is_in: bool) -> None:
        """
        Digits are compared as numbers, and what is no number is not among them.
        """
        assert SerialRange("10", "99").has(serial) is is_in

    @pytest.mark.parametrize(
        ("serial", "is_in"),
        [("AB10", True), ("AB9Z", True), ("ABZZ", False), ("AB1", False), ("AB100", False)],
    )
    def test_of_texts_goes_by_those_as_long(self, serial: str, is_in: bool) -> None:
        """
        Of others those count that are as long, by alphabet.
        """
        assert SerialRange("AB00", "AB9Z").has(serial) is is_in

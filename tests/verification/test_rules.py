"""The decision table of GS1 US, Lightweight Messaging Standard for DSCSA, release 1.3."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.verification import Verdict
from epcis_repo.verification.rules import ENDED, WARNINGS, decide

TODAY = date(2026, 6, 15)
FRESH, LAST_DAY, PAST = date(2030, 1, 1), TODAY, date(2026, 6, 14)
ACTIVE = "commissioned"
POLICY = "Manufacturer_policy"

# commissioned, lot and expiry match, lifecycle, dispositions, expiry → verified, why not, besides.
TABLE = {
    "unknown serial": (
        (False, False, False, None, (), None),
        (False, "No_match_GTIN_Serial", None),
    ),
    "unknown serial, all else right": (
        (False, True, True, None, ("recalled",), FRESH),
        (False, "No_match_GTIN_Serial", None),
    ),
    "lot and expiry differ": (
        (True, False, False, ACTIVE, (), FRESH),
        (False, "No_match_GTIN_Serial_Lot_Expiry", None),
    ),
    "lot differs": (
        (True, False, True, ACTIVE, (), FRESH),
        (False, "No_match_GTIN_Serial_Lot", None),
    ),
    "expiry differs": (
        (True, True, False, ACTIVE, (), FRESH),
        (False, "No_match_GTIN_Serial_Expiry", None),
    ),
    # No match with a reason has no additional information.
    "lot of a recalled pack differs": (
        (True, False, True, ACTIVE, ("recalled",), PAST),
        (False, "No_match_GTIN_Serial_Lot", None),
    ),
    "lot of a destroyed pack differs": (
        (True, False, True, "destroyed", (), FRESH),
        (False, "No_match_GTIN_Serial_Lot", None),
    ),
    "all match": ((True, True, True, ACTIVE, (), FRESH), (True, None, None)),
    "in transit": ((True, True, True, ACTIVE, ("in_transit", ""), FRESH), (True, None, None)),
    "last day": ((True, True, True, ACTIVE, (), LAST_DAY), (True, None, None)),
    "day after": ((True, True, True, ACTIVE, (), PAST), (True, None, "Expired")),
    "said to be expired": (
        (True, True, True, ACTIVE, ("expired",), FRESH),
        (True, None, "Expired"),
    ),
    "recalled": ((True, True, True, ACTIVE, ("recalled",), FRESH), (True, None, "Recalled")),
    "recalled and past": (
        (True, True, True, ACTIVE, ("recalled",), PAST),
        (True, None, "Recalled"),
    ),
    "suspect": (
        (True, True, True, ACTIVE, ("no_pedigree_match",), FRESH),
        (True, None, "Suspect"),
    ),
    "stolen": ((True, True, True, ACTIVE, ("stolen",), FRESH), (True, None, "Illegitimate")),
    "stolen and recalled": (
        (True, True, True, ACTIVE, ("recalled", "stolen"), FRESH),
        (True, None, "Illegitimate"),
    ),
    "decommissioned": ((True, True, True, "decommissioned", (), FRESH), (False, POLICY, None)),
    "destroyed": ((True, True, True, "destroyed", (), FRESH), (False, POLICY, None)),
    "dispensed": ((True, True, True, "dispensed", (), FRESH), (False, POLICY, None)),
    "used up": ((True, True, True, "transformed", (), FRESH), (False, POLICY, None)),
    "destroyed after recall": (
        (True, True, True, "destroyed", ("recalled",), FRESH),
        (False, POLICY, "Recalled"),
    ),
    "dispensed and past": ((True, True, True, "dispensed", (), PAST), (False, POLICY, "Expired")),
}


def verdict_of(
    commissioned: bool,
    lot_matches: bool,
    expiry_matches: bool,
    lifecycle: str | None,
    dispositions: tuple[str, ...],
    expiry: date | None,
) -> Verdict:
    return decide(
        commissioned=commissioned,
        lot_matches=lot_matches,
        expiry_matches=expiry_matches,
        lifecycle=lifecycle,
        dispositions=dispositions,
        expiry=expiry,
        today=TODAY,
    )


class TestDecide:
    @pytest.mark.parametrize(
        ("facts", "expected"), [pytest.param(*row, id=name) for name, row in TABLE.items()]
    )
    def test_answers_as_the_table_has_it(
        self,
        facts: tuple[bool, bool, bool, str | None, tuple[str, ...], date | None],
        expected: tuple[bool, str | None, str | None],
    ) -> None:
        """
        Facts in, the standard's words out.
        """
        verdict = verdict_of(*facts)

        assert (verdict.verified, verdict.failure_reason, verdict.additional_info) == expected
        assert verdict.sentence.startswith("Verified" if verdict.verified else "Not verified")

    @given(
        st.sets(st.sampled_from([*WARNINGS, "active", "in_transit", ""])),
        st.sampled_from([*ENDED, ACTIVE, None]),
        st.dates(),
    )
    def test_is_verified_only_when_all_four_match(
        self, dispositions: set[str], lifecycle: str | None, expiry: date
    ) -> None:
        """
        No disposition and no life verifies what does not match, and a reason is there exactly
        when it is not verified.
        """
        for commissioned, lot, date_ in product((False, True), repeat=3):
            verdict = verdict_of(commissioned, lot, date_, lifecycle, tuple(dispositions), expiry)

            assert not verdict.verified or (commissioned and lot and date_)
            assert verdict.verified == (verdict.failure_reason is None)

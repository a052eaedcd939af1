"""What may be asked of a hold, and what is said of anything else."""

from __future__ import annotations

from typing import Any

import pytest

from epcis_repo.errors import ValidationError
from epcis_repo.holds import Kind, hold_asked, release_asked
from epcis_repo.holds.asked import HELD_MAX
from tests.operations.reports import CASE, PACK, at

ASKED: dict[str, Any] = {"of": [PACK], "reason": "a complaint", "by": "QA"}
RECALL: dict[str, Any] = {**ASKED, "kind": "recall", "hold_id": "R1"}


def test_a_hold_is_on_things_in_any_spelling() -> None:
    """
    A pack, a container and a lot are held under one EPC each, however they are written.
    """
    spelt = [PACK, "(01)00300010123455(21)A1", "003000100000000015", "(01)00300010123455(10)L1"]

    asked = hold_asked({**ASKED, "of": spelt})

    assert asked.held == (PACK, CASE, "urn:epc:class:lgtin:030001.0012345.L1")
    assert (asked.kind, asked.hold_id, asked.since) == (Kind.HOLD, None, None)


def test_a_date_is_the_whole_of_it() -> None:
    """
    What is held from a date on is held that day, and what is held until a date, too.
    """
    assert hold_asked({**ASKED, "since": "2026-01-01"}).since == at(0)
    assert release_asked({"reason": "x", "by": "QA", "until": "2026-01-01"}).until == at(24) - 1


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        pytest.param([], "", id="no object"),
        pytest.param({}, "/of", id="nothing"),
        pytest.param({**ASKED, "of": []}, "/of", id="on nothing"),
        pytest.param({**ASKED, "of": PACK}, "/of", id="no list"),
        pytest.param({**ASKED, "of": [PACK] * (HELD_MAX + 1)}, "/of", id="on too much"),
        pytest.param({**ASKED, "of": [PACK, 5]}, "/of/1", id="a number for an identifier"),
        pytest.param({**ASKED, "of": ["a pack"]}, "/of/0", id="no identifier"),
        pytest.param({**ASKED, "of": ["urn:x:\0"]}, "/of/0", id="what no database takes"),
        pytest.param(
            {**ASKED, "of": ["(01)00300010123456(21)A1"]}, "/of/0", id="a wrong check digit"
        ),
        pytest.param({**ASKED, "of": ["00300010123455"]}, "/of/0", id="a class"),
        pytest.param({**ASKED, "reason": " "}, "/reason", id="no reason"),
        pytest.param({**ASKED, "by": None}, "/by", id="by nobody"),
        pytest.param({**ASKED, "reason": "a\nb"}, "/reason", id="lines"),
        pytest.param({**ASKED, "since": "yesterday"}, "/since", id="no moment"),
        pytest.param({**ASKED, "since": 5}, "/since", id="a number for a moment"),
        pytest.param({**ASKED, "until": "2026-01-01"}, "/until", id="an end"),
        pytest.param({**ASKED, "kind": "ban"}, "/kind", id="no kind"),
        pytest.param({**ASKED, "hold_id": "a/b"}, "/hold_id", id="a name with a slash"),
        pytest.param({**ASKED, "hold_id": ".."}, "/hold_id", id="a name that no path has"),
        pytest.param({**ASKED, "hold_id": "x" * 201}, "/hold_id", id="a long name"),
        pytest.param({**ASKED, "recall_class": "II"}, "/recall_class", id="a hold with a class"),
        pytest.param({**ASKED, "kind": "recall"}, "/hold_id", id="a recall without a number"),
        pytest.param({**ASKED, "kind": "mock_recall"}, "/hold_id", id="a drill without one"),
    ],
)
def test_what_is_no_hold_is_refused(value: Any, pointer: str) -> None:
    """
    Whatever is wrong with what is asked for is named by its place.
    """
    with pytest.raises(ValidationError) as caught:
        hold_asked(value)

    assert [violation.pointer for violation in caught.value.violations] == [pointer]


@pytest.mark.parametrize("value", [{"by": "QA"}, {"reason": "x"}, {"reason": "x", "by": 5}, 5])
def test_what_is_no_release_is_refused(value: Any) -> None:
    """
    Who releases says who he is, and why.
    """
    with pytest.raises(ValidationError):
        release_asked(value)


def test_a_recall_has_a_class_in_any_words() -> None:
    """
    A class is a text: other regimes have other classes.
    """
    assert hold_asked({**RECALL, "recall_class": "II"}).recall_class == "II"
    assert hold_asked({**RECALL, "recall_class": "Klasse 2"}).recall_class == "Klasse 2"
    assert hold_asked(RECALL).recall_class is None

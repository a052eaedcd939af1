"""The list of requirements says what is the case."""

from __future__ import annotations

from tests.conformance.listing import README, rendered, rows_taken
from tests.conformance.rows import IN_PART, INTERFACE, NOT_OURS, ROWS


def test_is_not_stale() -> None:
    """
    The list is what the tests say: `python -m tests.conformance` writes it anew.
    """
    assert README.read_text(encoding="utf-8") == rendered()


def test_has_all_rows_once() -> None:
    """
    Each row has a test, or a reason why it has none, and never both.
    """
    taken = rows_taken().keys()

    assert ROWS.keys() | INTERFACE.keys() == taken | NOT_OURS.keys()
    assert not taken & NOT_OURS.keys()
    assert IN_PART.keys() <= taken
    assert list(ROWS) == [f"M{number}" for number in range(1, 128)]

"""How units convert into each other."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.gs1.unit_factors import UNITS, converted
from epcis_repo.gs1.units import kind_of_unit


@pytest.mark.parametrize(
    ("value", "unit", "into", "expected"),
    [
        ("0", "CEL", "KEL", "273.15"),
        ("-40", "CEL", "FAH", "-40"),
        ("212", "FAH", "CEL", "100"),
        ("491.67", "A48", "KEL", "273.15"),
        ("1", "LBR", "GRM", "453.59237"),
        ("16", "ONZ", "LBR", "1"),
        ("1", "TNE", "KGM", "1000"),
        ("12", "INH", "FOT", "1"),
        ("1", "SMI", "KMT", "1.609344"),
        ("8", "PTI", "GLI", "1"),
        ("4", "QTL", "GLL", "1"),
        ("1", "LTR", "CMQ", "1000"),
        ("1", "HAR", "MTK", "10000"),
        ("1", "ATM", "KPA", "101.325"),
        ("90", "KMH", "MTS", "25"),
        ("2", "HUR", "MIN", "120"),
        ("1", "KWH", "3B", "3.6"),
        ("100", "P1", "C62", "1"),
        ("180", "D61", "DD", "3"),
        ("5", "X99", "X99", "5"),
    ],
)
def test_converts(value: str, unit: str, into: str, expected: str) -> None:
    """
    A value in one unit is another in the other, exactly.
    """
    assert converted(Fraction(value), unit, into) == Fraction(expected)


@pytest.mark.parametrize(("unit", "into"), [("CEL", "KGM"), ("CEL", "ZZ9"), ("ZZ9", "CEL")])
def test_does_not_convert(unit: str, into: str) -> None:
    """
    Units of two kinds do not convert, nor does one that nobody knows.
    """
    assert converted(Fraction(1), unit, into) is None


def test_difference_has_no_zero() -> None:
    """
    A difference is the same on scales that begin elsewhere.
    """
    assert converted(Fraction(2), "CEL", "KEL", is_difference=True) == 2
    assert converted(Fraction(2), "CEL", "FAH", is_difference=True) == Fraction("3.6")


@given(st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)), st.integers(-(10**9), 10**9))
def test_there_and_back_is_the_same(unit: str, other: str, value: int) -> None:
    """
    What converts into another unit converts back, and both are of one kind.
    """
    there = converted(Fraction(value), unit, other)
    if there is not None:
        assert converted(there, other, unit) == value
        assert kind_of_unit(unit) == kind_of_unit(other)


def test_converts_what_is_known() -> None:
    """
    Every unit that converts is one of those that are known.
    """
    assert {unit for unit in UNITS if kind_of_unit(unit) is None} == set()

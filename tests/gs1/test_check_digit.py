"""The check digit catches what people mistype."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.errors import IdentifierError
from epcis_repo.gs1 import check_digit
from tests.gs1.strategies import digits


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param("0401234511111", "8", id="GTIN-14"),
        pytest.param("9501234", "6", id="GTIN-8"),
        pytest.param("950110153100", "0", id="GTIN-13, zero"),
        pytest.param("34012345111111111", "1", id="SSCC"),
        pytest.param("401234500005", "4", id="GLN"),
    ],
)
def test_known_digits(payload: str, expected: str) -> None:
    """
    The digit is the one that GS1 computes.
    """
    assert check_digit.compute(payload) == expected


@given(payload=digits(17), position=st.integers(0, 17), change=st.integers(1, 9))
def test_any_single_wrong_digit_is_found(payload: str, position: int, change: int) -> None:
    """
    Whichever digit of a key is mistyped, the key is refused and the right digit is named.
    """
    key = payload + check_digit.compute(payload)
    wrong = key[:position] + str((int(key[position]) + change) % 10) + key[position + 1 :]

    check_digit.verify(key, within=key)
    with pytest.raises(IdentifierError) as error:
        check_digit.verify(wrong, within=wrong)

    assert error.value.part == "check digit"
    assert error.value.expected == check_digit.compute(wrong[:-1])

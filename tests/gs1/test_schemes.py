"""The table of schemes, against what GS1 publishes."""

from __future__ import annotations

import pytest

from epcis_repo.gs1.reference import application_identifier
from epcis_repo.gs1.schemes import SCHEMES, SHORT_NAMES, N, Scheme, X, Y
from tests.gs1.strategies import WITH_GS1_KEY

LETTER_OF = {N: "N", X: "X", Y: "Y"}


def published_format(ai: str) -> str:
    """The format of an application identifier in GS1's notation, such as `N13[+X..17]`."""
    known = application_identifier(ai)
    assert known is not None
    assert known.ai == ai
    return known.format


@pytest.mark.parametrize("scheme", WITH_GS1_KEY, ids=lambda scheme: scheme.name)
class TestFormats:
    """Lengths and character sets."""

    def test_the_key_is_as_long_as_published(self, scheme: Scheme) -> None:
        """
        A row describes the value of its application identifier as the General Specifications do.
        """
        assert scheme.ai is not None
        described = f"{LETTER_OF[scheme.characters]}..{scheme.length_max}"
        if scheme.digits:
            numbers = (scheme.check_digit_at, *scheme.counts)
            described = "+".join(f"N{length}" for length in numbers)
        if scheme.serial is not None and scheme.serial.ai is None:
            described += f"[+{LETTER_OF[scheme.serial.characters]}..{scheme.serial.length_max}]"

        assert described == published_format(scheme.ai)

    def test_the_serial_is_as_long_as_published(self, scheme: Scheme) -> None:
        """
        So it is with the serial that has an application identifier of its own.
        """
        if scheme.serial is None or scheme.serial.ai is None:
            return
        described = f"{LETTER_OF[scheme.serial.characters]}..{scheme.serial.length_max}"

        assert described == published_format(scheme.serial.ai)


def test_there_are_all_schemes_of_the_standard() -> None:
    """
    Twenty EPC schemes, and the class of a lot.
    """
    assert len(SCHEMES) == 21


def test_short_names_are_unambiguous() -> None:
    """
    No two names stand for the same application identifier.
    """
    assert len(set(SHORT_NAMES.values())) == len(SHORT_NAMES)

"""What people ask with, an identifier or a moment: read in one way wherever they ask."""

from __future__ import annotations

from epcis_repo.errors import QueryParameterError, ScanError
from epcis_repo.gs1 import Identifier, parse_identifier
from epcis_repo.model.times import DATE_TIME_EXPECTED, parse_moment

IDENTIFIER_EXPECTED = (
    "an EPC URN (urn:epc:id:…), a Digital Link (https://…/01/…/21/…), an element string "
    "((01)…(21)…), the 18 digits of an SSCC, or a GTIN and a serial"
)


def identifier_asked(text: str) -> Identifier:
    """Return the identifier that `text` is; the `ScanError` for any other says what would do."""
    try:
        return parse_identifier(text)
    except ScanError as error:
        raise ScanError(f"{error}; expected {IDENTIFIER_EXPECTED}") from None


def moment_asked(parameter: str, text: str) -> int:
    """Return the moment that `text`, given as `parameter`, names, in microseconds."""
    try:
        return parse_moment(text)
    except ValueError:
        expected = f"a date, or {DATE_TIME_EXPECTED}"
        raise QueryParameterError(parameter, expected=expected, found=text) from None

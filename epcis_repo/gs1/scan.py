"""What a scanner read from a pack: product identifier, the other elements, and doubts."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType
from urllib.parse import parse_qsl

from epcis_repo.errors import ScanError
from epcis_repo.gs1 import check_digit, element_strings
from epcis_repo.gs1.identifiers import link_elements
from epcis_repo.gs1.reference import application_identifier
from epcis_repo.gs1.schemes import SCHEMES

# How many characters of its value the check digit of an AI ends.
_CHECK_DIGIT_AT = {
    **{row.ai: row.check_digit_at for row in SCHEMES.values() if row.ai and row.check_digit_at},
    **dict.fromkeys(("02", "03", "8026"), 14),
    **dict.fromkeys(("410", "411", "412", "413", "415", "416"), 13),
}

# A serial or lot that has swallowed the expiry, and the lot or serial before or after it.
_SWALLOWED = re.compile(
    "(?P<value>.{1,20}?)"
    "(?:17(?P<expiry>[0-9]{6})(?:(?:10|21).{1,20})?|(?:10|21).{1,20}?17(?P<last_expiry>[0-9]{6}))"
)
_OPEN_ENDED_MAX = {"21": 20, "10": 20}


@dataclass(frozen=True, slots=True)
class Scan:
    """
    One scan. What the symbol did not hold is None; `elements` has every value by its AI.

    `warnings` are sentences for the person who scans: the values may not be what is printed.
    """

    gtin: str | None
    serial: str | None
    lot: str | None
    expiry: date | None
    elements: Mapping[str, str]
    warnings: tuple[str, ...] = ()


def parse_scan(text: str, *, today: date | None = None) -> Scan:
    """
    Return what `text`, an element string or a GS1 Digital Link, says.

    Raises `ScanError` for what is neither or has a value that its AI does not allow, and
    `IdentifierError` for a wrong check digit. A serial or lot that is too long is let through
    with a warning, since what is wrong is likely the scanner: it has dropped a separator.
    """
    text = text.strip()
    elements = _link_scan(text) or element_strings.split(text)
    for ai, value in elements.items():
        _verify(ai, value, text)

    warnings = [
        warning
        for ai, length_max in _OPEN_ENDED_MAX.items()
        if (warning := _warning(ai, length_max, elements, today))
    ]
    return Scan(
        gtin=elements.get("01"),
        serial=elements.get("21"),
        lot=elements.get("10"),
        expiry=expiry_date(elements["17"], today=today) if "17" in elements else None,
        elements=MappingProxyType(elements),
        warnings=tuple(warnings),
    )


def expiry_date(yymmdd: str, *, today: date | None = None) -> date:
    """
    Return the date that `yymmdd` (AI 17 and its like) stands for.

    Day 00 is the last of the month. The year is the one from 49 years before `today`'s to
    50 years after it (General Specifications, §7.12).
    """
    if not re.fullmatch("[0-9]{6}", yymmdd):
        raise ScanError(f"expected a date as YYMMDD, found {yymmdd[:20]!r}")
    this_year = (today or datetime.now(UTC).date()).year
    year, month, day = this_year // 100 * 100 + int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:])
    if year - this_year > 50:
        year -= 100
    elif year - this_year < -49:
        year += 100
    try:
        return date(year, month, day or calendar.monthrange(year, month)[1])
    except ValueError:  # calendar's error for a month is one, too
        raise ScanError(f"expected a date as YYMMDD, found {yymmdd!r}") from None


def _link_scan(text: str) -> dict[str, str] | None:
    elements = link_elements(text)
    if elements is None:
        return None
    query = text.partition("#")[0].partition("?")[2]
    for name, value in parse_qsl(query):
        known = application_identifier(name)
        if known is not None and known.ai == name:
            elements.setdefault(name, value)
    if "01" in elements:
        elements["01"] = elements["01"].rjust(14, "0")
    return elements


def _verify(ai: str, value: str, text: str) -> None:
    known = application_identifier(ai)
    assert known is not None, ai
    checked = value[: _OPEN_ENDED_MAX.get(ai)]
    if not known.pattern.fullmatch(checked):
        raise ScanError(f"({ai}): expected {known.format}, found {value[:60]!r}")
    if at := _CHECK_DIGIT_AT.get(ai):
        check_digit.verify(value[:at], within=text)


def _warning(
    ai: str, length_max: int, elements: Mapping[str, str], today: date | None
) -> str | None:
    value = elements.get(ai, "")
    likely = None
    if "17" not in elements and (match := _SWALLOWED.fullmatch(value)):
        try:
            expiry = expiry_date(match["expiry"] or match["last_expiry"], today=today)
            likely = f"({ai}) would be {match['value']!r} and the expiry {expiry}"
        except ScanError:
            pass
    if likely is None and len(value) <= length_max:
        return None
    read = f"Did the scanner drop the separator? ({ai}) was read as {value[:60]!r}"
    return f"{read}; with a separator, {likely}." if likely else f"{read}, which is too long."

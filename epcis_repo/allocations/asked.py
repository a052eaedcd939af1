"""What is asked for by who allocates serials or withdraws an allocation: JSON in, values out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from epcis_repo.allocations.rules import Asked, WithdrawalAsked
from epcis_repo.errors import IdentifierError, QueryParameterError, ScanError
from epcis_repo.findings import SerialRange
from epcis_repo.operations.asked import identifier_asked
from epcis_repo.operations.members import (
    NAME_EXPECTED,
    TEXT_EXPECTED,
    Member,
    read_members,
    read_name,
    read_text,
    wrong,
)

# GS1 General Specifications, §3.5.2: a serial has up to 20 characters of GS1's set 82.
_SERIAL = re.compile(r"[!-\"%-?A-Z_a-z]{1,20}", re.ASCII)
_SERIAL_EXPECTED = "a serial: 1 to 20 letters, digits and signs of GS1's set"
_GTIN_EXPECTED = "a GTIN: 8, 12, 13 or 14 digits with the right check digit"
_read = partial(read_members, rule="allocation")
_wrong = partial(wrong, "allocation")


def allocation_asked(value: Any) -> Asked:
    """Return which serials a JSON object allocates; `ValidationError` says what is wrong."""
    given = _read(value, _ALLOCATION, required=("gtin", "first", "last", "reason", "by"))
    serials = SerialRange(given.pop("first"), given.pop("last"))
    if not (serials.has(serials.first) and serials.has(serials.last)):
        expected = f"a serial from {serials.first} on: as long, or both of digits"
        raise _wrong("/last", expected, serials.last)
    return Asked(serials=serials, **given)


def withdrawal_asked(value: Any) -> WithdrawalAsked:
    """Return what a JSON object asks of a withdrawal, likewise."""
    return WithdrawalAsked(**_read(value, _WHY, required=("reason", "by")))


def read_gtin(value: Any) -> str:
    """Return a GTIN, in 14 digits, however it is written; `ValueError` for anything else."""
    text = value if isinstance(value, str) else ""
    digits = text.isascii() and text.isdecimal()
    try:
        key = identifier_asked(f"(01){text:0>14}" if digits else text).key
    except (IdentifierError, ScanError):
        raise ValueError(value) from None
    ai, _, rest = key.partition("/")
    if ai != "01" or (digits and len(text) not in (8, 12, 13, 14)):
        raise ValueError(value)
    return rest.partition("/")[0]


def gtin_asked(name: str, text: str) -> str:
    """Return the GTIN that a parameter asks about; `QueryParameterError` for anything else."""
    try:
        return read_gtin(text)
    except ValueError:
        raise QueryParameterError(name, expected=_GTIN_EXPECTED, found=text) from None


def _serial(value: Any) -> str:
    if not isinstance(value, str) or not _SERIAL.fullmatch(value):
        raise ValueError(value)
    return value


_WHY: dict[str, Member] = {"reason": (TEXT_EXPECTED, read_text), "by": (TEXT_EXPECTED, read_text)}
_ALLOCATION: Mapping[str, Member] = {
    "allocation_id": (NAME_EXPECTED, read_name),
    "gtin": (_GTIN_EXPECTED, read_gtin),
    "first": (_SERIAL_EXPECTED, _serial),
    "last": (_SERIAL_EXPECTED, _serial),
    **_WHY,
}

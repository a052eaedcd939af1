"""The modulo-10 check digit of GS1 keys (GS1 General Specifications, §7.9)."""

from __future__ import annotations

from epcis_repo.errors import IdentifierError


def compute(digits: str) -> str:
    """Return the check digit that belongs after `digits`."""
    total = 3 * sum(map(int, digits[-1::-2])) + sum(map(int, digits[-2::-2]))
    return str(-total % 10)


def verify(key: str, *, within: str) -> None:
    """Raise `IdentifierError` when `key`, part of the text `within`, ends in a wrong digit."""
    expected = compute(key[:-1])
    if key[-1] != expected:
        raise IdentifierError(within, part="check digit", expected=expected, found=key[-1])

"""
What GS1 publishes as data: application identifiers and the lengths of company prefixes.

The data comes with biip, and this is the one module that knows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from biip import ParseError
from biip.gs1_application_identifiers import GS1ApplicationIdentifier
from biip.gs1_prefixes import GS1CompanyPrefix


@dataclass(frozen=True, slots=True)
class ApplicationIdentifier:
    """
    An application identifier (AI) and what may follow it.

    `format` is in GS1's notation, such as `X..20`. A value that is not `delimited` has
    a length of its own; the others go on to the next separator or the end.
    """

    ai: str
    format: str
    delimited: bool
    pattern: re.Pattern[str]


def application_identifier(text: str) -> ApplicationIdentifier | None:
    """Return the application identifier that `text` begins with."""
    return _application_identifier(text[:4])


# There are fewer than 10,000 beginnings that are digits, and an unknown one is cheap.
@lru_cache(maxsize=10_000)
def _application_identifier(beginning: str) -> ApplicationIdentifier | None:
    try:
        found = GS1ApplicationIdentifier.extract(beginning)
    except ParseError:
        return None
    pattern = found.pattern.removeprefix(f"^{found.ai}").removesuffix("$")
    return ApplicationIdentifier(
        found.ai,
        found.format.partition("+")[2],
        found.separator_required,
        re.compile(pattern, re.ASCII),
    )


def company_prefix_length(key: str) -> int | None:
    """Return how long the company prefix is that `key` begins with; None if GS1 knows none."""
    digits = key[: len(key) - len(key.lstrip("0123456789"))]
    # Padded, so that a table entry longer than the digits is not cut short to fit.
    found = GS1CompanyPrefix.extract(digits.ljust(12, "0"))
    return None if found is None else len(found.value)

"""
The schemas of EPCIS that come with the program: ours, written from the standard.

They name only each other, so that nothing is fetched. What a schema says of a value becomes
findings beside those of the reader, which has the better words where both see a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from epcis_repo.bindings.misfits import Finding

# So many of an event, or of what is around the events, are told: who mends them sees the others.
FINDINGS_MAX = 100

_PACKAGE = Path(__file__).parent.parent
# In the wheel they are in the package, in a checkout beside it.
_FOLDERS = (_PACKAGE / "schemas", _PACKAGE.parent / "schemas")


def schema_path(name: str) -> Path:
    """Return the file of the schema `name`, such as `epcis-2.0.xsd`."""
    for folder in _FOLDERS:
        if (path := folder / "epcis" / name).exists():
            return path
    raise FileNotFoundError(f"the schema {name} is not installed")


def with_untold(
    told: Iterable[Finding],
    others: Iterable[Finding],
    is_told: Callable[[Finding, Finding], bool],
) -> list[Finding]:
    """Return the reader's findings, and those of the schema that are none of these by `is_told`."""
    told = list(told)
    first = told[:FINDINGS_MAX]
    return told + [other for other in others if not any(is_told(other, one) for one in first)]

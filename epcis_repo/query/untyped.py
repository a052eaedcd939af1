"""
Texts that name no type, as the values of parameters that JSON would have.

XML may leave the type of a value away; then it is what the parameter takes it for (EPCIS 1.2,
§8.2.5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from epcis_repo.bindings.json_loader import parse_number
from epcis_repo.errors import EpcisError
from epcis_repo.query.values import Given


def typed(text: str, read: Callable[[Given], Any]) -> Any:
    """Return what `read`, which reads the values of a parameter, takes for what a text says."""
    for value in _readings(text):
        try:
            read(Given(value, is_typed=True))
        except (ValueError, EpcisError):
            continue
        return value
    # Refused as it is, by the parameter's name, when the query is read.
    return text


def _readings(text: str) -> Iterator[Any]:
    yield text
    with suppress(ValueError):
        yield parse_number(text)
    # XML has a one and a nought for them, too.
    if text in ("true", "false", "1", "0"):
        yield text in ("true", "1")

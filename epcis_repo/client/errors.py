"""Problem documents to errors: the table of those that answer them, read from the other end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from epcis_repo.errors import (
    EpcisError,
    InputError,
    NotFoundError,
    RuleBroken,
    StoreUnavailableError,
    ValidationError,
    Violation,
)
from epcis_repo.rest.problems import KINDS

_CLASSES: dict[tuple[object, ...], type[Exception]] = {
    (status, f"epcisException:{name}", title): cls for cls, (status, name, title) in KINDS.items()
}
# Of a status that none of the titles goes with: those of routing, and those of proxies.
_BY_STATUS: Mapping[int, type[EpcisError]] = {404: NotFoundError, 503: StoreUnavailableError}


class ServerUnreachableError(StoreUnavailableError):
    """No server answers at the address, or none of this kind."""


def problem_in(url: str, status: int, body: bytes) -> dict[str, Any]:
    """Return the problem document that is answered, or one that says what is, instead of it."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict) or "type" not in value:
        said = body[:200].decode(errors="replace").strip()
        return {"detail": f"{url} answers {status}: {said}", "status": status}
    return {**value, "status": status}


def error_of(problem: Mapping[str, Any]) -> EpcisError:
    """
    Return the error that a server has answered.

    It has the server's words. Of the facts that such an error has here, it has the violations of
    a document alone: the others are in the words.
    """
    status, title, detail = (problem.get(name) for name in ("status", "title", "detail"))
    kind = (status, problem.get("type"), title)
    if listed := problem.get("violations"):
        found = [_violation(violation) for violation in listed]
        return ValidationError(found, count=problem.get("violationCount"))
    status = status if isinstance(status, int) else 500
    cls = _CLASSES.get(kind) or _BY_STATUS.get(
        status, InputError if 400 <= status < 500 else EpcisError
    )
    assert issubclass(cls, EpcisError)
    # Without its constructor, which makes the words of facts that only the server has.
    return cls.__new__(cls, str(detail or title or f"the server answered {status}"))


def _violation(value: Mapping[str, Any]) -> Violation:
    if "epcs" not in value:
        return Violation(**value)
    return RuleBroken(**{**value, "epcs": tuple(value["epcs"])})

"""
An error as a problem document (RFC 9457; EPCIS 2.0, §12.5): in an answer, or in a capture job.

The table is the standard's word and status for each class of error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from epcis_repo import errors

Problem = dict[str, Any]

# What was found may be ten megabytes of brackets.
_FOUND_MAX = 200

Kinds = Mapping[type[Exception], tuple[int, str, str]]
"""Status, name in the standard and title, by the class of an error."""

# The most particular class of an error counts.
PROBLEMS: Kinds = {
    errors.ValidationError: (400, "ValidationException", "The document is not valid"),
    errors.IdentifierError: (400, "ValidationException", "The identifier is not valid"),
    errors.ScanError: (400, "ValidationException", "The scan is not valid"),
    errors.QueryParameterError: (400, "QueryParameterException", "The query is not valid"),
    errors.QueryTooLargeError: (413, "QueryTooLargeException", "Too many events match the query"),
    errors.QueryTooComplexError: (413, "QueryTooComplexException", "The query is too complex"),
    errors.UnsupportedMediaTypeError: (
        415,
        "UnsupportedMediaTypeException",
        "The media type is not supported",
    ),
    errors.CaptureLimitExceededError: (
        413,
        "CaptureLimitExceededException",
        "The document is too large",
    ),
    errors.InputError: (400, "ValidationException", "The request is not valid"),
    errors.NotFoundError: (404, "NoSuchResourceException", "There is no such resource"),
    errors.DuplicateEventError: (
        409,
        "ResourceAlreadyExistsException",
        "The event is already recorded with other content",
    ),
    errors.KeyReusedError: (422, "ValidationException", "The idempotency key is another request's"),
    errors.RequestInProgressError: (
        409,
        "ResourceAlreadyExistsException",
        "The same request is being answered",
    ),
    errors.NotAcceptableError: (406, "NotAcceptableException", "No such representation"),
    errors.StoreFullError: (507, "ImplementationException", "The disk is full"),
    errors.WritesStoppedError: (503, "ImplementationException", "Nothing is written any more"),
    errors.ArchivedError: (503, "ImplementationException", "What it takes is archived"),
    errors.StoreUnavailableError: (503, "ImplementationException", "The store is not available"),
    errors.EpcisError: (500, "ImplementationException", "The repository failed"),
}


def problem(status: int, name: str, title: str, detail: str, **members: Any) -> Problem:
    """Return a problem document."""
    kind = f"epcisException:{name}"
    return {"type": kind, "title": title, "status": status, "detail": detail, **members}


def as_problem(error: errors.EpcisError, kinds: Kinds = PROBLEMS, **members: Any) -> Problem:
    """Return the problem document of an error, by a table that has its class, or one above it."""
    kind = next(kinds[cls] for cls in type(error).__mro__ if cls in kinds)
    return problem(*kind, str(error), **members)


def problems_of(error: errors.EpcisError) -> list[Problem]:
    """Return what a job says of the error that ended it: a problem for each event that is bad."""
    if isinstance(error, errors.ValidationError):
        return problems_in(error.violations)
    return [as_problem(error)]


def problems_in(violations: Sequence[errors.Violation]) -> list[Problem]:
    """Return a problem for each event that has violations, and one for the document, if it has."""
    status, name, title = PROBLEMS[errors.ValidationError]
    problems = []
    for number, found in groupby(violations, key=lambda violation: violation.event):
        these = list(found)
        detail = str(errors.ValidationError(these))
        listed = [violation_value(violation) for violation in these]
        if number is None:
            problems.append(problem(status, name, title, detail, violations=listed))
        else:
            about = "The event is not valid"
            problems.append(problem(status, name, about, detail, event=number, violations=listed))
    return problems


def problems_aside(violations: Sequence[errors.Violation]) -> list[Problem]:
    """Return the problems of events that are kept aside, and may yet be captured."""
    title = "The event is kept aside until somebody has it captured, or dismisses it"
    return [{**problem, "title": title} for problem in problems_in(violations)]


def violation_value(violation: errors.Violation) -> dict[str, Any]:
    """Return a violation as JSON."""
    found = violation.found
    short = found if len(found) <= _FOUND_MAX else found[:_FOUND_MAX] + "…"
    return asdict(violation) | {"found": short}

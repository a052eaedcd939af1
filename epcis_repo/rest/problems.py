"""An error's class to its status and type: problem documents (RFC 9457; EPCIS 2.0, §12.5)."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from epcis_repo import errors
from epcis_repo.rest.requests import raw_path
from epcis_repo.rest.routes import router

_log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"
# What was found may be ten megabytes of brackets.
_FOUND_MAX = 200

# The most particular class of an error counts.
PROBLEMS: dict[type[Exception], tuple[int, str, str]] = {
    errors.ValidationError: (400, "ValidationException", "The document is not valid"),
    errors.IdentifierError: (400, "ValidationException", "The identifier is not valid"),
    errors.ScanError: (400, "ValidationException", "The scan is not valid"),
    errors.QueryParameterError: (400, "QueryParameterException", "The query is not valid"),
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
    errors.StoreUnavailableError: (503, "ImplementationException", "The store is not available"),
    errors.EpcisError: (500, "ImplementationException", "The repository failed"),
}


async def problem_of(request: Request, error: Exception) -> Response:
    """Return the problem document of `error`."""
    kind = next(cls for cls in type(error).__mro__ if cls in PROBLEMS)
    status, name, title = PROBLEMS[kind]
    members: dict[str, object] = {}
    headers = {}
    match error:
        case errors.ValidationError():
            # A document with a million faults is answered with the first of them and their number.
            listed = error.violations[: errors.VIOLATIONS_KEPT]
            members["violations"] = [asdict(v) | {"found": _short(v.found)} for v in listed]
            members["violationCount"] = error.count
        case errors.CaptureLimitExceededError():
            headers["GS1-EPCIS-Capture-File-Size-Limit"] = str(error.size_max)
        case errors.RequestInProgressError():
            headers["Retry-After"] = "1"
        case errors.StoreUnavailableError():
            headers["Retry-After"] = "5"
    return _problem(request, status, name, title, str(error), headers, members)


async def http_problem_of(request: Request, error: Exception) -> Response:
    """Return the problem document of what the framework refuses: a path or a method."""
    assert isinstance(error, HTTPException)
    path = raw_path(request)
    name, title, detail = "ImplementationException", error.detail, error.detail
    headers = dict(error.headers or {})
    if error.status_code == 404:
        name, title = "NoSuchResourceException", "There is no such resource"
        detail = f"there is nothing at {path}; GET / lists what there is"
    elif error.status_code == 405:
        title = "The resource has no such method"
        # The framework names the methods of the first route alone.
        headers["Allow"] = ", ".join(sorted(_methods(request)))
        detail = f"{path} has {headers['Allow']}, not {request.method}"
    return _problem(request, error.status_code, name, title, detail, headers)


async def nothing_for(_request: Request, _error: Exception) -> Response:
    """Return what nobody reads: the client went away before its request had ended."""
    return Response(status_code=400)


async def failure_of(request: Request, error: Exception) -> Response:
    """
    Return the problem document of a fault of ours, which says nothing of our insides.

    The server logs the error itself, with its traceback.
    """
    reference = str(uuid.uuid4())
    _log.error("%s %s failed, reference %s", request.method, raw_path(request), reference)
    status, name, title = PROBLEMS[errors.EpcisError]
    detail = (
        "an error that is not the client's; nothing of this request was recorded unless an "
        f"answer says so. Sending it again is safe. The log of the server has it as {reference}"
    )
    return _problem(request, status, name, title, detail, {})


def _problem(
    request: Request,
    status: int,
    name: str,
    title: str,
    detail: str,
    headers: Mapping[str, str],
    members: Mapping[str, object] = MappingProxyType({}),
) -> Response:
    problem = {
        "type": f"epcisException:{name}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": raw_path(request),
        **members,
    }
    return Response(orjson.dumps(problem), status, headers, PROBLEM)


def _methods(request: Request) -> set[str]:
    return {
        method
        for route in router.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }


def _short(found: str) -> str:
    return found if len(found) <= _FOUND_MAX else found[:_FOUND_MAX] + "…"

"""Errors to answers: problem documents (RFC 9457; EPCIS 2.0, §12.5)."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from epcis_repo import errors
from epcis_repo.operations.problems import PROBLEMS, Problem, as_problem, problem, violation_value
from epcis_repo.rest.gs1_headers import limits_of
from epcis_repo.rest.requests import raw_path
from epcis_repo.rest.routes import router

_log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"


async def problem_of(request: Request, error: Exception) -> Response:
    """Return the problem document of `error`."""
    assert isinstance(error, errors.EpcisError)
    value = as_problem(error, instance=raw_path(request))
    headers = {}
    match error:
        case errors.ValidationError():
            # A document with a million faults is answered with the first of them and their number.
            listed = error.violations[: errors.VIOLATIONS_KEPT]
            value["violations"] = [violation_value(violation) for violation in listed]
            value["violationCount"] = error.count
        case errors.CaptureLimitExceededError():
            headers = limits_of(request.app.state.settings)
        case errors.RequestInProgressError():
            headers["Retry-After"] = "1"
        case errors.StoreUnavailableError():
            headers["Retry-After"] = "5"
    return _response(value, headers)


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
    value = problem(error.status_code, name, title, detail, instance=path)
    return _response(value, headers)


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
    return _response(problem(status, name, title, detail, instance=raw_path(request)), {})


def _response(value: Problem, headers: Mapping[str, str]) -> Response:
    return Response(orjson.dumps(value), value["status"], headers, PROBLEM)


def _methods(request: Request) -> set[str]:
    return {
        method
        for route in router.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }

"""Errors to answers: problem documents (RFC 9457; EPCIS 2.0, §12.5), in JSON or in XML."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping

import orjson
from starlette.requests import Request
from starlette.responses import Response

from epcis_repo import errors
from epcis_repo.allocations import AllocationTakenError, AllocationWithdrawnError
from epcis_repo.bindings.xml import render_problem
from epcis_repo.exceptions import (
    ExceptionChangedError,
    ExceptionStateError,
    ExceptionTakenError,
)
from epcis_repo.exceptions.pdg import MessageTakenError, StrangerError
from epcis_repo.holds import HoldReleasedError, HoldTakenError
from epcis_repo.named_queries import QueryNameTakenError, QueryValidationError
from epcis_repo.operations.problems import (
    PROBLEMS,
    Kinds,
    Problem,
    as_problem,
    problem,
    violation_value,
)
from epcis_repo.reactions import QuarantineOverError
from epcis_repo.rest.gs1_headers import limits_of, subscription_limit_of
from epcis_repo.rest.requests import accepted, raw_path
from epcis_repo.subscriptions import (
    DestinationError,
    NotDeadError,
    SubscribeNotPermittedError,
    SubscriptionControlsError,
    SubscriptionLimitError,
    SubscriptionTakenError,
)

_log = logging.getLogger(__name__)

PROBLEM, PROBLEM_XML = "application/problem+json", "application/problem+xml"
# What a client accepts, and what it gets when there is a problem. The first is for who accepts
# none of them: an answer that he did not ask for is better than none.
_FORMS = {
    PROBLEM: PROBLEM,
    "application/json": PROBLEM,
    "application/ld+json": PROBLEM,
    PROBLEM_XML: PROBLEM_XML,
    "application/xml": PROBLEM_XML,
    "text/xml": PROBLEM_XML,
}

# Those of the operations, and of what stands beside one another right of them.
KINDS: Kinds = {
    **PROBLEMS,
    QueryNameTakenError: (
        409,
        "ResourceAlreadyExistsException",
        "There is a query of that name already",
    ),
    QueryValidationError: (400, "QueryValidationException", "The query is not valid"),
    SubscriptionControlsError: (
        400,
        "SubscriptionControlsException",
        "The controls of the subscription are not valid",
    ),
    DestinationError: (400, "ValidationException", "Nothing is delivered to that address"),
    SubscriptionTakenError: (
        409,
        "ResourceAlreadyExistsException",
        "There is a subscription of that name already",
    ),
    # The interface has no word for it; over SOAP it is the one that the standard has.
    SubscribeNotPermittedError: (
        400,
        "ValidationException",
        "Nobody can subscribe to the query",
    ),
    SubscriptionLimitError: (
        409,
        "ImplementationException",
        "There are as many subscriptions as there may be",
    ),
    NotDeadError: (409, "ValidationException", "The delivery is on its way"),
    HoldTakenError: (
        409,
        "ResourceAlreadyExistsException",
        "There is a hold of that name already",
    ),
    AllocationTakenError: (
        409,
        "ResourceAlreadyExistsException",
        "There is an allocation of that name already",
    ),
    AllocationWithdrawnError: (
        409,
        "ValidationException",
        "The allocation was withdrawn already",
    ),
    QuarantineOverError: (
        409,
        "ValidationException",
        "What was kept aside was released or dismissed already",
    ),
    HoldReleasedError: (409, "ValidationException", "The hold was released already"),
    ExceptionTakenError: (
        409,
        "ResourceAlreadyExistsException",
        "There is an exception of that name already",
    ),
    ExceptionStateError: (
        409,
        "ValidationException",
        "That cannot be decided on the exception in its state",
    ),
    ExceptionChangedError: (
        409,
        "ValidationException",
        "Somebody else has decided on the exception",
    ),
    MessageTakenError: (
        409,
        "ResourceAlreadyExistsException",
        "There is a message of that name already",
    ),
    StrangerError: (403, "SecurityException", "The thread is between others"),
}


def problem_of(request: Request, error: errors.EpcisError) -> Response:
    """Return the problem document of `error`."""
    value = as_problem(error, KINDS)
    headers = {}
    match error:
        case errors.ValidationError():
            # A document with a million faults is answered with the first of them and their number.
            listed = error.violations[: errors.VIOLATIONS_KEPT]
            value["violations"] = [violation_value(violation) for violation in listed]
            value["violationCount"] = error.count
        case errors.CaptureLimitExceededError():
            headers = limits_of(request.app.state.settings)
        case SubscriptionLimitError():
            headers = subscription_limit_of(request.app.state.settings)
        case errors.RequestInProgressError():
            headers["Retry-After"] = "1"
        case errors.StoreUnavailableError():
            headers["Retry-After"] = "5"
    return problem_response(request, value, headers)


def method_refused(request: Request, allow: str) -> Response:
    """Return the problem document for a method that a resource has not."""
    detail = f"{raw_path(request)} has {allow}, not {request.method}"
    title = "The resource has no such method"
    value = problem(405, "ImplementationException", title, detail)
    return problem_response(request, value, {"Allow": allow})


def target_refused(request: Request, size_max: int) -> Response:
    """Return the problem document for a path and query that are too long."""
    detail = (
        f"path and query have {size_max} bytes at most; give the query a name, by POST "
        "/epcis/queries, and ask by that"
    )
    title = "The URI is too long"
    value = problem(414, "URITooLongException", title, detail)
    return problem_response(request, value)


def failure_of(request: Request) -> Response:
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
    return problem_response(request, problem(status, name, title, detail))


def problem_response(
    request: Request, value: Problem, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a problem document in the form that the client accepts; it says of which path."""
    # Who has sent a long one knows how it goes on.
    value["instance"] = raw_path(request)[:1_000]
    try:
        form = _FORMS[accepted(request, tuple(_FORMS))]
    except errors.NotAcceptableError:
        form = PROBLEM
    body = orjson.dumps(value) if form == PROBLEM else render_problem(value)
    return Response(body, value["status"], {**(headers or {}), "Vary": "Accept"}, form)

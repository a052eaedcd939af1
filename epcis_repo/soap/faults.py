"""Errors to faults: which exception of the standard each is (EPCIS 1.2 and 2.0, §8.2.6)."""

from __future__ import annotations

from typing import NamedTuple

from epcis_repo import errors
from epcis_repo.bindings.soap import EnvelopeError, Fault
from epcis_repo.errors import EpcisError
from epcis_repo.subscriptions import (
    DestinationError,
    SubscribeNotPermittedError,
    SubscriptionControlsError,
    SubscriptionTakenError,
)

CLIENT, SERVER = "Client", "Server"
_IMPLEMENTATION = "ImplementationException"


class _Kind(NamedTuple):
    """Whose fault it is in SOAP, and the standard's exception."""

    code: str
    exception: str


# The most particular class of an error counts.
_KINDS: dict[type[Exception], _Kind] = {
    errors.QueryParameterError: _Kind(CLIENT, "QueryParameterException"),
    errors.QueryTooLargeError: _Kind(CLIENT, "QueryTooLargeException"),
    errors.QueryTooComplexError: _Kind(CLIENT, "QueryTooComplexException"),
    SubscriptionControlsError: _Kind(CLIENT, "SubscriptionControlsException"),
    DestinationError: _Kind(CLIENT, "InvalidURIException"),
    SubscribeNotPermittedError: _Kind(CLIENT, "SubscribeNotPermittedException"),
    SubscriptionTakenError: _Kind(CLIENT, "DuplicateSubscriptionException"),
    # The query is as it should be; the version that it was asked in cannot say the answer.
    errors.UnsayableError: _Kind(SERVER, _IMPLEMENTATION),
    errors.InputError: _Kind(CLIENT, "ValidationException"),
    errors.NotFoundError: _Kind(CLIENT, "NoSuchNameException"),
    errors.EpcisError: _Kind(SERVER, _IMPLEMENTATION),
}
# What the error says has other names where another thing is looked for.
_OF_OPERATION = {
    ("Unsubscribe", "NoSuchNameException"): "NoSuchSubscriptionException",
}
# What was sent comes back in a reason, and may be a megabyte.
_LENGTH_MAX = 2_000
_OF_A_QUERY = ("QueryTooLargeException", _IMPLEMENTATION)


def fault_of(
    error: EpcisError,
    operation: str | None = None,
    *,
    query_name: str | None = None,
    subscription_id: str | None = None,
) -> Fault:
    """Return the fault that an error is; the rest is what was asked, as far as that is known."""
    reason = _short(str(error))
    if isinstance(error, EnvelopeError):
        return Fault(error.code, reason)
    code, exception = next(_KINDS[cls] for cls in type(error).__mro__ if cls in _KINDS)
    exception = _OF_OPERATION.get((operation or "", exception), exception)
    # ERROR says that nothing was changed by what failed (§8.2.6).
    members = {"severity": "ERROR"} if exception == _IMPLEMENTATION else {}
    if exception in _OF_A_QUERY:
        asked = {"queryName": query_name, "subscriptionID": subscription_id}
        members |= {name: _short(text) for name, text in asked.items() if text is not None}
    return Fault(code, reason, exception, members)


def _short(text: str) -> str:
    return text if len(text) <= _LENGTH_MAX else f"{text[:_LENGTH_MAX]}… ({len(text)} characters)"

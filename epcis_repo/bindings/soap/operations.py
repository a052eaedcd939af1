"""
The operations of the query control interface (EPCIS 1.2 and 2.0, §8.2.5): what is sent, what comes.

The table is the WSDL: it is written from it (`wsdl.py`), and requests are known by it. How the
messages look, `schemas/epcis/control.xsd` says.
"""

from __future__ import annotations

from typing import NamedTuple

from epcis_repo.bindings.xml.layouts import QUERY_NAMESPACES

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"

VERSIONS = {namespace: version for version, namespace in QUERY_NAMESPACES.items()}
"""The version of EPCIS that a request speaks, by the namespace of its operation."""


class Operation(NamedTuple):
    """An operation: its name, the element that answers it, and the exceptions of its own."""

    name: str
    result: str
    exceptions: tuple[str, ...] = ()


ALWAYS = ("ImplementationException", "SecurityException", "ValidationException")
"""The exceptions of every operation."""

OPERATIONS: dict[str, Operation] = {
    "GetQueryNames": Operation("getQueryNames", "GetQueryNamesResult"),
    "GetStandardVersion": Operation("getStandardVersion", "GetStandardVersionResult"),
    "GetVendorVersion": Operation("getVendorVersion", "GetVendorVersionResult"),
    "GetSubscriptionIDs": Operation(
        "getSubscriptionIDs", "GetSubscriptionIDsResult", ("NoSuchNameException",)
    ),
    "Poll": Operation(
        "poll",
        "QueryResults",
        (
            "NoSuchNameException",
            "QueryParameterException",
            "QueryTooComplexException",
            "QueryTooLargeException",
        ),
    ),
    "Subscribe": Operation(
        "subscribe",
        "SubscribeResult",
        (
            "DuplicateSubscriptionException",
            "InvalidURIException",
            "NoSuchNameException",
            "QueryParameterException",
            "QueryTooComplexException",
            "SubscribeNotPermittedException",
            "SubscriptionControlsException",
        ),
    ),
    "Unsubscribe": Operation("unsubscribe", "UnsubscribeResult", ("NoSuchSubscriptionException",)),
}
"""The operations, by the element that asks for each."""

EXCEPTIONS = frozenset(ALWAYS).union(*(row.exceptions for row in OPERATIONS.values()))
"""Every exception that there is an element for."""

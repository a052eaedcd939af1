"""
The GS1-* headers (EPCIS 2.0, §12.2): what a request may say in them, what is announced.

A resource of the standard has a set of them, a row of its own below; the router reads what a
request says before anybody else does, and adds to every answer what stands on all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from starlette.requests import Request

from epcis_repo import __version__
from epcis_repo.bindings.spelling import CbvXmlFormat
from epcis_repo.errors import HeaderError, NotAcceptableError
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.operations.preparing import CaptureErrorBehaviour
from epcis_repo.settings import Settings

EXTENSIONS = "GS1-Extensions"
EPC_FORMAT, CBV_XML_FORMAT = "GS1-EPC-Format", "GS1-CBV-XML-Format"
CAPTURE_ERROR_BEHAVIOUR = "GS1-Capture-Error-Behaviour"

VERSIONS = {"GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0.0"}

_EPCIS_VERSIONS = {"GS1-EPCIS-Min": "1.0", "GS1-EPCIS-Max": "2.0.0"}
_VENDOR = {
    # Others are kept as they come; these mean something to us.
    EXTENSIONS: "cbvmda=urn:epcglobal:cbv:mda,gs1ushc=http://epcis.gs1us.org/hc/ns",
    "GS1-Vendor-Version": __version__,
}
DISCOVERY = {
    **_EPCIS_VERSIONS,
    "GS1-CBV-Min": "1.0",
    "GS1-CBV-Max": "2.0.0",
    # Each of their values is to be had.
    EPC_FORMAT: EpcFormat.NO_PREFERENCE,
    CBV_XML_FORMAT: CbvXmlFormat.NO_PREFERENCE,
    **_VENDOR,
}
"""What `OPTIONS` announces of nearly all resources, beside the versions."""


def limits_of(settings: Settings) -> dict[str, str]:
    """Return what is announced of how large a document may be."""
    return {
        "GS1-EPCIS-Capture-Limit": str(settings.capture_limit),
        "GS1-EPCIS-Capture-File-Size-Limit": str(settings.capture_size_max),
    }


def subscription_limit_of(settings: Settings) -> dict[str, str]:
    """Return what is announced of how many subscriptions there may be; GS1 has no name for it."""
    return {"Subscription-Limit": str(settings.subscription_limit)}


# No version has more digits than these, and Python refuses to read thousands of them.
_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,9}")
# The third part of a version counts corrections.
_TAKEN = {(1, 0), (1, 1), (1, 2), (2, 0)}
_ANSWERED = (2,)
_EXTENSION = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*=[A-Za-z][A-Za-z0-9+.-]*:[!-+\--~]+")


def _parts(header: str, text: str) -> tuple[int, ...]:
    if not _VERSION.fullmatch(text):
        raise HeaderError(header, expected="a version, such as 2.0.0", found=text)
    parts = [int(part) for part in text.split(".")]
    # 2, 2.0 and 2.0.0 are one version.
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def _version(header: str, text: str) -> None:
    if (*_parts(header, text), 0)[:2] not in _TAKEN:
        raise NotAcceptableError(f"{header}: expected one of 1.0, 1.1, 1.2, 2.0; found {text}")


def _lowest(header: str, text: str) -> None:
    if _parts(header, text) > _ANSWERED:
        raise NotAcceptableError(f"{header}: the answer is of version 2.0.0; found {text}")


def _highest(header: str, text: str) -> None:
    if _parts(header, text) < _ANSWERED:
        raise NotAcceptableError(f"{header}: the answer is of version 2.0.0; found {text}")


def _capture_error_behaviour(header: str, text: str) -> CaptureErrorBehaviour:
    try:
        return CaptureErrorBehaviour(text)
    except ValueError:
        expected = " or ".join(CaptureErrorBehaviour)
        raise HeaderError(header, expected=expected, found=text) from None


def _one_of(values: type[StrEnum]) -> Callable[[str, str], StrEnum]:
    def read(header: str, text: str) -> StrEnum:
        if text not in set(values):
            known = ", ".join(values)
            raise NotAcceptableError(f"{header}: expected one of {known}; found {text}")
        return values(text)

    return read


def _prefixes(header: str, text: str) -> dict[str, str]:
    parts = [part.strip() for part in text.split(",")]
    if not all(map(_EXTENSION.fullmatch, parts)):
        expected = "prefix=uri, and a comma between two of them"
        raise HeaderError(header, expected=expected, found=text)
    pairs = (part.partition("=") for part in parts)
    return {prefix: namespace for prefix, _, namespace in pairs}


Readers = Mapping[str, Callable[[str, str], Any]]

_IN_ALL: Readers = {EXTENSIONS: _prefixes}
_IN_ANSWERS: Readers = {
    EPC_FORMAT: _one_of(EpcFormat),
    CBV_XML_FORMAT: _one_of(CbvXmlFormat),
    **_IN_ALL,
}
_IN_QUESTIONS: Readers = {
    "GS1-EPCIS-Min": _lowest,
    "GS1-EPCIS-Max": _highest,
    "GS1-CBV-Min": _lowest,
    "GS1-CBV-Max": _highest,
    **_IN_ANSWERS,
}
# One event alone is recorded or not, but who says how may be told that it cannot be.
_IN_BODIES: Readers = {
    "GS1-EPCIS-Version": _version,
    "GS1-CBV-Version": _version,
    CAPTURE_ERROR_BEHAVIOUR: _capture_error_behaviour,
    **_IN_ANSWERS,
}


@dataclass(frozen=True, slots=True)
class HeaderSet:
    """
    The GS1-* headers of some resources.

    `read` says what a request of each method may have, `announced` what `OPTIONS` says, and
    `on_all` what every answer has, whatever it is.
    """

    read: Mapping[str, Readers] = field(default_factory=dict)
    announced: Mapping[str, str] = field(default_factory=dict)
    on_all: Mapping[str, str] = field(default_factory=dict)


_BY_METHOD: Mapping[str, Readers] = {
    "GET": _IN_QUESTIONS,
    "OPTIONS": _IN_QUESTIONS,
    "POST": _IN_BODIES,
    "DELETE": _IN_ALL,
}

STANDARD = HeaderSet(_BY_METHOD, DISCOVERY, VERSIONS)
"""Those of the resources of the standard, but one kind."""

SUBSCRIPTION = HeaderSet(_BY_METHOD, _EPCIS_VERSIONS | _VENDOR, VERSIONS)
"""Those of a subscription, which has no events to give."""

NONE = HeaderSet()
"""Resources of our own have none of them."""


def said_in(request: Request, readers: Readers) -> dict[str, Any]:
    """
    Return what the headers say for which there are `readers`, by name.

    Raises `HeaderError` for a value that none of them can have, `NotAcceptableError` for a
    version that we do not.
    """
    said: dict[str, Any] = {}
    # Most requests have none of these: the names are looked through once, not for each of them.
    for raw_name, value in request.headers.raw:
        if not raw_name.startswith(b"gs1-"):
            continue
        for header, read in readers.items():
            if header.lower().encode() == raw_name:
                if header in said:
                    raise HeaderError(header, expected="it once", found="it twice")
                said[header] = read(header, value.decode("latin-1").strip())
    return said


def said(request: Request) -> dict[str, Any]:
    """Return what the router has read in the headers of a request, by name."""
    found: dict[str, Any] = request.scope.get("gs1_headers", {})
    return found


def prefixes_said(request: Request) -> dict[str, str]:
    """Return the prefixes that a request declares by GS1-Extensions."""
    prefixes: dict[str, str] = said(request).get(EXTENSIONS, {})
    return prefixes


def as_header(prefixes: Mapping[str, str]) -> str:
    """Return prefixes as GS1-Extensions has them, as far as a header can."""
    pairs = (f"{prefix}={namespace}" for prefix, namespace in prefixes.items())
    return ",".join(filter(_EXTENSION.fullmatch, pairs))

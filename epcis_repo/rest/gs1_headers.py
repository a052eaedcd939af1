"""The GS1-* headers (EPCIS 2.0, §12.2): what a request may say in them, what is announced."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request

from epcis_repo import __version__
from epcis_repo.errors import HeaderError, NotAcceptableError
from epcis_repo.operations.preparing import CaptureErrorBehaviour
from epcis_repo.settings import Settings

EXTENSIONS = "GS1-Extensions"
CAPTURE_ERROR_BEHAVIOUR = "GS1-Capture-Error-Behaviour"

VERSIONS = {"GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0.0"}

DISCOVERY = VERSIONS | {
    "GS1-EPCIS-Min": "1.0",
    "GS1-EPCIS-Max": "2.0.0",
    "GS1-CBV-Min": "1.0",
    "GS1-CBV-Max": "2.0.0",
    # Each of their values is to be had.
    "GS1-EPC-Format": "No_Preference",
    "GS1-CBV-XML-Format": "No_Preference",
    # Others are kept as they come; these mean something to us.
    EXTENSIONS: "cbvmda=urn:epcglobal:cbv:mda,gs1ushc=http://epcis.gs1us.org/hc/ns",
    "GS1-Vendor-Version": __version__,
}
"""What `OPTIONS` announces for each resource."""


def limits_of(settings: Settings) -> dict[str, str]:
    """Return what is announced of how large a document may be."""
    return {
        "GS1-EPCIS-Capture-Limit": str(settings.capture_limit),
        "GS1-EPCIS-Capture-File-Size-Limit": str(settings.capture_size_max),
    }


# No version has more digits than these, and Python refuses to read thousands of them.
_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,9}")
# The third part of a version counts corrections.
_READ = {(1, 0), (1, 1), (1, 2), (2, 0)}
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
    if (*_parts(header, text), 0)[:2] not in _READ:
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


def _extensions(header: str, text: str) -> str:
    if not all(_EXTENSION.fullmatch(part.strip()) for part in text.split(",")):
        expected = "prefix=uri, and a comma between two of them"
        raise HeaderError(header, expected=expected, found=text)
    return text


def _prefixes(header: str, text: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in _extensions(header, text).split(","))
    return {prefix: namespace for prefix, _, namespace in pairs}


Readers = Mapping[str, Callable[[str, str], Any]]

IN_CAPTURES: Readers = {
    "GS1-EPCIS-Version": _version,
    "GS1-CBV-Version": _version,
    CAPTURE_ERROR_BEHAVIOUR: _capture_error_behaviour,
    EXTENSIONS: _extensions,
}
"""What a request to capture may say. One event alone is recorded or not: how is no question."""

IN_QUESTIONS: Readers = {
    "GS1-EPCIS-Min": _lowest,
    "GS1-EPCIS-Max": _highest,
    EXTENSIONS: _extensions,
}
"""What a request for a capture job may say."""


IN_QUERIES: Readers = {EXTENSIONS: _prefixes}
"""What a request for events may say of the names in its query: what their prefixes mean."""


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

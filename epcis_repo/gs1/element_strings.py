r"""
Element strings, as they are scanned or printed: application identifiers and their values.

`split` only takes apart. Whether the values are right is for its callers to say: an
identifier needs its key, a scan wants all of them.
"""

from __future__ import annotations

import re

from epcis_repo.errors import ScanError
from epcis_repo.gs1.reference import application_identifier

# FNC1 as a scanner sends it, between the elements (General Specifications, §7.8).
GS = "\x1d"

# More than the largest symbol can hold.
LENGTH_MAX = 8_000

# GS1-128, DataBar, DataMatrix, QR Code and DotCode, as scanners announce them.
_SYMBOLOGY = re.compile(r"\A\](?:C1|e0|d2|Q3|J1)")

# What scanners and keyboard wedges make of the separator. All but `<GS>`, `<FNC1>` and
# `%1D` have a character that no value may contain; those three are taken for separators.
_SEPARATOR = re.compile(
    r"[\x1d\x1e\u241d|~^]|\{(?:GS|FNC1)\}|<(?:GS|FNC1)>|\[(?:GS|FNC1)\]|%1D|\\x1D|\\u001D|\\F",
    re.IGNORECASE,
)
_BRACKETED_AI = re.compile(r"\(([0-9]{2,4})\)")


def split(text: str) -> dict[str, str]:
    """
    Return the value of each application identifier in `text`, in the order they are in.

    With brackets, a value ends where the next known identifier in brackets begins, so a
    serial may contain brackets but not `(21)`. Without, it ends at its fixed length or at
    a separator. Raises `ScanError` for what is not an element string.
    """
    if len(text) > LENGTH_MAX:
        raise ScanError(f"expected {LENGTH_MAX} characters at most, found {len(text)}")
    text = _SYMBOLOGY.sub("", text.strip()).strip()
    elements: dict[str, str] = {}
    for ai, value in _bracketed(text) if text[:1] == "(" else _unbracketed(text):
        if ai in elements:
            raise ScanError(f"application identifier {ai} is there twice in {_start(text)}")
        elements[ai] = value
    if not elements:
        raise ScanError("nothing was scanned")
    return elements


def _bracketed(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    pieces = _BRACKETED_AI.split(text)
    for digits, value in zip(pieces[1::2], pieces[2::2], strict=True):
        known = application_identifier(digits)
        if known is not None and known.ai == digits:
            found.append((digits, value))
        elif found:
            ai, before = found.pop()
            found.append((ai, f"{before}({digits}){value}"))
        else:
            break
    if pieces[0] or not found:
        raise ScanError(f"no application identifier that GS1 knows begins {_start(text)}")
    # To `strip`, the separator is white space.
    return [(ai, _SEPARATOR.sub(GS, value).strip()) for ai, value in found]


def _unbracketed(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    rest = _SEPARATOR.sub(GS, text).lstrip(GS)
    while rest:
        known = application_identifier(rest)
        if known is None:
            raise ScanError(f"no application identifier that GS1 knows begins {_start(rest)}")
        rest = rest[len(known.ai) :]
        if known.delimited:
            value, _, rest = rest.partition(GS)
        elif match := known.pattern.match(rest):
            value, rest = match[0], rest[match.end() :]
        else:
            raise ScanError(f"({known.ai}): expected {known.format}, found {_start(rest)}")
        found.append((known.ai, value))
        rest = rest.lstrip(GS)
    return found


def _start(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")

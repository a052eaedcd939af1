"""What the C2SP text formats have in common: numbers and base64, with one spelling for each."""

from __future__ import annotations

import base64
import binascii
import re

from epcis_repo.ledger.errors import MalformedEvidenceError
from epcis_repo.ledger.tree import HASH_SIZE

# The formats hold unsigned 64-bit numbers; no tree comes near the half of that.
NUMBER_MAX = 2**63 - 1

_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_SHOWN_MAX = 60


def parse_number(text: str, *, part: str) -> int:
    """Return a number in decimal without leading zeroes."""
    if not _NUMBER.fullmatch(text) or int(text) > NUMBER_MAX:
        raise MalformedEvidenceError(
            part, f"expected a number without leading zeroes, found {shown(text)}"
        )
    return int(text)


def parse_base64(text: str, *, part: str) -> bytes:
    """Return the bytes of standard base64 (RFC 4648, §4) with its padding."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        found = None
    # Python drops the unused bits of the last character; another spelling of the same bytes
    # would be a second document that verifies.
    if found is None or render_base64(found) != text:
        raise MalformedEvidenceError(part, f"expected base64, found {shown(text)}")
    return found


def parse_hash(text: str, *, part: str) -> bytes:
    """Return the SHA-256 hash that a line holds in base64."""
    found = parse_base64(text, part=part)
    if len(found) != HASH_SIZE:
        raise MalformedEvidenceError(
            part, f"expected a hash of {HASH_SIZE} bytes, found {len(found)} bytes"
        )
    return found


def parse_text(data: bytes, *, part: str) -> str:
    """Return UTF-8 text without control characters other than the newline."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise MalformedEvidenceError(part, "not UTF-8") from error
    if any(character < " " and character != "\n" for character in text):
        raise MalformedEvidenceError(part, "holds a control character")
    return text


def render_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def shown(text: str) -> str:
    """Quote `text` for a message, the beginning of it where it is long."""
    return repr(text) if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]!r}…"

"""A list of what somebody has scanned: what was read, how often, and what could not be. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from epcis_repo.errors import IdentifierError, ScanError
from epcis_repo.gs1 import Level
from epcis_repo.operations.asked import identifier_asked

# A truck has half of it.
SCANS_MAX = 200_000
# So many are told that could not be read.
UNREAD_TOLD = 100


class Unread(NamedTuple):
    """A scan that names no thing: its number from 1 on, and why."""

    number: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scans:
    """How often each thing was scanned, by key, and the scans that name none."""

    counts: Mapping[str, int]
    unread: tuple[Unread, ...]

    @property
    def total(self) -> int:
        """How many scans they were."""
        return sum(self.counts.values()) + len(self.unread)


def scans_in(body: bytes, *, is_json: bool) -> list[str]:
    """Return the scans of a list: a line for each, or a JSON array of texts."""
    try:
        texts = orjson.loads(body) if is_json else body.decode("utf-8-sig").splitlines()
    except ValueError as error:
        raise ScanError(f"a list of scans is a line for each, or a JSON array: {error}") from None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ScanError("a list of scans in JSON is an array of texts")
    if len(texts) > SCANS_MAX:
        raise ScanError(f"a list may have {SCANS_MAX} scans, this one has {len(texts)}")
    return texts


def read_scans(texts: Iterable[str]) -> Scans:
    """
    Return what scans say, each a URN, a Digital Link or an element string; blank ones are none.

    One that cannot be read, or that names a class, is told, and takes nothing from the others.
    """
    counts: Counter[str] = Counter()
    unread: list[Unread] = []
    for number, text in enumerate(texts, 1):
        if not text.strip():
            continue
        try:
            # PostgreSQL stores no NUL, so nothing that is recorded has one in its name.
            identifier = identifier_asked(text.replace("\0", "\N{REPLACEMENT CHARACTER}"))
        except (IdentifierError, ScanError) as error:
            unread.append(Unread(number, text, str(error)))
            continue
        if identifier.level is Level.CLASS:
            reason = f"{identifier.key} is a class of things: its serial is missing"
            unread.append(Unread(number, text, reason))
        else:
            counts[identifier.key] += 1
    return Scans(counts, tuple(unread))

"""What a rule about things is, and what it yields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from epcis_repo.findings.life import EventAt, Known, Life
from epcis_repo.projections.story import Entry


class Severity(StrEnum):
    """How sure it is that something is wrong."""

    ERROR = "error"
    """Not all that was reported can be true, or it must not have happened."""
    WARNING = "warning"
    """It may be as it was reported, but somebody should look."""


class Found(NamedTuple):
    """
    What a rule found: the event that shows it, and what it contradicts.

    `others` are the keys of other things that the sentence names, by their numbers in it, and
    `words` what else it says, by name. It is about `keys`, where those are not all of the life.
    """

    entry: Entry
    contradicts: EventAt | None
    others: tuple[str, ...]
    words: Mapping[str, object]
    keys: tuple[str, ...] | None = None


def found(entry: Entry, contradicts: EventAt | None = None, *others: str, **words: object) -> Found:
    """Return what a rule found at an event."""
    return Found(entry, contradicts, others, words)


Find = Callable[[Life, Known], Iterable[Found]]


@dataclass(frozen=True, slots=True)
class ThingRule:
    """
    What is to be true of each thing: a number and a short name, which stay, and where it is asked.

    `what` says it, `sentence` what is said where it does not hold, `what_to_do` what then.
    """

    number: int
    id: str
    clause: str
    what: str
    severity: Severity
    sentence: str
    what_to_do: str
    find: Find

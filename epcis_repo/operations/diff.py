"""
What differs between two moments in what is known of a thing: its history told twice, as text.

Of two moments of knowing the difference is what was learned between them, of two moments of being
what happened between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff
from enum import StrEnum
from typing import Any

from epcis_repo.errors import NotFoundError
from epcis_repo.gs1 import Identifier
from epcis_repo.model.times import utc_text
from epcis_repo.operations.history import history, history_value
from epcis_repo.store import EventStore


class Clock(StrEnum):
    """The clock whose two moments are compared."""

    AS_OF = "as_of"
    KNOWN_AT = "known_at"


_STATE = ("lifecycle", "disposition", "biz_location", "read_point", "lot", "expiry")


async def diff(
    store: EventStore,
    identifier: Identifier,
    before: int,
    after: int,
    *,
    by: Clock = Clock.KNOWN_AT,
    as_of: int | None = None,
    known_at: int | None = None,
) -> str:
    """
    Return how the history of a thing or lot differs between two moments of a clock (microseconds).

    `as_of` and `known_at` are what the other clock stands at. It is a unified diff, empty where
    nothing differs. Raises `NotFoundError` for what is known at neither moment.
    """
    told: list[list[str]] = []
    missing: NotFoundError | None = None
    for moment in (before, after):
        true_at, known = (moment, known_at) if by == Clock.AS_OF else (as_of, moment)
        try:
            found = await history(store, identifier, as_of=true_at, known_at=known)
            story = history_value(found)
        except NotFoundError as error:
            missing, story = error, {}
        told.append(list(story_lines(story)))
    if missing is not None and not any(told):
        raise missing
    names = [f"{by.replace('_', ' ')} {utc_text(moment)}" for moment in (before, after)]
    lines = unified_diff(told[0], told[1], names[0], names[1], lineterm="")
    return "".join(f"{line}\n" for line in lines)


def story_lines(story: dict[str, Any]) -> Iterator[str]:
    """Yield a history (`history_value`) as lines: a fact each, so that two can be compared."""
    if not story:
        return
    state = story["state"] or {}
    for name in _STATE:
        if state.get(name):
            yield f"{name.replace('_', ' ')}: {_printable(state[name])}"
    if story["things"] is not None:
        yield f"serials: {story['things']}"
    for stay in story["containers"]:
        until = f" until {stay['to']}" if stay["to"] else ""
        how = "attached to" if stay["relation"] == "association" else "in"
        yield f"{how} {_printable(stay['epc'])} from {stay['from']}{until}"
    for entry in story["events"]:
        yield _printable(_line_of(entry))


def _line_of(entry: dict[str, Any]) -> str:
    what = entry["biz_step"] or f"{entry['type']} {entry['action'] or ''}".strip()
    if entry["disposition"]:
        what += f" ({entry['disposition']})"
    words = [entry["event_time_utc"], what]
    if place := entry["read_point"] or entry["biz_location"]:
        words.append(f"at {place}")
    if entry["inferred"]:
        words.append(f"inferred from {entry['inferred_from']}")
    if entry["things"]:
        words.append(f"of {entry['things']}")
    if entry["declares_error"]:
        words.append("declares in error")
    if entry["in_error"]:
        words.append("declared in error")
    if entry["corrects"]:
        words.append(f"instead of {', '.join(entry['corrects'])}")
    return " ".join([*words, f"[{entry['event_id']}]"])


def _printable(text: str) -> str:
    # What a partner wrote must not break a line, or it would say something of its own.
    return text if text.isprintable() else text.encode("unicode_escape").decode()

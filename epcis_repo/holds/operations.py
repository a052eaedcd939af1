"""
Placing, releasing and listing holds, and finding those that reach a thing.

A hold is on a key. What is in a container that is held, or of a lot that is, is found when somebody
asks, by where things are at the moment that is asked about.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, NamedTuple

from epcis_repo.errors import QueryParameterError
from epcis_repo.gs1 import Identifier
from epcis_repo.holds.events import held_tag
from epcis_repo.holds.reading import held_by, holds_after, holds_at, holds_named
from epcis_repo.holds.rules import (
    Asked,
    Hold,
    PlaceHold,
    ReleaseAsked,
    ReleaseHold,
    no_hold,
)
from epcis_repo.operations.idempotency import IdempotencyKey
from epcis_repo.operations.reach import How, reach_of
from epcis_repo.recorders.decisions import decide
from epcis_repo.store import EventStore, Reading, log

# The names of holds that have none are made of the request, so that each has one.
_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, "urn:epcis-repo:holds")
# So many are looked through together for those that last.
_TOGETHER_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Reached:
    """
    A hold that reaches something, and how; `things` is how many things it reaches so.

    These are the thing itself, or what is in it. Where nothing was asked about, neither is there.
    """

    hold: Hold
    how: How | None = None
    things: int | None = None

    @property
    def place(self) -> tuple[int, str]:
        """Its place among others."""
        return self.hold.position, self.how or ""


class Placed(NamedTuple):
    """A hold that was asked for, and whether it was there `again`: by the same request."""

    hold: Hold
    again: bool


@dataclass(frozen=True, slots=True)
class HoldPage:
    """Some holds, as they were placed; the token asks for those after."""

    holds: Sequence[Reached]
    next_page_token: str | None


async def place_hold(
    store: EventStore, asked: Asked, *, key: IdempotencyKey | None = None, now: int
) -> Placed:
    """
    Place a hold, and return it; `HoldTakenError` when another has its name.

    The same request again places nothing: under its `key`, which raises `KeyReusedError` for
    another; and without a key or a name, as long as what says the same was not released.
    """
    for hold_id in _names(asked, key):
        placing = partial(PlaceHold, asked, hold_id=hold_id, key=key, now=now)
        done = await decide(store, placing, now=now)
        if not done.is_over:
            return Placed(await one_hold(store, hold_id), done.is_again)
    raise AssertionError("there is always another name")


def _names(asked: Asked, key: IdempotencyKey | None) -> Iterator[str]:
    """Yield the names that a hold may have: each but the last was that of one that is over."""
    if asked.hold_id is not None:
        yield asked.hold_id
    elif key is not None:
        yield str(uuid.uuid5(_NAMES, key.tag))
    else:
        yield from (str(uuid.uuid5(_NAMES, f"{asked.content} {n}")) for n in count())


async def release_hold(store: EventStore, hold_id: str, asked: ReleaseAsked, *, now: int) -> Hold:
    """
    Release a hold, and return it.

    Raises `NotFoundError` when there is none, `HoldReleasedError` when it was released before, and
    `QueryParameterError` for a moment before it holds.
    """
    await one_hold(store, hold_id)
    await decide(store, lambda: ReleaseHold(hold_id, asked, now=now), now=now)
    return await one_hold(store, hold_id)


async def one_hold(store: EventStore, hold_id: str, *, known_at: int | None = None) -> Hold:
    """Return a hold, as was known at `known_at`; `NotFoundError` when there was none."""
    # No hold has such a name, and no database takes it.
    if not hold_id.isprintable():
        raise no_hold(hold_id)
    async with store.reading() as session:
        until = await _until(session, known_at)
        found = await holds_named(session, [hold_id], until)
    if hold_id not in found:
        raise no_hold(hold_id)
    return found[hold_id]


async def holds(
    store: EventStore,
    *,
    every: bool = False,
    as_of: int | None = None,
    known_at: int | None = None,
    per_page: int,
    token: str | None = None,
    now: int,
) -> HoldPage:
    """
    Return a page of the holds that last at `as_of`, as was known at `known_at`, as they were
    placed; or of `every` one that ever was.
    """
    moment = now if as_of is None else as_of
    (position, _), some = _after(token), per_page + 1
    shown: list[Reached] = []
    async with store.reading(long=True) as session:
        until = await _until(session, known_at)
        while len(shown) <= per_page:
            found = await holds_after(session, position, until, limit=some)
            shown += [Reached(hold) for hold in found.values() if every or hold.lasts_at(moment)]
            if len(found) < some:
                break
            # Behind thousands that were released it takes a few looks more.
            position, some = max(found), min(2 * some, _TOGETHER_MAX)
    return _page(shown, per_page)


async def holds_reaching(
    store: EventStore,
    identifier: Identifier,
    *,
    as_of: int | None = None,
    known_at: int | None = None,
    per_page: int,
    token: str | None = None,
    now: int,
) -> HoldPage:
    """
    Return a page of the holds that reach a thing, a container or a lot at `as_of`, likewise.

    They are on it or on its lot, on what it is in, or on something in it: whoever ships a pallet
    wants to know of all of them.
    """
    moment, after = now if as_of is None else as_of, _after(token)
    shown: list[Reached] = []
    async with store.reading(long=True) as session:
        until = await _until(session, known_at)
        reached = await reach_of(session, identifier, until=until, moment=moment)
        placed = await held_by(session, [held_tag(name) for name in reached], until)
        together: dict[tuple[int, How], set[str]] = {}
        for name, (how, things) in reached.items():
            for position in placed.get(held_tag(name), ()):
                together.setdefault((position, how), set()).update(things)
        left = sorted(place for place in together if place > after)
        while left and len(shown) <= per_page:
            some, left = left[: per_page + 1], left[per_page + 1 :]
            found = await holds_at(session, {position for position, _ in some}, until)
            shown += [
                Reached(found[position], how, len(together[position, how]))
                for position, how in some
                if found[position].lasts_at(moment)
            ]
    return _page(shown, per_page)


def _page(found: Sequence[Reached], per_page: int) -> HoldPage:
    # One more than is shown tells whether there is a next page.
    shown = found[:per_page]
    return HoldPage(shown, "-".join(map(str, shown[-1].place)) if len(found) > per_page else None)


def _after(token: str | None) -> tuple[int, str]:
    if token is None:
        return 0, ""
    if not (match := re.fullmatch(r"([0-9]{1,18})-([a-z]*)", token)):
        expected = "the token of the page before"
        raise QueryParameterError("nextPageToken", expected=expected, found=token)
    return int(match[1]), match[2]


def holds_value(found: Iterable[Reached]) -> dict[str, Any]:
    """Return holds as JSON (`schemas/holds.schema.json`)."""
    return {
        "holds": [
            {
                **reached.hold.value(),
                "how": None if reached.how is None else reached.how.value,
                "things": reached.things,
            }
            for reached in found
        ]
    }


async def _until(session: Reading, known_at: int | None) -> int:
    return await (log.head(session) if known_at is None else log.head_at(session, known_at))

"""
The top-level resources (EPCIS 2.0, §12.8): the values by which events are asked for.

The words of the standard are always there; what else there is, the tags of the log know, so no
event is gone through for a list. Events are read only for values that are wanted as they were
captured.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from epcis_repo.bindings.jsonld import parse_event
from epcis_repo.errors import NotFoundError
from epcis_repo.gs1 import canonical_key
from epcis_repo.gs1.cbv import BIZ_STEP, DISPOSITION
from epcis_repo.gs1.spelling import EpcFormat, link_of_key, spelt_epcs
from epcis_repo.model.events import EVENT_TYPES, Event
from epcis_repo.model.found_by import Link, key_in, link_tag, tags_begin_with
from epcis_repo.model.what import EPC_LISTS, Role
from epcis_repo.query import (
    EventRow,
    looks_long,
    name_before,
    parse_query,
    select_events_at,
    select_page,
    token_after,
)
from epcis_repo.query.predicates import OneOf
from epcis_repo.store import EventStore, Reading
from epcis_repo.store.listing import tags_between

# After so many tags that were looked at, a page ends before it is full.
_LOOKED_AT_MAX = 10_000
# So many events are read at a time.
_READ_TOGETHER = 32
# Past all tags, and past those that begin with a word and a blank: they are none of a thing.
_PAST_ALL, _PAST_BLANK = "\U0010ffff", "!"


@dataclass(frozen=True, slots=True)
class TopLevel:
    """
    The values of one parameter of queries.

    `standard` are always there. For each of the others an event has a tag that begins as one of
    `tagged`, in one of the roles that it has there; `tags_in` gives these tags of an event, with
    the texts that it has for them. `are_things` are those that a Digital Link and a URN may name.
    """

    parameter: str
    standard: tuple[str, ...] = ()
    tagged: Mapping[str, Sequence[int]] = field(default_factory=dict)
    tags_in: Callable[[Event], Iterable[tuple[str, str]]] = lambda _event: ()
    are_things: bool = False


def _things_in(event: Event) -> Iterable[tuple[str, str]]:
    parent = getattr(event, "parent_id", None)
    texts = [] if parent is None else [parent]
    for name in EPC_LISTS:
        texts += getattr(event, name, None) or ()
    return ((canonical_key(text), text) for text in texts)


def _referred_to(
    parameter: str,
    text_of: Callable[[Event], str | None],
    *links: Link,
    standard: tuple[str, ...] = (),
) -> TopLevel:
    """Return the values that events refer to by these links."""

    def tags_in(event: Event) -> Iterable[tuple[str, str]]:
        text = text_of(event)
        return () if text is None else ((link_tag(link, text), text) for link in links)

    tagged = {tags_begin_with(link): (int(link),) for link in links}
    return TopLevel(parameter, standard, tagged, tags_in, are_things=Link.PLACE in links)


# EPCIS 2.0, §8.2.7.1: what MATCH_anyEPC looks for. Classes of things are no EPCs.
_EPC_ROLES = (Role.PARENT, Role.OBJECT, Role.CHILD, Role.INPUT, Role.OUTPUT)

TOP_LEVEL: dict[str, TopLevel] = {
    "eventTypes": TopLevel("eventType", tuple(EVENT_TYPES)),
    "epcs": TopLevel(
        "MATCH_anyEPC",
        tagged={"": tuple(map(int, _EPC_ROLES))},
        tags_in=_things_in,
        are_things=True,
    ),
    "bizSteps": _referred_to(
        "EQ_bizStep", lambda event: event.biz_step, Link.BIZ_STEP, standard=BIZ_STEP.words
    ),
    "bizLocations": _referred_to(
        "EQ_bizLocation",
        lambda event: None if event.biz_location is None else event.biz_location.id,
        Link.PLACE,
        Link.BIZ_LOCATION,
    ),
    "readPoints": _referred_to(
        "EQ_readPoint",
        lambda event: None if event.read_point is None else event.read_point.id,
        Link.PLACE,
        Link.READ_POINT,
    ),
    "dispositions": _referred_to(
        "EQ_disposition",
        lambda event: event.disposition,
        Link.DISPOSITION,
        standard=DISPOSITION.words,
    ),
}


class Values(NamedTuple):
    """Part of a list of values; `next_page_token` asks for the part after it, None is the last."""

    values: Sequence[str]
    next_page_token: str | None


class _Value(NamedTuple):
    """A value by its key, its tag, and where an event stands that has it."""

    key: str
    tag: str
    position: int


async def values(
    store: EventStore,
    name: str,
    *,
    per_page: int,
    token: str | None = None,
    epc_format: EpcFormat = EpcFormat.ALWAYS_DIGITAL_LINK,
) -> Values:
    """
    Return the values of a top-level resource, a page of them, first those of the standard.

    A page may have fewer than it could where many classes lie between things.
    """
    resource = TOP_LEVEL[name]
    after = "" if token is None else name_before(token)
    left = resource.standard
    if after:
        # Words of the standard come before all others, which are not of it.
        left = left[left.index(after) + 1 :] if after in left else ()
    words = left[:per_page]
    if len(left) > per_page or not resource.tagged:
        return Values(words, token_after(words[-1]) if len(left) > per_page else None)
    start = "" if after in resource.standard else after
    async with store.reading(long=True) as session:
        found, last = await _listed(session, resource, start, limit=per_page - len(words) + 1)
        shown = found[: per_page - len(words)]
        texts = await _texts(session, resource, shown, epc_format)
    if len(found) > len(shown):
        last = shown[-1].key if shown else words[-1]
    return Values([*words, *texts], None if last is None else token_after(last))


async def _listed(
    session: Reading, resource: TopLevel, after: str, *, limit: int
) -> tuple[list[_Value], str | None]:
    """
    Return the values past a key, in order of their keys, and the last key that was looked at.

    That is None where there is nothing more.
    """
    found: dict[str, _Value] = {}
    ends: list[str] = []
    for beginning, roles in resource.tagged.items():
        some, end = await _listed_of(session, beginning, roles, after, limit=limit)
        for value in some:
            found.setdefault(value.key, value)
        if end is not None:
            ends.append(end)
    # Of each kind all are known as far as that.
    until = min(ends, default=None)
    keys = sorted(key for key in found if until is None or key <= until)
    return [found[key] for key in keys[:limit]], until


async def _listed_of(
    session: Reading, beginning: str, roles: Sequence[int], after: str, *, limit: int
) -> tuple[list[_Value], str | None]:
    """Return the same of the tags that begin alike."""
    start = beginning + after
    end = beginning[:-1] + _PAST_BLANK if beginning else _PAST_ALL
    found: list[_Value] = []
    looked_at = 0
    while len(found) < limit and looked_at < _LOOKED_AT_MAX:
        tags = await tags_between(session, start, end, roles=roles, limit=limit)
        for tag, position in tags:
            if not beginning and " " in tag:
                # There may be one for each event, so none of them is looked at.
                start = tag.partition(" ")[0] + _PAST_BLANK
                break
            start = tag
            if position is not None:
                found.append(_Value(tag[len(beginning) :], tag, position))
        else:
            if len(tags) < limit:
                return found, None
        looked_at += len(tags)
    return found, start[len(beginning) :]


async def _texts(
    session: Reading, resource: TopLevel, found: Sequence[_Value], epc_format: EpcFormat
) -> list[str]:
    """Return values as they are to be spelt."""
    # A URN tells how long its company prefix is, which a key does not.
    as_captured = resource.are_things and epc_format in (
        EpcFormat.NEVER_TRANSLATES,
        EpcFormat.ALWAYS_URN,
    )
    # Of what is known by its hash, only an event has more.
    wanted = {v.tag: v.position for v in found if as_captured or key_in(v.tag) is None}
    captured = await _captured(session, resource, wanted)
    if not resource.are_things:
        return [captured.get(value.tag, value.key) for value in found]
    texts = [captured.get(value.tag) or link_of_key(value.key) for value in found]
    return list(spelt_epcs(texts, epc_format)[0])


async def _captured(
    session: Reading, resource: TopLevel, wanted: Mapping[str, int]
) -> dict[str, str]:
    """Return how events at some positions spell what has these tags."""
    positions = sorted(set(wanted.values()))
    captured: dict[str, str] = {}
    for start in range(0, len(positions), _READ_TOGETHER):
        rows = await select_events_at(session, positions[start : start + _READ_TOGETHER])
        captured |= await asyncio.to_thread(_captured_in, resource, rows, wanted)
    return captured


def _captured_in(
    resource: TopLevel, rows: Iterable[EventRow], wanted: Mapping[str, int]
) -> dict[str, str]:
    return {
        tag: text
        for row in rows
        for tag, text in resource.tags_in(parse_event(row.data))
        if wanted.get(tag) == row.position
    }


async def refuse_unknown(
    store: EventStore, name: str, value: str, prefixes: Mapping[str, str] | None = None
) -> None:
    """
    Raise `NotFoundError` for a value that is not the standard's and that no event has.

    Raises `QueryParameterError` for one that no event could have.
    """
    resource = TOP_LEVEL[name]
    query = parse_query([(resource.parameter, value), ("perPage", "1")], prefixes=prefixes)
    for predicate in query.predicates:
        if isinstance(predicate.test, OneOf) and not predicate.test.values.isdisjoint(
            resource.standard
        ):
            return
    async with store.reading(snapshot=False, long=looks_long(query)) as session:
        rows, _ = await select_page(session, query)
    if not rows or not query.predicates:
        raise NotFoundError(f"there is no {value} among the {name}: no event has it")

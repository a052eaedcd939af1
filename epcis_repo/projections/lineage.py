"""
Lineage: what a thing was made of and what was made of it, through generations.

Three ways of saying that some things became others have one meaning here: a transformation; several
of one transformationID, all of whose inputs are in all of its outputs (EPCIS 2.0, §7.4.5); and a
rework, in which some serials are taken out of use and others put into use, each by an event of its
own, under one business transaction. Classes, such as the lot of a substance, are followed like
things.

Whoever recalls something wants all that may be concerned. So nothing is left out because of the
order of times: clocks differ, and what has one serial is one thing for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from epcis_repo.errors import QueryTooLargeError
from epcis_repo.gs1 import canonical_key
from epcis_repo.model.found_by import Link, link_tag
from epcis_repo.store import Reading, load_statements

STATEMENTS = load_statements("epcis_repo.projections", "lineage.sql")

# CBV 2.0, §7.1: where old serials go and new ones come.
REWORK_STEPS = ("repackaging", "repairing", "replacing")
# More generations than these nobody makes, and more things nobody reads.
GENERATIONS_MAX = 50
THINGS_MAX = 100_000

# (type, action) → the lists of what went in, and those of what came out.
_LISTS: dict[tuple[str, str | None], tuple[tuple[str, ...], tuple[str, ...]]] = {
    ("TransformationEvent", None): (
        ("inputEPCList", "inputQuantityList"),
        ("outputEPCList", "outputQuantityList"),
    ),
    ("ObjectEvent", "DELETE"): (("epcList", "quantityList"), ()),
    ("ObjectEvent", "ADD"): ((), ("epcList", "quantityList")),
}


class Said(NamedTuple):
    """An event that says what was made of what; `event_time` in microseconds."""

    position: int
    event_id: str
    event_time: int


@dataclass(slots=True)
class Making:
    """
    That some things became others: the events that say so, the keys of what went in and came out.

    It has a transformationID, or a business transaction, where several events may be one making.
    """

    transformation_id: str | None = None
    biz_transaction: str | None = None
    said: dict[int, Said] = field(default_factory=dict)
    inputs: dict[str, None] = field(default_factory=dict)
    outputs: dict[str, None] = field(default_factory=dict)

    @property
    def order(self) -> tuple[int, int]:
        """The place among all makings: that of the first event that says so."""
        return min((said.event_time, said.position) for said in self.said.values())


class Relative(NamedTuple):
    """What is so many generations away, and the number of the making in which it was met."""

    key: str
    generation: int
    making: int


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a thing was made of, nearest first, what was made of it, and all makings on the way."""

    back: tuple[Relative, ...]
    forward: tuple[Relative, ...]
    makings: tuple[Making, ...]
    company_prefixes: Mapping[str, str]


class Lineages:
    """What is known at a position of what was made until a moment, fetched as it is asked for."""

    def __init__(self, session: Reading, *, until: int, moment: int) -> None:
        """`until` is the last position that is looked at."""
        self._session = session
        self._until = until
        self._moment = moment
        self._makings: dict[str, Making] = {}
        self._whole: set[str] = set()
        self._prefixes: dict[str, set[str]] = {}

    async def of(self, key: str) -> Lineage:
        """Return the lineage of a thing or class; `QueryTooLargeError` where it has no end."""
        makings: dict[str, int] = {}
        back = await self._walk(key, makings, forward=False)
        forward = await self._walk(key, makings, forward=True)
        return Lineage(
            back=tuple(back),
            forward=tuple(forward),
            makings=tuple(self._makings[name] for name in makings),
            company_prefixes={
                key: " ".join(sorted(known)) for key, known in self._prefixes.items()
            },
        )

    async def _walk(self, key: str, numbers: dict[str, int], *, forward: bool) -> list[Relative]:
        relatives: list[Relative] = []
        met, level = {key}, [key]
        for generation in range(1, GENERATIONS_MAX + 1):
            further: list[str] = []
            for name in await self._naming(level):
                making = self._makings[name]
                ends = making.inputs, making.outputs
                near, far = ends if forward else ends[::-1]
                if near.keys().isdisjoint(level):
                    continue
                number = numbers.setdefault(name, len(numbers))
                new = [other for other in far if other not in met]
                met.update(new)
                further += new
                relatives += [Relative(other, generation, number) for other in new]
                if len(relatives) > THINGS_MAX:
                    said = f"{key} has more than {THINGS_MAX} relatives; ask for one of them"
                    raise QueryTooLargeError(said, count_max=THINGS_MAX)
            if not further:
                break
            level = further
        return relatives

    async def _naming(self, keys: Sequence[str]) -> list[str]:
        """Return the names of the makings that any of these keys is in, in order of time."""
        rows = await self._fetch(keys)
        names = {name for row in rows for name in _names_of(row)}
        # Where one event says what went in and another what came out, both have one tag.
        tags = {tag for row in rows for tag in row.shared} - self._whole
        self._whole |= tags
        for row in (*rows, *await self._fetch(tags)):
            for name in _names_of(row):
                if name in self._whole or not row.shared:
                    self._add(name, row)
        return sorted(names, key=lambda name: self._makings[name].order)

    async def _fetch(self, tags: Collection[str]) -> list[_Row]:
        if not tags:
            return []
        values = list(tags), self._until, self._moment, list(REWORK_STEPS)
        rows = await self._session.fetch(STATEMENTS["select_made"], self._session.part, *values)
        return [_row(*row) for row in rows]

    def _add(self, name: str, row: _Row) -> None:
        making = self._makings.setdefault(name, Making())
        if row.said.position in making.said:
            return
        making.said[row.said.position] = row.said
        making.transformation_id = row.value.get("transformationID")
        if row.kind == "ObjectEvent":
            making.biz_transaction = row.shared[name]
        inputs, outputs = _LISTS[row.kind, row.action]
        for keys, lists in ((making.inputs, inputs), (making.outputs, outputs)):
            for key in _keys_in(row.value, lists):
                keys[key] = None
                self._prefixes.setdefault(key, set()).update((row.company_prefixes or "").split())


@dataclass(frozen=True, slots=True)
class _Row:
    """An event, and what it shares with others that say more of the same making: by tag."""

    said: Said
    kind: str
    action: str | None
    company_prefixes: str | None
    value: Mapping[str, Any]
    shared: Mapping[str, str]


def _row(
    position: int,
    event_id: str,
    event_time: int,
    kind: str,
    action: str | None,
    company_prefixes: str | None,
    data: bytes,
) -> _Row:
    value = orjson.loads(data)
    if kind == "ObjectEvent":
        told = [
            (Link.BIZ_TRANSACTION, t["bizTransaction"])
            for t in value.get("bizTransactionList") or ()
        ]
    else:
        told = [(Link.TRANSFORMATION, text) for text in (value.get("transformationID"),) if text]
    said = Said(position, event_id, event_time)
    shared = {link_tag(link, text): text for link, text in told}
    return _Row(said, kind, action, company_prefixes, value, shared)


def _names_of(row: _Row) -> Collection[str]:
    """Return the names of the makings that an event is of; a rework has one by what it shares."""
    if row.shared or row.kind == "ObjectEvent":
        return row.shared
    return [f"event {row.said.position}"]


def _keys_in(value: Mapping[str, Any], lists: Sequence[str]) -> Iterator[str]:
    for name in lists:
        for member in value.get(name) or ():
            yield canonical_key(member["epcClass"] if isinstance(member, dict) else member)

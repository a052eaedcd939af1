"""
Looks at what some events have told of, all of it together: the things that they name, and what was
in those then.

Nearly all of that went one of few ways (`ways.py`), of which one life each is read in full. However
many things they are, there is a statement for all of them, and a few for each level of what was in
something, or was something in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from epcis_repo.findings.life import Known
from epcis_repo.findings.operations import Finding, judge
from epcis_repo.findings.reading import read_lives, with_master_data
from epcis_repo.findings.rule import ThingRule
from epcis_repo.findings.rules import RULES
from epcis_repo.findings.uses import lot_key
from epcis_repo.findings.ways import Group, Ways, kinds_of
from epcis_repo.model.what import Role
from epcis_repo.projections.containment import LEVELS_MAX
from epcis_repo.projections.lives import Lives, moves_of, packed_in, stays_in
from epcis_repo.projections.said import Said
from epcis_repo.projections.stories import STATEMENTS, Told, told_at
from epcis_repo.projections.story import AFTER_ALL, MOMENT_MAX, Order, end_of
from epcis_repo.store import Reading

_THINGS = frozenset({Role.PARENT, Role.OBJECT, Role.CHILD, Role.INPUT, Role.OUTPUT})
# So many lives are in memory at a time.
_AT_A_TIME = 500

_Place = tuple[int, int]
"""An event by its position, and as what it names something (the number of the role)."""


class News(NamedTuple):
    """
    An event that was just recorded, and what came of reading it.

    `said` is what it says of any of its things, and `named` these, by the number of the role.
    `header` is the event, in JSON.
    """

    event_id: str
    record_time: int
    said: Said
    named: Mapping[int, Sequence[str]]
    header: dict[str, Any]
    declares: bool

    @property
    def position(self) -> int:
        return self.said.position


class Looked(NamedTuple):
    """What was found in some lives, and the groups of all things whose lives they were."""

    found: list[Finding]
    groups: Sequence[Group]


async def find(
    session: Reading,
    news: Sequence[News],
    known: Known,
    *,
    until: int,
    now: int,
    are_all: bool = True,
    rules: Collection[ThingRule] = RULES,
) -> Looked:
    """
    Return what the rules find in the lives of all that `news` told of, as known at `until`.

    `news` are in order of position, and where they `are_all`, nothing else came since the first
    of them. `now` is the moment at which the lives end.
    """
    if not news:
        return Looked([], [])
    looking = _Looking(session, news, known, until=until, now=now, rules=rules)
    groups = await looking.groups(are_all=are_all)
    ways = Ways(groups, await looking.kinds(groups))
    alike: dict[int, list[Group]] = {}
    alone: list[Group] = []
    concerned = [*_concerned(groups, ways, news)]
    for group in concerned:
        way = ways.of(group)
        if way is None:
            alone.append(group)
        else:
            alike.setdefault(way, []).append(group)
    # One life of each way; where that breaks a rule, those of all that went the same way do.
    firsts = [some[0].key for some in alike.values()]
    broken = {key for finding in await looking.judged(firsts) for key in finding.keys}
    alone += [group for some in alike.values() if some[0].key in broken for group in some]
    found = await looking.judged([key for group in alone for key in group.keys])
    return Looked(found, concerned)


class _Looking:
    """What is read of the things that some news told of, as known at a position."""

    def __init__(
        self,
        session: Reading,
        news: Sequence[News],
        known: Known,
        *,
        until: int,
        now: int,
        rules: Collection[ThingRule],
    ) -> None:
        self._session = session
        self._news = {item.position: item for item in news}
        self._known = known
        self._until = until
        self._now = now
        self._rules = rules
        # Where each thing is named.
        self._places: dict[str, list[_Place]] = {}
        self._lives = _Lives(session, until, self._news)

    async def groups(self, *, are_all: bool) -> list[Group]:
        """Return the things that the news name, with all that was ever in them."""
        named = _named(self._news.values())
        before = min(self._news) - 1 if are_all else self._until
        rows = await self._named(named, before)
        # What was declared in error is left out by whoever reads, and so is read.
        old = {key for key, _, _ in rows} | _declared(self._news.values())
        self._lives.told_by_news, self._lives.told_before = named, old
        self._places = named
        for key, position, role in rows:
            if position not in self._news:
                named[key].append((position, role))
        await self._open_containers(old)
        alike: dict[tuple[object, ...], list[str]] = {}
        for key, places in named.items():
            in_order = sorted(places) if key in old else places
            alike.setdefault((key.rpartition("/")[0], *in_order), []).append(key)
        groups = {keys[0]: keys for keys in alike.values()}
        said = await self._lives.said(groups.keys())
        lines = moves_of(groups.keys(), said)
        parents = {move.parent for line in lines.values() for move in line}
        stays = stays_in(lines, await self._lives.said(parents))
        return [
            Group(
                keys=keys,
                said=said[key],
                stays=stays.get(key, ()),
                apart=self._is_apart(keys, said[key]),
            )
            for key, keys in groups.items()
        ]

    async def kinds(self, groups: Iterable[Group]) -> Mapping[int, int]:
        """Return the kinds of all events that name any of these."""
        said = {item.position: item for group in groups for item in group.said}
        told = {
            position: Told(item.event_id, item.record_time, item.header)
            for position, item in self._news.items()
            if position in said
        }
        told |= await told_at(self._session, said.keys() - told.keys())
        return kinds_of(said, told, self._known.limits)

    async def judged(self, keys: Sequence[str]) -> list[Finding]:
        """Return what the rules find in the lives of things."""
        found: list[Finding] = []
        for first in range(0, len(keys), _AT_A_TIME):
            lives = await read_lives(
                self._session,
                self._lives,
                keys[first : first + _AT_A_TIME],
                until=self._until,
                moment=MOMENT_MAX,
                now=self._now,
                apart={hold.key for hold in self._known.holds},
            )
            known = await with_master_data(
                self._session, self._known, lives, until=self._until, moment=MOMENT_MAX
            )
            found += judge(lives, known, self._rules)
        return found

    async def _named(self, keys: Collection[str], until: int) -> list[tuple[str, int, int]]:
        values = self._session.part, sorted(keys), until
        rows = await self._session.fetch(STATEMENTS["select_named"], *values)
        return [(key, position, role) for key, position, role in rows]

    async def _open_containers(self, old: set[str]) -> None:
        """Find out what was ever in those that were known before, and in what was, and so on."""
        level, passed = {key for key in old if self._is_parent(key)}, set[str]()
        for _ in range(LEVELS_MAX):
            if not level:
                return
            passed |= level
            inside = await packed_in(self._session, level, self._until)
            unknown = inside - self._places.keys()
            for key, position, role in await self._named(unknown, self._until) if unknown else ():
                self._places.setdefault(key, []).append((position, role))
            old |= unknown
            level = {key for key in inside if key in old and self._is_parent(key)} - passed

    def _is_parent(self, key: str) -> bool:
        return any(role == Role.PARENT for _, role in self._places.get(key, ()))

    def _is_apart(self, keys: Sequence[str], said: Iterable[Said]) -> bool:
        """Whether any of these things is held, or has a serial that nobody allocated."""
        holds, known = self._known.holds_on, self._known
        if holds:
            lots = {lot_key(keys[0], item.lot) for item in said if item.lot is not None}
            if any(key in holds for key in (*keys, *lots)):
                return True
        return any(known.is_not_allocated(key) for key in keys) if known.ranges else False


class _Lives(Lives):
    """What is known at a position; of what nothing but the news names, nothing is read."""

    def __init__(self, session: Reading, until: int, news: Mapping[int, News]) -> None:
        super().__init__(session, until)
        self._news = news
        self.told_by_news: Mapping[str, Sequence[_Place]] = {}
        """Where the news name each thing, which is all that is said of those not `told_before`."""
        self.told_before: Collection[str] = ()

    async def said(self, keys: Collection[str]) -> Mapping[str, Sequence[Said]]:
        """See `Lives.said`."""
        for key in keys:
            if key not in self._said and self._is_new(key):
                said = [
                    self._news[position].said._replace(key=key, role=role)
                    for position, role in self.told_by_news[key]
                ]
                self._said[key] = sorted(said, key=_in_order)
        return await super().said(keys)

    def _is_new(self, key: str) -> bool:
        return key in self.told_by_news and key not in self.told_before


def _in_order(said: Said) -> tuple[int, int, int]:
    return *said.order, said.role


def _named(news: Iterable[News]) -> dict[str, list[_Place]]:
    """Return where each thing is named that any of the news names."""
    named: dict[str, list[_Place]] = {}
    for item in news:
        for role, keys in item.named.items():
            if role not in _THINGS:
                continue
            place = (item.position, role)
            for key in keys:
                if key in named:
                    named[key].append(place)
                else:
                    named[key] = [place]
    # The tags of classes are no things.
    for key in [key for key in named if " " in key]:
        del named[key]
    return named


def _declared(news: Collection[News]) -> set[str]:
    """Return the things that are named by what some news declare in error, or by that they do."""
    declared = {item.event_id for item in news if item.declares}
    return {*_named(item for item in news if item.event_id in declared)} if declared else set()


def _concerned(groups: Iterable[Group], ways: Ways, news: Sequence[News]) -> Iterator[Group]:
    """Yield what the news name, and what was in that when they happened, or came into it since."""
    by_key = {group.key: group for group in groups}
    news_at = {item.position: item.said.order for item in news}
    since: dict[str, Order] = {}
    # What was declared in error says nothing of a thing, nor does what declares that.
    standing = {item.position for group in by_key.values() for item in group.said}
    struck_out = {*_named(item for item in news if item.position not in standing)}
    for key, group in by_key.items():
        moments = [news_at[s.position] for s in group.said if s.position in news_at]
        if moments or not struck_out.isdisjoint(group.keys):
            since[key] = min(moments, default=(0, 0))
    waiting = [*since]
    while waiting:
        key = waiting.pop()
        for child, stay in ways.content(key):
            begin: Order = max(since[key], (stay.from_time, stay.from_position))
            if end_of(stay) >= since[key] and since.get(child.key, AFTER_ALL) > begin:
                since[child.key] = begin
                waiting.append(child.key)
    return (by_key[key] for key in since)

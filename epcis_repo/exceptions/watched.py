"""
The exceptions that what comes in may change, as whoever follows the log has them in mind.

Hardly anything that comes in is about what an exception is about, and to find that out of the log
is to look for each thing that was named. So whoever follows keeps what the findings show, takes
from the log what was decided since, and has the exceptions looked at again that may be others now.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from epcis_repo.exceptions.causes import Cause, in_lot
from epcis_repo.exceptions.reading import exceptions_decided, exceptions_named
from epcis_repo.exceptions.rules import SEALED, ExceptionCase, Shown, shown_by
from epcis_repo.findings import RULES, Finding
from epcis_repo.findings.batch import News
from epcis_repo.findings.life import product_of
from epcis_repo.findings.ways import Group
from epcis_repo.model.times import parse_moment
from epcis_repo.projections.lifecycle import Step, step_in
from epcis_repo.store import Reading, log

# So many are folded together.
_TOGETHER = 200
# What these find in a thing depends on what was said of others, which need not name it.
_OF_LOTS = [rule for rule in RULES if rule.id == "lot-expiry"]

_Names = dict[str, set[str]]
"""The names of exceptions, by something that they are found by."""


@dataclass(frozen=True, slots=True)
class _Watched:
    """
    What an exception's findings show, and what they did and is `cleared`. The last of all that
    happened at `last` (microseconds).
    """

    kind: str
    cause: str
    standing: frozenset[Shown]
    cleared: frozenset[Shown]
    last: int

    @property
    def things(self) -> set[str]:
        """The keys of the things that they are about."""
        return {key for _, key in self.standing | self.cleared}


class Watched:
    """What is known of exceptions at some position of the log, by what may change them."""

    def __init__(self) -> None:
        self._until = 0
        self._watched: dict[str, _Watched] = {}
        self._of_things: _Names = {}
        self._of_causes: _Names = {}

    async def catch_up(self, session: Reading) -> None:
        """Learn what was decided meanwhile."""
        until = await log.head(session)
        names = sorted(await exceptions_decided(session, self._until))
        for first in range(0, len(names), _TOGETHER):
            some = names[first : first + _TOGETHER]
            for name, case in (await exceptions_named(session, some, until)).items():
                self._keep(name, _watched(case))
        self._until = until

    def concerned(
        self,
        news: Sequence[News],
        groups: Sequence[Group],
        found: Iterable[Finding],
        rules: Collection[str],
    ) -> dict[str, set[Shown]]:
        """
        Return of which exceptions what may be otherwise by what came in, each with what that is.

        `groups` are all things of which `news` told, and `found` is what `rules` find in them.
        """
        if not self._watched:
            return {}
        came = _came(news, groups, found, rules)
        names = {
            *_named(self._of_things, came.things | came.containers),
            *_named(self._of_causes, came.lots.keys()),
        }
        doubted = {name: {*came.doubted(self._watched[name])} for name in names}
        return {name: shown for name, shown in doubted.items() if shown}

    def _keep(self, name: str, watched: _Watched | None) -> None:
        if (before := self._watched.pop(name, None)) is not None:
            for names, key in self._found_by(before):
                names[key].discard(name)
                if not names[key]:
                    del names[key]
        if watched is not None:
            self._watched[name] = watched
            for names, key in self._found_by(watched):
                names.setdefault(key, set()).add(name)

    def _found_by(self, watched: _Watched) -> Iterator[tuple[_Names, str]]:
        yield from ((self._of_things, key) for key in watched.things)
        yield self._of_causes, watched.cause


def _watched(case: ExceptionCase) -> _Watched | None:
    """Return what is watched of an exception; None where it has no findings."""
    # Approved, it changes no more, unless what was cleared comes back.
    standing = () if case.state in SEALED else case.findings
    found = (*standing, *case.cleared)
    if case.kind is None or case.cause is None or not found:
        return None
    return _Watched(
        kind=case.kind,
        cause=case.cause,
        standing=shown_by(standing),
        cleared=shown_by(case.cleared),
        last=max(parse_moment(finding["event_time"]) for finding in found),
    )


@dataclass(frozen=True, slots=True)
class _Came:
    """
    What has come in: the `things` of which it told, what these are or were in, whether it declares
    anything in error, and when things of `lots` were put into use at the earliest, by the causes of
    exceptions that may be about these. What the rules find in the things is `found`, by rule.
    """

    things: set[str]
    containers: set[str]
    declares: bool
    lots: Mapping[str, int]
    found: Mapping[str, Collection[Shown]]
    rules: Collection[str]

    def doubted(self, watched: _Watched) -> Iterator[Shown]:
        """Yield what may be so no more of what stands, or again of what is cleared."""
        found = self.found.get(watched.kind, ())
        # Who comes first in a lot says for all of it what is right.
        is_whole = watched.cause in self.lots and self.lots[watched.cause] <= watched.last
        for shown in watched.standing:
            _, key = shown
            is_told = key in self.things or key in self.containers
            if (is_told or is_whole) and shown not in found:
                yield shown
        # What the clock shows and nobody looked for is so again where somebody takes back a word.
        is_judged = watched.kind in self.rules
        for shown in watched.cleared:
            is_again = shown in found if is_judged else self.declares
            if is_whole or (is_again and shown[1] in self.things):
                yield shown


def _came(
    news: Sequence[News],
    groups: Sequence[Group],
    found: Iterable[Finding],
    rules: Collection[str],
) -> _Came:
    shown: dict[str, set[Shown]] = {}
    for finding in found:
        showing = ((finding.event.event_id, key) for key in finding.keys)
        shown.setdefault(finding.rule.id, set()).update(showing)
    return _Came(
        things={key for group in groups for key in group.keys},
        containers={stay.parent for group in groups for stay in group.stays},
        declares=any(item.declares for item in news),
        lots=_lots(news),
        found=shown,
        rules=rules,
    )


def _lots(news: Iterable[News]) -> dict[str, int]:
    """Return when things of lots were put into use, by the causes that such a lot may be."""
    lots: dict[str, int] = {}
    for item in news:
        for role, keys in item.named.items() if item.said.lot is not None else ():
            if step_in(item.said._replace(role=role)) is not Step.COMMISSION:
                continue
            products = {product for key in keys if (product := product_of(key)) is not None}
            for rule, product in itertools.product(_OF_LOTS, products):
                cause = Cause(rule, in_lot(product, item.said.lot or ""), "").text
                lots[cause] = min(lots.get(cause, item.said.event_time), item.said.event_time)
    return lots


def _named(names: _Names, keys: Collection[str]) -> Iterator[str]:
    for key in names.keys() & keys:
        yield from names[key]

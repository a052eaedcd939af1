"""What is not as it should be with a thing, or with the serials of a lot, at two moments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from epcis_repo.errors import QueryParameterError, ScanError
from epcis_repo.findings.life import EventAt, Known, Life
from epcis_repo.findings.reading import read_lives, with_master_data
from epcis_repo.findings.rule import Found, ThingRule
from epcis_repo.findings.rules import RULES
from epcis_repo.gs1 import SCHEMES, Identifier, Level
from epcis_repo.model.times import utc_text
from epcis_repo.operations.history import not_found
from epcis_repo.operations.naming import identifier_value, names_of
from epcis_repo.projections.lives import Lives
from epcis_repo.projections.lot_story import serials_of
from epcis_repo.projections.story import MOMENT_MAX
from epcis_repo.store import EventStore, log
from epcis_repo.store.archived import archived_years, years_away

NOTHING = Known()
# Of a lot, so many serials are looked at for a page.
THINGS_PER_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Finding:
    """
    That something does not keep a rule: the event that shows it, what that contradicts, and whom
    it is about. One event may show it of many things.
    """

    rule: ThingRule
    keys: tuple[str, ...]
    event: EventAt
    contradicts: EventAt | None
    others: tuple[str, ...]
    words: Mapping[str, object]

    def sentence(self, names: Mapping[str, str]) -> str:
        """Return what is said of it to a person, with the names of things by their keys."""
        others = [names.get(key, key) for key in self.others]
        return self.rule.sentence.format(*others, **self.words)


@dataclass(frozen=True, slots=True)
class Findings:
    """
    The findings about a thing, or about some of the `things` of a lot, in order of event time.

    What was recorded in the years that are `archived` was not looked at. The token asks for those
    about the next things.
    """

    identifier: Identifier
    as_of: int | None
    known_at: int | None
    things: int
    found: tuple[Finding, ...]
    names: Mapping[str, str]
    archived: tuple[int, ...] = ()
    next_page_token: str | None = None


async def findings(
    store: EventStore,
    identifier: Identifier,
    *,
    now: int,
    as_of: int | None = None,
    known_at: int | None = None,
    known: Known = NOTHING,
    token: str | None = None,
) -> Findings:
    """
    Return what is not as it should be until `as_of`, as was known at `known_at` (microseconds).

    `known` is what nobody reports: holds, and ranges of serials. Raises `NotFoundError` when no
    event names it, and `ScanError` for a class of which no lot is named.
    """
    key, is_lot = identifier.key, identifier.scheme is SCHEMES["lgtin"]
    if identifier.level is Level.CLASS and not is_lot:
        raise ScanError(f"{key} is a class of things; ask about one of them, or about a lot")
    begin = _thing_after(token)
    async with store.reading(long=is_lot) as session:
        away = await archived_years(session)
        until = await (log.head(session) if known_at is None else log.head_at(session, known_at))
        moment = MOMENT_MAX if as_of is None else as_of
        keys: Sequence[str] = [key]
        if is_lot:
            # In one order, whatever came first.
            keys = sorted(await serials_of(session, identifier, until=until, moment=moment))
        page = keys[begin : begin + THINGS_PER_PAGE]
        known_things = Lives(session, until)
        end = now if as_of is None else as_of
        lives = await read_lives(
            session,
            known_things,
            page,
            until=until,
            moment=moment,
            now=end,
            apart={hold.key for hold in known.holds},
        )
        if not lives and not begin:
            raise not_found(key, as_of=as_of, known_at=known_at, archived=away)
        known = await with_master_data(session, known, lives, until=until, moment=moment)
        found = judge(lives, known)
        named = {key for item in found for key in (*item.keys, *item.others)}
        prefixes = await known_things.company_prefixes({*named, *page[:1]})
        if is_lot:
            prefixes[key] = prefixes[page[0]] if page else ""
    after = begin + len(page)
    return Findings(
        identifier=identifier,
        as_of=as_of,
        known_at=known_at,
        things=len(keys),
        found=found,
        names=names_of(prefixes),
        archived=await years_away(store, away),
        next_page_token=str(after) if after < len(keys) else None,
    )


def judge(
    lives: Iterable[Life], known: Known, rules: Iterable[ThingRule] = RULES
) -> tuple[Finding, ...]:
    """Return what the rules find in some lives, in order of event time: what is alike, once."""
    together: dict[tuple[object, ...], tuple[ThingRule, Found, list[str]]] = {}
    rows = tuple(rules)
    for life in lives:
        for rule in rows:
            for item in rule.find(life, known):
                said = (item.contradicts, item.others, *item.words.items())
                alike = (rule.number, item.entry.event_id, *said)
                together.setdefault(alike, (rule, item, []))[2].extend(item.keys or life.keys)
    found = [
        Finding(
            rule=rule,
            keys=tuple(sorted({*keys})),
            event=EventAt(item.entry.event_id, item.entry.said.event_time),
            contradicts=item.contradicts,
            others=item.others,
            words=item.words,
        )
        for rule, item, keys in together.values()
    ]
    return tuple(sorted(found, key=_place))


def _place(finding: Finding) -> tuple[object, ...]:
    event = finding.event
    more = finding.keys, finding.others, *map(str, finding.words.values())
    return event.time, event.event_id, finding.rule.number, *more


def findings_value(answer: Findings) -> dict[str, Any]:
    """Return findings as JSON (`schemas/findings.schema.json`)."""
    return {
        "id": identifier_value(answer.names[answer.identifier.key]),
        "as_of": None if answer.as_of is None else utc_text(answer.as_of),
        "known_at": None if answer.known_at is None else utc_text(answer.known_at),
        "things": answer.things,
        "findings": [_finding_value(finding, answer.names) for finding in answer.found],
        "archived_years": list(answer.archived),
    }


def _finding_value(finding: Finding, names: Mapping[str, str]) -> dict[str, Any]:
    rule = finding.rule
    return {
        "number": rule.number,
        "rule": rule.id,
        "severity": rule.severity.value,
        "sentence": finding.sentence(names),
        "what_to_do": rule.what_to_do,
        "epcs": [names[key] for key in finding.keys],
        **_event_value(finding.event),
        "contradicts": None if finding.contradicts is None else _event_value(finding.contradicts),
    }


def _event_value(event: EventAt) -> dict[str, Any]:
    return {"event_id": event.event_id, "event_time": utc_text(event.time)}


def rules_value() -> list[dict[str, Any]]:
    """Return the catalogue as JSON, as that of the rules for documents is."""
    return [
        {
            "number": rule.number,
            "rule": rule.id,
            "severity": rule.severity.value,
            "clause": rule.clause,
            "what": rule.what,
            "profile": None,
            "about": "things",
            "what_to_do": rule.what_to_do,
        }
        for rule in RULES
    ]


def _thing_after(token: str | None) -> int:
    if token is None:
        return 0
    if not (token.isascii() and token.isdecimal() and len(token) < 10):
        expected = "the token of the page before"
        raise QueryParameterError("nextPageToken", expected=expected, found=token)
    return int(token)

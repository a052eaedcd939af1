"""What the rules find in what has just come in: events as they were recorded, to findings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from epcis_repo.findings import Finding, Known, ThingRule
from epcis_repo.findings.batch import News, find
from epcis_repo.findings.ways import Group
from epcis_repo.gs1 import keys_and_class
from epcis_repo.model.what import Role
from epcis_repo.operations.capture import collector_at_rest
from epcis_repo.operations.naming import names_of
from epcis_repo.operations.preparing import Sent
from epcis_repo.projections.event_index import Row
from epcis_repo.projections.lives import Lives
from epcis_repo.projections.said import Said
from epcis_repo.store import Reading, RecordedEvent
from epcis_repo.store.archived import archived_years

# What these rules miss may be in a year that is archived.
_OF_WHAT_IS_MISSING = frozenset(
    {
        *("used-before-commissioning", "never-commissioned", "unpacked-not-packed"),
        *("shipped-empty", "received-not-shipped"),
    }
)


class Judged(NamedTuple):
    """
    Findings, and the EPCs of the things that they name, by key; and the groups of all things that
    were looked at.
    """

    findings: Sequence[Finding]
    names: Mapping[str, str]
    groups: Sequence[Group]


async def judge_news(
    session: Reading,
    news: Sequence[News],
    known: Known,
    rules: Collection[ThingRule],
    *,
    until: int,
    now: int = 0,
    are_all: bool = True,
) -> Judged:
    """
    Return what some rules find in what news told of, as known at position `until`.

    `now` is the moment until which whatever is on its way was: at a capture that has just begun.
    """
    if await archived_years(session):
        rules = [rule for rule in rules if rule.id not in _OF_WHAT_IS_MISSING]
    with collector_at_rest():
        found, groups = await find(
            session, news, known, until=until, now=now, are_all=are_all, rules=rules
        )
    if not found:
        return Judged((), {}, groups)
    named = {key for finding in found for key in (*finding.keys, *finding.others)}
    names = names_of(await Lives(session, until).company_prefixes(named))
    return Judged(found, names, groups)


def news_sent(sent: Sent, recorded: RecordedEvent) -> News:
    """Return what an event tells that was just sent, and recorded."""
    row = Row._make(sent.rows[0])._asdict()
    said = Said(key="", role=0, **{name: row[name] for name in _SAID})
    return News(
        event_id=sent.event_id,
        record_time=recorded.record_time,
        said=said._replace(position=recorded.position),
        named=sent.roles,
        header=orjson.loads(sent.data),
        declares=sent.declares,
    )


def news_read(row: Sequence[Any]) -> News:
    """Return what an event of the log tells, as `select_news` reads it."""
    *said, event_id, record_time, declares_error, data = row
    header = orjson.loads(data)
    # The things alone: no rule looks for what else it is found by.
    named = {
        role: keys_and_class(header[name])[0] for name, role in _LISTS.items() if header.get(name)
    }
    if (parent := header.get("parentID")) is not None:
        named[int(Role.PARENT)] = keys_and_class([parent])[0]
    return News(event_id, record_time, Said("", 0, *said), named, header, bool(declares_error))


# As a row of the index has them.
_SAID = Said._fields[2:]
_LISTS = {
    "epcList": int(Role.OBJECT),
    "childEPCs": int(Role.CHILD),
    "inputEPCList": int(Role.INPUT),
    "outputEPCList": int(Role.OUTPUT),
}

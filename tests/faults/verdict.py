"""The comparison of a store with what was sent to it and what clients were told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from epcis_repo.errors import NotFoundError
from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.evidence.operations import prepare
from epcis_repo.evidence.receipts import DOCUMENT_CAPTURED, receipt_in
from epcis_repo.projections import PROJECTIONS, rebuild
from epcis_repo.store import EventStore, open_store
from epcis_repo.store.log import head, read
from tests.faults.reports import Report
from tests.store.facts import whole as kept_whole

Rows = dict[str, Counter[tuple[Any, ...]]]


@dataclass(frozen=True)
class Verdict:
    """
    What is wrong with a store; nothing is wrong with a sound one.

    `lost` was acknowledged and is not there, `partial` is there in part, `twice` is there more
    than once. `altered` is what the integrity check says, `astray` the read models that are
    not what their rebuild is.
    """

    lost: Sequence[str] = ()
    partial: Sequence[str] = ()
    twice: Sequence[str] = ()
    altered: Sequence[str] = ()
    astray: Sequence[str] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, name.name) for name in fields(self))


SOUND = Verdict()


async def verdict_of(
    store: EventStore,
    reports: Iterable[Report],
    answers: Iterable[tuple[str, str]],
    *,
    read_models: bool = True,
) -> Verdict:
    """Compare; with `read_models`, they are made anew, which leaves a sound store as it was."""
    documents: Counter[str] = Counter()
    captures: dict[str, str] = {}
    events: Counter[str] = Counter()
    astray: list[str] = []
    async with store.reading() as session:
        position = 0
        async for recorded in read(session):
            position += 1
            if recorded.position != position:
                astray.append(f"position {recorded.position} stands at {position}")
            if recorded.type == DOCUMENT_CAPTURED:
                receipt = receipt_in(recorded)
                documents[receipt.document] += 1
                captures[receipt.document] = receipt.capture_id
            else:
                events[recorded.event_id] += 1
        if await head(session) != position:
            astray.append(f"the head is {await head(session)}, the last position {position}")
        bodies = {}
        for digest in documents:
            try:
                bodies[digest], _ = await kept_whole(session, digest)
            except NotFoundError:
                bodies[digest] = b""
    sent = {report.digest: report for report in reports}
    whole = {
        digest
        for digest, report in sent.items()
        if bodies.get(digest) == report.body and all(events[i] for i in report.event_ids)
    }
    told = dict.fromkeys(answers)
    lost = [sent[digest].name for digest, _ in told if digest not in whole]
    partial = [
        report.name
        for digest, report in sent.items()
        if digest not in whole and (documents[digest] or any(events[i] for i in report.event_ids))
    ]
    twice = [name for counts in (documents, events) for name, n in counts.items() if n > 1]
    # Told of a capture that is not the one which is recorded.
    twice += [name for digest, name in told if captures.get(digest, name) != name]
    found = await check_integrity(store, None)
    altered = [str(alteration) for alteration in found.alterations]
    if read_models:
        before = await rows_of(store)
        await rebuild(store)
        after = await rows_of(store)
        astray += [name for name in before if before[name] != after[name]]
    return Verdict(*map(tuple, (lost, partial, twice, altered, astray)))


def compared(
    db: str,
    reports: Iterable[Report],
    answers: Iterable[tuple[str, str]],
    *,
    read_models: bool = True,
) -> Verdict:
    """Open the store at `db` as anybody would, and compare."""

    async def compare() -> Verdict:
        store = open_store(db)
        try:
            await prepare(store)
            return await verdict_of(store, reports, answers, read_models=read_models)
        finally:
            await store.close()

    return asyncio.run(compare())


async def rows_of(store: EventStore) -> Rows:
    """All rows of all read models."""
    found: Rows = {}
    async with store.reading() as session:
        for projection in PROJECTIONS:
            for name in projection.TABLES:
                rows = await session.fetch(f"SELECT * FROM {name} WHERE part = $1", session.part)
                found[name] = Counter(map(tuple, rows))
    return found

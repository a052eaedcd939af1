"""What became of things."""

from __future__ import annotations

from functools import partial

import orjson

from epcis_repo.allocations import known_beside
from epcis_repo.cli.questions.things import AboutThing, of_thing, of_thing_there
from epcis_repo.cli.repository import Here, Moments, Question, text_of, texts
from epcis_repo.client import Client, Listed
from epcis_repo.clock import clock
from epcis_repo.findings import findings, findings_value
from epcis_repo.model.times import utc_text
from epcis_repo.operations.asked import identifier_asked
from epcis_repo.operations.corrections import correction, correction_value
from epcis_repo.operations.custody import custody, custody_value
from epcis_repo.operations.diff import Clock, diff
from epcis_repo.operations.history import history, history_value
from epcis_repo.operations.lineage import lineage, lineage_value


async def _history(
    here: Here, identifier: str, moments: Moments, *, per_page: int | None, token: str | None
) -> Listed:
    thing = identifier_asked(identifier)
    story = await history(here.store, thing, **moments, per_page=per_page, token=token)
    return Listed(orjson.dumps(history_value(story)), story.next_page_token)


async def _history_there(
    client: Client, identifier: str, moments: Moments, *, per_page: int | None, token: str | None
) -> Listed:
    return await client.history(identifier, **texts(moments), per_page=per_page, token=token)


HISTORY = Question(_history, _history_there)
CUSTODY: AboutThing = Question(
    partial(of_thing, custody, custody_value), partial(of_thing_there, Client.custody)
)
LINEAGE: AboutThing = Question(
    partial(of_thing, lineage, lineage_value), partial(of_thing_there, Client.lineage)
)


async def _diff(
    here: Here, identifier: str, moments: Moments, before: int, after: int, by: Clock
) -> str:
    thing = identifier_asked(identifier)
    return await diff(here.store, thing, before, after, by=by, **moments)


async def _diff_there(
    client: Client, identifier: str, moments: Moments, before: int, after: int, by: Clock
) -> str:
    clocks = texts(moments)
    return await client.diff(identifier, utc_text(before), utc_text(after), by=by, **clocks)


DIFF = Question(_diff, _diff_there)


async def _findings(here: Here, identifier: str, moments: Moments, *, token: str | None) -> Listed:
    thing = identifier_asked(identifier)
    known = await known_beside(here.store, known_at=moments["known_at"])
    found = await findings(here.store, thing, now=clock(), **moments, known=known, token=token)
    return Listed(orjson.dumps(findings_value(found)), found.next_page_token)


async def _findings_there(
    client: Client, identifier: str, moments: Moments, *, token: str | None
) -> Listed:
    return await client.findings(identifier, **texts(moments), token=token)


FINDINGS = Question(_findings, _findings_there)


async def _correction(
    here: Here, event_id: str, *, known_at: int | None, token: str | None
) -> Listed:
    found = await correction(here.store, event_id, known_at=known_at, token=token)
    return Listed(orjson.dumps(correction_value(found)), found.next_page_token)


async def _correction_there(
    client: Client, event_id: str, *, known_at: int | None, token: str | None
) -> Listed:
    return await client.correction(event_id, known_at=text_of(known_at), token=token)


CORRECTION = Question(_correction, _correction_there)

"""Exceptions: which there are, and what is decided on them."""

from __future__ import annotations

import orjson

from epcis_repo.allocations import known_beside
from epcis_repo.cli.repository import Here, Moments, Question, Value, text_of, texts
from epcis_repo.client import Client, Listed
from epcis_repo.clock import clock
from epcis_repo.exceptions import (
    decide_on,
    exception_asked,
    exception_decision_asked,
    exception_value,
    exceptions,
    exceptions_value,
    findings_asked,
    one_exception,
    open_exception,
    raise_findings,
    raised_value,
    sought_asked,
)
from epcis_repo.operations.idempotency import idempotency_key


async def _open_exception(here: Here, asked: Value, *, under: str | None) -> Value:
    key = None if under is None else idempotency_key(under, endpoint="exceptions")
    case, _ = await open_exception(here.store, exception_asked(asked), key=key, now=clock())
    return exception_value(case, now=case.opened_at)


async def _open_exception_there(client: Client, asked: Value, *, under: str | None) -> Value:
    return await client.open_exception(asked, idempotency_key=under)


OPEN_EXCEPTION = Question(_open_exception, _open_exception_there)


async def _decide(here: Here, exception_id: str, asked: Value) -> Value:
    found, moment = exception_decision_asked(exception_id, asked), clock()
    case = await decide_on(here.store, found.decision, version=found.version, now=moment)
    return exception_value(case, now=moment)


async def _decide_there(client: Client, exception_id: str, asked: Value) -> Value:
    return await client.decide_on_exception(exception_id, asked)


DECIDE_ON_EXCEPTION = Question(_decide, _decide_there)


async def _raise(here: Here, identifiers: list[str], names: list[str], by: str) -> Value:
    given = {"of": identifiers, "exceptions": names}
    asked = findings_asked({**{n: some for n, some in given.items() if some}, "by": by})
    moment = clock()
    raised = await raise_findings(
        here.store,
        asked.identifiers,
        exception_ids=asked.exceptions,
        by=asked.by,
        known=await known_beside(here.store),
        now=moment,
    )
    return raised_value(raised, now=moment)


async def _raise_there(client: Client, identifiers: list[str], names: list[str], by: str) -> Value:
    return await client.raise_findings(identifiers, exceptions=names, by=by)


RAISE_EXCEPTIONS = Question(_raise, _raise_there)


async def _exceptions(
    here: Here, sought: dict[str, str], moments: Moments, *, per_page: int, token: str | None
) -> Listed:
    now = clock()
    page = await exceptions(
        here.store, sought_asked(sought), per_page=per_page, token=token, **moments, now=now
    )
    known_at = moments["known_at"]
    value = exceptions_value(page, now=now if known_at is None else known_at)
    return Listed(orjson.dumps(value), page.next_page_token)


async def _exceptions_there(
    client: Client, sought: dict[str, str], moments: Moments, *, per_page: int, token: str | None
) -> Listed:
    return await client.exceptions(sought, **texts(moments), per_page=per_page, token=token)


EXCEPTIONS = Question(_exceptions, _exceptions_there)


async def _exception(here: Here, exception_id: str, *, known_at: int | None) -> Value:
    case = await one_exception(here.store, exception_id, known_at=known_at)
    return exception_value(case, now=clock() if known_at is None else known_at)


async def _exception_there(client: Client, exception_id: str, *, known_at: int | None) -> Value:
    return await client.exception(exception_id, known_at=text_of(known_at))


EXCEPTION = Question(_exception, _exception_there)

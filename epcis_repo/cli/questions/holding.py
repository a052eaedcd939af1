"""What is held and recalled."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import orjson

from epcis_repo.cli.repository import Here, Moments, Question, Value, Writer, text_of, texts
from epcis_repo.client import Client, Listed
from epcis_repo.clock import clock
from epcis_repo.holds import (
    hold_asked,
    holds,
    holds_reaching,
    holds_value,
    one_hold,
    place_hold,
    recall,
    recall_value,
    release_asked,
    release_hold,
    unit_value,
    units,
)
from epcis_repo.operations.asked import identifier_asked
from epcis_repo.operations.idempotency import idempotency_key


async def _hold(here: Here, asked: Value, *, under: str | None) -> Value:
    key = None if under is None else idempotency_key(under, endpoint="holds")
    return (await place_hold(here.store, hold_asked(asked), key=key, now=clock())).hold.value()


async def _hold_there(client: Client, asked: Value, *, under: str | None) -> Value:
    return await client.place_hold(asked, idempotency_key=under)


HOLD = Question(_hold, _hold_there)


async def _release(here: Here, hold_id: str, asked: Value) -> Value:
    return (await release_hold(here.store, hold_id, release_asked(asked), now=clock())).value()


async def _release_there(client: Client, hold_id: str, asked: Value) -> Value:
    return await client.release_hold(hold_id, asked)


RELEASE = Question(_release, _release_there)


async def _holds(
    here: Here,
    identifier: str | None,
    moments: Moments,
    *,
    every: bool,
    per_page: int,
    token: str | None,
) -> Listed:
    asked: dict[str, Any] = {**moments, "per_page": per_page, "token": token, "now": clock()}
    if identifier is None:
        page = await holds(here.store, every=every, **asked)
    else:
        page = await holds_reaching(here.store, identifier_asked(identifier), **asked)
    return Listed(orjson.dumps(holds_value(page.holds)), page.next_page_token)


async def _holds_there(
    client: Client,
    identifier: str | None,
    moments: Moments,
    *,
    every: bool,
    per_page: int,
    token: str | None,
) -> Listed:
    clocks = texts(moments)
    return await client.holds(identifier, every=every, **clocks, per_page=per_page, token=token)


HOLDS = Question(_holds, _holds_there)


async def _one_hold(here: Here, hold_id: str, *, known_at: int | None) -> Value:
    return (await one_hold(here.store, hold_id, known_at=known_at)).value()


async def _one_hold_there(client: Client, hold_id: str, *, known_at: int | None) -> Value:
    return await client.hold(hold_id, known_at=text_of(known_at))


ONE_HOLD = Question(_one_hold, _one_hold_there)


async def _recall(here: Here, hold_id: str, moments: Moments) -> Value:
    return recall_value(await recall(here.store, hold_id, **moments, now=clock()))


async def _recall_there(client: Client, hold_id: str, moments: Moments) -> Value:
    return await client.recall(hold_id, **texts(moments))


RECALL = Question(_recall, _recall_there)


async def _recalled(here: Here, hold_id: str, moments: Moments, write: Writer) -> None:
    hold = await one_hold(here.store, hold_id, known_at=moments["known_at"])
    async for some in units(here.store, hold, **moments, now=clock()):
        write(b"".join(orjson.dumps(unit_value(unit)) + b"\n" for unit in some))


async def _recalled_there(client: Client, hold_id: str, moments: Moments, write: Writer) -> None:
    async with aclosing(client.recalled_units(hold_id, **texts(moments))) as pieces:
        async for piece in pieces:
            write(piece)


RECALLED_UNITS = Question(_recalled, _recalled_there)

"""Reactions to what breaks a rule, what was found at captures or kept aside, allocated serials."""

from __future__ import annotations

import orjson

from epcis_repo.allocations import (
    allocate,
    allocation_asked,
    allocation_value,
    allocations,
    allocations_value,
    gtin_asked,
    withdraw,
    withdrawal_asked,
)
from epcis_repo.cli.repository import Here, Question, Value, text_of
from epcis_repo.client import Client, Listed
from epcis_repo.clock import clock
from epcis_repo.operations.asked import identifier_asked
from epcis_repo.reactions import (
    Sought,
    dismiss,
    every_rule,
    findings_made,
    findings_made_value,
    one_quarantined,
    quarantine_value,
    quarantined,
    reaction_asked,
    release,
    set_reaction,
    why_asked,
)


async def _rules(here: Here, *, known_at: int | None) -> Value:
    return await every_rule(here.store, known_at=known_at)


async def _rules_there(client: Client, *, known_at: int | None) -> Value:
    return {"rules": await client.rules(known_at=text_of(known_at))}


RULES = Question(_rules, _rules_there)


async def _react(here: Here, rule: str, asked: Value) -> Value:
    return await set_reaction(here.store, rule, reaction_asked(rule, asked), now=clock())


async def _react_there(client: Client, rule: str, asked: Value) -> Value:
    return await client.set_reaction(rule, asked)


SET_REACTION = Question(_react, _react_there)


async def _found(
    here: Here,
    sought: dict[str, str],
    *,
    known_at: int | None,
    per_page: int,
    token: str | None,
) -> Listed:
    epc = sought.get("epc")
    page = await findings_made(
        here.store,
        Sought(
            rule=sought.get("rule"),
            partner=sought.get("sender"),
            event_id=sought.get("eventID"),
            key=None if epc is None else identifier_asked(epc).key,
        ),
        known_at=known_at,
        per_page=per_page,
        token=token,
    )
    return Listed(orjson.dumps(findings_made_value(page)), page.next_page_token)


async def _found_there(
    client: Client,
    sought: dict[str, str],
    *,
    known_at: int | None,
    per_page: int,
    token: str | None,
) -> Listed:
    return await client.findings_made(
        sought, known_at=text_of(known_at), per_page=per_page, token=token
    )


FINDINGS_MADE = Question(_found, _found_there)


async def _quarantine(here: Here, *, every: bool, per_page: int, token: str | None) -> Listed:
    page = await quarantined(here.store, every=every, per_page=per_page, token=token)
    return Listed(orjson.dumps(quarantine_value(page)), page.next_page_token)


async def _quarantine_there(
    client: Client, *, every: bool, per_page: int, token: str | None
) -> Listed:
    return await client.quarantine(every=every, per_page=per_page, token=token)


QUARANTINE = Question(_quarantine, _quarantine_there)


async def _quarantined(here: Here, capture_id: str) -> Value:
    return (await one_quarantined(here.store, capture_id)).value()


async def _quarantined_there(client: Client, capture_id: str) -> Value:
    return await client.quarantined(capture_id)


QUARANTINED = Question(_quarantined, _quarantined_there)


async def _release(here: Here, capture_id: str, asked: Value) -> Value:
    return (await release(here.store, capture_id, why_asked(asked), now=clock())).value()


async def _release_there(client: Client, capture_id: str, asked: Value) -> Value:
    return await client.release_quarantine(capture_id, asked)


RELEASE_QUARANTINE = Question(_release, _release_there)


async def _dismiss(here: Here, capture_id: str, asked: Value) -> Value:
    return (await dismiss(here.store, capture_id, why_asked(asked), now=clock())).value()


async def _dismiss_there(client: Client, capture_id: str, asked: Value) -> Value:
    return await client.dismiss_quarantine(capture_id, asked)


DISMISS_QUARANTINE = Question(_dismiss, _dismiss_there)


async def _allocate(here: Here, asked: Value) -> Value:
    return allocation_value(await allocate(here.store, allocation_asked(asked), now=clock()))


async def _allocate_there(client: Client, asked: Value) -> Value:
    return await client.allocate(asked)


ALLOCATE = Question(_allocate, _allocate_there)


async def _allocations(
    here: Here, gtin: str | None, *, known_at: int | None, per_page: int, token: str | None
) -> Listed:
    page = await allocations(
        here.store,
        gtin=None if gtin is None else gtin_asked("GTIN", gtin),
        known_at=known_at,
        per_page=per_page,
        token=token,
    )
    return Listed(orjson.dumps(allocations_value(page)), page.next_page_token)


async def _allocations_there(
    client: Client, gtin: str | None, *, known_at: int | None, per_page: int, token: str | None
) -> Listed:
    return await client.allocations(
        gtin, known_at=text_of(known_at), per_page=per_page, token=token
    )


ALLOCATIONS = Question(_allocations, _allocations_there)


async def _withdraw(here: Here, allocation_id: str, asked: Value) -> Value:
    asked_for = withdrawal_asked(asked)
    return allocation_value(await withdraw(here.store, allocation_id, asked_for, now=clock()))


async def _withdraw_there(client: Client, allocation_id: str, asked: Value) -> Value:
    return await client.withdraw_allocation(allocation_id, asked)


WITHDRAW_ALLOCATION = Question(_withdraw, _withdraw_there)

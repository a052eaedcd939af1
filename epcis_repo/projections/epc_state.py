"""
The state of every EPC: lifecycle, disposition, last place, lot, expiry.

What the events that name the thing itself say; what happens to a container is added when it
is asked for. `company_prefix_length` keeps how the sender's URN was parted, so that the thing
can be named as he names it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from operator import itemgetter
from typing import Any, NamedTuple

from epcis_repo.bindings.names import CBVMDA
from epcis_repo.gs1 import cbv
from epcis_repo.model.events import Event, Place
from epcis_repo.projections.logged import Batch, LoggedEvent, events_naming
from epcis_repo.store import Reading, Writing, load_statements

STATEMENTS = load_statements("epcis_repo.projections", "epc_state.sql")
SCHEMA = STATEMENTS["schema"]
TABLES = ("epc_state",)


class EpcState(NamedTuple):
    """
    What is true of a thing after the last event that named it, at `event_time`.

    `expiry` is a date as the commissioning event has it. `commissioned_at` is the position of
    that event, None for a thing that nobody commissioned here.
    """

    company_prefix_length: int | None
    lifecycle: str | None
    disposition: str | None
    read_point: str | None
    biz_location: str | None
    lot: str | None
    expiry: str | None
    commissioned_at: int | None
    event_time: int
    position: int


class Step(NamedTuple):
    """What one event says of each thing that it names in one role. None says nothing."""

    lifecycle: str | None
    disposition: str | None
    read_point: str | None
    biz_location: str | None
    lot: str | None
    expiry: str | None
    commissioned_at: int | None
    event_time: int
    position: int


# (role, action) → lifecycle, and where the business step or disposition says more, that.
LIFECYCLE = {
    ("object", "ADD"): "commissioned",
    ("object", "DELETE"): "decommissioned",
    ("output", None): "commissioned",
    ("input", None): "transformed",
}
LIFECYCLE_BY_BIZ_STEP = {("DELETE", "destroying"): "destroyed"}
LIFECYCLE_BY_DISPOSITION = {"dispensed": "dispensed", "destroyed": "destroyed"}
BEGINS = "commissioned"


async def project(session: Writing, batch: Batch) -> None:
    """Fold `batch` onto the states; anew from the log what came late or was declared in error."""
    anew = {key for item in batch.fallen for key in _things(item)}
    known = await states_of(session, anew | {key for item in batch.facts for key in _things(item)})
    states: dict[str, EpcState] = {}
    for item in batch.facts:
        for step, keys, texts in steps_of(item):
            for key, text in zip(keys, texts, strict=True):
                state = states.get(key) or known.get(key)
                if state is not None and state.event_time > step.event_time:
                    anew.add(key)
                states[key] = after(state, step, text)
    if anew:
        states = {key: state for key, state in states.items() if key not in anew}
        states |= await fold_anew(session, anew, until=batch.until)
    stale = sorted(key for key in states.keys() | anew if key in known)
    if stale:
        await session.execute(STATEMENTS["delete_states"], session.part, stale)
    rows = [(session.part, key, *state) for key, state in states.items()]
    # In the order of the key a page is written once, not once for each of its rows.
    rows.sort(key=itemgetter(1))
    await session.insert("epc_state", ("part", "epc", *EpcState._fields), rows)


async def fold_anew(session: Reading, keys: Collection[str], *, until: int) -> dict[str, EpcState]:
    """Return the states of `keys` from the log, as far as position `until`."""
    states: dict[str, EpcState] = {}
    for item in await events_naming(session, keys, until=until):
        for step, named, texts in steps_of(item):
            for key, text in zip(named, texts, strict=True):
                if key in keys:
                    states[key] = after(states.get(key), step, text)
    return states


def after(state: EpcState | None, step: Step, text: str) -> EpcState:
    """Return the state of a thing, spelt `text` in the event, after a step."""
    if state is None:
        return EpcState(_company_prefix_length(text), *step)
    has_place = step.read_point or step.biz_location
    return EpcState(
        state.company_prefix_length or _company_prefix_length(text),
        step.lifecycle or state.lifecycle,
        step.disposition or state.disposition,
        step.read_point if has_place else state.read_point,
        step.biz_location if has_place else state.biz_location,
        step.lot or state.lot,
        step.expiry or state.expiry,
        state.commissioned_at if step.commissioned_at is None else step.commissioned_at,
        step.event_time,
        step.position,
    )


def steps_of(item: LoggedEvent) -> Iterator[tuple[Step, Iterable[str], Iterable[str]]]:
    """Yield, for each role in which the event names things, the step, their keys and texts."""
    event, what = item.event, item.what
    if what.parent is not None:
        yield step_of(item, "parent"), (what.parent,), (getattr(event, "parent_id", ""),)
    for role, keys, name in (
        ("object", what.epcs, "epc_list"),
        ("child", what.children, "child_epcs"),
        ("input", what.inputs, "input_epc_list"),
        ("output", what.outputs, "output_epc_list"),
    ):
        if keys:
            yield step_of(item, role), keys, getattr(event, name)


def step_of(item: LoggedEvent, role: str) -> Step:
    """Return what the event says of things that it names as `role`."""
    event = item.event
    action = getattr(event, "action", None)
    biz_step = event.biz_step and cbv.bare_word(cbv.BIZ_STEP, event.biz_step)
    disposition = event.disposition and cbv.bare_word(cbv.DISPOSITION, event.disposition)
    lifecycle = None
    if type(event).__name__ in ("ObjectEvent", "TransformationEvent"):
        lifecycle = (
            LIFECYCLE_BY_BIZ_STEP.get((action or "", biz_step or ""))
            or LIFECYCLE_BY_DISPOSITION.get(disposition or "")
            or LIFECYCLE.get((role, action))
        )
    ilmd = master_data_of(event) if lifecycle == BEGINS else {}
    return Step(
        lifecycle,
        disposition,
        _place(event.read_point),
        _place(event.biz_location),
        ilmd.get("lotNumber"),
        ilmd.get("itemExpirationDate"),
        item.position if lifecycle == BEGINS else None,
        event.event_time.microseconds,
        item.position,
    )


def master_data_of(event: Event) -> dict[str, str]:
    """Return the CBV instance and lot master data of `event`, by local name (CBV 2.0, §10)."""
    beginning = f"{{{CBVMDA}}}"
    return {
        name.removeprefix(beginning): _text(value)
        for name, value in (getattr(event, "ilmd", None) or {}).items()
        if name.startswith(beginning)
    }


async def states_of(session: Reading, keys: Collection[str]) -> dict[str, EpcState]:
    """Return the states of those of `keys` that the repository knows."""
    if not keys:
        return {}
    rows = await session.fetch(STATEMENTS["select_states"], session.part, list(keys))
    return {row[0]: EpcState(*row[1:]) for row in rows}


async def knows_product(session: Reading, gtin_key: str) -> bool:
    """Whether any instance of a GTIN, given as its class key, was ever named here."""
    # Every serial sorts between "…/21/" and "…/210", the character after the slash.
    bounds = f"{gtin_key}/21/", f"{gtin_key}/210"
    return bool(await session.fetch(STATEMENTS["select_product"], session.part, *bounds))


def _things(item: LoggedEvent) -> Iterator[str]:
    what = item.what
    if what.parent is not None:
        yield what.parent
    yield from what.epcs
    yield from what.children
    yield from what.inputs
    yield from what.outputs


def _company_prefix_length(text: str) -> int | None:
    if not text.startswith("urn:epc:id:"):
        return None
    # A scheme's name has five letters at most; no prefix has a dot before its end. What has no
    # dot at all has no company prefix either.
    dot = text.find(".")
    return None if dot < 0 else dot - text.rfind(":", 0, 17) - 1


def _place(place: Place | None) -> str | None:
    return None if place is None else place.id


def _text(value: Any) -> str:
    # In XML a value with attributes, in JSON-LD a typed one, has its text one level down.
    if isinstance(value, dict):
        value = value.get("#text", value.get("@value", ""))
    return str(value)

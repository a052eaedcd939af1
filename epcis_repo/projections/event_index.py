"""
The event index: what events are asked for by, and what each says of the things it names.

One row for each EPCIS event, none for a thing: what is true of a thing is folded from the rows
of the events that name it when somebody asks (`lives.py`). `header` is the event with its long
lists cut, so that the history of one serial does not read the fifty thousand that were
commissioned with it; it is NULL for an event that is short anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from epcis_repo.bindings.names import CBVMDA
from epcis_repo.gs1 import cbv
from epcis_repo.model.events import FIELDS, Event, Kind, Place
from epcis_repo.model.what import EPC_LISTS, What
from epcis_repo.projections.logged import LoggedEvent
from epcis_repo.store import Writing, load_schema, load_statements

STATEMENTS = load_statements("epcis_repo.projections", "event_index.sql")
SCHEMA = load_schema("epcis_repo.projections", "event_index", folded=True)
TABLES = ("event_index",)

# An event longer than this (in bytes) has its lists cut to so many members in its header.
_HEADER_SIZE_MAX = 4_000
LIST_LENGTH_MAX = 10
COUNTS = "listLengths"
"""The member of a header that says how long each list is that was cut."""


class Row(NamedTuple):
    """
    A row of the index; times in microseconds since 1970 (UTC), words as JSON has them.

    `lot` and `expiry` are those of the ILMD. `parent_id` is a canonical key, and so leads to where
    the parent itself is a child; `empties` says that all content leaves it. `company_prefixes` are
    those of the EPC URNs in the event, by blanks, so that what it names can be named as its sender
    does.
    """

    position: int
    event_id: str
    type: str
    event_time: int
    record_time: int
    action: str | None
    biz_step: str | None
    disposition: str | None
    read_point: str | None
    biz_location: str | None
    lot: str | None
    expiry: str | None
    parent_id: str | None
    empties: int
    declares_error: int
    company_prefixes: str | None
    header: bytes | None


async def project(session: Writing, rows: Sequence[Row]) -> None:
    """Add the rows of some events; nothing ever changes one."""
    whole = [(session.part, *row) for row in rows]
    await session.insert("event_index", ("part", *Row._fields), whole)


def row_of(item: LoggedEvent) -> Row:
    """Return the row of an event."""
    event = item.event
    action = getattr(event, "action", None)
    ilmd = _master_data_of(event)
    return Row(
        position=item.position,
        event_id=item.event_id,
        type=type(event).__name__,
        event_time=event.event_time.microseconds,
        record_time=item.record_time,
        action=action,
        biz_step=event.biz_step and cbv.bare_word(cbv.BIZ_STEP, event.biz_step),
        disposition=event.disposition and cbv.bare_word(cbv.DISPOSITION, event.disposition),
        read_point=_place(event.read_point),
        biz_location=_place(event.biz_location),
        lot=ilmd.get("lotNumber"),
        expiry=ilmd.get("itemExpirationDate"),
        parent_id=item.what.parent,
        # EPCIS 2.0, §7.4.3: DELETE that names no children takes out all of them. One that
        # names only quantities does not.
        empties=int(
            action == "DELETE"
            and not item.what.children
            and not getattr(event, "child_quantity_list", None)
        ),
        declares_error=0 if event.error_declaration is None else 1,
        company_prefixes=" ".join(sorted(_company_prefixes(event, item.what))) or None,
        header=_header(item),
    )


def _master_data_of(event: Event) -> dict[str, str]:
    """Return the CBV instance and lot master data of `event`, by local name (CBV 2.0, §10)."""
    ilmd = getattr(event, "ilmd", None)
    if not ilmd:
        return {}
    beginning = f"{{{CBVMDA}}}"
    return {
        name.removeprefix(beginning): _text(value)
        for name, value in ilmd.items()
        if name.startswith(beginning)
    }


def _company_prefixes(event: Event, what: What) -> set[str]:
    parent = getattr(event, "parent_id", None)
    beginnings = set[str]() if parent is None else {parent.partition(".")[0]}
    for name, role in EPC_LISTS.items():
        if texts := getattr(event, name, None):
            # The thousands of a lot begin alike.
            some = texts[:1] if role in what.alike else texts
            beginnings |= {text.partition(".")[0] for text in some}
    # What has no dot at all has no company prefix either, nor digits where it would be.
    parted = (beginning.rpartition(":") for beginning in beginnings)
    return {p for scheme, _, p in parted if scheme.startswith("urn:epc:id:") and p.isdecimal()}


def _header(item: LoggedEvent) -> bytes | None:
    if len(item.data) <= _HEADER_SIZE_MAX:
        return None
    lengths = {
        member.standard: len(getattr(item.event, member.name) or ())
        for member in FIELDS[type(item.event)]
        if member.kind in (Kind.EPCS, Kind.QUANTITIES)
    }
    counts = {name: length for name, length in lengths.items() if length > LIST_LENGTH_MAX}
    if not counts:
        return None
    value = orjson.loads(item.data)
    shortened = {name: value[name][:LIST_LENGTH_MAX] for name in counts}
    return orjson.dumps({**value, **shortened, COUNTS: counts})


def _place(place: Place | None) -> str | None:
    return None if place is None else place.id


def _text(value: Any) -> str:
    # In XML a value with attributes, in JSON-LD a typed one, has its text one level down.
    if isinstance(value, dict):
        value = value.get("#text", value.get("@value", ""))
    return str(value)

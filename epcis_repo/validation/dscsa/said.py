"""How an event or its header says what the guideline is about, whatever the spelling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from epcis_repo.bindings.names import CBVMDA
from epcis_repo.errors import IdentifierError
from epcis_repo.gs1 import canonical_key, cbv
from epcis_repo.model.documents import Document
from epcis_repo.model.events import Event

HC = "{http://epcis.gs1us.org/hc/ns}"
MDA = f"{{{CBVMDA}}}"
TRUE, FALSE = ("true", "1"), ("false", "0")


def step_of(event: Event) -> str:
    return cbv.bare_word(cbv.BIZ_STEP, event.biz_step or "")


def disposition_of(event: Event) -> str:
    # What was withdrawn is still written in EPCIS 1.2.
    return cbv.bare_word(cbv.DISPOSITION, event.disposition or "")


def text_of(value: Any) -> str:
    """Return what an extension says, which XML has as text and JSON perhaps as a boolean."""
    if isinstance(value, Mapping):
        value = value.get("#text", "")
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def key_of(text: str) -> str | None:
    try:
        return canonical_key(text)
    except IdentifierError:
        return None


def header_member(document: Document, name: str) -> Any:
    # EPCIS 2.0 has no place for it, and in JSON it stands in either.
    name = f"{HC}{name}"
    return document.header_extensions.get(name, document.extensions.get(name))


def text_at(event: Event, field: str | int, index: str | int | None = None) -> str:
    """Return what an event names in a field, in a list at an index."""
    named: Any = getattr(event, _NAMES[field])
    return str(named if index is None else named[index])


_NAMES: dict[str | int, str] = {
    "epcList": "epc_list",
    "childEPCs": "child_epcs",
    "parentID": "parent_id",
}

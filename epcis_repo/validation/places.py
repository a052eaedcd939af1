"""Where in a document something stands: a JSON pointer, or an XPath (RFC 6901; XPath 1.0)."""

from __future__ import annotations

from collections.abc import Mapping

from epcis_repo.bindings.misfits import json_pointer
from epcis_repo.bindings.names import Names
from epcis_repo.bindings.xml.layouts import LAYOUTS, NAMESPACES, Layout
from epcis_repo.model.documents import MASTER_DATA_DOCUMENT, Document, FoundEvent
from epcis_repo.model.events import EVENT_TYPES, Event
from epcis_repo.validation.rule import Fault

Steps = tuple[str | int, ...]

# What is a member in JSON is an attribute of these in XML, and what is their text a member.
_ATTRIBUTES_OF = {"sensorMetadata", "sensorReport"}
_TEXTS = {"bizTransaction", "source", "destination"}
# The elements that one list in JSON is of, where they do not stand in an element of their own.
_REPEATED = {"sensorReport", "set", "unset", "certificationInfo", "attributes"}
_HEADER_NAMES = {
    "epcisHeader": "EPCISHeader",
    "epcisMasterData": "extension/EPCISMasterData",
    "vocabularyList": "VocabularyList",
    "vocabularyElementList": "VocabularyElementList",
    "attributes": "attribute",
}
_MASTER_DATA = ("epcisHeader", "epcisMasterData")
_HEADER_ATTRIBUTES = {"schemaVersion", "creationDate", "type", "id"}


def place_of(found: FoundEvent, fault: Fault) -> str:
    """Return where in its document a fault of an event is."""
    steps = _compacted(fault.steps, found.namespaces)
    if found.line is None:
        return found.place + json_pointer(steps)
    wrapper = ""
    if steps and isinstance(steps[0], str) and NAMESPACES["1.2"] in found.namespaces.values():
        wrapper = _WRAPPERS[type(found.event)].get(steps[0], "")
    return "/".join([found.place, *([wrapper] if wrapper else []), *_xpath(steps)])


def _compacted(steps: Steps, namespaces: Mapping[str, str]) -> Steps:
    """Return `steps` with the names that the document has for them."""
    for step in steps:
        if isinstance(step, str) and "{" in step:
            break
    else:
        return steps
    names = Names(namespaces)
    return tuple(names.compact(step) if isinstance(step, str) else step for step in steps)


def place_around(document: Document, fault: Fault, *, is_xml: bool) -> str:
    """Return where in its document a fault of what is beside the events is."""
    steps = _compacted(fault.steps, document.namespaces)
    if not is_xml:
        return json_pointer(steps)
    root = "EPCISDocument" if document.query_results is None else "EPCISQueryDocument"
    if document.is_master_data:
        root = MASTER_DATA_DOCUMENT
        if steps[:2] == _MASTER_DATA:
            root, steps = f"{root}/EPCISBody", steps[2:]
    path, before = [f"/{root}"], ""
    for step in steps:
        if isinstance(step, int):
            path[-1] += f"[{step + 1}]" if before in _REPEATED else f"/*[{step + 1}]"
        elif step in _HEADER_ATTRIBUTES:
            path.append(f"@{step}")
        else:
            path.append(_HEADER_NAMES.get(step, step))
        before = str(step)
    return "/".join(path)


def _xpath(steps: Steps) -> list[str]:
    path: list[str] = []
    before = ""
    for step in steps:
        if isinstance(step, int):
            if before in _REPEATED:
                path[-1] += f"[{step + 1}]"
            else:
                path.append(f"*[{step + 1}]")
            continue
        is_attribute = before in _ATTRIBUTES_OF or (step == "type" and before.endswith("List"))
        if is_attribute:
            path.append(f"@{step}")
        elif step not in _TEXTS:
            path.append(step)
        before = step
    return path


def _wrappers(layout: Layout) -> dict[str, str]:
    return {name: entry[0] for entry in layout if not isinstance(entry, str) for name in entry[1]}


# The elements that fields are in which came after EPCIS 1.0, by type of event.
_WRAPPERS: dict[type[Event], dict[str, str]] = {
    cls: _wrappers(LAYOUTS["1.2"].get(cls, ())) for cls in EVENT_TYPES.values()
}

"""
What a version of EPCIS XML has no place for, told part by part, and the rest that it can carry.

Whether a part can be written is asked of the writers themselves, so there is no second list of
what XML can say. The question costs a few writings, and is put only after one has failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import partial
from typing import Any

from lxml import etree

from epcis_repo.bindings.sbdh import MEMBERS_IN_JSON, unsaid
from epcis_repo.bindings.xml.layouts import LAYOUTS, NEVER_EMPTY, names_in
from epcis_repo.bindings.xml.writing import (
    WRITERS,
    XmlWriter,
    is_empty,
    write_attribute_extensions,
    write_extensions,
)
from epcis_repo.errors import InputError, Remark
from epcis_repo.model.documents import Document
from epcis_repo.model.events import (
    FIELDS,
    REQUIRED,
    BizTransaction,
    Event,
    Kind,
    ObjectEvent,
    SensorMetadata,
    SensorReport,
    SourceOrDestination,
)

Write = Callable[[etree._Element, Any], None]  # noqa: SLF001 - it has no public name


def fit_event(event: Event, version: str) -> tuple[Event | None, list[Remark]]:
    """Return as much of `event` as `version` can carry, None for nothing; and what is lost."""
    cls = type(event)
    layout = LAYOUTS[version].get(cls)
    if layout is None:
        return None, [Remark(cls.__name__, f"EPCIS {version} XML has no such event")]
    fitting, places = _Fitting(), names_in(layout)
    changed: dict[str, Any] = {}
    for member in FIELDS[cls]:
        content = getattr(event, member.name)
        if content is None or (member.standard in NEVER_EMPTY and is_empty(content)):
            continue
        if member.standard not in places:
            changed[member.name] = None
            fitting.lose(member.standard, f"EPCIS {version} XML has no place for it")
            continue
        fit = content
        if member.kind is Kind.CERTIFICATION_INFO and not isinstance(content, str):
            fit = content[:1]
            if len(content) > 1:
                fitting.lose(member.standard, "EPCIS XML has room for one")
        fit = fitting.part(member.standard, fit, WRITERS[member.kind])
        if fit != content:
            changed[member.name] = fit
    extensions = fitting.members("", event.extensions, write_extensions)
    rest = replace(event, **changed, extensions=extensions)
    if any(changed.get(name, "") is None for name in REQUIRED):
        return None, fitting.lost
    if _names_nothing(rest) and not _names_nothing(event):
        fitting.lose(cls.__name__, "without what is lost the event would say nothing of anything")
        return None, fitting.lost
    return rest, fitting.lost


def _names_nothing(event: Event) -> bool:
    """Whether an ObjectEvent is about nothing, which the standard does not allow (§7.4.2)."""
    return isinstance(event, ObjectEvent) and not (
        event.epc_list or event.quantity_list or event.sensor_element_list
    )


def fit_frame(document: Document, version: str) -> tuple[Document, list[Remark]]:
    """Return as much of what is around the events as `version` can carry; and what is lost."""
    fitting, changed = _Fitting(), dict[str, Any]()
    for name, field in MEMBERS_IN_JSON.items():
        changed[name] = fitting.part(field, getattr(document, name), _write_text)
    document = replace(document, **changed)
    lost = unsaid(document)
    if document.query_results is not None and document.body_extensions:
        changed["body_extensions"] = {}
        lost += (
            Remark(f"epcisBody/{name}", "in EPCIS XML the body of an answer holds only the answer")
            for name in document.body_extensions
        )
        document = replace(document, body_extensions={})
    for name, field in _FRAME.items():
        content = getattr(document, name)
        if content:
            fit = fitting.part(field, content, partial(_write_frame, name, version))
            changed[name] = fit
    return replace(document, **changed), lost + fitting.lost


def _write_text(element: etree._Element, content: str) -> None:
    element.text = content


def _write_frame(name: str, version: str, _: etree._Element, content: Any) -> None:
    """Write a document that has nothing but one part of what is around the events."""
    XmlWriter({}, version).whole(Document(**{name: content}))


# What a document has beside its events and has room for in XML, by where it is lost.
_FRAME = {
    "id": "id",
    "sbdh": "epcisHeader/StandardBusinessDocumentHeader",
    "vocabularies": "epcisHeader/epcisMasterData",
    "header_extensions": "epcisHeader",
    "body_extensions": "epcisBody",
    "query_results": "epcisBody/queryResults",
    "extensions": "",
}
# Their members are attributes in XML, and so are their extensions.
_WITH_ATTRIBUTES = (BizTransaction, SourceOrDestination, SensorMetadata, SensorReport)


class _Fitting:
    """Tries what can be written, and remembers what cannot."""

    def __init__(self) -> None:
        self.lost: list[Remark] = []

    def lose(self, field: str, why: str) -> None:
        self.lost.append(Remark(field, why))

    def part(self, field: str, content: Any, write: Write) -> Any:
        """Return as much of a field as `write` can write, None for nothing."""
        why = _refusal(write, content)
        if why is None:
            return content
        if isinstance(content, Mapping):
            return self.members(field, content, write)
        if isinstance(content, tuple):
            items = (
                self._mended_if_needed(f"{field}/{number}", item, lambda e, i: write(e, (i,)))
                for number, item in enumerate(content, 1)
            )
            return tuple(item for item in items if item is not None) or None
        return self._mended_if_needed(field, content, write)

    def _mended_if_needed(self, field: str, content: Any, write: Write) -> Any:
        if _refusal(write, content) is None:
            return content
        mended = self._mended(field, content)
        if (why := _refusal(write, mended)) is None:
            return mended
        self.lose(field, why)
        return None

    def members(self, field: str, content: Mapping[str, Any], write: Write) -> dict[str, Any]:
        """Return those of the members that `write` can write, each by itself."""
        kept = {}
        for name, value in content.items():
            why = _refusal(write, {name: value})
            if why is None:
                kept[name] = value
            else:
                self.lose(f"{field}/{name}".removeprefix("/"), why)
        return kept

    def _mended(self, field: str, content: Any) -> Any:
        """Return a value without the extensions in it that cannot be written."""
        if isinstance(content, tuple):
            return tuple(self._mended(field, item) for item in content)
        if not is_dataclass(content) or isinstance(content, type):
            return content
        attributes = isinstance(content, _WITH_ATTRIBUTES)
        write = write_attribute_extensions if attributes else write_extensions
        changed: dict[str, Any] = {}
        for part in fields(content):
            value: Any = getattr(content, part.name)
            if part.name == "extensions":
                changed[part.name] = self.members(field, value, write)
            elif isinstance(value, tuple) or is_dataclass(value):
                changed[part.name] = self._mended(field, value)
        return replace(content, **changed)


def _refusal(write: Write, content: Any) -> str | None:
    """Return why `content` cannot be written, None where it can."""
    if content is None:
        return None
    try:
        write(etree.Element("x"), content)
    except (InputError, ValueError) as error:
        return str(error)
    return None

"""
The formats that documents are written in, by the names that people give them.

A format writes a document piece by piece, so that a long one need not be in memory, and tells
what it has no place for. `RENDERERS` write one as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from epcis_repo.bindings.jsonld.writing import JsonLdWriter
from epcis_repo.bindings.xml.fitting import fit_event, fit_frame
from epcis_repo.bindings.xml.writing import XmlWriter
from epcis_repo.errors import Remark, UnsayableError
from epcis_repo.model.documents import Document
from epcis_repo.model.events import Event


class Writer(Protocol):
    """
    Writes documents that have the same namespaces, whole or piece by piece.

    Raises `InputError` for what its format has no place for.
    """

    def whole(self, document: Document) -> bytes:
        """Return a document, or where it is bare the event in it."""
        ...

    def event(self, event: Event) -> bytes:
        """Return an event as it stands in a document."""
        ...

    def around(self, document: Document) -> tuple[bytes, bytes]:
        """Return what stands before the events that were written, and behind them."""
        ...


@dataclass(frozen=True, slots=True)
class Format:
    """
    A format: what writes it, and what stands between two events.

    `fit_event` and `fit_frame` return as much of an event, or of what is around the events, as
    there is a place for, None for nothing, and what is lost.
    """

    title: str
    writer: Callable[[Mapping[str, str]], Writer]
    between: bytes
    fit_event: Callable[[Event], tuple[Event | None, list[Remark]]]
    fit_frame: Callable[[Document], tuple[Document, list[Remark]]]


def unsayable(form: Format, document: Document) -> UnsayableError:
    """Return why a format cannot write a document: everything that it has no place for."""
    lost = [
        replace(remark, event=number)
        for number, event in enumerate(document.events or (), 1)
        for remark in form.fit_event(event)[1]
    ]
    lost += form.fit_frame(document)[1]
    # What has a place may yet have a name or a character that XML has not.
    return UnsayableError(lost or [Remark("", f"{form.title} has no place for a part of it")])


def _xml(version: str) -> Format:
    return Format(
        title=f"EPCIS {version} XML",
        writer=partial(XmlWriter, version=version),
        between=b"",
        fit_event=partial(fit_event, version=version),
        fit_frame=partial(fit_frame, version=version),
    )


# JSON has a place for all that the model has.
FORMATS: dict[str, Format] = {
    "json-ld": Format(
        title="EPCIS 2.0 JSON-LD",
        writer=JsonLdWriter,
        between=b",",
        fit_event=lambda event: (event, []),
        fit_frame=lambda document: (document, []),
    ),
    "xml-2.0": _xml("2.0"),
    "xml-1.2": _xml("1.2"),
}

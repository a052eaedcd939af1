"""
What a subscriber gets: an answer to his query, in his format and spelling. Bytes out, no I/O.

A delivery is written anew for each attempt, from what the log has, and comes out the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import orjson

from epcis_repo.bindings.formats import FORMATS, Format
from epcis_repo.bindings.spelling import spell_answer, spelling_for
from epcis_repo.bindings.xml.callback import render_callback_exception
from epcis_repo.errors import InputError, Remark
from epcis_repo.model.documents import Document, QueryResults
from epcis_repo.model.times import utc_text
from epcis_repo.operations.events import query_document
from epcis_repo.query import EventRow
from epcis_repo.subscriptions.outbox import Delivery
from epcis_repo.subscriptions.rules import Subscription


class Kind(NamedTuple):
    """Of which media type a format is, and which versions of the standard it speaks."""

    media_type: str
    problem_type: str
    epcis: str
    cbv: str


KINDS = {
    "json-ld": Kind("application/json", "application/problem+json", "2.0.0", "2.0.0"),
    "xml-2.0": Kind("application/xml", "application/xml", "2.0.0", "2.0.0"),
    "xml-1.2": Kind("application/xml", "application/xml", "1.2", "1.2"),
}


# Of one event so many parts are named that were left out.
_PARTS_NAMED = 5


class Message(NamedTuple):
    """A body, and what is said of it in headers."""

    body: bytes
    headers: dict[str, str]


def message_of(subscription: Subscription, delivery: Delivery, rows: Sequence[EventRow]) -> Message:
    """Return a delivery as it is sent; `rows` are its events."""
    kind, content = KINDS[subscription.form], delivery.content
    media_type = kind.media_type if content.problem is None else kind.problem_type
    headers = {
        "Content-Type": media_type,
        "GS1-EPCIS-Version": kind.epcis,
        "GS1-CBV-Version": kind.cbv,
        "GS1-EPC-Format": subscription.epc_format.value,
        "GS1-CBV-XML-Format": subscription.cbv_xml_format.value,
    }
    if content.problem is not None:
        if subscription.form == "json-ld":
            return Message(orjson.dumps(content.problem), headers)
        version = subscription.form.removeprefix("xml-")
        created = utc_text(delivery.created)
        return Message(render_callback_exception(version, content.problem, created), headers)
    results = QueryResults(
        query_name=subscription.query_name, subscription_id=subscription.subscription_id
    )
    document = query_document(rows, now=delivery.created)
    return Message(_written(subscription, replace(document, query_results=results)), headers)


class Fit(NamedTuple):
    """Events of which a format can say something, and what it cannot say of those it was given."""

    rows: Sequence[EventRow]
    lost: str | None


def fit_of(subscription: Subscription, rows: Sequence[EventRow]) -> Fit:
    """Return what the format of a subscription can say of some events, and in words what not."""
    form = FORMATS[subscription.form]
    document = _spelt(subscription, query_document(rows, now=0))
    try:
        form.writer(document.namespaces).whole(document)
    except InputError:
        pass
    else:
        return Fit(rows, None)
    kept, lost = list[EventRow](), list[str]()
    for row, event in zip(rows, document.events or (), strict=True):
        fitting, remarks = form.fit_event(event)
        if fitting is not None:
            kept.append(row)
        if remarks:
            lost.append(f"{row.event_id} ({_named(remarks)})")
    return Fit(kept, f"{form.title} has no place for parts of: {', '.join(lost)}")


def _named(remarks: Sequence[Remark]) -> str:
    names = list(dict.fromkeys(remark.field for remark in remarks))
    more = len(names) - _PARTS_NAMED
    return ", ".join(names[:_PARTS_NAMED]) + (f" and {more} more" if more > 0 else "")


def _spelt(subscription: Subscription, document: Document) -> Document:
    spelling = spelling_for(subscription.form, subscription.epc_format, subscription.cbv_xml_format)
    return spell_answer(document, spelling)


def _written(subscription: Subscription, document: Document) -> bytes:
    form, document = FORMATS[subscription.form], _spelt(subscription, document)
    writer = form.writer(document.namespaces)
    try:
        return writer.whole(document)
    except InputError:
        return writer.whole(_fitted(form, document))


def _fitted(form: Format, document: Document) -> Document:
    # A version that has no place for something gets the rest: it would fail as often as it is
    # tried, and keep what comes after it from being told. `fit_of` has said what is missing.
    fitted = (form.fit_event(event)[0] for event in document.events or ())
    return replace(document, events=tuple(event for event in fitted if event is not None))

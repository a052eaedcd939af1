"""
What the standard demands of an event beyond the shape of its fields. The table is the catalogue.

A rule looks at one event and yields its faults: the field, in the standard's name, what was
expected and what was found. It knows nothing of documents, places or other events.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from epcis_repo.model.events import (
    FIELDS,
    AggregationEvent,
    AssociationEvent,
    Event,
    Kind,
    ObjectEvent,
    TransactionEvent,
    TransformationEvent,
)

Fault = tuple[str, str, str]
"""The field, what was expected, what was found."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A demand of the standard: its short, stable name, its clause, and what it says."""

    id: str
    clause: str
    what: str
    check: Callable[[Event], Iterator[Fault]]


# An index of PostgreSQL takes rows of up to 2,704 bytes, of whatever partners write.
IDENTIFIER_SIZE_MAX = 1_000


def _event_id_is_a_uri(event: Event) -> Iterator[Fault]:
    # No more than this is asked, since many write a UUID without its urn:uuid:.
    if event.event_id is not None and not _NO_BLANKS.fullmatch(event.event_id):
        yield "eventID", "a URI, which has no blanks", event.event_id


_NO_BLANKS = re.compile(r"\S+")


def _identifiers_have_a_limit(event: Event) -> Iterator[Fault]:
    for member in _IDENTIFIERS[type(event)]:
        if not (content := getattr(event, member.name)):
            continue
        texts = [content] if member.kind is Kind.TEXT else content
        if member.kind is Kind.QUANTITIES:
            texts = [quantity.epc_class for quantity in content]
        # A character has four bytes at most, so nearly every list is done with here.
        if 4 * max(map(len, texts)) <= IDENTIFIER_SIZE_MAX:
            continue
        for index, text in enumerate(texts):
            if len(text.encode()) > IDENTIFIER_SIZE_MAX:
                field = (
                    member.standard if member.kind is Kind.TEXT else f"{member.standard}/{index}"
                )
                yield field, f"an identifier of {IDENTIFIER_SIZE_MAX} bytes at most", text


_IDENTIFIERS = {
    cls: [m for m in members if m.kind in (Kind.EPCS, Kind.QUANTITIES, Kind.TEXT)]
    for cls, members in FIELDS.items()
}


def _object_event_names_something(event: Event) -> Iterator[Fault]:
    if isinstance(event, ObjectEvent) and not (
        event.epc_list or event.quantity_list or event.sensor_element_list
    ):
        yield "epcList", "an EPC in epcList, a quantityList or a sensorElementList", "none"


def _ilmd_only_when_added(event: Event) -> Iterator[Fault]:
    if isinstance(event, ObjectEvent) and event.ilmd is not None and event.action != "ADD":
        yield "ilmd", "ilmd only with action ADD", f"action {event.action}"


def _parent_when_it_changes(event: Event) -> Iterator[Fault]:
    if (
        isinstance(event, AggregationEvent)
        and event.action in ("ADD", "DELETE")
        and not event.parent_id
    ):
        yield "parentID", f"a parentID, which an aggregation {event.action} has", "none"


def _children_when_aggregated(event: Event) -> Iterator[Fault]:
    if (
        isinstance(event, AggregationEvent | AssociationEvent)
        and event.action != "DELETE"
        and not (event.child_epcs or event.child_quantity_list)
    ):
        yield "childEPCs", "a child in childEPCs or childQuantityList", "none"


def _association_has_a_parent(event: Event) -> Iterator[Fault]:
    if isinstance(event, AssociationEvent) and not event.parent_id:
        yield "parentID", "a parentID, which every association has", "none"


def _transaction_is_named(event: Event) -> Iterator[Fault]:
    if isinstance(event, TransactionEvent) and not event.biz_transaction_list:
        yield "bizTransactionList", "at least one bizTransaction", "none"


def _transaction_names_something(event: Event) -> Iterator[Fault]:
    if (
        isinstance(event, TransactionEvent)
        and event.action != "DELETE"
        and not (event.epc_list or event.quantity_list or event.parent_id)
    ):
        yield "epcList", "an EPC in epcList or a quantityList", "none"


def _transformation_has_both_ends(event: Event) -> Iterator[Fault]:
    if not isinstance(event, TransformationEvent):
        return
    inputs = event.input_epc_list or event.input_quantity_list
    outputs = event.output_epc_list or event.output_quantity_list
    if event.transformation_id is None:
        if not inputs:
            yield "inputEPCList", "an input, since there is no transformationID", "none"
        if not outputs:
            yield "outputEPCList", "an output, since there is no transformationID", "none"
    elif not (inputs or outputs):
        yield "inputEPCList", "an input or an output", "none"


RULES: tuple[Rule, ...] = (
    Rule(
        "event-id",
        "EPCIS 2.0, §7.4.1",
        "An eventID is a URI.",
        _event_id_is_a_uri,
    ),
    Rule(
        "identifier-size",
        "none: a limit of ours",
        "An identifier fits into an index.",
        _identifiers_have_a_limit,
    ),
    Rule(
        "object-what",
        "EPCIS 2.0, §7.4.2",
        "An ObjectEvent names an EPC, a quantity or a sensor report.",
        _object_event_names_something,
    ),
    Rule(
        "object-ilmd",
        "EPCIS 2.0, §7.4.2",
        "Instance and lot master data comes only where objects begin: action ADD.",
        _ilmd_only_when_added,
    ),
    Rule(
        "aggregation-parent",
        "EPCIS 2.0, §7.4.3",
        "An AggregationEvent that adds or deletes says to or from which parent.",
        _parent_when_it_changes,
    ),
    Rule(
        "aggregation-children",
        "EPCIS 2.0, §7.4.3 and §7.4.6",
        "An event that adds or observes children names one; DELETE without any means all.",
        _children_when_aggregated,
    ),
    Rule(
        "association-parent",
        "EPCIS 2.0, §7.4.6",
        "An AssociationEvent says to what its children are attached.",
        _association_has_a_parent,
    ),
    Rule(
        "transaction-list",
        "EPCIS 2.0, §7.4.4",
        "A TransactionEvent names a business transaction.",
        _transaction_is_named,
    ),
    Rule(
        "transaction-what",
        "EPCIS 2.0, §7.4.4",
        "A TransactionEvent that adds or observes names an object.",
        _transaction_names_something,
    ),
    Rule(
        "transformation-ends",
        "EPCIS 2.0, §7.4.5",
        "A TransformationEvent has inputs and outputs, or a transformationID that joins them.",
        _transformation_has_both_ends,
    ),
)

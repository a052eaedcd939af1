"""
What is written to a partner about an exception. Pure: an exception in, messages out.

Nobody has to spell out what the exception knows: its things are items of the list that its class
has (`_SECTIONS`), and what no list has a place for is told in words. An item has the same name in
each report about its exception.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from epcis_repo.errors import ValidationError, Violation
from epcis_repo.exceptions.kinds import ExceptionClass
from epcis_repo.exceptions.pdg.asked import MessageAsked, ReportAsked, ResponseAsked, item_uuid
from epcis_repo.exceptions.pdg.messages import (
    EPCISNoProductDescription,
    ExceptionReport,
    ExceptionResponse,
    Exceptions,
    GLNError,
    GTINError,
    MasterDataErrors,
    Message,
    ObservationSource,
    ProductNoEPCISDescription,
    Resolution,
    ResponseItem,
)
from epcis_repo.exceptions.rules import OVER, ExceptionCase
from epcis_repo.gs1 import Identifier, parse_identifier

_SECOND = 1_000_000
_TRANSACTION = "urn:epcglobal:cbv:bt:"


class Exchanged(NamedTuple):
    """
    What was exchanged in a thread: the order that it is about, and items unanswered.

    It `is_over` when each of its exceptions is.
    """

    po_number: str | None
    unanswered: Sequence[str]
    reported: Sequence[str]
    is_over: bool


def compose(
    case: ExceptionCase, asked: MessageAsked, exchanged: Exchanged, *, message_uuid: str, now: int
) -> Message:
    """
    Return the message that is asked for. `now` is in microseconds.

    Raises `ValidationError` where the number of the order is not known, or for an answer to what
    nobody has reported.
    """
    po_number = asked.po_number or exchanged.po_number or _po_number(case)
    if po_number is None:
        expected = "the number of the order, which the exception does not name"
        raise ValidationError([Violation("/po_number", "required", expected, "none")])
    if isinstance(asked, ResponseAsked):
        return ExceptionResponse(
            message_uuid=message_uuid,
            exception_case_uuid=case.thread,
            timestamp=now // _SECOND,
            sender_information=asked.sender_information,
            po_number=po_number,
            response_items=_answers(asked, exchanged),
            additional_notes=asked.additional_notes,
        )
    exceptions, other_errors = asked.exceptions, asked.other_errors
    if exceptions is None and other_errors is None:
        exceptions, other_errors = _told(case, asked, exchanged)
    return ExceptionReport(
        message_uuid=message_uuid,
        exception_case_uuid=case.thread,
        timestamp=now // _SECOND,
        po_number=po_number,
        sender_information=asked.sender_information,
        exceptions=exceptions or Exceptions(),
        other_errors=other_errors,
        case_resolved=exchanged.is_over,
    )


def _po_number(case: ExceptionCase) -> str | None:
    for transaction in case.transactions:
        # The buyer's GLN and the number are what the URN is made of (CBV 2.0, §8.4.2).
        return unquote(transaction.removeprefix(_TRANSACTION).rpartition(":")[2]) or None
    return None


def _answers(asked: ResponseAsked, exchanged: Exchanged) -> tuple[ResponseItem, ...]:
    listed = asked.response_items or ()
    wrong = [
        Violation(
            f"/response_items/{number}/exception_item_uuid",
            "item",
            f"an item that was reported: {', '.join(exchanged.reported) or 'there is none'}",
            item.exception_item_uuid,
        )
        for number, item in enumerate(listed)
        if item.exception_item_uuid not in exchanged.reported
    ]
    if wrong:
        raise ValidationError(wrong)
    if asked.resolution_response is None:
        return listed
    told = {item.exception_item_uuid for item in listed}
    others = (name for name in exchanged.unanswered if name not in told)
    return (*listed, *(ResponseItem(name, asked.resolution_response) for name in others))


Item = ProductNoEPCISDescription | EPCISNoProductDescription | GTINError | GLNError


class _Thing(NamedTuple):
    """A thing of an exception, what it is, and the event that shows it."""

    epc: str
    identifier: Identifier
    event_id: str | None


def _told(
    case: ExceptionCase, asked: ReportAsked, exchanged: Exchanged
) -> tuple[Exceptions, tuple[str, ...] | None]:
    """Return what is told of an exception where nobody says what: of what is over, only that."""
    if case.state not in OVER:
        return _derived(case, asked)
    # The others of its thread are not, so that the message as a whole cannot say it.
    return Exceptions(), None if exchanged.is_over else (f"resolved: {case.reason}",)


def _derived(case: ExceptionCase, asked: ReportAsked) -> tuple[Exceptions, tuple[str, ...] | None]:
    """Return what an exception is about as items, and in words what is left."""
    shown = {epc: found["event_id"] for found in case.findings for epc in found["epcs"]}
    # Of several serials of a product whose GTIN is wrong that is one item.
    items: dict[str, Item] = {}
    left: list[str] = []
    for epc in case.things:
        showing = shown.get(epc, next(iter(case.events), None))
        item = _item(case, _Thing(epc, parse_identifier(epc), showing), asked)
        if item is None:
            left.append(epc)
        else:
            items.setdefault(item.exception_item_uuid, item)
    words = f"{case.reason}: {', '.join(left)}" if left else case.reason
    return _listed(items.values()), None if items and not left else (words,)


def _item(case: ExceptionCase, thing: _Thing, asked: ReportAsked) -> Item | None:
    """Return the item that a thing is, None where no list has a place for it."""
    for (name, scheme), make in _ITEMS.items():
        if name in (case.exception_class, case.kind) and scheme == thing.identifier.scheme.name:
            return make(case, thing, asked)
    return None


def _missing_data(case: ExceptionCase, thing: _Thing, asked: ReportAsked) -> Item:
    return ProductNoEPCISDescription(
        exception_item_uuid=_name(case, thing.epc),
        product_gtin=thing.identifier.value,
        observation_source=asked.observation_source or ObservationSource.SCAN,
        resolution_request=asked.resolution_request or Resolution.SEND_NEW_DATA,
        product_serial=thing.identifier.serial,
    )


def _missing_product(case: ExceptionCase, thing: _Thing, asked: ReportAsked) -> Item | None:
    if thing.identifier.serial is None:
        return None
    return EPCISNoProductDescription(
        exception_item_uuid=_name(case, thing.epc),
        # What both sides can find the data by, where nobody names the file.
        file_id=asked.file_id or thing.event_id or next(iter(case.transactions), thing.epc),
        product_gtin=thing.identifier.value,
        product_serial=thing.identifier.serial,
        resolution_request=asked.resolution_request or Resolution.SEND_PRODUCT,
    )


def _gtin_error(case: ExceptionCase, thing: _Thing, asked: ReportAsked) -> Item:
    gtin = thing.identifier.value
    return GTINError(_name(case, gtin), gtin, resolution_request=asked.resolution_request)


def _gln_error(case: ExceptionCase, thing: _Thing, asked: ReportAsked) -> Item:
    gln = thing.identifier.value
    return GLNError(_name(case, gln), gln, resolution_request=asked.resolution_request)


def _name(case: ExceptionCase, what: str) -> str:
    return item_uuid(f"{case.exception_id} {what}")


# By the class or the kind of an exception, and the scheme of the thing.
_ITEMS: Mapping[tuple[str, str], Callable[[ExceptionCase, _Thing, ReportAsked], Item | None]] = {
    ("unknown-gtin", "sgtin"): _gtin_error,
    ("wrong_master_data", "sgtin"): _gtin_error,
    ("wrong_master_data", "sgln"): _gln_error,
    (ExceptionClass.PRODUCT_NO_DATA, "sgtin"): _missing_data,
    (ExceptionClass.DATA_NO_PRODUCT, "sgtin"): _missing_product,
}


def _listed(items: Iterable[Item]) -> Exceptions:
    found = [*items]
    gtins = tuple(item for item in found if isinstance(item, GTINError)) or None
    glns = tuple(item for item in found if isinstance(item, GLNError)) or None
    return Exceptions(
        missing_product_data=tuple(i for i in found if isinstance(i, ProductNoEPCISDescription))
        or None,
        missing_product=tuple(i for i in found if isinstance(i, EPCISNoProductDescription)) or None,
        master_data_errors=MasterDataErrors(glns, gtins) if gtins or glns else None,
    )

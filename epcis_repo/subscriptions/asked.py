"""What a JSON object, or a URL, asks for that subscribes to a query (EPCIS 2.0, §12.8). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from epcis_repo.bindings.json_loader import load_json
from epcis_repo.bindings.spelling import CbvXmlFormat
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.model.times import DATE_TIME_EXPECTED, parse_timestamp
from epcis_repo.operations.members import Member, read_members
from epcis_repo.subscriptions.errors import SubscriptionControlsError
from epcis_repo.subscriptions.rules import Asked
from epcis_repo.subscriptions.schedule import FIELDS


def asked_in(
    body: bytes, query_name: str, *, epc_format: EpcFormat, cbv_xml_format: CbvXmlFormat
) -> Asked:
    """
    Return what the object in `body` asks for, before `check`.

    Raises `SubscriptionControlsError` for both of `stream` and `schedule`, or none, and
    `ValidationError` for whatever else is no subscription.
    """
    given = read_members(
        load_json(body), _MEMBERS, rule="subscription", required=("dest",), secret=_SECRET
    )
    if given.get("stream", False) == ("schedule" in given):
        found = "both" if "schedule" in given else "neither"
        raise SubscriptionControlsError("stream", expected="it, or a schedule", found=found)
    return Asked(
        query_name,
        given["dest"],
        schedule=given.get("schedule"),
        report_if_empty=given.get("reportIfEmpty", False),
        initial_record_time=given.get("initialRecordTime"),
        # The published schema asks for it by another name than the text.
        signature_token=given.get("signatureToken", given.get("secret")),
        epc_format=epc_format,
        cbv_xml_format=cbv_xml_format,
    )


def asked_in_query(
    parameters: Iterable[tuple[str, str]],
    query_name: str,
    *,
    epc_format: EpcFormat,
    cbv_xml_format: CbvXmlFormat,
) -> Asked:
    """
    Return what a URL asks for that opens a WebSocket on a query, before `check`.

    Raises `SubscriptionControlsError` for whatever is wrong with it.
    """
    given: dict[str, str] = {}
    for name, text in parameters:
        if name in given or name not in (*FIELDS, *_IN_QUERY):
            expected = f"one of {', '.join((*_IN_QUERY, *FIELDS))}, once"
            raise SubscriptionControlsError(name, expected=expected, found=text)
        given[name] = text
    read = {}
    for name in given.keys() & _IN_QUERY.keys():
        expected, reader = _IN_QUERY[name]
        try:
            read[name] = reader(given[name])
        except (ValueError, KeyError):
            raise SubscriptionControlsError(name, expected=expected, found=given[name]) from None
    schedule = {name: text for name, text in given.items() if name in FIELDS}
    if read.get("stream", False) == bool(schedule):
        found = "both" if schedule else "neither"
        raise SubscriptionControlsError("stream", expected="it, or a schedule", found=found)
    return Asked(
        query_name,
        "",
        schedule=schedule or None,
        report_if_empty=read.get("reportIfEmpty", False),
        initial_record_time=read.get("initialRecordTime"),
        epc_format=epc_format,
        cbv_xml_format=cbv_xml_format,
    )


_IN_QUERY: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "stream": ("true", {"true": True}.__getitem__),
    "reportIfEmpty": ("true or false", {"true": True, "false": False}.__getitem__),
    # A query string turns the plus of an offset into a blank unless it is escaped.
    "initialRecordTime": (
        DATE_TIME_EXPECTED,
        lambda text: parse_timestamp(text.replace(" ", "+")).microseconds,
    ),
}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(value)  # noqa: TRY004 - what somebody sent is wrong, not a call
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(value)  # noqa: TRY004 - the same
    return value


def _true(value: Any) -> bool:
    if value is not True:
        raise ValueError(value)
    return True


def _texts(value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise ValueError(value)  # noqa: TRY004 - the same
    return {name: _text(member) for name, member in value.items()}


_SECRET = ("signatureToken", "secret")
_MEMBERS: Mapping[str, Member] = {
    "dest": ("a text with the address to deliver to", _text),
    "signatureToken": ("a text", _text),
    "secret": ("a text", _text),
    "stream": ("true", _true),
    "schedule": ('an object of texts, such as {"hour": "2", "minute": "0,30"}', _texts),
    "reportIfEmpty": ("true or false", _boolean),
    "initialRecordTime": (
        DATE_TIME_EXPECTED,
        lambda value: parse_timestamp(_text(value)).microseconds,
    ),
}

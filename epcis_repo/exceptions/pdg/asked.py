"""What is asked for by who has a message written: JSON in, values out."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from epcis_repo.errors import ValidationError, Violation
from epcis_repo.exceptions.pdg.events import Form
from epcis_repo.exceptions.pdg.messages import (
    MEMBERS,
    ContactInformation,
    Exceptions,
    Grammar,
    Listed,
    ObservationSource,
    Others,
    Resolution,
    ResolutionResponse,
    ResponseItem,
    optional,
    required,
)
from epcis_repo.exceptions.pdg.reading import read_whole

# What is too long for a name, or for what an exception is opened with, is no sender either.
_TEXT_LENGTH_MAX = 1_000
_ITEM_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, "urn:epcis-repo:exception-items")


@dataclass(frozen=True, slots=True)
class ReportAsked:
    """
    What is asked of a report. What is not said of the items is what the exception is about.

    `by` is who has it written, `sender_information` whom the partner may ask, `receiver` whose
    answer is awaited: a GLN, an identifier with one, or an address.
    """

    message: Form
    by: str
    sender_information: ContactInformation
    po_number: str | None = None
    exceptions: Exceptions | None = None
    other_errors: tuple[str, ...] | None = None
    resolution_request: Resolution | None = None
    observation_source: ObservationSource | None = None
    file_id: str | None = None
    receiver: str | None = None
    others: Others = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResponseAsked:
    """
    What is asked of a response: `resolution_response` is what is said to all items that were
    reported, not answered yet, and are not among the `response_items`.
    """

    message: Form
    by: str
    sender_information: ContactInformation
    po_number: str | None = None
    response_items: tuple[ResponseItem, ...] | None = None
    resolution_response: ResolutionResponse | None = None
    additional_notes: str | None = None
    receiver: str | None = None
    others: Others = field(default_factory=dict)


MessageAsked = ReportAsked | ResponseAsked

_WHO = {
    "message": required(Form),
    "by": required(str),
    "sender_information": required(ContactInformation),
    "po_number": optional(str),
    "receiver": optional(str),
}
_ASKED: Grammar = {
    **MEMBERS,
    ReportAsked: {
        **_WHO,
        "exceptions": optional(Exceptions),
        "other_errors": optional(Listed(str)),
        "resolution_request": optional(Resolution),
        "observation_source": optional(ObservationSource),
        "file_id": optional(str),
    },
    ResponseAsked: {
        **_WHO,
        "response_items": optional(Listed(ResponseItem)),
        "resolution_response": optional(ResolutionResponse),
        "additional_notes": optional(str),
    },
}
_FORMS: Mapping[Any, type[ReportAsked | ResponseAsked]] = {
    Form.REPORT: ReportAsked,
    Form.RESPONSE: ResponseAsked,
}


def message_asked(value: Any, *, message_uuid: str) -> MessageAsked:
    """
    Return what a JSON object asks to be written; `ValidationError` names all that is wrong with it.

    Items of a report that have no name get one, of which that of the message is a part.
    """
    form = value.get("message") if isinstance(value, dict) else None
    kind = _FORMS.get(form if isinstance(form, str) else None, ResponseAsked)
    if kind is ReportAsked:
        value = _with_names(value, message_uuid)
    asked: MessageAsked = read_whole(kind, value, _ASKED)
    expected = ", ".join(_ASKED[kind])
    unknown = [name for name, member in asked.others.items() if name not in _ASKED[kind]]
    wrong = [Violation(f"/{name}", "member", f"one of {expected}", name) for name in unknown]
    if not asked.by.strip() or len(asked.by) > _TEXT_LENGTH_MAX:
        expected = f"a text of 1 to {_TEXT_LENGTH_MAX} characters"
        wrong.append(Violation("/by", "limit", expected, asked.by[:100] or "an empty text"))
    if wrong:
        raise ValidationError(wrong)
    return asked


def _with_names(value: Any, message_uuid: str) -> Any:
    exceptions = value.get("exceptions")
    if not isinstance(exceptions, dict):
        return value
    return {**value, "exceptions": _items_named(exceptions, message_uuid)}


def _items_named(value: dict[str, Any], name: str) -> dict[str, Any]:
    def named() -> Iterator[tuple[str, Any]]:
        for section, inside in value.items():
            match inside:
                case list():
                    items = [
                        _item_named(item, f"{name} {section} {n}") for n, item in enumerate(inside)
                    ]
                    yield section, items
                case dict():
                    yield section, _items_named(inside, f"{name} {section}")
                case _:
                    yield section, inside

    return dict(named())


def _item_named(item: Any, name: str) -> Any:
    return {"exception_item_uuid": item_uuid(name), **item} if isinstance(item, dict) else item


def item_uuid(name: str) -> str:
    """Return the exception_item_uuid of what has a name among all items."""
    return str(uuid.uuid5(_ITEM_NAMES, name))

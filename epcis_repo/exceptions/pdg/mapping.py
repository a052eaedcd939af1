"""
What a partner's message makes of an exception. Pure: messages in, decisions out.

The messages that have one exception_case_uuid are a thread. Each list of a report is of a kind of
exceptions (`SECTIONS`), and those of one class are one exception: the first has the name of the
thread, those that are of other classes have names made of it. What has no GTIN with its check digit
names no thing; the words of the message tell of it, and its bytes are kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote

from epcis_repo.errors import IdentifierError
from epcis_repo.exceptions.events import (
    ExceptionAmended,
    ExceptionCommented,
    ExceptionDecision,
    ExceptionMoved,
    ExceptionOpened,
)
from epcis_repo.exceptions.kinds import KINDS, ExceptionClass
from epcis_repo.exceptions.pdg.messages import (
    ContactInformation,
    DataMisalignmentDescription,
    EPCISNoProductDescription,
    ExceptionReport,
    ExceptionResponse,
    GLNError,
    GTINError,
    Message,
    OveragesUnderages,
    ProductNoEPCISDescription,
    Resolution,
    ResponseItem,
)
from epcis_repo.exceptions.pdg.rules import Cases
from epcis_repo.exceptions.rules import (
    OVER,
    SEALED,
    TRANSITIONS,
    ExceptionCase,
    Step,
    after,
    due_of,
    name_in,
    no_exception,
)
from epcis_repo.gs1 import canonical_key, from_elements
from epcis_repo.operations.naming import epc_of

# What is said of an exception is read by people: the message itself has all of it.
_REASON_LENGTH_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a report: what it is about, as EPCs and in words, and what is asked for."""

    uuid: str
    kind: str
    things: tuple[str, ...]
    sentence: str
    resolution: Resolution | None


class Section(NamedTuple):
    """The kind of what a list of a report has, the things that one of it names, and its words."""

    kind: Callable[[Any], str]
    things: Callable[[Any], Iterator[str]]
    sentence: Callable[[Any], str]


def items_of(message: Message) -> Sequence[Item]:
    """Return the items of a report, in the order of `SECTIONS`; those of a response are none."""
    if not isinstance(message, ExceptionReport):
        return ()
    return [
        Item(
            uuid=said.exception_item_uuid,
            kind=section.kind(said),
            things=tuple(dict.fromkeys(section.things(said))),
            sentence=section.sentence(said),
            resolution=said.resolution_request,
        )
        for name, section in SECTIONS.items()
        for said in _section_of(message, name)
    ]


def item_uuids(message: Message) -> Sequence[str]:
    """Return the items that a message is about, each once."""
    if isinstance(message, ExceptionReport):
        said: Iterator[Any] = (item for name in SECTIONS for item in _section_of(message, name))
    else:
        said = iter(message.response_items or ())
    return list(dict.fromkeys(item.exception_item_uuid for item in said))


def sender_of(message: Message) -> str:
    """Return who has sent a message, by his address."""
    return _shortened(message.sender_information.email) or "the partner"


def decided_by(
    cases: Cases, message: Message, items: Sequence[Item], *, document: str, now: int
) -> Sequence[ExceptionDecision]:
    """
    Return what a partner's message decides on the exceptions of its thread, if there are any yet.

    `items` are its own, `document` is the digest of its bytes. Raises `NotFoundError` for a
    response to what nobody has reported.
    """
    thread = message.exception_case_uuid
    told = _Told(thread, sender_of(message), document, now)
    if isinstance(message, ExceptionReport):
        return _report(cases, told, message, items)
    if thread not in cases:
        raise no_exception(thread)
    return _respond(cases, told, message)


def decided_by_writing(
    case: ExceptionCase | None, message: Message, *, document: str, by: str, now: int
) -> Sequence[ExceptionDecision]:
    """Return what a message of ours decides: that the partner is to answer, unless it is over."""
    if case is None:
        raise no_exception(message.exception_case_uuid)
    story = _Story(case, case.exception_id, _Told(case.thread, by, document, now))
    sentence = f"written to the partner: {_sentence(message)}"
    if story.can(Step.ASK_PARTNER):
        story.move(Step.ASK_PARTNER, sentence)
    else:
        story.add(ExceptionCommented, sentence)
    return story.decisions


class _Told(NamedTuple):
    """The thread of a message, who has sent it, the digest of its bytes, and when it came."""

    thread: str
    by: str
    document: str
    now: int


class _Story:
    """Decides, one decision after the other, each on the exception as those before have left it."""

    def __init__(self, case: ExceptionCase | None, exception_id: str, told: _Told) -> None:
        self.case = case
        self.now = told.now
        self.decisions: list[ExceptionDecision] = []
        self._said: dict[str, Any] = {
            "exception_id": exception_id,
            "by": told.by,
            "documents": [told.document],
        }

    def add(self, made: type[ExceptionDecision], reason: str, **members: Any) -> None:
        decision = made(**self._said, reason=_shortened(reason), **members)
        self.case = after(self.case, decision, self.now)
        self.decisions.append(decision)

    def can(self, step: Step) -> bool:
        return self.case is not None and (self.case.state, step) in TRANSITIONS

    def move(self, step: Step, reason: str) -> None:
        assert self.case is not None
        due = due_of(self.case.exception_class, self.now) if step is Step.REOPEN else None
        self.add(ExceptionMoved, reason, step=step.value, due=due)


class _Part(NamedTuple):
    """What a report says of one exception: its items, and all of it in words."""

    items: Sequence[Item]
    words: Sequence[str]


def _report(
    cases: Cases, told: _Told, report: ExceptionReport, items: Sequence[Item]
) -> Sequence[ExceptionDecision]:
    decisions: list[ExceptionDecision] = []
    parts = _parts(cases, told.thread, report, items)
    for name in dict.fromkeys([*parts, *cases]):
        story = _Story(cases.get(name), name, told)
        if name in parts:
            _tell(story, told, report, parts[name])
        elif story.can(Step.HEAR_PARTNER):
            story.move(Step.HEAR_PARTNER, "the partner has written")
        if report.case_resolved and story.can(Step.RESOLVE):
            story.move(Step.RESOLVE, "the partner says that it is resolved")
        decisions += story.decisions
    return decisions


def _parts(
    cases: Cases, thread: str, report: ExceptionReport, items: Sequence[Item]
) -> dict[str, _Part]:
    """Return what a report says, by the name of the exception that it is about."""
    by_class: dict[ExceptionClass, list[Item]] = {}
    for item in items:
        by_class.setdefault(KINDS[item.kind].exception_class, []).append(item)
    # The first has the name of the thread, and keeps it.
    first = cases[thread].exception_class if thread in cases else next(iter(by_class), None)
    parts = {
        thread if exception_class is first else name_in(thread, exception_class): _Part(
            some, [item.sentence for item in some]
        )
        for exception_class, some in by_class.items()
    }
    # What is told in words alone is told of the first that the report is about.
    name = next(iter(parts), thread)
    part = parts.get(name, _Part((), ()))
    parts[name] = part._replace(words=[*part.words, *(report.other_errors or ())])
    return parts


def _tell(story: _Story, told: _Told, report: ExceptionReport, part: _Part) -> None:
    """Tell one exception what a report says of it."""
    sentence = "; ".join(part.words) or ("resolved" if report.case_resolved else "nothing is said")
    about: dict[str, Any] = {
        "things": list(dict.fromkeys(epc for item in part.items for epc in item.things)),
        "transactions": [*transactions_of(report)],
        "partner": partner_of(report.sender_information),
        "events": [],
        "findings": [],
    }
    if story.case is None:
        kind = part.items[0].kind if part.items else None
        kind_class = KINDS[kind].exception_class if kind else ExceptionClass.DATA_ISSUE
        story.add(
            ExceptionOpened,
            sentence,
            exception_class=kind_class.value,
            kind=kind,
            cause=None,
            owner=None,
            due=due_of(kind_class, story.now),
            thread=told.thread,
            **about,
        )
    else:
        if story.case.state in OVER and part.words and not report.case_resolved:
            story.move(Step.REOPEN, "the partner reports it again")
        elif story.can(Step.HEAR_PARTNER):
            story.move(Step.HEAR_PARTNER, "the partner has written")
        if story.case.state not in SEALED and _has_news(story.case, about):
            story.add(ExceptionAmended, sentence, **about)
        else:
            story.add(ExceptionCommented, sentence)


def _has_news(case: ExceptionCase, about: Mapping[str, Any]) -> bool:
    """Whether something is said that the exception is not known to be about."""
    keys = {*map(canonical_key, case.things)}
    return any(canonical_key(epc) not in keys for epc in about["things"]) or not (
        {*about["transactions"]} <= {*case.transactions}
    )


def _respond(cases: Cases, told: _Told, response: ExceptionResponse) -> Sequence[ExceptionDecision]:
    """Tell those exceptions that wait for the partner, or the first where none does."""
    sentence = _sentence(response)
    decisions: list[ExceptionDecision] = []
    for name, case in cases.items():
        story = _Story(case, name, told)
        if story.can(Step.HEAR_PARTNER):
            story.move(Step.HEAR_PARTNER, sentence)
        decisions += story.decisions
    if not decisions:
        story = _Story(cases[told.thread], told.thread, told)
        story.add(ExceptionCommented, sentence)
        decisions += story.decisions
    return decisions


def _sentence(message: Message) -> str:
    """Return what a message says, in words."""
    if isinstance(message, ExceptionReport):
        words = [
            section.sentence(said)
            for name, section in SECTIONS.items()
            for said in _section_of(message, name)
        ]
        words += message.other_errors or ()
        return "; ".join(words) or ("resolved" if message.case_resolved else "nothing is said")
    words = [_answer(item) for item in message.response_items or ()]
    words += [message.additional_notes] if message.additional_notes else []
    return "; ".join(words) or "received"


def _answer(item: ResponseItem) -> str:
    text = f"{item.exception_item_uuid}: {item.resolution_response}"
    if item.comments:
        text += f" ({item.comments})"
    if (other := item.alternative_resolution) is not None:
        offered = (other.alternative_resolution, other.follow_up, other.follow_up_details)
        text += f", instead: {', '.join(filter(None, offered)) or 'nothing'}"
    return text


def transactions_of(report: ExceptionReport) -> Iterator[str]:
    """
    Yield the order that a report is about as events name it.

    Whoever reports has bought, and orders are numbered by the buyer (CBV 2.0, §8.4.2); without his
    GLN there is just the number.
    """
    number, gln = _shortened(report.po_number), report.sender_information.gln or ""
    if number and re.fullmatch("[0-9]{13}", gln, re.ASCII):
        yield f"urn:epcglobal:cbv:bt:{gln}:{quote(number, safe='')}"
    elif number:
        yield number


def partner_of(sender: ContactInformation) -> str | None:
    """Return the party that a sender is, by its GLN; else his address."""
    with suppress(IdentifierError):
        if sender.gln is not None:
            return epc_of(from_elements({"417": sender.gln}).key)
    return _shortened(sender.email) or None


def _shortened(reason: str) -> str:
    text = " ".join(reason.split())
    return text if len(text) <= _REASON_LENGTH_MAX else f"{text[: _REASON_LENGTH_MAX - 1]}…"


def _things(gtin: str, serial: str | None, lot: str | None = None) -> Iterator[str]:
    """Yield the EPC of a thing, or of its lot or product where the serial is not known."""
    elements = {"01": gtin}
    if serial:
        elements["21"] = serial
    elif lot:
        elements["10"] = lot
    # Partners also write of what has no check digit, or characters that no serial has.
    with suppress(IdentifierError):
        yield epc_of(from_elements(elements).key)


def _asks(sentence: str, said: Any) -> str:
    asked = said.resolution_request
    return sentence if asked is None else f"{sentence}; asks for: {asked}"


def _misaligned_kind(said: DataMisalignmentDescription) -> str:
    if said.received_product_serial != said.product_data_serial:
        return "wrong_serial"
    return "wrong_lot" if said.received_product_lot != said.product_data_lot else "wrong_data"


def _misaligned_things(said: DataMisalignmentDescription) -> Iterator[str]:
    for gtin, serial, lot in (
        (said.received_product_gtin, said.received_product_serial, said.received_product_lot),
        (said.product_data_gtin, said.product_data_serial, said.product_data_lot),
    ):
        yield from _things(gtin, serial, lot)


def _misaligned_sentence(said: DataMisalignmentDescription) -> str:
    names = ("gtin", "serial", "lot", "expiry")
    differing = [
        f"{name} {there or 'none'}, in the data {told or 'none'}"
        for name in names
        if (there := getattr(said, f"received_product_{name}"))
        != (told := getattr(said, f"product_data_{name}"))
    ]
    thing = " ".join(filter(None, (said.received_product_gtin, said.received_product_serial)))
    return _asks(f"{thing} is not what the data says: {'; '.join(differing) or 'see there'}", said)


def _missing_data_sentence(said: ProductNoEPCISDescription) -> str:
    thing = " ".join(filter(None, (said.product_gtin, said.product_serial)))
    return _asks(f"{thing} came without data, seen by {said.observation_source}", said)


def _missing_product_sentence(said: EPCISNoProductDescription) -> str:
    thing = f"{said.product_gtin} {said.product_serial}"
    return _asks(f"{thing} is in {said.file_id}, and did not come", said)


def _count_sentence(said: OveragesUnderages) -> str:
    counted = f"{said.quantity_ordered} ordered, {said.quantity_received} received"
    return _asks(f"{said.gtin}: {counted}", said)


def _gln_sentence(said: GLNError) -> str:
    return _asks(f"GLN {said.invalid_gln} is not right{_proposed(said.proposed_gln)}", said)


def _gtin_sentence(said: GTINError) -> str:
    return _asks(f"GTIN {said.invalid_gtin} is not right{_proposed(said.proposed_gtin)}", said)


def _proposed(text: str | None) -> str:
    return f", {text} may be" if text else ""


def _place(said: GLNError) -> Iterator[str]:
    with suppress(IdentifierError):
        yield epc_of(from_elements({"414": said.invalid_gln}).key)


def _always(kind: str) -> Callable[[Any], str]:
    return lambda _: kind


def _section_of(report: ExceptionReport, name: str) -> Sequence[Any]:
    exceptions = report.exceptions
    if exceptions is None:
        return ()
    inside = exceptions if hasattr(exceptions, name) else exceptions.master_data_errors
    return getattr(inside, name, None) or ()


# What nobody may use until there is data comes first: it is what has to be mended first.
SECTIONS: Mapping[str, Section] = {
    "missing_product_data": Section(
        _always("no_data"),
        lambda said: _things(said.product_gtin, said.product_serial),
        _missing_data_sentence,
    ),
    "overages": Section(_always("overage"), lambda said: _things(said.gtin, None), _count_sentence),
    "missing_product": Section(
        _always("shortage"),
        lambda said: _things(said.product_gtin, said.product_serial),
        _missing_product_sentence,
    ),
    "underages": Section(
        _always("shortage"), lambda said: _things(said.gtin, None), _count_sentence
    ),
    "data_misalignment": Section(_misaligned_kind, _misaligned_things, _misaligned_sentence),
    "gtin_errors": Section(
        _always("wrong_master_data"),
        lambda said: _things(said.invalid_gtin, None),
        _gtin_sentence,
    ),
    "gln_errors": Section(_always("wrong_master_data"), _place, _gln_sentence),
}

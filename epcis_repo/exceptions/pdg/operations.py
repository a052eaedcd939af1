"""Taking partners' messages, having messages written, and showing those of an exception."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from epcis_repo.errors import NotFoundError
from epcis_repo.exceptions.events import ExceptionDecision
from epcis_repo.exceptions.operations import one_exception
from epcis_repo.exceptions.pdg.asked import message_asked
from epcis_repo.exceptions.pdg.composing import Exchanged, compose
from epcis_repo.exceptions.pdg.events import (
    ExceptionMessage,
    ExceptionMessageReceived,
    ExceptionMessageWritten,
    thread_tag,
)
from epcis_repo.exceptions.pdg.mapping import (
    decided_by,
    decided_by_writing,
    item_uuids,
    sender_of,
)
from epcis_repo.exceptions.pdg.messages import ExceptionReport, Message
from epcis_repo.exceptions.pdg.reading import read_message
from epcis_repo.exceptions.pdg.rules import ExchangeMessage, Form
from epcis_repo.exceptions.pdg.writing import content_of, write_message
from epcis_repo.exceptions.reading import STATEMENTS
from epcis_repo.exceptions.rules import Decide, ExceptionCase
from epcis_repo.exceptions.values import exception_value
from epcis_repo.model.times import utc_text
from epcis_repo.operations.documents import received
from epcis_repo.recorders.decisions import decide, decision_of
from epcis_repo.store import EventStore, Reading, RecordedEvent, log

MEDIA_TYPE = "application/json"


class Past(NamedTuple):
    """A message that was exchanged, and when we learned it (microseconds)."""

    message: ExceptionMessage
    at: int


@dataclass(frozen=True, slots=True)
class Taken:
    """
    A message and the exception that it is about; `again` where it had come before.

    `body` are its bytes.
    """

    message_uuid: str
    case: ExceptionCase
    again: bool
    body: bytes


async def take_message(store: EventStore, body: bytes, *, now: int) -> Taken:
    """
    Take a partner's message, and return what its exception is then.

    A report opens the exception of its exception_case_uuid, or adds to it; a response is an answer
    to it. One that comes again changes nothing. Raises `ValidationError` for what is no message,
    `MessageTakenError` for one that has the name of another, and `NotFoundError` for a response to
    what nobody has reported.
    """
    message = read_message(body)
    digest = sha256(body).hexdigest()

    def decided(case: ExceptionCase | None) -> Sequence[ExceptionDecision]:
        return decided_by(case, message, document=digest, now=now)

    made = _exchanged(ExceptionMessageReceived, message, digest, by=sender_of(message))
    return await _recorded(store, made, decided, body, now=now)


async def write_message_about(
    store: EventStore, exception_id: str, asked: Any, *, now: int
) -> Taken:
    """
    Write a message about an exception, as a JSON object asks for it, and return it.

    It is kept as it was written; to send it is the caller's. Raises `NotFoundError` when there is
    no such exception, and `ValidationError` for what cannot be written.
    """
    message_uuid = str(uuid.uuid4())
    said = message_asked(asked, message_uuid=message_uuid)
    case = await one_exception(store, exception_id)
    past = await messages_about(store, exception_id)
    exchanged = _standing(past)
    message = compose(case, said, exchanged, message_uuid=message_uuid, now=now)
    body = write_message(message)
    digest = sha256(body).hexdigest()

    def decided(case: ExceptionCase | None) -> Sequence[ExceptionDecision]:
        return decided_by_writing(case, message, document=digest, by=said.by, now=now)

    made = _exchanged(ExceptionMessageWritten, message, digest, by=said.by)
    return await _recorded(store, made, decided, body, now=now)


async def messages_about(
    store: EventStore, exception_id: str, *, known_at: int | None = None
) -> list[Past]:
    """
    Return the messages about an exception in order, as was known at `known_at`.

    Raises `NotFoundError` when there was no such exception.
    """
    await one_exception(store, exception_id, known_at=known_at)
    async with store.reading() as session:
        until = await (log.head(session) if known_at is None else log.head_at(session, known_at))
        return await _messages(session, exception_id, until)


async def message_about(store: EventStore, exception_id: str, message_uuid: str) -> bytes:
    """Return the bytes of a message about an exception; `NotFoundError` when there is none."""
    for past in await messages_about(store, exception_id):
        if past.message.message_uuid == message_uuid:
            found = await received(store, past.message.document)
            try:
                return b"".join(found.pieces())
            finally:
                found.close()
    raise NotFoundError(f"no message {message_uuid!r} is about the exception {exception_id!r}")


async def _recorded(
    store: EventStore, made: ExceptionMessage, decided: Decide, body: bytes, *, now: int
) -> Taken:
    documents = [(made.document, body, MEDIA_TYPE)]
    done = await decide(
        store, lambda: ExchangeMessage(made, decided, now=now), now=now, documents=documents
    )
    case = await one_exception(store, made.exception_id)
    return Taken(made.message_uuid, case, again=done.is_again, body=body)


def _exchanged(
    kind: type[ExceptionMessage], message: Message, digest: str, *, by: str
) -> ExceptionMessage:
    form = Form.REPORT if isinstance(message, ExceptionReport) else Form.RESPONSE
    return kind(
        message_uuid=message.message_uuid,
        exception_id=message.exception_case_uuid,
        message=form.value,
        document=digest,
        content=content_of(message),
        items=[*item_uuids(message)],
        po_number=message.po_number,
        by=by,
    )


async def _messages(session: Reading, exception_id: str, until: int) -> list[Past]:
    tags = [thread_tag(exception_id)]
    rows = await session.fetch(STATEMENTS["select_lives"], session.part, tags, until)
    found = []
    for recorded in (RecordedEvent(*row) for row in rows):
        message = decision_of(recorded)
        assert isinstance(message, ExceptionMessage)
        found.append(Past(message, recorded.record_time))
    return found


def _standing(past: Sequence[Past]) -> Exchanged:
    """Return what a message that is written now may go on from."""
    messages = [each.message for each in past]
    reported = _items(messages, ExceptionMessageReceived, Form.REPORT)
    answered = _items(messages, ExceptionMessageWritten, Form.RESPONSE)
    return Exchanged(
        po_number=next((m.po_number for m in reversed(messages) if m.po_number), None),
        reported=list(reported),
        unanswered=[name for name in reported if name not in answered],
    )


def _items(
    messages: Iterable[ExceptionMessage], kind: type[ExceptionMessage], form: Form
) -> dict[str, None]:
    return {
        item: None
        for message in messages
        if isinstance(message, kind) and message.message == form
        for item in message.items
    }


def taken_value(taken: Taken, *, now: int) -> dict[str, Any]:
    """Return what became of a message as JSON (`schemas/exception-message-taken.schema.json`)."""
    return {
        "message_uuid": taken.message_uuid,
        "again": taken.again,
        "exception": exception_value(taken.case, now=now),
    }


def messages_value(past: Iterable[Past]) -> dict[str, Any]:
    """Return messages as JSON (`schemas/exception-messages.schema.json`)."""
    return {
        "messages": [
            {
                "message_uuid": message.message_uuid,
                "message": message.message,
                "written_here": isinstance(message, ExceptionMessageWritten),
                "by": message.by,
                "po_number": message.po_number,
                "at": utc_text(at),
                "items": message.items,
                "document": message.document,
            }
            for message, at in past
        ]
    }

"""Taking partners' messages, having messages written, and showing those of an exception."""

from __future__ import annotations

import asyncio
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
    Form,
    thread_tag,
)
from epcis_repo.exceptions.pdg.mapping import (
    Item,
    decided_by,
    decided_by_writing,
    item_uuids,
    items_of,
    sender_of,
)
from epcis_repo.exceptions.pdg.messages import ExceptionReport, Message
from epcis_repo.exceptions.pdg.reading import read_message
from epcis_repo.exceptions.pdg.rules import Cases, DecideOnThread, ExchangeMessage
from epcis_repo.exceptions.pdg.writing import content_of, write_message
from epcis_repo.exceptions.reading import STATEMENTS, exceptions_named
from epcis_repo.exceptions.rules import OVER, ExceptionCase, names_in
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
    A message and the exception that it is about, the first of its thread; `again` where it had come
    before. `body` are its bytes.
    """

    message_uuid: str
    case: ExceptionCase
    again: bool
    body: bytes


async def take_message(store: EventStore, body: bytes, *, now: int) -> Taken:
    """
    Take a partner's message, and return what the first exception of its thread is then.

    A report opens exceptions in the thread of its exception_case_uuid, or adds to them; a response
    is an answer to them. One that comes again changes nothing. Raises `ValidationError` for what is
    no message, `MessageTakenError` for one that has the name of another, `StrangerError` for one
    of somebody whom the thread is not with, and `NotFoundError` for a response to what nobody has
    reported.
    """
    # A long one takes a second, in which others are answered.
    message, items, made = await asyncio.to_thread(_received, body)

    def decided(cases: Cases) -> Sequence[ExceptionDecision]:
        return decided_by(cases, message, items, document=made.document, now=now)

    return await _recorded(store, made, decided, body, now=now, about=made.exception_id)


def _received(body: bytes) -> tuple[Message, Sequence[Item], ExceptionMessageReceived]:
    message = read_message(body)
    by, gln = sender_of(message), message.sender_information.gln
    made = ExceptionMessageReceived(**_said(message, body), by=by, gln=gln)
    return message, items_of(message), made


async def write_message_about(
    store: EventStore, exception_id: str, asked: Any, *, now: int
) -> Taken:
    """
    Write a message about an exception, as a JSON object asks for it, and return it.

    It is kept as it was written; to send it is the caller's. Raises `NotFoundError` when there is
    no such exception, and `ValidationError` for what cannot be written.
    """
    message_uuid = str(uuid.uuid4())
    said = await asyncio.to_thread(message_asked, asked, message_uuid=message_uuid)
    case = await one_exception(store, exception_id)
    async with store.reading() as session:
        until = await log.head(session)
        of_thread = await exceptions_named(session, names_in(case.thread), until)
        past = await _messages(session, case.thread, until)
    exchanged = _standing(past, of_thread.values())
    message = await asyncio.to_thread(
        compose, case, said, exchanged, message_uuid=message_uuid, now=now
    )
    body = write_message(message)
    made = ExceptionMessageWritten(
        **_said(message, body),
        by=said.by,
        gln=said.sender_information.gln,
        email=said.sender_information.email,
        receiver=said.receiver,
    )

    def decided(cases: Cases) -> Sequence[ExceptionDecision]:
        case = cases.get(exception_id)
        return decided_by_writing(case, message, document=made.document, by=said.by, now=now)

    return await _recorded(store, made, decided, body, now=now, about=exception_id)


async def messages_about(
    store: EventStore, exception_id: str, *, known_at: int | None = None
) -> list[Past]:
    """
    Return the messages in the thread of an exception in order, as was known at `known_at`.

    Raises `NotFoundError` when there was no such exception.
    """
    case = await one_exception(store, exception_id, known_at=known_at)
    async with store.reading() as session:
        until = await (log.head(session) if known_at is None else log.head_at(session, known_at))
        return await _messages(session, case.thread, until)


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
    store: EventStore,
    made: ExceptionMessage,
    decided: DecideOnThread,
    body: bytes,
    *,
    now: int,
    about: str,
) -> Taken:
    documents = [(made.document, body, MEDIA_TYPE)]
    done = await decide(
        store, lambda: ExchangeMessage(made, decided, now=now), now=now, documents=documents
    )
    case = await one_exception(store, about)
    return Taken(made.message_uuid, case, again=done.is_again, body=body)


def _said(message: Message, body: bytes) -> dict[str, Any]:
    """Return what is recorded of a message, whoever has written it."""
    form = Form.REPORT if isinstance(message, ExceptionReport) else Form.RESPONSE
    return {
        "message_uuid": message.message_uuid,
        "exception_id": message.exception_case_uuid,
        "message": form.value,
        "document": sha256(body).hexdigest(),
        "content": content_of(message),
        "items": [*item_uuids(message)],
        "po_number": message.po_number,
    }


async def _messages(session: Reading, thread: str, until: int) -> list[Past]:
    tags = [thread_tag(thread)]
    rows = await session.fetch(STATEMENTS["select_lives"], session.part, tags, until)
    found = []
    for recorded in (RecordedEvent(*row) for row in rows):
        message = decision_of(recorded)
        assert isinstance(message, ExceptionMessage)
        found.append(Past(message, recorded.record_time))
    return found


def _standing(past: Sequence[Past], cases: Iterable[ExceptionCase]) -> Exchanged:
    """Return what a message that is written now may go on from."""
    messages = [each.message for each in past]
    reported = _items(messages, ExceptionMessageReceived, Form.REPORT)
    answered = _items(messages, ExceptionMessageWritten, Form.RESPONSE)
    return Exchanged(
        po_number=next((m.po_number for m in reversed(messages) if m.po_number), None),
        reported=list(reported),
        unanswered=[name for name in reported if name not in answered],
        is_over=all(case.state in OVER for case in cases),
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


def messages_value(past: Iterable[Past]) -> dict[str, Any]:
    """Return messages as JSON (`schemas/exception-messages.schema.json`)."""
    return {
        "messages": [
            {
                "message_uuid": message.message_uuid,
                "message": message.message,
                "written_here": isinstance(message, ExceptionMessageWritten),
                "by": message.by,
                "gln": message.gln,
                "receiver": message.receiver
                if isinstance(message, ExceptionMessageWritten)
                else None,
                "po_number": message.po_number,
                "at": utc_text(at),
                "items": message.items,
                "document": message.document,
            }
            for message, at in past
        ]
    }

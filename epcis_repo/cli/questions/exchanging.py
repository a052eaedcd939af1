"""What is exchanged with partners about exceptions."""

from __future__ import annotations

from epcis_repo.cli.repository import Here, Question, Value, text_of
from epcis_repo.client import Client
from epcis_repo.clock import clock
from epcis_repo.exceptions import exception_value
from epcis_repo.exceptions.pdg import (
    message_about,
    messages_about,
    messages_value,
    take_message,
    write_message_about,
)


async def _take_message(here: Here, body: bytes) -> Value:
    moment = clock()
    return exception_value((await take_message(here.store, body, now=moment)).case, now=moment)


async def _take_message_there(client: Client, body: bytes) -> Value:
    return await client.take_message(body)


TAKE_MESSAGE = Question(_take_message, _take_message_there)


async def _write_message(here: Here, exception_id: str, asked: Value) -> bytes:
    return (await write_message_about(here.store, exception_id, asked, now=clock())).body


async def _write_message_there(client: Client, exception_id: str, asked: Value) -> bytes:
    return await client.write_message(exception_id, asked)


WRITE_MESSAGE = Question(_write_message, _write_message_there)


async def _messages(here: Here, exception_id: str, *, known_at: int | None) -> Value:
    return messages_value(await messages_about(here.store, exception_id, known_at=known_at))


async def _messages_there(client: Client, exception_id: str, *, known_at: int | None) -> Value:
    return await client.messages(exception_id, known_at=text_of(known_at))


MESSAGES = Question(_messages, _messages_there)


async def _message(here: Here, exception_id: str, message_uuid: str) -> bytes:
    return await message_about(here.store, exception_id, message_uuid)


async def _message_there(client: Client, exception_id: str, message_uuid: str) -> bytes:
    return await client.message(exception_id, message_uuid)


MESSAGE = Question(_message, _message_there)

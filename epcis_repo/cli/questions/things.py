"""What is alike in asking about one thing at two moments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from epcis_repo.cli.repository import Here, Moments, Question, Value, texts
from epcis_repo.client import Client
from epcis_repo.operations.asked import identifier_asked

AboutThing = Question[[str, Moments], Value]


async def of_thing(
    operation: Callable[..., Awaitable[Any]],
    value_of: Callable[[Any], Value],
    here: Here,
    identifier: str,
    moments: Moments,
) -> Value:
    return value_of(await operation(here.store, identifier_asked(identifier), **moments))


async def of_thing_there(
    method: Callable[..., Awaitable[Value]], client: Client, identifier: str, moments: Moments
) -> Value:
    return await method(client, identifier, **texts(moments))

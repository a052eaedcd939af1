"""
Listening to a named query over a WebSocket: its events as they are captured, each once.

A connection ends when either side is restarted. Then another is opened, and what was captured
meanwhile is asked for by the record time of what was heard last; what comes again is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosedError, InvalidHandshake, InvalidStatus

from epcis_repo.client.errors import ServerUnreachableError, error_of, problem_in
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.rest.gs1_headers import EPC_FORMAT

# Those of who is being restarted, or of what stands before it.
_LATER = (502, 503, 504)
_DONE = 1000
_PAUSE_SECONDS_MIN, _PAUSE_SECONDS_MAX = 0.2, 5.0
# A delivery has a megabyte of events as they were captured, or one event of any size.
_MESSAGE_MAX = 64 << 20


async def listen(url: str, query: str, since: str | None) -> AsyncIterator[dict[str, Any]]:
    """
    Yield what a query of the repository at `url` finds, from now on or from a record time.

    Raises `ServerUnreachableError` where it cannot begin, and what the server refuses it with.
    """
    heard = set[bytes]()
    pause, has_begun = _PAUSE_SECONDS_MIN, False
    while True:
        try:
            async with open_socket(
                _address(url, query, since),
                additional_headers={EPC_FORMAT: EpcFormat.NEVER_TRANSLATES},
                max_size=_MESSAGE_MAX,
            ) as socket:
                since = since or _beginning(socket)
                pause, has_begun = _PAUSE_SECONDS_MIN, True
                async for message in socket:
                    for event in _events_in(message):
                        if event["recordTime"] != since:
                            since, heard = event["recordTime"], set()
                        # An eventID is also that of the declarations that its event was in error.
                        said = orjson.dumps(event)
                        if said not in heard:
                            heard.add(said)
                            yield event
                if socket.close_code == _DONE:
                    return
        except InvalidStatus as error:
            status, body = error.response.status_code, bytes(error.response.body or b"")
            if not (has_begun and status in _LATER):
                raise error_of(problem_in(url, status, body)) from error
        except (OSError, InvalidHandshake, ConnectionClosedError) as error:
            if not has_begun:
                raise ServerUnreachableError(f"no answer from {url} ({error})") from error
        await asyncio.sleep(pause)
        pause = min(2 * pause, _PAUSE_SECONDS_MAX)


def _address(url: str, query: str, since: str | None) -> str:
    asked = {"stream": "true"} | ({} if since is None else {"initialRecordTime": since})
    base = url.replace("http", "ws", 1).rstrip("/")
    return f"{base}/epcis/queries/{quote(query, safe='')}/events?{urlencode(asked)}"


def _beginning(socket: ClientConnection) -> str | None:
    answer = socket.response
    return None if answer is None else answer.headers.get("GS1-Query-Min-Record-Time")


def _events_in(message: str | bytes) -> list[dict[str, Any]]:
    value = orjson.loads(message)
    if "epcisBody" not in value:
        raise error_of(value)
    found: list[dict[str, Any]] = value["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return found

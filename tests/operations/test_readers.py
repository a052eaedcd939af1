"""Documents that are read while others are: threads that compute take turns."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from io import BytesIO
from threading import Lock
from typing import IO, Any

import pytest

from epcis_repo.operations.capture import capture
from epcis_repo.store import EventStore
from tests.operations.reports import JSON_LD, NOW, PACK, commissioned, document, named

MODULE = sys.modules["epcis_repo.operations.capture"]
# A document longer than this is read on a thread.
SMALL = 65_536


def middling(number: int) -> bytes:
    """A document of one event, that is too long to be read where it is asked for."""
    event = named(f"urn:x:{number}", commissioned(number, f"{PACK}{number}"))
    return document(event) + b" " * SMALL


@pytest.mark.parametrize("as_sent", [bytes, BytesIO], ids=["in memory", "in a file"])
async def test_of_middling_length_are_read_one_at_a_time(
    store: EventStore,
    monkeypatch: pytest.MonkeyPatch,
    as_sent: Callable[[bytes], bytes | IO[bytes]],
) -> None:
    """
    However many come together, and whatever they come in, no two are read at once.
    """
    lock, reading, at_once = Lock(), 0, list[int]()
    prepare: Callable[..., Any] = MODULE.prepare

    def watched(*arguments: Any, **named: Any) -> Any:
        nonlocal reading
        with lock:
            reading += 1
            at_once.append(reading)
        try:
            time.sleep(0.01)
            return prepare(*arguments, **named)
        finally:
            with lock:
                reading -= 1

    monkeypatch.setattr(MODULE, "prepare", watched)
    bodies = [as_sent(middling(number)) for number in range(5)]
    receipts = await asyncio.gather(*(capture(store, body, JSON_LD, now=NOW) for body in bodies))

    assert [receipt.events for receipt in receipts] == [1] * 5
    assert at_once == [1] * 5


@pytest.mark.parametrize(("events", "makes_way"), [(40, True), (1, False)])
async def test_make_way_for_who_records(
    store: EventStore, monkeypatch: pytest.MonkeyPatch, events: int, makes_way: bool
) -> None:
    """
    A document that is read on a thread lets others go first now and then; where it is asked for,
    a short one keeps nobody waiting.
    """
    made = list[None]()
    monkeypatch.setattr(store, "make_way", lambda: made.append(None))
    padding = b" " * SMALL if makes_way else b""
    several = [named(f"urn:x:{n}", commissioned(n, f"{PACK}{n}")) for n in range(events)]

    receipt = await capture(store, document(*several) + padding, JSON_LD, now=NOW)

    assert receipt.events == events
    assert bool(made) == makes_way

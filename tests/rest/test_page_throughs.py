"""Pages that are turned while others capture, and while the server restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import count, cycle, islice
from pathlib import Path
from typing import NamedTuple

import pytest
from httpx2 import AsyncClient, Limits, Response

from tests.rest.documents import JSON, UNIT, document, event
from tests.rest.served import served
from tests.rest.serving import captured, events_of, serving

AT_ONCE = 100
# Beyond that much of what comes meanwhile nobody turns the pages.
_CAPTURED_MAX = 150
_BEFORE = 30

ONE = UNIT.format(1)
PRODUCT = "urn:epc:idpat:sgtin:030001.0012345.*"
STEP = {"EQ_bizStep": "storing"}

# Whatever is asked, it is about all events; what comes meanwhile is in those that follow the log.
QUESTIONS: dict[str, tuple[str, Mapping[str, str]]] = {
    "one thing": ("/epcis/events", {"MATCH_anyEPC": ONE}),
    "the resource of one thing": (f"/epcis/epcs/{ONE}/events", {}),
    "a product": ("/epcis/events", {"MATCH_epc": PRODUCT}),
    "a step": ("/epcis/events", STEP),
    "everything": ("/epcis/events", {}),
    "the latest first": ("/epcis/events", {"MATCH_epc": PRODUCT, "orderBy": "recordTime"}),
    "by time": ("/epcis/events", {"orderBy": "eventTime", "orderDirection": "ASC"}),
    "one thing by time": ("/epcis/events", {"MATCH_epc": ONE, "orderBy": "eventTime"}),
}


def body_of(number: int) -> bytes:
    """A document with one event of two things, one of which all events have."""
    things = [ONE, UNIT.format(1_000 + number)]
    hour = f"2026-01-{number % 28 + 1:02}T{number % 24:02}:00:00Z"
    return document(
        event(
            number,
            eventID=f"urn:x:{number}",
            eventTime=hour,
            epcList=things,
            bizStep="storing",
        )
    )


def ids_on(answer: Response) -> list[str]:
    return [value["eventID"] for value in events_of(answer)]


def target_after(answer: Response) -> str | None:
    """What `Link` leads on to, None on the last page."""
    return answer.links["next"]["url"] if "next" in answer.links else None


class Through(NamedTuple):
    """What somebody saw who turned all pages, and what there was when he began."""

    there: frozenset[str]
    seen: list[str]


async def turn_pages(
    get: Callable[[str], Awaitable[Response]], first: str, there: frozenset[str]
) -> Through:
    """Turn the pages of an answer, from the first on to the last."""
    seen: list[str] = []
    target: str | None = first
    while target is not None:
        answer = await get(target)
        seen += ids_on(answer)
        target = target_after(answer)
    return Through(there, seen)


def target_of(name: str, per_page: int) -> str:
    """The path and query of the first page of a question."""
    path, asked = QUESTIONS[name]
    query = "&".join(f"{key}={value}" for key, value in {**asked, "perPage": per_page}.items())
    return f"{path}?{query}"


async def test_a_hundred_at_once_see_each_event_once(store_url: str, tmp_path: Path) -> None:
    """
    However many turn pages while others capture, each sees every event that was there when he began
    exactly once, and none twice.
    """
    names = list(islice(cycle(QUESTIONS), AT_ONCE))
    with served(store_url, tmp_path) as address:
        async with AsyncClient(
            base_url=address,
            headers={"GS1-EPC-Format": "Never_Translates"},
            limits=Limits(max_connections=AT_ONCE + 4),
            timeout=120,
        ) as client:
            there: set[str] = set()
            numbers = count()

            async def capture_next() -> None:
                number = next(numbers)
                sent = await client.post(
                    "/epcis/capture", content=body_of(number), headers={"Content-Type": JSON}
                )
                assert sent.status_code == 202, sent.text
                there.add(f"urn:x:{number}")

            async def capture_on() -> None:
                while len(there) < _CAPTURED_MAX:
                    await capture_next()

            await asyncio.gather(*(capture_next() for _ in range(_BEFORE)))
            capturing = [asyncio.create_task(capture_on()) for _ in range(2)]
            throughs = await asyncio.gather(
                *(
                    turn_pages(client.get, target_of(name, 3 + n % 9), frozenset(there))
                    for n, name in enumerate(names)
                )
            )
            for task in capturing:
                await task

    assert len(throughs) == AT_ONCE
    for name, (before, seen) in zip(names, throughs, strict=True):
        assert len(before) >= _BEFORE
        assert len(seen) == len(set(seen)), name
        assert before <= set(seen), name
    # Some did turn pages while others captured.
    assert any(len(seen) > len(before) for before, seen in throughs)


@pytest.mark.parametrize("name", QUESTIONS)
def test_go_on_when_the_server_was_restarted(store_url: str, name: str) -> None:
    """
    Each page may come from another server: a token says all that is needed, and nothing is lost or
    repeated, whatever was captured between two of them.
    """
    with serving(store_url) as client:
        for number in range(8):
            captured(client, body_of(number))
    seen: list[str] = []
    target: str | None = target_of(name, 3)
    for number in count(100):
        if target is None:
            break
        with serving(store_url) as client:
            answer = client.get(target)
            seen += ids_on(answer)
            target = target_after(answer)
            if number < 102:
                captured(client, body_of(number))

    assert len(seen) == len(set(seen))
    assert {f"urn:x:{number}" for number in range(8)} <= set(seen)

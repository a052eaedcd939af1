"""Bodies that are too long for the memory, too short for what they said, or that never end."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from epcis_repo.rest import requests
from epcis_repo.store import open_store
from epcis_repo.store.documents import kept
from tests.cli.test_server import Process, server
from tests.rest.documents import JSON, UNIT, XML, bare, document, event
from tests.rest.serving import captured, events_of, log_of, problem, serving

MEGA = 1_000_000
# Events of a body of about two megabytes.
MANY = [event(n, epcList=[UNIT.format(f"{n}A{m}") for m in range(100)]) for n in range(500)]
LONG = document(*MANY)


def in_xml(*events: dict[str, Any]) -> bytes:
    """The same as XML."""
    texts = [
        f"<{e['type']}><eventTime>{e['eventTime']}</eventTime><eventTimeZoneOffset>+00:00"
        "</eventTimeZoneOffset><epcList>"
        + "".join(f"<epc>{epc}</epc>" for epc in e["epcList"])
        + f"</epcList><action>{e['action']}</action></{e['type']}>\n"
        for e in events
    ]
    return (
        '<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0">\n'
        f"<EPCISBody><EventList>{''.join(texts)}</EventList></EPCISBody></e:EPCISDocument>"
    ).encode()


class TestALongBody:
    @pytest.mark.parametrize(("body", "media_type"), [(LONG, JSON), (in_xml(*MANY), XML)])
    def test_is_captured_and_kept(self, store_url: str, body: bytes, media_type: str) -> None:
        """
        Two megabytes pass through a file, and everything is as with a short document.
        """
        assert len(body) > requests.IN_MEMORY_MAX
        with serving(store_url) as client:
            receipt = captured(client, body, media_type)
            again = captured(client, body, media_type)
            answer = client.get("/epcis/events", params={"MATCH_anyEPC": UNIT.format("499A99")})

        assert (receipt["events"], receipt["recorded"], again["repeated"]) == (500, 500, True)
        assert len(events_of(answer)) == 1
        assert kept_size(store_url, receipt["document"]) == len(body)

    @pytest.mark.parametrize("number", [0, 250, 499])
    @pytest.mark.parametrize("as_bytes", [document, in_xml], ids=["json", "xml"])
    def test_with_a_bad_event_is_refused_with_its_place(
        self, store_url: str, number: int, as_bytes: Callable[..., bytes]
    ) -> None:
        """
        The answer names the event and the place, and nothing was recorded.
        """
        events = [*MANY]
        events[number] = events[number] | {"action": "LOOK"}
        body = as_bytes(*events)
        with serving(store_url) as client:
            media_type = XML if body.startswith(b"<") else JSON
            answer = client.post(
                "/epcis/capture", content=body, headers={"Content-Type": media_type}
            )

        [violation] = problem(answer, 400, "ValidationException")["violations"]
        assert violation["event"] == number + 1
        assert violation["pointer"].endswith("/action")
        assert (violation["line"] is None) == (media_type == JSON)
        assert log_of(store_url) == (0, 0)

    def test_may_be_one_event(self, store_url: str) -> None:
        """
        A single event with very many serials is taken by either resource.
        """
        one = event(1, epcList=[UNIT.format(f"B{n}") for n in range(50_000)])
        with serving(store_url) as client:
            headers = {"Content-Type": JSON}
            answer = client.post("/epcis/events", content=bare(one), headers=headers)
            assert answer.status_code == 201
            assert captured(client, document(one))["recorded"] == 1

            refused = client.post("/epcis/events", content=LONG, headers=headers)

        [violation] = problem(refused, 400, "ValidationException")["violations"]
        assert (violation["rule"], violation["found"]) == ("one-event", "500 events")

    def test_has_a_limit_all_the_same(self, store_url: str) -> None:
        """
        What is longer than the settings allow is refused, whether it says so or turns out to be.
        """
        with serving(store_url, capture_size_max=MEGA * 3 // 2) as client:
            said = client.post("/epcis/capture", content=LONG, headers={"Content-Type": JSON})
            parts = iter([LONG[start : start + 65_536] for start in range(0, len(LONG), 65_536)])
            found = client.post("/epcis/capture", content=parts, headers={"Content-Type": JSON})

        for answer in (said, found):
            problem(answer, 413, "CaptureLimitExceededException")
        assert log_of(store_url) == (0, 0)


def kept_size(url: str, digest: str) -> int:
    async def look() -> int:
        store = open_store(url)
        try:
            async with store.reading() as session:
                return (await kept(session, digest)).size
        finally:
            await store.close()

    return asyncio.run(look())


def sent(process: Process, length: int, body: bytes, *, ends: bool) -> bytes:
    """What comes back for a body that says that it has `length` bytes."""
    address = urlsplit(str(process.client.base_url))
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(
            b"POST /epcis/capture HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Connection: close\r\nContent-Length: %d\r\n\r\n" % length
        )
        connection.sendall(body)
        if ends:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        try:
            while part := connection.recv(65_536):
                received += part
        except ConnectionResetError:
            pass
        return received


def spooled_by(process: Process) -> list[str]:
    """The files without a name that a server has open."""
    folder = Path(f"/proc/{process.pid}/fd")
    return [
        str(target)
        for link in folder.iterdir()
        if (target := link.readlink()).match("*(deleted)") and "tmp" in str(target)
    ]


class TestABodyThatLies:
    def test_leaves_nothing(self, sqlite_url: str, tmp_path: Path) -> None:
        """
        Cut off in the middle, or longer than it said: nothing is recorded, no file is left, and
        the next one is served.
        """
        with server("--db", sqlite_url, log=tmp_path / "log") as process:
            for size in (100, MEGA, len(LONG) - 1):
                assert b"HTTP/1.1 202" not in sent(process, len(LONG), LONG[:size], ends=True)
            shorter = sent(process, MEGA + 500_000, LONG, ends=False)
            assert b"HTTP/1.1 400" in shorter
            assert b"Unterminated" in shorter or b"Expecting" in shorter
            assert log_of(sqlite_url) == (0, 0)
            if sys.platform == "linux":
                deadline = time.monotonic() + 10
                while spooled_by(process) and time.monotonic() < deadline:
                    time.sleep(0.05)
                assert spooled_by(process) == []

            answer = process.client.post(
                "/epcis/capture", content=LONG, headers={"Content-Type": JSON}
            )

            assert json.loads(answer.content)["recorded"] == 500
            assert "Traceback" not in process.words

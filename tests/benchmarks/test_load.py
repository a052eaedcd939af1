"""The clients of the load, against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from benchmarks.documents import small_documents
from benchmarks.load import Address, capture_request, exchange, length_of, send, status_of
from benchmarks.serving import serving
from tests.rest.serving import log_of


@pytest.fixture
def address(sqlite_url: str, tmp_path: Path) -> Iterator[Address]:
    """The address of a server of its own."""
    with serving(sqlite_url, tmp_path) as address:
        yield address


class TestLoad:
    def test_is_recorded(self, address: Address, sqlite_url: str) -> None:
        """
        Every document is sent by one of the clients, and once, and is recorded when all are done.
        """
        bodies = small_documents(10, seed=1)

        load = send(address, bodies, clients=3)

        # A document is an event and its receipt.
        assert log_of(sqlite_url) == (20, 10)
        assert 0 < load.cpu_seconds < load.seconds

    def test_is_not_measured_where_it_is_refused(self, address: Address) -> None:
        """
        A server that refuses what it is sent is fast, and that is no figure.
        """
        with pytest.raises(ExceptionGroup) as refused:
            send(address, [b"{}"], clients=1)

        assert refused.group_contains(RuntimeError, match="status=400")

    async def test_keeps_its_connection(self, address: Address) -> None:
        """
        One connection carries one request after the other, each with its own whole answer.
        """
        bodies = small_documents(2, seed=1)
        reader, writer = await asyncio.open_connection(*address)

        answers = [
            await exchange(reader, writer, capture_request(address, body)) for body in bodies
        ]

        writer.close()
        await writer.wait_closed()
        assert [answer.status for answer in answers] == [202, 202]
        receipts = [orjson.loads(answer.body) for answer in answers]
        assert receipts[0]["document"] != receipts[1]["document"]


class TestHead:
    def test_says_status_and_length(self) -> None:
        """
        Names of headers are in any case, and blanks around the value mean nothing.
        """
        head = b"HTTP/1.1 202 Accepted\r\nA: b\r\nCONTENT-length:  12 \r\n\r\n"

        assert (status_of(head), length_of(head)) == (202, 12)

    def test_without_a_length_is_refused(self) -> None:
        """
        Where the answer ends is not guessed.
        """
        with pytest.raises(ValueError, match="no Content-Length"):
            length_of(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")

"""Listening to a query of a repository that is served, and stopped, and served again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from epcis_repo import errors
from epcis_repo.client import ServerUnreachableError, connect
from tests.rest.documents import CONTEXT, JSON, UNIT, document, event
from tests.rest.served import served

WAIT_SECONDS = 30
# From the first on: when a listener is let in is then nothing to him.
EVER = "2020-01-01T00:00:00Z"


class Heard:
    """What was heard so far, in order; `error` is what ended it, if that was one."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.error: Exception | None = None

    @property
    def numbers(self) -> list[str]:
        return [event["epcList"][0].rpartition(".")[2] for event in self.events]

    async def follow(self, url: str, since: str) -> None:
        try:
            async with connect(url) as repository:
                async for event in repository.listen("all", since=since):
                    self.events.append(event)
        except errors.EpcisError as error:
            self.error = error

    async def come_to(self, *numbers: int) -> None:
        """Wait until these have been heard, and nothing else."""
        async with asyncio.timeout(WAIT_SECONDS):
            while len(self.events) < len(numbers):
                assert self.error is None, self.error
                await asyncio.sleep(0.02)
        assert self.numbers == [str(number) for number in numbers]


@asynccontextmanager
async def listening(url: str, since: str = EVER) -> AsyncIterator[Heard]:
    """What is heard while the context lasts."""
    heard = Heard()
    task = asyncio.create_task(heard.follow(url, since))
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.wait([task])


async def capture(url: str, *numbers: int) -> None:
    async with connect(url) as repository:
        await repository.capture(document(*map(event, numbers)), JSON)


async def create(url: str) -> None:
    async with connect(url) as repository:
        await repository.create_query("all", {})


class TestListening:
    async def test_goes_on_when_the_server_is_restarted(
        self, store_url: str, tmp_path: Path
    ) -> None:
        """
        What is captured while nobody serves the listener comes afterwards, and nothing twice.
        """
        async with AsyncExitStack() as following:
            with served(store_url, tmp_path) as url:
                port = int(url.rpartition(":")[2])
                await create(url)
                await capture(url, 1)
                heard = await following.enter_async_context(listening(url))
                await heard.come_to(1)
                await capture(url, 2, 3)
                await heard.come_to(1, 2, 3)
            with served(store_url, tmp_path) as elsewhere:
                await capture(elsewhere, 4)
            with served(store_url, tmp_path, at_port=port) as url:
                await heard.come_to(1, 2, 3, 4)
                await capture(url, 5)
                await heard.come_to(1, 2, 3, 4, 5)

    async def test_goes_on_when_the_listener_is_restarted(
        self, store_url: str, tmp_path: Path
    ) -> None:
        """
        Who gives the record time of the last that he knows gets that again, and all after it.
        """
        with served(store_url, tmp_path) as url:
            await create(url)
            async with listening(url) as first:
                await capture(url, 1)
                await capture(url, 2)
                await first.come_to(1, 2)
            await capture(url, 3)

            async with listening(url, first.events[-1]["recordTime"]) as second:
                await second.come_to(2, 3)

    async def test_tells_an_event_and_its_declaration_apart(
        self, store_url: str, tmp_path: Path
    ) -> None:
        """
        What has the eventID of another, and is not the same, is heard as well.
        """
        declared = {"declarationTime": "2026-01-02T00:00:00Z", "reason": "incorrect_data"}
        said = event(1, eventID="urn:x:1")
        with served(store_url, tmp_path) as url:
            await create(url)
            async with listening(url) as heard:
                async with connect(url) as repository:
                    body = document(said, said | {"errorDeclaration": declared})
                    await repository.capture(body, JSON)
                await heard.come_to(1, 1)

    async def test_ends_with_the_query(self, store_url: str, tmp_path: Path) -> None:
        """
        When its query is deleted there is no more to hear, and that is no error.
        """
        with served(store_url, tmp_path) as url:
            await create(url)
            await capture(url, 1)
            heard = Heard()
            task = asyncio.create_task(heard.follow(url, EVER))
            await heard.come_to(1)
            async with connect(url) as repository:
                await repository.delete_query("all")

            async with asyncio.timeout(WAIT_SECONDS):
                await task

        assert heard.error is None

    async def test_is_refused_as_everything_else_is(self, store_url: str, tmp_path: Path) -> None:
        """
        Without the query, or with what is no record time, the server says what is wrong.
        """
        with served(store_url, tmp_path) as url:
            async with connect(url) as repository:
                with pytest.raises(errors.NotFoundError, match="all"):
                    await anext(aiter(repository.listen("all")))
                await repository.create_query("all", {})
                with pytest.raises(errors.InputError, match="initialRecordTime"):
                    await anext(aiter(repository.listen("all", since="yesterday")))
                sent = await repository.capture_event({"@context": [CONTEXT], **event(7)})
                heard = await anext(aiter(repository.listen("all", since=EVER)))
        assert heard["eventID"] == sent["eventID"]
        assert heard["epcList"] == [UNIT.format(7)]

    async def test_says_where_nobody_answers(self) -> None:
        """
        Where there is nobody to begin with there is nothing to go on with.
        """
        async with connect("http://127.0.0.1:9") as nobody:
            with pytest.raises(ServerUnreachableError, match=r"127\.0\.0\.1:9"):
                await anext(aiter(nobody.listen("all")))

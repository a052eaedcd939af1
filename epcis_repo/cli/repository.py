"""
A repository that a command asks, wherever it is: a store that is opened here, or a server.

Of each question that there is, how the one answers and how the other does; a command asks, and does
not know which of them it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, NamedTuple, ParamSpec, TypeVar

from epcis_repo.cli.running import opened
from epcis_repo.client import Client, connect
from epcis_repo.model.times import utc_text
from epcis_repo.operations.asked import identifier_asked
from epcis_repo.settings import Settings, read_settings
from epcis_repo.store import EventStore

P = ParamSpec("P")
T = TypeVar("T")
Value = dict[str, Any]
Moments = Mapping[str, Any]
Writer = Callable[[bytes], object]


class Here(NamedTuple):
    """A store that is opened here, and what it was opened with."""

    store: EventStore
    settings: Settings


@dataclass(frozen=True, slots=True)
class Question(Generic[P, T]):
    """What is asked in one way of a store that is opened here, in another of a server."""

    here: Callable[Concatenate[Here, P], Awaitable[T]]
    there: Callable[Concatenate[Client, P], Awaitable[T]]


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository that can be asked, wherever it is."""

    where: Here | Client

    async def ask(self, question: Question[P, T], *given: P.args, **more: P.kwargs) -> T:
        """Return the answer to a question."""
        if isinstance(self.where, Client):
            return await question.there(self.where, *given, **more)
        return await question.here(self.where, *given, **more)


@dataclass(frozen=True, slots=True)
class At:
    """Where a command asks: a server at an address, else the store that the settings name."""

    db: str | None
    url: str | None

    def run(self, work: Callable[[Repository], Awaitable[T]]) -> T:
        """Open the repository, do the work and close it again."""

        async def working() -> T:
            async with self._reached() as repository:
                return await work(repository)

        return asyncio.run(working())

    def ask(self, question: Question[P, T], *given: P.args, **more: P.kwargs) -> T:
        """Open the repository for one question."""
        return self.run(lambda repository: repository.ask(question, *given, **more))

    def ask_about(
        self,
        question: Question[Concatenate[str, P], T],
        identifier: str,
        *given: P.args,
        **more: P.kwargs,
    ) -> T:
        """Ask about a thing; before anything is opened, whether that is an identifier at all."""
        identifier_asked(identifier)
        return self.ask(question, identifier, *given, **more)

    @asynccontextmanager
    async def _reached(self) -> AsyncIterator[Repository]:
        if self.url is not None:
            async with connect(self.url) as client:
                yield Repository(client)
            return
        settings = read_settings(db=self.db)
        async with opened(settings) as store:
            yield Repository(Here(store, settings))


def texts(moments: Moments) -> dict[str, str | None]:
    """Return moments as a server is asked about them."""
    return {name: text_of(at) for name, at in moments.items()}


def text_of(moment: int | None) -> str | None:
    """Return a moment likewise, where one is asked about."""
    return None if moment is None else utc_text(moment)

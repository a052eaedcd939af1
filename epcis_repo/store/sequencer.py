"""
Gives writers their turn: those that wait for the same work share one database transaction.

A flush to disk costs the same for one capture as for sixty, so whoever comes while a group is
being committed goes with the next. Each is answered after its commit, by its own answer: one
that is refused takes none of its neighbours with it. Who finds too many waiting is sent away
at once, rather than kept waiting without end.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from epcis_repo.errors import StoreBusyError, StoreUnavailableError
from epcis_repo.store.contract import Work

Transact = Callable[[Work[Any, Any], Sequence[Any]], Awaitable[Sequence[Any]]]
"""Does the work in one transaction, and returns its answers when that is durable."""

WAITING_MAX = 1_000
GROUP_MAX = 64
# So often others have their turn on the event loop: more than from a request to the queue.
_STEPS_TO_COME = 3


@dataclass(frozen=True, slots=True)
class _Waiting:
    work: Work[Any, Any]
    item: Any
    answer: asyncio.Future[Any]


class Sequencer:
    """The queue before a store's one transaction at a time."""

    def __init__(
        self,
        transact: Transact,
        *,
        waiting_max: int = WAITING_MAX,
        group_max: int = GROUP_MAX,
    ) -> None:
        self._transact = transact
        self._waiting_max = waiting_max
        self._group_max = group_max
        self._waiting: deque[_Waiting] = deque()
        self._turns: asyncio.Task[None] | None = None

    async def write(self, work: Work[Any, Any], item: Any) -> Any:
        """See `EventStore.write`."""
        if len(self._waiting) >= self._waiting_max:
            raise StoreBusyError(waiting=len(self._waiting))
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(work, item, answer))
        if self._turns is None or self._turns.done():
            self._turns = asyncio.create_task(self._take_turns())
        # Who goes away leaves his item in the queue: it may be with the disk already.
        return await answer

    async def finish(self) -> None:
        """Wait until nothing waits."""
        if self._turns is not None:
            await self._turns

    async def _take_turns(self) -> None:
        while self._waiting:
            await self._let_others_come()
            group = [self._waiting.popleft()]
            while (
                self._waiting
                and len(group) < self._group_max
                and self._waiting[0].work == group[0].work
            ):
                group.append(self._waiting.popleft())
            await self._commit(group)

    async def _let_others_come(self) -> None:
        # Who comes one by one is not kept waiting. In a crowd the first would go alone while the
        # next are still being read, and a transaction costs as much as ten documents.
        count = 0
        while count < len(self._waiting) < self._group_max:
            count = len(self._waiting)
            for _ in range(_STEPS_TO_COME):
                await asyncio.sleep(0)

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        try:
            answers = await self._transact(group[0].work, [waiting.item for waiting in group])
        except StoreUnavailableError as error:
            answers = [error] * len(group)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is somebody's answer
            if len(group) > 1:
                # One of them upset the transaction of all; alone, it upsets only its own.
                for waiting in group:
                    await self._commit([waiting])
                return
            answers = [error]
        for waiting, answer in zip(group, answers, strict=True):
            if waiting.answer.done():
                continue
            if isinstance(answer, Exception):
                waiting.answer.set_exception(answer)
            else:
                waiting.answer.set_result(answer)

"""
Answers that are given again as long as the log has not grown since.

Whatever is asked of events is folded from the log, so while that is as long as it was, the same
question has the same answer: years that are archived, named queries and all decisions are events
of the log, too. To look at its head takes a fraction of what the shortest query does, and those who
come together share the look. What nobody asks twice is not kept, and has no use for a look either.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from epcis_repo.rest.requests import raw_path, store_of
from epcis_repo.store import Reading
from epcis_repo.store.log import head

# So many bytes of bodies are kept by each process, none of more than a part of that.
_SIZE_MAX = 32 << 20
_ONE_SIZE_MAX = 1 << 20
# An answer says when its token expires, and when its document was made.
_AGE_MAX = 60.0
# So many questions are known to have been asked.
_ASKED_MAX = 1 << 14

Key = tuple[object, ...]


class _Kept(NamedTuple):
    position: int
    since: float
    response: Response


class KeptAnswers:
    """The answers of one process, those that were asked for last."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Key, _Kept] = OrderedDict()
        self._size = 0
        # A question may be long; two that look alike by this have answers of their own.
        self._asked: dict[int, None] = {}

    def was_asked(self, key: Key) -> bool:
        """Whether a question has been asked before; from now on it has."""
        question = hash(key)
        if question in self._asked:
            return True
        if len(self._asked) == _ASKED_MAX:
            del self._asked[next(iter(self._asked))]
        self._asked[question] = None
        return False

    def find(self, key: Key, position: int) -> Response | None:
        """Return the answer to a question that was asked when the log ended there, too."""
        kept = self._answers.get(key)
        if kept is None:
            return None
        if kept.position != position or time.monotonic() - kept.since > _AGE_MAX:
            self._drop(key)
            return None
        self._answers.move_to_end(key)
        return kept.response

    def keep(self, key: Key, position: int, response: Response) -> None:
        """Keep an answer whose question was asked when the log ended there."""
        size = len(response.body)
        if response.status_code != 200 or size > _ONE_SIZE_MAX:
            return
        if key in self._answers:
            self._drop(key)
        self._answers[key] = _Kept(position, time.monotonic(), response)
        self._size += size
        while self._size > _SIZE_MAX:
            self._drop(next(iter(self._answers)))

    def _drop(self, key: Key) -> None:
        self._size -= len(self._answers.pop(key).response.body)


def key_of_answer(request: Request) -> Key:
    """Return all that tells one question from another."""
    said = [item for item in request.headers.raw if item[0][:4] == b"gs1-" or item[0] == b"accept"]
    return raw_path(request), request.scope["query_string"], *said


async def end_of_log(request: Request) -> int:
    """Return where the log ends at this moment."""
    return await store_of(request).look(_head, None)


async def _head(session: Reading, asked: Sequence[None]) -> list[int]:
    return [await head(session)] * len(asked)

"""
Whether writing is worth a try: not while the disk is full, and not after it has failed.

- A full disk is told to whoever comes. When there is more room, or some time has passed, the next
  who comes tries, and if that goes well all others follow.
- After a failed flush the operating system may have thrown away what it could not write, and
  would call the next flush a success. So none is tried: nothing is written until the database
  is opened anew, by a restart, and what is really there has been read.

Reading goes on meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from epcis_repo.errors import StoreFullError, StoreUnavailableError, WritesStoppedError

RETRY_SECONDS = 5.0
# With so many bytes more than there were, there is room again.
_ROOM = 1 << 20


class Distress:
    """What keeps a store from writing, if anything does."""

    def __init__(self, free: Callable[[], int] | None = None) -> None:
        """`free` returns how many bytes the disk has left, where that can be known."""
        self._free = free
        self._error: StoreUnavailableError | None = None
        self._free_then = 0
        self._tried_at = 0.0

    def reason(self) -> StoreUnavailableError | None:
        """Return why nothing is written, None when nothing is known against it."""
        full = isinstance(self._error, StoreFullError)
        if full and self._free is not None and self._free() >= self._free_then + _ROOM:
            self._error = None
        return self._error

    def check(self) -> None:
        """Raise the reason, unless it is time to try."""
        error = self.reason()
        if error is None:
            return
        now = time.monotonic()
        if isinstance(error, StoreFullError) and now >= self._tried_at + RETRY_SECONDS:
            self._tried_at = now
            return
        # A new one each time: an error that is raised again and again collects tracebacks.
        raise type(error)(str(error))

    def note(self, error: BaseException) -> None:
        """Remember the error that writing has ended with, if it concerns the next as well."""
        if isinstance(error, WritesStoppedError | StoreFullError):
            self._error = type(error)(str(error))
            self._tried_at = time.monotonic()
            self._free_then = 0 if self._free is None else self._free()

    def over(self) -> None:
        """Something was written."""
        self._error = None

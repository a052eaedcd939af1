"""
Requests that have a name, so that sending them again does nothing again.

A client that has heard no answer cannot know whether it was recorded. He sends the same bytes
under the same key: what was recorded is answered as it was the first time. The key is kept with
the receipt, by the transaction that records the events, so there is no moment at which one is
there without the other. What was refused is not kept: put right, it may come under its old key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from epcis_repo.errors import IdempotencyKeyError

KEY_LENGTH_MAX = 255
ANONYMOUS = "anonymous"

_KEY = re.compile(rf"[!-~]{{1,{KEY_LENGTH_MAX}}}")


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """
    What a client calls a request.

    Each endpoint has its own, and each `owner`: whose credential the request came with.
    """

    endpoint: str
    key: str
    owner: str = ANONYMOUS

    @property
    def tag(self) -> str:
        """What the log finds the answer by. No URI has a blank in it, so it is nothing else."""
        return f"idempotency {self.owner} {self.endpoint} {self.key}"

    @classmethod
    def of_tag(cls, tag: str) -> IdempotencyKey:
        """Return the key that has the tag."""
        _, owner, endpoint, key = tag.split(" ")
        return cls(endpoint, key, owner)


def idempotency_key(text: str, *, endpoint: str) -> IdempotencyKey:
    """Return the key that `text` is, or raise `IdempotencyKeyError`."""
    if not _KEY.fullmatch(text):
        raise IdempotencyKeyError(
            f"an idempotency key has 1 to {KEY_LENGTH_MAX} visible ASCII characters, such as a "
            f"UUID; found {text[:KEY_LENGTH_MAX]!r}"
        )
    return IdempotencyKey(endpoint, text)

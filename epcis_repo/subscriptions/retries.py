"""
When a delivery that failed is tried again, and when no more. Pure: a number in, a pause out.

The pauses are those of Standard Webhooks, 1.0.0: at once, and nine times more within three days.
"""

from __future__ import annotations

from hashlib import sha256

_SECOND = 1_000_000
_MINUTE, _HOUR = 60 * _SECOND, 3_600 * _SECOND

PAUSES = (
    5 * _SECOND,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
"""The pause after each attempt that failed, in microseconds; after the last there is none."""

ATTEMPTS_MAX = len(PAUSES) + 1
RETRY_AFTER_MAX = PAUSES[-1]


def pause_after(attempts: int, delivery_id: str, *, asked_for: int = 0) -> int | None:
    """
    Return how long to wait after so many attempts, None when there are no more.

    `asked_for` is what the receiver wants at least. A tenth more or less keeps a thousand
    deliveries that failed together from being tried together; which, the delivery itself says.
    """
    if attempts >= ATTEMPTS_MAX:
        return None
    pause = PAUSES[attempts - 1]
    drawn = sha256(f"{delivery_id} {attempts}".encode()).digest()
    share = int.from_bytes(drawn[:4]) / 2**32
    jittered = int(pause * (0.9 + share / 5))
    return max(jittered, min(asked_for, RETRY_AFTER_MAX))

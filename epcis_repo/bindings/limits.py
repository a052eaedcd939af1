"""How much of a document that is read in pieces is in memory at a time."""

from __future__ import annotations

from epcis_repo.bindings.misfits import Misfits, misfit

PIECE_SIZE = 1 << 16
"""So much is read at a time, in bytes."""

HELD_SIZE_MAX = 32 << 20
"""The longest event, and the most that a document may hold beside its events."""


def too_long(where: str) -> Misfits:
    """Return what to raise for more than that."""
    expected = f"an event, and all that is no event, of {HELD_SIZE_MAX} bytes at most"
    return misfit(expected, f"more, {where}", rule="size")

"""
Why a witness does not sign.

    EpcisError
    ├── RefusedError           what the log shows contradicts what it showed before
    └── LogUnreachableError    the log gives no answer, or none of use: nothing is known
"""

from __future__ import annotations

from pathlib import Path

from epcis_repo.errors import EpcisError


class RefusedError(EpcisError):
    """A checkpoint that is not what it should be after the one that was seen before."""

    def __init__(self, *, seen: str, shown: str, reason: str, kept: tuple[Path, ...]) -> None:
        """`kept` are the files with both checkpoints as they were signed: the evidence."""
        files = " and ".join(map(str, kept))
        super().__init__(
            f"not co-signed: {shown} was shown where {seen} was seen before: {reason}; the "
            f"evidence is in {files}"
        )
        self.reason = reason
        self.kept = kept


class LogUnreachableError(EpcisError):
    """The log cannot be asked."""

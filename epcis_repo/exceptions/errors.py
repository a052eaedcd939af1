"""
What can be wrong with an exception, besides what is asked for and that there is none.

    EpcisError
    ├── ExceptionTakenError      another exception has the name
    ├── ExceptionStateError      it is not in a state in which that can be decided
    └── ExceptionChangedError    somebody else has decided on it first
"""

from __future__ import annotations

from epcis_repo.errors import EpcisError


class ExceptionTakenError(EpcisError):
    """An exception of that name is there already."""

    def __init__(self, exception_id: str) -> None:
        super().__init__(
            f"there is an exception named {exception_id!r} already, and it is kept when it is "
            "closed: give another name, or decide on that one"
        )
        self.exception_id = exception_id


class ExceptionStateError(EpcisError):
    """What is asked for cannot be decided on an exception in its state."""


class ExceptionChangedError(EpcisError):
    """Somebody else has decided on the exception since it was read."""

    def __init__(self, exception_id: str, *, expected: int, actual: int) -> None:
        super().__init__(
            f"the exception {exception_id!r} is of version {actual}, no longer of {expected}: "
            "read what was decided meanwhile, and decide again"
        )
        self.expected = expected
        self.actual = actual

"""
What can be wrong with a hold, besides what is asked for and that there is none.

    EpcisError
    ├── HoldTakenError       another hold has the name
    └── HoldReleasedError    it was released before
"""

from __future__ import annotations

from epcis_repo.errors import EpcisError


class HoldTakenError(EpcisError):
    """A hold of that name is there already."""

    def __init__(self, hold_id: str) -> None:
        super().__init__(
            f"there is a hold named {hold_id!r} already; a hold never changes, and keeps its name "
            "when it is released: give another one"
        )
        self.hold_id = hold_id


class HoldReleasedError(EpcisError):
    """A hold that was released already."""

    def __init__(self, hold_id: str) -> None:
        super().__init__(f"the hold {hold_id!r} was released already; place another one")
        self.hold_id = hold_id

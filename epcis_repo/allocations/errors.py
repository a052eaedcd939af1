"""
What can be wrong with an allocation, besides what is asked for and that there is none.

    EpcisError
    ├── AllocationTakenError       another allocation has its name
    └── AllocationWithdrawnError   it was withdrawn before
"""

from __future__ import annotations

from epcis_repo.errors import EpcisError


class AllocationTakenError(EpcisError):
    """An allocation of that name is there already."""

    def __init__(self, allocation_id: str) -> None:
        super().__init__(
            f"there is an allocation named {allocation_id!r} already; an allocation never changes, "
            "and keeps its name when it is withdrawn: give another one"
        )
        self.allocation_id = allocation_id


class AllocationWithdrawnError(EpcisError):
    """An allocation that was withdrawn already."""

    def __init__(self, allocation_id: str) -> None:
        super().__init__(f"the allocation {allocation_id!r} was withdrawn already")
        self.allocation_id = allocation_id

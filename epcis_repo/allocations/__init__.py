"""
Allocations: which serials of a product are its maker's, so that any other is found.

An allocation is a decision with a lifecycle: `events.py` is what is recorded of it, `rules.py`
decides and folds, pure, `asked.py` reads what is asked for, `reading.py` reads it from the log, and
`operations.py` tells the stories; beside them stands all that rules about things look at and nobody
reports: what is held, and what was allocated.
"""

from epcis_repo.allocations.asked import allocation_asked, gtin_asked, withdrawal_asked
from epcis_repo.allocations.errors import AllocationTakenError, AllocationWithdrawnError
from epcis_repo.allocations.operations import (
    AllocationPage,
    allocate,
    allocation_value,
    allocations,
    allocations_value,
    known_beside,
    known_in,
    one_allocation,
    withdraw,
)
from epcis_repo.allocations.rules import Allocation

__all__ = [
    "Allocation",
    "AllocationPage",
    "AllocationTakenError",
    "AllocationWithdrawnError",
    "allocate",
    "allocation_asked",
    "allocation_value",
    "allocations",
    "allocations_value",
    "gtin_asked",
    "known_beside",
    "known_in",
    "one_allocation",
    "withdraw",
    "withdrawal_asked",
]

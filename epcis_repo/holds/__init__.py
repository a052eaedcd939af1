"""
Holds and recalls: that a serial, a lot or a container is to go to nobody, until it is released.

A hold is a decision with a lifecycle: `events.py` is what is recorded of it, `rules.py` decides and
folds, pure, `asked.py` reads what is asked for. There is no read model: a hold is found by the tags
of what it is on (`reading.py`), and what that has in it, or is of it, is inferred when somebody
asks (`operations.py`). `whereabouts.py` tells of each unit where it is, who has it, and how sure
that is.
"""

from epcis_repo.holds.asked import hold_asked, release_asked
from epcis_repo.holds.errors import HoldReleasedError, HoldTakenError
from epcis_repo.holds.operations import (
    HoldPage,
    Placed,
    Reached,
    holds,
    holds_reaching,
    holds_value,
    one_hold,
    place_hold,
    release_hold,
)
from epcis_repo.holds.reading import holds_at
from epcis_repo.holds.rules import Hold, Kind, held_tags
from epcis_repo.holds.whereabouts import Unit, Whereabouts, recall, recall_value, unit_value, units

__all__ = [
    "Hold",
    "HoldPage",
    "HoldReleasedError",
    "HoldTakenError",
    "Kind",
    "Placed",
    "Reached",
    "Unit",
    "Whereabouts",
    "held_tags",
    "hold_asked",
    "holds",
    "holds_at",
    "holds_reaching",
    "holds_value",
    "one_hold",
    "place_hold",
    "recall",
    "recall_value",
    "release_asked",
    "release_hold",
    "unit_value",
    "units",
]

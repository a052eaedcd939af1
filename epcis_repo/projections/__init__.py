"""
Read models: what is read out of the log, each with its tables beside it. Each can be rebuilt.

`project` adds what was just appended, in the same database transaction, so an acknowledged
capture is in every answer given after it. A row says what one event says. What is true of a
thing is folded from such rows when it is asked for (`Lives`), by event time, so the order of
arrival does not show. What takes long and is hardly asked for follows some way behind
(`event_hashes.py`), and who asks for it goes through what is left to be done.

To add a read model: a module with `SCHEMA`, `TABLES`, `Row` (with `position` and `record_time`),
`row_of` and `project`, its `.sql`, and a line in `PROJECTIONS`, or in `FOLLOWING`.
"""

from epcis_repo.projections.logged import LoggedEvent, identity_of
from epcis_repo.projections.runner import (
    PROJECTIONS,
    SCHEMAS,
    Rows,
    placed,
    project,
    rebuild,
    rows_of,
)

__all__ = [
    "PROJECTIONS",
    "SCHEMAS",
    "LoggedEvent",
    "Rows",
    "identity_of",
    "placed",
    "project",
    "rebuild",
    "rows_of",
]

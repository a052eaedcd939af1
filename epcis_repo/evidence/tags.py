"""The tags of what a capture records, from its content: the log itself does not tell them."""

from __future__ import annotations

from epcis_repo.evidence.receipts import DOCUMENT_CAPTURED, receipt_in
from epcis_repo.model.events import EVENT_TYPES
from epcis_repo.projections.logged import logged
from epcis_repo.projections.stated import MASTER_DATA_RECEIVED
from epcis_repo.store import RecordedEvent

REPORTED_TYPES = frozenset({*EVENT_TYPES, MASTER_DATA_RECEIVED})
"""The events by which the log has what partners report."""

CAPTURED_TYPES = REPORTED_TYPES | {DOCUMENT_CAPTURED}
"""The events that nobody but a capture records, since it folds the read models with them."""


def captured_tags(event: RecordedEvent) -> tuple[str, ...] | None:
    """Return the tags of an EPCIS event or a receipt, None for an event of another kind."""
    if event.type == DOCUMENT_CAPTURED:
        return receipt_in(event).tags
    if event.type in EVENT_TYPES:
        return tuple(dict.fromkeys(logged(event).what.keys()))
    return None

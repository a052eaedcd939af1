"""An event of the log is read as it was recorded, or refused as altered."""

from __future__ import annotations

from contextlib import suppress

from epcis_repo.bindings.jsonld import render_event
from epcis_repo.errors import EpcisError
from epcis_repo.projections.logged import logged
from epcis_repo.store import RecordedEvent
from tests.operations.reports import CASE, NOW, PACK, commissioned, declared_in_error, packed


def test_any_altered_bit_is_another_event_or_a_clear_error() -> None:
    """
    Whatever somebody made of an event, who reads it learns of that and of nothing else.
    """
    for event in (commissioned(1, PACK), declared_in_error(packed(2, CASE, PACK))):
        data = render_event(event, {"cbvmda": "urn:epcglobal:cbv:mda"})
        outcomes = set()
        for place in range(8 * len(data)):
            altered = bytearray(data)
            altered[place // 8] ^= 1 << place % 8
            recorded = RecordedEvent(1, NOW, type(event).__name__, "urn:x:1", bytes(altered))
            outcome = "refused"
            with suppress(EpcisError):
                outcome = "read" if logged(recorded).event != event else "missed"
            outcomes.add(outcome)
        assert outcomes == {"read", "refused"}

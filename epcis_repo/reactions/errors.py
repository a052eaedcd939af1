"""
What can be wrong with what is decided on things that were kept aside.

    EpcisError
    └── QuarantineOverError   it was released or dismissed before
"""

from __future__ import annotations

from epcis_repo.errors import EpcisError


class QuarantineOverError(EpcisError):
    """What was kept aside was released or dismissed before."""

    def __init__(self, capture_id: str, state: str) -> None:
        super().__init__(f"what was kept aside of the capture {capture_id} is {state} already")
        self.capture_id = capture_id
        self.state = state

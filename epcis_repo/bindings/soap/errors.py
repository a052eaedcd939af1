"""
What is wrong with an envelope, whatever is in it.

    EpcisError
    └── InputError
        └── EnvelopeError    SOAP has a code of its own for it
"""

from __future__ import annotations

from epcis_repo.errors import InputError


class EnvelopeError(InputError):
    """An envelope that cannot be opened; `code` is what SOAP 1.1, §4.4.1 has for the reason."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code

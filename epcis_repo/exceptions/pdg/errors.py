"""
What can be wrong with a message about an exception, besides what its schema says.

    EpcisError
    └── MessageTakenError     another message has its message_uuid
"""

from __future__ import annotations

from epcis_repo.errors import EpcisError


class MessageTakenError(EpcisError):
    """Another message has the message_uuid."""

    def __init__(self, message_uuid: str) -> None:
        super().__init__(
            f"another message has the message_uuid {message_uuid!r}: it is kept as it was, so have "
            "this one sent under a name of its own"
        )
        self.message_uuid = message_uuid

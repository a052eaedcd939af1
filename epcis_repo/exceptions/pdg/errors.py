"""
What can be wrong with a message about an exception, besides what its schema says.

    EpcisError
    ├── MessageTakenError     another message has its message_uuid
    └── StrangerError         whoever sent it is none of those between whom its thread is
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


class StrangerError(EpcisError):
    """A message that comes from none of those whose thread it names."""

    def __init__(self, thread: str, sender: str) -> None:
        # Who it is between is nobody's business.
        super().__init__(
            f"the thread {thread!r} is between others than {sender}, so that nothing was taken of "
            "the message: have it sent by whom the thread was with before, or written for; or "
            "make its sender the partner of the exception first, if he is"
        )
        self.thread = thread
        self.sender = sender

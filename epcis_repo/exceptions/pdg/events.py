"""What is recorded of the messages about exceptions, beside what they have decided."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from epcis_repo.recorders.decisions import Decision


class Form(StrEnum):
    """What a message is."""

    REPORT = "report"
    RESPONSE = "response"


@dataclass(frozen=True, kw_only=True)
class ExceptionMessage(Decision):
    """
    A message was exchanged. Its exact bytes are kept as the `document` of that digest.

    `exception_id` is the name of its thread, which is that of one of the exceptions that it is
    about. `message` is one of `Form`, `content` the digest of what it says, however it is spelt,
    and `items` are the exception_item_uuids that it has. Its sender has a `gln`, if he says so.
    """

    message_uuid: str
    exception_id: str
    message: str
    document: str
    content: str
    items: list[str]
    po_number: str
    by: str
    gln: str | None = None

    def apply(self, obj: Any) -> None:
        """See `Decision.apply`: whoever decides on a thread hears what was exchanged in it."""
        obj.hear(self)


@dataclass(frozen=True, kw_only=True)
class ExceptionMessageReceived(ExceptionMessage):
    """A partner has sent it; `by` is his address."""


@dataclass(frozen=True, kw_only=True)
class ExceptionMessageWritten(ExceptionMessage):
    """
    It was written here, to be sent to a partner; `by` is who had it written, `email` what it names
    as the address of that, and `receiver` whom it is for, where somebody says so.
    """

    email: str | None = None
    receiver: str | None = None


EXCHANGED = (ExceptionMessageReceived, ExceptionMessageWritten)


def message_tag(message_uuid: str) -> str:
    """Return what a message is found by."""
    # No URI has a blank in it, so no partner's identifier can be taken for these tags.
    return f"exception-message {message_uuid}"


def thread_tag(exception_id: str) -> str:
    """Return what the messages about an exception are found by."""
    return f"exception-messages {exception_id}"

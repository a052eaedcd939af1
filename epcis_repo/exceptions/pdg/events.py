"""What is recorded of the messages about exceptions, beside what they have decided."""

from __future__ import annotations

from dataclasses import dataclass

from epcis_repo.recorders.decisions import Decision


@dataclass(frozen=True, kw_only=True)
class ExceptionMessage(Decision):
    """
    A message was exchanged. Its exact bytes are kept as the `document` of that digest.

    `message` is one of `rules.Form`, `content` the digest of what it says, however it is spelt, and
    `items` are the exception_item_uuids that it has. `by` is the address of its sender.
    """

    message_uuid: str
    exception_id: str
    message: str
    document: str
    content: str
    items: list[str]
    po_number: str
    by: str


@dataclass(frozen=True, kw_only=True)
class ExceptionMessageReceived(ExceptionMessage):
    """A partner has sent it."""


@dataclass(frozen=True, kw_only=True)
class ExceptionMessageWritten(ExceptionMessage):
    """It was written here, to be sent to a partner."""


EXCHANGED = (ExceptionMessageReceived, ExceptionMessageWritten)


def message_tag(message_uuid: str) -> str:
    """Return what a message is found by."""
    # No URI has a blank in it, so no partner's identifier can be taken for these tags.
    return f"exception-message {message_uuid}"


def thread_tag(exception_id: str) -> str:
    """Return what the messages about an exception are found by."""
    return f"exception-messages {exception_id}"

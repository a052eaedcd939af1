"""Takes a message into its exception, once. Pure: decisions in, decisions out."""

from __future__ import annotations

from enum import StrEnum

from epcis_repo.exceptions.pdg.errors import MessageTakenError
from epcis_repo.exceptions.pdg.events import (
    EXCHANGED,
    ExceptionMessage,
    ExceptionMessageReceived,
    ExceptionMessageWritten,
    message_tag,
    thread_tag,
)
from epcis_repo.exceptions.rules import Decide, DecideOnException
from epcis_repo.recorders.decisions import Selector, event


class Form(StrEnum):
    """What a message is."""

    REPORT = "report"
    RESPONSE = "response"


def thread(exception_id: str) -> list[Selector]:
    """Return what selects the messages about an exception."""
    return [Selector(EXCHANGED, (thread_tag(exception_id),))]


class ExchangeMessage(DecideOnException):
    """
    Records a message and what it decides; one that was recorded before decides nothing again.

    Another that has its message_uuid is refused, whatever it is about.
    """

    def __init__(self, message: ExceptionMessage, decide: Decide, *, now: int) -> None:
        super().__init__(message.exception_id, decide, now=now)
        self.message = message
        self.known: str | None = None
        self.is_again = False

    def consistency_boundary(self) -> list[Selector]:
        """See `Perspective.consistency_boundary`."""
        same = Selector(EXCHANGED, (message_tag(self.message.message_uuid),))
        return [*super().consistency_boundary(), same]

    @event(ExceptionMessageReceived)
    def _received(self, content: str) -> None:
        self.known = content

    @event(ExceptionMessageWritten)
    def _written(self, content: str) -> None:
        self.known = content

    def execute(self) -> None:
        """Decide; `MessageTakenError` where another message has the name."""
        if self.known is not None:
            if self.known != self.message.content:
                raise MessageTakenError(self.message.message_uuid)
            # What is decided below is learned at once, like all that was decided before.
            self.is_again = True
            return
        super().execute()
        message = self.message
        tags = (message_tag(message.message_uuid), thread_tag(message.exception_id))
        self.trigger_event(type(message), tags, **message.as_dict())

"""Takes a message into the exceptions of its thread, once. Pure: decisions in, decisions out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from epcis_repo.exceptions.events import (
    LIFECYCLE,
    ExceptionDecision,
    ExceptionOpened,
    exception_tag,
)
from epcis_repo.exceptions.pdg.errors import MessageTakenError, StrangerError
from epcis_repo.exceptions.pdg.events import (
    EXCHANGED,
    ExceptionMessage,
    ExceptionMessageReceived,
    message_tag,
    thread_tag,
)
from epcis_repo.exceptions.pdg.partners import is_of_thread
from epcis_repo.exceptions.rules import ExceptionCase, after, names_in, tags_of
from epcis_repo.recorders.decisions import Decision, Selector, Slice, event

Cases = Mapping[str, ExceptionCase]
"""The exceptions of a thread by name, that of its own name first."""

DecideOnThread = Callable[[Cases], Sequence[ExceptionDecision]]
"""What is decided on the exceptions of a thread as they are; there may be none yet."""


class ExchangeMessage(Slice[Decision]):
    """
    Records a message and what it decides; one that was recorded before decides nothing again.

    Another that has its message_uuid is refused, whatever it is about, and one that comes from
    somebody whose thread it is not.
    """

    def __init__(self, message: ExceptionMessage, decide: DecideOnThread, *, now: int) -> None:
        """`decide` raises what keeps it from being decided."""
        self.message = message
        self.decide = decide
        self.now = now
        self.cases: dict[str, ExceptionCase] = {}
        self.before: list[ExceptionMessage] = []
        self.known: str | None = None
        self.is_again = False

    def consistency_boundary(self) -> list[Selector]:
        """See `Perspective.consistency_boundary`."""
        thread = self.message.exception_id
        return [
            *(Selector(LIFECYCLE, (exception_tag(name),)) for name in names_in(thread)),
            Selector(EXCHANGED, (thread_tag(thread),)),
            Selector(EXCHANGED, (message_tag(self.message.message_uuid),)),
        ]

    # The library reads the decisions for a slice that is told of some. All of them come to `learn`
    # as well, so that what is decided on is what anybody reads.
    @event(ExceptionOpened)
    def _(self) -> None:
        """See `learn`."""

    def learn(self, decision: ExceptionDecision) -> None:
        """Fold a decision on an exception. When it was recorded decides nothing."""
        name = decision.exception_id
        self.cases[name] = after(self.cases.get(name), decision, self.now)

    def hear(self, message: ExceptionMessage) -> None:
        """Note a message that was exchanged before."""
        if message.message_uuid == self.message.message_uuid:
            self.known = message.content
        if message.exception_id == self.message.exception_id:
            self.before.append(message)

    def execute(self) -> None:
        """Decide; `MessageTakenError` or `StrangerError` where nothing is taken of it."""
        message, thread = self.message, self.message.exception_id
        if self.known is not None:
            if self.known != message.content:
                raise MessageTakenError(message.message_uuid)
            self.is_again = True
            return
        if not self._is_of_thread():
            raise StrangerError(thread, message.gln or message.by)
        for decision in self.decide(self.cases):
            self.trigger_event(type(decision), tags_of(decision), **decision.as_dict())
        tags = (message_tag(message.message_uuid), thread_tag(thread))
        self.trigger_event(type(message), tags, **message.as_dict())

    def _is_of_thread(self) -> bool:
        message, begun = self.message, self.cases.get(self.message.exception_id)
        if begun is None or not isinstance(message, ExceptionMessageReceived):
            return True
        return is_of_thread(message, self.before, begun.partner)

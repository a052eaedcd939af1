"""
Whose a thread of messages is. Pure.

A message says who sends it and not whom it is for, and its thread has a name that others may have
come to know. So a partner is heard where the thread knows him: by his messages in it, as the one
that messages are written for, or as the partner of the exception. A thread that a partner has begun
has room for one who responds; nobody else gets in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from epcis_repo.errors import IdentifierError, ScanError
from epcis_repo.exceptions.pdg.events import (
    ExceptionMessage,
    ExceptionMessageReceived,
    ExceptionMessageWritten,
    Form,
)
from epcis_repo.gs1 import parse_identifier

_PARTIES = ("pgln", "sgln")


@dataclass(frozen=True, slots=True)
class Party:
    """Who sends messages, or gets them: the same where the GLN is, else where the address is."""

    gln: str | None
    email: str | None

    def is_same(self, other: Party) -> bool:
        """Whether two are one."""
        if self.gln is not None and other.gln is not None:
            return self.gln == other.gln
        return self.email is not None and self.email == other.email


def party(gln: str | None, email: str | None) -> Party:
    """Return the party with a GLN or an address, which nobody spells in one way."""
    return Party(gln or None, email.strip().casefold() if email and email.strip() else None)


def party_named(text: str | None) -> Party | None:
    """Return the party that a GLN, an identifier or an address names; None where it is a word."""
    if text is None:
        return None
    if re.fullmatch("[0-9]{13}", text, re.ASCII):
        return party(text, None)
    if "@" in text:
        return party(None, text)
    with suppress(IdentifierError, ScanError):
        identifier = parse_identifier(text)
        if identifier.scheme.name in _PARTIES:
            return party(identifier.value, None)
    return None


def is_of_thread(
    sent: ExceptionMessageReceived, before: Sequence[ExceptionMessage], partner: str | None
) -> bool:
    """
    Whether who has sent a message may write into a thread that there is.

    `before` are the messages that are in it, `partner` is that of the exception.
    """
    sender = _sender_of(sent)
    senders = [_sender_of(message) for message in before]
    if any(sender.is_same(known) for known in senders):
        return True
    written = [message for message in before if isinstance(message, ExceptionMessageWritten)]
    if before and not written:
        # Somebody else has begun it; whoever responds first is the one that he wrote to.
        others = [known for known in senders if not known.is_same(senders[0])]
        return sent.message == Form.RESPONSE and not others
    if not written:
        # Nobody else can have its name from us.
        known = party_named(partner)
        return known is not None and sender.is_same(known)
    meant = [one for message in written if (one := party_named(message.receiver)) is not None]
    # Where nobody has said whom it is for, that is whoever answers first.
    return any(map(sender.is_same, meant)) if meant else len(written) == len(before)


def _sender_of(message: ExceptionMessage) -> Party:
    if isinstance(message, ExceptionMessageWritten):
        return party(message.gln, message.email)
    return party(message.gln, message.by)

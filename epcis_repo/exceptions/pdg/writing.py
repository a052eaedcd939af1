"""Messages to bytes: members in the order of the schemas, and then what was kept."""

from __future__ import annotations

from decimal import Decimal
from hashlib import sha256
from typing import Any

import orjson

from epcis_repo.exceptions.pdg.messages import MEMBERS, Message


def write_message(message: Message) -> bytes:
    """Return a message as JSON; what was read is written as it was."""
    return orjson.dumps(_value(message), default=_number)


def content_of(message: Message) -> str:
    """Return the digest of what a message says, however its members stand."""
    data = orjson.dumps(_value(message), default=_number, option=orjson.OPT_SORT_KEYS)
    return sha256(data).hexdigest()


def _value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_value(member) for member in value]
    members = MEMBERS.get(type(value))
    if members is None:
        return value
    # What may be left out is null only where somebody has said so.
    said = {
        name: _value(found)
        for name, member in members.items()
        if (found := getattr(value, name)) is not None or member.required
    }
    # What is said stands first, and whatever somebody has put in the place of a null.
    return {**said, **value.others, **said}


def _number(value: Any) -> orjson.Fragment:
    # Of a member that we do not know each digit is kept.
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} has no JSON form")

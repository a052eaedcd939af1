"""
Statements of master data as the log has them: each an event of its own, and how to read it.

It is found by what it is about, by that and who says it, and by each of the children it names.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256

import orjson

from epcis_repo.bindings.json_loader import load_trusted_json
from epcis_repo.model.master_data import Statement
from epcis_repo.store import EventData, Reading, RecordedEvent, load_statements
from epcis_repo.store.envelope import enveloped, opened

STATEMENTS = load_statements("epcis_repo.projections", "stated.sql")

MASTER_DATA_RECEIVED = "MasterDataReceived"
"""The event by which the log says what a document has said of an identifier."""

# No URI has a blank in it, so no partner's identifier can be taken for one of the tags below.
_WORD = re.compile("[!-~]{1,300}")


@dataclass(frozen=True, slots=True)
class Stated:
    """A statement that was recorded; `record_time` is in microseconds."""

    statement: Statement
    position: int
    record_time: int

    @property
    def order(self) -> tuple[int, int]:
        """The place among all that is said of its identifier: the last is in force."""
        return self.statement.said_at, self.position


def statement_data(statement: Statement, identity: str, content: str) -> EventData:
    """Return the event of the log that says it; `content` is what `content_of` returns."""
    value = {name: getattr(statement, name) for name in Statement.__dataclass_fields__}
    # The content is told by its digest, so that whoever repeats it is compared with that alone.
    data = orjson.dumps(value | {"content": content}, default=_exact)
    tags = (
        tag_of(statement.key),
        line_tag_of(statement),
        *dict.fromkeys(child_tag_of(child) for child in statement.child_keys),
    )
    return enveloped(EventData(MASTER_DATA_RECEIVED, identity, data, tags=tags))


def stated(recorded: RecordedEvent) -> Stated:
    """Return the statement that `recorded` is."""
    value = load_trusted_json(opened(recorded)[1])
    del value["content"]
    value["attributes"] = tuple((name, said) for name, said in value["attributes"])
    value["children"] = tuple(value["children"])
    return Stated(Statement(**value), recorded.position, recorded.record_time)


async def tagged(session: Reading, tags: Collection[str], until: int) -> list[RecordedEvent]:
    """Return the statements with any of `tags`, as far as position `until`, in order of it."""
    if not tags:
        return []
    rows = await session.fetch(
        STATEMENTS["select_stated"], session.part, sorted(tags), until, MASTER_DATA_RECEIVED
    )
    return [RecordedEvent(*row) for row in rows]


def tag_of(key: str) -> str:
    """Return what all is found by that is said of an identifier."""
    return f"masterdata {_word(key)}"


def line_tag_of(statement: Statement) -> str:
    """Return what is found by that its sender says of its identifier."""
    sender = "nobody" if statement.said_by is None else _word(statement.said_by)
    return f"{tag_of(statement.key)} by {sender}"


def child_tag_of(key: str) -> str:
    """Return what is found by that names an identifier as a child."""
    return f"masterdata of parent of {_word(key)}"


def _word(text: str) -> str:
    # Of what is no identifier there may be a page, with blanks in it.
    return text if _WORD.fullmatch(text) else f"sha256:{sha256(text.encode()).hexdigest()}"


def _exact(value: Decimal) -> orjson.Fragment:
    return orjson.Fragment(str(value))

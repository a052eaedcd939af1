"""
What of a document's master data is news.

Partners send the same master data with every shipment. A statement is recorded only where its
sender said something else last, or nothing, and what anybody said last is something else, too;
each as of the moment at which the document was made. So who repeats himself adds nothing, and two
who contradict each other for years have said two things.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import orjson

from epcis_repo.bindings.statements import statements_in
from epcis_repo.model.documents import Document
from epcis_repo.model.master_data import Statement, content_of, key_of
from epcis_repo.projections.lives import EVERYTHING
from epcis_repo.projections.stated import line_tag_of, statement_data, tag_of, tagged
from epcis_repo.store import EventData, Reading
from epcis_repo.store.envelope import opened

About = tuple[str, str]
"""The key of an identifier, and the vocabulary that it is an element of."""


class Told(NamedTuple):
    """What was said of an identifier, as far as it takes to tell what is news."""

    said_at: int
    position: int
    said_by: str | None
    content: str


class SentStatement(NamedTuple):
    """A statement of a document that may be recorded, and what tells whether it is news."""

    statement: Statement
    identity: str
    about: About
    told: Told
    tag: str
    line_tag: str

    @property
    def data(self) -> EventData:
        return statement_data(self.statement, self.identity, self.told.content)


def sent_statements(
    document: Document | None, digest: str, now: int, capture_error_behaviour: str
) -> Sequence[SentStatement]:
    """Return what the document with this digest, which comes at `now`, says beside its events."""
    said = () if document is None else statements_in(document, digest, now)
    # Recorded in part, a document may come again to be recorded whole. That says it anew.
    return [
        _sent(statement, f"masterdata {digest} {capture_error_behaviour} {number}")
        for number, statement in enumerate(said, 1)
    ]


def _sent(statement: Statement, identity: str) -> SentStatement:
    return SentStatement(
        statement=statement,
        identity=identity,
        about=(statement.key, statement.vocabulary),
        told=Told(statement.said_at, EVERYTHING, statement.said_by, content_of(statement)),
        tag=tag_of(statement.key),
        line_tag=line_tag_of(statement),
    )


class Hearsay:
    """What was said before of all that somebody says something else of than he did before."""

    def __init__(self, told: Mapping[About, list[Told]]) -> None:
        self._told = told

    def news(self, statements: Iterable[SentStatement]) -> Iterator[EventData]:
        """Yield the events for what is news; what comes next is compared with it, too."""
        for statement in statements:
            told = self._told.get(statement.about)
            if told is None or _is_known(statement, told):
                continue
            told.append(statement.told._replace(position=EVERYTHING + len(told)))
            yield statement.data


async def hearsay(session: Reading, statements: Collection[SentStatement]) -> Hearsay:
    """Return what was said before of what `statements` are about."""
    # Nearly always somebody repeats himself, and what others say need not be looked at.
    own = await _told(session, {statement.line_tag for statement in statements})
    others = [
        statement for statement in statements if not _is_known(statement, own[statement.about])
    ]
    told = await _told(session, {statement.tag for statement in others})
    return Hearsay({statement.about: told[statement.about] for statement in others})


def _is_known(statement: SentStatement, told: Iterable[Told]) -> bool:
    """Whether the last that was said by then, by its sender or by anybody, is the same."""
    says = statement.told
    before = [item for item in told if item.said_at <= says.said_at]
    own = [item for item in before if item.said_by == says.said_by]
    return any(max(said).content == says.content for said in (own, before) if said)


async def _told(session: Reading, tags: Collection[str]) -> dict[About, list[Told]]:
    found: defaultdict[About, list[Told]] = defaultdict(list)
    for recorded in await tagged(session, tags, EVERYTHING):
        value = orjson.loads(opened(recorded)[1])
        told = Told(value["said_at"], recorded.position, value["said_by"], value["content"])
        found[key_of(value["id"]), value["vocabulary"]].append(told)
    return found

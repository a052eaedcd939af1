"""
Answers to queries for master data: of each vocabulary the elements that are as asked.

What is answered is what is in force: of each identifier in a vocabulary the newest statement.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import groupby

from epcis_repo.errors import QueryTooComplexError, QueryTooLargeError
from epcis_repo.model.documents import Vocabulary, VocabularyElement
from epcis_repo.model.master_data import Statement, attribute_name
from epcis_repo.projections.master_data import MasterData
from epcis_repo.projections.stated import MASTER_DATA_RECEIVED, Stated, stated
from epcis_repo.query.known import places_within
from epcis_repo.query.master_data import MasterDataQuery
from epcis_repo.store import Query, QueryItem, Reading
from epcis_repo.store.log import read

# So many statements are looked at for one answer, and so many elements are in it.
_LOOKED_AT_MAX = 200_000
_ANSWERED_MAX = 50_000


async def select_vocabularies(session: Reading, query: MasterDataQuery) -> tuple[Vocabulary, ...]:
    """
    Return the vocabularies with the elements that are as asked, both in order of their names.

    Raises `QueryTooLargeError` for more elements than the query allows, or than one answer has.
    """
    named = [item.statement for item in await _named(session, query)]
    # Others are served while all of it is looked into.
    return await asyncio.to_thread(_answered, named, query)


def _answered(named: Iterable[Statement], query: MasterDataQuery) -> tuple[Vocabulary, ...]:
    found = [said for said in named if _is_asked(said, query)]
    allowed, said_by = _ANSWERED_MAX, "what is answered at once"
    if query.element_count_max is not None and query.element_count_max < allowed:
        allowed, said_by = query.element_count_max, "what maxElementCount allows"
    if len(found) > allowed:
        said = (
            f"{len(found)} elements of master data match, more than {allowed}, which is {said_by}"
        )
        raise QueryTooLargeError(f"{said}; narrow the query", count_max=allowed)
    found.sort(key=lambda said: (said.vocabulary, said.key))
    return tuple(
        Vocabulary(type=kind, elements=tuple(_element(said, query) for said in elements))
        for kind, elements in groupby(found, key=lambda said: said.vocabulary)
    )


async def _named(session: Reading, query: MasterDataQuery) -> Iterable[Stated]:
    """Return what is in force of what the query names, of everything where it names nothing."""
    if query.names is None and query.within is None:
        return await _all_in_force(session)
    keys = query.names
    if query.within is not None:
        within = await places_within(session, query.within)
        keys = within if keys is None else keys & within
    in_force = await MasterData(session).in_force(keys or ())
    return [item for by_vocabulary in in_force.values() for item in by_vocabulary.values()]


async def _all_in_force(session: Reading) -> Iterable[Stated]:
    newest: dict[tuple[str, str], Stated] = {}
    looked_at = 0
    async for recorded in read(session, Query((QueryItem((MASTER_DATA_RECEIVED,)),))):
        looked_at += 1
        if looked_at > _LOOKED_AT_MAX:
            raise QueryTooComplexError(
                f"more than {_LOOKED_AT_MAX} statements would have to be looked at; ask by EQ_name "
                "or WD_name"
            )
        item = stated(recorded)
        about = item.statement.key, item.statement.vocabulary
        if about not in newest or newest[about].order < item.order:
            newest[about] = item
    return newest.values()


def _is_asked(said: Statement, query: MasterDataQuery) -> bool:
    if query.vocabulary_names is not None and said.vocabulary not in query.vocabulary_names:
        return False
    known = {said.key: [(attribute_name(name), value) for name, value in said.attributes]}
    return all(test.holds(said.key, known) for test in query.tests)


def _element(said: Statement, query: MasterDataQuery) -> VocabularyElement:
    attributes = said.attributes if query.include_attributes else ()
    if query.attribute_names is not None:
        attributes = tuple(
            (name, value)
            for name, value in attributes
            if any(asked.is_of(attribute_name(name)) for asked in query.attribute_names)
        )
    children = said.children if query.include_children and said.children else None
    return VocabularyElement(
        id=said.id, attributes=attributes, children=children, extensions=said.extensions
    )

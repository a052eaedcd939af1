"""
What is known of a product, a place or a party: its master data, at one moment, as known at another.

What is said of a class of things is true of each of them, and what is said of a GLN of whatever it
is the GLN of, a place or a party.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import orjson

from epcis_repo.bindings.jsonld import SCHEMA_VERSION
from epcis_repo.errors import EpcisError, IdentifierError, NotFoundError, ScanError
from epcis_repo.gs1 import SCHEMES, Identifier, Level, parse_identifier
from epcis_repo.model.documents import Document, QueryResults
from epcis_repo.model.master_data import key_of
from epcis_repo.model.times import Timestamp, utc_text
from epcis_repo.operations.asked import identifier_asked
from epcis_repo.operations.naming import epc_of, identifier_value
from epcis_repo.projections.lives import EVERYTHING
from epcis_repo.projections.master_data import MasterData, Relative
from epcis_repo.projections.stated import Stated
from epcis_repo.query.master_data import MasterDataQuery
from epcis_repo.query.vocabularies import select_vocabularies
from epcis_repo.store import EventStore, log

# Of what hundreds of partners speak of, the newest are shown.
EARLIER_MAX = 100

_GLN = {"sgln": "pgln", "pgln": "sgln"}
_GLN_LENGTH = 13


@dataclass(frozen=True, slots=True)
class Known:
    """
    What is known of something that has a canonical key.

    `in_force` has the newest statement of each vocabulary, of the thing itself before those of its
    class; `earlier` all others, the newest first. `parents` and `children` are those of the thing
    itself, at every level.
    """

    key: str
    as_of: int | None
    known_at: int | None
    in_force: Sequence[Stated]
    earlier: Sequence[Stated]
    parents: Sequence[Relative]
    children: Sequence[Relative]


async def master_data(
    store: EventStore, asked: str, *, as_of: int | None = None, known_at: int | None = None
) -> Known:
    """
    Return what documents that were made until `as_of` said, as was known at `known_at`.

    Both are in microseconds. Raises `NotFoundError` where none said anything, `ScanError` where
    that is because it is no identifier.
    """
    async with store.reading() as session:
        until = await (log.head(session) if known_at is None else log.head_at(session, known_at))
        moment = EVERYTHING if as_of is None else as_of
        known = MasterData(session, as_of=moment, until=until)
        for keys in _readings(asked):
            said = await known.statements(keys)
            everything = [item for key in keys for item in said[key]]
            parents = await known.ancestors(keys[0])
            # Of some we know nothing but what they are in.
            if everything or parents:
                break
        else:
            raise _not_found(asked, as_of=as_of, known_at=known_at)
        by_key = await known.in_force(keys)
        in_force = [item for key in keys for item in by_key[key].values()]
        standing = {item.position for item in in_force}
        earlier = [item for item in everything if item.position not in standing]
        earlier.sort(key=lambda item: item.order, reverse=True)
        children = await known.descendants(keys[0])
    return Known(keys[0], as_of, known_at, in_force, earlier, parents, children)


def _readings(asked: str) -> list[list[str]]:
    """Return what `asked` may be, the likeliest first: the keys of a thing and of its classes."""
    readings = []
    with suppress(ScanError, IdentifierError):
        readings.append(_keys_of(parse_identifier(asked)))
    text = asked.strip()
    if len(text) == _GLN_LENGTH and text.isdecimal():
        # Digits alone are read as a GTIN; here, a GLN is as likely.
        with suppress(IdentifierError):
            readings.append(_keys_of(parse_identifier(f"414/{text}")))
    return [*readings, [key_of(text)]]


def _keys_of(identifier: Identifier) -> list[str]:
    """Return the key of a thing, and those of all that it is an instance of or the same as."""
    keys = [identifier.key]
    scheme = identifier.scheme
    if (identifier.level is Level.INSTANCE and scheme.has_pattern) or scheme.class_level:
        keys.append(replace(identifier, serial=None).key)
    if scheme.name in _GLN and identifier.serial is None:
        other = SCHEMES[_GLN[scheme.name]]
        keys.append(replace(identifier, scheme=other).key)
    return list(dict.fromkeys(keys))


def _not_found(asked: str, *, as_of: int | None, known_at: int | None) -> EpcisError:
    try:
        identifier_asked(asked)
    except (IdentifierError, ScanError) as error:
        return error
    if as_of is None and known_at is None:
        return NotFoundError(f"no document here has master data of {asked}")
    return NotFoundError(f"no document known and made by then has master data of {asked}")


async def master_data_answer(store: EventStore, query: MasterDataQuery, *, now: int) -> Document:
    """Return the answer of SimpleMasterDataQuery: what is in force now, of what is asked."""
    async with store.reading(long=True) as session:
        vocabularies = await select_vocabularies(session, query)
    return Document(
        events=None,
        schema_version=SCHEMA_VERSION,
        creation_date=Timestamp(utc_text(now), now),
        query_results=QueryResults(query_name="SimpleMasterDataQuery", vocabularies=vocabularies),
    )


def master_data_value(known: Known) -> dict[str, Any]:
    """Return it as JSON (`schemas/masterdata.schema.json`)."""
    return {
        "id": _id_value(known),
        "as_of": None if known.as_of is None else utc_text(known.as_of),
        "known_at": None if known.known_at is None else utc_text(known.known_at),
        "in_force": [_stated_value(item) for item in known.in_force],
        "earlier": [_stated_value(item) for item in known.earlier[:EARLIER_MAX]],
        "earlier_count": len(known.earlier),
        "parents": [item._asdict() for item in known.parents],
        "children": [item._asdict() for item in known.children],
    }


def _id_value(known: Known) -> dict[str, Any]:
    # As a sender of master data has it, who knows how long the company prefix is.
    own = (item.statement.id for item in known.in_force if item.statement.key == known.key)
    name = next(own, None) or epc_of(known.key)
    try:
        return identifier_value(name)
    except (IdentifierError, ScanError):
        return {"epc": name}


def _stated_value(item: Stated) -> dict[str, Any]:
    said = item.statement
    return {
        "id": said.id,
        "vocabulary": said.vocabulary,
        "attributes": [{"id": name, "attribute": _exact(value)} for name, value in said.attributes],
        "children": list(said.children),
        "extensions": _exact(said.extensions),
        "said_at": utc_text(said.said_at),
        "said_by": said.said_by,
        "record_time": utc_text(item.record_time),
        "position": item.position,
        "document": said.document,
    }


def _exact(value: Any) -> Any:
    """Return a value with its numbers digit by digit."""
    match value:
        case Mapping():
            return {name: _exact(member) for name, member in value.items()}
        case list():
            return [_exact(member) for member in value]
        case Decimal():
            return orjson.Fragment(str(value))
    return value

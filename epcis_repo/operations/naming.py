"""Names for things: how a person, or the partner who sent it, writes a canonical key."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from epcis_repo.errors import IdentifierError
from epcis_repo.gs1 import Identifier, digital_link, element_string, parse_identifier, urn
from epcis_repo.projections.epc_state import EpcState


def epc_of(key: str, state: EpcState | None) -> str:
    """
    Return the EPC URN of `key`, parted as its sender did; else its Digital Link.

    A URN needs the length of the company prefix, which is known for what came as a URN and
    for the prefixes of GS1's table.
    """
    identifier = parse_identifier(key)
    try:
        length = None if state is None else state.company_prefix_length
        return urn(identifier, company_prefix_length=length)
    except IdentifierError:
        return digital_link(identifier)


def names_of(keys: Collection[str], states: Mapping[str, EpcState]) -> dict[str, str]:
    """Return the EPC of each key."""
    return {key: epc_of(key, states.get(key)) for key in keys}


def identifier_value(identifier: Identifier, state: EpcState | None) -> dict[str, Any]:
    """Return an identifier in each of its spellings; those that it does not have are absent."""
    value: dict[str, Any] = {"epc": epc_of(identifier.key, state)}
    for name, spell in (("digital_link", digital_link), ("element_string", element_string)):
        try:
            value[name] = spell(identifier)
        except IdentifierError:
            continue
    return value

"""Names for things: how a person, or the partner who sent it, writes a canonical key."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from epcis_repo.errors import IdentifierError
from epcis_repo.gs1 import Identifier, digital_link, element_string, parse_identifier, urn
from epcis_repo.model.found_by import class_of

# What the names of a class of things begin with, by what its keys begin with and by company
# prefixes. Emptied when full.
_HEADS: dict[tuple[str, str], str] = {}
_HEADS_MAX = 16_384


# A container is named in the history of each thing that was in it.
@lru_cache(maxsize=16_384)
def epc_of(key: str, company_prefixes: str = "") -> str:
    """
    Return the EPC URN of `key`, parted as its sender did; else its Digital Link.

    A URN needs the length of the company prefix, which is known for what came as a URN, by one
    of `company_prefixes` (with blanks between), and for the prefixes of GS1's table.
    """
    identifier = parse_identifier(key)
    for prefix in company_prefixes.split():
        with suppress(IdentifierError):
            text = urn(identifier, company_prefix_length=len(prefix))
            if text.partition(".")[0].endswith(f":{prefix}"):
                return text
    try:
        return urn(identifier)
    except IdentifierError:
        return digital_link(identifier)


def names_of(company_prefixes: Mapping[str, str]) -> dict[str, str]:
    """Return the EPC of each key, given the company prefixes that each came with."""
    names: dict[str, str] = {}
    for key, prefixes in company_prefixes.items():
        beginning = class_of(key) or key
        serial = key[len(beginning) :]
        # All that a class of things has in common is looked at once; other characters than these
        # are spelt in one way here and in another there.
        is_plain = serial.isalnum() and serial.isascii()
        if is_plain and (head := _HEADS.get((beginning, prefixes))) is not None:
            names[key] = head + serial
            continue
        names[key] = name = epc_of(key, prefixes)
        if is_plain and name.endswith(serial):
            if len(_HEADS) >= _HEADS_MAX:
                _HEADS.clear()
            _HEADS[beginning, prefixes] = name.removesuffix(serial)
    return names


def identifier_value(epc: str, identifier: Identifier | None = None) -> dict[str, Any]:
    """
    Return an EPC in each of its spellings; those that it does not have are absent.

    Who knows what it identifies may say so.
    """
    identifier = identifier or parse_identifier(epc)
    value: dict[str, Any] = {"epc": epc}
    for name, spell in (("digital_link", digital_link), ("element_string", element_string)):
        with suppress(IdentifierError):
            value[name] = spell(identifier)
    return value

"""Names for things: how a person, or the partner who sent it, writes a canonical key."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from epcis_repo.errors import IdentifierError
from epcis_repo.gs1 import Identifier, digital_link, element_string, parse_identifier, urn
from epcis_repo.model.found_by import class_of


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
    heads: dict[tuple[str, str], str] = {}
    names: dict[str, str] = {}
    for key, prefixes in company_prefixes.items():
        beginning = class_of(key) or key
        serial = key[len(beginning) :]
        # All that a class of things has in common is looked at once; other characters than these
        # are spelt in one way here and in another there.
        is_plain = serial.isalnum() and serial.isascii()
        if is_plain and (head := heads.get((beginning, prefixes))) is not None:
            names[key] = head + serial
            continue
        names[key] = name = epc_of(key, prefixes)
        if is_plain and name.endswith(serial):
            heads[beginning, prefixes] = name.removesuffix(serial)
    return names


def identifier_value(epc: str) -> dict[str, Any]:
    """Return an EPC in each of its spellings; those that it does not have are absent."""
    identifier: Identifier = parse_identifier(epc)
    value: dict[str, Any] = {"epc": epc}
    for name, spell in (("digital_link", digital_link), ("element_string", element_string)):
        with suppress(IdentifierError):
            value[name] = spell(identifier)
    return value

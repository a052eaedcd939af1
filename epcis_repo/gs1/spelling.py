"""
Identifiers in the spelling that somebody asks for (EPCIS 2.0, §12.2: GS1-EPC-Format).

- A spelling changes nothing that is said: both have one canonical key.
- What cannot be said in the spelling asked for stays as it is, and why is told.
- A Digital Link stays that of its own domain; one that says more than a URN can stays a link.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from epcis_repo.errors import IdentifierError
from epcis_repo.gs1.identifiers import (
    DIGITAL_LINK_DOMAIN,
    canonical_key,
    canonical_keys,
    link_elements,
    parse_digital_link,
    urn,
)
from epcis_repo.gs1.schemes import X


class EpcFormat(StrEnum):
    """The values of GS1-EPC-Format."""

    NO_PREFERENCE = "No_Preference"
    ALWAYS_DIGITAL_LINK = "Always_GS1_Digital_Link"
    ALWAYS_URN = "Always_EPC_URN"
    NEVER_TRANSLATES = "Never_Translates"


class Kept(NamedTuple):
    """Identifiers that stay as they are: how many, the first of them, and why that one does."""

    number: int
    first: str
    why: str

    def __str__(self) -> str:
        others = f" and {self.number - 1} more stay" if self.number > 1 else " stays"
        return f"{self.first}{others} as received: {self.why}"


def spelt_epcs(texts: Sequence[str], form: EpcFormat) -> tuple[tuple[str, ...], Kept | None]:
    """Return identifiers in the spelling asked for, and which of them are not."""
    if form is EpcFormat.ALWAYS_URN:
        return _spelt(texts, _as_urn)
    if form is not EpcFormat.ALWAYS_DIGITAL_LINK:
        return tuple(texts), None
    links = _links_of_urns(texts)
    return _spelt(texts, _as_link) if links is None else (links, None)


def without_links(texts: Sequence[str]) -> tuple[tuple[str, ...], Kept | None]:
    """Return identifiers with URNs for Digital Links, and which of those stay."""
    if all(text.startswith("urn:") for text in texts):
        return tuple(texts), None
    return _spelt(texts, lambda text: text if link_elements(text) is None else _as_urn(text))


def _spelt(
    texts: Sequence[str], spell: Callable[[str], str]
) -> tuple[tuple[str, ...], Kept | None]:
    spelt: list[str] = []
    kept: Kept | None = None
    for text in texts:
        try:
            spelt.append(spell(text))
        except IdentifierError as error:
            spelt.append(text)
            why = f"{error.part}: expected {error.expected}"
            kept = Kept(1, text, why) if kept is None else kept._replace(number=kept.number + 1)
    return tuple(spelt), kept


def _links_of_urns(texts: Sequence[str]) -> tuple[str, ...] | None:
    """Return the Digital Links of what are URNs of GS1 keys, all of them; else None."""
    if not all(text.startswith("urn:") for text in texts):
        return None
    try:
        keys = canonical_keys(texts)
    except IdentifierError:
        return None
    if not all(map(_is_gs1_key, keys)):
        return None
    return tuple([DIGITAL_LINK_DOMAIN + key for key in keys])


def link_of_key(key: str) -> str:
    """Return the Digital Link of a canonical key, or the key where it is a URI without one."""
    return DIGITAL_LINK_DOMAIN + key if _is_gs1_key(key) else key


def _is_gs1_key(key: str) -> bool:
    # It begins with an application identifier, any other URI with a letter.
    return key[0] <= "9"


def _as_link(text: str) -> str:
    key = canonical_key(text)
    if not _is_gs1_key(key):
        raise IdentifierError(text, part="scheme", expected="one that has a Digital Link")
    return DIGITAL_LINK_DOMAIN + key if text[:4].lower() == "urn:" else text


def _as_urn(text: str) -> str:
    if text[:8].lower() == "urn:epc:":
        return text
    head, _, serial = text.rpartition("/")
    if serial.isalnum() and serial.isascii():
        known = _urn_head(head)
        if known is not None and len(serial) <= known[1]:
            return known[0] + serial
    return _parsed_urn(text)


def _parsed_urn(text: str) -> str:
    elements = link_elements(text)
    if elements is None:
        raise IdentifierError(text, part="scheme", expected="an EPC or a GS1 Digital Link")
    identifier = parse_digital_link(text)
    serial = identifier.scheme.serial
    known = [identifier.scheme.ai, serial.ai if serial else None]
    more = [ai for ai in elements if ai not in known]
    if more or "?" in text or "#" in text:
        found = ", ".join(more) or "attributes behind the path"
        raise IdentifierError(text, part="Digital Link", expected="one without more", found=found)
    return urn(identifier)


# The serials of a lot differ in what stands behind the last slash, and in nothing else.
@lru_cache(maxsize=65_536)
def _urn_head(head: str) -> tuple[str, int] | None:
    """Return what precedes any serial of letters and digits in a URN, and how long it may be."""
    try:
        identifier = parse_digital_link(f"{head}/A")
        spelt = _parsed_urn(f"{head}/A")
    except IdentifierError:
        return None
    serial = identifier.scheme.serial
    if serial is None or serial.characters != X or identifier.serial != "A":
        return None
    return spelt.removesuffix("A"), serial.length_max

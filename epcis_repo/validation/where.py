"""Rules for the where dimension: read point and business location (EPCIS 2.0, §7.3.5)."""

from __future__ import annotations

from collections.abc import Iterator

from epcis_repo.errors import IdentifierError
from epcis_repo.gs1 import Identifier, canonical_key, parse_digital_link, parse_urn
from epcis_repo.gs1.identifiers import link_elements
from epcis_repo.model.events import Event
from epcis_repo.validation.rule import Fault, Seen

_PLACES = (("read_point", "readPoint"), ("biz_location", "bizLocation"))


def places_are_identified(event: Event, seen: Seen) -> Iterator[Fault]:
    for name, standard in _PLACES:
        # That there is something to identify is another rule's.
        if (place := getattr(event, name)) is None or not place.id:
            continue
        if (why_not := why_no_identifier(place.id)) is not None:
            yield Fault((standard, "id"), *why_not)
        elif (scheme := scheme_of(place.id)) not in (None, "sgln"):
            expected = "a place: an SGLN, a URI of a location, or geo:"
            yield Fault((standard, "id"), expected, f"the {scheme} {place.id}")


def places_have_no_more_than_an_id(event: Event, seen: Seen) -> Iterator[Fault]:
    for name, standard in _PLACES:
        place = getattr(event, name)
        for extension in place.extensions if place is not None else ():
            expected = "an id alone; an extension belongs beside it, in the event"
            yield Fault((standard, extension), expected, extension)


def places_say_which(event: Event, seen: Seen) -> Iterator[Fault]:
    for name, standard in _PLACES:
        place = getattr(event, name)
        if place is not None and not place.id:
            yield Fault((standard, "id"), "an identifier, or no place at all", "an empty text")


def why_no_identifier(text: str) -> tuple[str, str] | None:
    """Return what was expected of an identifier and what was found, None if it is one."""
    try:
        canonical_key(text)
    except IdentifierError as error:
        found = text if error.found == error.value else f"{error.found} in {text}"
        return f"{error.expected} as {error.part}", found
    return None


def scheme_of(text: str) -> str | None:
    """Return the EPC scheme of an identifier that is one, None for a private URI."""
    identifier: Identifier | None = None
    try:
        if text[:8].lower() == "urn:epc:":
            identifier = parse_urn(text)
        elif link_elements(text) is not None:
            identifier = parse_digital_link(text)
    except IdentifierError:
        return None
    return None if identifier is None else identifier.scheme.name

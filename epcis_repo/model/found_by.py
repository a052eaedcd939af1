"""
What an event is found by beside the things that it names: their classes, and what it refers to.

Each is a tag of the log, as the things are. A tag of these begins with a word and a blank, which
no URI has in it, so that none is taken for a thing: a transaction may be a document that is
itself packed and shipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256
from typing import Any

from epcis_repo.errors import IdentifierError
from epcis_repo.gs1 import SCHEMES, canonical_key
from epcis_repo.gs1.cbv import BIZ_STEP, DISPOSITION, Vocabulary, is_cbv
from epcis_repo.model.events import Event

LOT_NUMBER = "{urn:epcglobal:cbv:mda}lotNumber"


class Link(IntEnum):
    """
    As what an event refers to something. The numbers are stored, so they never change.

    They go on where those of `what.Role` end.
    """

    PLACE = 9
    BIZ_TRANSACTION = 10
    SOURCE = 11
    DESTINATION = 12
    TRANSFORMATION = 13
    CORRECTIVE_EVENT = 14
    LOT = 15
    READ_POINT = 16
    BIZ_LOCATION = 17
    BIZ_STEP = 18
    DISPOSITION = 19


_WORDS = {
    Link.PLACE: "at",
    Link.BIZ_TRANSACTION: "for",
    Link.SOURCE: "from",
    Link.DESTINATION: "to",
    Link.TRANSFORMATION: "by",
    Link.CORRECTIVE_EVENT: "instead",
    Link.LOT: "lot",
    Link.READ_POINT: "read",
    Link.BIZ_LOCATION: "in",
    Link.BIZ_STEP: "step",
    Link.DISPOSITION: "disposition",
}
_CLASS = "of"
# What these are is a text as it is. The others may be URIs with more than one spelling.
_VERBATIM = {_WORDS[link] for link in (Link.LOT, Link.BIZ_STEP, Link.DISPOSITION)}

# A transaction or a lot may be any text. What no index takes is known by its hash.
_PLAIN = re.compile("[!-~]{1,300}")
_HASHED = "sha256:"


def reference_key(text: str) -> str:
    """Return the canonical key of what an event refers to, the text itself where it is no URI."""
    # All that has a key of another spelling. To find out of a UUID that it has none takes long.
    if not text[:8].lower().startswith(("urn:epc:", "http:", "https:")):
        return text
    try:
        return canonical_key(text)
    except IdentifierError:
        return text


def link_tag(link: Link, text: str) -> str:
    """Return the tag of the events that refer to `text` as this."""
    return _tag(_WORDS[link], text)


def tags_begin_with(link: Link) -> str:
    """Return what all tags of a kind begin with, and no others."""
    return f"{_WORDS[link]} "


def key_in(tag: str) -> str | None:
    """Return the key or text that a tag ends with; None where only its hash is known."""
    _, _, key = tag.partition(" ")
    return None if key.startswith(_HASHED) else key


# A partner ships from few places, and to few.
@lru_cache(maxsize=16_384)
def _tag(word: str, text: str) -> str:
    key = text if word in _VERBATIM else reference_key(text)
    if not _PLAIN.fullmatch(key):
        key = _HASHED + sha256(key.encode(errors="surrogatepass")).hexdigest()
    return f"{word} {key}"


def links_of(event: Event) -> dict[int, tuple[str, ...]]:
    """Return the tags of what `event` refers to, by the number of the `Link`."""
    return {
        number: tuple(dict.fromkeys([_tag(word, text) for text in texts]))
        for number, word, texts_of in _LINKS
        if (texts := texts_of(event))
    }


def _lots(event: Event) -> Sequence[str]:
    ilmd = getattr(event, "ilmd", None)
    return list(_texts_in(ilmd[LOT_NUMBER])) if ilmd and LOT_NUMBER in ilmd else ()


def _texts_in(value: Any) -> Iterator[str]:
    """Yield the texts of a field: several where it is there more than once."""
    match value:
        case list():
            for member in value:
                yield from _texts_in(member)
        case dict():
            # In XML a value with attributes, in JSON-LD a typed one, has its text one level down.
            yield from _texts_in(value.get("#text", value.get("@value")))
        case bool() | "" | None:
            pass
        case str():
            yield value
        case int() | Decimal():
            # However many zeros it is written with.
            yield str(Fraction(value))


def _one_place(event: Event) -> Sequence[str]:
    # Most things are read where they then are: one tag for both is one less for most events.
    read_point, biz_location = event.read_point, event.biz_location
    if read_point is None or biz_location is None or read_point.id != biz_location.id:
        return ()
    return (read_point.id,)


def _place_of(name: str, other: str) -> Callable[[Event], Sequence[str]]:
    def texts_of(event: Event) -> Sequence[str]:
        place, there = getattr(event, name), getattr(event, other)
        if place is None or (there is not None and place.id == there.id):
            return ()
        return (place.id,)

    return texts_of


def _custom_word(name: str, vocabulary: Vocabulary) -> Callable[[Event], Sequence[str]]:
    # The words of the standard are in every log, and in most events.
    def texts_of(event: Event) -> Sequence[str]:
        word = getattr(event, name)
        return () if word is None or is_cbv(vocabulary, word) else (word,)

    return texts_of


def _corrective_events(event: Event) -> Sequence[str]:
    declared = event.error_declaration
    return () if declared is None else declared.corrective_event_ids or ()


def _transformations(event: Event) -> Sequence[str]:
    transformation = getattr(event, "transformation_id", None)
    return () if transformation is None else (transformation,)


_TEXTS: dict[Link, Callable[[Event], Sequence[str]]] = {
    Link.PLACE: _one_place,
    Link.BIZ_TRANSACTION: lambda e: [x.biz_transaction for x in e.biz_transaction_list or ()],
    Link.SOURCE: lambda e: [x.id for x in e.source_list or ()],
    Link.DESTINATION: lambda e: [x.id for x in e.destination_list or ()],
    Link.TRANSFORMATION: _transformations,
    Link.CORRECTIVE_EVENT: _corrective_events,
    Link.LOT: _lots,
    Link.READ_POINT: _place_of("read_point", "biz_location"),
    Link.BIZ_LOCATION: _place_of("biz_location", "read_point"),
    Link.BIZ_STEP: _custom_word("biz_step", BIZ_STEP),
    Link.DISPOSITION: _custom_word("disposition", DISPOSITION),
}
# The numbers as such: to look up a member of an enumeration takes longer than all else here.
_LINKS = tuple((int(link), _WORDS[link], texts_of) for link, texts_of in _TEXTS.items())

# Keys whose serial has a segment of its own, behind the class and an application identifier; and
# those that it ends, with the length of what precedes it.
_SEGMENTED = frozenset(row.ai for row in SCHEMES.values() if row.serial and row.serial.ai)
_JOINED = {
    row.ai: row.check_digit_at for row in SCHEMES.values() if row.serial and not row.serial.ai
}


def class_of(key: str) -> str | None:
    """
    Return what the key of a thing has in common with all others of its class.

    That is all of the key but the serial or the lot; of what is a class, its key; None for what
    belongs to none that GS1 has a key for, such as an SSCC.
    """
    ai, _, rest = key.partition("/")
    if ai in _SEGMENTED:
        value, _, _serial = rest.rpartition("/")
        return f"{ai}/{value}/" if "/" in value else key
    if ai in _JOINED:
        return key[: len(ai) + 1 + _JOINED[ai]]
    return None


def class_tag(beginning: str) -> str:
    """Return the tag of the events that name things of a class, as `class_of` has it."""
    return f"{_CLASS} {beginning}"


def class_tags(keys: Sequence[str]) -> tuple[str, ...]:
    """Return the tags of the classes of these things, each once."""
    beginnings = {class_of(key): None for key in keys}
    return tuple([class_tag(beginning) for beginning in beginnings if beginning is not None])

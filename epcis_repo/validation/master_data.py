"""Rules for master data that a document has twice: in its header and in its events (§6.5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from epcis_repo.bindings.names import CBVMDA
from epcis_repo.model.documents import Document
from epcis_repo.model.events import Event
from epcis_repo.model.master_data import attribute_name, key_of, plain
from epcis_repo.validation.header import element_steps
from epcis_repo.validation.rule import AcrossEvents, Fault, Seen

# So many attributes of things and classes are remembered of a document.
REMEMBERED_MAX = 1 << 17

_GTIN_LENGTH = len("01/00000000000000")


class HeadersAgreeWithEvents(AcrossEvents):
    """
    What a header says of a thing, its lot or its class, the events in which it begins say, too.

    Texts are compared; what has a structure in one place has another in the other.
    """

    def __init__(self) -> None:
        self._said: dict[int, list[tuple[str, int]]] = {}

    def event(self, event: Event, number: int, seen: Seen) -> Iterable[Fault]:
        """Remember what the event says of what begins with it."""
        ilmd = getattr(event, "ilmd", None)
        if not ilmd or event.error_declaration is not None:
            return ()
        texts = {_attribute(name): text for name, value in ilmd.items() if (text := _text(value))}
        for key in _keys(seen, texts.get(_LOT, "")):
            for name, text in texts.items():
                if len(self._said) >= REMEMBERED_MAX:
                    return ()
                said = self._said.setdefault(hash((key, name)), [])
                # Of two that differ, one contradicts whatever a header says.
                if len(said) < _ENOUGH and all(text != other for other, _ in said):
                    said.append((text, number))
        return ()

    def end(self, document: Document) -> Iterator[Fault]:
        """Compare it with the header."""
        for first, vocabulary in enumerate(document.vocabularies or ()):
            for second, element in enumerate(vocabulary.elements):
                yield from self._contradictions(
                    key_of(element.id), element.attributes, element_steps(first, second)
                )

    def _contradictions(
        self, key: str, attributes: Iterable[tuple[str, Any]], steps: tuple[str | int, ...]
    ) -> Iterator[Fault]:
        texts: dict[str, dict[str, int]] = defaultdict(dict)
        for index, (name, value) in enumerate(attributes):
            if text := _text(value):
                texts[attribute_name(name)].setdefault(text, index)
        for name, told in texts.items():
            for text, number in self._said.get(hash((key, name)), ()):
                if text not in told:
                    found, index = next(iter(told.items()))
                    expected = f"{text}, as event {number} has it in its ilmd"
                    yield Fault((*steps, "attributes", index), expected, found)
                    break


_ENOUGH = 2
_LOT = f"{CBVMDA}#lotNumber"


def _attribute(name: str) -> str:
    """Return the name in a header of what has this one in an event."""
    namespace, brace, local = name[1:].partition("}")
    return attribute_name(f"{namespace}#{local}" if brace else name)


def _text(value: Any) -> str:
    text = plain(value)
    return text if isinstance(text, str) else ""


def _keys(seen: Seen, lot: str) -> Iterator[str]:
    """Yield the classes and the lot of what begins with an event, and then each thing."""
    what = seen.what
    named = [*what.epcs, *what.outputs, *what.classes, *what.output_classes]
    gtins = {key[:_GTIN_LENGTH] for key in named if key.startswith("01/")}
    for gtin in sorted(gtins):
        yield gtin
        if lot:
            yield key_of(f"https://id.gs1.org/{gtin}/10/{quote(lot, safe='')}")
    yield from (key for key in dict.fromkeys(named) if key and key not in gtins)

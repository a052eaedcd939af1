"""The what dimension of an event, by canonical key: the things and classes that it names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from operator import attrgetter

from epcis_repo.errors import IdentifierError
from epcis_repo.gs1 import canonical_key, keys_and_class
from epcis_repo.model.events import Event
from epcis_repo.model.found_by import class_tag, class_tags, links_of


class Role(IntEnum):
    """
    As what an event names something. The numbers are stored, so they never change.

    Where one thing has several roles in an event, the highest tells what became of it: what
    went into a transformation and came out of it is there.
    """

    CLASS = 1
    INPUT_CLASS = 2
    OUTPUT_CLASS = 3
    PARENT = 4
    OBJECT = 5
    CHILD = 6
    INPUT = 7
    OUTPUT = 8


# Fields that name things or classes, each in its own list: things by the number of their role, as
# such, since to look up a member of an enumeration takes longer than all else here.
EPC_LISTS = {
    "epc_list": int(Role.OBJECT),
    "child_epcs": int(Role.CHILD),
    "input_epc_list": int(Role.INPUT),
    "output_epc_list": int(Role.OUTPUT),
}
QUANTITY_LISTS = (
    "quantity_list",
    "child_quantity_list",
    "input_quantity_list",
    "output_quantity_list",
)


@dataclass(frozen=True, slots=True)
class What:
    """
    The canonical keys of what an event names, in the order in which it names them.

    `classes` are those of quantity lists that are no inputs or outputs. `alike` is what all keys
    of a role have before their serial, where that was seen on the way. `links` are the tags of
    what the event refers to besides, by the number of the `Link`.
    """

    parent: str | None = None
    epcs: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    input_classes: tuple[str, ...] = ()
    output_classes: tuple[str, ...] = ()
    alike: Mapping[int, str] = field(default_factory=dict, compare=False)
    links: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    def keys(self) -> Iterator[str]:
        """Yield every key and tag; one that is named twice comes twice."""
        for keys in self.by_role().values():
            yield from keys

    def by_role(self) -> dict[int, tuple[str, ...]]:
        """
        Return what the event is found by: by the number of its `Role` or `Link`, without those
        that have none. The keys of a role come before the tags of their classes.
        """
        found_by: dict[int, tuple[str, ...]] = {}
        if self.parent is not None:
            found_by[_PARENT] = (self.parent, *class_tags((self.parent,)))
        for role, keys_of in _LISTS:
            if keys := keys_of(self):
                beginning = self.alike.get(role)
                tags = class_tags(keys) if beginning is None else (class_tag(beginning),)
                found_by[role] = keys + tags
        found_by.update(self.links)
        return found_by


_PARENT = int(Role.PARENT)
_LISTS: tuple[tuple[int, Callable[[What], tuple[str, ...]]], ...] = (
    (int(Role.OBJECT), attrgetter("epcs")),
    (int(Role.CHILD), attrgetter("children")),
    (int(Role.INPUT), attrgetter("inputs")),
    (int(Role.OUTPUT), attrgetter("outputs")),
    (int(Role.CLASS), attrgetter("classes")),
    (int(Role.INPUT_CLASS), attrgetter("input_classes")),
    (int(Role.OUTPUT_CLASS), attrgetter("output_classes")),
)

KeysOf = Callable[[Sequence[str]], tuple[Sequence[str], str | None]]
"""Returns the keys of texts, and what precedes the serial in all of them, if that was seen."""


def what_of(event: Event, keys_of: KeysOf = keys_and_class) -> What:
    """Return what `event` names; `IdentifierError` at the first that is no identifier."""
    parent = getattr(event, "parent_id", None)
    things: list[tuple[str, ...]] = []
    alike: dict[int, str] = {}
    for name, role in EPC_LISTS.items():
        texts = getattr(event, name, None)
        if not texts:
            things.append(())
            continue
        keys, beginning = keys_of(texts)
        things.append(tuple(keys))
        if beginning is not None:
            alike[role] = beginning
    objects, children_of_class, input_classes, output_classes = (
        tuple(keys_of([quantity.epc_class for quantity in quantities])[0]) if quantities else ()
        for quantities in (getattr(event, name, None) for name in QUANTITY_LISTS)
    )
    epcs, children, inputs, outputs = things
    return What(
        parent=None if parent is None else keys_of([parent])[0][0],
        epcs=epcs,
        children=children,
        inputs=inputs,
        outputs=outputs,
        classes=objects + children_of_class,
        input_classes=input_classes,
        output_classes=output_classes,
        alike=alike,
        links=links_of(event),
    )


def wrong_identifiers(event: Event) -> Iterator[tuple[str, int | None, IdentifierError]]:
    """Yield every identifier of the what dimension that is wrong: attribute, index, why."""
    named: list[tuple[str, int | None, str]] = []
    if (parent := getattr(event, "parent_id", None)) is not None:
        named.append(("parent_id", None, parent))
    for name in EPC_LISTS:
        named += ((name, i, text) for i, text in enumerate(getattr(event, name, None) or ()))
    for name in QUANTITY_LISTS:
        quantities = getattr(event, name, None) or ()
        named += ((name, i, quantity.epc_class) for i, quantity in enumerate(quantities))
    for name, index, text in named:
        try:
            canonical_key(text)
        except IdentifierError as error:
            yield name, index, error

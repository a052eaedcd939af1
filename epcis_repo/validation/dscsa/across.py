"""Rules for the events together: what begins once, is in one place, and follows what."""

from __future__ import annotations

from collections.abc import Iterator

from epcis_repo.model.events import AggregationEvent, Event
from epcis_repo.validation.dscsa.said import MDA, step_of, text_at, text_of
from epcis_repo.validation.rule import AcrossEvents, Fault, Seen

# So many things of a document are remembered by each rule.
REMEMBERED_MAX = 1 << 17


class CommissionedOnce(AcrossEvents):
    """Nothing begins twice."""

    def __init__(self) -> None:
        self._commissioned: dict[int, int] = {}

    def event(self, event: Event, number: int, seen: Seen) -> Iterator[Fault]:
        if event.error_declaration is not None or step_of(event) != "commissioning":
            return
        for index, key in enumerate(seen.what.epcs):
            first = self._commissioned.get(hash(key))
            if not key:
                continue
            if first is not None:
                found = f"{text_at(event, 'epcList', index)}, commissioned by event {first}"
                yield Fault(("epcList", index), "what was not commissioned before", found)
            elif len(self._commissioned) < REMEMBERED_MAX:
                self._commissioned[hash(key)] = number


class CommissionedBefore(AcrossEvents):
    """What is packed or shipped was commissioned, in the document and before."""

    def __init__(self) -> None:
        self._commissioned: dict[int, int] = {}

    def event(self, event: Event, number: int, seen: Seen) -> Iterator[Fault]:
        step, what, time = step_of(event), seen.what, event.event_time.microseconds
        if event.error_declaration is not None:
            return
        if step == "commissioning":
            # Beyond the limit nothing can be said of what is not remembered.
            if len(self._commissioned) < REMEMBERED_MAX:
                self._commissioned.update((hash(key), time) for key in what.epcs)
            return
        if step not in ("packing", "shipping") or len(self._commissioned) >= REMEMBERED_MAX:
            return
        named: list[tuple[tuple[str | int, ...], str]] = [(("parentID",), what.parent or "")]
        named += [(("epcList", index), key) for index, key in enumerate(what.epcs)]
        named += [(("childEPCs", index), key) for index, key in enumerate(what.children)]
        for steps, key in named:
            begun = self._commissioned.get(hash(key))
            if key and (begun is None or begun > time):
                expected = f"what was commissioned before it is used for {step}"
                found = "no commissioning before it" if begun is None else "commissioned later"
                yield Fault(steps, expected, f"{text_at(event, *steps)}, {found}")


class InOneContainer(AcrossEvents):
    """What is in a container was taken out before it is put into another."""

    def __init__(self) -> None:
        self._parents: dict[int, tuple[int, int]] = {}
        self._children: dict[int, set[int]] = {}

    def event(self, event: Event, number: int, seen: Seen) -> Iterator[Fault]:
        if not isinstance(event, AggregationEvent) or event.error_declaration is not None:
            return
        parent = hash(seen.what.parent)
        children = seen.what.children
        if event.action == "DELETE":
            gone = {hash(key) for key in children} or self._children.get(parent, set())
            for child in list(gone):
                if self._parents.get(child, (None, 0))[0] == parent:
                    del self._parents[child]
        if event.action != "ADD":
            return
        for index, key in enumerate(children):
            inside = self._parents.get(hash(key))
            if not key:
                continue
            if inside is not None and inside[0] != parent:
                text = text_at(event, "childEPCs", index)
                found = f"{text}, which event {inside[1]} put into another"
                yield Fault(("childEPCs", index), "what is in no other container", found)
            elif len(self._parents) < REMEMBERED_MAX:
                self._parents[hash(key)] = parent, number
                self._children.setdefault(parent, set()).add(hash(key))


class PackedFromWithin(AcrossEvents):
    """A container is filled before it is put into another, whatever stands first."""

    def __init__(self) -> None:
        self._filled: dict[int, tuple[int, int]] = {}
        self._put_away: dict[int, tuple[int, int]] = {}

    def event(self, event: Event, number: int, seen: Seen) -> Iterator[Fault]:
        if step_of(event) != "packing" or event.error_declaration is not None:
            return
        time, parent = event.event_time.microseconds, hash(seen.what.parent)
        away = self._put_away.get(parent)
        if seen.what.parent and away is not None and away[0] < time:
            expected = "a time before the container was put into another"
            found = f"{event.event_time.text}; event {away[1]} put it into another before"
            yield Fault(("eventTime",), expected, found)
        for key in seen.what.children:
            filled = self._filled.get(hash(key))
            if filled is not None and filled[0] > time:
                expected = "a time after the container was filled"
                found = f"{event.event_time.text}; event {filled[1]} filled it after that"
                yield Fault(("eventTime",), expected, found)
            if len(self._put_away) < REMEMBERED_MAX:
                self._put_away.setdefault(hash(key), (time, number))
        if len(self._filled) < REMEMBERED_MAX:
            self._filled[parent] = max((time, number), self._filled.get(parent, (0, 0)))


class OneExpiryOfALot(AcrossEvents):
    """A lot of a product expires on one day."""

    def __init__(self) -> None:
        self._expiries: dict[int, tuple[str, int]] = {}

    def event(self, event: Event, number: int, seen: Seen) -> Iterator[Fault]:
        ilmd = getattr(event, "ilmd", None) or {}
        lot = text_of(ilmd.get(f"{MDA}lotNumber", ""))
        expiry = text_of(ilmd.get(f"{MDA}itemExpirationDate", ""))
        if not (lot and expiry):
            return
        for gtin in sorted({key[3:17] for key in seen.what.epcs if key.startswith("01/")}):
            first = self._expiries.get(hash((gtin, lot)), (expiry, number))
            if len(self._expiries) < REMEMBERED_MAX:
                self._expiries.setdefault(hash((gtin, lot)), first)
            if first[0] != expiry:
                expected = f"{first[0]}, as event {first[1]} has it for lot {lot} of {gtin}"
                yield Fault(("ilmd", f"{MDA}itemExpirationDate"), expected, expiry)

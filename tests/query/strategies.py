"""
Hypothesis strategies: events with every field of the standard, and queries that find some of them.

The values of a query are mostly those of the events, so that it finds something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from string import hexdigits
from typing import Any

from hypothesis import strategies as st

from epcis_repo.gs1.schemes import SCHEMES
from epcis_repo.model.events import ACTIONS, Event
from epcis_repo.model.what import EPC_LISTS, QUANTITY_LISTS
from tests.gs1.strategies import PUBLISHED_PREFIX, urns
from tests.model.strategies import JSON, NAMESPACES, events, timestamps
from tests.query.oracle import CLASS_LISTS, FIELDS, SCOPES, leaves_of, parts_of
from tests.query.oracle import EPC_LISTS as ASKED_LISTS

Json = Mapping[str, Any]

# No company prefix begins with another, as in the world; and few, so that they come again.
epcs = st.sampled_from(list(SCHEMES.values())).flatmap(
    lambda scheme: urns(scheme, prefixes=PUBLISHED_PREFIX)
)
UNITS = ("CEL", "KEL", "KGM", "GRM")


@st.composite
def worlds(draw: st.DrawFn) -> list[Event]:
    """Some events in order of capture, each with an eventID of its own."""
    happened = draw(st.lists(events(JSON), min_size=1, max_size=6))
    return [
        draw(_identified(replace(event, event_id=f"urn:x:{number}", record_time=None)))
        for number, event in enumerate(happened)
    ]


@st.composite
def _identified(draw: st.DrawFn, event: Event) -> Event:
    """The same event with identifiers where there have to be some, and units that convert."""
    changes: dict[str, Any] = {}
    for name in EPC_LISTS:
        if getattr(event, name, None):
            changes[name] = tuple(draw(epcs) for _ in getattr(event, name))
    for name in QUANTITY_LISTS:
        if getattr(event, name, None):
            changes[name] = tuple(
                replace(q, epc_class=draw(epcs), uom=q.uom and draw(st.sampled_from(UNITS)))
                for q in getattr(event, name)
            )
    if getattr(event, "parent_id", None) is not None:
        changes["parent_id"] = draw(epcs)
    if event.sensor_element_list:
        changes["sensor_element_list"] = tuple(
            replace(
                element,
                sensor_report=tuple(
                    replace(report, uom=draw(st.sampled_from(UNITS)))
                    for report in element.sensor_report
                ),
            )
            for element in event.sensor_element_list
        )
    return replace(event, **changes)


# --- queries ---

_WORDS = st.sampled_from(["shipping", "active", "did_not_occur", "own_word", "urn:x:0"])
_NUMBERS = st.sampled_from([0, 1, 20, Decimal("-0.5"), 10**9])
_TIMES = timestamps().map(lambda time: time.text)
_MEASURES = ("quantity", "value", "minValue", "maxValue", "meanValue", "sDev", "percValue")
_COMPARISONS = st.sampled_from(["GT", "GE", "LT", "LE"])

Said = tuple[str, Any]
"""What follows the operator in a parameter's name, and a value that some event has there."""


def queries(happened: Sequence[Json]) -> st.SearchStrategy[dict[str, Any]]:
    """Queries as they are posted, about these events: up to three parameters."""
    exists = st.sampled_from(["EXISTS_errorDeclaration", "EXISTS_sensorElementList"])
    types = st.lists(st.sampled_from([event["type"] for event in happened]), min_size=1)
    parameters = st.one_of(
        _matching(happened),
        _about(_standard(happened), _of_standard),
        _about(_measured(happened), _of_number),
        _about(_extensions(happened), _of_extension),
        _about(_extensions(happened), _of_extension),
        st.tuples(exists, st.sampled_from([1, True, False])),
        st.tuples(st.just("eventType"), types),
    )
    return st.lists(parameters, min_size=1, max_size=3).map(dict)


def _about(
    said: Iterable[Said], asked: Callable[[str, Any], st.SearchStrategy[Said]]
) -> st.SearchStrategy[Said]:
    """Questions about something that is said."""
    return st.sampled_from(list(said)).flatmap(lambda item: asked(*item))


def _matching(happened: Sequence[Json]) -> st.SearchStrategy[Said]:
    lists = [
        (f"MATCH_{name}", texts)
        for table, said in ((ASKED_LISTS, _epcs_in), (CLASS_LISTS, _classes_in))
        for name, fields in table.items()
        for texts in [[text for event in happened for text in said(event, fields)]]
    ]
    # A list that none of them has is asked for, too, but not as often as the others.
    lists = [item for item in lists if item[1]] * 3 + lists
    return st.sampled_from(lists).flatmap(
        lambda item: st.tuples(
            st.just(item[0]), st.lists(_among(patterns_of(item[1]), epcs), min_size=1, max_size=2)
        )
    )


def _epcs_in(event: Json, fields: Sequence[str]) -> list[str]:
    return [
        text
        for field in fields
        for text in ([event[field]] if isinstance(event.get(field), str) else event.get(field, ()))
    ]


def _classes_in(event: Json, fields: Sequence[str]) -> list[str]:
    return [quantity["epcClass"] for field in fields for quantity in event.get(field, ())]


def _among(values: Sequence[Any], others: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (st.sampled_from(values) | others) if values else others


def patterns_of(texts: Sequence[str]) -> list[str]:
    """Identifiers, and the patterns that they match."""
    found = list(texts)
    for text in texts:
        kind, name, body = text.split(":", 4)[2:]
        scheme = SCHEMES[name]
        count = len(scheme.components) if scheme.ai else scheme.urn_only.count(r"\.") + 1
        parts = body.split(".", count - 1)
        beginning = f"urn:epc:{'class' if kind == 'class' else 'idpat'}:{name}:"
        found += [
            beginning + ".".join([*parts[:known], *["*"] * (count - known)])
            for known in range(count)
        ]
        if scheme.serial is not None and parts[-1] not in ("*", "0"):
            found.append(beginning + ".".join([*parts[:-1], "[1-999]"]))
    return found


def _standard(happened: Sequence[Json]) -> Iterator[Said]:
    for name, (wheres, member, _) in FIELDS.items():
        values = [
            value
            for event in happened
            for where in wheres
            for part in parts_of(event, where)
            for value in leaves_of(part.get(member))
        ]
        yield from ((name, value) for value in values or [_instead(name)])
    for event in happened:
        for kind in ("bizTransaction", "source", "destination"):
            for entry in event.get(f"{kind}List", ()):
                if (entry.get("type") or "").isprintable() and entry.get("type"):
                    yield f"{kind}_{entry['type']}", entry[kind]


def _instead(name: str) -> Any:
    if name == "booleanValue":
        return True
    if name == "hexBinaryValue":
        return "00FF"
    return 5 if name == "percRank" else "2026-01-01T00:00:00Z" if "ime" in name else "own_word"


def _of_standard(name: str, value: Any) -> st.SearchStrategy[Said]:
    if name == "booleanValue":
        return st.tuples(st.just("EQ_booleanValue"), st.booleans())
    if name == "percRank":
        return _of_number(name, value)
    if name.lower().endswith("time"):
        bounds = st.sampled_from(["GE", "LT"])
        return st.tuples(bounds.map(lambda bound: f"{bound}_{name}"), st.just(value) | _TIMES)
    if name == "action":
        return st.tuples(
            st.just("EQ_action"), st.just([value]) if value in ACTIONS else st.just([])
        )
    good = [value] if value and value.isprintable() else []
    others = _WORDS
    if name == "hexBinaryValue":
        # What is no hexadecimal is refused, so there is nothing to find.
        good = [text for text in good if set(text) <= set(hexdigits)]
        others = st.sampled_from(["00FF", "00ff", "AB"])
    return st.tuples(st.just(f"EQ_{name}"), st.lists(_among(good, others), min_size=1, max_size=2))


def _measured(happened: Sequence[Json]) -> list[Said]:
    parts = [
        part
        for event in happened
        for part in (
            *parts_of(event, "report"),
            *(q for name in CLASS_LISTS["anyEPCClass"] for q in event.get(name, ())),
        )
    ]
    said = [
        (measure + unit, part[measure])
        for part in parts
        for measure in _MEASURES
        if part.get(measure) is not None
        for unit in ("", f"_{part.get('uom')}" if part.get("uom") in UNITS else "")
    ]
    return said or [("quantity", 5), ("value_CEL", 5)]


def _of_number(name: str, value: Any) -> st.SearchStrategy[Said]:
    numbers = st.just(value) | _NUMBERS
    return st.tuples(st.just(f"EQ_{name}"), st.lists(numbers, min_size=1, max_size=2)) | st.tuples(
        _COMPARISONS.map(lambda comparison: f"{comparison}_{name}"), numbers
    )


def _extensions(happened: Sequence[Json]) -> list[Said]:
    scopes = {"": "event", **{f"{scope}_": where for scope, where in SCOPES.items()}}
    said: list[Said] = []
    for event in happened:
        for scope, where in scopes.items():
            for part in parts_of(event, where):
                for member, value in part.items():
                    if member.partition(":")[0] in NAMESPACES:
                        said += [(scope + member, leaf) for leaf in leaves_of(value) or [None]]
                        said += [(f"INNER_{scope}{name}", leaf) for name, leaf in _inside(value)]
    return said or [("ex:a", "own_word"), ("INNER_other:b1", 5)]


def _inside(value: Any) -> Iterator[Said]:
    if isinstance(value, list):
        for member in value:
            yield from _inside(member)
    elif isinstance(value, dict):
        for name, member in value.items():
            if name.partition(":")[0] in NAMESPACES:
                yield from ((name, leaf) for leaf in leaves_of(member))
            yield from _inside(member)


def _of_extension(name: str, value: Any) -> st.SearchStrategy[Said]:
    texts = [value] if isinstance(value, str) and value else []
    numbers = [value] if isinstance(value, int | Decimal) and not isinstance(value, bool) else []
    bounds = _among(numbers, _NUMBERS) | _TIMES
    equals = st.lists(_among(texts, _WORDS), min_size=1, max_size=2) | bounds
    return st.one_of(
        st.just((f"EXISTS_{name}", 1)),
        st.tuples(st.just(f"EQ_{name}"), equals),
        st.tuples(_COMPARISONS.map(lambda comparison: f"{comparison}_{name}"), bounds),
    )


CONTEXT = [dict(NAMESPACES)]
"""What declares the prefixes of the events, and of the queries about them."""

"""What each field of the standard says in a pre-hash string; nothing where it says nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from epcis_repo.gs1 import cbv
from epcis_repo.gs1.identifiers import DIGITAL_LINK_DOMAIN
from epcis_repo.model.event_hash.extensions import extension_text
from epcis_repo.model.event_hash.spelling import (
    gs1_term_of,
    link_of,
    number_of,
    scalar_of,
    text_of,
    word_of,
)
from epcis_repo.model.events import (
    QUANTITY_FIELDS,
    SENSOR_METADATA_FIELDS,
    SENSOR_REPORT_FIELDS,
    BizTransaction,
    Field,
    Kind,
    PersistentDisposition,
    Place,
    QuantityElement,
    SensorElement,
    SourceOrDestination,
)
from epcis_repo.model.times import Timestamp, utc_milliseconds

Writer = Callable[[str, Any], str]


def _value(spell: Callable[[Any], str]) -> Writer:
    def write(name: str, content: Any) -> str:
        text = spell(content)
        return f"{name}={text}" if text else ""

    return write


def _time_of(content: Timestamp) -> str:
    return utc_milliseconds(content.microseconds)


_write_text = _value(text_of)
_write_disposition = _value(partial(word_of, cbv.DISPOSITION))


def _titled(title: str, parts: Iterable[str]) -> str:
    text = "".join(parts)
    return title + text if text else ""


def _listed(name: str, parts: Iterable[str]) -> str:
    return _titled(name, sorted(parts))


def _members(content: Any, writers: Iterable[tuple[Field, Writer]]) -> str:
    """Return what the fields of `content` say, and then its extensions."""
    parts = [
        write(member.standard, value)
        for member, write in writers
        if (value := getattr(content, member.name)) is not None
    ]
    return "".join(parts) + extension_text(content.extensions)


def write_parent(name: str, key: str) -> str:
    """Write `parentID`, of which `key` is the canonical key."""
    return f"{name}={link_of(key)}"


_EPC_LINK = f"epc={DIGITAL_LINK_DOMAIN}"


def write_epcs(name: str, keys: Iterable[str]) -> str:
    """Write a list of EPCs by their canonical keys."""
    ordered = sorted(keys)
    if not ordered:
        return ""
    links = _EPC_LINK.join(ordered)
    # An event may have fifty thousand: where the last is a key of GS1, so are all before it.
    if ordered[-1] < ":" and "%" not in links:
        return f"{name}{_EPC_LINK}{links}"
    return _listed(name, [f"epc={link_of(key)}" for key in ordered])


def write_quantities(name: str, content: Iterable[QuantityElement], keys: Sequence[str]) -> str:
    """Write a list of quantities, whose classes have the canonical `keys`."""
    return _listed(
        name,
        [
            f"quantityElementepcClass={link_of(key)}{_members(element, _QUANTITY)}"
            for element, key in zip(content, keys, strict=True)
        ],
    )


def report_biz_rules(elements: Iterable[SensorElement]) -> str:
    """
    Write the bizRules of sensor reports, with the way to them.

    They belong to the metadata; in a report the vectors treat them as no field of it.
    """
    return _listed(
        "sensorElementList",
        [
            _listed(
                "sensorElement",
                [
                    _titled("sensorReport", [_write_text("bizRules", report.biz_rules or "")])
                    for report in element.sensor_report
                ],
            )
            for element in elements
        ],
    )


def _write_certification_info(name: str, content: str | tuple[str, ...]) -> str:
    texts = (content,) if isinstance(content, str) else content
    return "".join(sorted([_write_text(name, text) for text in texts]))


def _write_place(name: str, content: Place) -> str:
    return _titled(name, [_write_text("id", content.id), extension_text(content.extensions)])


def _write_biz_transactions(name: str, content: tuple[BizTransaction, ...]) -> str:
    write_type = _value(partial(word_of, cbv.BIZ_TRANSACTION_TYPE))
    return _listed(
        name,
        [
            write_type("type", item.type or "")
            + _write_text("bizTransaction", item.biz_transaction)
            + extension_text(item.extensions)
            for item in content
        ],
    )


def _writer_of_ends(end: str) -> Writer:
    write_type = _value(partial(word_of, cbv.SOURCE_DEST_TYPE))

    def write(name: str, content: tuple[SourceOrDestination, ...]) -> str:
        return _listed(
            name,
            [
                write_type("type", item.type)
                + _write_text(end, item.id)
                + extension_text(item.extensions)
                for item in content
            ],
        )

    return write


def _write_persistent_disposition(name: str, content: PersistentDisposition) -> str:
    words = [
        word
        for change in ("set", "unset")
        for word in sorted(_write_disposition(change, w) for w in getattr(content, change) or ())
    ]
    return _titled(name, words)


def _write_sensor_elements(name: str, content: tuple[SensorElement, ...]) -> str:
    return _listed(name, [_titled("sensorElement", _sensor_parts(element)) for element in content])


def _sensor_parts(element: SensorElement) -> list[str]:
    metadata = element.sensor_metadata
    common = "" if metadata is None else _members(metadata, _SENSOR_METADATA)
    reports = [
        _titled("sensorReport", [_members(report, _SENSOR_REPORT)])
        for report in element.sensor_report
    ]
    extensions = extension_text(element.extensions)
    return [_titled("sensorMetadata", [common]), *sorted(reports), extensions]


def _write_ilmd(name: str, content: Mapping[str, Any]) -> str:
    return name + extension_text(content)


WRITERS: dict[Kind, Writer] = {
    Kind.TIME: _value(_time_of),
    Kind.TEXT: _write_text,
    Kind.NUMBER: _value(number_of),
    Kind.BOOLEAN: _value(scalar_of),
    Kind.ZONE_OFFSET: _value(str),
    Kind.ACTION: _value(str),
    Kind.BIZ_STEP: _value(partial(word_of, cbv.BIZ_STEP)),
    Kind.DISPOSITION: _write_disposition,
    Kind.PERSISTENT_DISPOSITION: _write_persistent_disposition,
    Kind.CERTIFICATION_INFO: _write_certification_info,
    Kind.PLACE: _write_place,
    Kind.BIZ_TRANSACTIONS: _write_biz_transactions,
    Kind.SOURCES: _writer_of_ends("source"),
    Kind.DESTINATIONS: _writer_of_ends("destination"),
    Kind.SENSOR_ELEMENTS: _write_sensor_elements,
    Kind.ILMD: _write_ilmd,
}
_REPORT_WRITERS: dict[str, Writer] = {
    "type": _value(gs1_term_of),
    "exception": _value(gs1_term_of),
    "component": _value(partial(word_of, cbv.COMPONENT)),
}
# Of a quantity the class is written by its key.
_QUANTITY = [(m, WRITERS[m.kind]) for m in QUANTITY_FIELDS if m.name != "epc_class"]
_SENSOR_METADATA = [(m, WRITERS[m.kind]) for m in SENSOR_METADATA_FIELDS]
_SENSOR_REPORT = [
    (m, _REPORT_WRITERS.get(m.name, WRITERS[m.kind]))
    for m in SENSOR_REPORT_FIELDS
    if m.name != "biz_rules"
]

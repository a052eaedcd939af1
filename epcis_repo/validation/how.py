"""Rules for the how dimension: what sensors told (EPCIS 2.0, §7.3.7)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from epcis_repo.gs1.units import kind_of_measurement, kind_of_unit
from epcis_repo.gs1.voc import ALERT_TYPES, MEASUREMENT_TYPES
from epcis_repo.model.events import Event, SensorMetadata, SensorReport
from epcis_repo.validation.rule import Fault, Seen

Steps = tuple[str | int, ...]


def sensors_have_reports(event: Event, seen: Seen) -> Iterator[Fault]:
    for index, element in enumerate(event.sensor_element_list or ()):
        if not element.sensor_report:
            yield Fault(("sensorElementList", index, "sensorReport"), "a sensorReport", "none")


def sensor_times_are_past(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, metadata in _metadata(event):
        time = metadata.time
        if time is not None and time.microseconds > event.event_time.microseconds:
            expected = f"a time until that of the event, {event.event_time.text}"
            yield Fault((*steps, "time"), expected, time.text)


def sensor_intervals_go_forward(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, metadata in _metadata(event):
        start, end = metadata.start_time, metadata.end_time
        if start is not None and end is not None and end.microseconds < start.microseconds:
            yield Fault((*steps, "endTime"), f"a time from {start.text} on", end.text)


def sensors_say_it_once(event: Event, seen: Seen) -> Iterator[Fault]:
    for index, element in enumerate(event.sensor_element_list or ()):
        metadata = element.sensor_metadata
        for name, standard in _AT_ONE_LEVEL if metadata is not None else ():
            if getattr(metadata, name) is None:
                continue
            for number, report in enumerate(element.sensor_report):
                if getattr(report, name) is not None:
                    steps = ("sensorElementList", index, "sensorReport", number, standard)
                    expected = f"{standard} either in sensorMetadata or in the reports"
                    yield Fault(steps, expected, "it in both")


_AT_ONE_LEVEL = (
    ("time", "time"),
    ("device_id", "deviceID"),
    ("device_metadata", "deviceMetadata"),
    ("raw_data", "rawData"),
    ("data_processing_method", "dataProcessingMethod"),
)


def reports_have_a_type(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, report in _reports(event):
        if report.type is None and report.exception is None:
            yield Fault((*steps, "type"), "a type, or an exception", "none")


def types_are_measurements_or_uris(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, report in _reports(event):
        if report.type is not None and not _is_term(MEASUREMENT_TYPES, report.type):
            expected = "a measurement type, such as Temperature, or a URI"
            yield Fault((*steps, "type"), expected, report.type or "an empty text")
        if report.exception is not None and not _is_term(ALERT_TYPES, report.exception):
            expected = "ALARM_CONDITION, ERROR_CONDITION or a URI"
            yield Fault((*steps, "exception"), expected, report.exception or "an empty text")


def _is_term(terms: frozenset[str], text: str) -> bool:
    return text in terms or ":" in text


def units_fit_types(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, report in _reports(event):
        if report.type is None or report.uom is None:
            continue
        measured, unit = kind_of_measurement(report.type), kind_of_unit(report.uom)
        if measured is not None and unit is not None and measured != unit:
            expected = f"a unit of {measured}, which {report.type} is"
            yield Fault((*steps, "uom"), expected, f"{report.uom}, a unit of {unit}")


def ranges_are_in_order(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, report in _reports(event):
        values = [report.min_value, report.mean_value, report.max_value]
        given = [value for value in values if value is not None]
        if given != sorted(given):
            expected = "a minValue, a meanValue and a maxValue in this order"
            yield Fault((*steps, "minValue"), expected, ", ".join(map(str, given)))


def hex_values_are_hexadecimal(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, report in _reports(event):
        text = report.hex_binary_value
        if text is not None and not _HEXADECIMAL.fullmatch(text):
            expected = "digits from 0 to 9 and letters from A to F"
            yield Fault((*steps, "hexBinaryValue"), expected, text or "an empty text")


def hex_values_are_whole_bytes(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, report in _reports(event):
        text = report.hex_binary_value or ""
        if len(text) % 2 and _HEXADECIMAL.fullmatch(text):
            expected = "two digits for each byte, as XML has it"
            yield Fault((*steps, "hexBinaryValue"), expected, f"{len(text)} digits")


_HEXADECIMAL = re.compile("[0-9A-Fa-f]+")


def _metadata(event: Event) -> Iterator[tuple[Steps, SensorMetadata]]:
    for index, element in enumerate(event.sensor_element_list or ()):
        if element.sensor_metadata is not None:
            yield ("sensorElementList", index, "sensorMetadata"), element.sensor_metadata


def _reports(event: Event) -> Iterator[tuple[Steps, SensorReport]]:
    for index, element in enumerate(event.sensor_element_list or ()):
        for number, report in enumerate(element.sensor_report):
            yield ("sensorElementList", index, "sensorReport", number), report

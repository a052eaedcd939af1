"""
Documents of each format: from bytes to events, to events that may be recorded, and back.

No database has a part in it. The baseline is the parser that others would use, on the same bytes:
`orjson.loads` or `lxml.etree.parse`, whose values know nothing of EPCIS.
"""

from __future__ import annotations

import gc
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from io import BytesIO
from statistics import median

import orjson
from lxml import etree

from benchmarks.amounts import Amounts
from benchmarks.documents import document_of, names_in
from benchmarks.figures import Figure
from epcis_repo.bindings import RENDERERS, parse_document, read_events, sniff
from epcis_repo.demo import generate_small_documents
from epcis_repo.model import Document
from epcis_repo.validation import validate

NO_STORE = "none"

# By the name of the format in the figures: ours, and the raw parser of the same bytes.
FORMATS: dict[str, tuple[str, Callable[[bytes], object]]] = {
    "XML 1.2": ("xml-1.2", lambda body: etree.parse(BytesIO(body))),
    "XML 2.0": ("xml-2.0", lambda body: etree.parse(BytesIO(body))),
    "JSON-LD": ("json-ld", orjson.loads),
}


def measure(amounts: Amounts) -> list[Figure]:
    """
    Return how many events and EPCs a second are parsed, validated and rendered.

    With the schema they come one by one, as a capture reads them.
    """
    figures = []
    for kind, document in (
        ("a case each", document_of(amounts.typical, seed=1)),
        ("one thing each", _small(amounts.typical)),
    ):
        counts = {"events/s": len(document.events or ()), "EPCs/s": names_in(document)}
        for name in FORMATS:
            taken = _seconds(document, name, amounts.rounds)
            raw = taken.pop(_RAW)
            figures += [
                Figure(
                    store=NO_STORE,
                    what=f"{work}, {name}, {kind}",
                    ours=count / seconds,
                    raw=count / raw,
                    unit=unit,
                )
                for work, seconds in taken.items()
                for unit, count in counts.items()
            ]
    return figures


_RAW = "raw"


def _small(events: int) -> Document:
    documents = list(generate_small_documents(seed=1, count=events))
    together = tuple(event for document in documents for event in document.events or ())
    return replace(documents[0], events=together)


def _seconds(document: Document, name: str, rounds: int) -> dict[str, float]:
    """Return how long each work on a document takes, in the processor's time."""
    form, raw = FORMATS[name]
    body = RENDERERS[form](document)
    media_type = sniff(body)
    again = parse_document(body, media_type)
    works: dict[str, Callable[[], object]] = {
        _RAW: lambda: raw(body),
        "parsing": lambda: parse_document(body, media_type),
        "parsing, with the schema": lambda: _count(read_events(BytesIO(body), media_type)),
        "parsing, with schema and rules": lambda: _count(
            validate(read_events(BytesIO(body), media_type))
        ),
        "rendering": lambda: RENDERERS[form](again),
    }
    taken: dict[str, list[float]] = defaultdict(list)
    # In turn, so that a slow minute of the machine falls on all of them.
    for _ in range(rounds):
        for work, do in works.items():
            gc.collect()
            started = time.process_time()
            do()
            taken[work].append(time.process_time() - started)
    return {work: median(seconds) for work, seconds in taken.items()}


def _count(events: Iterable[object]) -> int:
    return sum(1 for _ in events)

"""What clients send while something breaks, and what they were told."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.rest.documents import CASE, UNIT, commissioning, document, event, packing


@dataclass(frozen=True)
class Report:
    """A document, and the events that are there, all of them or none."""

    name: str
    body: bytes
    event_ids: tuple[str, ...]

    @cached_property
    def digest(self) -> str:
        return sha256(self.body).hexdigest()


def report(client: str, number: int) -> Report:
    """
    The report that a client sends under a number: some units, mostly in a case.

    Every third client's case is that of the report before, so that what is known is folded on.
    """
    units = [f"{client}U{number}N{n}" for n in range(1 + number % 4)]
    case = CASE.format(f"{client}C{number - number % 3}")
    ids = iter(f"urn:x:{client}:{number}:{n}" for n in range(9))
    events = [
        commissioning(
            lot="L1",
            expiry="2028-12-31",
            epcList=[UNIT.format(unit) for unit in units],
            eventID=next(ids),
        )
    ]
    if number % 4:
        children = [UNIT.format(unit) for unit in units]
        time = f"2026-01-02T00:{number // 60 % 60:02}:{number % 60:02}Z"
        events.append(packing(case, *children, eventTime=time, eventID=next(ids)))
    if number % 3 == 2:
        events.append(
            event(
                eventTime="2026-01-03T00:00:00Z",
                bizStep="shipping",
                disposition="in_transit",
                epcList=[case],
                eventID=next(ids),
            )
        )
    return Report(f"{client} {number}", document(*events), tuple(e["eventID"] for e in events))


class Journal:
    """
    What clients were told, in a file that is no part of the store.

    Each answer is on the disk before its client goes on, so that what is compared with the
    store afterwards is no less than what was told.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def told(self, report: Report, receipt: Mapping[str, Any]) -> None:
        """Note that a client was told that its report is recorded."""
        line = json.dumps({"document": report.digest, "capture": receipt["captureID"]})
        with self._lock:
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            try:
                os.write(file, f"{line}\n".encode())
                os.fsync(file)
            finally:
                os.close(file)

    def answers(self) -> list[tuple[str, str]]:
        """What was told: the digest of a document, and the name of its capture."""
        if not self._path.exists():
            return []
        # A client that was killed while it wrote has not been told.
        *lines, _ = self._path.read_text(encoding="utf-8").split("\n")
        values: Iterable[dict[str, str]] = map(json.loads, lines)
        return [(value["document"], value["capture"]) for value in values]

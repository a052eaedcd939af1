"""
What a document costs that somebody sends to do harm: the slowest of all that the tests have.

Each is prepared for being recorded, or refused, in a process of its own. The baseline is a sound
document of a megabyte.
"""

from __future__ import annotations

import gc
import multiprocessing
import time
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from benchmarks.amounts import Amounts
from benchmarks.figures import Figure
from benchmarks.formats import NO_STORE
from benchmarks.memory import peak_mb
from epcis_repo.errors import ValidationError
from epcis_repo.operations.preparing import prepare
from tests.rest.documents import JSON, XML, document, event
from tests.rest.hostile_documents import HOSTILE, MEGA, Surroundings, xml

_FORMATS = {"XML": XML, "JSON": JSON}


class Cost(NamedTuple):
    """How long a document took, in the processor's time, and how much memory it took more."""

    milliseconds: float
    megabytes: float
    name: str


def measure(amounts: Amounts) -> list[Figure]:
    """Return the most time and the most memory that one of them takes, by format."""
    figures = []
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    for title, media_type in _FORMATS.items():
        names = [hostile.id for hostile in HOSTILE if hostile.media_type == media_type]
        # A new process for each: no other's memory is in its peak.
        with context.Pool(1, maxtasksperchild=1) as pool:
            tasks = [(name, media_type, amounts.rounds) for name in [_SOUND, *names]]
            sound, *costs = pool.starmap(cost_of, tasks, chunksize=1)
        of = f"of {len(costs)} hostile documents, {title}"
        slowest = max(costs, key=attrgetter("milliseconds"))
        largest = max(costs, key=attrgetter("megabytes"))
        figures += [
            Figure(
                NO_STORE,
                f"most time {of}",
                slowest.milliseconds,
                sound.milliseconds,
                "ms",
                slowest.name,
            ),
            Figure(
                NO_STORE,
                f"most memory {of}",
                largest.megabytes,
                max(sound.megabytes, _LEAST),
                "MB",
                largest.name,
            ),
        ]
    return figures


_SOUND = "sound"
# Of what takes no memory that can be measured.
_LEAST = 0.001


def cost_of(name: str, media_type: str, rounds: int) -> Cost:
    """Return what the document of this name costs in this process."""
    _judge(_sound(media_type, 1), media_type)
    body = (
        _sound(media_type, MEGA // 250)
        if name == _SOUND
        else next(hostile.make(Surroundings()) for hostile in HOSTILE if hostile.id == name)
    )
    gc.collect()
    _forget_peak()
    before = peak_mb()
    seconds = [_judge(body, media_type) for _ in range(rounds)]
    return Cost(min(seconds) * 1_000, peak_mb() - before, name)


def _judge(body: bytes, media_type: str) -> float:
    started = time.process_time()
    with suppress(ValidationError):
        prepare(body, media_type, 0).chunks.close()
    return time.process_time() - started


def _sound(media_type: str, events: int) -> bytes:
    if media_type == JSON:
        return document(*map(event, range(events)))
    one = xml().partition("<EventList>")[2].partition("</EventList>")[0]
    return xml(events=one * events).encode()


def _forget_peak() -> None:
    # Linux alone can; elsewhere what made the document is in the peak.
    peak = Path("/proc/self/clear_refs")
    if peak.exists():
        peak.write_text("5", encoding="ascii")

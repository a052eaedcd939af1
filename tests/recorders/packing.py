"""Writers who all want to pack the same children at the same time, and those who follow them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from threading import Barrier
from typing import Any

from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.persistence import IntegrityError

from epcis_repo.recorders.dcb import LogDCBRecorder

WRITERS = 8


def pack(recorder: LogDCBRecorder, case: str, children: Sequence[str], start: Barrier) -> bool:
    """Whether the children could be packed, whom everybody has seen free before."""
    packed = DCBQuery([DCBQueryItem(["Packed"], [child]) for child in children])
    found = recorder.read(packed)
    assert list(found) == []
    start.wait()
    try:
        recorder.append(
            [DCBEvent("Packed", b"", [case, *children])], DCBAppendCondition(packed, found.head)
        )
    except IntegrityError:
        return False
    return True


def race(recorders: Sequence[LogDCBRecorder], rounds: int) -> list[int]:
    """How many writers packed, in each round; beside that each notes something unconditionally."""
    start = Barrier(len(recorders))

    def story(writer: int) -> list[bool]:
        packed = []
        for number in range(rounds):
            children = [f"child {number}-{child}" for child in range(3)]
            packed.append(pack(recorders[writer], f"case {writer}", children, start))
            recorders[writer].append([DCBEvent("Noted", b"", [f"case {writer}"])])
            start.wait()
        return packed

    with ThreadPoolExecutor(len(recorders)) as threads:
        stories = list(threads.map(story, range(len(recorders))))
    return [sum(packed) for packed in zip(*stories, strict=True)]


@contextmanager
def following(subscription: Any, count: int) -> Iterator[Future[list[Any]]]:
    """What a follower sees, as soon as it is so many."""
    with ThreadPoolExecutor(1) as thread, subscription:
        yield thread.submit(lambda: list(islice(subscription, count)))

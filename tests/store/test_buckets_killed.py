"""A process that merges buckets is killed, and the next one goes on where it was."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

from epcis_repo.store import EventData, EventStore, open_store
from epcis_repo.store.buckets import RUN_TAGS
from tests.store.facts import record

ROOT = Path(__file__).parents[2]
RUNS = 8
KILLS = 4

# Says when it begins and ends each slice; these are small, so that there are many.
MERGES = """
import asyncio, sys
from epcis_repo.store import merging, open_store

async def main():
    store = open_store(sys.argv[1])
    merging.SLICE_TAGS = 512
    while True:
        print("begins", flush=True)
        if not await store.write(merging.merge_slice, False):
            break
        print("ends", flush=True)
    await store.close()

asyncio.run(main())
"""


async def filled(url: str, chances: Random) -> set[tuple[str, int]]:
    """Append as many runs as become one bucket, and return their tags with their positions."""
    store = open_store(url)
    await store.prepare(())
    expected = set()
    for position in range(1, RUNS + 1):
        tags = {f"{chances.getrandbits(60):015x}" for _ in range(RUN_TAGS)}
        await record(store, [EventData("Noted", f"e{position}", b"", sorted(tags))])
        expected |= {(tag, position) for tag in tags}
    await store.close()
    return expected


async def found(url: str) -> tuple[Counter[tuple[str, int]], int, int]:
    """All that is found by a tag; how many buckets are looked into, and how many have tags."""
    store: EventStore = open_store(url)
    async with store.reading() as session:
        tags = await session.fetch("SELECT tag, position FROM tagged WHERE part = $1", session.part)
        listed = await session.fetch("SELECT 1 FROM tag_bucket WHERE part = $1", session.part)
        used = await session.fetch(
            "SELECT DISTINCT bucket FROM event_tag WHERE part = $1", session.part
        )
    await store.close()
    return Counter(map(tuple, tags)), len(listed), len(used)


def test_merges_go_on_after_a_kill(store_url: str) -> None:
    """
    SIGKILL in the midst of a slice or between two, again and again: after each every tag is found
    once, and who comes next finishes what was begun.
    """
    chances = Random(1)
    expected = asyncio.run(filled(store_url, chances))
    command = [sys.executable, "-c", MERGES, store_url]
    for _ in range(KILLS):
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            for _ in range(chances.randint(3, 60)):
                assert process.stdout.readline()
            process.kill()
        tags, listed, _ = asyncio.run(found(store_url))
        assert tags == Counter(expected)
        assert listed == RUNS + 1

    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)

    assert asyncio.run(found(store_url)) == (Counter(expected), 1, 1)

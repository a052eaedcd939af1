"""Many writers at once: of those who exclude each other one wins, and who follows sees all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from uuid import uuid4

import pytest
from eventsourcing.dcb.api import DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.persistence import StoredEvent

from epcis_repo.evidence.tree import tree_size
from epcis_repo.recorders.dcb import LogDCBRecorder
from epcis_repo.recorders.streams import LogApplicationRecorder
from epcis_repo.recorders.sync_log import SyncLog
from epcis_repo.store.log import head
from epcis_repo.store.postgres import PostgresReading
from tests.recorders.packing import WRITERS, following, race

ROOT = Path(__file__).parent.parent.parent
MANY_ROUNDS = 40
ROUNDS = 8


def events_of(rounds: int) -> int:
    """How many events a race records: one that packs, and what each writer notes."""
    return rounds * (WRITERS + 1)


@pytest.fixture(params=["one log", "a log each"])
def recorders(
    request: pytest.FixtureRequest, store_url: str, log: SyncLog
) -> Iterator[list[LogDCBRecorder]]:
    """Recorders that share a log and go together, or have one each and wait for the database."""
    with ExitStack() as stack:
        logs = [log] * WRITERS
        if request.param == "a log each":
            logs = [stack.enter_context(closing(SyncLog(store_url))) for _ in range(WRITERS)]
        yield [LogDCBRecorder(each) for each in logs]


class TestWriters:
    def test_of_eight_exactly_one_packs(
        self, log: SyncLog, recorders: list[LogDCBRecorder]
    ) -> None:
        """
        Eight who have all seen the children free pack them at once: one does, in every round.
        """
        assert race(recorders, MANY_ROUNDS) == [1] * MANY_ROUNDS

        assert log.read(head) == log.read(tree_size) == events_of(MANY_ROUNDS)


class TestFollowers:
    def test_miss_nothing(self, log: SyncLog, recorders: list[LogDCBRecorder]) -> None:
        """
        Who follows eight writers, in his process or not, sees each position, in order.
        """
        with following(LogDCBRecorder(log).subscribe(), events_of(ROUNDS)) as seen:
            race(recorders, ROUNDS)

            positions = [event.position for event in seen.result(timeout=60)]

        assert positions == list(range(1, events_of(ROUNDS) + 1))

    def test_miss_nothing_of_what_they_ask_for(
        self, log: SyncLog, recorders: list[LogDCBRecorder]
    ) -> None:
        """
        A query leaves out what it does not ask for, and nothing else.
        """
        packed = DCBQuery([DCBQueryItem(types=["Packed"])])
        with following(LogDCBRecorder(log).subscribe(packed), ROUNDS) as seen:
            race(recorders, ROUNDS)

            found = seen.result(timeout=60)

        assert found == list(LogDCBRecorder(log).read(packed))
        assert [event.event.tags[1] for event in found] == [
            f"child {number}-0" for number in range(ROUNDS)
        ]

    def test_of_an_application_miss_nothing(
        self, log: SyncLog, recorders: list[LogDCBRecorder]
    ) -> None:
        """
        Events of streams come in order, too, and those of others between them do not come.
        """
        streams = LogApplicationRecorder(log)
        ids: list[int] = []
        with following(streams.subscribe(), ROUNDS) as seen, ThreadPoolExecutor(1) as thread:
            racing = thread.submit(race, recorders, ROUNDS)
            for version in range(ROUNDS):
                event = StoredEvent(uuid4(), version, "Opened", b"{}")
                ids += streams.insert_events([event]) or []
            racing.result()

            found = seen.result(timeout=60)

        assert [notification.id for notification in found] == ids

    def test_see_more_than_a_page(self, log: SyncLog) -> None:
        """
        What was recorded before they came is theirs as well, however much it is.
        """
        recorder = LogDCBRecorder(log)
        recorder.append([DCBEvent("Noted", b"") for _ in range(1_200)])

        with following(recorder.subscribe(after=100), 1_100) as seen:
            found = seen.result(timeout=60)

        assert [event.position for event in found] == list(range(101, 1_201))

    def test_see_what_another_process_captures(self, log: SyncLog, store_url: str) -> None:
        """
        A capture elsewhere wakes nobody here, and is seen all the same, with its tags.
        """
        script = (
            "import asyncio, sys\n"
            "from epcis_repo.store import open_store\n"
            "from epcis_repo.store.postgres import PostgresReading\n"
            "from tests.operations.reports import commissioned, report\n"
            "PostgresReading.part = int(sys.argv[2])\n"
            "async def main():\n"
            "    store = open_store(sys.argv[1])\n"
            "    for n in range(3):\n"
            "        epc = f'urn:epc:id:sgtin:030001.0012345.{n}'\n"
            "        await report(store, commissioned(n, epc))\n"
            "    await store.close()\n"
            "asyncio.run(main())\n"
        )
        captured = DCBQuery([DCBQueryItem(types=["ObjectEvent"])])
        with following(LogDCBRecorder(log).subscribe(captured), 3) as seen:
            subprocess.run(
                [sys.executable, "-c", script, store_url, str(PostgresReading.part)],
                cwd=ROOT,
                check=True,
            )

            found = seen.result(timeout=60)

        # Those with a blank are what else an event is asked for by.
        named = [[tag for tag in event.event.tags if " " not in tag] for event in found]
        assert named == [[f"01/00300010123455/21/{n}"] for n in range(3)]

"""F11: the clock jumps, and the order in which we learned things does not."""

from __future__ import annotations

from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.operations.capture import capture
from epcis_repo.store import EventStore
from epcis_repo.store.log import head_at, read
from tests.faults.reports import report
from tests.faults.trial import Trial
from tests.rest.documents import JSON

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
NOW = 1_780_000_000 * SECOND
# Set back and forth: by daylight saving, by hand, by a virtual machine that slept, by years.
JUMPS = (0, 1, -1, SECOND, -SECOND, HOUR, -HOUR, -2 * HOUR, 3 * DAY, -3 * DAY, 3_650 * DAY, -NOW)


class TestClock:
    async def test_that_jumps_never_turns_the_log_back(
        self, trial: Trial, store: EventStore
    ) -> None:
        """
        Whatever the clock says, nothing is refused, record times never decrease, and what was
        known at a record time is all that stands before it.
        """
        jumps = 0
        for number, chances in trial.rounds(short=40, full=2_000):
            now = max(NOW + chances.choice(JUMPS) + chances.randint(-SECOND, SECOND), 0)
            receipt = await capture(store, report("clock", number).body, JSON, now=now)
            assert receipt.recorded == receipt.events
            jumps += 1

        async with store.reading() as session:
            recorded = [(event.position, event.record_time) async for event in read(session)]
            times = [time for _, time in recorded]
            assert times == sorted(times)
            last = {time: position for position, time in recorded}
            for time in trial.chances().sample(sorted(last), min(len(last), 50)):
                assert await head_at(session, time) == last[time]
        assert (await check_integrity(store, None)).altered == 0
        kind = type(store).__name__.removesuffix("EventStore")
        trial.tell(
            "F11",
            f"the clock jumps, {kind}",
            f"{jumps} captures, each by another clock",
            "0 refused, record times never decrease",
        )

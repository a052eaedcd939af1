"""What is found behind the captures: once, whatever is broken off, and with what is set."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from epcis_repo.exceptions import ExceptionCase, Watched, exceptions
from epcis_repo.exceptions import Sought as ExceptionsSought
from epcis_repo.model.events import Event
from epcis_repo.reactions import Judge, Sought, findings_made, is_behind, judge_all
from epcis_repo.reactions.following import judge_next
from epcis_repo.store import EventStore, open_store
from epcis_repo.store.log import head
from epcis_repo.store.postgres import PostgresReading
from tests.operations.reports import (
    CASE,
    HOUR,
    NOW,
    OTHER_PACK,
    PACK,
    PALLET,
    at,
    commissioned,
    declared_in_error,
    named,
    observed,
    packed,
    received,
    shipped,
)
from tests.reactions.sending import (
    AGAIN,
    BUYER,
    FIRST,
    MAKER,
    TWICE,
    body_of,
    from_whom,
    made,
    react,
    send,
)

DAY = 24 * HOUR


async def cases(store: EventStore) -> list[ExceptionCase]:
    page = await exceptions(store, ExceptionsSought(), per_page=100, now=NOW)
    return [*page.exceptions]


async def length(store: EventStore) -> int:
    async with store.reading() as session:
        return await head(session)


class TestJudging:
    async def test_keeps_what_is_found(self, store: EventStore) -> None:
        """
        A finding has the rule, the things, both events, the partner, the document, and what to do.
        """
        await send(store, FIRST)
        await send(store, AGAIN, sender=MAKER)

        await judge_all(store, now=NOW)

        [finding] = (await findings_made(store, Sought(), per_page=9)).findings
        value = finding.said()
        assert (value["rule"], value["number"], value["epcs"]) == (TWICE, 2001, [PACK])
        assert (value["event_id"], value["contradicts"]) == ("urn:x:again", "urn:x:first")
        assert (value["partner"], value["captured"]) == (MAKER, True)
        assert value["document"] is not None
        assert value["what_to_do"].startswith("Hold all that has the serial")

    async def test_raises_what_is_to_be_raised(self, store: EventStore) -> None:
        """
        What is set to be raised is an exception with the finding, what is observed is none.
        """
        await react(store, "raise")
        await react(store, "observe", partner=MAKER)
        await send(store, FIRST)
        await send(store, AGAIN, sender=MAKER)
        await judge_all(store, now=NOW)
        observed_only = await cases(store)

        await send(store, named("urn:x:more", commissioned(7, PACK)), sender=BUYER)
        await judge_all(store, now=NOW)

        assert observed_only == []
        [case] = await cases(store)
        assert (case.kind, case.things) == (TWICE, (PACK,))
        assert [reaction for _, reaction, _ in await made(store)] == ["observe", "raise"]

    async def test_raises_what_was_let_in_before_it_was_to_be_kept_out(
        self, store: EventStore
    ) -> None:
        """
        What nobody can keep out any more is an exception.
        """
        await send(store, FIRST, AGAIN)
        await react(store, "reject")

        await judge_all(store, now=NOW)

        assert await made(store) == [(TWICE, "raise", [PACK])]
        assert len(await cases(store)) == 1

    async def test_makes_nothing_twice(self, store: EventStore) -> None:
        """
        Looked at again, sent again, and named again by events that break nothing: the finding is
        one.
        """
        await send(store, FIRST, AGAIN)
        await judge_all(store, now=NOW)
        await judge_all(store, now=NOW)
        await send(store, FIRST, AGAIN)
        await send(store, named("urn:x:seen", observed(9, PACK, biz_step="inspecting")))

        await judge_all(store, now=NOW)

        assert await made(store) == [(TWICE, "raise", [PACK])]

    async def test_finds_what_a_late_event_shows(self, store: EventStore) -> None:
        """
        A finding about an event that was recorded before is made when what it contradicts comes.
        """
        await send(store, FIRST)
        await send(store, named("urn:x:sold", shipped(9, PACK)))
        await judge_all(store, now=NOW)
        before = await made(store, rule="shipped-decommissioned")
        gone = observed(8, PACK, action="DELETE", biz_step="decommissioning")

        await send(store, named("urn:x:gone", gone), sender=MAKER)
        await judge_all(store, now=NOW)

        assert before == []
        [finding] = (
            await findings_made(store, Sought(rule="shipped-decommissioned"), per_page=9)
        ).findings
        assert finding.value["partner"] == MAKER
        assert finding.value["contradicts"] == "urn:x:gone"

    async def test_tells_of_other_things_of_the_same_event(self, store: EventStore) -> None:
        """
        Of things that come to break a rule by the same event, those are told that were not yet.
        """
        both = named("urn:x:both", observed(3, PACK, OTHER_PACK, biz_step="inspecting"))
        await send(store, FIRST, both)
        await judge_all(store, now=NOW)
        late = named("urn:x:late", commissioned(4, PACK, OTHER_PACK))

        await send(store, late)
        await judge_all(store, now=NOW)

        told = await made(store, event_id="urn:x:both")
        assert [(rule, epcs) for rule, _, epcs in told] == [
            ("never-commissioned", [OTHER_PACK]),
            ("used-before-commissioning", [OTHER_PACK]),
        ]

    async def test_keeps_what_was_found_when_it_is_mended(self, store: EventStore) -> None:
        """
        That it was found, and when, stays in the log after the event was declared in error.
        """
        await send(store, FIRST, AGAIN)
        await judge_all(store, now=NOW)

        await send(store, declared_in_error(AGAIN))
        await judge_all(store, now=NOW)

        assert await made(store, key="01/00300010123455/21/A1") == [(TWICE, "raise", [PACK])]

    async def test_knows_documents_whole(self, store: EventStore) -> None:
        """
        Whatever stands first in a document, it is judged as a whole.
        """
        await send(
            store, shipped(4, PALLET), packed(3, PALLET, CASE), commissioned(1, PALLET, CASE)
        )

        await judge_all(store, now=NOW)

        assert await made(store) == []

    async def test_finds_by_partner_event_and_thing(self, store: EventStore) -> None:
        """
        Findings are sought by rule, partner, event and thing, all at once, in pages.
        """
        await send(store, FIRST, commissioned(1, OTHER_PACK))
        await send(store, AGAIN, sender=MAKER)
        await send(store, named("urn:x:other", commissioned(3, OTHER_PACK)), sender=BUYER)
        await judge_all(store, now=NOW)
        # Both are of one moment; what happened first is found first.
        other, again = await made(store)

        first = await findings_made(store, Sought(), per_page=1)
        rest = await findings_made(store, Sought(), per_page=9, token=first.next_page_token)

        assert len(first.findings) + len(rest.findings) == 2
        assert await made(store, partner=f"https://id.gs1.org/417/{MAKER}") == [again]
        assert await made(store, event_id="urn:x:first") == [again]
        assert await made(store, rule=TWICE, key="01/00300010123455/21/A2") == [other]
        assert await made(store, partner=MAKER, key="01/00300010123455/21/A2") == []


class TestByTheClock:
    async def test_what_never_arrives_is_found_when_its_time_is_over(
        self, store: EventStore
    ) -> None:
        """
        What was shipped and not received for three weeks is found then, once, and not before; what
        arrived is not.
        """
        begun = commissioned(1, PACK, OTHER_PACK)
        lost, sold = (shipped(2 + n, epc) for n, epc in enumerate((PACK, OTHER_PACK)))
        await send(store, begun, from_whom(lost, MAKER), sold, now=at(3))
        await judge_all(store, now=at(4))
        before = await made(store)
        await send(store, received(30, OTHER_PACK), now=at(30))

        for days in (20, 22, 40):
            await judge_all(store, now=at(3) + days * DAY)

        assert before == []
        told = [(rule, epcs) for rule, _, epcs in await made(store, rule="shipped-not-received")]
        assert told == [("shipped-not-received", [PACK])]
        assert [case.kind for case in await cases(store)] == ["shipped-not-received"]


class TestBreakingOff:
    async def test_two_at_once_make_each_finding_once(
        self, store: EventStore, store_url: str
    ) -> None:
        """
        Of several that look at the same, in processes of their own, one keeps what it has found.
        """
        for n in range(6):
            await send(store, named(f"urn:x:{n}", commissioned(1 + n, PACK)))
        others = [open_store(store_url) for _ in range(2)]

        await asyncio.gather(*(judge_all(each, now=NOW) for each in (store, *others)))

        for other in others:
            await other.close()
        assert len(await made(store)) == 5
        assert len(await cases(store)) == 1

    async def test_goes_on_where_it_was_cancelled(self, store: EventStore) -> None:
        """
        Broken off at any moment and begun again, it finds what it would have found, once.
        """
        for n in range(8):
            await send(store, named(f"urn:x:{n}", commissioned(1 + n, PACK)))
        chances = Random(1)

        while await is_behind(store):
            task = asyncio.create_task(judge_next(store, Watched(), now=NOW))
            await asyncio.sleep(chances.random() / 20)
            task.cancel()
            await asyncio.wait([task])

        found = Counter(tuple(epcs) for _, _, epcs in await made(store))
        assert found == {(PACK,): 7}
        [case] = await cases(store)
        assert len(case.findings) == 7

    async def test_judges_in_the_background_until_it_is_stopped(
        self, store: EventStore, store_url: str
    ) -> None:
        """
        Who serves judges what is captured meanwhile, and what was captured while nobody served.
        """
        await send(store, FIRST, AGAIN)
        judging = asyncio.create_task(Judge(lambda: open_store(store_url), clock=lambda: NOW).run())
        await _judged(store)
        first = await made(store)
        await send(store, named("urn:x:more", commissioned(7, PACK)))
        await _judged(store)

        judging.cancel()
        await asyncio.wait([judging])

        assert len(first) == 1
        assert len(await made(store)) == 2


async def _judged(store: EventStore) -> None:
    async with asyncio.timeout(60):
        while await is_behind(store):
            await asyncio.sleep(0.01)


def documents(folder: Path) -> list[str]:
    """Documents of which each breaks a rule once."""
    names = []
    for n in range(40):
        events: list[Event] = [named(f"urn:x:{n}", commissioned(1 + n, PACK))]
        path = folder / f"{n:02}.json"
        path.write_bytes(body_of(*events))
        names.append(str(path))
    return names


def command(url: str, *words: str) -> list[str]:
    return [sys.executable, "-m", "epcis_repo.cli", words[0], *words[1:], "--db", url]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_kill_loses_nothing(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Killed again and again between capture and judging, and in the midst of it, whoever begins anew
    has each finding once in the end.
    """
    monkeypatch.setattr(PostgresReading, "part", 1)
    with request.getfixturevalue("postgres_server").database() as postgres_url:
        url = f"sqlite:///{tmp_path / 'epcis.db'}" if kind == "sqlite" else postgres_url
        env = {**os.environ, "PYTHONUNBUFFERED": "1"}
        capture = command(url, "capture", *documents(tmp_path))
        subprocess.run(capture, check=True, env=env, capture_output=True)
        chances = Random(2)
        for _ in range(4):
            # It takes a second to begin.
            process = subprocess.Popen(command(url, "judge"), env=env)
            await asyncio.sleep(0.6 + chances.random())
            process.send_signal(signal.SIGKILL)
            process.wait()
        subprocess.run(command(url, "judge"), check=True, env=env, capture_output=True)

        store = open_store(url)
        found = Counter(tuple(epcs) for _, _, epcs in await made(store))
        shown = [case.findings for case in await cases(store)]
        await store.close()

    assert found == {(PACK,): 39}
    assert [len(findings) for findings in shown] == [39]

"""Exceptions are looked at again behind the captures: what is mended is cleared, and comes back."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from pathlib import Path
from random import Random

import pytest

from epcis_repo.exceptions import (
    Became,
    ExceptionCase,
    Sought,
    State,
    Watched,
    decide_on,
    exception_decision_asked,
    exceptions,
    raise_findings,
)
from epcis_repo.findings import RULES
from epcis_repo.gs1 import parse_identifier
from epcis_repo.model.events import Event
from epcis_repo.model.times import utc_text
from epcis_repo.reactions import following, is_behind, judge_all
from epcis_repo.reactions.following import BY, judge_next
from epcis_repo.store import EventStore, open_store
from epcis_repo.store.postgres import PostgresReading
from tests.operations.reports import (
    CASE,
    HOUR,
    MDA,
    NOW,
    OTHER_CASE,
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
    unpacked,
)
from tests.reactions.sending import AGAIN, FIRST, TWICE, body_of, made, react, send
from tests.reactions.test_following import command

DAY = 24 * HOUR
EMPTY = "shipped-empty"


async def judged(store: EventStore, *events: Event, now: int = NOW) -> dict[str, ExceptionCase]:
    """Capture these events and judge them; return the exceptions by their kinds."""
    if events:
        await send(store, *events, now=now, note=f"{now} {events[0].event_id}")
    await judge_all(store, now=now)
    return await cases(store)


async def cases(store: EventStore) -> dict[str, ExceptionCase]:
    """The exceptions by their kinds, of which each has one."""
    found = await all_cases(store)
    assert len({case.kind for case in found}) == len(found)
    return {str(case.kind): case for case in found}


async def all_cases(store: EventStore) -> list[ExceptionCase]:
    page = await exceptions(store, Sought(), per_page=1_000, now=NOW)
    return [*page.exceptions]


def gone(hour: float, *epcs: str) -> Event:
    """Things that are taken out of use."""
    return observed(hour, *epcs, action="DELETE", biz_step="decommissioning")


def of_lot(lot: str, expiry: str) -> dict[str, object]:
    return {"ilmd": {f"{MDA}lotNumber": lot, f"{MDA}itemExpirationDate": expiry}}


class TestMended:
    async def test_is_cleared_and_resolved(self, store: EventStore) -> None:
        """
        When the event that broke a rule is declared in error, its exception is resolved: by whom,
        when and why is in the log.
        """
        await judged(store, FIRST, AGAIN)

        found = await judged(store, declared_in_error(AGAIN), now=NOW + 7)

        case = found[TWICE]
        assert (case.state, case.findings, case.things) == (State.RESOLVED, (), (PACK,))
        assert [item["epcs"] for item in case.cleared] == [[PACK]]
        assert case.resolution is not None
        assert case.resolution.by == BY
        assert case.resolution.at == case.history[-1].at == NOW + 7
        assert "found no more" in case.resolution.reason

    async def test_is_told_while_others_stand(self, store: EventStore) -> None:
        """
        What else the exception shows stands, and keeps it open.
        """
        both = [named(f"urn:x:{epc[-2:]}", commissioned(5, epc)) for epc in (PACK, OTHER_PACK)]
        await judged(store, named("urn:x:0", commissioned(1, PACK, OTHER_PACK)), *both)

        found = await judged(store, declared_in_error(both[0]))

        case = found[TWICE]
        assert case.state is State.OPEN
        assert [item["epcs"] for item in case.findings] == [[OTHER_PACK]]
        assert [item["epcs"] for item in case.cleared] == [[PACK]]

    async def test_by_what_was_contradicted(self, store: EventStore) -> None:
        """
        Of two events either may be the wrong one.
        """
        away = named("urn:x:gone", gone(3, PACK))
        sold = named("urn:x:sold", shipped(5, PACK))
        before = await judged(store, FIRST, away, sold)

        found = await judged(store, declared_in_error(away))

        assert before["shipped-decommissioned"].state is State.OPEN
        assert found["shipped-decommissioned"].state is State.RESOLVED

    async def test_by_what_comes_late(self, store: EventStore) -> None:
        """
        What was missing, and comes in the end, mends what was found without it.
        """
        await react(store, "raise", "never-commissioned")
        before = await judged(store, named("urn:x:sold", shipped(5, PACK)))

        found = await judged(store, FIRST)

        assert before["never-commissioned"].state is State.OPEN
        assert found["never-commissioned"].state is State.RESOLVED

    async def test_of_what_was_in_something(self, store: EventStore) -> None:
        """
        The shipping of a pallet that is declared in error names no pack, and mends the packs'.
        """
        on_it = packed(2, CASE, PACK, OTHER_PACK), packed(3, PALLET, CASE)
        sold = named("urn:x:sold", shipped(6, PALLET))
        begun = commissioned(1, PACK, OTHER_PACK, CASE, PALLET)
        before = await judged(store, begun, *on_it, named("urn:x:gone", gone(4, PACK)), sold)

        found = await judged(store, declared_in_error(sold))

        assert before["shipped-decommissioned"].things == (PACK,)
        assert found["shipped-decommissioned"].state is State.RESOLVED

    async def test_of_what_something_was_in(self, store: EventStore) -> None:
        """
        That a pack is of another lot mends what was found of the case that it is in.
        """
        other = named("urn:x:other", commissioned(1, PACK, **of_lot("L2", "2028-12-31")))
        case = commissioned(1, OTHER_PACK, **of_lot("L1", "2027-12-31"))
        await send(store, other, named("urn:x:case", case), packed(2, OTHER_PACK, PACK))
        await judge_all(store, now=NOW)
        before = await all_cases(store)

        await send(store, declared_in_error(other), FIRST)
        await judge_all(store, now=NOW)

        # Of the two lots each has one.
        assert {case.things: case.state for case in before} == {
            (PACK,): State.OPEN,
            (OTHER_PACK,): State.OPEN,
        }
        assert [case.state for case in await all_cases(store)] == [State.RESOLVED] * 2

    @pytest.mark.parametrize("is_declared", [True, False], ids=["declared", "come late"])
    async def test_of_a_lot(self, store: EventStore, is_declared: bool) -> None:
        """
        What is found of things of a lot is mended by what is said of others of it, earlier.
        """
        wrong = named("urn:x:wrong", commissioned(3, PACK, **of_lot("L1", "2029-12-31")))
        right = named("urn:x:right", commissioned(4, OTHER_PACK, **of_lot("L1", "2027-12-31")))
        third = "urn:epc:id:sgtin:030001.0012345.A3"
        late = named("urn:x:late", commissioned(1, third, **of_lot("L1", "2027-12-31")))
        before = await judged(store, wrong, right)

        found = await judged(store, declared_in_error(wrong) if is_declared else late)

        assert before["lot-expiry"].things == (OTHER_PACK,)
        assert OTHER_PACK in found["lot-expiry"].cleared[0]["epcs"]
        shown = {epc for item in found["lot-expiry"].findings for epc in item["epcs"]}
        assert OTHER_PACK not in shown

    async def test_by_a_receipt_after_its_time(self, store: EventStore) -> None:
        """
        What is received after all was shipped and received; a receipt that is taken back was none.
        """
        await send(store, FIRST, named("urn:x:sold", shipped(2, PACK)), now=at(3))
        lost = await judged(store, now=at(3) + 22 * DAY)
        late = named("urn:x:late", received(9, PACK))

        arrived = await judged(store, late, now=at(3) + 23 * DAY)
        again = await judged(store, declared_in_error(late), now=at(3) + 24 * DAY)

        kind = "shipped-not-received"
        states = [found[kind].state for found in (lost, arrived, again)]
        assert states == [State.OPEN, State.RESOLVED, State.OPEN]
        assert again[kind].times_reopened == 1

    async def test_is_left_alone_while_it_is_so(self, store: EventStore) -> None:
        """
        What comes in about the same things, and mends nothing, changes no exception.
        """
        before = await judged(store, FIRST, AGAIN)
        seen = named("urn:x:seen", observed(9, PACK, biz_step="inspecting"))

        found = await judged(store, seen, declared_in_error(named("urn:x:never", seen)))

        assert found[TWICE].version == before[TWICE].version

    async def test_was_resolved_by_somebody_before(self, store: EventStore) -> None:
        """
        What somebody has resolved is told what is found no more, and stays as it is; approved, it
        changes no more.
        """
        found = await judged(store, FIRST, AGAIN)
        name = found[TWICE].exception_id
        why = {"reason": "asked the plant", "by": "Ann"}
        asked = exception_decision_asked(name, {"decision": "resolve", **why})
        await decide_on(store, asked.decision, now=NOW)

        told = (await judged(store, declared_in_error(AGAIN)))[TWICE]

        assert (told.state, told.findings) == (State.RESOLVED, ())
        assert told.resolution is not None
        assert told.resolution.by == "Ann"


class TestBroken:
    async def test_again_by_another_event_reopens(self, store: EventStore) -> None:
        """
        What was mended, and is broken by what comes later, is the same exception, reopened.
        """
        await judged(store, FIRST, AGAIN)
        await judged(store, declared_in_error(AGAIN))

        found = await judged(store, named("urn:x:more", commissioned(7, PACK)))

        case = found[TWICE]
        assert (case.state, case.times_reopened) == (State.OPEN, 1)
        assert [item["event_id"] for item in case.findings] == ["urn:x:more"]

    @pytest.mark.parametrize("is_closed", [False, True], ids=["resolved", "closed"])
    async def test_again_by_the_same_event_reopens(
        self, store: EventStore, is_closed: bool
    ) -> None:
        """
        What mended it may be taken back: what was found first is so again, closed or not. In the
        log it was found once.
        """
        await react(store, "raise", "never-commissioned")
        await judged(store, named("urn:x:sold", shipped(5, PACK)))
        mended = (await judged(store, FIRST))["never-commissioned"]
        if is_closed:
            for step, by in (("approve", "Bob"), ("close", "Bob")):
                why = {"decision": step, "reason": "so", "by": by}
                asked = exception_decision_asked(mended.exception_id, why)
                await decide_on(store, asked.decision, now=NOW)

        case = (await judged(store, declared_in_error(FIRST)))["never-commissioned"]

        assert (case.state, case.times_reopened, case.cleared) == (State.OPEN, 1, ())
        assert [item["event_id"] for item in case.findings] == ["urn:x:sold"]
        assert case.history[-1].decision.by == BY
        assert len(await made(store, rule="never-commissioned")) == 1


class TestFollowing:
    async def test_learns_what_was_decided_meanwhile(self, store: EventStore) -> None:
        """
        Who judges for long knows of exceptions what anybody has decided since he began.
        """
        watched = Watched()

        async def next_of(*events: Event) -> ExceptionCase | None:
            await send(store, *events, note=f"{events[0].event_id} {events[0].error_declaration}")
            assert await judge_next(store, watched, now=NOW)
            return (await cases(store)).get(EMPTY)

        begun = await next_of(named("urn:x:begun", commissioned(1, CASE)))
        sold = await next_of(named("urn:x:sold", shipped(4, CASE)))
        thing = parse_identifier(CASE)
        await raise_findings(store, [thing], by="Ann", now=NOW)
        in_it = named("urn:x:in", packed(3, CASE, PACK))
        mended = await next_of(in_it)
        broken = await next_of(declared_in_error(in_it))

        assert (begun, sold) == (None, None)
        assert mended is not None
        assert mended.state is State.RESOLVED
        assert broken is not None
        assert broken.state is State.OPEN

    async def test_behind_the_log_clears_nothing_too_early(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        What was found by what came later is not cleared by who has not come so far.
        """
        monkeypatch.setattr(following, "_EVENTS", 1)
        await send(store, FIRST)
        await send(store, AGAIN)
        thing = parse_identifier(PACK)
        [raised] = [
            item
            for item in await raise_findings(store, [thing], by="Ann", now=NOW)
            if item.case.kind == TWICE
        ]

        found = await judged(store)

        assert found[TWICE].version == raised.case.version

    async def test_by_several_at_once_is_told_once(self, store: EventStore, store_url: str) -> None:
        """
        Of several that look at the same, one clears what is found no more.
        """
        again = [named(f"urn:x:{n}", commissioned(2 + n, PACK)) for n in range(5)]
        await judged(store, FIRST, *again)
        for event in again:
            await send(store, declared_in_error(event), note=event.event_id)
        others = [open_store(store_url) for _ in range(2)]

        await asyncio.gather(*(judge_all(each, now=NOW) for each in (store, *others)))

        for other in others:
            await other.close()
        case = (await cases(store))[TWICE]
        cleared = [item["event_id"] for item in case.cleared]
        assert (case.state, case.findings) == (State.RESOLVED, ())
        assert sorted(cleared) == [f"urn:x:{n}" for n in range(5)]

    async def test_goes_on_where_it_was_cancelled(self, store: EventStore) -> None:
        """
        Broken off at any moment and begun again, it comes to the same end.
        """
        again = [named(f"urn:x:{n}", commissioned(2 + n, PACK)) for n in range(6)]
        await judged(store, FIRST, *again)
        for event in again:
            await send(store, declared_in_error(event), note=event.event_id)
        chances, watched = Random(3), Watched()

        while await is_behind(store):
            task = asyncio.create_task(judge_next(store, watched, now=NOW))
            await asyncio.sleep(chances.random() / 20)
            task.cancel()
            await asyncio.wait([task])

        case = (await cases(store))[TWICE]
        cleared = [item["event_id"] for item in case.cleared]
        assert (case.state, case.findings) == (State.RESOLVED, ())
        assert sorted(cleared) == [f"urn:x:{n}" for n in range(6)]


THINGS = (PACK, OTHER_PACK, CASE, OTHER_CASE, PALLET)


def happens(chances: Random, number: int, before: list[Event]) -> Event:
    """Something that may happen to some things, or that did not after all."""
    if before and chances.random() < 0.3:
        return declared_in_error(chances.choice(before), at_hour(chances))
    hour, thing = at_hour(chances), chances.choice(THINGS)
    lot = of_lot("L1", chances.choice(("2025-06-30", "2027-12-31", "2028-12-31")))
    event = chances.choice(
        [
            commissioned(hour, thing, **lot),
            shipped(hour, thing),
            received(hour, thing),
            gone(hour, thing),
            packed(hour, CASE, PACK),
            packed(hour, OTHER_CASE, PACK, OTHER_PACK),
            packed(hour, PALLET, CASE),
            unpacked(hour, CASE, PACK),
            unpacked(hour, PALLET),
            observed(hour, thing, biz_step="dispensing"),
        ]
    )
    return named(f"urn:x:{number}", event)


def at_hour(chances: Random) -> float:
    return chances.randint(1, 40)


@pytest.mark.parametrize("seed", range(6))
async def test_nothing_is_left_for_who_looks(store: EventStore, seed: int) -> None:
    """
    Whatever comes, late, in error or twice: who looks at all exceptions anew changes none of them.
    """
    for rule in RULES:
        await react(store, "raise", rule.id)
    chances, watched, events = Random(seed), Watched(), list[Event]()
    for number in range(24):
        events.append(happens(chances, number, events))
        await send(store, events[-1], note=utc_text(number), now=NOW + number)
        await judge_next(store, watched, now=NOW)
    await judge_all(store, now=NOW + 30 * DAY)
    before = await all_cases(store)
    names = [case.exception_id for case in before]

    looked = await raise_findings(store, [], exception_ids=names, by="Ann", now=NOW + 30 * DAY)

    assert any(case.cleared for case in before)
    assert {item.case.kind: item.became for item in looked if item.became != "unchanged"} == {}
    assert {item.became for item in looked} == {Became.UNCHANGED}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_kill_loses_nothing(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Killed again and again while he looks again, whoever begins anew has all of it cleared, once.
    """
    monkeypatch.setattr(PostgresReading, "part", 1)
    with request.getfixturevalue("postgres_server").database() as postgres_url:
        url = f"sqlite:///{tmp_path / 'epcis.db'}" if kind == "sqlite" else postgres_url
        env = {**os.environ, "PYTHONUNBUFFERED": "1"}
        again = [named(f"urn:x:{n}", commissioned(2 + n, PACK)) for n in range(30)]
        for name, events in (
            ("again", [[FIRST, *again]]),
            ("sorry", [[declared_in_error(event)] for event in again]),
        ):
            paths = [tmp_path / f"{name}{number:02}.json" for number in range(len(events))]
            for path, some in zip(paths, events, strict=True):
                path.write_bytes(body_of(*some))
            for words in (["capture", *map(str, paths)], *([["judge"]] if name == "again" else [])):
                subprocess.run(command(url, *words), check=True, env=env, capture_output=True)
        chances = Random(4)
        for _ in range(3):
            # It takes a second to begin.
            process = subprocess.Popen(command(url, "judge"), env=env)
            await asyncio.sleep(0.6 + chances.random())
            process.send_signal(signal.SIGKILL)
            process.wait()
        subprocess.run(command(url, "judge"), check=True, env=env, capture_output=True)

        store = open_store(url)
        case = (await cases(store))[TWICE]
        await store.close()

    assert (case.state, case.findings) == (State.RESOLVED, ())
    assert sorted(item["event_id"] for item in case.cleared) == sorted(
        str(event.event_id) for event in again
    )

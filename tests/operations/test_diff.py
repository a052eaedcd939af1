"""What differs between two moments in what is known of a thing, as text."""

from __future__ import annotations

import pytest

from epcis_repo.errors import NotFoundError
from epcis_repo.gs1 import parse_identifier
from epcis_repo.operations.diff import Clock, diff
from epcis_repo.store import EventStore
from tests.operations.reports import (
    CASE,
    NOW,
    OTHER_CASE,
    PACK,
    PLANT,
    at,
    attached,
    commissioned,
    declared_in_error,
    named,
    observed,
    packed,
    report,
    shipped,
)

WRONG = named("urn:x:wrong", packed(2, CASE, PACK))
RIGHT = named("urn:x:right", packed(2, OTHER_CASE, PACK))


async def lines_of(store: EventStore, before: int, after: int, **asked: object) -> list[str]:
    text = await diff(store, parse_identifier(PACK), before, after, **asked)  # type: ignore[arg-type]  # passed on
    return text.splitlines()


async def usual(store: EventStore) -> None:
    """A packing, and its correction a while later."""
    await report(store, named("urn:x:1", commissioned(1, PACK)), WRONG, now=NOW)
    declaration = declared_in_error(WRONG, corrective_event_ids=("urn:x:right",))
    await report(store, declaration, RIGHT, now=NOW + 1)


async def test_of_knowing_is_what_was_learned(store: EventStore) -> None:
    """
    Between two moments of knowing a correction struck something out, and something stood instead.
    """
    await usual(store)

    lines = await lines_of(store, NOW, NOW + 1)

    assert lines[0].startswith("--- known at 2026-05-28T20:26:40.000Z")
    assert lines[1].startswith("+++ known at 2026-05-28T20:26:40.000001Z")
    assert [line for line in lines[2:] if line[0] in "+-"] == [
        f"-in {CASE} from 2026-01-01T02:00:00.000Z",
        f"+in {OTHER_CASE} from 2026-01-01T02:00:00.000Z",
        "-2026-01-01T02:00:00.000Z packing [urn:x:wrong]",
        "+2026-01-01T02:00:00.000Z packing declared in error [urn:x:wrong]",
        "+2026-01-01T02:00:00.000Z packing declares in error [urn:x:wrong]",
        "+2026-01-01T02:00:00.000Z packing instead of urn:x:wrong [urn:x:right]",
    ]


async def test_of_being_is_what_happened(store: EventStore) -> None:
    """
    Between two moments of being something happened, and the state is another.
    """
    await report(store, named("urn:x:1", commissioned(1, PACK)))
    await report(store, named("urn:x:2", shipped(3, PACK)), attached(4, PACK, CASE))

    changed = [
        line
        for line in await lines_of(store, at(2), at(3.5), by=Clock.AS_OF)
        if line[0] in "+-" and line[:3] not in ("---", "+++")
    ]

    assert changed == [
        *("-lifecycle: commissioned", "-disposition: active"),
        *("+lifecycle: shipped", "+disposition: in_transit"),
        f"+2026-01-01T03:00:00.000Z shipping (in_transit) at {PLANT} [urn:x:2]",
    ]


async def test_may_hold_the_other_clock_still(store: EventStore) -> None:
    """
    What was learned later of what had happened by then is another question than what is known.
    """
    await usual(store)

    assert await lines_of(store, NOW, NOW + 1, as_of=at(1)) == []


async def test_of_what_was_not_known_before_is_all(store: EventStore) -> None:
    """
    What was not known at the one moment is all new at the other, and known at neither not found.
    """
    await usual(store)

    lines = await lines_of(store, NOW - 9, NOW)

    assert {line[0] for line in lines[3:]} == {"+"}
    with pytest.raises(NotFoundError):
        await lines_of(store, NOW - 9, NOW - 8)


async def test_says_what_a_partner_wrote_and_nothing_else(store: EventStore) -> None:
    """
    A break in a partner's word begins no line.
    """
    await report(store, observed(2, PACK, biz_step="urn:x:é\u2028+forged"))

    lines = await lines_of(store, NOW - 9, NOW)

    assert [line for line in lines if "forged" in line] == [lines[-1]]
    assert "\\u2028+forged" in lines[-1]

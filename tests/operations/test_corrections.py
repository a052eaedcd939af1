"""What was declared in error, what is true instead, and what others had built on it."""

from __future__ import annotations

import pytest

from epcis_repo.errors import NotFoundError, QueryParameterError
from epcis_repo.model.events import Event
from epcis_repo.operations.corrections import THINGS_PER_PAGE, Correction, correction
from epcis_repo.operations.history import history_value
from epcis_repo.store import EventStore
from tests.operations.reports import (
    CASE,
    NOW,
    OTHER_CASE,
    OTHER_PACK,
    PACK,
    PALLET,
    commissioned,
    declared_in_error,
    key,
    named,
    observed,
    packed,
    received,
    report,
    shipped,
    story_of,
    told,
    unpacked,
)

WRONG, RIGHT = "urn:x:wrong", "urn:x:right"


async def declare(store: EventStore, event: Event, *instead: Event, now: int = NOW) -> Correction:
    """Declare an event in error, and return what follows from that."""
    ids = tuple(str(corrective.event_id) for corrective in instead) or None
    await report(store, declared_in_error(event, corrective_event_ids=ids), *instead, now=now)
    return await correction(store, str(event.event_id))


def doubts(found: Correction) -> list[tuple[str, float, str, str | None]]:
    """The doubts in short: thing, hour, why, and the container."""
    return [
        (doubt.key, told(doubt.entry)[0], str(doubt.because), doubt.entry.container)
        for doubt in found.doubts
    ]


class TestLinks:
    async def test_lead_from_an_error_to_what_is_true_instead_and_back(
        self, store: EventStore
    ) -> None:
        """
        The history strikes out the one, names the other, and the other says what it replaces.
        """
        wrong = named(WRONG, packed(2, CASE, PACK))
        right = named(RIGHT, packed(2, OTHER_CASE, PACK))
        await report(store, commissioned(1, PACK), wrong)
        await declare(store, wrong, right, now=NOW + 1)

        value = history_value(await story_of(store, PACK))

        found = {
            (e["event_id"], e["declares_error"]): (e["in_error"], e["corrects"], e["declarations"])
            for e in value["events"]
        }
        declaration = {
            "declared_at": "2026-01-05T03:00:00.000Z",
            "record_time": "2026-05-28T20:26:40.000001Z",
            "reason": None,
            "corrective_event_ids": [RIGHT],
        }
        assert found[WRONG, False] == (True, [], [declaration])
        assert found[WRONG, True] == (False, [], [declaration])
        assert found[RIGHT, False] == (False, [WRONG], [])

    async def test_reach_what_the_error_did_not_name(self, store: EventStore) -> None:
        """
        The right serial has what it replaces, though the wrong event named another.
        """
        wrong = named(WRONG, shipped(2, PACK))
        await report(store, commissioned(1, PACK, OTHER_PACK), wrong)
        await declare(store, wrong, named(RIGHT, shipped(2, OTHER_PACK)))

        story = await story_of(store, OTHER_PACK)

        assert [entry.corrects for entry in story.entries] == [(), (WRONG,)]

    async def test_are_not_known_before(self, store: EventStore) -> None:
        """
        Asked with the knowledge of before, nothing is struck out and nothing replaces anything.
        """
        wrong = named(WRONG, shipped(2, PACK))
        await report(store, wrong, named(RIGHT, shipped(3, PACK)))
        declaration = declared_in_error(wrong, corrective_event_ids=(RIGHT,))
        await report(store, declaration, now=NOW + 1)

        then = await story_of(store, PACK, known_at=NOW)

        assert [(e.in_error, e.corrects) for e in then.entries] == [(False, ())] * 2
        assert [e.corrects for e in (await story_of(store, PACK)).entries][-1] == (WRONG,)
        with pytest.raises(NotFoundError, match="no declaration"):
            await correction(store, WRONG, known_at=NOW)

    async def test_say_what_is_not_recorded(self, store: EventStore) -> None:
        """
        A corrective event that is announced and has not come is named without a position.
        """
        wrong = named(WRONG, shipped(2, PACK))
        await report(store, wrong)
        await report(store, declared_in_error(wrong, corrective_event_ids=("urn:x:to-come",)))

        found = await correction(store, WRONG)

        assert [(e.event_id, e.position) for e in found.corrective_events] == [
            ("urn:x:to-come", None)
        ]
        assert [known.declared_at for known in found.declarations] == ["2026-01-05T03:00:00.000Z"]


class TestDoubt:
    async def test_is_about_what_a_container_went_through(self, store: EventStore) -> None:
        """
        A pack that never was in the case was not shipped with it, nor taken out of it.
        """
        wrong = named(WRONG, packed(2, CASE, PACK, OTHER_PACK))
        await report(store, commissioned(1, PACK, OTHER_PACK), wrong, packed(3, PALLET, CASE))
        await report(store, shipped(4, PALLET), unpacked(5, CASE, PACK), received(6, PACK))

        found = await declare(store, wrong, named(RIGHT, packed(2, CASE, OTHER_PACK)))

        assert found.things == 3
        assert [doubt for doubt in doubts(found) if doubt[0] == key(PACK)] == [
            (key(PACK), 3, "not_in_container", key(CASE)),
            (key(PACK), 4, "not_in_container", key(PALLET)),
            (key(PACK), 5, "other_state", None),
            # Never having been shipped, it was received.
            (key(PACK), 6, "other_state", None),
        ]

    async def test_is_about_what_it_was_in_after_all(self, store: EventStore) -> None:
        """
        A pack that was not taken out of the case was there when the case was shipped.
        """
        wrong = named(WRONG, unpacked(3, CASE))
        await report(store, packed(2, CASE, PACK), wrong, shipped(4, CASE), packed(5, PALLET, PACK))

        found = await declare(store, wrong)

        assert doubts(found) == [
            (key(PACK), 4, "in_container", key(CASE)),
            (key(PACK), 5, "other_state", None),
        ]

    async def test_is_about_whatever_is_said_of_what_never_began(self, store: EventStore) -> None:
        """
        Without its commissioning a serial has no lot, whatever was seen of it.
        """
        wrong = named(WRONG, commissioned(1, PACK))
        await report(store, wrong, observed(2, PACK, biz_step="inspecting"), shipped(3, PACK))

        assert doubts(await declare(store, wrong)) == [
            (key(PACK), 2, "other_state", None),
            (key(PACK), 3, "other_state", None),
        ]

    async def test_ends_where_both_stories_agree_again(self, store: EventStore) -> None:
        """
        What was received all the same is received; what comes after it is in no doubt.
        """
        wrong = named(WRONG, shipped(2, PACK))
        await report(store, commissioned(1, PACK), wrong, observed(2.5, PACK, biz_step="storing"))
        await report(store, received(3, PACK), packed(4, CASE, PACK))

        assert doubts(await declare(store, wrong)) == [(key(PACK), 3, "other_state", None)]

    async def test_is_none_of_what_nobody_built_on(self, store: EventStore) -> None:
        """
        To have looked at a pack, or not, changes nothing that came before or after.
        """
        wrong = named(WRONG, observed(2, PACK, biz_step="inspecting"))
        await report(store, commissioned(1, PACK), wrong, shipped(3, PACK))

        assert doubts(await declare(store, wrong)) == []

    async def test_is_of_what_was_recorded_before(self, store: EventStore) -> None:
        """
        Who reports after the declaration could know of it.
        """
        wrong = named(WRONG, commissioned(1, PACK))
        await report(store, wrong, shipped(2, PACK))
        await declare(store, wrong)
        await report(store, received(3, PACK))

        assert [hour for _, hour, _, _ in doubts(await correction(store, WRONG))] == [2]

    async def test_of_many_things_comes_in_pages(self, store: EventStore) -> None:
        """
        A lot that was commissioned in error is gone through some things at a time, all of them.
        """
        packs = [f"urn:epc:id:sgtin:030001.0012345.P{n}" for n in range(THINGS_PER_PAGE + 3)]
        wrong = named(WRONG, commissioned(1, *packs))
        await report(store, wrong, *(shipped(2, pack) for pack in packs))

        first = await declare(store, wrong)
        second = await correction(store, WRONG, token=first.next_page_token)

        assert (first.things, second.next_page_token) == (len(packs), None)
        assert [d.key for page in (first, second) for d in page.doubts] == [*map(key, packs)]
        for token in ("x", "-1", "9" * 30):
            with pytest.raises(QueryParameterError, match="nextPageToken"):
                await correction(store, WRONG, token=token)


async def test_of_an_event_that_never_came(store: EventStore) -> None:
    """
    A declaration may come without its event, and puts nothing in doubt.
    """
    await report(store, commissioned(1, PACK))

    assert doubts(await declare(store, named(WRONG, shipped(2, PACK)))) == []


async def test_of_an_event_that_stands_is_not_found(store: EventStore) -> None:
    """
    What nobody declared in error has no correction, and the message names it.
    """
    await report(store, named(WRONG, shipped(2, PACK)))

    with pytest.raises(NotFoundError, match=WRONG):
        await correction(store, WRONG)

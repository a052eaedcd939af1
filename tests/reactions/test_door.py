"""What is kept out of the log, and what is refused or kept aside instead."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from epcis_repo.allocations import allocate, allocation_asked
from epcis_repo.bindings import RENDERERS, sniff
from epcis_repo.errors import (
    AppendConditionFailed,
    DuplicateEventError,
    NotFoundError,
    RuleBroken,
    ValidationError,
)
from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.exceptions import Sought as ExceptionsSought
from epcis_repo.exceptions import exceptions
from epcis_repo.holds import hold_asked, place_hold
from epcis_repo.model.documents import Document
from epcis_repo.model.times import Timestamp
from epcis_repo.operations import chunks
from epcis_repo.operations.capture import capture
from epcis_repo.operations.documents import received
from epcis_repo.operations.preparing import digest_of
from epcis_repo.reactions import (
    QuarantineOverError,
    ReactionsDoor,
    State,
    dismiss,
    judge_all,
    one_quarantined,
    quarantined,
    release,
    why_asked,
)
from epcis_repo.store import EventStore, open_store
from epcis_repo.store.log import head
from tests.operations.reports import (
    CASE,
    NOW,
    OTHER_PACK,
    PACK,
    PALLET,
    at,
    commissioned,
    named,
    observed,
    packed,
    shipped,
)
from tests.reactions.sending import (
    AGAIN,
    BUYER,
    FIRST,
    MAKER,
    PROCEED,
    TWICE,
    body_of,
    from_whom,
    made,
    react,
    send,
    steps_of,
)

WHY = why_asked({"reason": "scanned: it is one pack", "by": "QA"})
OTHER = named("urn:x:other", commissioned(2, OTHER_PACK))


def broken(error: pytest.ExceptionInfo[ValidationError]) -> RuleBroken:
    """The one rule that a refused document breaks."""
    [violation] = error.value.violations
    assert isinstance(violation, RuleBroken)
    return violation


class TestRejecting:
    async def test_refuses_what_breaks_the_rule(self, store: EventStore) -> None:
        """
        It is refused as a bad event is, by rule, things, event, what that contradicts, and what to
        do.
        """
        await react(store, "reject")
        await send(store, FIRST)

        with pytest.raises(ValidationError) as refusal:
            await send(store, OTHER, AGAIN)

        said = broken(refusal)
        assert (said.rule, said.event, said.epcs) == (TWICE, 2, (PACK,))
        assert (said.event_id, said.contradicts) == ("urn:x:again", "urn:x:first")
        assert "Hold all that has the serial" in str(refusal.value)
        assert await steps_of(store, PACK) == ["urn:x:first"]
        assert await steps_of(store, OTHER_PACK) == []

    async def test_loses_nothing(self, store: EventStore) -> None:
        """
        What was refused is kept with what was found, once, however often it comes, and whoever
        checks the log finds both.
        """
        await react(store, "reject")
        await send(store, FIRST)

        for _ in range(2):
            with pytest.raises(ValidationError):
                await send(store, AGAIN)

        kept = await received(store, digest_of(body_of(AGAIN)))
        assert b"".join(kept.pieces()) == body_of(AGAIN)
        kept.close()
        assert await made(store) == [(TWICE, "reject", [PACK])]
        assert (await check_integrity(store, None)).alterations == ()

    async def test_records_the_rest_where_the_sender_proceeds(self, store: EventStore) -> None:
        """
        Of a document that is to proceed the other events are recorded, and its job tells of this
        one.
        """
        await react(store, "reject")
        await send(store, FIRST)

        receipt = await send(store, OTHER, AGAIN, capture_error_behaviour=PROCEED)

        assert (receipt.recorded, receipt.failed, receipt.quarantined) == (1, 1, 0)
        [problem] = receipt.errors
        assert problem["event"] == 2
        assert problem["violations"][0]["rule"] == TWICE
        assert await steps_of(store, OTHER_PACK) == ["urn:x:other"]
        assert await steps_of(store, PACK) == ["urn:x:first"]

    async def test_looks_again_at_what_is_left(self, store: EventStore) -> None:
        """
        What breaks a rule without an event that was refused is refused, too; what does not, is not.
        """
        await react(store, "reject")
        await react(store, "reject", "used-in-transit")
        away = named("urn:x:away", shipped(3, PACK))
        opened = named("urn:x:opened", observed(4, PACK, biz_step="dispensing"))

        receipt = await send(store, FIRST, away, opened, AGAIN, capture_error_behaviour=PROCEED)

        assert receipt.failed == 2
        assert await steps_of(store, PACK) == ["urn:x:first", "urn:x:away"]

    async def test_takes_one_of_two_at_once(self, store: EventStore, store_url: str) -> None:
        """
        Of two that put the same serial into use at the same time one is taken, also where each
        comes by a process of its own.
        """
        await react(store, "reject")
        other_process = open_store(store_url)
        door, other_door = ReactionsDoor(), ReactionsDoor()
        tasks = [
            send(store, named(f"urn:x:{n}", commissioned(1, PACK)), door=door) for n in range(3)
        ]
        tasks += [
            send(other_process, named(f"urn:x:o{n}", commissioned(1, PACK)), door=other_door)
            for n in range(3)
        ]

        answers = await asyncio.gather(*tasks, return_exceptions=True)

        await other_process.close()
        assert sum(not isinstance(answer, Exception) for answer in answers) == 1
        assert {type(a) for a in answers if isinstance(a, Exception)} == {ValidationError}
        assert len(await steps_of(store, PACK)) == 1

    async def test_is_known_at_once(self, store: EventStore, store_url: str) -> None:
        """
        What somebody has set counts for the next capture of every process.
        """
        door = ReactionsDoor()
        await send(store, FIRST, door=door)
        other_process = open_store(store_url)
        await react(other_process, "reject")
        await other_process.close()

        with pytest.raises(ValidationError):
            await send(store, AGAIN, door=door)

    async def test_lets_others_of_a_group_pass(self, store: EventStore) -> None:
        """
        Who comes at the same time as one that is refused is captured.
        """
        await react(store, "reject")
        await send(store, FIRST)
        door = ReactionsDoor()

        answers = await asyncio.gather(
            send(store, AGAIN, door=door), send(store, OTHER, door=door), return_exceptions=True
        )

        assert isinstance(answers[0], ValidationError)
        assert await steps_of(store, OTHER_PACK) == ["urn:x:other"]

    @pytest.mark.parametrize("length", [3, 100], ids=["of many chunks", "of one"])
    async def test_looks_at_long_documents(
        self, store: EventStore, length: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A document that is recorded piece by piece is taken back as a whole.
        """
        monkeypatch.setattr(chunks, "CHUNK_LENGTH", length)
        monkeypatch.setattr(chunks, "LONG_LENGTH", 2)
        await react(store, "reject")
        many = [named(f"urn:x:{n}", commissioned(2, f"{OTHER_PACK}{n}")) for n in range(10)]

        with pytest.raises(ValidationError) as refusal:
            await send(store, FIRST, *many, AGAIN)

        assert broken(refusal).event == 12
        assert await steps_of(store, PACK) == []
        assert (await send(store, FIRST, *many)).recorded == 11

    async def test_looks_into_containers(self, store: EventStore) -> None:
        """
        What is held, though nobody names it, keeps the pallet from being shipped that it is in.
        """
        await react(store, "reject", "shipped-on-hold")
        begun = named("urn:x:begun", commissioned(1, PACK, CASE, PALLET))
        await send(store, begun, packed(2, CASE, PACK), packed(3, PALLET, CASE))
        held = hold_asked({"of": [PACK], "reason": "a complaint", "by": "QA", "hold_id": "H"})
        await place_hold(store, replace(held, since=at(2)), now=NOW)

        with pytest.raises(ValidationError) as refusal:
            await send(store, named("urn:x:gone", shipped(4, PALLET)))

        assert broken(refusal).epcs == (PACK,)
        assert broken(refusal).contradicts == "H"

    async def test_looks_at_what_is_told_late(self, store: EventStore) -> None:
        """
        An event by which one that was recorded before breaks a rule is refused, too.
        """
        await react(store, "reject", "used-before-commissioning")
        await send(store, named("urn:x:seen", observed(1, PACK, biz_step="inspecting")))

        with pytest.raises(ValidationError) as refusal:
            await send(store, named("urn:x:late", commissioned(2, PACK)))

        assert broken(refusal).contradicts == "urn:x:late"

    async def test_leaves_alone_what_was_wrong_before(self, store: EventStore) -> None:
        """
        Who reports what goes on with a thing is not refused for what others have reported of it.
        """
        await send(store, FIRST, AGAIN)
        await react(store, "reject")

        await send(store, named("urn:x:next", observed(9, PACK, biz_step="inspecting")))

        assert len(await steps_of(store, PACK)) == 3

    async def test_knows_which_serials_were_allocated(self, store: EventStore) -> None:
        """
        A serial that nobody allocated is refused where that is set.
        """
        await react(store, "reject", "serial-range")
        said = {"gtin": "00300010123455", "first": "A2", "last": "A9", "reason": "PO 7", "by": "QA"}
        await allocate(store, allocation_asked(said), now=NOW)

        await send(store, OTHER)
        with pytest.raises(ValidationError) as refusal:
            await send(store, FIRST)

        assert broken(refusal).found == "serial A1 was not allocated"


class TestPartners:
    @pytest.mark.parametrize(
        "written",
        [
            MAKER,
            f"https://id.gs1.org/417/{MAKER}",
            f"https://id.gs1.org/414/{MAKER}/254/12",
            "urn:epc:id:sgln:0614141.00000.0",
        ],
        ids=["a GLN", "a party", "a room of it", "a place"],
    )
    async def test_are_told_by_their_gln(self, store: EventStore, written: str) -> None:
        """
        A reaction for a partner is for the one that the header names, however either writes him.
        """
        await react(store, "reject", partner=written)
        await send(store, FIRST)

        await send(store, named("urn:x:b", commissioned(6, PACK)), sender=BUYER)
        with pytest.raises(ValidationError):
            await send(store, AGAIN, sender=f"https://id.gs1.org/414/{MAKER}")

    async def test_of_a_business_document_header_are_senders(self, store: EventStore) -> None:
        """
        The sender of an XML document is the partner.
        """
        await react(store, "reject", partner=MAKER)
        await send(store, FIRST)
        document = Document(
            events=(AGAIN,),
            schema_version="1.2",
            creation_date=Timestamp("2026-01-01T00:00:00Z", at(0)),
            sender="urn:epc:id:sgln:0614141.00000.0",
            receiver="urn:epc:id:sgln:0399990.00002.0",
            instance_identifier="1",
        )
        body = RENDERERS["xml-1.2"](document)

        with pytest.raises(ValidationError):
            await capture(store, body, sniff(body), now=NOW, door=ReactionsDoor())

    async def test_are_whom_events_are_from_else(self, store: EventStore) -> None:
        """
        Where no header says who sends, the source of each event does.
        """
        await react(store, "reject", partner=MAKER)
        await send(store, FIRST)
        more, other = (named(f"urn:x:{n}", commissioned(6 + n, PACK)) for n in range(2))

        await send(store, from_whom(more, BUYER))
        await send(store, named("urn:x:nobody", commissioned(8, PACK)))
        with pytest.raises(ValidationError):
            await send(store, from_whom(other, MAKER))

    async def test_come_before_every_partner(self, store: EventStore) -> None:
        """
        What is set for a partner counts for him in place of what is set for every one, until it is
        taken back.
        """
        await react(store, "reject")
        await react(store, "observe", partner=MAKER)
        await send(store, FIRST)

        await send(store, AGAIN, sender=MAKER)
        await react(store, "default", partner=MAKER)

        with pytest.raises(ValidationError):
            await send(store, named("urn:x:more", commissioned(7, PACK)), sender=MAKER)
        with pytest.raises(ValidationError):
            await send(store, named("urn:x:more", commissioned(7, PACK)))


class TestQuarantine:
    async def test_keeps_a_document_aside(self, store: EventStore) -> None:
        """
        What breaks the rule is neither folded nor found, and neither is what came with it; sent
        again it has the same answer.
        """
        await react(store, "quarantine")
        await send(store, FIRST)

        receipt = await send(store, OTHER, AGAIN)
        again = await send(store, OTHER, AGAIN)

        assert (receipt.recorded, receipt.quarantined, receipt.failed) == (0, 2, 0)
        assert receipt.value()["success"] is False
        assert receipt.errors[0]["violations"][0]["rule"] == TWICE
        assert (again.repeated, again.quarantined) == (True, 2)
        assert await steps_of(store, OTHER_PACK) == []
        [waiting] = (await quarantined(store, every=False, per_page=9)).quarantined
        assert (waiting.capture_id, waiting.state) == (receipt.capture_id, State.WAITING)
        assert [finding.value["epcs"] for finding in waiting.findings] == [[PACK]]
        assert (await check_integrity(store, None)).alterations == ()

    async def test_is_captured_when_it_is_released(self, store: EventStore) -> None:
        """
        Released it is captured, with who and why; whoever sends it again is told that it was.
        """
        await react(store, "quarantine")
        await send(store, FIRST)
        receipt = await send(store, OTHER, AGAIN)

        released = await release(store, receipt.capture_id, WHY, now=NOW + 5)

        assert released.state is State.RELEASED
        assert released.decided is not None
        assert (released.decided.by, released.decided.reason) == (WHY.by, WHY.reason)
        assert await steps_of(store, PACK) == ["urn:x:first", "urn:x:again"]
        assert await steps_of(store, OTHER_PACK) == ["urn:x:other"]
        again = await send(store, OTHER, AGAIN)
        assert (again.repeated, again.recorded, again.value()["success"]) == (True, 2, True)
        assert (await quarantined(store, every=False, per_page=9)).quarantined == []
        assert (await check_integrity(store, None)).alterations == ()

    async def test_is_never_captured_when_it_is_dismissed(self, store: EventStore) -> None:
        """
        Dismissed it stays kept, and nobody can release it.
        """
        await react(store, "quarantine")
        await send(store, FIRST)
        receipt = await send(store, AGAIN)

        dismissed = await dismiss(store, receipt.capture_id, WHY, now=NOW + 5)

        assert dismissed.state is State.DISMISSED
        with pytest.raises(QuarantineOverError):
            await release(store, receipt.capture_id, WHY, now=NOW + 6)
        with pytest.raises(QuarantineOverError):
            await dismiss(store, receipt.capture_id, WHY, now=NOW + 6)
        assert await steps_of(store, PACK) == ["urn:x:first"]
        [found] = (await quarantined(store, every=True, per_page=9)).quarantined
        assert found == dismissed

    async def test_takes_the_first_of_two_decisions(self, store: EventStore) -> None:
        """
        Of a release and a dismissal at once one is done, and what is in the log fits it.
        """
        await react(store, "quarantine")
        await send(store, FIRST)
        receipt = await send(store, AGAIN)

        answers = await asyncio.gather(
            release(store, receipt.capture_id, WHY, now=NOW + 5),
            dismiss(store, receipt.capture_id, WHY, now=NOW + 5),
            return_exceptions=True,
        )

        found = await one_quarantined(store, receipt.capture_id)
        errors = [answer for answer in answers if isinstance(answer, Exception)]
        assert [type(error) for error in errors] in (
            [QuarantineOverError],
            [AppendConditionFailed],
        )
        is_there = "urn:x:again" in await steps_of(store, PACK)
        assert is_there == (found.state is State.RELEASED)

    async def test_is_of_single_events_where_the_sender_proceeds(self, store: EventStore) -> None:
        """
        Of a document that is to proceed the others are recorded; a release adds what was kept.
        """
        await react(store, "quarantine")
        await send(store, FIRST)

        receipt = await send(store, OTHER, AGAIN, capture_error_behaviour=PROCEED)
        before = await steps_of(store, OTHER_PACK)
        released = await release(store, receipt.capture_id, WHY, now=NOW + 5)

        assert (receipt.recorded, receipt.quarantined) == (1, 1)
        assert before == ["urn:x:other"]
        assert released.numbers == (2,)
        assert await steps_of(store, PACK) == ["urn:x:first", "urn:x:again"]
        assert await steps_of(store, OTHER_PACK) == before

    async def test_waits_on_where_it_cannot_be_captured(self, store: EventStore) -> None:
        """
        What came under an eventID that another has taken meanwhile waits until it is dismissed.
        """
        await react(store, "quarantine")
        await send(store, FIRST)
        receipt = await send(store, AGAIN)
        await send(store, named("urn:x:again", commissioned(3, OTHER_PACK)))

        with pytest.raises(DuplicateEventError):
            await release(store, receipt.capture_id, WHY, now=NOW + 5)

        assert (await one_quarantined(store, receipt.capture_id)).state is State.WAITING

    async def test_stands_behind_a_refusal(self, store: EventStore) -> None:
        """
        A document of which anything is to be refused is refused.
        """
        await react(store, "quarantine")
        await react(store, "reject", "never-commissioned")
        await send(store, FIRST)
        stray = named("urn:x:stray", observed(3, OTHER_PACK, biz_step="inspecting"))

        with pytest.raises(ValidationError):
            await send(store, AGAIN, stray)

        assert (await quarantined(store, every=True, per_page=9)).quarantined == []

    async def test_has_pages(self, store: EventStore) -> None:
        """
        What was kept aside is listed, the newest first, page by page.
        """
        await react(store, "quarantine")
        await send(store, FIRST)
        ids = [(await send(store, AGAIN, note=f"urn:x:{n}")).capture_id for n in range(3)]

        first = await quarantined(store, every=False, per_page=2)
        second = await quarantined(store, every=False, per_page=2, token=first.next_page_token)

        found = [*first.quarantined, *second.quarantined]
        assert [each.capture_id for each in found] == ids[::-1]
        assert second.next_page_token is None

    async def test_knows_nothing_of_others(self, store: EventStore) -> None:
        """
        Of a capture that has kept nothing aside there is nothing.
        """
        with pytest.raises(NotFoundError):
            await one_quarantined(store, (await send(store, FIRST)).capture_id)


async def test_nothing_is_looked_at_where_nothing_is_set(store: EventStore) -> None:
    """
    Where nothing is set to keep anything out, whatever is found later is captured.
    """
    await react(store, "observe")
    await send(store, FIRST)

    await send(store, AGAIN)

    async with store.reading() as session:
        before = await head(session)
    assert await made(store) == []
    assert before == 5
    await judge_all(store, now=NOW)
    assert await made(store) == [(TWICE, "observe", [PACK])]
    assert (await exceptions(store, ExceptionsSought(), per_page=9, now=NOW)).exceptions == []

"""Messages are taken into exceptions, once, and written about them; all of it is kept."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from epcis_repo.errors import NotFoundError, ValidationError
from epcis_repo.exceptions import (
    KINDS,
    ExceptionCase,
    ExceptionClass,
    State,
    Step,
    decide_on,
    exceptions,
    one_exception,
    open_exception,
)
from epcis_repo.exceptions.asked import Asked, Sought
from epcis_repo.exceptions.events import ExceptionMoved
from epcis_repo.exceptions.pdg import (
    MessageTakenError,
    StrangerError,
    Taken,
    message_about,
    messages_about,
    messages_value,
    operations,
    take_message,
    write_message_about,
)
from epcis_repo.exceptions.pdg.mapping import SECTIONS, items_of
from epcis_repo.exceptions.pdg.messages import ExceptionReport, Message
from epcis_repo.exceptions.pdg.reading import read_message
from epcis_repo.gs1 import canonical_key
from epcis_repo.operations.documents import received
from epcis_repo.store import EventStore
from epcis_repo.store.log import head
from tests.exceptions.pdg.made import (
    CASE_UUID,
    GLN_ERROR,
    GTIN_ERROR,
    MAKER,
    MISALIGNED,
    MISSING_DATA,
    MISSING_PRODUCT,
    OVERAGE,
    UNDERAGE,
    WHOLE_REPORT,
    WHOLESALER,
    official,
    report_value,
    response_value,
)
from tests.operations.reports import HOUR, NOW, OTHER_PACK, PACK, PALLET

SECOND = 1_000_000
THIRD_PACK = "urn:epc:id:sgtin:030001.0012345.A3"
LOT = "urn:epc:class:lgtin:030001.0012345.L2"
PRODUCT, BOXES = "urn:epc:idpat:sgtin:030001.0012345.*", "urn:epc:idpat:sgtin:030001.1012345.*"
ORDER = "urn:epcglobal:cbv:bt:0300010000022:PO-1"
BUYER, PGLN = "urn:epc:id:pgln:030001.000002", "urn:epc:id:pgln:030001.000001"
WRITING = {"by": "QA", "sender_information": MAKER}


async def take(store: EventStore, value: Any, *, now: int = NOW) -> Taken:
    return await take_message(store, json.dumps(value).encode(), now=now)


async def write(
    store: EventStore, message: str, exception_id: str = CASE_UUID, *, now: int = NOW, **asked: Any
) -> dict[str, Any]:
    """What is written, as whoever gets it reads it."""
    value = {"message": message, **WRITING, **asked}
    written = await write_message_about(store, exception_id, value, now=now)
    found: dict[str, Any] = json.loads(written.body)
    return found


async def opened(store: EventStore, **asked: Any) -> ExceptionCase:
    says = {"reason": "seen at the dock", "by": "dock", "transactions": (ORDER,), **asked}
    return (await open_exception(store, Asked(**says), now=NOW)).case


async def move(store: EventStore, step: Step, exception_id: str = CASE_UUID) -> ExceptionCase:
    by = "QA's second" if step is Step.APPROVE else "QA"
    moved = ExceptionMoved(
        exception_id=exception_id, reason="x", by=by, documents=[], step=step, due=None
    )
    return await decide_on(store, moved, now=NOW)


async def of_thread(store: EventStore, thread: str = CASE_UUID) -> Sequence[ExceptionCase]:
    """The exceptions of a thread, as they were opened."""
    page = await exceptions(store, Sought(thread=thread), per_page=9, now=NOW)
    return page.exceptions[::-1]


def decided(case: ExceptionCase) -> Sequence[str]:
    """What was decided, in short."""
    return [
        decision.step
        if isinstance(decision, ExceptionMoved)
        else type(decision).__name__.removeprefix("Exception")
        for decision, _, _ in case.history
    ]


class TestAReport:
    async def test_opens_the_exception_of_its_thread(self, store: EventStore) -> None:
        """
        The exception has the name of the thread, the class of what is reported first, the things by
        their EPCs, the order as events name it, and whoever reports as the partner.
        """
        case = (await take(store, WHOLE_REPORT)).case

        assert case == await one_exception(store, CASE_UUID)
        assert (case.exception_class, case.kind) == (ExceptionClass.PRODUCT_NO_DATA, "no_data")
        assert case.things == (PACK, PRODUCT)
        assert (case.transactions, case.partner) == ((ORDER,), BUYER)
        assert (case.state, case.by) == (State.OPEN, "returns@wholesaler.example")
        for word in ("12 received", "came without data", "seal"):
            assert word in case.reason

    async def test_opens_one_for_each_class(self, store: EventStore) -> None:
        """
        Lists of other classes are exceptions of their own in the same thread, each with its clock.
        """
        await take(store, WHOLE_REPORT)

        first, *others = await of_thread(store)

        assert first.exception_id == CASE_UUID
        assert {case.thread for case in (first, *others)} == {CASE_UUID}
        found = {case.exception_class: (case.kind, case.things, case.due) for case in others}
        assert found == {
            ExceptionClass.DATA_NO_PRODUCT: ("shortage", (OTHER_PACK, BOXES), NOW + 48 * HOUR),
            ExceptionClass.DATA_ISSUE: (
                "wrong_serial",
                (THIRD_PACK, LOT, BOXES),
                NOW + 72 * HOUR,
            ),
        }
        said = {case.exception_class: case.reason for case in others}
        assert "shipment 4711.xml" in said[ExceptionClass.DATA_NO_PRODUCT]
        assert "lot L1, in the data L2" in said[ExceptionClass.DATA_ISSUE]
        assert all("seal" not in case.reason for case in others)

    @pytest.mark.parametrize(
        ("section", "item", "exception_class", "kind", "things"),
        [
            ("missing_product_data", MISSING_DATA, "product_no_data", "no_data", (PACK,)),
            ("overages", OVERAGE, "product_no_data", "overage", (PRODUCT,)),
            ("missing_product", MISSING_PRODUCT, "data_no_product", "shortage", (OTHER_PACK,)),
            ("underages", UNDERAGE, "data_no_product", "shortage", (BOXES,)),
            ("data_misalignment", MISALIGNED, "data_issue", "wrong_serial", (THIRD_PACK, LOT)),
            (
                "data_misalignment",
                {**MISALIGNED, "received_product_serial": None},
                "data_issue",
                "wrong_lot",
                ("urn:epc:class:lgtin:030001.0012345.L1", LOT),
            ),
            (
                "data_misalignment",
                {**MISALIGNED, "received_product_lot": "L2", "product_data_serial": "A3"},
                "data_issue",
                "wrong_data",
                (THIRD_PACK,),
            ),
        ],
    )
    async def test_has_the_kind_of_what_it_lists(
        self,
        store: EventStore,
        section: str,
        item: dict[str, Any],
        exception_class: str,
        kind: str,
        things: tuple[str, ...],
    ) -> None:
        """
        Each list of a report is of a kind of exceptions, and so of a class, and names its things.
        """
        case = (await take(store, report_value(exceptions={section: [item]}))).case

        assert (case.exception_class, case.kind, case.things) == (exception_class, kind, things)

    async def test_may_be_about_master_data(self, store: EventStore) -> None:
        """
        A GTIN and a GLN that are not right make an exception of data; a wrong check digit names
        no thing, and is told in words.
        """
        wrong = {"gln_errors": [GLN_ERROR], "gtin_errors": [GTIN_ERROR]}

        case = (await take(store, report_value(exceptions={"master_data_errors": wrong}))).case

        assert (case.exception_class, case.kind) == (ExceptionClass.DATA_ISSUE, "wrong_master_data")
        assert case.things == (BOXES,)
        assert "GLN 0300010000099 is not right, 0300010000022 may be" in case.reason

    @pytest.mark.parametrize(
        ("gtin", "serial", "things"),
        [
            ("00300010123455", "A1", (PACK,)),
            ("300010123455", "A1", (PACK,)),
            ("300010123455", "", (PRODUCT,)),
            ("00300010123456", "A1", ()),
            ("12345", "A1", ()),
            ("", "A1", ()),
            ("00300010123455", "A 1", ()),
            ("00300010123455", "x" * 21, ()),
        ],
    )
    async def test_names_what_has_a_name(
        self, store: EventStore, gtin: str, serial: str, things: tuple[str, ...]
    ) -> None:
        """
        A GTIN of any length names a thing together with a serial; one that is none names nothing.
        """
        item = {**MISSING_PRODUCT, "product_gtin": gtin, "product_serial": serial}

        case = (await take(store, report_value(exceptions={"missing_product": [item]}))).case

        assert case.things == things
        assert case.reason.startswith(" ".join(filter(None, (gtin, serial, "is in"))))

    @pytest.mark.parametrize("gln", [None, "030001000002", "0300010000099", "x"])
    async def test_may_come_from_nobody_in_particular(
        self, store: EventStore, gln: str | None
    ) -> None:
        """
        Without a GLN that is right the partner is an address; without digits the order a number.
        """
        sender = {"email": "a@b.example", "gln": gln}

        case = (await take(store, report_value(sender_information=sender))).case

        assert case.partner == "a@b.example"
        assert case.transactions[0].endswith("PO-1")

    async def test_is_taken_once(self, store: EventStore) -> None:
        """
        A message that comes again changes nothing, however its members stand now.
        """
        value = {**WHOLE_REPORT, "ours": 1, "theirs": {"a": None, "b": 2}}
        first = await take(store, value)
        async with store.reading() as session:
            before = await head(session)
        again = {**dict(reversed(value.items())), "theirs": {"b": 2, "a": None}}

        second = await take(store, again, now=NOW + SECOND)

        async with store.reading() as session:
            assert await head(session) == before
        assert (first.again, second.again, second.case) == (False, True, first.case)

    async def test_is_taken_once_by_many_at_once(self, store: EventStore) -> None:
        """
        A message that comes many times at the same moment is recorded once.
        """
        taken = await asyncio.gather(*(take(store, WHOLE_REPORT) for _ in range(8)))

        assert sorted(each.again for each in taken) == [False] + [True] * 7
        assert [decided(case) for case in await of_thread(store)] == [["Opened"]] * 3
        assert len(await messages_about(store, CASE_UUID)) == 1

    async def test_is_read_beside_the_others(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A message may have thousands of items: others are answered while they are read.
        """
        threads: list[int] = []

        def noting(body: bytes) -> Message:
            threads.append(threading.get_ident())
            return read_message(body)

        monkeypatch.setattr(operations, "read_message", noting)
        await take(store, WHOLE_REPORT)

        assert len(threads) == 1
        assert threading.get_ident() not in threads

    async def test_goes_together_with_others(self, store: EventStore) -> None:
        """
        Reports of one thread that come at the same moment are all taken, in one exception.
        """
        names = [f"B{number}" for number in range(6)]
        values = [
            report_value(
                f"report-{name}",
                exceptions={"missing_product_data": [{**MISSING_DATA, "product_serial": name}]},
            )
            for name in names
        ]

        await asyncio.gather(*(take(store, value) for value in values))

        case = await one_exception(store, CASE_UUID)
        assert sorted(decided(case)) == ["Amended"] * 5 + ["Opened"]
        assert {epc.rpartition(".")[2] for epc in case.things} == {*names}
        assert len(await messages_about(store, CASE_UUID)) == 6

    @pytest.mark.parametrize("thread", [CASE_UUID, "another thread"])
    async def test_does_not_take_the_name_of_another(self, store: EventStore, thread: str) -> None:
        """
        Another message with the same message_uuid is refused, and nothing is recorded of it.
        """
        await take(store, WHOLE_REPORT)

        with pytest.raises(MessageTakenError):
            await take(store, report_value(po_number="PO-2", exception_case_uuid=thread))

        page = await exceptions(store, Sought(), per_page=10, now=NOW)
        assert [decided(case) for case in page.exceptions] == [["Opened"]] * 3

    async def test_adds_what_is_new(self, store: EventStore) -> None:
        """
        A second report adds what the first did not name; one that names nothing new is a comment.
        """
        await take(store, report_value(exceptions={"missing_product_data": [MISSING_DATA]}))
        another = {**MISSING_DATA, "product_serial": "A2"}
        more = {"missing_product_data": [another, MISSING_DATA]}

        second = await take(store, report_value("report-2", exceptions=more))
        third = await take(store, report_value("report-3", exceptions=more))

        assert second.case.things == (PACK, OTHER_PACK)
        assert decided(third.case) == ["Opened", "Amended", "Commented"]
        assert third.case.exception_class is ExceptionClass.PRODUCT_NO_DATA

    async def test_adds_an_exception_of_another_class(self, store: EventStore) -> None:
        """
        What a later report has of another class is one more exception; more of that is added to it.
        """
        await take(store, report_value(exceptions={"missing_product_data": [MISSING_DATA]}))
        for number in (2, 3):
            item = {**MISSING_PRODUCT, "product_serial": f"A{number}"}
            report = report_value(f"report-{number}", exceptions={"missing_product": [item]})
            await take(store, report)

        first, second = await of_thread(store)

        assert (first.exception_id, decided(first)) == (CASE_UUID, ["Opened"])
        assert second.exception_class is ExceptionClass.DATA_NO_PRODUCT
        assert (second.things, decided(second)) == ((OTHER_PACK, THIRD_PACK), ["Opened", "Amended"])

    async def test_resolves(self, store: EventStore) -> None:
        """
        A report whose case is resolved resolves the exception; one that says it again is a comment.
        """
        await take(store, WHOLE_REPORT)

        second = await take(store, report_value("report-2", exceptions={}, case_resolved=True))
        third = await take(store, report_value("report-3", exceptions={}, case_resolved=True))

        assert decided(second.case) == ["Opened", "Commented", "resolve"]
        assert third.case.state is State.RESOLVED
        assert {case.state for case in await of_thread(store)} == {State.RESOLVED}

    @pytest.mark.parametrize("steps", [(Step.RESOLVE,), (Step.RESOLVE, Step.APPROVE, Step.CLOSE)])
    async def test_reopens_what_was_over(self, store: EventStore, steps: Sequence[Step]) -> None:
        """
        What is reported once more after it was over is open again.
        """
        await take(store, WHOLE_REPORT)
        for step in steps:
            await move(store, step)

        case = (await take(store, {**WHOLE_REPORT, "message_uuid": "report-2"})).case

        assert (case.state, case.times_reopened) == (State.OPEN, 1)
        assert [c.times_reopened for c in await of_thread(store)] == [1, 0, 0]

    async def test_leaves_what_is_closed(self, store: EventStore) -> None:
        """
        That it is resolved is no more than a comment on what is closed, whatever it was about.
        """
        await take(store, report_value(exceptions={"missing_product_data": [MISSING_DATA]}))
        for step in (Step.RESOLVE, Step.APPROVE, Step.CLOSE):
            await move(store, step)
        more = {"missing_product_data": [{**MISSING_DATA, "product_serial": "A2"}]}

        value = report_value("report-2", exceptions=more, case_resolved=True)
        case = (await take(store, value)).case

        assert (case.state, decided(case)[-1]) == (State.CLOSED, "Commented")
        assert case.things == (PACK,)

    async def test_is_found_by_its_things(self, store: EventStore) -> None:
        """
        Whoever asks about a thing finds the exception that a partner has reported.
        """
        await take(store, WHOLE_REPORT)

        page = await exceptions(store, Sought(key=canonical_key(PACK)), per_page=10, now=NOW)

        assert [case.exception_id for case in page.exceptions] == [CASE_UUID]

    async def test_says_no_more_than_a_text_may_have(self, store: EventStore) -> None:
        """
        Words without end are cut, on one line; the message has all of them.
        """
        value = report_value(other_errors=["word\n" * 5_000])

        case = (await take(store, value)).case

        assert len(case.reason) == 1_000
        assert "\n" not in case.reason
        assert json.loads(await message_about(store, CASE_UUID, "report-1")) == value


class TestAResponse:
    async def test_is_an_answer(self, store: EventStore) -> None:
        """
        Who has waited for the partner hears him: what he says to each item, and what he offers.
        """
        await take(store, WHOLE_REPORT)
        await move(store, Step.ASK_PARTNER)
        alternative = {
            "alternative_resolution": "Return product",
            "follow_up": "Phone",
            "follow_up_details": None,
        }
        items = [
            {
                "exception_item_uuid": "item-overage",
                "resolution_response": "Reject",
                "comments": "Ten were shipped.",
                "alternative_resolution": alternative,
            }
        ]

        case = (await take(store, response_value(response_items=items))).case

        assert (case.state, decided(case)[-1]) == (State.IN_WORK, "hear_partner")
        assert case.history[-1].decision.reason == (
            "item-overage: Reject (Ten were shipped.), instead: Return product, Phone"
        )

    async def test_is_a_comment_where_nobody_waits(self, store: EventStore) -> None:
        """
        A response to what is in work already is a comment on it.
        """
        await take(store, WHOLE_REPORT)

        case = (await take(store, response_value(additional_notes="Tomorrow."))).case

        assert (case.state, decided(case)) == (State.OPEN, ["Opened", "Commented"])

    async def test_needs_something_to_respond_to(self, store: EventStore) -> None:
        """
        A response to what nobody has reported is refused, and nothing of it is kept.
        """
        with pytest.raises(NotFoundError):
            await take(store, response_value())

        async with store.reading() as session:
            assert await head(session) == 0


STRANGER = {"gln": "0300010000039", "email": "somebody@elsewhere.example"}


class TestWhoseThreadItIs:
    @pytest.mark.parametrize("kind", ["report", "response"])
    async def test_is_of_the_two_who_have_written(self, store: EventStore, kind: str) -> None:
        """
        Once one has reported and another responded, nobody else gets in, whatever he sends; both
        of them do.
        """
        await take(store, WHOLE_REPORT)
        await take(store, response_value())
        async with store.reading() as session:
            before = await head(session)
        value = report_value if kind == "report" else response_value

        with pytest.raises(StrangerError, match="0300010000039") as refused:
            await take(store, value("message-3", sender_information=STRANGER))

        # Who it is between is none of his business.
        assert not any(str(who["gln"]) in str(refused.value) for who in (WHOLESALER, MAKER))
        async with store.reading() as session:
            assert await head(session) == before
        await take(store, report_value("report-2"))
        await take(store, response_value("response-2"))

    async def test_takes_a_report_only_from_who_has_reported(self, store: EventStore) -> None:
        """
        There is room for one who responds, and for nobody who reports, too.
        """
        await take(store, WHOLE_REPORT)

        with pytest.raises(StrangerError):
            await take(store, report_value("report-2", sender_information=STRANGER))
        await take(store, response_value())

    async def test_is_ours_and_his_once_we_have_written(self, store: EventStore) -> None:
        """
        Who has reported to us is answered by us, and by nobody else.
        """
        await take(store, WHOLE_REPORT)
        await write(store, "response", resolution_response="Accept")

        with pytest.raises(StrangerError):
            await take(store, response_value(sender_information=STRANGER))
        await take(store, report_value("report-2", case_resolved=True))

    async def test_is_of_whoever_answers_first_what_we_have_written(
        self, store: EventStore
    ) -> None:
        """
        Where nobody says whom a message is for, it is for whom answers.
        """
        case = await opened(store, kind="no_data", things=(PACK,))
        await write(store, "report", case.exception_id, sender_information=WHOLESALER)
        about = {"exception_case_uuid": case.exception_id}

        await take(store, response_value(**about))

        with pytest.raises(StrangerError):
            await take(store, response_value("r-2", sender_information=STRANGER, **about))
        await take(store, response_value("r-3", **about))

    @pytest.mark.parametrize("receiver", ["0300010000015", "Exceptions@Maker.example", PGLN])
    async def test_is_of_whom_it_was_written_for(self, store: EventStore, receiver: str) -> None:
        """
        Where somebody says whom a message is for, by GLN or address, nobody else answers it.
        """
        case = await opened(store, kind="no_data", things=(PACK,))
        await write(
            store,
            "report",
            case.exception_id,
            sender_information=WHOLESALER,
            receiver=receiver,
        )
        about = {"exception_case_uuid": case.exception_id}

        with pytest.raises(StrangerError):
            await take(store, response_value("r-1", sender_information=STRANGER, **about))
        await take(store, response_value("r-2", **about))

    async def test_that_nobody_has_written_in_is_of_the_partner(self, store: EventStore) -> None:
        """
        An exception of ours is nobody's to write about but its partner's, where there is one.
        """
        alone = await opened(store, kind="no_data", things=(PACK,))
        ours = await opened(store, kind="no_data", things=(PACK,), partner=PGLN)
        for case in (alone, ours):
            about = {"exception_case_uuid": case.exception_id}
            with pytest.raises(StrangerError):
                await take(store, report_value(sender_information=STRANGER, **about))

        about = {"exception_case_uuid": ours.exception_id}
        await take(store, report_value(sender_information=MAKER, **about))

    @pytest.mark.parametrize(
        ("sender", "is_same"),
        [
            ({**WHOLESALER, "email": "others@wholesaler.example"}, True),
            ({"email": "Returns@Wholesaler.example "}, True),
            ({"email": "others@wholesaler.example"}, False),
            ({**WHOLESALER, "gln": "0300010000039"}, False),
        ],
    )
    async def test_knows_a_sender_by_his_gln_else_by_his_address(
        self, store: EventStore, sender: dict[str, Any], is_same: bool
    ) -> None:
        """
        The GLN says who somebody is; where there is none in one of two messages, the address does.
        """
        await take(store, WHOLE_REPORT)
        value = report_value("report-2", sender_information=sender)

        if is_same:
            await take(store, value)
        else:
            with pytest.raises(StrangerError):
                await take(store, value)

    async def test_takes_what_comes_again_from_anybody(self, store: EventStore) -> None:
        """
        A message that was taken is known again before anything else is asked of it.
        """
        await take(store, WHOLE_REPORT)
        await take(store, response_value())

        assert (await take(store, WHOLE_REPORT)).again


class TestKeeping:
    async def test_every_byte_is_kept(self, store: EventStore) -> None:
        """
        The message is there as it came, under its name and under its digest, which the decision
        that it led to names.
        """
        body = json.dumps(WHOLE_REPORT, indent=3).encode()
        case = (await take_message(store, body, now=NOW)).case
        [digest] = case.history[0].decision.documents

        kept = await received(store, digest)

        assert b"".join(kept.pieces()) == body
        assert await message_about(store, CASE_UUID, "report-1") == body
        kept.close()

    async def test_messages_are_listed_on_both_clocks(self, store: EventStore) -> None:
        """
        The messages of a thread are told in order, with who wrote them and when we learned it.
        """
        await take(store, WHOLE_REPORT)
        await write(store, "response", resolution_response="Accept", now=NOW + SECOND)

        value = messages_value(await messages_about(store, CASE_UUID))["messages"]
        before = await messages_about(store, CASE_UUID, known_at=NOW)

        assert [(m["message"], m["written_here"], m["by"]) for m in value] == [
            ("report", False, "returns@wholesaler.example"),
            ("response", True, "QA"),
        ]
        assert value[0]["items"] == value[1]["items"]
        assert len(before) == 1

    async def test_what_is_not_there_is_not_found(self, store: EventStore) -> None:
        """
        There are no messages about what is no exception, and none of another's name.
        """
        await take(store, WHOLE_REPORT)

        with pytest.raises(NotFoundError):
            await messages_about(store, "another")
        with pytest.raises(NotFoundError):
            await message_about(store, CASE_UUID, "report-2")


class TestWritingAReport:
    @pytest.mark.parametrize(
        ("kind", "section"),
        [("overage", "missing_product_data"), ("shortage", "missing_product")],
    )
    async def test_has_the_things_as_items(
        self, store: EventStore, kind: str, section: str
    ) -> None:
        """
        What an exception is about is told as items of the list for its class, containers in words.
        """
        case = await opened(
            store, kind=kind, things=(PACK, OTHER_PACK, PALLET), events=("urn:x:e",)
        )

        value = await write(store, "report", case.exception_id)

        items = value["exceptions"][section]
        assert [item["product_serial"] for item in items] == ["A1", "A2"]
        assert {item["product_gtin"] for item in items} == {"00300010123455"}
        assert value["other_errors"] == [f"seen at the dock: {PALLET}"]
        assert (value["po_number"], value["case_resolved"]) == ("PO-1", False)
        assert value["exception_case_uuid"] == case.exception_id
        assert value["timestamp"] == NOW // SECOND
        assert official("report").is_valid(value)

    async def test_names_items_alike_each_time(self, store: EventStore) -> None:
        """
        An item has the same name in the next report, so that the partner knows it again.
        """
        case = await opened(store, kind="no_data", things=(PACK, OTHER_PACK))

        first, second = [await write(store, "report", case.exception_id) for _ in range(2)]

        assert first["exceptions"] == second["exceptions"]
        assert first["message_uuid"] != second["message_uuid"]
        names = [
            item["exception_item_uuid"] for item in first["exceptions"]["missing_product_data"]
        ]
        assert len({*names}) == 2

    async def test_tells_wrong_master_data(self, store: EventStore) -> None:
        """
        Of several serials of a product that is not known the GTIN is one item; a place is another.
        """
        things = (PACK, OTHER_PACK, "urn:epc:id:sgln:030001.000002.0")
        case = await opened(store, kind="wrong_master_data", things=things)

        value = await write(store, "report", case.exception_id)

        errors = value["exceptions"]["master_data_errors"]
        assert [error["invalid_gtin"] for error in errors["gtin_errors"]] == ["00300010123455"]
        assert [error["invalid_gln"] for error in errors["gln_errors"]] == ["0300010000022"]
        assert official("report").is_valid(value)

    async def test_tells_in_words_what_no_list_has_a_place_for(self, store: EventStore) -> None:
        """
        Damage is of no list: it is told as another error.
        """
        case = await opened(store, kind="damaged", things=(PACK,))

        value = await write(store, "report", case.exception_id)

        assert (value["exceptions"], value["other_errors"]) == ({}, [f"seen at the dock: {PACK}"])
        assert official("report").is_valid(value)

    async def test_says_what_it_is_asked_to_say(self, store: EventStore) -> None:
        """
        Whoever knows the quantities gives the items himself; those without a name get one.
        """
        case = await opened(store, kind="overage", things=(PACK,))
        overage = {name: value for name, value in OVERAGE.items() if name != "exception_item_uuid"}

        value = await write(
            store, "report", case.exception_id, exceptions={"overages": [overage]}, po_number="PO-7"
        )

        [item] = value["exceptions"]["overages"]
        assert item == {"exception_item_uuid": item["exception_item_uuid"], **overage}
        assert value["po_number"] == "PO-7"
        assert official("report").is_valid(value)

    async def test_has_the_partner_answer(self, store: EventStore) -> None:
        """
        What was reported to a partner waits for him, and what he is asked for is that of the asker.
        """
        case = await opened(store, kind="no_data", things=(PACK,))

        value = await write(store, "report", case.exception_id, resolution_request="Return product")

        case = await one_exception(store, case.exception_id)
        [item] = value["exceptions"]["missing_product_data"]
        assert case.state is State.WAITING_FOR_PARTNER
        assert item["resolution_request"] == "Return product"

    async def test_says_that_it_is_resolved(self, store: EventStore) -> None:
        """
        A report about what is over says so, and nothing else.
        """
        case = await opened(store, kind="no_data", things=(PACK,))
        await move(store, Step.RESOLVE, case.exception_id)

        value = await write(store, "report", case.exception_id)

        assert (value["exceptions"], value["case_resolved"]) == ({}, True)
        assert (await one_exception(store, case.exception_id)).state is State.RESOLVED

    async def test_says_that_it_is_resolved_when_all_of_its_thread_is(
        self, store: EventStore
    ) -> None:
        """
        A message speaks for its thread: what is over while others are not is told in words.
        """
        await take(store, WHOLE_REPORT)
        first, *others = await of_thread(store)
        await move(store, Step.RESOLVE, first.exception_id)

        value = await write(store, "report", first.exception_id)

        assert (value["exceptions"], value["case_resolved"]) == ({}, False)
        assert value["other_errors"][0].startswith("resolved: 00300010123455")
        for case in others:
            await move(store, Step.RESOLVE, case.exception_id)
        value = await write(store, "report", others[0].exception_id)
        assert (value["exception_case_uuid"], value["case_resolved"]) == (CASE_UUID, True)
        assert len(await messages_about(store, others[0].exception_id)) == 3

    async def test_comes_to_a_partner_as_it_was_meant(self, store: EventStore) -> None:
        """
        What is written is read again, and names the things that it was written about.
        """
        case = await opened(store, kind="no_data", things=(PACK, OTHER_PACK))
        await write(store, "report", case.exception_id)
        [past] = await messages_about(store, case.exception_id)

        body = await message_about(store, case.exception_id, past.message.message_uuid)

        report = read_message(body)
        assert isinstance(report, ExceptionReport)
        assert [thing for item in items_of(report) for thing in item.things] == [PACK, OTHER_PACK]

    async def test_needs_the_number_of_an_order(self, store: EventStore) -> None:
        """
        Where no order is known it has to be said which.
        """
        case = await opened(store, kind="no_data", transactions=())

        with pytest.raises(ValidationError) as refused:
            await write(store, "report", case.exception_id)

        assert [v.pointer for v in refused.value.violations] == ["/po_number"]


class TestWritingAResponse:
    async def test_answers_all_that_is_not_answered(self, store: EventStore) -> None:
        """
        One word is the answer to all items that have none yet, and another to those that are named.
        """
        await take(store, WHOLE_REPORT)
        item = {"exception_item_uuid": "item-overage", "resolution_response": "Reject"}

        first = await write(store, "response", response_items=[item], resolution_response="Accept")
        second = await write(store, "response", resolution_response="Accept")

        answers = {
            answer["exception_item_uuid"]: answer["resolution_response"]
            for answer in first["response_items"]
        }
        assert len(answers) == 7
        assert {name for name, word in answers.items() if word == "Reject"} == {"item-overage"}
        assert (first["po_number"], second["response_items"]) == ("PO-1", [])
        assert official("response").is_valid(first)
        case = await one_exception(store, CASE_UUID)
        assert case.state is State.WAITING_FOR_PARTNER

    async def test_answers_what_was_reported(self, store: EventStore) -> None:
        """
        An answer to what nobody has reported is refused, with its place.
        """
        await take(store, WHOLE_REPORT)
        item = {"exception_item_uuid": "another", "resolution_response": "Reject"}

        with pytest.raises(ValidationError) as refused:
            await write(store, "response", response_items=[item])

        assert [v.pointer for v in refused.value.violations] == [
            "/response_items/0/exception_item_uuid"
        ]


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        pytest.param([], "", id="no object"),
        pytest.param({"message": "letter", **WRITING}, "/message", id="no such message"),
        pytest.param({"message": "report", "by": "QA"}, "", id="nobody sends it"),
        pytest.param({"message": "report", **WRITING, "by": " "}, "/by", id="nobody"),
        pytest.param({"message": "report", **WRITING, "items": []}, "/items", id="a stranger"),
        pytest.param(
            {"message": "report", **WRITING, "resolution_response": "Accept"},
            "/resolution_response",
            id="of a response",
        ),
        pytest.param(
            {"message": "report", **WRITING, "exceptions": {"overages": [{}]}},
            "/exceptions/overages/0",
            id="an item that says nothing",
        ),
        pytest.param({"message": [], **WRITING}, "/message", id="a list of messages"),
    ],
)
async def test_refuses_to_write(store: EventStore, asked: Any, pointer: str) -> None:
    """
    What cannot be written is refused with the place of what is wrong, and nothing is recorded.
    """
    await take(store, WHOLE_REPORT)

    with pytest.raises(ValidationError) as refused:
        await write_message_about(store, CASE_UUID, asked, now=NOW)

    assert refused.value.violations[0].pointer == pointer
    assert len(await messages_about(store, CASE_UUID)) == 1


def test_every_list_has_a_kind() -> None:
    """
    What a list of a report is of is a kind of exceptions.
    """
    values: dict[str, dict[str, Any]] = {
        "missing_product_data": MISSING_DATA,
        "overages": OVERAGE,
        "missing_product": MISSING_PRODUCT,
        "underages": UNDERAGE,
        "data_misalignment": MISALIGNED,
        "gtin_errors": GTIN_ERROR,
        "gln_errors": GLN_ERROR,
    }
    report = read_message(json.dumps(WHOLE_REPORT).encode())
    assert isinstance(report, ExceptionReport)

    assert values.keys() == SECTIONS.keys()
    assert [item.uuid for item in items_of(report)] == [
        value["exception_item_uuid"] for value in values.values()
    ]
    assert {item.kind for item in items_of(report)} <= KINDS.keys()

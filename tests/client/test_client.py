"""A client of a repository that is served: values, pages, and errors of the library."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from epcis_repo import errors
from epcis_repo.bindings import RENDERERS, parse_document
from epcis_repo.client import Client, ServerUnreachableError, connect, error_of
from epcis_repo.exceptions import ExceptionChangedError
from epcis_repo.exceptions.pdg import MessageTakenError
from epcis_repo.holds import HoldReleasedError
from epcis_repo.ledger import parse_verifier_key, verify_checkpoint
from epcis_repo.model.documents import QueryResults
from epcis_repo.named_queries import QueryNameTakenError
from epcis_repo.rest.problems import KINDS
from tests.conformance.rows import holds
from tests.exceptions.pdg.made import CASE_UUID, MAKER, WHOLE_REPORT
from tests.rest.documents import (
    CASE,
    CONTEXT,
    JSON,
    UNIT,
    XML,
    commissioning,
    document,
    event,
    packing,
)
from tests.rest.served import served
from tests.rest.serving import must_be_valid
from tests.subscriptions.receiver import receiving, status

BODY = document(
    commissioning(1, lot="L1", expiry="2030-01-31"),
    packing(CASE.format(1), UNIT.format(1)),
    event(3, eventID="urn:x:3", epcList=[CASE.format(1)], bizStep="shipping"),
)

_ONE = parse_document(document(event(1)), JSON)
_ANSWER = replace(_ONE, query_results=QueryResults(query_name="SimpleEventQuery"))
BODIES = {
    (media_type, kind): RENDERERS[form](sent)
    for media_type, form in ((JSON, "json-ld"), (XML, "xml-2.0"))
    for kind, sent in (("EPCISDocument", _ONE), ("EPCISQueryDocument", _ANSWER))
}


@pytest.fixture
def address(store_url: str, tmp_path: Path) -> Iterator[str]:
    """Where a repository with a fresh store is served, of each kind."""
    networks = "127.0.0.0/8,::1/128"
    with served(store_url, tmp_path, webhook_networks=networks) as url:
        yield url


@pytest.fixture
async def client(address: str) -> AsyncIterator[Client]:
    async with connect(address) as found:
        yield found


class TestCapture:
    async def test_gives_the_job(self, client: Client) -> None:
        """
        A document, of bytes or in a file, is captured; its job is found again, and in the list.
        """
        captured = await client.capture(BODY, JSON)
        again = await client.capture(BytesIO(BODY), JSON)

        must_be_valid(captured.job, "capture")
        assert (captured.job["recorded"], again.job["repeated"]) == (3, True)
        assert await client.job(captured.job["captureID"]) == captured.job
        listed = [job["captureID"] async for job in client.jobs()]
        assert captured.job["captureID"] in listed

    async def test_tells_a_replay(self, client: Client) -> None:
        """
        A request that comes again under its key gets the same job, and the client says so.
        """
        first = await client.capture(BODY, JSON, idempotency_key="k")
        second = await client.capture(BODY, JSON, idempotency_key="k")

        assert (first.replayed, second.replayed) == (False, True)
        assert first.job == second.job

    async def test_takes_one_event(self, client: Client) -> None:
        """
        An event by itself comes back with its eventID, under which it is found.
        """
        sent = await client.capture_event({"@context": [CONTEXT], **event(1)})

        [found] = await client.event(sent["eventID"])
        assert found["epcList"] == [UNIT.format(1)]


class TestADocument:
    @holds("M61", "M62")
    @pytest.mark.parametrize(
        ("media_type", "kind"),
        [
            (JSON, "EPCISDocument"),
            (JSON, "EPCISQueryDocument"),
            (XML, "EPCISDocument"),
            (XML, "EPCISQueryDocument"),
        ],
    )
    async def test_is_sent_by_post_as_it_is(
        self, client: Client, media_type: str, kind: str
    ) -> None:
        """
        Documents of events and answers with events go to the capture interface byte for byte.
        """
        body = BODIES[media_type, kind]
        async with receiving() as receiver, connect(f"http://127.0.0.1:{receiver.port}") as sending:
            receiver.then = status(202, "Content-Type: application/json", body=b"{}")
            await sending.capture(body, media_type)

        [request] = receiver.came
        assert kind.encode() in request.body
        assert request.line == "POST /epcis/capture HTTP/1.1"
        assert request.headers["content-type"] == media_type
        assert request.body == body
        assert (await client.capture(body, media_type)).job["recorded"] == 1


class TestEvents:
    async def test_come_from_all_pages(self, client: Client) -> None:
        """
        Iterating goes on through the pages, with the same parameters, in order.
        """
        await client.capture(document(*(event(number) for number in range(7))), JSON)

        asked = [("perPage", "3"), ("EQ_action", "OBSERVE")]
        found = [each["epcList"][0] async for each in client.events(asked)]

        assert found == [UNIT.format(number) for number in range(7)]
        page = await client.events_page(asked)
        assert page.next_page_token is not None

    async def test_come_by_a_named_query(self, client: Client) -> None:
        """
        A query is named, listed, asked by its name and deleted.
        """
        await client.capture(BODY, JSON)
        await client.create_query("shipped now", {"EQ_bizStep": ["shipping"]})

        assert [query["name"] async for query in client.queries()] == ["shipped now"]
        found = [each["eventID"] async for each in client.events(query="shipped now")]
        assert found == ["urn:x:3"]
        await client.delete_query("shipped now")
        with pytest.raises(errors.NotFoundError):
            await client.query("shipped now")


class TestThings:
    async def test_are_answered(self, client: Client) -> None:
        """
        What is known of things comes as their schemas have it, however they are spelt.
        """
        link = "https://id.gs1.org/01/00300010123455/21/1"
        await client.capture(BODY, JSON)

        must_be_valid((await client.history(link)).value, "history")
        must_be_valid(await client.contents(CASE.format(1), known_at="2999-01-01"), "contents")
        must_be_valid(await client.custody(link), "custody")
        inside = b"".join([piece async for piece in client.leaves(CASE.format(1))])
        assert inside == f"{UNIT.format(1)}\n".encode()
        with pytest.raises(errors.NotFoundError, match="master data"):
            await client.master_data(link)
        gtin = "00300010123455"
        verified = await client.verify(gtin=gtin, serial="1", lot="L1", expiry="300131")
        assert verified["data"] == {"verified": True}

    async def test_are_held_and_released(self, client: Client) -> None:
        """
        What is recalled is found by what it is on, unit by unit, until it is released.
        """
        await client.capture(BODY, JSON)
        why = {"reason": "a complaint", "by": "QA"}
        asked = {"kind": "recall", "hold_id": "R 1", "of": [UNIT.format(1)], **why}

        placed = await client.place_hold(asked)
        reaching = await client.holds(CASE.format(1))
        lines = b"".join([piece async for piece in client.recalled_units("R 1")])
        released = await client.release_hold("R 1", why)

        must_be_valid(placed, "hold")
        assert [hold["how"] for hold in reaching.value["holds"]] == ["content"]
        assert [json.loads(line)["epc"] for line in lines.splitlines()] == [UNIT.format(1)]
        must_be_valid(await client.recall("R 1", as_of="2026-01-02"), "recall")
        assert await client.hold("R 1") == released
        assert (await client.holds()).value == {"holds": []}
        assert len((await client.holds(every=True)).value["holds"]) == 1
        with pytest.raises(HoldReleasedError):
            await client.release_hold("R 1", why)

    async def test_are_exceptions_until_they_are_closed(self, client: Client) -> None:
        """
        What is found is an exception, which is decided on version by version, and listed.
        """
        await client.capture(BODY, JSON)
        why = {"reason": "one is missing", "by": "Ann"}

        shortage = {"kind": "shortage", "exception_id": "E 1", **why}
        opened = await client.open_exception(shortage, idempotency_key="K1")
        asked = {"decision": "begin", **why, "version": 1}
        decided = await client.decide_on_exception("E 1", asked)
        raised = await client.raise_findings([UNIT.format(1)], by="Ann")
        listed = await client.exceptions({"state": "in_work"}, per_page=5)

        must_be_valid(opened, "exception")
        must_be_valid(raised, "exceptions-raised")
        assert await client.open_exception(shortage, idempotency_key="K1") == opened
        assert await client.exception("E 1") == decided
        assert await client.exception("E 1", known_at=opened["opened_at"]) == opened
        assert [case["exception_id"] for case in listed.value["exceptions"]] == ["E 1"]
        with pytest.raises(ExceptionChangedError, match="version 2"):
            await client.decide_on_exception("E 1", asked)

    async def test_are_messages_with_partners(self, client: Client) -> None:
        """
        A partner's message is taken and answered; both are listed, and there as they were sent.
        """
        body = json.dumps(WHOLE_REPORT, indent=2).encode()
        answer = {"message": "response", "by": "QA", "sender_information": MAKER}

        taken = await client.take_message(body)
        written = await client.write_message(CASE_UUID, {**answer, "additional_notes": "Today."})
        listed = await client.messages(CASE_UUID)
        before = await client.messages(CASE_UUID, known_at=taken["opened_at"])

        must_be_valid(taken, "exception")
        must_be_valid(listed, "exception-messages")
        names = [message["message_uuid"] for message in listed["messages"]]
        assert [await client.message(CASE_UUID, name) for name in names] == [body, written]
        assert before["messages"] == listed["messages"][:1]
        with pytest.raises(MessageTakenError, match="report-1"):
            await client.take_message(json.dumps({**WHOLE_REPORT, "po_number": "X"}).encode())

    async def test_are_documents_as_they_came(self, client: Client) -> None:
        """
        A document is read byte for byte.
        """
        captured = await client.capture(BODY, JSON)

        async with client.document(captured.job["document"]) as answer:
            assert await answer.aread() == BODY


class TestEvidence:
    async def test_is_signed(self, client: Client) -> None:
        """
        The checkpoint holds by the key that the server gives, and an event has its proof.
        """
        await client.capture(BODY, JSON)

        key = parse_verifier_key((await client.key()).decode().strip())
        assert verify_checkpoint(await client.checkpoint(), [key]).size == 4
        assert (await client.proof("urn:x:3")).startswith(b"c2sp.org/tlog-proof")


class TestSubscriptions:
    async def test_are_made_and_ended(self, client: Client) -> None:
        """
        Who subscribes is listed until he ends it.
        """
        await client.create_query("q", {})
        asked = {"dest": "https://localhost:9/epcis", "schedule": {"hour": "2"}}
        made = await client.subscribe("q", asked)

        assert [one async for one in client.subscriptions("q")] == [made]
        await client.unsubscribe("q", made["subscriptionID"])
        assert [one async for one in client.subscriptions("q")] == []
        assert [found async for found in client.deliveries()] == []


class TestErrors:
    async def test_are_those_of_the_library(self, client: Client) -> None:
        """
        A problem document is raised as the error that it was made of, with its words.
        """
        await client.capture(document(event(1, eventID="urn:x:1")), JSON)
        await client.create_query("q", {})

        with pytest.raises(errors.ValidationError) as invalid:
            await client.capture(document(event(1, action="LOOK"), event(2, action="LOOK")), JSON)
        with pytest.raises(errors.DuplicateEventError, match="urn:x:1"):
            await client.capture(document(event(2, eventID="urn:x:1")), JSON)
        with pytest.raises(errors.QueryParameterError, match="EQ_step"):
            await client.events_page([("EQ_step", "shipping")])
        with pytest.raises(errors.NotFoundError, match="urn:x:9"):
            await client.event("urn:x:9")
        with pytest.raises(QueryNameTakenError):
            await client.create_query("q", {})
        with pytest.raises(errors.ScanError):
            await client.history("nothing")

        assert invalid.value.count == 2
        assert [violation.event for violation in invalid.value.violations] == [1, 2]

    @pytest.mark.parametrize("cls", KINDS, ids=lambda cls: cls.__name__)
    def test_are_told_by_status_and_title(self, cls: type[Exception]) -> None:
        """
        Each kind of problem document leads back to its class, and no two to one another's.
        """
        status, name, title = KINDS[cls]
        problem = {"type": f"epcisException:{name}", "title": title, "status": status}

        error = error_of({**problem, "detail": "what is wrong"})

        assert type(error) is cls
        assert str(error) == "what is wrong"

    async def test_are_told_of_what_is_no_repository(self, address: str) -> None:
        """
        Where nobody answers, or somebody else, that is what is said.
        """
        async with connect("http://127.0.0.1:9") as nobody:
            with pytest.raises(ServerUnreachableError, match=r"127\.0\.0\.1:9"):
                await nobody.health()
        async with connect(f"{address}/soap") as other:
            with pytest.raises(errors.NotFoundError):
                await other.health()
        with pytest.raises(errors.SettingsError):
            async with connect("epcis.example"):
                pass

    def test_are_told_of_proxies(self) -> None:
        """
        An answer that is no problem document is an error by its status.
        """
        assert isinstance(error_of({"status": 503}), errors.StoreUnavailableError)
        assert type(error_of({"status": 403})) is errors.InputError
        assert type(error_of({"status": 502, "detail": "bad gateway"})) is errors.EpcisError

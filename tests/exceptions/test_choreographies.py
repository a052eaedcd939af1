"""
GS1 US's choreographies, played through by a buyer and a seller with a repository each; and PDG's
example messages, one thread after the other.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest

from epcis_repo.evidence.operations import prepare
from epcis_repo.exceptions import (
    ExceptionCase,
    State,
    Step,
    decide_on,
    open_exception,
    raise_findings,
)
from epcis_repo.exceptions.asked import Asked
from epcis_repo.exceptions.events import ExceptionMoved
from epcis_repo.exceptions.pdg import (
    messages_about,
    messages_value,
    take_message,
    write_message_about,
)
from epcis_repo.findings import findings
from epcis_repo.findings.reading import read_lives
from epcis_repo.gs1 import canonical_key, parse_identifier
from epcis_repo.projections.lives import EVERYTHING, Lives
from epcis_repo.projections.story import MOMENT_MAX
from epcis_repo.reconciliation import reconcile_shipment, shipment_account_value
from epcis_repo.store import EventStore, open_store
from tests.exceptions.choreographies import (
    AFTER,
    BEFORE,
    BUYER,
    BUYER_GLN,
    CHOREOGRAPHIES,
    SELLER_GLN,
    Choreography,
    Delivery,
    delivery,
)
from tests.exceptions.pdg.made import official
from tests.operations.reports import NOW, at, report
from tests.rest.serving import must_be_valid
from tests.shared_data import shared

SEEDS = (1, 2)
AT_BUYER = {"gln": BUYER_GLN, "email": "exceptions@buyer.example"}
AT_SELLER = {"gln": SELLER_GLN, "email": "exceptions@seller.example"}
# The class and the kind of the exception that each of PDG's threads is, and what is asked for.
EXAMPLES = {
    "hda_1_1A_overage_keep_product": ("product_no_data", "overage", "Debit account"),
    "hda_1_1B_overage_return_product": ("product_no_data", "overage", "Return product"),
    "hda_1_4A_incorrect_serial": ("data_issue", "wrong_serial", "Send new data"),
}


@pytest.fixture
async def sellers(tmp_path: Path) -> AsyncIterator[EventStore]:
    """The repository of the seller."""
    store = open_store(f"sqlite:///{tmp_path / 'seller.db'}")
    await prepare(store)
    yield store
    await store.close()


async def found(store: EventStore, things: Iterable[str], *, now: float) -> set[str]:
    """The rules that find something in any of these things, as of an hour."""
    rules = set()
    for thing in things:
        told = await findings(store, parse_identifier(thing), now=at(now), as_of=at(now))
        rules |= {finding.rule.id for finding in told.found}
    return rules


def things_of(told: Iterable[Any]) -> list[str]:
    """All that the events name."""
    names: dict[Any, None] = {}
    for event in told:
        parent = getattr(event, "parent_id", None)
        both = (
            *(getattr(event, "epc_list", None) or ()),
            *(getattr(event, "child_epcs", None) or ()),
        )
        names |= dict.fromkeys((*both, *([parent] if parent else ())))
    return [*names]


async def ends(store: EventStore, things: Iterable[str]) -> set[tuple[Any, ...]]:
    """In which states things are in the end, as of which lot, and with whom."""
    keys = sorted(map(canonical_key, things))
    async with store.reading(long=True) as session:
        lives = await read_lives(
            session,
            Lives(session),
            keys,
            until=EVERYTHING,
            moment=MOMENT_MAX,
            now=at(AFTER),
        )
    holders = [life.custody.possessors[-1:] for life in lives]
    return {
        (str(life.end.state), life.end.lot, held[0].who.text if held else None)
        for life, held in zip(lives, holders, strict=True)
    }


async def differing(store: EventStore, d: Delivery) -> dict[str, set[str]]:
    """What is missing of a shipment, and what is extra."""
    account = await reconcile_shipment(store, d.advice, as_of=at(BEFORE))
    told = shipment_account_value(account)["things"]
    return {
        verdict: {thing["epc"] for thing in told if thing["received"] == verdict}
        for verdict in ("missing", "extra")
    }


async def exception_of(store: EventStore, row: Choreography, d: Delivery) -> ExceptionCase:
    """The exception that the buyer has: found by a rule, or opened by somebody who saw it."""
    things = tuple(row.about(d))
    if row.opens is not None:
        asked = Asked(
            "seen at the dock", "dock", kind=row.opens, things=things, transactions=(d.order,)
        )
        return (await open_exception(store, asked, now=NOW)).case
    raised = await raise_findings(
        store, [parse_identifier(thing) for thing in things], by="rules", now=at(BEFORE)
    )
    [case] = [each.case for each in raised if each.case.kind == row.raises]
    return case


async def write(store: EventStore, message: str, case: ExceptionCase, **asked: Any) -> bytes:
    """What is written, in the schema of the interface."""
    value = {"message": message, "by": "QA", **asked}
    body = (await write_message_about(store, case.exception_id, value, now=NOW)).body
    must_be_valid(json.loads(body), "exception-message")
    return body


async def resolve(store: EventStore, case: ExceptionCase) -> None:
    resolved = ExceptionMoved(
        exception_id=case.exception_id,
        reason="mended",
        by="QA",
        documents=[],
        step=Step.RESOLVE,
        due=None,
    )
    await decide_on(store, resolved, now=NOW)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", CHOREOGRAPHIES, ids=lambda row: row.number)
async def test_a_choreography(
    store: EventStore, sellers: EventStore, row: Choreography, seed: int
) -> None:
    """
    What is wrong is found, or opened by who saw it, in the class that it is of; reported, answered,
    mended and resolved, with the same exception on either side and the same messages in each log.
    """
    d = delivery(row.number, seed)
    told = row.tells(d)
    await report(store, *told)

    assert await found(store, things_of(told), now=BEFORE) == set(row.finds)
    assert await differing(store, d) == {"missing": {*row.missing(d)}, "extra": {*row.extra(d)}}
    case = await exception_of(store, row, d)
    assert case.exception_class == row.exception_class

    from_buyer = {"sender_information": AT_BUYER, "po_number": d.po_number}
    body = await write(store, "report", case, **from_buyer, **row.asks(d))
    reported = json.loads(body)
    assert row.section in {**reported["exceptions"], "other_errors": reported.get("other_errors")}
    there = (await take_message(sellers, body, now=NOW)).case
    assert there.exception_id == case.exception_id
    assert there.exception_class == (row.class_there or row.exception_class)
    assert (there.partner, there.transactions) == (BUYER, (d.order,))

    answer = await write(sellers, "response", there, sender_information=AT_SELLER, **row.answers)
    items = json.loads(answer)["response_items"]
    assert bool(items) == (row.section != "other_errors")
    heard = (await take_message(store, answer, now=NOW)).case
    assert (heard.state, heard.partner) == (State.IN_WORK, case.partner)

    await report(store, *row.mends(d), note="mended")
    assert await found(store, things_of(told), now=AFTER) == set(row.finds_after)
    assert await ends(store, row.about(d)) == set(row.ends)

    await resolve(store, case)
    last = await write(store, "report", case, **from_buyer)
    there = (await take_message(sellers, last, now=NOW)).case
    assert there.state is State.RESOLVED
    both = [await messages_about(each, case.exception_id) for each in (store, sellers)]
    ours, theirs = (messages_value(past)["messages"] for past in both)
    assert [m["document"] for m in ours] == [m["document"] for m in theirs]
    assert [m["written_here"] for m in ours] == [True, False, True]
    assert [m["written_here"] for m in theirs] == [False, True, False]
    for name, sent in (("report", body), ("response", answer), ("report", last)):
        assert official(name).is_valid(json.loads(sent))


def example(name: str, part: str) -> bytes:
    return shared(f"pdg-exceptions/examples/{name}_{part}.json").read_bytes()


def test_all_examples_are_played() -> None:
    """
    Each of PDG's example messages is of one of the threads.
    """
    there = {path.stem for path in shared("pdg-exceptions/examples").iterdir()}

    parts = ("report", "response", "report_2")
    assert there == {f"{name}_{part}" for name in EXAMPLES for part in parts}


@pytest.mark.parametrize("name", EXAMPLES)
class TestAnExample:
    async def test_is_looked_on(self, store: EventStore, name: str) -> None:
        """
        Who is told of all of it has one exception, reported, answered and resolved.
        """
        exception_class, kind, request = EXAMPLES[name]

        first = (await take_message(store, example(name, "report"), now=NOW)).case
        answered = (await take_message(store, example(name, "response"), now=NOW)).case
        last = (await take_message(store, example(name, "report_2"), now=NOW)).case

        assert {case.exception_id for case in (first, answered, last)} == {
            json.loads(example(name, "report"))["exception_case_uuid"]
        }
        assert (first.exception_class, first.kind) == (exception_class, kind)
        assert f"asks for: {request}" in first.reason
        # No GTIN and no GLN in the examples has its check digit.
        assert (first.things, first.partner) == ((), "contact@wholesaler.com")
        assert [case.state for case in (first, answered, last)] == [
            State.OPEN,
            State.OPEN,
            State.RESOLVED,
        ]
        told = messages_value(await messages_about(store, first.exception_id))["messages"]
        assert [m["message"] for m in told] == ["report", "response", "report"]

    async def test_is_played_by_the_seller(self, store: EventStore, name: str) -> None:
        """
        The seller who accepts writes the answer of the example, to the same item.
        """
        theirs = json.loads(example(name, "response"))
        case = (await take_message(store, example(name, "report"), now=NOW)).case

        ours = json.loads(
            await write(
                store,
                "response",
                case,
                sender_information=theirs["sender_information"],
                resolution_response="Accept",
            )
        )
        last = (await take_message(store, example(name, "report_2"), now=NOW)).case

        def said(response: dict[str, Any]) -> Any:
            items = response["response_items"]
            answers = [(i["exception_item_uuid"], i["resolution_response"]) for i in items]
            members = ("exception_case_uuid", "po_number", "sender_information")
            return answers, [response[name] for name in members]

        assert said(ours) == said(theirs)
        assert last.state is State.RESOLVED

    async def test_is_played_by_the_buyer(self, store: EventStore, name: str) -> None:
        """
        The buyer reports what the example does, hears the answer, and says that it is resolved.
        """
        theirs, after = (json.loads(example(name, part)) for part in ("report", "report_2"))
        exception_class, kind, _ = EXAMPLES[name]
        asked = Asked("seen", "dock", kind=kind, exception_id=theirs["exception_case_uuid"])
        case, _ = await open_exception(store, asked, now=NOW)
        members = ("sender_information", "po_number", "exceptions", "other_errors")

        body = await write(store, "report", case, **{name: theirs[name] for name in members})
        heard = (await take_message(store, example(name, "response"), now=NOW)).case
        await resolve(store, case)
        last = await write(store, "report", case, sender_information=after["sender_information"])

        assert case.exception_class == exception_class
        assert without_names(json.loads(body)) == without_names(theirs)
        assert heard.state is State.IN_WORK
        assert without_names({"other_errors": None, **json.loads(last)}) == without_names(after)


def without_names(message: dict[str, Any]) -> dict[str, Any]:
    """A message without what no two have in common."""
    return {k: v for k, v in message.items() if k not in ("message_uuid", "timestamp")}

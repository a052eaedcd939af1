"""A shipment as shipped, as received and as scanned: matched, missing, extra, duplicate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from epcis_repo.bindings.jsonld import render_jsonld
from epcis_repo.demo import Status, generate_chain
from epcis_repo.errors import NotFoundError, QueryParameterError, ScanError
from epcis_repo.gs1 import digital_link, element_string, parse_identifier
from epcis_repo.model.events import BizTransaction, Event, ObjectEvent
from epcis_repo.operations.capture import capture
from epcis_repo.reconciliation import (
    Verdict,
    read_scans,
    reconcile_shipment,
    scans_in,
    shipment_account_value,
)
from epcis_repo.store import EventStore
from tests.operations.reports import (
    CASE,
    JSON_LD,
    NOW,
    OTHER_CASE,
    PALLET,
    at,
    commissioned,
    declared_in_error,
    named,
    observed,
    packed,
    received,
    report,
    shipped,
    unpacked,
)

DESADV, OTHER_DESADV = "urn:epcglobal:cbv:bt:0300010000015:D1", "urn:epcglobal:cbv:bt:x:D2"
PACKS = tuple(f"urn:epc:id:sgtin:030001.0012345.P{n}" for n in range(6))
STRANGER = "urn:epc:id:sgtin:030001.0012345.X1"
CLASS = "urn:epc:idpat:sgtin:030001.0012345.*"


def under(event: Event, transaction: str = DESADV) -> Event:
    """The event as one that refers to a despatch advice."""
    paper = BizTransaction(type="desadv", biz_transaction=transaction)
    return replace(event, biz_transaction_list=(paper,))


def also(event: ObjectEvent, *epcs: str) -> ObjectEvent:
    """The event about other things as well."""
    return replace(event, epc_list=(*(event.epc_list or ()), *epcs))


async def value_of(
    store: EventStore, text: str = DESADV, scans: Sequence[str] | None = None, **asked: Any
) -> dict[str, Any]:
    found = None if scans is None else read_scans(scans)
    return shipment_account_value(await reconcile_shipment(store, text, scans=found, **asked))


def counts(value: dict[str, Any] | None) -> dict[str, int]:
    """What is said of how many, where it is of any."""
    assert value is not None
    names = ("matched", "missing", "extra", "duplicate")
    return {name: value[name] for name in names if value[name]}


def told(value: dict[str, Any], side: str = "received") -> dict[str, str]:
    """What is said of each thing that is told of."""
    return {thing["epc"]: thing[side] for thing in value["things"]}


async def packed_up(store: EventStore) -> None:
    """Six packs in two cases on a pallet."""
    await report(store, commissioned(1, *PACKS, CASE, OTHER_CASE), packed(2, CASE, *PACKS[:4]))
    await report(store, packed(2.5, OTHER_CASE, *PACKS[4:]), packed(3, PALLET, CASE, OTHER_CASE))


@pytest.mark.parametrize("seed", [1, 2])
async def test_all_of_the_demo_arrives(store: EventStore, seed: int) -> None:
    """
    Of a generated chain all that was shipped, by whatever name, was received as it was shipped, but
    for what the truth says is on its way; and what a pallet is scanned for is what it holds.
    """
    made = generate_chain(seed=seed, units=400, errors=False, units_per_case=6, cases_per_pallet=3)
    sent: list[str] = []
    for number, delivered in enumerate(made.documents):
        for event in delivered.document.events or ():
            if isinstance(event, ObjectEvent) and event.biz_step == "shipping":
                sent += event.epc_list or ()
        await capture(store, render_jsonld(delivered.document), JSON_LD, now=NOW + number)
    on_its_way = {unit.top for unit in made.truth if unit.status is Status.IN_TRANSIT}

    assert len(sent) > 20
    for epc in dict.fromkeys(sent):
        value = await value_of(store, epc, scans=[epc])
        things = value["shipped"]["things"]
        side = "missing" if epc in on_its_way else "matched"
        assert things
        assert counts(value["received"]) == {side: things}
        assert counts(value["scanned"]) == {"matched": things}


class TestAsReceived:
    async def test_all_may_match(self, store: EventStore) -> None:
        """
        A pallet that is shipped and received has brought what was in it.
        """
        await packed_up(store)
        await report(store, under(shipped(4, PALLET)))
        before = await value_of(store)
        await report(store, named("urn:x:receipt", received(6, PALLET)))

        value = await value_of(store)

        assert (before["shipped"]["things"], counts(before["received"])) == (6, {"missing": 6})
        assert told(before) == dict.fromkeys(PACKS, "missing")
        assert (counts(value["received"]), value["things"]) == ({"matched": 6}, [])
        assert [event["event_id"] for event in value["received"]["events"]] == ["urn:x:receipt"]
        assert value["scanned"] is None

    @pytest.mark.parametrize(
        "text", [DESADV, PALLET, "003000100000000039"], ids=["paper", "urn", "digits"]
    )
    async def test_what_nobody_received_is_missing(self, store: EventStore, text: str) -> None:
        """
        Of a pallet that is received case by case, and pack by pack, those that are not are missing.
        """
        await packed_up(store)
        await report(store, under(shipped(4, PALLET)), received(6, CASE), received(7, PACKS[4]))

        value = await value_of(store, text)

        assert counts(value["received"]) == {"matched": 5, "missing": 1}
        assert value["things"] == [
            {
                "epc": PACKS[5],
                "container": OTHER_CASE,
                "received": "missing",
                "scanned": None,
                "received_twice": False,
                "scanned_twice": False,
            }
        ]

    async def test_what_was_taken_out_on_the_way_is_missing(self, store: EventStore) -> None:
        """
        What is in a case when it is received was received with it, and nothing else.
        """
        await packed_up(store)
        await report(store, under(shipped(4, PALLET)), unpacked(5, CASE, PACKS[0]))
        await report(store, received(6, PALLET), unpacked(7, CASE, PACKS[1]))

        assert told(await value_of(store)) == {PACKS[0]: "missing"}

    async def test_what_nobody_shipped_is_extra(self, store: EventStore) -> None:
        """
        What comes with a shipment, and was not shipped at all, is extra.
        """
        await packed_up(store)
        await report(store, commissioned(1, STRANGER), under(shipped(4, CASE)))
        await report(store, also(received(6, CASE), STRANGER))

        assert told(await value_of(store)) == {STRANGER: "extra"}

    async def test_what_is_empty_by_then_is_not(self, store: EventStore) -> None:
        """
        A pallet that is received after it was unpacked is no thing that nobody shipped.
        """
        await packed_up(store)
        await report(store, under(shipped(4, PALLET)), unpacked(5, PALLET))
        await report(store, under(also(received(6, PALLET), CASE, OTHER_CASE)))

        value = await value_of(store)

        assert (counts(value["received"]), value["things"]) == ({"matched": 6}, [])

    async def test_what_another_shipment_brings_is_not(self, store: EventStore) -> None:
        """
        A receipt may be of two shipments: what was shipped otherwise is extra only where the
        receipt refers to the paper of this one.
        """
        await packed_up(store)
        await report(store, unpacked(3.5, PALLET), under(shipped(4, CASE)))
        await report(store, under(shipped(4.5, OTHER_CASE), OTHER_DESADV))
        both = also(received(6, CASE), OTHER_CASE)
        plain = named("urn:x:both", both)
        again = under(also(received(6.5, CASE), OTHER_CASE))
        await report(store, plain)
        without = await value_of(store)
        await report(store, declared_in_error(plain), again)

        assert (counts(without["received"]), without["things"]) == ({"matched": 4}, [])
        assert told(await value_of(store)) == dict.fromkeys(PACKS[4:], "extra")

    async def test_what_is_received_again_is_duplicate(self, store: EventStore) -> None:
        """
        A case that is received twice is; one that is accepted after that, or is received once more
        from another, is not.
        """
        await packed_up(store)
        await report(store, unpacked(3.5, PALLET), under(also(shipped(4, CASE), OTHER_CASE)))
        await report(store, received(6, CASE), received(6.5, CASE), received(6, OTHER_CASE))
        await report(store, received(7, OTHER_CASE, biz_step="accepting"))
        await report(store, shipped(8, OTHER_CASE), received(9, OTHER_CASE))

        value = await value_of(store, only=Verdict.DUPLICATE)

        assert counts(value["received"]) == {"matched": 6, "duplicate": 4}
        assert [thing["epc"] for thing in value["things"]] == [*PACKS[:4]]

    async def test_what_was_not_shipped_after_all_is_not_missed(self, store: EventStore) -> None:
        """
        What was voided is no part of the shipment; nor what was declared in error, from then on.
        """
        wrong = named("urn:x:wrong", under(shipped(4.5, OTHER_CASE)))
        await packed_up(store)
        await report(store, unpacked(3.5, PALLET), under(shipped(4, CASE)), wrong)
        await report(store, observed(5, CASE, biz_step="void_shipping"), now=NOW + 1)
        await report(store, declared_in_error(wrong), now=NOW + 2)

        assert (await value_of(store, known_at=NOW))["shipped"]["things"] == 6
        assert (await value_of(store, known_at=NOW + 1))["shipped"]["things"] == 2
        assert (await value_of(store, as_of=at(4.2)))["shipped"]["things"] == 4
        assert (await value_of(store))["shipped"]["things"] == 0

    async def test_a_container_is_of_its_last_shipment(self, store: EventStore) -> None:
        """
        What is shipped on is asked for as of then; the first way is that as of before.
        """
        await packed_up(store)
        await report(store, shipped(4, PALLET), received(6, PALLET), unpacked(7, PALLET))
        await report(store, shipped(8, CASE), received(9, CASE))

        now, then = await value_of(store, CASE), await value_of(store, CASE, as_of=at(7.5))

        assert (counts(now["received"]), counts(then["received"])) == ({"matched": 4},) * 2
        assert now["shipped"]["events"] != then["shipped"]["events"]
        # The other case was on the pallet, and is nothing that one has not asked for.
        assert then["things"] == []

    @pytest.mark.parametrize("text", ["PO 4711", PALLET, CLASS, OTHER_CASE])
    async def test_of_what_nobody_shipped_is_not_found(self, store: EventStore, text: str) -> None:
        """
        Neither a paper that nobody refers to, nor a thing that was never shipped, is a shipment.
        """
        await packed_up(store)
        await report(store, observed(4, CASE, biz_step="inspecting"), under(observed(4, PACKS[0])))

        with pytest.raises(NotFoundError, match="shipped or received"):
            await value_of(store, text)
        with pytest.raises(NotFoundError):
            await value_of(store)


class TestAsScanned:
    async def test_spellings_are_alike(self, store: EventStore) -> None:
        """
        A scan is a URN, a Digital Link or an element string, and a case stands for what it held.
        """
        await packed_up(store)
        await report(store, under(shipped(4, PALLET)), received(6, PALLET), unpacked(7, OTHER_CASE))
        packs = [parse_identifier(pack) for pack in PACKS]
        lines = [digital_link(packs[0]), element_string(packs[1]), f" {PACKS[2]} ", "", OTHER_CASE]
        lines.append(f"{element_string(packs[3])}(17)271231(10)L1")

        value = await value_of(store, scans=lines)

        assert counts(value["scanned"]) == {"matched": 6}
        assert (value["scanned"]["scans"], value["scanned"]["unread"]) == (5, [])
        assert value["things"] == []

    async def test_are_a_mixture(self, store: EventStore) -> None:
        """
        Matched, missing, extra, twice and unreadable scans are told apart, each by its serial.
        """
        await packed_up(store)
        await report(store, under(shipped(4, PALLET)), received(6, CASE))
        lines = [CASE, PACKS[0], PACKS[1], PACKS[1], STRANGER, CLASS, "(01)123", PACKS[4]]

        value = await value_of(store, scans=lines)

        assert counts(value["received"]) == {"matched": 4, "missing": 2}
        assert counts(value["scanned"]) == {"matched": 5, "missing": 1, "extra": 1, "duplicate": 1}
        assert {
            thing["epc"]: (thing["received"], thing["scanned"], thing["scanned_twice"])
            for thing in value["things"]
        } == {
            PACKS[1]: ("matched", "matched", True),
            PACKS[4]: ("missing", "matched", False),
            PACKS[5]: ("missing", "missing", False),
            STRANGER: (None, "extra", False),
        }
        unread = [(line["number"], line["text"]) for line in value["scanned"]["unread"]]
        assert (unread, value["scanned"]["unread_count"]) == ([(6, CLASS), (7, "(01)123")], 2)

    @pytest.mark.parametrize("seed", range(3))
    async def test_of_chance_are_told_as_sets_tell_them(self, store: EventStore, seed: int) -> None:
        """
        Whatever is lost, added, repeated or unreadable, each list says exactly that, however its
        scans are spelt and in whatever order.
        """
        await packed_up(store)
        await report(store, under(shipped(4, PALLET)))
        chances = Random(seed)
        strangers = [STRANGER.replace("X1", f"X{n}") for n in range(5)]
        held = {CASE: set(PACKS[:4]), OTHER_CASE: set(PACKS[4:]), PALLET: set(PACKS)}
        spellings = (str, digital_link, element_string)

        for _ in range(10):
            scanned = [epc for epc in (*PACKS, *strangers, *held) if chances.random() < 0.4]
            again = [epc for epc in scanned if chances.random() < 0.3]
            garbage = ["(01)1", CLASS, "nothing"][: chances.randint(0, 3)]
            lines = [*garbage]
            for epc in (*scanned, *again):
                spell = chances.choice(spellings)
                lines.append(epc if spell is str else spell(parse_identifier(epc)))
            chances.shuffle(lines)
            found = set[str]().union(*(held.get(epc, {epc}) for epc in scanned))
            twice = set[str]().union(*(held.get(epc, {epc}) for epc in again))

            value = await value_of(store, scans=lines)

            assert told(value, "scanned").keys() >= found - {*PACKS}
            assert {
                name: value["scanned"][name]
                for name in ("matched", "missing", "extra", "duplicate")
            } == {
                "matched": len(found & {*PACKS}),
                "missing": len({*PACKS} - found),
                "extra": len(found - {*PACKS}),
                "duplicate": len(twice),
            }
            assert value["scanned"]["unread_count"] == len(garbage)
            assert value["scanned"]["scans"] == len(lines)

    async def test_of_another_container_are_what_is_in_it(self, store: EventStore) -> None:
        """
        A case that was not shipped is extra with what it holds at the moment that is asked about.
        """
        await packed_up(store)
        await report(store, unpacked(3.5, PALLET), under(shipped(4, CASE)))
        await report(store, unpacked(5, OTHER_CASE, PACKS[4]))

        value = await value_of(store, scans=[CASE, OTHER_CASE])
        then = await value_of(store, scans=[CASE, OTHER_CASE], as_of=at(4.5))

        assert told(value, "scanned")[PACKS[5]] == "extra"
        assert PACKS[4] not in told(value, "scanned")
        assert counts(then["scanned"]) == {"matched": 4, "extra": 2}

    async def test_may_have_any_character(self, store: EventStore) -> None:
        """
        A scan that no database takes is one that nobody has shipped.
        """
        await packed_up(store)
        await report(store, under(shipped(4, PALLET)))

        value = await value_of(store, scans=["urn:x:\0", "\0", PALLET])

        assert counts(value["scanned"])["matched"] == 6

    @pytest.mark.parametrize(
        ("body", "is_json", "scans"),
        [
            (b"A\r\nB\n", False, ["A", "B"]),
            (b"\xef\xbb\xbfA", False, ["A"]),
            (b'["A", "B"]', True, ["A", "B"]),
            (b"", False, []),
        ],
    )
    def test_come_as_lines_or_json(self, body: bytes, is_json: bool, scans: list[str]) -> None:
        """
        A list is a line for each scan, with or without a byte order mark, or a JSON array.
        """
        assert scans_in(body, is_json=is_json) == scans

    @pytest.mark.parametrize(
        ("body", "is_json"), [(b"{}", True), (b"[1]", True), (b"[", True), (b"\xff", False)]
    )
    def test_are_refused_where_they_are_no_list(self, body: bytes, is_json: bool) -> None:
        """
        What is no list of texts is refused as a whole.
        """
        with pytest.raises(ScanError, match="list of scans"):
            scans_in(body, is_json=is_json)


class TestAnAnswer:
    async def test_comes_in_pages(self, store: EventStore) -> None:
        """
        Page by page each thing comes once, as known at the first.
        """
        await packed_up(store)
        await report(store, under(shipped(4, PALLET)))
        found: list[str] = []
        token: str | None = None
        for _ in range(3):
            account = await reconcile_shipment(store, DESADV, per_page=2, token=token)
            found += [account.names[thing.key] for thing in account.things]
            token = account.next_page_token
            await report(store, received(6 + len(found), PALLET))

        assert (found, token) == ([*PACKS], None)
        with pytest.raises(QueryParameterError, match="nextPageToken"):
            await value_of(store, token="x")

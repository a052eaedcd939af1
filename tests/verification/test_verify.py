"""Verification of what is recorded: the pack's own life, and that of what it is in."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from epcis_repo.errors import IdentifierError, NotFoundError
from epcis_repo.holds import hold_asked, place_hold, release_asked, release_hold
from epcis_repo.operations.capture import capture
from epcis_repo.store import EventStore
from epcis_repo.verification import ProductIdentifier, Verdict, verify
from tests.rest.documents import CASE, JSON, PALLET, UNIT, commissioning, document, event, packing

TODAY = date(2026, 6, 15)
GTIN = "00300010123455"
BOX, PILE = CASE.format(1), PALLET.format(0)


def at(minute: int) -> str:
    return f"2026-01-02T00:{minute:02}:00Z"


def told(minute: int, epc: str, disposition: str | None, **members: Any) -> dict[str, Any]:
    """Something that is reported of `epc`."""
    return (
        event(1, eventTime=at(minute), epcList=[epc], disposition=disposition, bizStep="inspecting")
        | members
    )


PACKED = packing(BOX, UNIT.format(1), eventTime=at(1))
PILED = packing(PILE, BOX, eventTime=at(2))
UNPACKED = packing(BOX, UNIT.format(1), eventTime=at(20), action="DELETE", bizStep="unpacking")
EMPTIED = packing(BOX, eventTime=at(20), action="DELETE", bizStep="unpacking", childEPCs=None)
LINKED = packing(
    "urn:epc:id:grai:030001.123456.1", UNIT.format(1), eventTime=at(0), type="AssociationEvent"
)

# What happened after commissioning → verified, and what is said besides or why not.
STORIES: dict[str, tuple[list[dict[str, Any]], tuple[bool, str | None]]] = {
    "nothing": ([], (True, None)),
    "recalled": ([told(5, UNIT.format(1), "recalled")], (True, "Recalled")),
    "deprecated word": (
        [told(5, UNIT.format(1), "urn:epcglobal:cbv:disp:non_sellable_recalled")],
        (True, "Recalled"),
    ),
    "stolen": ([told(5, UNIT.format(1), "stolen")], (True, "Illegitimate")),
    "expired": ([told(5, UNIT.format(1), "expired")], (True, "Expired")),
    "recall over": (
        [told(5, UNIT.format(1), "recalled"), told(6, UNIT.format(1), "sellable_accessible")],
        (True, None),
    ),
    "another recalled": ([told(5, UNIT.format(2), "recalled")], (True, None)),
    "decommissioned": (
        [told(5, UNIT.format(1), "inactive", action="DELETE", bizStep="decommissioning")],
        (False, "Manufacturer_policy"),
    ),
    "destroyed": (
        [told(5, UNIT.format(1), "destroyed", action="DELETE", bizStep="destroying")],
        (False, "Manufacturer_policy"),
    ),
    "dispensed": (
        [told(5, UNIT.format(1), "dispensed", bizStep="dispensing")],
        (False, "Manufacturer_policy"),
    ),
    "case recalled": ([PACKED, told(5, BOX, "recalled")], (True, "Recalled")),
    "pallet recalled": ([PACKED, PILED, told(5, PILE, "recalled")], (True, "Recalled")),
    "pallet recalled, told late": (
        [PACKED, told(5, PILE, "recalled"), PILED],
        (True, "Recalled"),
    ),
    "pallet stolen, also with a logger": (
        [LINKED, PACKED, PILED, told(5, PILE, "stolen")],
        (True, "Illegitimate"),
    ),
    "unpacked before the recall": ([PACKED, UNPACKED, told(30, BOX, "recalled")], (True, None)),
    "unpacked after the recall": ([PACKED, told(5, BOX, "recalled"), UNPACKED], (True, None)),
    "all taken out after the recall": ([PACKED, told(5, BOX, "recalled"), EMPTIED], (True, None)),
    "packed after the recall was over": (
        [told(0, BOX, "recalled"), told(0, BOX, "active"), PACKED],
        (True, None),
    ),
    "seen well since the recall": (
        [PACKED, told(5, BOX, "recalled"), told(6, UNIT.format(1), "sellable_accessible")],
        (True, None),
    ),
    "pallet in itself": ([PACKED, PILED, packing(BOX, PILE, eventTime=at(3))], (True, None)),
}


async def verdict_of(store: EventStore, **other: Any) -> Verdict:
    given: dict[str, Any] = {"gtin": GTIN, "serial": "1", "lot": "A1", "expiry": date(2030, 1, 31)}
    return await verify(store, ProductIdentifier(**given | other), today=TODAY)


async def capture_units(store: EventStore, *events: dict[str, Any]) -> None:
    made = commissioning(1, 2, lot="A1", expiry="2030-01-31")
    for number, value in enumerate((made, *events)):
        body = document(value | {"eventID": f"urn:x:{number}"})
        await capture(store, body, JSON, now=1_780_000_000_000_000 + number)


class TestVerify:
    @pytest.mark.parametrize(
        ("events", "expected"), [pytest.param(*row, id=name) for name, row in STORIES.items()]
    )
    async def test_knows_what_became_of_the_pack(
        self, store: EventStore, events: list[dict[str, Any]], expected: tuple[bool, str | None]
    ) -> None:
        """
        What happened to a pack counts, and what happened to whatever it is in now, since it
        was last named itself.
        """
        await capture_units(store, *events)

        verdict = await verdict_of(store)

        said = verdict.additional_info if verdict.verified else verdict.failure_reason
        assert (verdict.verified, said) == expected

    @pytest.mark.parametrize(
        ("other", "reason"),
        [
            pytest.param({"serial": "3"}, "No_match_GTIN_Serial", id="serial"),
            pytest.param({"lot": "A2"}, "No_match_GTIN_Serial_Lot", id="lot"),
            pytest.param({"lot": "a1"}, "No_match_GTIN_Serial_Lot", id="lot in lower case"),
            pytest.param({"expiry": date(2030, 1, 30)}, "No_match_GTIN_Serial_Expiry", id="expiry"),
            pytest.param(
                {"lot": "", "expiry": date(2031, 1, 31)},
                "No_match_GTIN_Serial_Lot_Expiry",
                id="both",
            ),
        ],
    )
    async def test_says_what_differs(
        self, store: EventStore, other: dict[str, Any], reason: str
    ) -> None:
        """
        What does not match the commissioning is named.
        """
        await capture_units(store)

        assert (await verdict_of(store, **other)).failure_reason == reason

    async def test_does_not_find_a_product_of_others(self, store: EventStore) -> None:
        """
        A GTIN that was never seen belongs to another repository; a wrong one to nobody.
        """
        await capture_units(store)

        with pytest.raises(NotFoundError):
            await verdict_of(store, gtin="00312345678906")
        with pytest.raises(IdentifierError):
            await verdict_of(store, gtin="00300010123456")

    @pytest.mark.parametrize("gtin", ["0300010123455", "300010123455"])
    async def test_takes_a_shorter_gtin(self, store: EventStore, gtin: str) -> None:
        """
        A GTIN of 13 or 12 digits names the same product as with leading zeros.
        """
        await capture_units(store)

        assert (await verdict_of(store, gtin=gtin)).verified

    async def test_of_what_was_never_commissioned_is_no(self, store: EventStore) -> None:
        """
        A serial that others shipped, and nobody commissioned here, has no lot to match.
        """
        await capture_units(store, event(3))

        assert (await verdict_of(store, serial="3")).failure_reason == "No_match_GTIN_Serial"


LOT = f"(01){GTIN}(10)A1"
# Holds, and the events beside them → what is said besides.
HELD: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], str | None]] = {
    "pack on hold": ([{"of": [UNIT.format(1)]}], [], "Suspect"),
    "another on hold": ([{"of": [UNIT.format(2)]}], [], None),
    "lot on hold": ([{"of": [LOT]}], [], "Suspect"),
    "another lot on hold": ([{"of": [f"(01){GTIN}(10)A2"]}], [], None),
    "lot of another product on hold": ([{"of": ["(01)10300010123452(10)A1"]}], [], None),
    "lot recalled": ([{"of": [LOT], "kind": "recall"}], [], "Recalled"),
    "mock recall": ([{"of": [LOT], "kind": "mock_recall"}], [], None),
    "on hold and recalled": ([{"of": [LOT]}, {"of": [LOT], "kind": "recall"}], [], "Recalled"),
    "case on hold": ([{"of": [BOX]}], [PACKED], "Suspect"),
    "pallet recalled": ([{"of": [PILE], "kind": "recall"}], [PACKED, PILED], "Recalled"),
    "case on hold, unpacked": ([{"of": [BOX]}], [PACKED, UNPACKED], None),
    "to begin later": ([{"of": [LOT], "since": "2026-06-16"}], [], None),
    "from today on": ([{"of": [LOT], "since": "2026-06-15"}], [], "Suspect"),
}


class TestHolds:
    @pytest.mark.parametrize(
        ("holds", "events", "expected"), [pytest.param(*row, id=name) for name, row in HELD.items()]
    )
    async def test_are_told_at_once(
        self,
        store: EventStore,
        holds: list[dict[str, Any]],
        events: list[dict[str, Any]],
        expected: str | None,
    ) -> None:
        """
        A hold on a pack, its lot or what it is in now is told with the next answer, in the
        standard's words; the pack is what it says to be all the same.
        """
        await capture_units(store, *events)
        assert (await verdict_of(store)).additional_info is None

        for number, asked in enumerate(holds):
            given = {"hold_id": f"H{number}", "reason": "a complaint", "by": "QA", **asked}
            await place_hold(store, hold_asked(given), now=1_780_000_000_000_000)

        verdict = await verdict_of(store)
        assert (verdict.verified, verdict.additional_info) == (True, expected)

    async def test_are_told_no_more_when_released(self, store: EventStore) -> None:
        """
        A released hold is over with the next answer, and another on the same is not.
        """
        await capture_units(store)
        for name, kind in (("H1", "hold"), ("R1", "recall")):
            asked = {
                "hold_id": name,
                "kind": kind,
                "of": [LOT],
                "reason": "a complaint",
                "by": "QA",
            }
            await place_hold(store, hold_asked(asked), now=1_780_000_000_000_000)

        said = [(await verdict_of(store)).additional_info]
        for name in ("R1", "H1"):
            released = release_asked({"reason": "it was nothing", "by": "QA"})
            await release_hold(store, name, released, now=1_780_000_000_000_000)
            said.append((await verdict_of(store)).additional_info)

        assert said == ["Recalled", "Suspect", None]

    async def test_say_nothing_of_what_does_not_match(self, store: EventStore) -> None:
        """
        Who asks with another lot is told that it differs, and of no hold on either.
        """
        await capture_units(store)
        asked = {"of": [LOT, f"(01){GTIN}(10)A2"], "reason": "a complaint", "by": "QA"}
        await place_hold(store, hold_asked(asked), now=1_780_000_000_000_000)

        verdict = await verdict_of(store, lot="A2")

        assert (verdict.failure_reason, verdict.additional_info) == (
            "No_match_GTIN_Serial_Lot",
            None,
        )

    async def test_cost_no_statement_while_there_are_none(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A pack in a case takes as many statements as it did before there were holds: one for it, one
        for the case.
        """
        await capture_units(store, PACKED)
        asked: list[str] = []
        async with store.reading() as session:
            kind = type(session)
        fetch = kind.fetch

        async def counting(self: Any, statement: str, *values: Any) -> list[tuple[Any, ...]]:
            asked.append(statement)
            return await fetch(self, statement, *values)

        monkeypatch.setattr(kind, "fetch", counting)
        await verdict_of(store)

        assert len(asked) == 2

"""Looks up what is recorded of a product identifier, and has the rules decide."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from epcis_repo.errors import ArchivedError, NotFoundError, ScanError
from epcis_repo.gs1 import Identifier, Scan, from_elements
from epcis_repo.holds import Kind, held_tags, holds_at
from epcis_repo.model.times import parse_moment, utc_text
from epcis_repo.projections.lives import EVERYTHING, Lives, is_named_between
from epcis_repo.store import EventStore, Reading
from epcis_repo.store.archived import archived_years, named
from epcis_repo.verification.rules import ON_HOLD, RECALLED, Verdict, decide

_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class ProductIdentifier:
    """What a pack of medicine says of itself; `gtin` has 14 digits."""

    gtin: str
    serial: str
    lot: str
    expiry: date

    @property
    def identifier(self) -> Identifier:
        """The identifier of the one pack."""
        return from_elements({"01": self.gtin, "21": self.serial})


def product_identifier(scan: Scan) -> ProductIdentifier:
    """Return the product identifier in a scan; `ScanError` names what is missing."""
    gtin, serial, lot, expiry = scan.gtin, scan.serial, scan.lot, scan.expiry
    if gtin and serial and lot and expiry:
        return ProductIdentifier(gtin, serial, lot, expiry)
    parts = {"GTIN (01)": gtin, "serial (21)": serial, "lot (10)": lot, "expiry (17)": expiry}
    missing = ", ".join(name for name, value in parts.items() if not value)
    raise ScanError(
        "a product identifier has GTIN, serial, lot and expiry, such as "
        f"(01)00300010123455(21)11(10)A123(17)250327; missing: {missing}"
    )


async def verify(store: EventStore, product: ProductIdentifier, *, today: date) -> Verdict:
    """
    Return the verdict on a product identifier.

    Raises `NotFoundError` when no product of its GTIN was ever recorded here: the request
    belongs to another repository; `ArchivedError` when its commissioning may be in a year that
    is archived. A wrong check digit raises `IdentifierError`.
    """
    key = product.identifier.key

    def tags_of(name: str) -> list[str]:
        # Its lot is what the requestor says: where it is of another, nothing is said of holds.
        return held_tags(name, product.lot if name == key else None)

    # As everywhere, a date is the whole of that day.
    end_of_day = parse_moment(today.isoformat())
    # Each statement sees what is committed when it runs, which is all that one look-up needs.
    async with store.reading(snapshot=False) as session:
        lives = Lives(session, beside=tags_of)
        state = (await lives.states([key])).get(key)
        if state is None or state.commissioned_at is None:
            if years := await archived_years(session):
                raise ArchivedError(
                    f"no commissioning of serial {product.serial} of GTIN {product.gtin} is here, "
                    f"and what was recorded in {named(years)} is archived"
                )
            # Every serial sorts between "…/21/" and "…/210", the character after the slash.
            gtin = key.partition("/21/")[0]
            if not await is_named_between(session, f"{gtin}/21/", f"{gtin}/210"):
                raise NotFoundError(f"no product with the GTIN {product.gtin} is recorded here")
            dispositions = set[str]()
        else:
            containers = await _containers(lives, key)
            dispositions = await _dispositions(lives, containers, state.event_time)
            # What was stolen is stolen, whatever is said of it afterwards.
            dispositions |= {state.disposition or "", state.lifecycle or ""}
            tags = {tag for name in (key, *containers) for tag in tags_of(name)}
            dispositions |= await _held(session, lives, tags, end_of_day)
    expiry = None if state is None else _date(state.expiry)
    return decide(
        commissioned=state is not None and state.commissioned_at is not None,
        lot_matches=state is not None and state.lot == product.lot,
        expiry_matches=expiry is not None and expiry == product.expiry,
        lifecycle=None if state is None else state.lifecycle,
        dispositions=dispositions,
        expiry=expiry,
        today=today,
    )


def verification_value(
    verdict: Verdict, *, now: int, gln: str | None, corr_uuid: str | None
) -> dict[str, Any]:
    """Return the answer as JSON (`schemas/verification.schema.json`), in the standard's names."""
    data = {
        "verified": verdict.verified,
        "verificationFailureReason": verdict.failure_reason,
        "additionalInfo": verdict.additional_info,
    }
    answer = {
        # To the millisecond, as in the standard's examples.
        "verificationTimestamp": utc_text(now // 1000 * 1000),
        "responderGLN": gln,
        "data": {name: value for name, value in data.items() if value is not None},
        "corrUUID": corr_uuid,
    }
    return {name: value for name, value in answer.items() if value is not None}


async def _containers(lives: Lives, key: str) -> set[str]:
    """Return all that a thing is in now."""
    passed = {key}
    level = {key}
    while level:
        stays = await lives.stays(level)
        level = {s.parent for line in stays.values() for s in line if s.to_time is None} - passed
        passed |= level
    return passed - {key}


async def _dispositions(lives: Lives, containers: Collection[str], since: int) -> set[str]:
    """Return what was said, since the thing was last named itself, of all that it is in now."""
    states = (await lives.states(containers)).values()
    return {s.disposition for s in states if s.disposition and s.event_time >= since}


async def _held(session: Reading, lives: Lives, tags: Collection[str], moment: int) -> set[str]:
    """Return what the holds that have these tags amount to at a moment."""
    # Most things are on no hold, and that is known by now.
    positions = {position for tag in tags for position in lives.found_beside.get(tag, ())}
    holds = (await holds_at(session, positions, EVERYTHING)).values()
    return {
        RECALLED if hold.kind is Kind.RECALL else ON_HOLD for hold in holds if hold.lasts_at(moment)
    }


def _date(text: str | None) -> date | None:
    # Some partners send a date and time; the day is what is printed on the pack.
    if text is None or not _ISO_DATE.match(text):
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None

"""Looks up what is recorded of a product identifier, and has the rules decide."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from epcis_repo.errors import ArchivedError, NotFoundError, ScanError
from epcis_repo.gs1 import Identifier, Scan, from_elements
from epcis_repo.model.times import utc_text
from epcis_repo.projections.lives import Lives, is_named_between
from epcis_repo.store import EventStore
from epcis_repo.store.archived import archived_years, named
from epcis_repo.verification.rules import Verdict, decide

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
    # Each statement sees what is committed when it runs, which is all that one look-up needs.
    async with store.reading(snapshot=False) as session:
        lives = Lives(session)
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
            dispositions = await _dispositions(lives, key, state.event_time)
            # What was stolen is stolen, whatever is said of it afterwards.
            dispositions |= {state.disposition or "", state.lifecycle or ""}
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


async def _dispositions(lives: Lives, key: str, since: int) -> set[str]:
    """Return what was said, since the thing was last named itself, of all that it is in now."""
    found: set[str] = set()
    passed = {key}
    level = {key}
    while level:
        stays = await lives.stays(level)
        level = {s.parent for line in stays.values() for s in line if s.to_time is None} - passed
        passed |= level
        for state in (await lives.states(level)).values():
            if state.disposition and state.event_time >= since:
                found.add(state.disposition)
    return found


def _date(text: str | None) -> date | None:
    # Some partners send a date and time; the day is what is printed on the pack.
    if text is None or not _ISO_DATE.match(text):
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None

"""Whether what was said of lots and shipments adds up."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from epcis_repo.cli.repository import Here, Moments, Question, texts
from epcis_repo.client import Client, Listed
from epcis_repo.gs1 import Identifier
from epcis_repo.reconciliation import (
    lot_account_value,
    read_scans,
    reconcile_lot,
    reconcile_shipment,
    row_asked,
    shipment_account_value,
    verdict_asked,
)


async def _lot_account(
    here: Here,
    lot: Identifier,
    moments: Moments,
    *,
    row: str | None,
    per_page: int,
    token: str | None,
) -> Listed:
    account = await reconcile_lot(
        here.store, lot, **moments, row=row_asked(row), per_page=per_page, token=token
    )
    return Listed(orjson.dumps(lot_account_value(account)), account.next_page_token)


async def _lot_account_there(
    client: Client,
    lot: Identifier,
    moments: Moments,
    *,
    row: str | None,
    per_page: int,
    token: str | None,
) -> Listed:
    gtin, number = lot.value, lot.serial or ""
    return await client.lot_account(
        gtin, number, row=row, **texts(moments), per_page=per_page, token=token
    )


LOT_ACCOUNT = Question(_lot_account, _lot_account_there)


async def _shipment_account(
    here: Here,
    shipment: str,
    moments: Moments,
    *,
    scans: Sequence[str] | None,
    only: str | None,
    per_page: int,
    token: str | None,
) -> Listed:
    account = await reconcile_shipment(
        here.store,
        shipment,
        scans=None if scans is None else read_scans(scans),
        **moments,
        only=verdict_asked(only),
        per_page=per_page,
        token=token,
    )
    return Listed(orjson.dumps(shipment_account_value(account)), account.next_page_token)


async def _shipment_account_there(
    client: Client,
    shipment: str,
    moments: Moments,
    *,
    scans: Sequence[str] | None,
    only: str | None,
    per_page: int,
    token: str | None,
) -> Listed:
    clocks = texts(moments)
    return await client.shipment_account(
        shipment, scans=scans, only=only, **clocks, per_page=per_page, token=token
    )


SHIPMENT_ACCOUNT = Question(_shipment_account, _shipment_account_there)

"""
Reconciliation: whether what was said adds up, of a lot and of a shipment, serial by serial.

`rules.py` decides in which row of an account a serial is, and what became of it on its way;
`lots.py` and `shipments.py` ask, in pages (`paging.py`). For them `reading.py` reads whole events,
and what was in containers, and `scans.py` what somebody has scanned.
"""

from epcis_repo.reconciliation.lots import (
    LotAccount,
    lot_account_value,
    lot_of,
    reconcile_lot,
    row_asked,
)
from epcis_repo.reconciliation.paging import PER_PAGE
from epcis_repo.reconciliation.rules import Difference, Row, Verdict
from epcis_repo.reconciliation.scans import Scans, read_scans, scans_in
from epcis_repo.reconciliation.shipments import (
    ShipmentAccount,
    reconcile_shipment,
    shipment_account_value,
    verdict_asked,
)

__all__ = [
    "PER_PAGE",
    "Difference",
    "LotAccount",
    "Row",
    "Scans",
    "ShipmentAccount",
    "Verdict",
    "lot_account_value",
    "lot_of",
    "read_scans",
    "reconcile_lot",
    "reconcile_shipment",
    "row_asked",
    "scans_in",
    "shipment_account_value",
    "verdict_asked",
]

"""A pharmaceutical supply chain made from a seed, to show, test and measure with. No I/O."""

from epcis_repo.demo.chain import Chain, DemoDocument, generate_chain
from epcis_repo.demo.lots import generate_lot, generate_small_documents
from epcis_repo.demo.partner_errors import PARTNER_ERRORS
from epcis_repo.demo.truth import Lot, PartnerError, Status, Truth, UnitTruth

__all__ = [
    "PARTNER_ERRORS",
    "Chain",
    "DemoDocument",
    "Lot",
    "PartnerError",
    "Status",
    "Truth",
    "UnitTruth",
    "generate_chain",
    "generate_lot",
    "generate_small_documents",
]

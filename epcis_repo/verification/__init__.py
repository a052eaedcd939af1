"""
Verification of a product identifier: GTIN, serial, lot and expiry, as DSCSA asks for.

`rules.py` decides, from what is recorded, as the GS1 US lightweight messaging guideline has it;
`operations.py` looks up what is recorded.
"""

from epcis_repo.verification.operations import (
    ProductIdentifier,
    product_identifier,
    verification_value,
    verify,
)
from epcis_repo.verification.rules import Verdict, sentence_of

__all__ = [
    "ProductIdentifier",
    "Verdict",
    "product_identifier",
    "sentence_of",
    "verification_value",
    "verify",
]

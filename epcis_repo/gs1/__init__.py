"""Identifiers, check digits, scans and vocabularies of GS1. No I/O."""

from epcis_repo.gs1 import cbv
from epcis_repo.gs1.identifiers import (
    Identifier,
    Level,
    canonical_key,
    canonical_keys,
    digital_link,
    element_string,
    from_elements,
    keys_and_class,
    parse_digital_link,
    parse_element_string,
    parse_identifier,
    parse_urn,
    urn,
)
from epcis_repo.gs1.scan import Scan, expiry_date, parse_scan
from epcis_repo.gs1.schemes import SCHEMES, Scheme

__all__ = [
    "SCHEMES",
    "Identifier",
    "Level",
    "Scan",
    "Scheme",
    "canonical_key",
    "canonical_keys",
    "cbv",
    "digital_link",
    "element_string",
    "expiry_date",
    "from_elements",
    "keys_and_class",
    "parse_digital_link",
    "parse_element_string",
    "parse_identifier",
    "parse_scan",
    "parse_urn",
    "urn",
]

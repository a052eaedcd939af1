"""EPCIS 2.0 JSON-LD: bytes to documents and back (EPCIS 2.0, §9.3 and §10). No I/O."""

from epcis_repo.bindings.jsonld.reading import (
    parse_event,
    parse_event_with_prefixes,
    parse_jsonld,
    scan_jsonld,
)
from epcis_repo.bindings.jsonld.recorded import Joined, Piece, join_pieces, piece_of
from epcis_repo.bindings.jsonld.writing import (
    CONTEXT,
    SCHEMA_VERSION,
    event_value,
    render_event,
    render_jsonld,
)

__all__ = [
    "CONTEXT",
    "SCHEMA_VERSION",
    "Joined",
    "Piece",
    "event_value",
    "join_pieces",
    "parse_event",
    "parse_event_with_prefixes",
    "parse_jsonld",
    "piece_of",
    "render_event",
    "render_jsonld",
    "scan_jsonld",
]

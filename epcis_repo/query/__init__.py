"""The EPCIS query language: parameters to predicates, predicates to SQL, answers in pages."""

from epcis_repo.query.parameters import PARAMETERS, EventQuery, parse_query
from epcis_repo.query.select import EventRow, select_event, select_page

__all__ = [
    "PARAMETERS",
    "EventQuery",
    "EventRow",
    "parse_query",
    "select_event",
    "select_page",
]

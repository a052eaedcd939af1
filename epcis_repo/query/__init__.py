"""The EPCIS query language: parameters to predicates, predicates to SQL, answers in pages."""

from epcis_repo.query.of_one_tag import page_of_one_tag
from epcis_repo.query.paging import name_before, per_page_asked, token_after
from epcis_repo.query.parameters import PARAMETERS, EventQuery, parse_json_query, parse_query
from epcis_repo.query.select import (
    EventRow,
    looks_long,
    select_event,
    select_events_at,
    select_page,
    select_whole,
)

__all__ = [
    "PARAMETERS",
    "EventQuery",
    "EventRow",
    "looks_long",
    "name_before",
    "page_of_one_tag",
    "parse_json_query",
    "parse_query",
    "per_page_asked",
    "select_event",
    "select_events_at",
    "select_page",
    "select_whole",
    "token_after",
]

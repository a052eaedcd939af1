"""The resource of the rules: those that documents are checked against, and those about things."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response

from epcis_repo.findings import rules_value
from epcis_repo.validation import catalogue_value


async def get_rules(request: Request) -> Response:
    """Return the catalogue: what a violation or a finding names, with clause and severity."""
    value = {"rules": [*catalogue_value(), *rules_value()]}
    return Response(orjson.dumps(value), media_type="application/json")

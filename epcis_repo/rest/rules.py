"""The resource of the rules that documents are checked against."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response

from epcis_repo.validation import catalogue_value


async def get_rules(request: Request) -> Response:
    """Return the catalogue: what a violation names, with its clause and its severity."""
    return Response(orjson.dumps({"rules": catalogue_value()}), media_type="application/json")

"""What is sent as JSON to be decided on, other than documents: it is short, and read as a whole."""

from __future__ import annotations

from starlette.requests import Request

from epcis_repo.errors import CaptureLimitExceededError, InputError, UnsupportedMediaTypeError
from epcis_repo.rest.representations import JSON_FORMS
from epcis_repo.rest.requests import body_of


async def json_sent(
    request: Request, what: str, *, size_max: int, beyond: type[InputError] = InputError
) -> bytes:
    """
    Return the body of a request, which is `what`, in JSON.

    Raises `UnsupportedMediaTypeError` for another form, and `beyond` for more than `size_max`
    bytes.
    """
    media_type = request.headers.get("content-type", "")
    if media_type.partition(";")[0].strip().lower() not in JSON_FORMS:
        raise UnsupportedMediaTypeError(f"{what} is {JSON_FORMS[0]}; this is {media_type!r}")
    try:
        async with body_of(request, size_max=size_max) as body:
            return body if isinstance(body, bytes) else body.read()
    except CaptureLimitExceededError:
        raise beyond(f"{what} may have {size_max} bytes") from None

"""
Events as a client wants them: in which media type, and in which spelling (EPCIS 2.0, §12.2).

GS1-EPC-Format says how identifiers are spelt, as Digital Links when it is not there;
GS1-CBV-XML-Format how the words of the CBV are in XML, since JSON has bare words. What cannot be
said in a spelling stays as it was captured, and nothing is ever left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from epcis_repo.bindings import JSON_LD, XML
from epcis_repo.bindings.formats import FORMATS, unsayable
from epcis_repo.bindings.spelling import CbvXmlFormat, spell_answer, spelling_for
from epcis_repo.errors import InputError, NotAcceptableError
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.model.documents import Document
from epcis_repo.operations.events import Page
from epcis_repo.rest.gs1_headers import CBV_XML_FORMAT, EPC_FORMAT, EXTENSIONS, as_header, said
from epcis_repo.rest.requests import accepted

# Media type → the format that answers it. The first is what a client gets that does not say.
EVENT_FORMATS = {
    "application/json": "json-ld",
    JSON_LD: "json-ld",
    XML: "xml-2.0",
    "text/xml": "xml-2.0",
}
# The same of what has no form in XML.
JSON_FORMS = ("application/json", JSON_LD)


class _Asked(NamedTuple):
    """How a client wants events."""

    media_type: str
    epcs: EpcFormat
    words: CbvXmlFormat

    @property
    def form(self) -> str:
        """The format, by its name."""
        return EVENT_FORMATS[self.media_type]


def represented(request: Request, document: Document) -> Response:
    """Return `document` as the request asks for it; `NotAcceptableError` where it cannot be."""
    asked = _asked(request)
    return _response(asked, _rendered(document, asked), extensions=document.namespaces)


def represented_page(request: Request, page: Page, headers: Mapping[str, str]) -> Response:
    """Return a page of events likewise."""
    asked = _asked(request)
    if asked.form == "json-ld" and (joined := page.as_recorded(asked.epcs, asked.words)):
        return _response(asked, joined.body, extensions=joined.prefixes, headers=headers)
    body = _rendered(page.document, asked)
    return _response(asked, body, extensions=page.document.namespaces, headers=headers)


def _asked(request: Request) -> _Asked:
    headers = said(request)
    return _Asked(
        accepted(request, tuple(EVENT_FORMATS)),
        headers.get(EPC_FORMAT, EpcFormat.ALWAYS_DIGITAL_LINK),
        headers.get(CBV_XML_FORMAT, CbvXmlFormat.NO_PREFERENCE),
    )


def _rendered(document: Document, asked: _Asked) -> bytes:
    form, spelling = FORMATS[asked.form], spelling_for(asked.form, asked.epcs, asked.words)
    document = spell_answer(document, spelling)
    try:
        return form.writer(document.namespaces).whole(document)
    except InputError:
        error = unsayable(form, document)
        raise NotAcceptableError(f"{error}; accept application/json for these events") from None


def _response(
    asked: _Asked,
    body: bytes,
    *,
    extensions: Mapping[str, str],
    headers: Mapping[str, str] | None = None,
) -> Response:
    about = {
        **(headers or {}),
        EPC_FORMAT: asked.epcs,
        CBV_XML_FORMAT: asked.words,
        "Vary": f"Accept, {EPC_FORMAT}, {CBV_XML_FORMAT}",
    }
    if said_of_it := as_header(extensions):
        about[EXTENSIONS] = said_of_it
    return Response(body, 200, about, asked.media_type)

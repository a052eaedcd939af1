"""
Events as a client wants them: in which media type, and in which spelling (EPCIS 2.0, §12.2).

GS1-EPC-Format says how identifiers are spelt, as Digital Links when it is not there;
GS1-CBV-XML-Format how the words of the CBV are in XML, since JSON has bare words. What cannot be
said in a spelling stays as it was captured, and nothing is ever left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import Response

from epcis_repo.bindings import JSON_LD, XML
from epcis_repo.bindings.formats import FORMATS
from epcis_repo.bindings.spelling import CbvXmlFormat, spell_event, spelling_for
from epcis_repo.errors import InputError, NotAcceptableError, Remark, UnsayableError
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.model.documents import Document
from epcis_repo.rest.gs1_headers import VERSIONS, Readers, said_in
from epcis_repo.rest.requests import accepted

# Media type → the format that answers it. The first is what a client gets that does not say.
EVENT_FORMATS = {
    "application/json": "json-ld",
    JSON_LD: "json-ld",
    XML: "xml-2.0",
    "text/xml": "xml-2.0",
}
EPC_FORMAT, CBV_XML_FORMAT = "GS1-EPC-Format", "GS1-CBV-XML-Format"


def _one_of(values: type[StrEnum]) -> Callable[[str, str], StrEnum]:
    def read(header: str, text: str) -> StrEnum:
        if text not in set(values):
            known = ", ".join(values)
            raise NotAcceptableError(f"{header}: expected one of {known}; found {text}")
        return values(text)

    return read


_SPELLINGS: Readers = {EPC_FORMAT: _one_of(EpcFormat), CBV_XML_FORMAT: _one_of(CbvXmlFormat)}


def represented(request: Request, document: Document, headers: dict[str, str]) -> Response:
    """Return `document` as the request asks for it; `NotAcceptableError` where it cannot be."""
    media_type = accepted(request, tuple(EVENT_FORMATS))
    said = said_in(request, _SPELLINGS)
    epcs = said.get(EPC_FORMAT, EpcFormat.ALWAYS_DIGITAL_LINK)
    words = said.get(CBV_XML_FORMAT, CbvXmlFormat.NO_PREFERENCE)
    name = EVENT_FORMATS[media_type]
    form, spelling = FORMATS[name], spelling_for(name, epcs, words)
    spelt = tuple(spell_event(event, spelling)[0] for event in document.events or ())
    document = replace(document, events=spelt)
    try:
        body = form.writer(document.namespaces).whole(document)
    except InputError:
        # A JSON extension may have a name or a character that XML has not.
        lost = [
            replace(remark, event=number)
            for number, event in enumerate(spelt, 1)
            for remark in form.fit_event(event)[1]
        ]
        error = UnsayableError(lost or [Remark("", f"{form.title} has no place for a part of it")])
        raise NotAcceptableError(f"{error}; accept application/json for these events") from None
    headers = VERSIONS | headers | {EPC_FORMAT: epcs, CBV_XML_FORMAT: words}
    headers["Vary"] = f"Accept, {EPC_FORMAT}, {CBV_XML_FORMAT}"
    return Response(body, 200, headers, media_type)

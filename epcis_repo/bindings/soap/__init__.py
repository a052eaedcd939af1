"""
The query control interface of EPCIS over SOAP 1.1 (EPCIS 1.2 and 2.0, §11.2): bytes to messages,
answers and faults to bytes, and the WSDL that describes both. No I/O.

The namespace of a request says which version of EPCIS it speaks; the answer speaks the same.
"""

from epcis_repo.bindings.soap.errors import EnvelopeError
from epcis_repo.bindings.soap.operations import EXCEPTIONS, OPERATIONS, VERSIONS, Operation
from epcis_repo.bindings.soap.reading import Message, Untyped, parse_message
from epcis_repo.bindings.soap.writing import (
    Fault,
    render_fault,
    render_query_results,
    render_strings,
    render_text,
    render_void,
)
from epcis_repo.bindings.soap.wsdl import SCHEMAS, render_wsdl, schema_file

__all__ = [
    "EXCEPTIONS",
    "OPERATIONS",
    "SCHEMAS",
    "VERSIONS",
    "EnvelopeError",
    "Fault",
    "Message",
    "Operation",
    "Untyped",
    "parse_message",
    "render_fault",
    "render_query_results",
    "render_strings",
    "render_text",
    "render_void",
    "render_wsdl",
    "schema_file",
]

"""The WSDL of a version (WSDL 1.1, document/literal), written from the table of the operations."""

from __future__ import annotations

from lxml import etree

from epcis_repo.bindings.schemas import schema_path
from epcis_repo.bindings.soap.operations import ALWAYS, EXCEPTIONS, OPERATIONS
from epcis_repo.bindings.xml.layouts import QUERY_NAMESPACES

SCHEMAS = (
    *(f"{name}-{v}.xsd" for name in ("control", "query", "epcis") for v in QUERY_NAMESPACES),
    "control.xsd",
    "parts.xsd",
    "sbdh.xsd",
)
"""The schemas that a WSDL leads to; they name each other by these names."""

_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_SOAP = "http://schemas.xmlsoap.org/wsdl/soap/"
_XSD = "http://www.w3.org/2001/XMLSchema"
_HTTP = "http://schemas.xmlsoap.org/soap/http"
_NAMESPACES = {"1.2": "urn:epcglobal:epcis:wsdl:1", "2.0": "urn:epcglobal:epcis:wsdl:2"}
_PORT_TYPE, _BINDING = "EPCISServicePortType", "EPCISServiceBinding"


def schema_file(name: str) -> bytes:
    """Return one of `SCHEMAS`."""
    return schema_path(name).read_bytes()


def render_wsdl(version: str, *, address: str, schemas: str) -> bytes:
    """Return the WSDL of the service at `address`; its schemas are found at the path `schemas`."""
    namespace, query = _NAMESPACES[version], QUERY_NAMESPACES[version]
    nsmap = {"wsdl": _WSDL, "soap": _SOAP, "xs": _XSD, "epcisq": query, "impl": namespace}
    root = etree.Element(_wsdl("definitions"), nsmap=nsmap, targetNamespace=namespace)
    schema = etree.SubElement(etree.SubElement(root, _wsdl("types")), f"{{{_XSD}}}schema")
    location = f"{schemas}control-{version}.xsd"
    etree.SubElement(schema, f"{{{_XSD}}}import", namespace=query, schemaLocation=location)
    elements = {name: name for name in sorted(EXCEPTIONS)}
    for request, operation in OPERATIONS.items():
        elements[f"{operation.name}Request"] = request
        elements[f"{operation.name}Response"] = operation.result
    for message, element in elements.items():
        parent = etree.SubElement(root, _wsdl("message"), name=message)
        etree.SubElement(parent, _wsdl("part"), name="parms", element=f"epcisq:{element}")
    _append_port_type(root)
    _append_binding(root)
    service = etree.SubElement(root, _wsdl("service"), name="EPCglobalEPCISService")
    port = etree.SubElement(
        service, _wsdl("port"), name="EPCglobalEPCISServicePort", binding=f"impl:{_BINDING}"
    )
    etree.SubElement(port, f"{{{_SOAP}}}address", location=address)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _append_port_type(root: etree._Element) -> None:
    port_type = etree.SubElement(root, _wsdl("portType"), name=_PORT_TYPE)
    for row in OPERATIONS.values():
        operation = etree.SubElement(port_type, _wsdl("operation"), name=row.name)
        etree.SubElement(operation, _wsdl("input"), message=f"impl:{row.name}Request")
        etree.SubElement(operation, _wsdl("output"), message=f"impl:{row.name}Response")
        for name in sorted((*row.exceptions, *ALWAYS)):
            etree.SubElement(operation, _wsdl("fault"), name=name, message=f"impl:{name}")


def _append_binding(root: etree._Element) -> None:
    binding = etree.SubElement(root, _wsdl("binding"), name=_BINDING, type=f"impl:{_PORT_TYPE}")
    etree.SubElement(binding, f"{{{_SOAP}}}binding", style="document", transport=_HTTP)
    for row in OPERATIONS.values():
        operation = etree.SubElement(binding, _wsdl("operation"), name=row.name)
        etree.SubElement(operation, f"{{{_SOAP}}}operation", soapAction="")
        for way in ("input", "output"):
            etree.SubElement(
                etree.SubElement(operation, _wsdl(way)), f"{{{_SOAP}}}body", use="literal"
            )
        for name in sorted((*row.exceptions, *ALWAYS)):
            fault = etree.SubElement(operation, _wsdl("fault"), name=name)
            etree.SubElement(fault, f"{{{_SOAP}}}fault", name=name, use="literal")


def _wsdl(name: str) -> str:
    return f"{{{_WSDL}}}{name}"

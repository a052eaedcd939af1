"""EPCIS XML, versions 1.2 and 2.0: bytes to documents and back (EPCIS 1.2 and 2.0, §9). No I/O."""

from epcis_repo.bindings.xml.reading import parse_xml_document
from epcis_repo.bindings.xml.writing import render_xml_document

__all__ = ["parse_xml_document", "render_xml_document"]

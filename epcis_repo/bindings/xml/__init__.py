"""
EPCIS XML, versions 1.0 to 1.2 and 2.0: bytes to documents and back. No I/O.

What came in version 1.0 or 1.1 is written as 1.2 (EPCIS 1.2 and 2.0, §9).
"""

from epcis_repo.bindings.xml.capture_job import render_capture_job
from epcis_repo.bindings.xml.problem import render_problem
from epcis_repo.bindings.xml.reading import parse_xml_document, scan_xml
from epcis_repo.bindings.xml.writing import render_xml_document

__all__ = [
    "parse_xml_document",
    "render_capture_job",
    "render_problem",
    "render_xml_document",
    "scan_xml",
]

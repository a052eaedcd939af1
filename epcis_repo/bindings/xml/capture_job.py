"""A capture job as XML (EPCIS 2.0, §12.6): of what it says as JSON, the part that XML has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree

from epcis_repo.bindings.xml.layouts import NAMESPACES
from epcis_repo.bindings.xml.problem import append_members, append_problem, text_of

_ATTRIBUTES = ("running", "success", "captureID")
_ELEMENTS = ("captureErrorBehaviour", "createdAt", "finishedAt")


def render_capture_job(job: Mapping[str, Any]) -> bytes:
    """Return the job that `job` is as JSON."""
    namespace = NAMESPACES["2.0"]
    root = etree.Element(f"{{{namespace}}}EPCISCaptureJob", nsmap={"epcis": namespace})
    for name in _ATTRIBUTES:
        root.set(name, text_of(job[name]))
    append_members(root, job, _ELEMENTS)
    if job["errors"]:
        errors = etree.SubElement(root, "errors")
        for error in job["errors"]:
            append_problem(etree.SubElement(errors, "error"), error)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)

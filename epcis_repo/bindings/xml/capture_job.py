"""A capture job as XML (EPCIS 2.0, §12.6): of what it says as JSON, the part that XML has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lxml import etree

from epcis_repo.bindings.xml.layouts import NAMESPACES

_ATTRIBUTES = ("running", "success", "captureID")
_ELEMENTS = ("captureErrorBehaviour", "createdAt", "finishedAt")
_OF_AN_ERROR = ("type", "title", "status", "detail", "instance")
# What was found in a document may have characters that no XML has.
_NO_CHARACTER = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_capture_job(job: Mapping[str, Any]) -> bytes:
    """Return the job that `job` is as JSON."""
    namespace = NAMESPACES["2.0"]
    root = etree.Element(f"{{{namespace}}}EPCISCaptureJob", nsmap={"epcis": namespace})
    for name in _ATTRIBUTES:
        root.set(name, _text(job[name]))
    _append(root, job, _ELEMENTS)
    if job["errors"]:
        errors = etree.SubElement(root, "errors")
        for error in job["errors"]:
            _append(etree.SubElement(errors, "error"), error, _OF_AN_ERROR)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _append(parent: etree._Element, values: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if name in values:
            etree.SubElement(parent, name).text = _text(values[name])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return _NO_CHARACTER.sub("\ufffd", str(value))

"""
What JSON says in three members, and XML in a Standard Business Document Header: from whom a
document comes, to whom it goes, and which one it is.

A header survives in JSON as a whole, as a member of `epcisHeader`; the three members are what its
readers look for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from epcis_repo.bindings.names import SBDH
from epcis_repo.errors import Remark
from epcis_repo.model.documents import Document
from epcis_repo.model.events import Extensions

# EPCIS 1.2, §9.3: what stands in each header of a document with events.
_VERSION, _STANDARD, _TYPE_VERSION = "1.0", "EPCglobal", "1.0"
_SGLN = "urn:epc:id:sgln:"
MEMBERS_IN_JSON = {
    "sender": "sender",
    "receiver": "receiver",
    "instance_identifier": "instanceIdentifier",
}


def sbdh_of(document: Document) -> Extensions | None:
    """Return the header of a document, made of the three members where it has none."""
    if document.sbdh is not None or document.sender is None or document.receiver is None:
        return document.sbdh
    created = None if document.creation_date is None else document.creation_date.text
    identification = {
        "Standard": _STANDARD,
        "TypeVersion": _TYPE_VERSION,
        # It is required; where nobody gave one, when the document was made is all there is.
        "InstanceIdentifier": document.instance_identifier or document.id or created,
        "Type": "Events" if document.query_results is None else "QueryControl-Response",
        "CreationDateAndTime": created,
    }
    members = {
        "HeaderVersion": _VERSION,
        "Sender": _qualified({"Identifier": _partner(document.sender)}),
        "Receiver": _qualified({"Identifier": _partner(document.receiver)}),
        "DocumentIdentification": _qualified(
            {name: text for name, text in identification.items() if text is not None}
        ),
    }
    return _qualified(members)


def members_of(sbdh: Extensions | None) -> dict[str, str]:
    """Return what a header says of the three members of a `Document`, as far as it is one thing."""
    found = {
        "sender": _text_at(sbdh, "Sender", "Identifier"),
        "receiver": _text_at(sbdh, "Receiver", "Identifier"),
        "instance_identifier": _text_at(sbdh, "DocumentIdentification", "InstanceIdentifier"),
    }
    return {name: text for name, text in found.items() if text}


def unsaid(document: Document) -> list[Remark]:
    """Return what of the three members the header in XML does not say."""
    said = members_of(sbdh_of(document))
    return [
        Remark(standard, f"the business document header says {said.get(name) or 'nothing'}")
        for name, standard in MEMBERS_IN_JSON.items()
        if (getattr(document, name) or None) not in (None, said.get(name))
    ]


def _partner(identifier: str) -> Any:
    if identifier.startswith(_SGLN):
        return {"@Authority": "SGLN", "#text": identifier}
    return identifier


def _qualified(members: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{{{SBDH}}}{name}": value for name, value in members.items()}


def _text_at(value: Any, *path: str) -> str | None:
    for name in path:
        value = value.get(f"{{{SBDH}}}{name}") if isinstance(value, Mapping) else None
    if isinstance(value, Mapping):
        value = value.get("#text")
    return value.strip() if isinstance(value, str) else None

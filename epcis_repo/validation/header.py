"""Rules for what stands around the events: the document and its header (EPCIS 2.0, §9)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from epcis_repo.bindings.names import SBDH_ROOT, STANDARD_PREFIXES, canonical_namespace
from epcis_repo.model.documents import NO_PREFIX, Document
from epcis_repo.validation.rule import Fault, Seen

Steps = tuple[str | int, ...]

_SBDH = SBDH_ROOT.partition("}")[0] + "}"
HEADER: Steps = ("epcisHeader",)
_SBDH_STEPS: Steps = (*HEADER, SBDH_ROOT)


def documents_say_when_and_which(document: Document, seen: Seen) -> Iterator[Fault]:
    if document.is_bare or document.query_results is not None:
        return
    if document.schema_version is None:
        yield Fault(("schemaVersion",), "a schemaVersion, such as 2.0", "none")
    if document.creation_date is None:
        yield Fault(("creationDate",), "a creationDate", "none")


def schema_versions_are_known(document: Document, seen: Seen) -> Iterator[Fault]:
    version = document.schema_version
    if version is None:
        return
    pattern, expected = (
        (_XML_VERSION, "1.0, 1.1, 1.2 or 2.0")
        if seen.is_xml
        else (_JSON_VERSION, "2.0, or a version of EPCIS 2")
    )
    if not pattern.fullmatch(version):
        yield Fault(("schemaVersion",), expected, version or "an empty text")


# An xsd:decimal, so 2.0.0 is none; JSON has had no version before 2.0.
_XML_VERSION = re.compile(r"1(\.[012])?|2(\.0)?")
_JSON_VERSION = re.compile(r"2(\.[0-9]+)*")


def elements_are_in_their_namespaces(document: Document, seen: Seen) -> Iterator[Fault]:
    if seen.is_xml and (namespace := document.namespaces.get(NO_PREFIX)) is not None:
        expected = f"the root alone in the namespace {namespace}, by a prefix"
        yield Fault((), expected, "other elements in it, too, or none at all")


def contexts_are_given(document: Document, seen: Seen) -> Iterator[Fault]:
    if not seen.is_xml and document.context is None:
        expected = "a @context, with that of EPCIS in it"
        yield Fault(("@context",), expected, "none")


def contexts_keep_the_prefixes(document: Document, seen: Seen) -> Iterator[Fault]:
    for prefix, namespace in () if seen.is_xml else document.namespaces.items():
        standard = STANDARD_PREFIXES.get(prefix)
        if standard is not None and canonical_namespace(namespace) != standard:
            expected = f"{standard}, which the context of EPCIS protects, for {prefix}"
            yield Fault(("@context",), expected, namespace)


def headers_have_an_sbdh(document: Document, seen: Seen) -> Iterator[Fault]:
    has_header = document.vocabularies is not None or document.header_extensions
    if is_before_2_0(document, seen) and has_header and document.sbdh is None:
        expected = "a StandardBusinessDocumentHeader, which a header has before EPCIS 2.0"
        yield Fault(HEADER, expected, "none")


def is_before_2_0(document: Document, seen: Seen) -> bool:
    """Whether the document is of EPCIS 1.0 to 1.2, which are XML."""
    return seen.is_xml and "urn:epcglobal:epcis:xsd:1" in document.namespaces.values()


def sbdh_says_what_epcis_fixes(document: Document, seen: Seen) -> Iterator[Fault]:
    for path, expected in _FIXED if document.sbdh is not None else ():
        text = sbdh_text(document, *path)
        if text not in (None, expected):
            yield Fault(sbdh_steps(*path), expected, text or "an empty text")


_FIXED = (
    (("HeaderVersion",), "1.0"),
    (("DocumentIdentification", "Standard"), "EPCglobal"),
    (("DocumentIdentification", "TypeVersion"), "1.0"),
)


def sbdh_has_what_it_needs(document: Document, seen: Seen) -> Iterator[Fault]:
    for path in _REQUIRED if document.sbdh is not None else ():
        if not sbdh_text(document, *path):
            yield Fault(sbdh_steps(*path[:-1]), f"a {path[-1]}", "none")


_REQUIRED = (
    ("HeaderVersion",),
    ("Sender", "Identifier"),
    ("Receiver", "Identifier"),
    ("DocumentIdentification", "Standard"),
    ("DocumentIdentification", "TypeVersion"),
    ("DocumentIdentification", "InstanceIdentifier"),
    ("DocumentIdentification", "Type"),
    ("DocumentIdentification", "CreationDateAndTime"),
)


def sbdh_is_of_events(document: Document, seen: Seen) -> Iterator[Fault]:
    expected = "QueryCallback" if document.query_results is not None else "Events"
    if document.is_master_data:
        expected = "MasterData"
    text = sbdh_text(document, "DocumentIdentification", "Type")
    if text and text not in (expected, "QueryControl-Response"):
        yield Fault(sbdh_steps("DocumentIdentification", "Type"), expected, text)


def sbdh_member(document: Document, *path: str) -> Any:
    """Return the member at `path` of the SBDH, of several the first; None where there is none."""
    value: Any = document.sbdh
    for name in path:
        value = value.get(f"{_SBDH}{name}") if isinstance(value, Mapping) else None
        value = value[0] if isinstance(value, list) and value else value
    return value


def sbdh_text(document: Document, *path: str) -> str | None:
    value = sbdh_member(document, *path)
    if isinstance(value, Mapping):
        value = value.get("#text")
    return None if value is None else str(value).strip()


def sbdh_steps(*path: str) -> Steps:
    return (*_SBDH_STEPS, *(f"{_SBDH}{name}" for name in path))


def elements_are_no_children_of_their_own(document: Document, seen: Seen) -> Iterator[Fault]:
    for index, vocabulary in enumerate(document.vocabularies or ()):
        children = {element.id: element.children or () for element in vocabulary.elements}
        try:
            TopologicalSorter(children).prepare()
        except CycleError as error:
            circle = error.args[1]
            number = next(n for n, e in enumerate(vocabulary.elements) if e.id in circle)
            expected = "children that are not above the element, too"
            yield Fault((*element_steps(index, number), "children"), expected, " in ".join(circle))


def vocabularies_are_known(document: Document, seen: Seen) -> Iterator[Fault]:
    for index, vocabulary in enumerate(document.vocabularies or ()):
        kind = vocabulary.type
        if kind.startswith(_VTYPE) and kind.removeprefix(_VTYPE) not in _VTYPES:
            steps = (*HEADER, "epcisMasterData", "vocabularyList", index, "type")
            yield Fault(steps, f"a vocabulary of EPCIS, such as {_VTYPE}EPCClass", kind)


_VTYPE = "urn:epcglobal:epcis:vtype:"
_VTYPES = frozenset(
    {
        "ReadPoint",
        "BusinessLocation",
        "BusinessTransaction",
        "EPCClass",
        "SourceDest",
        "Location",
        "BusinessStep",
        "Disposition",
        "BusinessTransactionType",
        "SourceDestType",
        "ErrorReason",
    }
)


def element_steps(vocabulary: int, element: int) -> Steps:
    """Return the steps to a vocabulary element."""
    path = ("epcisMasterData", "vocabularyList", vocabulary, "vocabularyElementList", element)
    return (*HEADER, *path)

"""What the XML Schemas of EPCIS say of a document or event, in findings as the reader has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from functools import lru_cache
from itertools import islice
from threading import local
from typing import Any

from lxml import etree

from epcis_repo.bindings.misfits import Finding
from epcis_repo.bindings.schemas import FINDINGS_MAX, schema_path, with_untold
from epcis_repo.bindings.xml.layouts import WRAPPED_TYPES
from epcis_repo.bindings.xml.parser import line_of


def findings_of(
    root: etree._Element, name: str, *, limit: int = FINDINGS_MAX
) -> tuple[Finding, ...]:
    """Return what keeps a document, or what was left of it, from being valid."""
    return tuple(islice(_findings(root, root, name, depth=1), limit))


def findings_of_event(element: etree._Element, version: str) -> tuple[Finding, ...]:
    """Return what keeps an event from being valid where it stands in its list."""
    name, parent = f"events-{version}", element.getparent()
    # Who stands alone is not to blame for it.
    is_wrapped = element.tag in _WRAPPED[version] if parent is None else parent.tag == "extension"
    if not is_wrapped:
        return tuple(_findings(element, element, name, depth=1))
    # What may stand in a wrapper is another matter than what may stand beside it.
    wrapper = etree.Element("extension")
    for attribute, text in () if parent is None else parent.items():
        wrapper.set(attribute, text)
    wrapper.append(deepcopy(element))
    return tuple(_findings(wrapper, element, name, depth=2))


_WRAPPED = {version: {cls.__name__ for cls in types} for version, types in WRAPPED_TYPES.items()}


def with_untold_of(told: Iterable[Finding], others: Iterable[Finding]) -> list[Finding]:
    """Return the reader's findings, and those of the schema that say something else."""
    return with_untold(told, others, _is_told)


class _Compiled(local):
    """For each thread its own, since a schema keeps the errors that it found last."""

    def __init__(self) -> None:
        self.schemas: dict[str, etree.XMLSchema] = {}


_compiled = _Compiled()


def _schema(name: str) -> etree.XMLSchema:
    if name not in _compiled.schemas:
        _compiled.schemas[name] = etree.XMLSchema(etree.parse(schema_path(f"{name}.xsd")))
    return _compiled.schemas[name]


def _findings(
    validated: etree._Element, element: etree._Element, name: str, *, depth: int
) -> Iterator[Finding]:
    """Yield what is wrong with what is `validated`, in which `element` is `depth` steps deep."""
    schema = _schema(name)
    if _size_of(validated) > _SIZE_MAX:
        yield from _first_finding(validated, schema, line_of(element))
        return
    if schema.validate(validated):
        return
    spaces = {prefix: space for prefix, space in element.nsmap.items() if prefix is not None}
    errors: Any = schema.error_log
    for error in islice(errors, FINDINGS_MAX):
        way = (error.path or "").split("/")[1 + depth :]
        steps = tuple(_PREFIX.sub(lambda m: f"{{{spaces.get(m[1], m[1])}}}", step) for step in way)
        yield _finding(error.message, steps, error.line)


# libxml2 looks for the path of each error among all elements beside it, so what has many elements
# and an error in each would take hours. Read as a text it has no paths, and stops at the first.
_SIZE_MAX = 5_000
_PIECE = 65_536
_size_of: Callable[[etree._Element], Any] = etree.XPath("count(descendant::*)")


def _first_finding(
    element: etree._Element, schema: etree.XMLSchema, line: int | None
) -> Iterator[Finding]:
    parser = etree.XMLParser(schema=schema, resolve_entities=False, huge_tree=True)
    if element.nsmap.get(None) is not None:
        # Written as it is, all in it would be in the namespace that is declared for everything.
        alone = etree.Element(element.tag, {str(name): str(t) for name, t in element.items()})
        alone.text = element.text
        alone.extend(deepcopy(child) for child in element)
        element = alone
    text = etree.tostring(element, encoding="utf-8", with_tail=False)
    for start in range(0, len(text), _PIECE):
        parser.feed(text[start : start + _PIECE])
        errors: Any = parser.feed_error_log
        if len(errors):
            yield _finding(errors[0].message, (), line)
            return
    try:
        parser.close()
    except etree.XMLSyntaxError as error:
        yield _finding(error.msg or "", (), line)


_PREFIX = re.compile(r"^([^:{}]+):")
_SUBJECT = r"Element '(?P<element>[^']*)'(?:, attribute '(?P<attribute>[^']*)')?: "
_ONE_OF = r"(?: Expected is (?:one of )?\( (?P<wanted>.*) \)\.)?"
_FOREIGN = "what EPCIS has here, or an extension in a namespace of its own"
_OF_THE_LIST = "an event of a type that may stand here"

# What libxml2 says, with the rule and the words that we have for it.
_MESSAGES: tuple[tuple[re.Pattern[str], str, str, str], ...] = tuple(
    (re.compile(_SUBJECT + pattern, re.DOTALL), rule, expected, found)
    for pattern, rule, expected, found in (
        (rf"This element is not expected\.{_ONE_OF}", "element-order", "{wanted}", "<{element}>"),
        (rf"Missing child element\(s\)\.{_ONE_OF}", "required", "{wanted}", "none"),
        (r"No matching global declaration.*", "element-order", _OF_THE_LIST, "<{element}>"),
        (r"The attribute '(?P<name>[^']*)' is required but missing\.", "required",
         "an attribute {name}", "none"),
        (r"The attribute '(?P<name>[^']*)' is not allowed\.", "unknown-attribute", _FOREIGN,
         "{name}"),
        (r"Character content.*", "schema", "elements alone", "text"),
        (r"\[facet 'pattern'\] The value '(?P<value>.*)' is not accepted by the pattern '\\s\*'\.",
         "schema", "attributes alone", "{value}"),
        (r"Element content is not allowed.*", "type", "text alone", "elements"),
        (r"\[facet '[^']*'\] The value '(?P<value>.*)' is not .*", "schema",
         "a value that {subject} may have", "{value}"),
        (r"'(?P<value>.*)' is not a valid value of .*", "schema",
         "a value that {subject} may have", "{value}"),
    )
)  # fmt: skip


def _finding(message: str, steps: tuple[str, ...], line: int | None) -> Finding:
    # Who sends one fault a thousand times does not have it read a thousand times; long messages
    # have values in them, and are not kept.
    read = _read_message if len(message) > _KNOWN_LENGTH_MAX else known_message
    attribute, rule, expected, found = read(message)
    return Finding((*steps, *attribute), rule, expected, found, line)


_KNOWN_LENGTH_MAX = 1_000


def _read_message(message: str) -> tuple[tuple[str, ...], str, str, str]:
    """Return the step to the attribute that a message is about, if any, the rule and our words."""
    for pattern, rule, expected, found in _MESSAGES:
        if match := pattern.fullmatch(message):
            said = {name: text or "" for name, text in match.groupdict().items()}
            said["subject"] = said["attribute"] or said["element"]
            said["wanted"] = _wanted(said.get("wanted", ""))
            attribute = said.get("name") if rule == "unknown-attribute" else said["attribute"]
            way = (f"@{attribute}",) if attribute else ()
            return way, rule, expected.format(**said), found.format(**said)
    return (), "schema", "what the schema of EPCIS allows", message


@lru_cache(maxsize=256)
def known_message(message: str) -> tuple[tuple[str, ...], str, str, str]:
    """Return the same, of messages that come again."""
    return _read_message(message)


def _wanted(names: str) -> str:
    # The list ends with `##other{namespace}*` where extensions may follow.
    known = [name for name in names.split(", ") if name and not name.startswith("##")]
    if "##other" in names:
        known.append("an extension in a namespace of its own")
    if not known:
        return "nothing more here"
    return f"{known[0]} here" if len(known) == 1 else f"one of {', '.join(known)} here"


_INDEX = re.compile(r"\[\d+\]")


def _is_told(other: Finding, one: Finding) -> bool:
    way, told = (tuple(_INDEX.sub("", str(s)) for s in _parted(f.steps)) for f in (other, one))
    if one.rule == "required":
        # A schema sees what is missing at what comes next, if anything does.
        name = one.expected.partition(",")[0]
        return told == way or (told == way[:-1] and name in other.expected)
    return all(a == b or "*" in (a, b) for a, b in zip(way, told, strict=False))


def _parted(steps: Iterable[str | int]) -> Iterator[str]:
    for step in steps:
        # A step of the reader may lead through wrappers; a namespace may have slashes.
        yield from [str(step)] if "{" in str(step) else str(step).split("/")

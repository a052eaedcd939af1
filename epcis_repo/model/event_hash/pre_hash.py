"""An event to its pre-hash string, and that to the hash."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from epcis_repo.model.event_hash.extensions import extension_parts
from epcis_repo.model.event_hash.fields import (
    WRITERS,
    report_biz_rules,
    write_epcs,
    write_parent,
    write_quantities,
)
from epcis_repo.model.events import FIELDS, Event, Field, Kind
from epcis_repo.model.what import What, what_of

# By their names in a `ni` URI (RFC 6920).
ALGORITHMS = {
    "sha-256": hashlib.sha256,
    "sha-384": hashlib.sha384,
    "sha-512": hashlib.sha512,
    "sha3-256": hashlib.sha3_256,
    "sha3-384": hashlib.sha3_384,
    "sha3-512": hashlib.sha3_512,
}

# RFC 6920, §3: what follows the question mark names no other object; of another version of the
# algorithm it does.
_SHA_256 = re.compile(r"ni:///sha-256;([0-9A-Fa-f]{64})(?:\?ver=CBV2\.0)?")

# All other fields stand behind, sorted among the extensions of the event.
_ORDER = (
    "eventTime",
    "eventTimeZoneOffset",
    "certificationInfo",
    "parentID",
    "epcList",
    "inputEPCList",
    "childEPCs",
    "quantityList",
    "childQuantityList",
    "inputQuantityList",
    "outputEPCList",
    "outputQuantityList",
    "action",
    "transformationID",
    "bizStep",
    "disposition",
    "persistentDisposition",
    "readPoint",
    "bizLocation",
    "sensorElementList",
)
_IGNORED = {"eventID", "recordTime", "errorDeclaration"}


def event_hash(event: Event, algorithm: str = "sha-256", *, what: What | None = None) -> str:
    """
    Return the event hash of `event` as an eventID: `ni:///sha-256;…?ver=CBV2.0`.

    `algorithm` is one of `ALGORITHMS`; `what` and errors are as for `pre_hash`.
    """
    digest = ALGORITHMS[algorithm](pre_hash(event, what).encode())
    return f"ni:///{algorithm};{digest.hexdigest()}?ver=CBV2.0"


def sha_256_in(event_id: str) -> bytes | None:
    """Return the digest that an eventID gives as an event hash of ours, None for any other."""
    match = _SHA_256.fullmatch(event_id)
    return None if match is None else bytes.fromhex(match[1])


def pre_hash(event: Event, what: What | None = None) -> str:
    """
    Return the text of which the event hash of `event` is taken.

    `what` is what `what_of` says of the event, from a caller who has asked already. Raises
    `IdentifierError` where the event names something by what is no identifier.
    """
    named = what_of(event) if what is None else what
    in_order, sorted_in = _FIELDS[type(event)]
    parts = [f"eventType={type(event).__name__}"]
    parts += [_field_part(event, member, named) for member in in_order]
    others = extension_parts(event.extensions)
    others += [_field_part(event, member, named) for member in sorted_in]
    others.append(report_biz_rules(event.sensor_element_list or ()))
    others.sort()
    return "".join(parts + others)


def _field_part(event: Event, member: Field, named: What) -> str:
    content = getattr(event, member.name)
    if content is None:
        return ""
    keys_of = _KEYS.get(member.standard)
    if keys_of is None:
        return WRITERS[member.kind](member.standard, content)
    keys = keys_of(named)
    if member.kind is Kind.EPCS:
        return write_epcs(member.standard, keys)
    if member.kind is Kind.QUANTITIES:
        return write_quantities(member.standard, content, keys)
    return write_parent(member.standard, keys)


# Where `What` has the keys of a field.
_KEYS: dict[str, Callable[[What], Any]] = {
    "parentID": attrgetter("parent"),
    "epcList": attrgetter("epcs"),
    "childEPCs": attrgetter("children"),
    "inputEPCList": attrgetter("inputs"),
    "outputEPCList": attrgetter("outputs"),
    "quantityList": attrgetter("classes"),
    "childQuantityList": attrgetter("classes"),
    "inputQuantityList": attrgetter("input_classes"),
    "outputQuantityList": attrgetter("output_classes"),
}


def _in_order_and_sorted_in(members: tuple[Field, ...]) -> tuple[list[Field], list[Field]]:
    hashed = {member.standard: member for member in members if member.standard not in _IGNORED}
    in_order = [hashed.pop(name) for name in _ORDER if name in hashed]
    return in_order, list(hashed.values())


_FIELDS = {cls: _in_order_and_sorted_in(members) for cls, members in FIELDS.items()}
